//! What the auction is made with, keeps, reports and refuses.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// What is traded and how long the parts of a round last.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// What is bought and sold.
    pub base: Asset,
    /// What it is paid in.
    pub quote: Asset,
    /// How long a round collects orders, in ms.
    pub collect_ms: u64,
    /// How long solutions compete after that, in ms.
    pub solve_ms: u64,
    /// How long another admin waits, in ms.
    pub admin_delay_ms: u64,
}

/// An order: so much of one asset for at least so much of the other.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchOrder {
    /// Whose.
    pub owner: Address,
    /// Whether the base is sold; else the quote is.
    pub sells_base: bool,
    /// Units sold, as ordered.
    pub units: u128,
    /// Units of the other asset for all of them, at least.
    pub min_buy: u128,
    /// Units that are left.
    pub left: u128,
    /// Whether it may be filled in parts.
    pub partial: bool,
    /// From when it is filled no more, in ms since 1970.
    pub expires_ms: u64,
    /// When it came, in ms since 1970.
    pub since_ms: u64,
}

/// A price, as so many units of the quote for so many of the base: one for all.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Price {
    /// Units of the quote.
    pub quote: u128,
    /// Units of the base.
    pub base: u128,
}

/// How much of which order is filled.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fill {
    /// The order's number.
    pub order: u64,
    /// Units sold of it.
    pub units: u128,
}

/// A filling of a round at one price.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Solution {
    /// The price.
    pub price: Price,
    /// The fills, by number of the order.
    pub fills: Vec<Fill>,
}

/// The best solution so far.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Leading {
    /// Who found it.
    pub solver: Address,
    /// What orders get beyond their limits, in units of the quote: as the contract counts it.
    pub surplus: u128,
    /// The solution.
    pub solution: Solution,
}

/// A round.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Round {
    /// Its number.
    pub number: u64,
    /// Until when orders come into it, in ms since 1970.
    pub closes_ms: u64,
    /// Until when solutions compete, in ms since 1970.
    pub settles_ms: u64,
}

/// Units that an account can take out.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Claim {
    /// Of the base.
    pub base: u128,
    /// Of the quote.
    pub quote: u128,
}

/// What the auction refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum AuctionError {
    /// Two different assets, and times that are not zero.
    BadTerms,
    /// An order sells and wants something, and has not expired.
    BadOrder,
    /// There are as many orders as a round can hold.
    Full,
    /// There is no such order of this account.
    NoOrder {
        /// Its number.
        order: u64,
    },
    /// Solutions compete for this order now.
    Solving {
        /// Until when, in ms since 1970.
        until_ms: u64,
    },
    /// Solutions are not heard now.
    NotSolving,
    /// There is nothing to settle yet.
    NotOver,
    /// A price of zero, no fills, or fills out of order.
    BadSolution,
    /// An order is not of this round, or is filled beyond what is left, or only in part where it wants all.
    BadFill {
        /// Its number.
        order: u64,
    },
    /// An order would get less than its limit.
    BelowLimit {
        /// Its number.
        order: u64,
    },
    /// More goes out than comes in, or more is left over than rounding leaves.
    Unbalanced {
        /// Units of the base that come in.
        base_in: u128,
        /// Units of the base that go out.
        base_out: u128,
        /// Units of the quote that come in.
        quote_in: u128,
        /// Units of the quote that go out.
        quote_out: u128,
    },
    /// Another solution brings as much or more.
    NotBetter {
        /// What this one brings.
        surplus: u128,
        /// What the best one brings.
        best: u128,
    },
    /// More than can be counted.
    Overflow,
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
    /// Not for this caller.
    Role {
        /// Why.
        error: RoleError,
    },
}

impl From<AssetError> for AuctionError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

impl From<RoleError> for AuctionError {
    fn from(error: RoleError) -> Self {
        Self::Role { error }
    }
}

/// An order came.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Submitted {
    /// Whose.
    #[topic]
    pub owner: Address,
    /// Its number.
    pub order: u64,
    /// Whether the base is sold.
    pub sells_base: bool,
    /// Units sold.
    pub units: u128,
    /// Units wanted for all of them, at least.
    pub min_buy: u128,
}

/// An order was taken back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Cancelled {
    /// Whose.
    #[topic]
    pub owner: Address,
    /// Its number.
    pub order: u64,
}

/// A solution leads.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Led {
    /// Who found it.
    #[topic]
    pub solver: Address,
    /// The round.
    pub round: u64,
    /// What it brings beyond limits, in units of the quote.
    pub surplus: u128,
}

/// A round was settled.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// The round.
    pub round: u64,
    /// Who found the solution; nobody if there was none.
    pub solver: Option<Address>,
    /// The price, if there was a solution.
    pub price: Option<Price>,
    /// Orders filled.
    pub fills: u32,
}

/// An order was filled.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct OrderFilled {
    /// Whose.
    #[topic]
    pub owner: Address,
    /// Its number.
    pub order: u64,
    /// Units sold.
    pub sold: u128,
    /// Units got.
    pub bought: u128,
}
