//! How an exchange is asked.

use crate::{Asset, AssetError};
use counterpart_sdk::prelude::*;

/// What is fixed of an order, and the bound of the other side.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// So much is given, for at least so much.
    ExactIn {
        /// Units given, at most.
        spend: u128,
        /// Units to get for all of them, at least.
        min_buy: u128,
    },
    /// So much is wanted, for at most so much.
    ExactOut {
        /// Units to get, at least.
        buy: u128,
        /// Units given, at most.
        max_spend: u128,
    },
}

/// What an exchange is asked to do.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// What is given.
    pub sell: Asset,
    /// What is wanted.
    pub buy: Asset,
    /// How much.
    pub kind: Kind,
    /// Which of the exchange's markets, and whatever else its handler has to know.
    pub data: Vec<u8>,
}

/// What an order costs and brings.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Quote {
    /// Units given.
    pub spent: u128,
    /// Units got.
    pub bought: u128,
}

/// Why a handler does not trade.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum HandlerError {
    /// The data names no market of this exchange, or one for other assets.
    NoMarket,
    /// The exchange does not give so much for so little.
    Limit {
        /// What it would cost and bring.
        quote: Quote,
    },
    /// The exchange refuses, with this code of its own.
    Exchange {
        /// Its code; none if it did not answer.
        code: Option<u32>,
    },
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

/// What the router asks of an exchange's handler. For the time of `swap` it consents that the handler takes what may be spent;
/// afterwards the handler has sent what it bought, and what is left, to the receiver.
#[interface]
pub trait Handler {
    /// What `swap` would cost and bring now.
    fn quote(&self, order: Order) -> Result<Quote, HandlerError>;

    /// Trades; everything goes to the receiver.
    fn swap(&mut self, order: Order, receiver: Address) -> Result<Quote, HandlerError>;
}

impl Kind {
    /// Units that are given, at most.
    pub const fn budget(&self) -> u128 {
        match *self {
            Self::ExactIn { spend, .. } => spend,
            Self::ExactOut { max_spend, .. } => max_spend,
        }
    }

    /// Whether a quote brings anything and is within the bounds. An order that is filled in part has to be filled at the same rate.
    pub fn accepts(&self, quote: &Quote) -> bool {
        if quote.bought == 0 {
            return false;
        }
        match *self {
            Self::ExactIn { spend, min_buy } => {
                let least = env::mul_div(min_buy, quote.spent, spend, counterpart_sdk::rounding::CEIL);
                quote.spent <= spend && least.is_some_and(|least| quote.bought >= least)
            }
            Self::ExactOut { buy, max_spend } => quote.bought >= buy && quote.spent <= max_spend,
        }
    }
}

/// What an exchange answered, in the words of handlers: `known` names the errors that say something to whoever trades.
///
/// # Errors
/// [`HandlerError`].
pub fn answered<T, E: counterpart_sdk::ContractError>(
    answer: Result<Result<T, E>, CallFailure>,
    known: impl FnOnce(&E) -> Option<HandlerError>,
) -> Result<T, HandlerError> {
    match answer {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(known(&error).unwrap_or(HandlerError::Exchange { code: Some(error.code()) })),
        Err(CallFailure::Reverted(code)) => Err(HandlerError::Exchange { code: Some(code) }),
        Err(_) => Err(HandlerError::Exchange { code: None }),
    }
}

impl Order {
    /// Trades for the router: takes what may be spent from the caller, consents that the exchange takes what it quoted, and
    /// sends back what is left.
    ///
    /// # Errors
    /// [`HandlerError`].
    pub fn trade(
        &self,
        quote: Quote,
        payee: Address,
        receiver: Address,
        swap: impl FnOnce() -> Result<Quote, HandlerError>,
    ) -> Result<Quote, HandlerError> {
        let moved = |result: Result<(), AssetError>| result.map_err(|error| HandlerError::Asset { error });
        let (here, budget) = (env::self_address(), self.kind.budget());
        moved(self.sell.transfer(env::caller(), here, budget))?;
        self.sell.authorize_transfer(payee, quote.spent);
        let done = swap()?;
        moved(self.sell.transfer(here, receiver, budget.saturating_sub(done.spent)))?;
        Ok(done)
    }
}
