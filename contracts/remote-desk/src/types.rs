//! Orders as both chains know them, and what the desk answers, reports and refuses.

use counterpart_sdk::prelude::*;
use light_client::ClientError;
use trading::{Asset, AssetError, HandlerError};

/// An order that is locked on one chain, to be fulfilled by a desk on another.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct RemoteOrder {
    /// Whose units are locked.
    pub maker: Address,
    /// What is locked, on the order's chain.
    pub sell: Asset,
    /// Units of it.
    pub units: u128,
    /// The desk's chain.
    pub desk_chain: u64,
    /// The desk.
    pub desk: Address,
    /// What is wanted, on the desk's chain.
    pub buy: Asset,
    /// Units of it, at least.
    pub min_buy: u128,
    /// Who gets them, on the desk's chain.
    pub receiver: Address,
    /// From when the desk does not fulfil it any more, in ms of the desk's chain since 1970.
    pub deadline_ms: u64,
}

/// Which order: of a chain, of a contract, by number.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderId {
    /// The order's chain.
    pub chain: u64,
    /// The contract that locks.
    pub contract: Address,
    /// Its number there.
    pub order: u64,
}

/// That an order was fulfilled: who is paid for it, on the order's chain.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fulfilment {
    /// Who is paid.
    pub payee: Address,
    /// Units that the receiver got.
    pub bought: u128,
}

/// How the units come about: from the solver's own, or through a handler's exchange.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Through {
    /// The exchange's handler.
    pub handler: Address,
    /// What the solver gives there.
    pub sell: Asset,
    /// Units of it, at most.
    pub spend: u128,
    /// What the handler has to know.
    pub data: Vec<u8>,
}

/// Why the desk refuses.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum DeskError {
    /// The other chain's state is not proved, or the proof is of something else.
    NotProved,
    /// The light client refuses the proof.
    Client {
        /// Why.
        error: ClientError,
    },
    /// The order is for another desk or chain.
    Elsewhere,
    /// Its time is over.
    Late {
        /// Since when, in ms since 1970.
        deadline_ms: u64,
    },
    /// It was fulfilled already.
    Fulfilled {
        /// For whom.
        fulfilment: Fulfilment,
    },
    /// Fewer units than wanted would reach the receiver.
    TooFew {
        /// How many.
        have: u128,
        /// Wanted.
        want: u128,
    },
    /// The handler does not trade.
    Handler {
        /// Why.
        error: HandlerError,
    },
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

impl From<AssetError> for DeskError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

/// An order was fulfilled.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct OrderFulfilled {
    /// Which.
    pub id: OrderId,
    /// By whom, on this chain.
    #[topic]
    pub solver: Address,
    /// Who is paid, on the order's chain, and what the receiver got.
    pub fulfilment: Fulfilment,
}
