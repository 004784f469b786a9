//! Dividends, results, errors and events of the desk.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;

/// A dividend.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dividend {
    /// Who held units at the end of this ms since 1970 is paid.
    pub record_ms: u64,
    /// From when nothing is paid any more, in ms since 1970.
    pub until_ms: u64,
    /// Native units for all.
    pub amount: u128,
    /// Units of the security for all.
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
    /// The identity was paid, to this account or another.
    AlreadyPaid,
    /// The identity held nothing at the record time, or less than one native unit's worth.
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
    /// Nobody held anything at the record time.
    NoHolders,
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
    /// Who.
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
