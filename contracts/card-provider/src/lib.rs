//! Cards of a provider outside of the chain, which says later what became of a hold and pays captures from its float.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use instruments::{Failure, Hold, HoldChanged, HoldStatus, Holds, Kept, ProviderError};
use trading::Asset;

/// What the provider found out.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Report {
    /// The units are kept.
    Held,
    /// They are not.
    Failed(Failure),
}

/// A hold, where it stands, and what was reported of it.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asked {
    /// What was asked.
    pub hold: Hold,
    /// Where it stands.
    pub status: HoldStatus,
    /// What the provider reported, if it did: a hold that was let go may be answered late.
    pub report: Option<Report>,
    /// Units that went back after they were captured.
    pub refunded: u128,
}

/// A hold is asked for: the provider outside answers with `report`.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct HoldAsked {
    /// What.
    pub hold: Hold,
}

/// A hold succeeded after it had been let go: the provider outside gives it back at once.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct LateSuccessVoided {
    /// Which.
    #[topic]
    pub id: Hash,
    /// Units.
    pub units: u128,
}

/// Units were taken back for a card outside.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct RefundAsked {
    /// Of which hold.
    #[topic]
    pub id: Hash,
    /// Units.
    pub units: u128,
}

/// What the provider keeps.
#[storage]
pub struct CardProvider {
    operator: Item<Address>,
    float: Item<u128>,
    holds: Holds,
    reports: Map<Hash, Report>,
}

#[contract(events(HoldAsked, HoldChanged, LateSuccessVoided, RefundAsked))]
impl CardProvider {
    /// Makes a provider for a contract that charges; whoever deploys it reports for the provider outside.
    pub fn new(charger: Address, asset: Asset) -> Self {
        let mut this = Self::default();
        this.holds.begin(&charger, &asset);
        this.operator.set(&env::caller());
        this
    }

    /// In what it pays.
    pub fn asset(&self) -> Asset {
        self.holds.asset()
    }

    /// What a card holds is known outside alone: as much as the float can pay may be asked for.
    pub fn available(&self, payer: Address, token: Hash) -> u128 {
        let _ = (payer, token);
        self.float()
    }

    /// Units that captures are paid from.
    pub fn float(&self) -> u128 {
        self.float.get_or_default()
    }

    /// Where a hold stands.
    pub fn status(&self, id: Hash) -> HoldStatus {
        self.holds.status(&id)
    }

    /// A hold.
    pub fn hold(&self, id: Hash) -> Option<Asked> {
        let Kept { hold, status, refunded } = self.holds.get(&id)?;
        Some(Asked { hold, status, report: self.reports.get(&id), refunded })
    }

    /// Brings units for captures; the operator, which consents to their transfer.
    pub fn deposit(&mut self, units: u128) -> Result<(), ProviderError> {
        let operator = self.require_operator()?;
        self.float.set(&self.float().checked_add(units).ok_or(ProviderError::BadRequest)?);
        Ok(self.asset().transfer(operator, env::self_address(), units)?)
    }

    /// Takes units of the float out; the operator.
    pub fn withdraw(&mut self, units: u128) -> Result<(), ProviderError> {
        let operator = self.require_operator()?;
        let left = self.float().checked_sub(units).ok_or(ProviderError::TooMuch { left: self.float() })?;
        self.float.set(&left);
        Ok(self.asset().transfer(env::self_address(), operator, units)?)
    }

    /// Says what became of a hold; the operator, once. A success that comes after the hold was let go is void at once.
    pub fn report(&mut self, id: Hash, report: Report) -> Result<HoldStatus, ProviderError> {
        self.require_operator()?;
        let kept = self.holds.get(&id).filter(|_| !self.reports.contains(&id));
        let kept = kept.ok_or(ProviderError::WrongHold { status: self.status(id) })?;
        let status = match (kept.status, report) {
            (HoldStatus::Pending, Report::Failed(failure)) => HoldStatus::Failed(failure),
            (HoldStatus::Pending, Report::Held) => {
                // What is held is paid from the float: it is set aside now.
                let left = self.float().checked_sub(kept.hold.units);
                self.float.set(&left.ok_or(ProviderError::TooMuch { left: self.float() })?);
                HoldStatus::Held
            }
            (status, Report::Held) => {
                LateSuccessVoided { id, units: kept.hold.units }.emit();
                status
            }
            (status, Report::Failed(_)) => status,
        };
        self.reports.set(&id, &report);
        self.holds.set(&Kept { status, ..kept });
        Ok(status)
    }

    /// Asks the provider outside to hold units.
    pub fn authorize(&mut self, hold: Hold) -> Result<HoldStatus, ProviderError> {
        self.holds.require_new(&hold)?;
        let status = self.holds.open(hold, HoldStatus::Pending);
        HoldAsked { hold }.emit();
        Ok(status)
    }

    /// Pays a hold to the contract that charges.
    pub fn capture(&mut self, id: Hash) -> Result<(), ProviderError> {
        self.holds.capture(id)
    }

    /// Lets go of a hold, or of one whose answer is still to come.
    pub fn void(&mut self, id: Hash) -> Result<(), ProviderError> {
        if let Some(kept) = self.holds.void(id)?.filter(|kept| kept.status == HoldStatus::Held) {
            self.float.set(&(self.float() + kept.hold.units));
        }
        Ok(())
    }

    /// Takes units of the caller into the float; the provider outside gives them back to the card.
    pub fn refund(&mut self, id: Hash, units: u128) -> Result<(), ProviderError> {
        self.holds.refund(id, units)?;
        self.float.set(&(self.float() + units));
        RefundAsked { id, units }.emit();
        Ok(self.asset().transfer(env::caller(), env::self_address(), units)?)
    }

    fn require_operator(&self) -> Result<Address, ProviderError> {
        let operator = self.operator.get().ok_or(ProviderError::Stranger)?;
        env::require_auth(&operator);
        Ok(operator)
    }
}
