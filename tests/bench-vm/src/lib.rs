//! What a contract call and its metering cost, beside native code and an EVM.
//!
//! [`report`] measures CPU time of the thread, in one process and one run, and answers one JSON document:
//!
//! - `transfer`: a token transfer (input decoded, two balances read and written, an event, gas and stack counted,
//!   writes that can be undone) on each engine, in native Rust and on revm;
//! - `metering`: kernels that only compute, with and without counters.

mod clock;
mod evm;
mod host;
mod kernels;
mod token;

use serde_json::{Value, json};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Calls in one batch.
    pub calls: u32,
    /// Batches; the median counts.
    pub batches: u32,
}

impl Default for Size {
    fn default() -> Self {
        Self { calls: 10_000, batches: 15 }
    }
}

/// Measures everything.
///
/// # Errors
/// When an engine is lost or a result is wrong.
pub fn report(size: Size) -> Result<Value, String> {
    let revm = evm::transfer(size)?;
    let engines = token::engines()?;
    let mut transfers =
        vec![json!({ "name": "native", "ns": token::native(size) }), json!({ "name": "revm", "ns": revm })];
    let mut best = f64::INFINITY;
    for engine in &engines {
        let (ns, gas) = token::transfer(&**engine, size)?;
        best = best.min(ns);
        transfers.push(json!({ "name": engine.name(), "ns": ns, "gas": gas, "ratio_to_revm": ns / revm }));
    }
    Ok(json!({
        "benchmark": "vm",
        "unit": "ns of thread CPU time per call, median of batches",
        "calls": size.calls,
        "batches": size.batches,
        "transfer": transfers,
        "fastest_to_revm": best / revm,
        "metering": kernels::overhead(size)?,
    }))
}
