//! Dividends, results, errors and events of the desk.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;

/// What is paid for.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Basis {
    /// Units held at a record time, once for each identity.
    Holdings {
        /// At the end of this ms since 1970.
        record_ms: u64,
    },
    /// What remained of an account's units after a split, once for each account.
    Remains {
        /// The version of the token that was split.
        token: Address,
        /// The number of the split.
        split: u32,
    },
}

/// A dividend.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dividend {
    /// What is paid for.
    pub basis: Basis,
    /// From when nothing is paid any more, in ms since 1970.
    pub until_ms: u64,
    /// Native units for all.
    pub amount: u128,
    /// Units of the security for all, or what remained of all of them.
    pub supply: u128,
    /// Native units that were paid, or taken back.
    pub paid: u128,
}

/// What became of a payment.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payment {
    /// It was paid.
    Paid {
        /// Native units.
        amount: u128,
    },
    /// Nobody is known behind the account, or what is known holds no more.
    Unknown,
    /// The identity was paid, to this account or another; or the account was.
    AlreadyPaid,
    /// It comes to less than one native unit, or to nothing.
    Nothing,
    /// The account cannot be paid.
    Failed,
}

/// Why a message is refused. Nothing of it happened.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum DeskError {
    /// A question of the admin.
    Admin {
        /// Which.
        error: RoleError,
    },
    /// The record time is not over: holdings may still change in it.
    RecordInFuture,
    /// The dividend would be over already.
    Over,
    /// Nothing was sent.
    NoAmount,
    /// Nobody held anything at the record time, or nothing remained.
    NoHolders,
    /// The contract is no token of this security, or it has no such split that has ended.
    NoSplit,
    /// At the record time units were being split.
    RecordInSplit,
    /// There is no such dividend.
    NoDividend,
    /// More accounts than are paid at once.
    TooMany {
        /// The most.
        limit: u32,
    },
    /// The payment is not made.
    NotPaid {
        /// Why.
        payment: Payment,
    },
    /// Until a time, those who held can still be paid.
    NotOver {
        /// The time, in ms since 1970.
        until_ms: u64,
    },
    /// The rules or the registry do not answer.
    NoAnswer,
}

/// A dividend was declared.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Declared {
    /// Its number.
    #[topic]
    pub dividend: u32,
    /// It.
    pub terms: Dividend,
}

/// An identity was paid.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Paid {
    /// Of which dividend.
    #[topic]
    pub dividend: u32,
    /// Who; the account itself of what remained after a split.
    #[topic]
    pub identity: Hash,
    /// To which account.
    #[topic]
    pub account: Address,
    /// Native units.
    pub amount: u128,
}

/// The rest of a dividend was taken back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct TakenBack {
    /// Of which dividend.
    #[topic]
    pub dividend: u32,
    /// Native units.
    pub amount: u128,
}
