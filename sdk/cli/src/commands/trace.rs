//! `counterpart trace`.

use crate::Context;
use crate::chain::{self, ChainArguments};
use crate::output::{Exit, Failure, OrFail};
use counterpart_ledger::Hash;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// What a transaction did: frames within frames, their host calls, what they changed, and where its gas went.
///
/// The node executes the transaction again and tells what happened; the parts sum to the charged gas to the unit.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The transaction's hash.
    hash: String,
    /// List host calls too.
    #[arg(long)]
    host_calls: bool,
    /// Write the flame graph to this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the gas to this file in the folded format of flame-graph tools.
    #[arg(long, value_name = "FILE")]
    folded: Option<PathBuf>,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let hash = Hash::from_hex(&arguments.hash)
        .ok_or_else(|| Failure::new(Exit::Input, "bad_hash", "a transaction's hash is 64 hex digits"))?;
    let client = chain::connect(&arguments.chain)?;
    let traced = client.call("audit_trace", json!({ "hash": hash.to_string() })).map_err(chain::client_failure)?;
    for (file, field) in [(&arguments.svg, "svg"), (&arguments.folded, "folded")] {
        if let Some(file) = file {
            let text = traced[field].as_str().unwrap_or_default();
            std::fs::write(file, text).or_fail(Exit::Input, "file", format!("{} cannot be written", file.display()))?;
        }
    }
    let mut lines = vec![format!("transaction {hash} in block {}: {} gas", traced["height"], traced["gas_used"])];
    for call in traced["calls"].as_array().into_iter().flatten() {
        tell(call, 1, arguments.host_calls, &mut lines);
    }
    context.output.result(&traced, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// A change of the state, such as `balances["0x..."]: 5 -> 8`.
fn changed(change: &Value) -> String {
    let key = match (change["field"].as_str(), &change["key"]) {
        (Some(field), Value::Null) => field.to_owned(),
        (Some(field), key) => format!("{field}[{key}]"),
        (None, key) => format!("{} {}", change["contract"].as_str().unwrap_or("?"), key),
    };
    let value = |name: &str| if change[name].is_null() { "nothing".to_owned() } else { change[name].to_string() };
    format!("{key}: {} -> {}", value("before"), value("after"))
}

fn tell(call: &Value, depth: usize, host_calls: bool, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let text = |name: &str| call[name].as_str().unwrap_or("?").to_owned();
    let method = call["method"].as_str().map_or_else(|| text("entry"), str::to_owned);
    let arguments = if call["arguments"].is_null() { text("input") } else { call["arguments"].to_string() };
    lines.push(format!("{indent}{}.{method}({arguments})", text("contract")));
    let error = if call["error"].is_null() { String::new() } else { format!(" {}", call["error"]) };
    lines.push(format!(
        "{indent}  {}{error}, {} gas, of which {} in its own instructions",
        text("status"),
        call["gas_used"],
        call["own_gas"]
    ));
    for step in call["steps"].as_array().into_iter().flatten() {
        if step["kind"] == "call" {
            tell(step, depth + 1, host_calls, lines);
            continue;
        }
        if host_calls {
            let arguments: Vec<&str> =
                step["arguments"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let answer = step["answer"].as_str().unwrap_or("stopped");
            let function = step["function"].as_str().unwrap_or("?");
            lines.push(format!("{indent}  {function}({}) -> {answer}, {} gas", arguments.join(", "), step["gas"]));
        }
        for change in step["changes"].as_array().into_iter().flatten() {
            lines.push(format!("{indent}  {}", changed(change)));
        }
    }
}
