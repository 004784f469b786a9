//! What a loan is made with, keeps, reports and refuses.

use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// Rates are in parts of a million a year of this length, in ms: 365 days.
pub const YEAR_MS: u64 = 365 * 86_400_000;

/// What a loan is made with. Who lends how much at which rate, and who borrows, says the tender.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// Instalments, all of the same share of the principal; 1 to 120.
    pub instalments: u32,
    /// Between two of them, in ms.
    pub period_ms: u64,
    /// How long after it is due one may be paid without a fee, in ms.
    pub grace_ms: u64,
    /// What is added to an instalment that is paid later, in parts of a million of it; rounded up.
    pub late_ppm: u32,
    /// How long after it is due an unpaid one is a default, in ms; not below the grace.
    pub default_ms: u64,
    /// How long bids for a loan in default come, in ms.
    pub auction_ms: u64,
}

/// Where a loan stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It is paid back.
    Running,
    /// Bids come for what is still owed.
    Auctioned,
    /// Somebody bought what is still owed; or nobody did, and lenders wait.
    Defaulted,
    /// All is paid.
    Repaid,
}

/// A lender's part, as the tender disclosed it: shares of it may change hands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Who lent.
    pub lender: Address,
    /// Units of the principal.
    pub principal: u128,
    /// Parts of a million a year.
    pub rate_ppm: u64,
}

/// The best bid for a loan in default.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bid {
    /// Whose.
    pub bidder: Address,
    /// Units.
    pub units: u128,
}

/// A loan.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Loan {
    /// The tender's contract.
    pub tenders: Address,
    /// The tender's number.
    pub tender: u64,
    /// Who pays back.
    pub borrower: Address,
    /// In what.
    pub asset: Asset,
    /// When and how.
    pub schedule: Schedule,
    /// When it began, in ms since 1970.
    pub since_ms: u64,
    /// All units lent.
    pub principal: u128,
    /// Sum over lines of units times rate: interest is shared by it.
    pub weight: u128,
    /// Instalments paid.
    pub paid: u32,
    /// Units paid back to lenders so far, of the principal or in place of it.
    pub returned: u128,
    /// Units of interest and late fees paid to lenders so far.
    pub interest: u128,
    /// Where it stands.
    pub status: Status,
    /// Until when bids come, in ms since 1970; 0 before a default.
    pub bids_until_ms: u64,
    /// The best bid.
    pub bid: Option<Bid>,
    /// Who gets what is still paid after the auction; the lenders if nobody.
    pub owner: Option<Address>,
}

/// What is due next.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// The instalment, from 1.
    pub instalment: u32,
    /// When it is due, in ms since 1970.
    pub due_ms: u64,
    /// Units of the principal.
    pub principal: u128,
    /// Units of interest.
    pub interest: u128,
    /// Units more, because it is late now.
    pub late: u128,
}

/// Shares of a line that somebody holds: units of its principal.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Share {
    /// Units of the line's principal.
    pub units: u128,
    /// What of returned principal was credited for them.
    pub credited_principal: u128,
    /// What of interest was credited for them.
    pub credited_interest: u128,
}

/// Why the contract refuses.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum LoanError {
    /// The schedule makes no sense.
    BadSchedule,
    /// The tender is not done, or has a loan already, or is not this borrower's.
    BadTender,
    /// There is no such loan.
    NoLoan {
        /// Its number.
        loan: u64,
    },
    /// Not in this state.
    WrongStatus {
        /// The state.
        status: Status,
    },
    /// It is not late enough, or bids still come.
    NotYet {
        /// Until when, in ms since 1970.
        until_ms: u64,
    },
    /// The bid is not above the best, or its time is over.
    LowBid {
        /// The best bid.
        best: u128,
    },
    /// The holder has fewer units of the line.
    TooFewShares {
        /// Its units.
        have: u128,
        /// Asked for.
        want: u128,
    },
    /// More than can be counted.
    Overflow,
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

impl From<AssetError> for LoanError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

/// A loan began.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Originated {
    /// Its number.
    #[topic]
    pub loan: u64,
    /// Who pays back.
    #[topic]
    pub borrower: Address,
    /// Units lent.
    pub principal: u128,
}

/// An instalment was paid.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct InstalmentPaid {
    /// Of which loan.
    #[topic]
    pub loan: u64,
    /// What was paid.
    pub due: Due,
}

/// Shares of a line changed hands.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ShareMoved {
    /// Of which loan.
    #[topic]
    pub loan: u64,
    /// The line.
    pub line: u32,
    /// Who had them.
    #[topic]
    pub from: Address,
    /// Who has them.
    #[topic]
    pub to: Address,
    /// Units of the line's principal.
    pub units: u128,
}

/// A loan went to another state.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct StatusChanged {
    /// Which.
    #[topic]
    pub loan: u64,
    /// The state.
    pub status: Status,
}

/// Somebody bids for a loan in default.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct BidMade {
    /// For which.
    #[topic]
    pub loan: u64,
    /// The bid.
    pub bid: Bid,
}
