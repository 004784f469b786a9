//! Lets the router trade with liquidity pools.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use liquidity_pool::{LiquidityPoolRef, PoolError};
use trading::{HandlerError, Order, Quote};

/// Nothing is kept: every call ends with nothing left here.
#[storage]
pub struct PoolHandler {}

#[contract(events())]
impl PoolHandler {
    /// Makes a handler for all pools.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `swap` would cost and bring now; the data is the pool's address.
    pub fn quote(&self, order: Order) -> Result<Quote, HandlerError> {
        let quote = answered(LiquidityPoolRef::at(pool(&order)?).quote(order.sell, order.kind).try_call())?;
        if order.kind.accepts(&quote) { Ok(quote) } else { Err(HandlerError::Limit { quote }) }
    }

    /// Trades what the router lets it take; everything goes to the receiver.
    pub fn swap(&mut self, order: Order, receiver: Address) -> Result<Quote, HandlerError> {
        let quote = self.quote(order.clone())?;
        let pool = pool(&order)?;
        order.trade(quote, pool, receiver, || {
            answered(LiquidityPoolRef::at(pool).swap(order.sell, order.kind, receiver).try_call())
        })
    }
}

fn pool(order: &Order) -> Result<Address, HandlerError> {
    order.data.as_slice().try_into().map(Address).map_err(|_| HandlerError::NoMarket)
}

fn answered<T>(answer: Result<Result<T, PoolError>, CallFailure>) -> Result<T, HandlerError> {
    trading::answered(answer, |error| match error {
        PoolError::WrongAsset => Some(HandlerError::NoMarket),
        PoolError::Limit { spent, bought } => {
            Some(HandlerError::Limit { quote: Quote { spent: *spent, bought: *bought } })
        }
        PoolError::Asset { error } => Some(HandlerError::Asset { error: error.clone() }),
        _ => None,
    })
}
