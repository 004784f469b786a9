//! The four columns of an account, and what they allow.

use counterpart_sdk::prelude::*;

/// Flags of accounts; their numbers are TigerBeetle's.
pub mod account_flags {
    /// The next event of the batch succeeds or fails with this one.
    pub const LINKED: u16 = 1;
    /// Debits, pending ones included, never exceed posted credits.
    pub const DEBITS_MUST_NOT_EXCEED_CREDITS: u16 = 1 << 1;
    /// Credits, pending ones included, never exceed posted debits.
    pub const CREDITS_MUST_NOT_EXCEED_DEBITS: u16 = 1 << 2;
    /// The account takes part in no transfer but the void of a pending one.
    pub const CLOSED: u16 = 1 << 5;
    /// Every flag there is.
    pub const ALL: u16 = LINKED | DEBITS_MUST_NOT_EXCEED_CREDITS | CREDITS_MUST_NOT_EXCEED_DEBITS | CLOSED;
}

/// An account to create.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct NewAccount {
    /// Its id; neither all zeros nor all ones.
    pub id: Hash,
    /// What the creator makes of it.
    pub user_data: u128,
    /// Accounts of one ledger can exchange amounts; not 0.
    pub ledger: u32,
    /// What kind of account it is; not 0.
    pub code: u16,
    /// See [`account_flags`].
    pub flags: u16,
}

/// An account.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Reserved by pending transfers out of it.
    pub debits_pending: u128,
    /// Gone out of it.
    pub debits_posted: u128,
    /// Announced by pending transfers into it.
    pub credits_pending: u128,
    /// Come into it.
    pub credits_posted: u128,
    /// What the creator makes of it.
    pub user_data: u128,
    /// Its ledger.
    pub ledger: u32,
    /// Its kind.
    pub code: u16,
    /// As it was created, see [`account_flags`], but for whether it is closed.
    pub flags: u16,
}

impl Account {
    pub(super) fn new(event: &NewAccount) -> Self {
        Self {
            debits_pending: 0,
            debits_posted: 0,
            credits_pending: 0,
            credits_posted: 0,
            user_data: event.user_data,
            ledger: event.ledger,
            code: event.code,
            flags: event.flags,
        }
    }

    pub(super) fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// Closes or opens it.
    pub(super) fn set_closed(&mut self, closed: bool) {
        self.flags = if closed { self.flags | account_flags::CLOSED } else { self.flags & !account_flags::CLOSED };
    }

    /// What can be debited without exceeding credits.
    pub(super) fn debitable(&self) -> u128 {
        self.credits_posted.saturating_sub(self.debits_posted.saturating_add(self.debits_pending))
    }

    /// What can be credited without exceeding debits.
    pub(super) fn creditable(&self) -> u128 {
        self.debits_posted.saturating_sub(self.credits_posted.saturating_add(self.credits_pending))
    }

    /// Whether a debit would exceed credits, of an account where it must not.
    pub(super) fn debit_exceeds_credits(&self, amount: u128) -> bool {
        let after = self.debits_posted.saturating_add(self.debits_pending).saturating_add(amount);
        self.has(account_flags::DEBITS_MUST_NOT_EXCEED_CREDITS) && after > self.credits_posted
    }

    /// Whether a credit would exceed debits, of an account where it must not.
    pub(super) fn credit_exceeds_debits(&self, amount: u128) -> bool {
        let after = self.credits_posted.saturating_add(self.credits_pending).saturating_add(amount);
        self.has(account_flags::CREDITS_MUST_NOT_EXCEED_DEBITS) && after > self.debits_posted
    }
}
