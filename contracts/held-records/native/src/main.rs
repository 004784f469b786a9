//! `gatekeeper`: the gatekeeper as a process.

use clap::Parser;
use counterpart_cli::output::{Exit, OrFail, Output};
use counterpart_cli::{Context, chain, default_home, start_logging};
use counterpart_consensus::CommitRule;
use counterpart_sdk::Address;
use counterpart_sealing::SecretKey;
use counterpart_service::Server;
use gatekeeper::{Gatekeeper, Journal, Keeper, Limits, Node, Service, Tick};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Hold records before they reach the ledger.
///
/// A record is checked, anchored as a commitment and held for as long as the ledger's policy says. Until the millisecond at
/// which it is ready it can be withdrawn or superseded; then it is recorded, once. What was acknowledged is on the disk: the
/// gatekeeper may be killed at any moment and started again. Signers POST to /call/submit and /call/signal, watch-towers to
/// /call/receipts. It listens on this machine alone.
#[derive(Parser)]
#[command(name = "gatekeeper", max_term_width = 120)]
struct CommandLine {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Where the journal and the gatekeeper's key lie.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// The node's JSON-RPC.
    #[arg(long, env = "COUNTERPART_RPC", default_value = "http://127.0.0.1:7545", value_name = "URL")]
    rpc: String,
    /// The contract that takes records: an address, or the name that it was deployed under.
    #[arg(long, value_name = "CONTRACT")]
    records: String,
    /// Who pays for gas: the name of a key, or `dev:NAME` for a development account. It can record nothing by itself.
    #[arg(long, env = "COUNTERPART_FROM", value_name = "KEY")]
    from: String,
    /// Where it listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7570", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Between two looks at the queue, in ms.
    #[arg(long, default_value_t = 200, value_name = "MS")]
    every_ms: u64,
    /// When a result is final for the gatekeeper.
    #[arg(long, env = "COUNTERPART_RULE", default_value = "quorum:0.67", value_name = "RULE")]
    rule: CommitRule,
}

fn main() -> ExitCode {
    start_logging();
    let command = CommandLine::parse();
    let output = Output { json: command.json };
    match run(&command, output) {
        Ok(never) => match never {},
        Err(error) => output.fail(&error),
    }
}

fn run(command: &CommandLine, output: Output) -> anyhow::Result<std::convert::Infallible> {
    let context = Context { output, home: default_home() };
    let key = chain::signer(&context, &command.from)?;
    let records = Address(chain::address(&context, &command.records)?.0);
    let node = Node::connect(&command.rpc, key, records, command.rule);
    let node = node.or_fail(Exit::Network, "unreachable", "the node does not answer")?;
    std::fs::create_dir_all(&command.store).or_fail(Exit::Input, "store", "the folder cannot be made")?;
    let keeper = Keeper::open(&command.store.join("keeper.key")).or_fail(Exit::Input, "key", "there is no key")?;
    let journal = Journal::open(&command.store.join("journal"));
    let journal =
        journal.or_fail(Exit::Input, "store", "the journal cannot be opened: one process at a time has it")?;
    let gatekeeper = Gatekeeper::open(node, journal, keeper, Limits::default());
    let gatekeeper = Arc::new(gatekeeper.or_fail(Exit::Input, "store", "the journal cannot be read")?);
    let none: Option<SecretKey> = None;
    let limits = counterpart_service::Limits::default();
    let server = Server::start(command.listen, Service(gatekeeper.clone()), none, limits);
    let server = server.or_fail(Exit::Network, "listen", "the address cannot be listened on")?;
    let text = format!("listening on {}", server.url());
    output.result(&json!({ "url": server.url(), "key": hex::encode(gatekeeper.public_key()) }), &text);
    loop {
        match gatekeeper.tick() {
            Ok(tick) if tick != Tick::default() => {}
            Ok(_) => std::thread::sleep(Duration::from_millis(command.every_ms)),
            // A node that is away for a while is no reason to end.
            Err(error) => {
                output.note(format!("{}: {}; trying again", error.error, error.message));
                std::thread::sleep(Duration::from_millis(command.every_ms.max(500)));
            }
        }
    }
}
