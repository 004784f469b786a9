//! Units by identity, how many hold, and what was moved in each window.

use crate::types::{ComplianceError, HolderChanged, Pace};
use counterpart_contracts::history::History;
use counterpart_sdk::prelude::*;

/// What all units are noted under, in a history of their own: any hash may be somebody's identity.
const ALL: Hash = Hash([0; 32]);

/// What is counted of an identity.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Counted {
    units: u128,
    /// Whether it counts as not accredited: as it was when it began to hold.
    unaccredited: bool,
    /// When its window began, in ms since 1970, and what it moved in it.
    window_ms: u64,
    moved: u128,
}

/// One side of a movement, and who it is counted as.
pub struct Holder {
    /// The account.
    pub account: Address,
    /// Units that it has before.
    pub units: u128,
    /// Who it belongs to.
    pub identity: Hash,
    /// Whether that is an accredited investor.
    pub accredited: bool,
}

/// The books.
#[storage]
pub struct Books {
    counted: Map<Hash, Counted>,
    /// Who an account belonged to when it received units last: it may be known no more when it gives them away.
    identities: Map<Address, Hash>,
    supply: Item<u128>,
    /// Units of each identity as they were at any time.
    history: History,
    /// All units as they were at any time.
    supplies: History,
    holders: Item<u32>,
    unaccredited: Item<u32>,
}

impl Books {
    /// Units of an identity.
    pub fn units(&self, identity: &Hash) -> u128 {
        self.counted.get_or_default(identity).units
    }

    /// All units.
    pub fn supply(&self) -> u128 {
        self.supply.get_or_default()
    }

    /// Units of an identity at the end of a ms.
    pub fn units_at(&self, identity: &Hash, time_ms: u64) -> u128 {
        self.history.amount_at(identity, time_ms)
    }

    /// All units at the end of a ms.
    pub fn supply_at(&self, time_ms: u64) -> u128 {
        self.supplies.amount_at(&ALL, time_ms)
    }

    /// How many identities hold, and how many of them count as not accredited.
    pub fn holders(&self) -> (u32, u32) {
        (self.holders.get_or_default(), self.unaccredited.get_or_default())
    }

    /// Whether an identity holds and counts as not accredited.
    pub fn is_unaccredited(&self, identity: &Hash) -> bool {
        let counted = self.counted.get_or_default(identity);
        counted.units > 0 && counted.unaccredited
    }

    /// Who an account belonged to when it received units last.
    pub fn identity_of(&self, account: &Address) -> Option<Hash> {
        self.identities.get(account)
    }

    /// What an identity can still move in the window that runs, and when that ends, in ms since 1970.
    pub fn left_in_window(&self, identity: &Hash, pace: Pace) -> (u128, u64) {
        let now = env::block_time_ms();
        let counted = self.counted.get_or_default(identity);
        let until_ms = counted.window_ms.saturating_add(pace.window_ms);
        if now < until_ms && counted.moved > 0 {
            (pace.units.saturating_sub(counted.moved), until_ms)
        } else {
            (pace.units, now.saturating_add(pace.window_ms))
        }
    }

    /// Counts what an account has as who it belongs to now, if that was somebody else when it received units last.
    pub fn rebook(&mut self, holder: &Holder) -> Result<(), ComplianceError> {
        if let Some(old) = self.identity_of(&holder.account).filter(|old| *old != holder.identity) {
            self.take(&old, holder.units, None)?;
            self.give(holder, holder.units)?;
        }
        Ok(())
    }

    /// Counts units that move. What moves between accounts of one identity changes nothing.
    pub fn note(
        &mut self,
        from: Option<&Holder>,
        to: Option<&Holder>,
        units: u128,
        pace: Option<Pace>,
    ) -> Result<(), ComplianceError> {
        if let (Some(from), Some(to)) = (from, to)
            && from.identity == to.identity
        {
            self.identities.set(&to.account, &to.identity);
            return Ok(());
        }
        let mut supply = self.supply();
        if let Some(from) = from {
            self.take(&from.identity, units, pace)?;
            supply = supply.checked_sub(units).ok_or(ComplianceError::Books)?;
        }
        if let Some(to) = to {
            self.give(to, units)?;
            supply = supply.checked_add(units).ok_or(ComplianceError::Books)?;
        }
        self.supply.set(&supply);
        self.supplies.note(&ALL, supply);
        Ok(())
    }

    /// Counts an account's units after a split instead of those before, as who it was counted last.
    pub fn resize(&mut self, account: &Address, before: u128, after: u128) -> Result<(), ComplianceError> {
        let swap = |units: u128| units.checked_sub(before).and_then(|left| left.checked_add(after));
        let identity = self.identity_of(account).ok_or(ComplianceError::Books)?;
        let mut counted = self.counted.get_or_default(&identity);
        let units = swap(counted.units).ok_or(ComplianceError::Books)?;
        if units == 0 && counted.units > 0 {
            self.count_holder(&identity, counted.unaccredited, false);
        }
        counted.units = units;
        self.counted.set(&identity, &counted);
        self.history.note(&identity, units);
        let supply = swap(self.supply()).ok_or(ComplianceError::Books)?;
        self.supply.set(&supply);
        self.supplies.note(&ALL, supply);
        Ok(())
    }

    fn take(&mut self, identity: &Hash, units: u128, pace: Option<Pace>) -> Result<(), ComplianceError> {
        let mut counted = self.counted.get_or_default(identity);
        let left = counted.units.checked_sub(units).ok_or(ComplianceError::Books)?;
        if let Some(pace) = pace {
            let now = env::block_time_ms();
            if counted.moved == 0 || now >= counted.window_ms.saturating_add(pace.window_ms) {
                (counted.window_ms, counted.moved) = (now, 0);
            }
            counted.moved = counted.moved.saturating_add(units);
        }
        if left == 0 && counted.units > 0 {
            self.count_holder(identity, counted.unaccredited, false);
        }
        counted.units = left;
        self.history.note(identity, left);
        self.counted.set(identity, &counted);
        Ok(())
    }

    fn give(&mut self, to: &Holder, units: u128) -> Result<(), ComplianceError> {
        let mut counted = self.counted.get_or_default(&to.identity);
        if counted.units == 0 && units > 0 {
            counted.unaccredited = !to.accredited;
            self.count_holder(&to.identity, counted.unaccredited, true);
        }
        counted.units = counted.units.checked_add(units).ok_or(ComplianceError::Books)?;
        self.history.note(&to.identity, counted.units);
        self.counted.set(&to.identity, &counted);
        self.identities.set(&to.account, &to.identity);
        Ok(())
    }

    fn count_holder(&mut self, identity: &Hash, unaccredited: bool, holds: bool) {
        let (holders, others) = self.holders();
        let one = |count: u32| if holds { count + 1 } else { count - 1 };
        self.holders.set(&one(holders));
        if unaccredited {
            self.unaccredited.set(&one(others));
        }
        HolderChanged { identity: *identity, holds }.emit();
    }
}
