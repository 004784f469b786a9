//! Prepaid cards and vouchers, loaded by their issuer.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use instruments::{Failure, Hold, HoldChanged, HoldStatus, Holds, ProviderError};
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

/// A card changed.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct CardChanged {
    /// Which.
    #[topic]
    pub token: Hash,
    /// As it is now.
    pub now: Card,
}

/// What the provider keeps.
#[storage]
pub struct PrepaidProvider {
    issuer: Item<Address>,
    cards: Map<Hash, Card>,
    holds: Holds,
}

#[contract(events(CardChanged, HoldChanged))]
impl PrepaidProvider {
    /// Makes a provider for a contract that charges; whoever deploys it is the issuer.
    pub fn new(charger: Address, asset: Asset) -> Self {
        let mut this = Self::default();
        this.holds.begin(&charger, &asset);
        this.issuer.set(&env::caller());
        this
    }

    /// In what it holds and pays.
    pub fn asset(&self) -> Asset {
        self.holds.asset()
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
        self.holds.status(&id)
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
        self.holds.require_new(&hold)?;
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
        Ok(self.holds.open(hold, status))
    }

    /// Pays a hold to the contract that charges.
    pub fn capture(&mut self, id: Hash) -> Result<(), ProviderError> {
        self.holds.capture(id)
    }

    /// Puts a hold back on its card.
    pub fn void(&mut self, id: Hash) -> Result<(), ProviderError> {
        if let Some(kept) = self.holds.void(id)? {
            self.put_back(&kept.hold.token, kept.hold.units);
        }
        Ok(())
    }

    /// Takes units of the caller back to the card that they came from.
    pub fn refund(&mut self, id: Hash, units: u128) -> Result<(), ProviderError> {
        let kept = self.holds.refund(id, units)?;
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

    fn require_issuer(&self) -> Result<Address, ProviderError> {
        let issuer = self.issuer.get().ok_or(ProviderError::Stranger)?;
        env::require_auth(&issuer);
        Ok(issuer)
    }

    fn set_card(&mut self, token: Hash, now: &Card) {
        self.cards.set(&token, now);
        CardChanged { token, now: *now }.emit();
    }
}
