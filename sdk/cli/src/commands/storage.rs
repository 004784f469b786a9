//! `counterpart storage`.

use crate::Context;
use crate::chain::{self, ChainArguments};
use crate::output::{Exit, Failure};
use serde_json::{Map, Value, json};
use std::process::ExitCode;

/// Entries asked for at a time; the most that a node gives.
const PAGE: u32 = 100;

/// What a contract keeps, in its own words.
///
/// Entries come in the order of their keys, decoded by the contract's interface; what it does not know is shown in hex.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The contract: an address, or the name that it was deployed under.
    contract: String,
    /// Only entries of this field.
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// The state after this block instead of the newest.
    #[arg(long)]
    height: Option<u64>,
    /// Most entries.
    #[arg(long, default_value_t = 1_000, value_name = "NUMBER")]
    limit: usize,
    /// Where to go on: `next` of an answer that stopped at its limit.
    #[arg(long, value_name = "KEY")]
    start: Option<String>,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let contract = chain::address(context, &arguments.contract)?;
    let client = chain::connect(&arguments.chain)?;
    let abi = client.abi(&contract).map_err(chain::client_failure)?;
    if let Some(field) = &arguments.field {
        let names: Vec<String> = abi.storage.iter().map(|stored| stored.path.join(".")).collect();
        if !names.contains(field) {
            let failure = Failure::new(Exit::Input, "unknown_field", format!("{} keeps no `{field}`", abi.name));
            return Err(failure.hint(format!("it keeps: {}", names.join(", "))).into());
        }
    }
    let (mut entries, mut start, mut height) = (Vec::new(), arguments.start, arguments.height);
    let bar = context.output.spinner("entries");
    let next = loop {
        let mut parameters = Map::from_iter([("contract".to_owned(), json!(contract.to_string()))]);
        parameters.insert("limit".into(), json!(PAGE));
        start.iter().for_each(|key| drop(parameters.insert("start".into(), json!(key))));
        height.iter().for_each(|height| drop(parameters.insert("height".into(), json!(height))));
        let page = client.call("state_range", Value::Object(parameters)).map_err(chain::client_failure)?;
        // The pages after the first have to be of the same state.
        height = height.or(page["height"].as_u64());
        let mut full = false;
        for entry in page["entries"].as_array().into_iter().flatten() {
            let key = bytes(&entry["key"])?;
            let value = bytes(&entry["value"])?;
            let shown = match abi.decode_stored(&key, Some(&value)) {
                Some(known) => json!({ "field": known.field, "key": known.key, "value": known.value }),
                None => json!({ "field": null, "key": entry["key"], "value": entry["value"] }),
            };
            if arguments.field.is_none() || shown["field"].as_str() == arguments.field.as_deref() {
                full = entries.len() == arguments.limit;
                if full {
                    break;
                }
                entries.push(shown);
            }
            start = entry["key"].as_str().map(str::to_owned);
            bar.inc(1);
        }
        if full {
            // No key lies between one and the same with a zero byte after it.
            break start.map(|key| format!("{key}00"));
        }
        match page["next"].as_str() {
            None => break None,
            Some(next) => start = Some(next.to_owned()),
        }
    };
    bar.finish_and_clear();
    let mut text: String = entries.iter().map(line).collect();
    if entries.is_empty() {
        text.push_str("no entries");
    }
    if let Some(next) = &next {
        context.output.note(format!("there is more: --start {next}"));
    }
    let document = json!({ "contract": contract.to_string(), "height": height, "entries": entries, "next": next });
    context.output.result(&document, &text);
    Ok(ExitCode::SUCCESS)
}

fn bytes(value: &Value) -> anyhow::Result<Vec<u8>> {
    let text = value.as_str().unwrap_or_default().trim_start_matches("0x");
    hex::decode(text).map_err(|_| Failure::new(Exit::Network, "bad_answer", "the node's answer is not hex").into())
}

fn line(entry: &Value) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let field = entry["field"].as_str().unwrap_or("(unknown)");
    match &entry["key"] {
        Value::Null => format!("{field} = {}\n", plain(&entry["value"])),
        key => format!("{field}[{}] = {}\n", plain(key), plain(&entry["value"])),
    }
}
