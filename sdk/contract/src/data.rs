//! Errors and events.

use crate::abi::{Abi, EventType, Type};
use crate::buffer::Buffer;
use crate::env;
use crate::sys::host_call;
use parity_scale_codec::{Decode, Encode, Error, Input, Output};

/// An error that a contract reverts with; derive it.
pub trait ContractError: Encode + Decode + Abi {
    /// A number of this error, from 1.
    fn code(&self) -> u32;
}

/// An event; derive it.
pub trait Event: Encode + Decode + Abi {
    /// Its description.
    const EVENT: EventType;

    /// Records it.
    fn emit(&self);
}

/// The error of methods that have none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoError {}

impl Encode for NoError {
    fn encode_to<T: Output + ?Sized>(&self, _: &mut T) {}
}

impl Decode for NoError {
    fn decode<I: Input>(_: &mut I) -> Result<Self, Error> {
        Err("this method has no error".into())
    }
}

impl Abi for NoError {
    const TYPE: &'static Type = <() as Abi>::TYPE;
}

impl ContractError for NoError {
    fn code(&self) -> u32 {
        0
    }
}

/// A field as a topic: its encoding, padded with zeros, or the SHA3-256 of an encoding longer than 32 bytes.
pub fn topic(field: &impl Encode) -> [u8; 32] {
    digest_or_padded(Buffer::of(field))
}

#[inline(never)]
fn digest_or_padded(bytes: Buffer) -> [u8; 32] {
    if bytes.len() > 32 {
        return env::sha3_256(&bytes).0;
    }
    let mut topic = [0; 32];
    topic[..bytes.len()].copy_from_slice(&bytes);
    topic
}

/// Records an event with topics.
pub fn emit(topics: &[[u8; 32]], data: &impl Encode) {
    record(topics.as_flattened(), Buffer::of(data));
}

#[inline(never)]
fn record(topics: &[u8], data: Buffer) {
    host_call!(emit(read topics, number (topics.len() / 32) as u32, read data, length data));
}
