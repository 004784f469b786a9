//! From call data to a method and from its result to the caller.

use crate::abi::{Interface, shared_errors};
use crate::data::ContractError;
use crate::env;
use parity_scale_codec::{Decode, Encode};

/// A contract: `#[contract]` implements it.
pub trait Contract {
    /// Its interface.
    const INTERFACE: &'static Interface;

    /// Runs the constructor that the input names.
    fn deploy();

    /// Runs the method that the input names.
    fn call();
}

/// Selector and arguments of call data.
pub fn selector(input: &[u8]) -> ([u8; 4], &[u8]) {
    match input.split_first_chunk::<4>() {
        Some((selector, arguments)) => (*selector, arguments),
        None => unknown_method(),
    }
}

/// Decodes all arguments.
pub fn arguments<T: Decode>(mut bytes: &[u8]) -> T {
    match T::decode(&mut bytes) {
        Ok(value) if bytes.is_empty() => value,
        _ => revert_shared(shared_errors::BAD_ARGUMENTS, &[]),
    }
}

/// Refuses arguments where there are none to take.
pub fn no_arguments(bytes: &[u8]) {
    if !bytes.is_empty() {
        revert_shared(shared_errors::BAD_ARGUMENTS, &[]);
    }
}

/// Refuses native currency.
pub fn refuse_value() {
    if env::value() != 0 {
        revert_shared(shared_errors::NOT_PAYABLE, &[]);
    }
}

/// Ends the call with a value.
pub fn answer(value: &impl Encode) {
    value.using_encoded(|bytes| {
        if !bytes.is_empty() {
            env::finish(bytes);
        }
    });
}

/// Ends the call with an error.
pub fn revert(error: &impl ContractError) -> ! {
    error.using_encoded(|bytes| env::revert(error.code(), bytes))
}

/// Ends the call with an error that every contract shares.
pub fn revert_shared(code: u32, data: &[u8]) -> ! {
    env::revert(code, data)
}

/// Ends the call because no method has its selector.
pub fn unknown_method() -> ! {
    revert_shared(shared_errors::UNKNOWN_METHOD, &[])
}
