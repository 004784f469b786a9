//! When what is due to whom.

use crate::types::{DeskError, Payment};
use counterpart_sdk::prelude::*;
use currency::{Account, Class};

/// Groups of one schedule, at most.
const MAX_GROUPS: usize = 16;

/// What the accounts of a group are granted each period.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupAmount {
    /// The group.
    pub group: u16,
    /// How many units.
    pub units: u128,
}

/// Grants that come each period.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// When period 0 begins, in ms since 1970.
    pub start_ms: u64,
    /// How long after that nothing is paid yet, in ms. What was due in that time is paid after it, as far as the backlog goes.
    pub cliff_ms: u64,
    /// How long a period lasts, in ms.
    pub period_ms: u64,
    /// From when no period begins any more, in ms since 1970.
    pub end_ms: u64,
    /// How many periods can be paid: 1 for the one that runs.
    pub backlog: u32,
    /// Whether each account has to claim its grants.
    pub claimed: bool,
    /// What each group is granted; at most 16.
    pub amounts: Vec<GroupAmount>,
}

impl Schedule {
    pub(crate) fn check(&self) -> Result<(), DeskError> {
        let times = self.period_ms > 0 && self.end_ms > self.start_ms && self.backlog > 0;
        let amounts = !self.amounts.is_empty() && self.amounts.len() <= MAX_GROUPS;
        let paid = self.amounts.iter().all(|amount| amount.units > 0);
        if times && amounts && paid { Ok(()) } else { Err(DeskError::InvalidSchedule) }
    }

    /// Units due to an account for a period now, or why none are.
    pub(crate) fn due(&self, account: &Account, period: u64) -> Result<u128, Payment> {
        if account.closed {
            return Err(Payment::NoAccount);
        }
        let amount = self.amounts.iter().find(|amount| amount.group == account.group);
        let amount = amount.filter(|_| account.class == Class::Grant).ok_or(Payment::NotGrantee)?;
        let begins = period.checked_mul(self.period_ms).and_then(|after| after.checked_add(self.start_ms));
        let begins = begins.filter(|begins| *begins < self.end_ms).ok_or(Payment::Over)?;
        let now = env::block_time_ms();
        if now < begins || now < self.start_ms.saturating_add(self.cliff_ms) {
            return Err(Payment::NotDue);
        }
        let running = (now - self.start_ms) / self.period_ms;
        if running - period >= u64::from(self.backlog) {
            return Err(Payment::Over);
        }
        if begins.saturating_add(self.period_ms) <= account.registered_ms {
            return Err(Payment::BeforeRegistration);
        }
        Ok(amount.units)
    }
}
