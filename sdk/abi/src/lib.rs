//! The interface of a contract as data: how methods are named on the wire.
#![no_std]

mod selector;

pub use selector::{SELECTOR_LENGTH, selector};
