//! Prepaid cards and vouchers, loaded by their issuer.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use instruments::{Failure, Hold, HoldStatus, ProviderError};
use trading::Asset;

/// A card or voucher.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Card {
    /// Whose it is.
    pub owner: Address,
    /// Units on it that no hold keeps.
    pub units: u128,
    /// After when it is not charged, in ms since 1970.
    pub expires_ms: u64,
    /// Whether the issuer blocked it.
    pub blocked: bool,
}

/// A hold and where it stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept {
    /// What was asked.
    pub hold: Hold,
    /// Where it stands.
    pub status: HoldStatus,
    /// Units that went back after they were captured.
    pub refunded: u128,
}

/// A card changed.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct CardChanged {
    /// Which.
    #[topic]
    pub token: Hash,
    /// As it is now.
    pub now: Card,
}

/// A hold stands elsewhere.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct HoldChanged {
    /// Which.
    #[topic]
    pub id: Hash,
    /// Where.
    pub status: HoldStatus,
}

/// What the provider keeps.
#[storage]
pub struct PrepaidProvider {
    charger: Item<Address>,
    issuer: Item<Address>,
    asset: Item<Asset>,
    cards: Map<Hash, Card>,
    holds: Map<Hash, Kept>,
}

#[contract(events(CardChanged, HoldChanged))]
impl PrepaidProvider {
    /// Makes a provider for a contract that charges; whoever deploys it is the issuer.
    pub fn new(charger: Address, asset: Asset) -> Self {
        let mut this = Self::default();
        this.charger.set(&charger);
        this.issuer.set(&env::caller());
        this.asset.set(&asset);
        this
    }

    /// In what it holds and pays.
    pub fn asset(&self) -> Asset {
        self.asset.get().unwrap_or(Asset::Token(Address::ZERO))
    }

    /// A card.
    pub fn card(&self, token: Hash) -> Option<Card> {
        self.cards.get(&token)
    }

    /// Units of a payer's card that could be held now.
    pub fn available(&self, payer: Address, token: Hash) -> u128 {
        self.usable(&payer, &token).map_or(0, |card| card.units)
    }

    /// Where a hold stands.
    pub fn status(&self, id: Hash) -> HoldStatus {
        self.holds.get(&id).map_or(HoldStatus::None, |kept| kept.status)
    }

    /// Loads a card with units that the issuer gives, which consents to their transfer; a new one if there is none.
    pub fn load(&mut self, token: Hash, owner: Address, units: u128, expires_ms: u64) -> Result<(), ProviderError> {
        let issuer = self.require_issuer()?;
        let before = self.card(token).unwrap_or(Card { owner, units: 0, expires_ms, blocked: false });
        if before.owner != owner || units == 0 {
            return Err(ProviderError::BadRequest);
        }
        let loaded = before.units.checked_add(units).ok_or(ProviderError::BadRequest)?;
        self.set_card(token, &Card { units: loaded, expires_ms, ..before });
        Ok(self.asset().transfer(issuer, env::self_address(), units)?)
    }

    /// Blocks a card or lets it go on; the issuer.
    pub fn block(&mut self, token: Hash, blocked: bool) -> Result<(), ProviderError> {
        self.require_issuer()?;
        let card = self.card(token).ok_or(ProviderError::BadRequest)?;
        self.set_card(token, &Card { blocked, ..card });
        Ok(())
    }

    /// Keeps units of a card.
    pub fn authorize(&mut self, hold: Hold) -> Result<HoldStatus, ProviderError> {
        self.require_charger()?;
        if self.holds.contains(&hold.id) || hold.units == 0 {
            return Err(ProviderError::WrongHold { status: self.status(hold.id) });
        }
        let status = match self.usable(&hold.payer, &hold.token) {
            Err(failure) => HoldStatus::Failed(failure),
            Ok(card) => match card.units.checked_sub(hold.units) {
                None => HoldStatus::Failed(Failure::Insufficient),
                Some(units) => {
                    self.set_card(hold.token, &Card { units, ..card });
                    HoldStatus::Held
                }
            },
        };
        self.set(&Kept { hold, status, refunded: 0 });
        Ok(status)
    }

    /// Pays a hold to the contract that charges.
    pub fn capture(&mut self, id: Hash) -> Result<(), ProviderError> {
        let kept = self.found(id, HoldStatus::Held)?;
        self.set(&Kept { status: HoldStatus::Captured, ..kept });
        Ok(self.asset().transfer(env::self_address(), env::caller(), kept.hold.units)?)
    }

    /// Puts a hold back on its card.
    pub fn void(&mut self, id: Hash) -> Result<(), ProviderError> {
        self.require_charger()?;
        match self.holds.get(&id) {
            Some(kept) if kept.status == HoldStatus::Held => {
                self.set(&Kept { status: HoldStatus::Voided, ..kept });
                self.put_back(&kept.hold.token, kept.hold.units);
                Ok(())
            }
            Some(kept) if kept.status == HoldStatus::Captured => Err(ProviderError::WrongHold { status: kept.status }),
            _ => Ok(()),
        }
    }

    /// Takes units of the caller back to the card that they came from.
    pub fn refund(&mut self, id: Hash, units: u128) -> Result<(), ProviderError> {
        let kept = self.found(id, HoldStatus::Captured)?;
        let left = kept.hold.units - kept.refunded;
        if units > left {
            return Err(ProviderError::TooMuch { left });
        }
        self.set(&Kept { refunded: kept.refunded + units, ..kept });
        self.put_back(&kept.hold.token, units);
        Ok(self.asset().transfer(env::caller(), env::self_address(), units)?)
    }

    fn usable(&self, payer: &Address, token: &Hash) -> Result<Card, Failure> {
        let card = self.cards.get(token).filter(|card| card.owner == *payer).ok_or(Failure::Unknown)?;
        if card.blocked || env::block_time_ms() > card.expires_ms { Err(Failure::Closed) } else { Ok(card) }
    }

    fn put_back(&mut self, token: &Hash, units: u128) {
        if let Some(card) = self.cards.get(token) {
            self.set_card(*token, &Card { units: card.units + units, ..card });
        }
    }

    fn require_charger(&self) -> Result<(), ProviderError> {
        if self.charger.get() == Some(env::caller()) { Ok(()) } else { Err(ProviderError::Stranger) }
    }

    fn require_issuer(&self) -> Result<Address, ProviderError> {
        let issuer = self.issuer.get().ok_or(ProviderError::Stranger)?;
        env::require_auth(&issuer);
        Ok(issuer)
    }

    fn found(&self, id: Hash, status: HoldStatus) -> Result<Kept, ProviderError> {
        self.require_charger()?;
        let kept = self.holds.get(&id).filter(|kept| kept.status == status);
        kept.ok_or(ProviderError::WrongHold { status: self.status(id) })
    }

    fn set_card(&mut self, token: Hash, now: &Card) {
        self.cards.set(&token, now);
        CardChanged { token, now: *now }.emit();
    }

    fn set(&mut self, kept: &Kept) {
        self.holds.set(&kept.hold.id, kept);
        HoldChanged { id: kept.hold.id, status: kept.status }.emit();
    }
}
