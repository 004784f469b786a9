//! `audit_`: what a block needs to be replayed anywhere, and what happened inside a transaction.

use super::super::answers::hex;
use super::super::backend::Backend;
use super::super::error::RpcError;
use super::super::parameters::{HashText, resolve};
use super::super::registry::Method;
use super::tx::located;
use super::{BlockParameters, known_abi};
use counterpart_audit::{ExtractError, Flame, explain, extract, trace};
use counterpart_ledger::Address;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub fn methods() -> Vec<Method> {
    vec![
        Method::new(
            "audit_bundle",
            "A block with its code, the entries that it reads and their proofs: enough to execute it again anywhere.",
            &["unknown_block", "height_above_head", "not_certified_yet"],
            bundle,
        ),
        Method::new(
            "audit_trace",
            "Executes a transaction again and tells its frames and host calls with the gas of each.",
            &["unknown_transaction"],
            traced,
        ),
    ]
}

impl From<ExtractError> for RpcError {
    fn from(error: ExtractError) -> Self {
        let name = match &error {
            ExtractError::NoBlock(_) => "unknown_block",
            ExtractError::NotCertified(_) => "not_certified_yet",
            _ => "fault",
        };
        Self::new(name, error.to_string())
    }
}

/// A bundle.
#[derive(Serialize, JsonSchema)]
struct BundleAnswer {
    /// Height of the block.
    height: u64,
    /// Number of its transactions.
    transactions: usize,
    /// Length of the bundle in bytes.
    bytes: usize,
    /// The bundle.
    bundle: String,
}

fn bundle(backend: &dyn Backend, parameters: BlockParameters) -> Result<BundleAnswer, RpcError> {
    let height = resolve(backend, parameters.height, parameters.hash)?;
    if height.0 == 0 {
        return Err(RpcError::new("unknown_block", "genesis executes nothing"));
    }
    let bundle = extract(backend.store(), backend.executor(), height)?;
    let bytes = bundle.to_bytes();
    let transactions = bundle.block.transactions.len();
    Ok(BundleAnswer { height: height.0, transactions, bytes: bytes.len(), bundle: hex(bytes) })
}

/// Which transaction.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TraceParameters {
    /// Its hash.
    hash: HashText,
}

/// What happened inside a transaction.
#[derive(Serialize, JsonSchema)]
struct TraceAnswer {
    /// Its hash.
    hash: String,
    /// Height of its block.
    height: u64,
    /// Gas that it used.
    gas_used: u64,
    /// Its outermost frames: method, arguments, outcome, gas, and `steps`, which are host calls and nested frames.
    calls: Vec<Value>,
    /// The gas by frames and host functions: `name`, `kind`, `gas`, `parts`.
    flame: Value,
    /// One line for each part, in the format of flame-graph tools.
    folded: String,
    /// The flame graph.
    svg: String,
}

fn traced(backend: &dyn Backend, parameters: TraceParameters) -> Result<TraceAnswer, RpcError> {
    let HashText(hash) = parameters.hash;
    let (height, index) = located(backend, &hash)?;
    let traces = trace(backend.store(), backend.executor(), height)?;
    let trace = traces.get(index as usize).ok_or_else(|| RpcError::new("fault", "a transaction is missing"))?;
    let abis = |address: &Address| known_abi(backend, address);
    let calls: Vec<_> = trace.calls.iter().map(|call| explain(call, &abis)).collect();
    let flame = Flame::of_transaction(&hash.to_string(), trace.gas_used.0, &calls);
    Ok(TraceAnswer {
        hash: hash.to_string(),
        height: height.0,
        gas_used: trace.gas_used.0,
        calls: calls.iter().map(|call| json!(call)).collect(),
        folded: flame.folded(),
        svg: flame.to_svg(),
        flame: json!(flame),
    })
}
