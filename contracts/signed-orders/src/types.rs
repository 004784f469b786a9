//! What makers sign, and what the contract answers, reports and refuses.

use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// What a maker signs: so much of one asset for so much of another, at a price that may fall with time.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignedOrder {
    /// The maker's Ed25519 key; its account is that of the key.
    pub maker: [u8; 32],
    /// What the maker gives, from its own account: it lets this contract spend it.
    pub sell: Asset,
    /// Units of it.
    pub sell_units: u128,
    /// What the maker wants.
    pub buy: Asset,
    /// Units of it for the whole, until `start_ms`.
    pub buy_at_start: u128,
    /// Units of it for the whole, from `end_ms` on; between the two the price falls evenly.
    pub buy_at_end: u128,
    /// From when the price falls, in ms since 1970.
    pub start_ms: u64,
    /// Until when.
    pub end_ms: u64,
    /// After when nobody can fill it, in ms since 1970.
    pub expires_ms: u64,
    /// Who may fill it first; anybody if there is none.
    pub taker: Option<Address>,
    /// Until when only the taker may fill it at this price; afterwards anybody may.
    pub exclusive_until_ms: u64,
    /// What others pay on top until then, in parts of a million; without it they have to wait.
    pub override_ppm: Option<u32>,
    /// Whether it may be filled in parts.
    pub partial: bool,
    /// Void as soon as the maker has raised its epoch above this.
    pub epoch: u64,
    /// Each order of a maker has its own; a second order with the same is refused.
    pub salt: u64,
}

impl SignedOrder {
    /// An order at one price, in parts or whole, for anybody, that does not expire.
    pub const fn at_price(maker: [u8; 32], sell: (Asset, u128), buy: (Asset, u128), salt: u64) -> Self {
        Self {
            maker,
            sell: sell.0,
            sell_units: sell.1,
            buy: buy.0,
            buy_at_start: buy.1,
            buy_at_end: buy.1,
            start_ms: 0,
            end_ms: 0,
            expires_ms: u64::MAX,
            taker: None,
            exclusive_until_ms: 0,
            override_ppm: None,
            partial: true,
            epoch: 0,
            salt,
        }
    }
}

/// What became of an order.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// Hash of the order that has the salt.
    pub hash: Hash,
    /// Units that were sold.
    pub sold: u128,
    /// Whether its maker took it back.
    pub cancelled: bool,
}

/// Why an order cannot be filled.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum OrderError {
    /// It sells nothing, wants nothing, wants what it sells, or its price rises.
    BadOrder,
    /// The signature is not the maker's for this order, chain and contract.
    BadSignature,
    /// It is over.
    Expired,
    /// The maker took it back, or raised its epoch.
    Cancelled,
    /// Another order of the maker has the salt.
    SaltReused,
    /// It was filled, as far as it goes.
    Filled {
        /// Units that are left.
        left: u128,
    },
    /// It is filled whole or not at all.
    WholeOnly,
    /// For somebody else, or for now.
    Exclusive {
        /// Until when, in ms since 1970.
        until_ms: u64,
    },
    /// It does not bring so much for so little.
    Limit {
        /// What it would cost.
        spent: u128,
        /// What it would bring.
        bought: u128,
    },
    /// More than can be counted.
    Overflow,
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

impl From<AssetError> for OrderError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

/// An order was filled, or a part of it.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Filled {
    /// The maker's account.
    #[topic]
    pub maker: Address,
    /// Who filled it.
    #[topic]
    pub taker: Address,
    /// The order.
    pub hash: Hash,
    /// Units that the maker gave.
    pub sold: u128,
    /// Units that the maker got.
    pub paid: u128,
}

/// An order was taken back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Cancelled {
    /// The maker's account.
    #[topic]
    pub maker: Address,
    /// Which.
    pub salt: u64,
}

/// All orders of a maker below an epoch are void.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct EpochRaised {
    /// The maker's account.
    #[topic]
    pub maker: Address,
    /// The epoch.
    pub epoch: u64,
}
