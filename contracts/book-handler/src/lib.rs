//! Lets the router trade with order books.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use order_book::{BookError, OrderBookRef};
use trading::{HandlerError, Order, Quote};

/// Nothing is kept: every call ends with nothing left here.
#[storage]
pub struct BookHandler {}

#[contract(events())]
impl BookHandler {
    /// Makes a handler for all books.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `swap` would cost and bring now; the data is the book's address.
    pub fn quote(&self, order: Order) -> Result<Quote, HandlerError> {
        let book = OrderBookRef::at(book(&order)?);
        let quote = answered(book.quote(env::self_address(), order.sell, order.kind).try_call())?;
        if order.kind.accepts(&quote) { Ok(quote) } else { Err(HandlerError::Limit { quote }) }
    }

    /// Trades what the router lets it take; everything goes to the receiver.
    pub fn swap(&mut self, order: Order, receiver: Address) -> Result<Quote, HandlerError> {
        let quote = self.quote(order.clone())?;
        let book = book(&order)?;
        order.trade(quote, book, receiver, || {
            answered(OrderBookRef::at(book).swap(order.sell, order.kind, receiver).try_call())
        })
    }
}

fn book(order: &Order) -> Result<Address, HandlerError> {
    order.data.as_slice().try_into().map(Address).map_err(|_| HandlerError::NoMarket)
}

fn answered<T>(answer: Result<Result<T, BookError>, CallFailure>) -> Result<T, HandlerError> {
    trading::answered(answer, |error| match error {
        BookError::WrongAsset => Some(HandlerError::NoMarket),
        BookError::Limit { spent, bought } => {
            Some(HandlerError::Limit { quote: Quote { spent: *spent, bought: *bought } })
        }
        BookError::Asset { error } => Some(HandlerError::Asset { error: error.clone() }),
        _ => None,
    })
}
