//! Results, errors and events of the desk.

use crate::schedule::Schedule;
use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;
use currency::{CurrencyError, GrantOutcome};

/// Why a message is refused. Nothing of it happened.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum DeskError {
    /// A question of the admin.
    Admin {
        /// Which.
        error: RoleError,
    },
    /// More accounts than are paid at once.
    TooMany {
        /// The most.
        limit: u32,
    },
    /// There is no such schedule.
    NoSchedule,
    /// A schedule that means nothing: no period, no backlog, no amount, more than 16 groups, or an end before its beginning.
    InvalidSchedule,
    /// The grants of this schedule are paid to those who claim them.
    HasToBeClaimed,
    /// The claim is not paid.
    NotPaid {
        /// Why.
        payment: Payment,
    },
    /// The currency refuses.
    Currency {
        /// Why.
        error: CurrencyError,
    },
    /// The currency does not answer.
    CurrencyFailed,
}

/// What became of a payment.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payment {
    /// It was paid.
    Paid {
        /// How many units.
        units: u128,
    },
    /// It was paid before, to this account or to this person.
    AlreadyPaid,
    /// There is no such account, or it is closed.
    NoAccount,
    /// The account is granted nothing by this schedule.
    NotGrantee,
    /// The period has not begun, or the cliff is not reached.
    NotDue,
    /// The schedule has no such period, or it is too long ago.
    Over,
    /// The period was over before the account was registered.
    BeforeRegistration,
    /// The currency refuses.
    Refused {
        /// Why.
        outcome: GrantOutcome,
    },
}

/// A schedule was made.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ScheduleSet {
    /// Its number.
    #[topic]
    pub schedule: u32,
    /// What it grants.
    pub terms: Schedule,
}

/// No period of a schedule begins from a time on.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ScheduleEnded {
    /// Its number.
    #[topic]
    pub schedule: u32,
    /// The time, in ms since 1970.
    pub end_ms: u64,
}
