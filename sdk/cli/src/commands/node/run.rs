//! A running replica, and where it stands.

use super::setup;
use crate::Context;
use crate::chain::{self, ChainArguments};
use crate::commands::devnet::page;
use crate::output::{Exit, Failure, OrFail};
use counterpart_node::machine::Timing;
use counterpart_node::rpc::{Backend, RpcServer, ServerOptions};
use counterpart_node::{Node, NodeConfig, NodeError, StateSync, StateSyncError};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// `counterpart node run`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The replica's folder, with `node.toml`, `replica.key` and `genesis`.
    folder: PathBuf,
    /// Do not wait for the disk before a signature leaves. After a loss of power the replica may contradict itself: for
    /// measurements only.
    #[arg(long, hide_short_help = true)]
    unsafe_no_sync: bool,
}

/// Runs a replica until it is told to end or fails.
pub fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    let configuration = setup::configuration(folder)?;
    let config = NodeConfig {
        folder: folder.clone(),
        genesis: setup::read_genesis(folder)?,
        seed: setup::seed(folder)?,
        listen: configuration.listen,
        peers: configuration.peers()?,
        approve_at: configuration.approve_at,
        timing: Timing { heartbeat_us: configuration.heartbeat_ms.max(1) * 1_000, ..Timing::default() },
        snapshot_every: configuration.snapshot_every,
        sync: !arguments.unsafe_no_sync,
    };
    let node = Arc::new(Node::start(config).map_err(failure)?);
    let options = ServerOptions {
        page: configuration.explorer.then(page),
        origins: configuration.allow_origins.clone(),
        ..ServerOptions::new(configuration.rpc)
    };
    let server = RpcServer::start_with(node.clone(), options);
    let server = server.or_fail(Exit::Network, "port", "JSON-RPC cannot be served")?;
    let standing = node.standing();
    let height = standing.as_ref().map_or(0, |standing| standing.height);
    let signs = standing.is_some_and(|standing| standing.signs);
    let role = match (signs, node.journal_lost()) {
        (true, _) => "member",
        (false, true) => "follower: its journal of signatures is lost, see `counterpart node resume --help`",
        (false, false) => "follower: it is not among the validators",
    };
    let text = format!("replica ({role}) at block {height}; JSON-RPC at {}; Ctrl-C stops", server.url());
    context.output.result(&json!({ "rpc": server.url(), "height": height, "signs": signs }), &text);
    let fault = wait(&*node)?;
    drop(server);
    if let Ok(node) = Arc::try_unwrap(node) {
        node.stop().map_err(|error| failure(error.into()))?;
    }
    match fault {
        None => Ok(ExitCode::SUCCESS),
        Some(fault) => Err(Failure::new(Exit::Bug, "node_stopped", fault)
            .hint("nothing that was acknowledged is lost; see the log, mend the cause and start it again")
            .into()),
    }
}

/// `counterpart node sync`.
#[derive(clap::Args)]
pub struct SyncArguments {
    /// The replica's folder, with `node.toml`, `replica.key` and `genesis`. The replica must not run.
    folder: PathBuf,
    /// Seconds in which nothing new may come.
    #[arg(long, default_value_t = 30)]
    timeout: u64,
}

/// Fetches the newest state that peers have a snapshot of.
pub fn sync(context: &Context, arguments: &SyncArguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    let configuration = setup::configuration(folder)?;
    let peers = configuration.peers()?;
    let (genesis, seed) = (setup::read_genesis(folder)?, setup::seed(folder)?);
    let sync = StateSync { folder: folder.clone(), genesis, seed, listen: configuration.listen, peers };
    let bar = context.output.bar(0, "fetching parts");
    let fetched = sync.run(Duration::from_secs(arguments.timeout), &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let height = fetched.map_err(|error| match error {
        StateSyncError::Node(error) => failure(error),
        StateSyncError::Store(error) => failure(error.into()),
        StateSyncError::Silence { .. } => Failure::new(Exit::Network, "no_snapshot", error)
            .hint("replicas make one after every `snapshot_every` blocks; without one, start this replica and it fetches all blocks")
            .into(),
    })?;
    let text = format!("the state after block {height} is here; `counterpart node run` goes on from it");
    context.output.result(&json!({ "height": height.0 }), &text);
    Ok(ExitCode::SUCCESS)
}

/// Until a signal (`None`) or a fault.
fn wait(node: &dyn Backend) -> anyhow::Result<Option<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        #[cfg(unix)]
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        #[cfg(unix)]
        let terminated = terminate.recv();
        #[cfg(not(unix))]
        let terminated = std::future::pending::<Option<()>>();
        tokio::pin!(terminated);
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Ok(None),
                _ = &mut terminated => return Ok(None),
                () = tokio::time::sleep(Duration::from_millis(200)) => {}
            }
            if let Some(fault) = node.fault() {
                return Ok(Some(fault));
            }
        }
    })
}

fn failure(error: NodeError) -> anyhow::Error {
    let failure = Failure::new(Exit::Input, "node", &error);
    match error {
        NodeError::Network(_) => failure.hint("is another replica using the address? see `listen` in node.toml").into(),
        NodeError::Store(_) => failure.hint("`counterpart node db check` examines the ledger").into(),
        NodeError::Genesis(_) => failure.hint("the folder holds the blocks of another chain").into(),
        _ => failure.into(),
    }
}

/// Tells where a replica stands.
pub fn status(context: &Context, chain: &ChainArguments) -> anyhow::Result<ExitCode> {
    let client = chain::connect(chain)?;
    let health = client.call("node_health", json!({})).map_err(chain::client_failure)?;
    let standing = client.call("node_standing", json!({})).map_err(chain::client_failure)?;
    let numbers = |value: &Value| -> String {
        let members: Vec<String> = value.as_array().into_iter().flatten().map(ToString::to_string).collect();
        if members.is_empty() { "none".to_owned() } else { members.join(" ") }
    };
    let mut lines = vec![format!(
        "{}: block {}, {} transactions wait",
        if health["healthy"] == true { "well" } else { "stopped" },
        health["height"],
        health["waiting"]
    )];
    if let Some(fault) = health["fault"].as_str() {
        lines.push(format!("fault: {fault}"));
    }
    if standing.is_object() {
        lines.push(format!(
            "epoch {}, view {}, led by {}; newest certificate of view {}",
            standing["epoch"], standing["view"], standing["leader"], standing["certified_view"]
        ));
        lines.push(format!("not heard in this view: {}", numbers(&standing["unheard"])));
        lines.push(format!("skipped this view: {}", numbers(&standing["skippers"])));
        lines.push(format!("away: {}", numbers(&standing["away"])));
        lines.push(format!("contradicted themselves: {}", numbers(&standing["accused"])));
    }
    context.output.result(&json!({ "health": health, "standing": standing }), &lines.join("\n"));
    Ok(if health["healthy"] == true { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}
