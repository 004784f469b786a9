//! Lets the router fill signed orders.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_contracts::account;
use counterpart_sdk::prelude::*;
use signed_orders::{OrderError, SignedOrder, SignedOrdersRef};
use trading::{HandlerError, Order, Quote};

/// What an order's data holds: the contract that fills signed orders, the order and its maker's signature.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Signed {
    /// The contract.
    pub contract: Address,
    /// The order.
    pub order: SignedOrder,
    /// The maker's signature.
    pub signature: [u8; 64],
}

/// Nothing is kept: every call ends with nothing left here.
#[storage]
pub struct OrderHandler {}

#[contract(events())]
impl OrderHandler {
    /// Makes a handler for all signed orders.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `swap` would cost and bring now; the data is a [`Signed`].
    pub fn quote(&self, order: Order) -> Result<Quote, HandlerError> {
        let signed = signed(&order)?;
        let contract = SignedOrdersRef::at(signed.contract);
        let quote = answered(contract.quote(signed.order, env::self_address(), order.kind).try_call())?;
        if order.kind.accepts(&quote) { Ok(quote) } else { Err(HandlerError::Limit { quote }) }
    }

    /// Fills with what the router lets it take; everything goes to the receiver.
    pub fn swap(&mut self, order: Order, receiver: Address) -> Result<Quote, HandlerError> {
        let quote = self.quote(order.clone())?;
        let Signed { contract, order: signed, signature } = signed(&order)?;
        order.trade(quote, account::of_key(&signed.maker), receiver, || {
            answered(SignedOrdersRef::at(contract).fill(signed, signature, order.kind, receiver).try_call())
        })
    }
}

fn signed(order: &Order) -> Result<Signed, HandlerError> {
    let mut data = order.data.as_slice();
    let signed = Signed::decode(&mut data).map_err(|_| HandlerError::NoMarket)?;
    let fits = data.is_empty() && signed.order.sell == order.buy && signed.order.buy == order.sell;
    if fits { Ok(signed) } else { Err(HandlerError::NoMarket) }
}

fn answered<T>(answer: Result<Result<T, OrderError>, CallFailure>) -> Result<T, HandlerError> {
    trading::answered(answer, |error| match error {
        OrderError::Limit { spent, bought } => {
            Some(HandlerError::Limit { quote: Quote { spent: *spent, bought: *bought } })
        }
        OrderError::Asset { error } => Some(HandlerError::Asset { error: error.clone() }),
        _ => None,
    })
}
