//! What a contract call and its metering cost, beside native code and an EVM.
//!
//! [`report`] measures CPU time of the thread, in one process and one run, and answers one JSON document:
//!
//! - `transfer`: the transfer of the SDK's token through the executor (call with arguments decoded, authorisation, two
//!   balances read and written, an event, gas and stack counted, writes that can be undone, receipt) on each engine, for
//!   a transaction of one and for one of many; beside it revm, which gets one transaction for each;
//! - `frame`: the same logic written by hand, without the executor, and in native Rust;
//! - `metering`: kernels that only compute, with and without counters.

pub mod calibrate;
mod chain;
mod clock;
#[cfg(feature = "evm")]
mod evm;
mod host;
mod kernels;
mod shapes;
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

/// CPU time of one transfer on revm in ns.
#[cfg(feature = "evm")]
fn revm_transfer(size: Size) -> Result<f64, String> {
    evm::transfer(size)
}

/// Tests are built without it.
#[cfg(not(feature = "evm"))]
fn revm_transfer(_: Size) -> Result<f64, String> {
    Err("this was built without revm; `cargo xtask bench vm` builds with it".into())
}

/// Measures everything.
///
/// # Errors
/// When an engine is lost or a result is wrong.
pub fn report(size: Size) -> Result<Value, String> {
    let revm = revm_transfer(size)?;
    let engines = token::engines()?;
    let mut transfers = vec![json!({ "name": "revm", "transaction_ns": revm })];
    let mut frames = vec![json!({ "name": "native", "ns": token::native(size) })];
    let mut best = f64::INFINITY;
    for engine in &engines {
        let figures = chain::transfer(engine, size)?;
        best = best.min(figures.transaction_ns);
        transfers.push(json!({
            "name": engine.name(), "transaction_ns": figures.transaction_ns, "call_ns": figures.call_ns,
            "gas": figures.gas, "ratio_to_revm": figures.transaction_ns / revm, "call_to_revm": figures.call_ns / revm,
        }));
        let (ns, gas) = token::transfer(&**engine, size)?;
        frames.push(json!({ "name": engine.name(), "ns": ns, "gas": gas }));
    }
    Ok(json!({
        "benchmark": "vm",
        "unit": "ns of thread CPU time, median of batches",
        "calls": size.calls,
        "batches": size.batches,
        "transfer": transfers,
        "fastest_to_revm": best / revm,
        "frame": frames,
        "metering": kernels::overhead(size)?,
    }))
}
