//! The network that a demonstration runs on, and how every demonstration ends: with a replay in another process.

use counterpart_build::Build;
use counterpart_cli::Context;
use counterpart_cli::chain::client_failure;
use counterpart_cli::commands::devnet;
use counterpart_cli::output::{Exit, Failure, OrFail, Output};
use counterpart_client::Client;
use counterpart_ledger::ChainId;
use counterpart_node::rpc::RpcServer;
use counterpart_node::{Devnet, DevnetConfig};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

/// What every demonstration can be told.
#[derive(clap::Args)]
pub struct Settings {
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub json: bool,
    /// A folder of finished contracts; without it they are built first.
    #[arg(long, value_name = "DIR")]
    contracts: Option<PathBuf>,
    /// Where the network's data lie; a new folder.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Leave the network serving JSON-RPC and the auditor's page at the end, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
    /// Port of the JSON-RPC; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
}

impl Settings {
    /// Where results go.
    pub fn output(&self) -> Output {
        Output { json: self.json }
    }

    /// The folder in which these contracts lie, built unless another folder was named.
    pub fn contracts(&self, packages: &[&str]) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.contracts {
            return Ok(folder.clone());
        }
        let out_dir = PathBuf::from("target/contracts");
        let bar = self.output().bar(packages.len() as u64, "building contracts");
        for package in packages {
            let package = Some((*package).to_owned());
            let (folder, out_dir) = (PathBuf::from("."), out_dir.clone());
            counterpart_build::build(&Build { folder, package, out_dir, locked: true, quiet: true }).or_fail(
                Exit::Input,
                "build",
                "a contract cannot be built",
            )?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(out_dir)
    }

    /// A new folder, so that an earlier run is never mixed with this one.
    fn data_dir(&self) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.data_dir {
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
}

/// A devnet of four replicas that serves JSON-RPC, and a client of it.
pub struct Network {
    config: DevnetConfig,
    devnet: Arc<Devnet>,
    server: RpcServer,
    client: Client,
}

impl Network {
    /// Starts one in a new folder.
    pub fn start(settings: &Settings) -> anyhow::Result<Self> {
        Self::of(settings, DevnetConfig::new(settings.data_dir()?), settings.port)
    }

    fn of(settings: &Settings, config: DevnetConfig, port: u16) -> anyhow::Result<Self> {
        let devnet = devnet::start(&config)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let server = RpcServer::start(devnet.clone(), address);
        let server = server.or_fail(Exit::Network, "port", "JSON-RPC cannot be served")?;
        let client = Client::connect(&server.url()).map_err(client_failure)?;
        let set = client.validators();
        let (size, quorum, folder) = (set.size(), set.quorum, config.folder.display());
        settings.output().note(format!("{size} replicas, quorum {quorum}, data in {folder}\n"));
        Ok(Self { config, devnet, server, client })
    }

