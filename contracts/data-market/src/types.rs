//! What the market keeps, reports and refuses.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// What holds for all.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// The register of devices and events.
    pub register: Address,
    /// Who opens seals in disputes.
    pub referee: Address,
    /// In what keys are paid.
    pub asset: Asset,
    /// How long a gateway has to deliver, in ms.
    pub deliver_ms: u64,
    /// How long a buyer has to dispute what was delivered, in ms.
    pub dispute_ms: u64,
    /// What gateways get of each deduction, in parts of a million.
    pub gateway_ppm: u32,
    /// What the site's fund gets of it, in parts of a million; what is left is the device's owner's.
    pub fund_ppm: u32,
    /// The site's fund.
    pub fund: Address,
    /// Units of a gateway's bond that it loses for each wrong key.
    pub penalty: u128,
    /// How long another admin waits, in ms.
    pub admin_delay_ms: u64,
}

/// What a reading costs, by its class and age.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Price {
    /// Units while it is fresh.
    pub fresh: u128,
    /// Units afterwards.
    pub old: u128,
    /// How long it is fresh, in ms.
    pub fresh_ms: u64,
    /// From so many keys in a request on,
    pub many: u32,
    /// each costs so much less, in parts of a million.
    pub less_ppm: u32,
}

/// What somebody paid in.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Account {
    /// Units that no request holds.
    pub available: u128,
    /// Units that requests hold.
    pub locked: u128,
    /// Units that went for keys.
    pub spent: u128,
    /// Units that came in.
    pub topped_up: u128,
    /// Units that went out.
    pub withdrawn: u128,
}

/// Where a request stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestStatus {
    /// The gateway has yet to deliver.
    Open,
    /// The keys are there; the buyer may dispute.
    Delivered,
    /// It is paid.
    Settled,
    /// Nothing was delivered in time, and everything went back.
    Refunded,
}

/// A key that was asked for: the record of its deduction.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Deduction {
    /// Which event.
    pub event: u64,
    /// Units.
    pub units: u128,
    /// At which version of the prices.
    pub version: u32,
    /// Who gets the revenue.
    pub seller: Address,
    /// The key, sealed for the buyer, once it is delivered.
    pub wrapped: Option<Wrapped>,
    /// Whether the buyer has shown that it was wrong: its units went back.
    pub refunded: bool,
}

/// A sealed key.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Wrapped {
    /// The encapsulated key.
    pub enc: [u8; 32],
    /// The sealed key.
    pub ciphertext: Vec<u8>,
}

/// A request for keys.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Who asks and pays.
    pub buyer: Address,
    /// For which X25519 key the keys are sealed; another one for each request.
    pub key: [u8; 32],
    /// Which gateway delivers.
    pub gateway: Address,
    /// What was asked for.
    pub deductions: Vec<Deduction>,
    /// Until when the present status lasts without anybody's doing, in ms since 1970.
    pub until_ms: u64,
    /// Where it stands.
    pub status: RequestStatus,
}

/// What the market refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum MarketError {
    /// Terms or fields make no sense.
    BadTerms,
    /// There is no price for this class.
    NoPrice {
        /// The class.
        class: u8,
    },
    /// The prices are others than the buyer saw.
    Changed {
        /// The version now.
        version: u32,
    },
    /// No events, too many, one twice, or of several gateways.
    BadRequest,
    /// There is no such event, or its key is not sold.
    NotOnSale {
        /// Its number.
        event: u64,
    },
    /// It costs more than the buyer gives.
    TooMuch {
        /// Units that it costs.
        units: u128,
    },
    /// The account or bond has too little.
    TooLittle {
        /// Units that there are.
        have: u128,
    },
    /// As many open requests as a buyer can have.
    TooMany {
        /// That many.
        limit: u32,
    },
    /// There is no such request.
    NoRequest {
        /// Its number.
        request: u64,
    },
    /// Not where the request stands, or not at this time.
    WrongStatus {
        /// Where it stands.
        status: RequestStatus,
        /// Until when, in ms since 1970.
        until_ms: u64,
    },
    /// A key for each event, in their order.
    NotAll,
    /// The seed is not that of the request's key.
    WrongSeed,
    /// The body is not the one that was recorded.
    WrongBody,
    /// The key is the one that was committed to, and opens the body: nothing is wrong.
    NothingWrong,
    /// The event is none of the request's, or was refunded.
    NoDeduction {
        /// Its number.
        event: u64,
    },
    /// Not for this caller.
    Stranger,
    /// Not for this caller.
    Role {
        /// Why.
        error: RoleError,
    },
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

impl From<AssetError> for MarketError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

impl From<RoleError> for MarketError {
    fn from(error: RoleError) -> Self {
        Self::Role { error }
    }
}

/// A price has another version.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct PriceChanged {
    /// Of which class.
    #[topic]
    pub class: u8,
    /// The price.
    pub price: Price,
    /// The version of all prices.
    pub version: u32,
}

/// Keys are asked for, and units set aside for them.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Requested {
    /// Its number.
    #[topic]
    pub request: u64,
    /// Who asks.
    #[topic]
    pub buyer: Address,
    /// Which gateway delivers.
    #[topic]
    pub gateway: Address,
    /// Units.
    pub units: u128,
}

/// A request stands elsewhere.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct RequestChanged {
    /// Which.
    #[topic]
    pub request: u64,
    /// Where.
    pub status: RequestStatus,
}

/// A wrong key was shown.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Disputed {
    /// Of which request.
    #[topic]
    pub request: u64,
    /// Which event.
    pub event: u64,
    /// Units that went back.
    pub refunded: u128,
    /// Units of the gateway's bond that went to the buyer.
    pub slashed: u128,
}
