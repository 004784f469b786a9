//! `dev_`: controls that only a devnet offers.

use super::super::backend::{Backend, Development};
use super::super::error::RpcError;
use super::super::parameters::{AddressText, Amount};
use super::super::registry::Method;
use super::tx::{SEND_ERRORS, Sent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most blocks that one call asks for.
const MAX_BLOCKS: u32 = 1_000;
/// Furthest that one call moves the clock: a hundred years.
const MAX_ADVANCE_MS: u64 = 100 * 366 * 24 * 3_600_000;

pub fn methods() -> Vec<Method> {
    vec![
        Method::new("dev_fund", "Sends native currency from the faucet.", SEND_ERRORS, fund),
        Method::new("dev_advance_time", "Moves the clock of coming blocks forward.", &[], advance_time),
        Method::new("dev_make_blocks", "Makes blocks although no transaction waits.", &[], make_blocks),
    ]
}

fn development(backend: &dyn Backend) -> Result<&dyn Development, RpcError> {
    backend.development().ok_or_else(|| RpcError::new("unavailable", "this is not a devnet"))
}

/// Whom to fund.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FundParameters {
    /// The receiver.
    address: AddressText,
    /// Native atomic units.
    amount: Amount,
}

fn fund(backend: &dyn Backend, parameters: FundParameters) -> Result<Sent, RpcError> {
    let hash = development(backend)?.fund(parameters.address.0, parameters.amount.0)?;
    Ok(Sent { hash: hash.to_string() })
}

/// How far.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TimeParameters {
    /// In ms; at most a hundred years.
    by_ms: u64,
}

/// Nothing to say.
#[derive(Serialize, JsonSchema)]
struct Done {
    /// Height of the newest block when it was asked for.
    height: u64,
}

fn advance_time(backend: &dyn Backend, parameters: TimeParameters) -> Result<Done, RpcError> {
    if parameters.by_ms > MAX_ADVANCE_MS {
        return Err(RpcError::new("bad_parameters", format!("`by_ms` is at most {MAX_ADVANCE_MS}")));
    }
    development(backend)?.advance_time(parameters.by_ms);
    Ok(Done { height: backend.store().head().height.0 })
}

/// How many.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BlocksParameters {
    /// 1 to 1 000.
    count: u32,
}

fn make_blocks(backend: &dyn Backend, parameters: BlocksParameters) -> Result<Done, RpcError> {
    if !(1..=MAX_BLOCKS).contains(&parameters.count) {
        return Err(RpcError::new("bad_parameters", format!("`count` is 1 to {MAX_BLOCKS}")));
    }
    development(backend)?.make_blocks(parameters.count);
    Ok(Done { height: backend.store().head().height.0 })
}
