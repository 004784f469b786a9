//! What the contract reports and refuses.

use counterpart_sdk::prelude::*;
use light_client::ClientError;
use trading::AssetError;

/// Why an order is refused, or does not end.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum OrderError {
    /// It locks nothing, wants nothing, or is for this chain.
    BadOrder,
    /// No such order is locked.
    NoOrder {
        /// Its number.
        order: u64,
    },
    /// The proof is of something else.
    NotProved,
    /// The light client refuses the proof.
    Client {
        /// Why.
        error: ClientError,
    },
    /// The other chain says that it was not fulfilled.
    NotFulfilled,
    /// The other chain says that it was.
    Fulfilled,
    /// It may still be fulfilled.
    TooEarly {
        /// Until when, in ms since 1970.
        deadline_ms: u64,
    },
    /// The light client is not frozen: bring a proof.
    NotFrozen,
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

/// Units were locked for an exchange on another chain.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Locked {
    /// The order's number.
    #[topic]
    pub order: u64,
    /// Whose.
    #[topic]
    pub maker: Address,
    /// The desk's chain.
    pub desk_chain: u64,
    /// The desk.
    pub desk: Address,
}

/// The units went to who fulfilled the order, or back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// The order's number.
    #[topic]
    pub order: u64,
    /// To whom.
    #[topic]
    pub to: Address,
    /// Whether it was fulfilled.
    pub fulfilled: bool,
}
