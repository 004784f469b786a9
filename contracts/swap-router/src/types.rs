//! What the router is asked, answers, reports and refuses.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError, HandlerError, Kind, Quote};

/// One step: this handler exchanges what comes from the step before for another asset.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Hop {
    /// The exchange's handler; the router has to know it.
    pub handler: Address,
    /// What comes out.
    pub buy: Asset,
    /// What the handler has to know.
    pub data: Vec<u8>,
}

/// A way from the asset sold to the asset bought.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// Its share: units sold if the order says what is spent, units bought if it says what is bought.
    pub units: u128,
    /// Whether the trade goes on without it if it fails; with one hop only.
    pub optional: bool,
    /// The steps.
    pub hops: Vec<Hop>,
}

/// One trade, split over routes.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Trade {
    /// What is sold.
    pub sell: Asset,
    /// What is bought.
    pub buy: Asset,
    /// How much, and the bound, fees included.
    pub kind: Kind,
    /// Whether a part of it will do, at the same rate.
    pub partial: bool,
    /// How far what a little more would bring may be apart over the routes, in parts of a million: a split that leaves a better
    /// price unused is refused. Not looked at if there is none.
    pub even_ppm: Option<u32>,
    /// The routes.
    pub routes: Vec<Route>,
}

/// Trades that happen all or not at all.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Collection {
    /// Whose units are sold.
    pub account: Address,
    /// Who gets what is bought.
    pub receiver: Address,
    /// After when it is refused, in ms since 1970.
    pub deadline_ms: u64,
    /// Who brought the trade, and gets the fee that it registered.
    pub partner: Option<Address>,
    /// The most that the account lets the partner have, in parts of a million.
    pub max_fee_ppm: u32,
    /// The trades.
    pub trades: Vec<Trade>,
}

/// What a trade came to.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// What the account gave and the receiver got, fees taken off.
    pub quote: Quote,
    /// What the partner got: units of the asset sold or bought.
    pub fee: u128,
    /// Whether the fee is of the asset sold.
    pub fee_of_sold: bool,
    /// Routes that failed and were left out: a bit for each.
    pub failed: u32,
}

/// What the router refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum RouterError {
    /// No trades, too many, routes that lead elsewhere, shares that do not add up, or an optional route of many hops.
    BadCollection,
    /// The same market twice: a quote would not be what is traded.
    SameMarket {
        /// Its handler.
        handler: Address,
    },
    /// The router does not know this handler.
    UnknownHandler {
        /// Which.
        handler: Address,
    },
    /// It was to be done earlier.
    Late,
    /// No trades for now.
    Paused,
    /// A route fails.
    Route {
        /// The trade.
        trade: u32,
        /// The route.
        route: u32,
        /// Why.
        error: HandlerError,
    },
    /// A handler says that it traded, and the units are not there.
    HandlerLied {
        /// Which.
        handler: Address,
        /// What it says.
        said: Quote,
        /// What was moved.
        done: Quote,
    },
    /// A trade is outside of its bounds.
    Limit {
        /// The trade.
        trade: u32,
        /// What it would come to.
        quote: Quote,
    },
    /// Prices are further apart over the routes than the trade allows.
    Uneven {
        /// The trade.
        trade: u32,
        /// Units that a million more would bring on the best route, at its price at the end.
        best: u128,
        /// On the worst.
        worst: u128,
    },
    /// The partner takes more than the account allows, or is not registered, or wants more than can be had.
    Fee {
        /// What it takes, in parts of a million.
        ppm: u32,
    },
    /// It has to wait, or was not proposed.
    NotYet {
        /// Until when, in ms since 1970.
        from_ms: u64,
    },
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
    /// The proxy does not bring the account's units, with this code.
    Proxy {
        /// Its code.
        code: u32,
    },
    /// Not for this caller.
    Role {
        /// Why.
        error: RoleError,
    },
}

impl From<AssetError> for RouterError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

impl From<RoleError> for RouterError {
    fn from(error: RoleError) -> Self {
        Self::Role { error }
    }
}

/// A trade was done.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Traded {
    /// Whose units were sold.
    #[topic]
    pub account: Address,
    /// What was sold.
    pub sell: Asset,
    /// What was bought.
    pub buy: Asset,
    /// What it came to.
    pub outcome: Outcome,
}

/// Units that nobody needed went back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Returned {
    /// To whom.
    #[topic]
    pub account: Address,
    /// Which.
    pub asset: Asset,
    /// How many.
    pub units: u128,
}

/// A handler may be used from now on, from a time, or no more.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct HandlerChanged {
    /// Which.
    #[topic]
    pub handler: Address,
    /// From when, in ms since 1970; no more if there is none.
    pub from_ms: Option<u64>,
}

/// A partner takes this from now on.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct PartnerRegistered {
    /// Who.
    #[topic]
    pub partner: Address,
    /// Parts of a million.
    pub fee_ppm: u32,
}