    /// Another network with a chain of its own, whose data lie beside this one's.
    pub fn beside(&self, settings: &Settings) -> anyhow::Result<Self> {
        let mut folder = self.config.folder.clone().into_os_string();
        folder.push("-beside");
        let chain = ChainId(self.config.chain.0 + 1);
        Self::of(settings, DevnetConfig { chain, ..DevnetConfig::new(PathBuf::from(folder)) }, 0)
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Waits until every result is certified, stops the network and replays its ledger in another process.
    pub fn finish(self, output: Output) -> anyhow::Result<Replayed> {
        let Self { config, devnet, server, client } = self;
        let head = wait_for_quiet(&client)?;
        drop((client, server));
        match Arc::try_unwrap(devnet) {
            Ok(devnet) => devnet.stop(),
            Err(_) => return Err(Failure::new(Exit::Bug, "demo", "the network is still in use").into()),
        }
        output.note("replaying the ledger from genesis on wasmi, in a process of its own");
        let replay = replay(&config.folder, 0)?;
        let equal =
            replay["equal"] == true && replay["state_root"] == head["state_root"] && replay["blocks"] == head["height"];
        Ok(Replayed { config, head, replay, equal })
    }
}

/// A network that has stopped, and what the replay of its ledger said.
pub struct Replayed {
    /// How the network can be started again.
    pub config: DevnetConfig,
    /// The newest block, as the network told it.
    pub head: Value,
    /// What the replay told.
    pub replay: Value,
    /// Whether both agree.
    pub equal: bool,
}

/// How a demonstration ended.
pub struct Ending {
    /// What it ran on.
    pub replayed: Replayed,
    /// For machines; the fields of the replay are added.
    pub document: Value,
    /// For people; lines about the network and the replay are added.
    pub text: String,
    /// Whether all went as it should.
    pub passed: bool,
}

impl Ending {
    /// Prints it and, if asked for, serves the network until Ctrl-C.
    pub fn close(self, context: &Context, settings: &Settings) -> anyhow::Result<ExitCode> {
        let Self { replayed: Replayed { config, head, replay, equal }, mut document, text, passed } = self;
        let yes = if equal { "yes" } else { "NO" };
        let root = head["state_root"].as_str().unwrap_or("?");
        let text = format!(
            "\n{} replicas, {} blocks\n{text}replay on wasmi equal   {yes} ({} blocks, {} transactions)\n\
             state root              {root}\ndata                    {}",
            head["replicas"],
            head["height"],
            replay["blocks"],
            replay["transactions"],
            config.folder.display()
        );
        document["replicas"] = head["replicas"].clone();
        document["blocks"] = head["height"].clone();
        document["replay_equal"] = json!(equal);
        document["state_root"] = head["state_root"].clone();
        document["data_dir"] = json!(config.folder);
        document["replay"] = replay;
        let passed = passed && equal;
        document["passed"] = json!(passed);
        context.output.result(&document, &text);
        if settings.keep && passed {
            let network = devnet::start(&config)?;
            return devnet::serve(context, &network, settings.port, true, Vec::new());
        }
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
    }
}

fn wait_for_quiet(client: &Client) -> anyhow::Result<Value> {
    let mut last = Value::Null;
    loop {
        let head = client.call("chain_head", json!({})).map_err(client_failure)?;
        if head["waiting"] == 0 && head["height"] == last["height"] {
            return Ok(head);
        }
        last = head;
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
}

impl Replayed {
    /// Whether the ledgers of all other replicas say the same as the first one's.
    pub fn on_every_replica(&self) -> anyhow::Result<bool> {
        let root = &self.head["state_root"];
        let others = (1..self.head["replicas"].as_u64().unwrap_or_default()).map(|replica| {
            let told = replay(&self.config.folder, replica)?;
            Ok(told["equal"] == true && told["state_root"] == *root)
        });
        others.collect::<anyhow::Result<Vec<_>>>().map(|equal| equal.iter().all(|equal| *equal))
    }
}

impl Replayed {
    /// Makes a bundle of every block that steps name, beside the ledgers, and verifies it with nothing but the hash of the genesis
    /// document. Answers how many there are, and how many hold.
    pub fn bundles(&self, steps: &[Value]) -> anyhow::Result<(usize, usize)> {
        let folder = self.config.folder.join("bundles");
        std::fs::create_dir_all(&folder).or_fail(Exit::Input, "bundles", "there is no place for bundles")?;
        let heights: BTreeSet<u64> = steps.iter().filter_map(|step| step["height"].as_u64()).collect();
        let genesis = self.replay["genesis"].as_str().unwrap_or_default();
        let mut good = 0;
        for height in &heights {
            let file = folder.join(format!("{height}.bundle"));
            let ledger = self.config.folder.join("replica-0");
            let number = height.to_string();
            counterpart([
                "bundle".as_ref(),
                "make".as_ref(),
                "--data-dir".as_ref(),
                ledger.as_os_str(),
                "--out".as_ref(),
                file.as_os_str(),
                number.as_ref(),
            ])?;
            let verify =
                ["bundle", "verify", "--genesis", genesis].map(OsStr::new).into_iter().chain([file.as_os_str()]);
            good += usize::from(counterpart(verify)?.status.success());
        }
        Ok((heights.len(), good))
    }
}

/// Replays a replica's ledger with the `counterpart` command that lies beside this program.
fn replay(data_dir: &Path, replica: u64) -> anyhow::Result<Value> {
    let ledger = data_dir.join(format!("replica-{replica}"));
    let arguments = ["replay", "--engine", "wasmi"].map(OsStr::new).into_iter().chain([ledger.as_os_str()]);
    let output = counterpart(arguments)?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let message = String::from_utf8_lossy(&output.stderr);
        Failure::new(Exit::Bug, "replay", format!("the replay failed: {}", message.trim())).into()
    })
}

/// The `counterpart` command that lies beside this program.
fn counterpart<'a>(arguments: impl IntoIterator<Item = &'a OsStr>) -> anyhow::Result<std::process::Output> {
    let program = std::env::current_exe().or_fail(Exit::Bug, "command", "this program cannot be found")?;
    let mut command = Command::new(program.with_file_name("counterpart"));
    command.arg("--json").args(arguments).output().or_fail(Exit::Bug, "command", "`counterpart` does not start")
}
