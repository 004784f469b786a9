//! `counterpart demo`: the main job from beginning to end, on a network of its own.

mod cap_table;
mod stage;
mod story;

use crate::Context;
use crate::commands::devnet;
use crate::output::{Exit, Failure, OrFail};
use cap_table::CapTable;
use counterpart_client::Client;
use counterpart_node::DevnetConfig;
use counterpart_node::rpc::RpcServer;
use serde_json::{Value, json};
use stage::Stage;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Show the whole: issue, trade, upgrade and replay a security token on a network of its own.
///
/// Starts four replicas, reads a table of holders, issues units to them, trades, deploys the token's next version, names
/// it in the first, moves all holders, shows a refused transfer, and replays the ledger on another engine in a process of
/// its own.
#[derive(clap::Args)]
pub struct Arguments {
    /// The table of holders, as CSV with the columns holder, units, frozen, locked_days.
    #[arg(long, default_value = "contracts/security-token/demo/cap-table.csv", value_name = "FILE")]
    cap_table: PathBuf,
    /// The folder of the finished contracts.
    #[arg(long, default_value = "target/contracts", value_name = "DIR")]
    contracts: PathBuf,
    /// Where the network's data lie; a new folder.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Leave the network serving JSON-RPC at the end, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Port of the JSON-RPC; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let table = CapTable::read(&arguments.cap_table)?;
    let data_dir = data_dir(arguments)?;
    let config = DevnetConfig::new(&data_dir);
    let network = devnet::start(&config)?;
    let server = RpcServer::start(network.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port))).or_fail(
        Exit::Network,
        "port",
        "JSON-RPC cannot be served",
    )?;
    let client = Client::connect(&server.url()).map_err(crate::chain::client_failure)?;
    context.output.note(format!(
        "{} replicas, quorum {}, data in {}\n",
        client.validators().size(),
        client.validators().quorum,
        data_dir.display()
    ));

    let mut stage = Stage::new(context.output, &client, arguments.contracts.clone());
    let ending = story::play(&mut stage, &table)?;
    let (transactions, steps) = (stage.transactions(), stage.into_steps());

    // A result is certified by the block after it, which comes by itself.
    let head = wait_for_quiet(&client)?;
    drop(client);
    drop(server);
    match std::sync::Arc::try_unwrap(network) {
        Ok(network) => network.stop(),
        Err(_) => return Err(Failure::new(Exit::Bug, "demo", "the network is still in use").into()),
    }
    context.output.note("replaying the ledger from genesis on wasmi, in a process of its own");
    let replayed = replay(&data_dir)?;
    let replay_equal = replayed["equal"] == true
        && replayed["state_root"] == head["state_root"]
        && replayed["blocks"] == head["height"];

    let mut document = json!({
        "replicas": head["replicas"],
        "blocks": head["height"],
        "transactions": transactions,
        "certified": ending.certified,
        "parent_still_callable": ending.parent_still_callable,
        "migrated_holders": ending.migrated_holders,
        "refused": ending.refused,
        "replay_equal": replay_equal,
        "state_root": head["state_root"],
        "data_dir": data_dir,
    });
    let text = summary(&document, &replayed);
    document["replay"] = replayed;
    document["steps"] = Value::Array(steps);
    let passed = replay_equal && ending.parent_still_callable && ending.migrated_holders == table.holders.len();
    context.output.result(&document, &text);
    if arguments.keep && passed {
        let network = devnet::start(&config)?;
        return devnet::serve(context, &network, arguments.port);
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}

/// A new folder, so that an earlier run is never mixed with this one.
fn data_dir(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    if let Some(folder) = &arguments.data_dir {
        let used = folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        if used {
            let failure = Failure::new(Exit::Input, "data_dir", format!("{} is not empty", folder.display()));
            return Err(failure.hint("the demo begins on an empty folder").into());
        }
        return Ok(folder.clone());
    }
    let base = Path::new("target/demo");
    let free = (1..).map(|number| base.join(format!("run-{number}"))).find(|folder| !folder.exists());
    Ok(free.unwrap_or_else(|| base.to_path_buf()))
}

fn wait_for_quiet(client: &Client) -> anyhow::Result<Value> {
    let mut last = Value::Null;
    loop {
        let head = client.call("chain_head", json!({})).map_err(crate::chain::client_failure)?;
        if head["waiting"] == 0 && head["height"] == last["height"] {
            return Ok(head);
        }
        last = head;
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
}

/// Replays the first replica's ledger in a process of its own.
fn replay(data_dir: &Path) -> anyhow::Result<Value> {
    let program = std::env::current_exe().or_fail(Exit::Bug, "replay", "this program cannot be found")?;
    let output = std::process::Command::new(program)
        .args(["--json", "replay", "--engine", "wasmi"])
        .arg(data_dir.join("replica-0"))
        .output()
        .or_fail(Exit::Bug, "replay", "the replay does not start")?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let message = String::from_utf8_lossy(&output.stderr);
        Failure::new(Exit::Bug, "replay", format!("the replay failed: {}", message.trim())).into()
    })
}

fn summary(document: &Value, replayed: &Value) -> String {
    let yes = |value: &Value| if *value == true { "yes" } else { "NO" };
    format!(
        "\n{} replicas, {} blocks, {} transactions, {} certified\n\
         parent still callable   {}\n\
         holders migrated        {}\n\
         transfer refused        {}\n\
         replay on wasmi equal   {} ({} blocks, {} transactions)\n\
         state root              {}\n\
         data                    {}",
        document["replicas"],
        document["blocks"],
        document["transactions"],
        document["certified"],
        yes(&document["parent_still_callable"]),
        document["migrated_holders"],
        document["refused"],
        yes(&document["replay_equal"]),
        replayed["blocks"],
        replayed["transactions"],
        document["state_root"].as_str().unwrap_or("?"),
        document["data_dir"].as_str().unwrap_or("?"),
    )
}
