//! `counterpart events`.

use crate::Context;
use crate::chain::{self, ChainArguments};
use crate::output::{Exit, Failure};
use counterpart_client::Client;
use counterpart_ledger::Address;
use serde_json::{Map, Value, json};
use std::process::ExitCode;
use std::time::Duration;

/// Events asked for at a time; the most that a node gives.
const PAGE: u32 = 100;
/// How often a node is asked for new ones.
const POLL: Duration = Duration::from_millis(500);

/// What a contract reported, from old to new.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The contract: an address, or the name that it was deployed under.
    contract: String,
    /// Only events with this name.
    #[arg(long, value_name = "EVENT")]
    name: Option<String>,
    /// Only events with this topic: an address, or 64 hex digits.
    #[arg(long)]
    topic: Option<String>,
    /// Most events.
    #[arg(long, default_value_t = 1_000, value_name = "NUMBER")]
    limit: usize,
    /// Where to go on: `next` of an answer that stopped at its limit.
    #[arg(long)]
    cursor: Option<String>,
    /// Go on with new events until interrupted, one JSON document a line with --json.
    #[arg(long)]
    follow: bool,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let contract = chain::address(context, &arguments.contract)?;
    let client = chain::connect(&arguments.chain)?;
    let topic = topic(context, &client, &contract, &arguments)?;
    let mut search = Search { client: &client, contract, topic, cursor: arguments.cursor.clone(), seen: 0 };
    let wanted = |event: &Value| arguments.name.as_deref().is_none_or(|name| event["name"] == name);
    if arguments.follow {
        loop {
            let (found, more) = search.page(PAGE)?;
            found.iter().filter(|event| wanted(event)).for_each(|event| context.output.result(event, &line(event)));
            if !more {
                std::thread::sleep(POLL);
            }
        }
    }
    let (mut events, mut more) = (Vec::new(), true);
    while more && events.len() < arguments.limit {
        let room = arguments.limit - events.len();
        let found;
        (found, more) = search.page(PAGE.min(u32::try_from(room).unwrap_or(PAGE)))?;
        events.extend(found.into_iter().filter(wanted));
    }
    let next = search.cursor.filter(|_| more);
    let text: String = events.iter().map(|event| line(event) + "\n").collect();
    let text = if events.is_empty() { "no events".to_owned() } else { text };
    if let Some(next) = &next {
        context.output.note(format!("there is more: --cursor {next}"));
    }
    context.output.result(&json!({ "events": events, "next": next }), &text);
    Ok(ExitCode::SUCCESS)
}

/// A walk over a contract's events that can go on when new ones come.
struct Search<'a> {
    client: &'a Client,
    contract: Address,
    topic: Option<String>,
    /// Where the page begins.
    cursor: Option<String>,
    /// How many of the page were given out before it was full.
    seen: usize,
}

impl Search<'_> {
    /// The events that follow, and whether there are more at once.
    fn page(&mut self, limit: u32) -> anyhow::Result<(Vec<Value>, bool)> {
        let mut parameters = Map::from_iter([("contract".to_owned(), json!(self.contract.to_string()))]);
        parameters.insert("limit".into(), json!(limit));
        self.topic.iter().for_each(|topic| drop(parameters.insert("topic".into(), json!(topic))));
        self.cursor.iter().for_each(|cursor| drop(parameters.insert("cursor".into(), json!(cursor))));
        let page = self.client.call("events_list", Value::Object(parameters)).map_err(chain::client_failure)?;
        let mut found = page["events"].as_array().cloned().unwrap_or_default();
        let fresh = found.split_off(self.seen.min(found.len()));
        match page["next"].as_str() {
            Some(next) => (self.cursor, self.seen) = (Some(next.to_owned()), 0),
            None => self.seen += fresh.len(),
        }
        Ok((fresh, page["next"].is_string()))
    }
}

/// The topic to search by: the one that was named, or the event's own.
fn topic(
    context: &Context,
    client: &Client,
    contract: &Address,
    arguments: &Arguments,
) -> anyhow::Result<Option<String>> {
    if let Some(word) = &arguments.topic {
        return Ok(Some(format!("0x{}", hex::encode(chain::address(context, word)?.0))));
    }
    let Some(name) = &arguments.name else { return Ok(None) };
    let abi = client.abi(contract).map_err(chain::client_failure)?;
    let event = abi.events.iter().find(|event| event.name == *name).ok_or_else(|| {
        let names: Vec<&str> = abi.events.iter().map(|event| event.name.as_str()).collect();
        Failure::new(Exit::Input, "unknown_event", format!("{} has no event `{name}`", abi.name))
            .hint(format!("it has: {}", names.join(", ")))
    })?;
    Ok(Some(format!("0x{}", hex::encode(event.topic))))
}

fn line(event: &Value) -> String {
    let name = event["name"].as_str().unwrap_or("(unknown)");
    let fields = match &event["fields"] {
        Value::Null => &event["data"],
        fields => fields,
    };
    format!("block {:<6} {name} {fields}", event["height"])
}
