//! `counterpart rehearse`.

use crate::Context;
use crate::commands::module;
use crate::ledger::{self, Ledger, LedgerArguments, audit_failure};
use crate::output::{Exit, Failure};
use counterpart_audit::{RehearsalError, Rehearsed, rehearse};
use counterpart_ledger::{Outcome, Receipt};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Run the last calls that a contract has had once more on other code, and tell what would have been otherwise.
///
/// Each call is executed for itself, from the state that it met, on the code that it ran on and on the candidate: what differs
/// is the candidate's doing. Every contract with the same code runs the candidate. Exits with 1 when a call behaves
/// otherwise; other gas alone does not count.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    ledger: LedgerArguments,
    /// The contract: an address, or the name that it was deployed under.
    contract: String,
    /// The candidate: a Wasm file.
    candidate: PathBuf,
    /// How many calls, from the newest.
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    last: usize,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(&arguments.ledger)?;
    let address = ledger::address(context, &arguments.contract)?;
    let (code, _) = module::load(&arguments.candidate)?;
    let bar = context.output.bar(ledger.store.head().height.0, "reading blocks");
    let calls = rehearse(&ledger.store, &ledger.executor, &address, &code, arguments.last, &mut |height| {
        bar.set_position(height.0);
    });
    bar.finish_and_clear();
    let calls = calls.map_err(failure)?;
    let otherwise = calls.iter().filter(|call| call.behaves_otherwise()).count();
    let more: i64 = calls.iter().map(Rehearsed::more_gas).sum();
    let mut text = String::new();
    for call in &calls {
        if call.behaves_otherwise() {
            text.push_str(&tell(call, &ledger));
        }
    }
    text.push_str(&format!("{} calls rehearsed, {otherwise} behave otherwise, {more:+} gas in all", calls.len()));
    let document = json!({
        "contract": address.to_string(), "calls": calls.len(), "otherwise": otherwise, "more_gas": more,
        "rehearsed": calls.iter().map(|call| describe(call, &ledger)).collect::<Value>(),
    });
    context.output.result(&document, &text);
    Ok(if otherwise == 0 { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}

fn failure(error: RehearsalError) -> anyhow::Error {
    match error {
        RehearsalError::Audit(error) => audit_failure(error),
        RehearsalError::Candidate(cause) => {
            let failure = Failure::new(Exit::Input, cause.name(), format!("the candidate is not accepted: {cause}"));
            failure.hint("`counterpart module check` says more").into()
        }
        error @ RehearsalError::NoContract(_) => Failure::new(Exit::Input, "no_contract", error).into(),
        error @ RehearsalError::Diverged(_) => Failure::new(Exit::No, "diverged", error).into(),
    }
}

fn entries(call: &Rehearsed, ledger: &Ledger) -> Vec<(String, String)> {
    let state = ledger.store.state();
    let words = |value: &Option<Vec<u8>>, key: &[u8]| ledger.entry(key, value.as_deref(), &*state);
    let found = call.state_differences();
    found.iter().map(|entry| (words(&entry.before, &entry.key), words(&entry.after, &entry.key))).collect()
}

fn end(receipt: &Receipt) -> String {
    match &receipt.outcome {
        Outcome::Success => {
            let outputs: Vec<String> =
                receipt.outputs.iter().map(|output| format!("0x{}", hex::encode(output))).collect();
            format!("success, answers {}", outputs.join(" "))
        }
        other => format!("{other:?}"),
    }
}

fn tell(call: &Rehearsed, ledger: &Ledger) -> String {
    let mut text = format!("transaction {} in block {}\n", call.touch.hash, call.touch.height);
    if call.results_differ() {
        text.push_str(&format!("  - {}\n  + {}\n", end(&call.before.receipt), end(&call.after.receipt)));
    }
    if call.events_differ() {
        let (one, other) = (call.before.receipt.events.len(), call.after.receipt.events.len());
        text.push_str(&format!("  events: {one} before, {other} on the candidate, or with other data\n"));
    }
    for (one, other) in entries(call, ledger) {
        text.push_str(&format!("  - {one}\n  + {other}\n"));
    }
    text
}

fn describe(call: &Rehearsed, ledger: &Ledger) -> Value {
    let events = |receipt: &Receipt| -> Value {
        let event = |event: &counterpart_ledger::Event| {
            let topics: Vec<String> = event.topics.iter().map(ToString::to_string).collect();
            json!({ "contract": event.contract.to_string(), "topics": topics, "data": format!("0x{}", hex::encode(&event.data)) })
        };
        receipt.events.iter().map(event).collect()
    };
    let side =
        |receipt: &Receipt| json!({ "result": end(receipt), "gas": receipt.gas_used.0, "events": events(receipt) });
    let state = entries(call, ledger).into_iter().map(|(one, other)| json!({ "before": one, "after": other }));
    json!({
        "hash": call.touch.hash.to_string(), "height": call.touch.height.0, "transaction": call.touch.transaction,
        "otherwise": call.behaves_otherwise(), "results_differ": call.results_differ(),
        "events_differ": call.events_differ(), "more_gas": call.more_gas(), "state": state.collect::<Value>(),
        "before": side(&call.before.receipt), "after": side(&call.after.receipt),
    })
}
