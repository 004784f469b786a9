//! Terms, results, errors and events of the desk.

use counterpart_contracts::recovery::RATE_ONE;
use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;
use counterpart_sdk::rounding;
use currency::CurrencyError;

/// How the currency is exchanged.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Native units for 10^9 units.
    pub price: u128,
    /// The part of all units that the reserve has to cover when more are issued, in parts of 10^9.
    pub reserve_rate: u32,
    /// The part of redeemed units that stays with the depository, in parts of 10^9; less than all.
    pub fee_rate: u32,
    /// Units that are redeemed at once, at least.
    pub minimum: u128,
    /// Whether grant accounts may redeem; others always may.
    pub for_grant_accounts: bool,
}

impl Terms {
    pub(crate) fn check(&self) -> Result<(), DeskError> {
        let rates = self.reserve_rate <= RATE_ONE && self.fee_rate < RATE_ONE;
        if self.price > 0 && self.minimum > 0 && rates { Ok(()) } else { Err(DeskError::InvalidTerms) }
    }

    /// Of so many units: those that stay with the depository, rounded up, and native units for the others, rounded down.
    pub(crate) fn split(&self, units: u128) -> Option<(u128, u128)> {
        let fee = env::mul_div(units, self.fee_rate.into(), RATE_ONE.into(), rounding::CEIL)?;
        Some((fee, env::mul_div(units - fee, self.price, RATE_ONE.into(), rounding::FLOOR)?))
    }

    /// Native units that have to be there for so many units, rounded up.
    pub(crate) fn required(&self, units: u128) -> Option<u128> {
        let value = env::mul_div(units, self.price, RATE_ONE.into(), rounding::CEIL)?;
        env::mul_div(value, self.reserve_rate.into(), RATE_ONE.into(), rounding::CEIL)
    }
}

/// A request that waits for the reserve.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// Whose.
    pub account: Address,
    /// Units that were taken out, the fee among them.
    pub units: u128,
}

/// What became of a request.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was paid.
    Paid {
        /// Native units.
        amount: u128,
    },
    /// It waits.
    Queued {
        /// Its number; smaller ones are paid before.
        number: u64,
    },
}

/// The reserve, and what it has to cover.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reserve {
    /// Native units that nobody is owed.
    pub free: u128,
    /// Native units owed to those whose requests were paid in turn.
    pub owed: u128,
    /// Units that were issued and not redeemed.
    pub outstanding: u128,
    /// Native units that have to be free when more is issued.
    pub required: u128,
}

/// Why a message is refused. Nothing of it happened.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum DeskError {
    /// Terms that mean nothing: no price, no minimum, or a rate above one.
    InvalidTerms,
    /// A question of the admin.
    Admin {
        /// Which.
        error: RoleError,
    },
    /// The reserve would cover too few of the units.
    ReserveShort {
        /// What is free, in native units.
        have: u128,
        /// What has to be.
        want: u128,
    },
    /// Less than is redeemed at once.
    BelowMinimum {
        /// The least, in units.
        minimum: u128,
    },
    /// Not one native unit would be paid.
    WorthNothing,
    /// Grant accounts cannot redeem.
    NotRedeemable,
    /// More than can be counted in native units.
    TooMuch,
    /// There is no such request, or it was paid or taken back.
    NotQueued,
    /// Nothing is owed to the account.
    NothingOwed,
    /// The native currency cannot be paid.
    NotPaid,
    /// The currency refuses.
    Currency {
        /// Why.
        error: CurrencyError,
    },
    /// The currency does not answer.
    CurrencyFailed,
}

/// Units left the currency for native ones.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Redeemed {
    /// Whose they were.
    #[topic]
    pub account: Address,
    /// How many left.
    pub units: u128,
    /// How many the depository keeps.
    pub fee: u128,
    /// Native units for them.
    pub amount: u128,
}

/// A request waits for the reserve.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Queued {
    /// Whose.
    #[topic]
    pub account: Address,
    /// Its number.
    #[topic]
    pub number: u64,
    /// How many units.
    pub units: u128,
}

/// A waiting request was taken back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Cancelled {
    /// Whose.
    #[topic]
    pub account: Address,
    /// Its number.
    #[topic]
    pub number: u64,
    /// How many units.
    pub units: u128,
}

/// An account collected what it was owed.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Collected {
    /// Which.
    #[topic]
    pub account: Address,
    /// Native units.
    pub amount: u128,
}

/// The reserve received native units.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ReserveFunded {
    /// How many.
    pub amount: u128,
}
