//! Holds units of a wallet that lets it spend them: of a token, a security or a currency.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use instruments::{Failure, Hold, HoldStatus, ProviderError};
use trading::Asset;

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
pub struct WalletProvider {
    charger: Item<Address>,
    asset: Item<Asset>,
    holds: Map<Hash, Kept>,
}

#[contract(events(HoldChanged))]
impl WalletProvider {
    /// Makes a provider of an asset for a contract that charges.
    pub fn new(charger: Address, asset: Asset) -> Self {
        let mut this = Self::default();
        this.charger.set(&charger);
        this.asset.set(&asset);
        this
    }

    /// In what it holds and pays.
    pub fn asset(&self) -> Asset {
        self.asset.get().unwrap_or(Asset::Token(Address::ZERO))
    }

    /// Units of a payer's wallet; the token says nothing here, as a wallet is one instrument.
    pub fn available(&self, payer: Address, token: Hash) -> u128 {
        let _ = token;
        self.asset().balance_of(payer).unwrap_or_default()
    }

    /// Where a hold stands.
    pub fn status(&self, id: Hash) -> HoldStatus {
        self.holds.get(&id).map_or(HoldStatus::None, |kept| kept.status)
    }

    /// Takes units from the wallet, which lets this contract spend them.
    pub fn authorize(&mut self, hold: Hold) -> Result<HoldStatus, ProviderError> {
        self.require_charger()?;
        if self.holds.contains(&hold.id) || hold.units == 0 {
            return Err(ProviderError::WrongHold { status: self.status(hold.id) });
        }
        let asset = self.asset();
        // What decays is brought up to date before it is asked whether there is enough.
        asset.settle(hold.payer);
        let enough = asset.balance_of(hold.payer)? >= hold.units;
        let moved = enough && asset.spend(hold.payer, env::self_address(), hold.units).is_ok();
        let status = match (enough, moved) {
            (false, _) => HoldStatus::Failed(Failure::Insufficient),
            (true, false) => HoldStatus::Failed(Failure::Limit),
            (true, true) => HoldStatus::Held,
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

    /// Gives a hold back to the wallet.
    pub fn void(&mut self, id: Hash) -> Result<(), ProviderError> {
        self.require_charger()?;
        match self.holds.get(&id) {
            Some(kept) if kept.status == HoldStatus::Held => {
                self.set(&Kept { status: HoldStatus::Voided, ..kept });
                Ok(self.asset().transfer(env::self_address(), kept.hold.payer, kept.hold.units)?)
            }
            Some(kept) if kept.status == HoldStatus::Captured => Err(ProviderError::WrongHold { status: kept.status }),
            _ => Ok(()),
        }
    }

    /// Takes units of the caller back to the wallet that they came from.
    pub fn refund(&mut self, id: Hash, units: u128) -> Result<(), ProviderError> {
        let kept = self.found(id, HoldStatus::Captured)?;
        let left = kept.hold.units - kept.refunded;
        if units > left {
            return Err(ProviderError::TooMuch { left });
        }
        self.set(&Kept { refunded: kept.refunded + units, ..kept });
        Ok(self.asset().transfer(env::caller(), kept.hold.payer, units)?)
    }

    fn require_charger(&self) -> Result<(), ProviderError> {
        if self.charger.get() == Some(env::caller()) { Ok(()) } else { Err(ProviderError::Stranger) }
    }

    fn found(&self, id: Hash, status: HoldStatus) -> Result<Kept, ProviderError> {
        self.require_charger()?;
        let kept = self.holds.get(&id).filter(|kept| kept.status == status);
        kept.ok_or(ProviderError::WrongHold { status: self.status(id) })
    }

    fn set(&mut self, kept: &Kept) {
        self.holds.set(&kept.hold.id, kept);
        HoldChanged { id: kept.hold.id, status: kept.status }.emit();
    }
}
