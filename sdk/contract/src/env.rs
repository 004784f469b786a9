//! What a contract can ask of the host, typed.

use crate::buffer::Buffer;
use crate::message::CallFailure;
use crate::sys::host_call;
use alloc::vec;
use alloc::vec::Vec;
use counterpart_host_functions::{Address, Hash, HostError};

macro_rules! read_32 {
    ($(#[$doc:meta])* $name:ident -> $ty:ident) => {
        $(#[$doc])*
        pub fn $name() -> $ty {
            let mut out = [0; 32];
            host_call!($name(write out));
            $ty(out)
        }
    };
}

read_32! {
    /// The address of this contract.
    self_address -> Address
}
read_32! {
    /// Who called: an account or a contract.
    caller -> Address
}
read_32! {
    /// The account that sent the transaction. Not a proof of consent: use [`require_auth`].
    origin -> Address
}
read_32! {
    /// The hash of the parent block. The leader sees it before it orders transactions.
    parent_hash -> Hash
}

/// The number of the chain.
pub fn chain_id() -> u64 {
    host_call!(chain_id()) as u64
}

/// The height of the block.
pub fn block_height() -> u64 {
    host_call!(block_height()) as u64
}

/// The time of the block, in ms since 1970; never falls.
pub fn block_time_ms() -> u64 {
    host_call!(block_time_ms()) as u64
}

/// The gas that this frame has left.
pub fn gas_left() -> u64 {
    host_call!(gas_left()) as u64
}

/// The native amount sent with this call.
pub fn value() -> u128 {
    let mut out = [0; 16];
    host_call!(value(write out));
    u128::from_le_bytes(out)
}

/// The input of this call.
pub fn input() -> Vec<u8> {
    call_data().into_bytes()
}

#[inline(never)]
pub(crate) fn call_data() -> Buffer {
    Buffer::received(&mut |room, size| host_call!(input(write room, number 0u32, number size))).unwrap_or_default()
}

/// Ends this call with success.
pub fn finish(data: &[u8]) -> ! {
    host_call!(finish(read data, length data));
    unreachable!("the host does not come back")
}

/// Ends this call, undoes its writes and hands a code and data to the caller.
pub fn revert(code: u32, data: &[u8]) -> ! {
    host_call!(revert(number code, read data, length data));
    unreachable!("the host does not come back")
}

/// The value at a key.
pub fn storage_get(key: &[u8]) -> Option<Vec<u8>> {
    stored(key).map(Buffer::into_bytes)
}

#[inline(never)]
pub(crate) fn stored(key: &[u8]) -> Option<Buffer> {
    Buffer::received(&mut |room, size| host_call!(storage_get(read key, length key, write room, number size)))
}

/// Writes a value.
pub fn storage_set(key: &[u8], value: &[u8]) {
    host_call!(storage_set(read key, length key, read value, length value));
}

/// Removes an entry; whether there was one.
pub fn storage_remove(key: &[u8]) -> bool {
    host_call!(storage_remove(read key, length key)) == 1
}

/// Whether there is an entry.
pub fn storage_has(key: &[u8]) -> bool {
    host_call!(storage_has(read key, length key)) == 1
}

/// Adds to the number at a key if the sum stays within the bounds; whether it did.
pub fn storage_add(key: &[u8], delta: i128, minimum: i128, maximum: i128) -> bool {
    let (delta, minimum, maximum) = (delta.to_le_bytes(), minimum.to_le_bytes(), maximum.to_le_bytes());
    host_call!(storage_add(read key, length key, read delta, read minimum, read maximum)) == 0
}

/// The value of this transaction at a key.
pub fn transient_get(key: &[u8]) -> Option<Vec<u8>> {
    let value =
        Buffer::received(&mut |room, size| host_call!(transient_get(read key, length key, write room, number size)));
    value.map(Buffer::into_bytes)
}

/// Writes a value that lives until the end of the transaction; an empty one removes.
pub fn transient_set(key: &[u8], value: &[u8]) {
    host_call!(transient_set(read key, length key, read value, length value));
}

/// Entries of `[start, end)`, at most `limit`, in byte order or from the end. An empty `end` is no bound.
pub fn storage_range(start: &[u8], end: &[u8], descending: bool, limit: u32) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut entries = Vec::new();
    if limit == 0 {
        return entries;
    }
    let handle =
        host_call!(storage_range(read start, length start, read end, length end, number u32::from(descending)));
    let handle = handle as u32;
    let (mut key, mut value, mut lengths) = ([0; 256], vec![0; 512], [0; 8]);
    while (entries.len() as u32) < limit {
        let (key_capacity, value_capacity) = (key.len() as u32, value.len() as u32);
        let more = host_call!(storage_next(
            number handle, write key, number key_capacity, write value, number value_capacity, write lengths
        ));
        if more != 1 {
            break;
        }
        let [a, b, c, d, e, f, g, h] = lengths;
        let key_length = u32::from_le_bytes([a, b, c, d]) as usize;
        let value_length = u32::from_le_bytes([e, f, g, h]) as usize;
        let key = key[..key_length].to_vec();
        let whole = match value.get(..value_length) {
            Some(whole) => whole.to_vec(),
            None => storage_get(&key).unwrap_or_default(),
        };
        entries.push((key, whole));
    }
    host_call!(storage_close(number handle));
    entries
}

/// Whether an address consents to this very call: it is the caller, or has authorised this contract and input.
pub fn is_authorized(address: &Address) -> bool {
    host_call!(require_auth(read address.0)) == 0
}

/// Reverts unless the address consents to this very call.
pub fn require_auth(address: &Address) {
    if !is_authorized(address) {
        crate::dispatch::revert_shared(crate::abi::shared_errors::UNAUTHORIZED, &address.0);
    }
}

/// This contract consents, as itself, to one call with exactly this input below the next nested call.
pub fn authorize_call(contract: &Address, input: &[u8]) {
    host_call!(authorize_call(read contract.0, read input, length input));
}

/// The native balance of an address.
pub fn balance(address: &Address) -> u128 {
    let mut out = [0; 16];
    host_call!(balance(read address.0, write out));
    u128::from_le_bytes(out)
}

/// Sends native currency from this contract; runs no code of the receiver.
///
/// # Errors
/// [`CallFailure::InsufficientBalance`] when there is too little.
pub fn transfer(to: &Address, amount: u128) -> Result<(), CallFailure> {
    let amount = amount.to_le_bytes();
    match host_call!(transfer(read to.0, read amount)) {
        0 => Ok(()),
        _ => Err(CallFailure::InsufficientBalance),
    }
}

/// The code hash of a contract; `None` where there is no contract.
pub fn code_hash(address: &Address) -> Option<Hash> {
    let mut out = [0; 32];
    (host_call!(code_hash(read address.0, write out)) == 0).then_some(Hash(out))
}

/// From now on this frame may or may not be called again while it waits for a call.
pub fn allow_reentrancy(allow: bool) {
    host_call!(allow_reentrancy(number u32::from(allow)));
}

/// Text for the developer; consensus ignores it.
pub fn debug_log(text: &str) {
    let bytes = text.as_bytes();
    host_call!(debug_log(read bytes, length bytes));
}

macro_rules! hashes {
    ($($name:ident $text:literal;)*) => {
        $(#[doc = $text]
        pub fn $name(data: &[u8]) -> Hash {
            let mut out = [0; 32];
            host_call!($name(read data, length data, write out));
            Hash(out)
        })*
    };
}

hashes! {
    sha3_256 "SHA3-256 (FIPS 202).";
    keccak_256 "Keccak-256, with the padding before FIPS 202.";
    sha2_256 "SHA-256 (FIPS 180-4).";
    blake3 "BLAKE3.";
}

/// Whether an Ed25519 signature verifies, under the ZIP-215 rule.
pub fn ed25519_verify(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    host_call!(ed25519_verify(read public_key, read message, length message, read signature)) == 1
}

/// Whether a secp256k1 signature (low s) over a digest verifies under a compressed key.
pub fn secp256k1_verify(public_key: &[u8; 33], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    host_call!(secp256k1_verify(read public_key, read digest, read signature)) == 1
}

/// Whether a P-256 signature over a digest verifies under a compressed key.
pub fn p256_verify(public_key: &[u8; 33], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    host_call!(p256_verify(read public_key, read digest, read signature)) == 1
}

/// `a * b / divisor` with the whole product, rounded by a mode of [`crate::rounding`]; `None` when the result does not
/// fit or the divisor is zero.
pub fn mul_div(a: u128, b: u128, divisor: u128, mode: u32) -> Option<u128> {
    let (a, b, divisor) = (a.to_le_bytes(), b.to_le_bytes(), divisor.to_le_bytes());
    let mut out = [0; 16];
    let answer = host_call!(mul_div(read a, read b, read divisor, number mode, write out));
    (answer != HostError::Arithmetic.number()).then(|| u128::from_le_bytes(out))
}
