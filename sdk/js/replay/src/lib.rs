//! The JavaScript package's second opinion: bundles verified and executed again on wasmi, in browser and Node.

use counterpart_abi::ContractAbi;
use counterpart_audit::{Bundle, BundleError, Executed, Flame, explain};
use counterpart_execution::Executor;
use counterpart_ledger::{Address, Hash};
use counterpart_module::Profile;
use counterpart_referee::WasmiEngine;
use serde_json::{Value, json};
use std::sync::Arc;
use wasm_bindgen::prelude::*;

/// Verifies and executes a bundle; answers JSON: height, roots, and for each transaction gas, frames and flame graph.
///
/// # Errors
/// JSON with `code`, `message` and `hint` for the first thing that does not hold.
#[wasm_bindgen(js_name = replayBundle)]
pub fn replay_bundle(bytes: &[u8], genesis: &str) -> Result<String, JsValue> {
    replay(bytes, genesis).map(|answer| answer.to_string()).map_err(|error| JsValue::from_str(&error.to_string()))
}

/// The same without a browser.
///
/// # Errors
/// As [`replay_bundle`].
pub fn replay(bytes: &[u8], genesis: &str) -> Result<Value, Value> {
    let genesis = Hash::from_hex(genesis)
        .ok_or_else(|| json!({ "code": "bad_hash", "message": "the genesis hash is 64 hex digits", "hint": null }))?;
    let bundle = Bundle::from_bytes(bytes).map_err(refusal)?;
    let executor = Executor::new(Arc::new(WasmiEngine::new()), Profile::v1());
    let (executed, traces) = bundle.trace(&executor, &genesis).map_err(refusal)?;
    let abis = |contract: &Address| abi(&bundle, &executed, &executor, contract);
    let transactions = traces.iter().zip(&executed.result.receipts).map(|(trace, receipt)| {
        let calls: Vec<_> = trace.calls.iter().map(|call| explain(call, &abis)).collect();
        let flame = Flame::of_transaction(&trace.transaction.to_string(), trace.gas_used.0, &calls);
        json!({
            "hash": trace.transaction.to_string(),
            "gas_used": receipt.gas_used.0,
            "evidence": receipt.evidence.to_string(),
            "events": receipt.events.len(),
            "receipt": format!("0x{}", hex::encode(counterpart_ledger::encode(receipt))),
            "calls": calls,
            "flame": flame,
            "svg": flame.to_svg(),
        })
    });
    let changes = executed.result.writes.iter().map(|(key, write)| {
        let value = |value: &Option<Vec<u8>>| value.as_ref().map(|value| format!("0x{}", hex::encode(value)));
        json!({ "key": format!("0x{}", hex::encode(key)), "old": value(&write.old), "new": value(&write.new) })
    });
    Ok(json!({
        "engine": executor.engine_name(),
        "height": bundle.block.header.height.0,
        "hash": bundle.block.hash().to_string(),
        "state_root": executed.state_root.to_string(),
        "receipts_root": executed.receipts_root.to_string(),
        "signers": bundle.next.certificate.signatures.iter().map(|signed| signed.signer).collect::<Vec<_>>(),
        "bytes": bytes.len(),
        "entries": bundle.entries.len(),
        "transactions": transactions.collect::<Vec<_>>(),
        "changes": changes.collect::<Vec<_>>(),
    }))
}

fn refusal(error: BundleError) -> Value {
    let hint = "this bundle proves nothing: do not act on it, and ask another node";
    json!({ "code": error.name(), "message": error.to_string(), "hint": hint })
}

/// The interface inside a contract's code.
fn abi(bundle: &Bundle, executed: &Executed, executor: &Executor, contract: &Address) -> Option<ContractAbi> {
    let hash = bundle.code_hash(executed, contract)?;
    let module = executor.prepare(bundle.code(executed, &hash)?).ok()?;
    ContractAbi::from_section(module.metadata.as_deref()?).ok()
}
