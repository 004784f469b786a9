//! From call data to a method and from its result to the caller.

use crate::abi::{Interface, shared_errors};
use crate::buffer::{Buffer, decoded};
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

/// The call data.
pub fn call_data() -> Buffer {
    env::call_data()
}

/// Selector and arguments of call data. The selector is a number, because one comparison is less code than four.
pub fn selector(input: &[u8]) -> (u32, &[u8]) {
    match input.split_first_chunk::<4>() {
        Some((selector, arguments)) => (u32::from_le_bytes(*selector), arguments),
        None => unknown_method(),
    }
}

/// Decodes the next argument.
#[inline(never)]
pub fn argument<T: Decode + 'static>(rest: &mut &[u8]) -> T {
    match decoded(rest) {
        Some(value) => value,
        None => revert_shared(shared_errors::BAD_ARGUMENTS, &[]),
    }
}

/// Refuses bytes after the last argument.
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
    finish(Buffer::of(value));
}

#[inline(never)]
fn finish(bytes: Buffer) {
    // Nothing to say is said by returning.
    if !bytes.is_empty() {
        env::finish(&bytes);
    }
}

/// Ends the call with a value or an error.
pub fn conclude<T: Encode, E: ContractError>(result: Result<T, E>) {
    match result {
        Ok(value) => answer(&value),
        Err(error) => revert(&error),
    }
}

/// Ends the call with an error.
pub fn revert(error: &impl ContractError) -> ! {
    env::revert(error.code(), &Buffer::of(error))
}

/// Ends the call with an error that every contract shares.
pub fn revert_shared(code: u32, data: &[u8]) -> ! {
    env::revert(code, data)
}

/// Ends the call because no method has its selector.
pub fn unknown_method() -> ! {
    revert_shared(shared_errors::UNKNOWN_METHOD, &[])
}
