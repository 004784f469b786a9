//! What the pool is made with, keeps, reports and refuses.

use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// What is in the pool and what a swap costs.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// One asset.
    pub one: Asset,
    /// The other.
    pub other: Asset,
    /// What stays in the pool of what is given, in parts of a million.
    pub fee_ppm: u32,
}

/// How much of each is in the pool, and what it was worth over time.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reserves {
    /// Units of the one.
    pub one: u128,
    /// Units of the other.
    pub other: u128,
    /// When they were written, in ms since 1970.
    pub time_ms: u64,
    /// Sum over all ms until then of the price of the one in the other, in 2^-64; wraps. The difference of two readings,
    /// divided by the ms between them, is the mean price: nobody moves it within one block.
    pub one_price_sum: u128,
    /// The same for the price of the other in the one.
    pub other_price_sum: u128,
}

/// What the pool refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum PoolError {
    /// Two different assets, and a fee of at most a tenth.
    BadTerms,
    /// Neither of the two assets.
    WrongAsset,
    /// There is nothing in the pool.
    Empty,
    /// More than the pool has or can hold.
    TooMuch,
    /// The first to fill the pool has to bring more: a part of it stays for good.
    TooLittleToBegin,
    /// Shares, or units for them, would be fewer than asked for.
    TooFew {
        /// How many they would be.
        have: u128,
        /// Asked for.
        want: u128,
    },
    /// The account has fewer shares.
    TooFewShares {
        /// Its shares.
        have: u128,
        /// Asked for.
        want: u128,
    },
    /// It does not bring so much for so little.
    Limit {
        /// What it would cost.
        spent: u128,
        /// What it would bring.
        bought: u128,
    },
    /// It was to be done earlier.
    Late,
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

impl From<AssetError> for PoolError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

/// The pool became fuller, or emptier.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Filled {
    /// By whom.
    #[topic]
    pub account: Address,
    /// Units of the one.
    pub one: u128,
    /// Units of the other.
    pub other: u128,
    /// Shares made, or given back.
    pub shares: u128,
    /// Whether it became fuller.
    pub is_in: bool,
}

/// One asset was exchanged for the other.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Swapped {
    /// By whom.
    #[topic]
    pub account: Address,
    /// What was given.
    pub sell: Asset,
    /// Units given.
    pub spent: u128,
    /// Units of the other got.
    pub bought: u128,
}

/// Shares moved.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Shared {
    /// Who had them.
    #[topic]
    pub from: Address,
    /// Who has them.
    #[topic]
    pub to: Address,
    /// How many.
    pub shares: u128,
}

/// The reserves were made what the pool holds.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Synced {
    /// Units of the one.
    pub one: u128,
    /// Units of the other.
    pub other: u128,
}
