//! `sensor-gateway`: the gateway as a process.

use clap::Parser;
use counterpart_cli::output::{Exit, OrFail, Output};
use counterpart_cli::{Context, chain, default_home, start_logging};
use counterpart_consensus::CommitRule;
use counterpart_sdk::Address;
use counterpart_sealing::SecretKey;
use counterpart_service::{Limits, Server};
use sensor_gateway::{Gateway, Node, Service, Store, Vault};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bytes of a request: a hundred packets of an ordinary size.
const MAX_BODY: usize = 512 * 1024;

/// Take signed readings over HTTP, record them on the ledger, deliver the keys that are bought.
///
/// What was acknowledged is on the disk: the gateway may be killed at any moment and started again. Devices POST to
/// /call/submit, buyers to /call/blob, whoever watches to /call/status. It listens on this machine alone.
#[derive(Parser)]
#[command(name = "sensor-gateway", max_term_width = 120)]
struct CommandLine {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Where readings and the gateway's secret lie.
    #[arg(long, value_name = "DIR")]
    store: PathBuf,
    /// The node's JSON-RPC.
    #[arg(long, env = "COUNTERPART_RPC", default_value = "http://127.0.0.1:7545", value_name = "URL")]
    rpc: String,
    /// The contract that records readings: an address, or the name that it was deployed under.
    #[arg(long, value_name = "CONTRACT")]
    register: String,
    /// The contract that sells keys.
    #[arg(long, value_name = "CONTRACT")]
    market: String,
    /// The gateway's account: the name of a key, or `dev:NAME` for a development account.
    #[arg(long, env = "COUNTERPART_FROM", value_name = "KEY")]
    from: String,
    /// Where it listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7560", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Between two looks at the ledger, in ms.
    #[arg(long, default_value_t = 200, value_name = "MS")]
    every_ms: u64,
    /// When a result is final for the gateway.
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
    let signer = chain::signer(&context, &command.from)?;
    let address = |name: &str| chain::address(&context, name).map(|found| Address(found.0));
    let (register, market) = (address(&command.register)?, address(&command.market)?);
    let node = Node::connect(&command.rpc, signer, register, market, command.rule);
    let node = node.or_fail(Exit::Network, "unreachable", "the node does not answer")?;
    let place = node.place().or_fail(Exit::Input, "no_register", "--register names no register of readings")?;
    std::fs::create_dir_all(&command.store).or_fail(Exit::Input, "store", "the folder cannot be made")?;
    let vault = Vault::open(&command.store.join("secret.key")).or_fail(Exit::Input, "secret", "no secret")?;
    let store = Store::open(&command.store.join("readings"));
    let store = store.or_fail(Exit::Input, "store", "the store cannot be opened: one process at a time has it")?;
    let gateway = Arc::new(Gateway::new(node, store, vault, place, now_ms));
    let limits = Limits { body: MAX_BODY, ..Limits::default() };
    let none: Option<SecretKey> = None;
    let server = Server::start(command.listen, Service(gateway.clone()), none, limits);
    let server = server.or_fail(Exit::Network, "listen", "the address cannot be listened on")?;
    let counts = gateway.store().counts().or_fail(Exit::Bug, "store", "the store cannot be read")?;
    let text = format!("listening on {}; {} readings wait for the ledger", server.url(), counts.waiting);
    output.result(&json!({ "url": server.url(), "waiting": counts.waiting, "refused": counts.refused }), &text);
    loop {
        match gateway.tick() {
            // There may be more: no pause.
            Ok(tick) if tick.recorded > 0 => {}
            Ok(tick) => {
                if tick.refused > 0 {
                    output.note("the ledger refuses readings of a device; they are put aside, see /call/status");
                }
                std::thread::sleep(Duration::from_millis(command.every_ms));
            }
            // A node that is away for a while is no reason to end.
            Err(error) => {
                output.note(format!("{}: {}; trying again", error.error, error.message));
                std::thread::sleep(Duration::from_millis(command.every_ms.max(500)));
            }
        }
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}
