//! Holds as every provider's contract keeps them; where their units come from and go to is the provider's own.

use crate::{Hold, HoldStatus, ProviderError};
use counterpart_sdk::prelude::*;
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

/// The holds of a contract that charges, in one asset.
#[storage]
pub struct Holds {
    charger: Item<Address>,
    asset: Item<Asset>,
    holds: Map<Hash, Kept>,
}

impl Holds {
    /// Says who charges, and in what.
    pub fn begin(&mut self, charger: &Address, asset: &Asset) {
        self.charger.set(charger);
        self.asset.set(asset);
    }

    /// In what is held and paid.
    pub fn asset(&self) -> Asset {
        self.asset.get().unwrap_or(Asset::Token(Address::ZERO))
    }

    /// A hold.
    pub fn get(&self, id: &Hash) -> Option<Kept> {
        self.holds.get(id)
    }

    /// Where a hold stands.
    pub fn status(&self, id: &Hash) -> HoldStatus {
        self.get(id).map_or(HoldStatus::None, |kept| kept.status)
    }

    /// Refuses unless who charges asks for a hold that is new.
    pub fn require_new(&self, hold: &Hold) -> Result<(), ProviderError> {
        self.require_charger()?;
        if self.holds.contains(&hold.id) || hold.units == 0 {
            return Err(ProviderError::WrongHold { status: self.status(&hold.id) });
        }
        Ok(())
    }

    /// Keeps a hold as it stands now, and tells so.
    pub fn set(&mut self, kept: &Kept) {
        self.holds.set(&kept.hold.id, kept);
        HoldChanged { id: kept.hold.id, status: kept.status }.emit();
    }

    /// Keeps what became of a new hold.
    pub fn open(&mut self, hold: Hold, status: HoldStatus) -> HoldStatus {
        self.set(&Kept { hold, status, refunded: 0 });
        status
    }

    /// Pays a hold to who charges.
    pub fn capture(&mut self, id: Hash) -> Result<(), ProviderError> {
        let kept = self.found(&id, HoldStatus::Held)?;
        self.set(&Kept { status: HoldStatus::Captured, ..kept });
        Ok(self.asset().transfer(env::self_address(), env::caller(), kept.hold.units)?)
    }

    /// Lets go of a hold. Answers it as it was, if there was anything to let go of.
    pub fn void(&mut self, id: Hash) -> Result<Option<Kept>, ProviderError> {
        self.require_charger()?;
        let Some(kept) = self.get(&id) else { return Ok(None) };
        match kept.status {
            HoldStatus::Held | HoldStatus::Pending => {
                self.set(&Kept { status: HoldStatus::Voided, ..kept });
                Ok(Some(kept))
            }
            HoldStatus::Captured => Err(ProviderError::WrongHold { status: kept.status }),
            _ => Ok(None),
        }
    }

    /// Notes that units of a captured hold go back. Answers it as it was.
    pub fn refund(&mut self, id: Hash, units: u128) -> Result<Kept, ProviderError> {
        let kept = self.found(&id, HoldStatus::Captured)?;
        let left = kept.hold.units - kept.refunded;
        if units > left {
            return Err(ProviderError::TooMuch { left });
        }
        self.set(&Kept { refunded: kept.refunded + units, ..kept });
        Ok(kept)
    }

    fn require_charger(&self) -> Result<(), ProviderError> {
        if self.charger.get() == Some(env::caller()) { Ok(()) } else { Err(ProviderError::Stranger) }
    }

    fn found(&self, id: &Hash, status: HoldStatus) -> Result<Kept, ProviderError> {
        self.require_charger()?;
        let kept = self.get(id).filter(|kept| kept.status == status);
        kept.ok_or(ProviderError::WrongHold { status: self.status(id) })
    }
}
