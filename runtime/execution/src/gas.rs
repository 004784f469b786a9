//! Prices that are not in a module's own code.

use counterpart_host_functions::{HostFunction, Stop};
use counterpart_module::PreparedModule;

/// Gas of entering a frame for each page that its memory starts with: it is made zero again.
const INITIAL_PAGE: u64 = 4_000;
/// Bytes of metered code for one gas when a frame is entered.
const CODE_BYTES: u64 = 16;
/// Gas for an entry that an iterator passes because this block removed it.
pub const TOMBSTONE: u64 = 1_000;

/// What a row costs for so many bytes.
pub fn cost(function: HostFunction, bytes: u64) -> u64 {
    let cost = function.cost();
    cost.base + per_byte(function, bytes)
}

/// The part of a row's cost that depends on bytes.
pub fn per_byte(function: HostFunction, bytes: u64) -> u64 {
    bytes.saturating_mul(function.cost().per_byte_16th) / 16
}

/// What it costs to make a module's instance.
pub fn instance(module: &PreparedModule) -> u64 {
    u64::from(module.initial_pages) * INITIAL_PAGE + module.metered_bytes as u64 / CODE_BYTES
}

/// Takes gas; what is taken stays taken when there was not enough.
pub fn charge(gas: &mut i64, amount: u64) -> Result<(), Stop> {
    *gas = gas.saturating_sub(i64::try_from(amount).unwrap_or(i64::MAX));
    if *gas < 0 { Err(Stop::OutOfGas) } else { Ok(()) }
}
