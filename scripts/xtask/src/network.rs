//! `cargo xtask network`: replicas as separate processes on loopback, until one ends or Ctrl-C.

use crate::{cargo, root};
use anyhow::{Context, bail};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What to run.
#[derive(clap::Args)]
pub struct Arguments {
    /// N, for a new network.
    #[arg(default_value_t = 4)]
    replicas: u16,
    /// Where the folders of the replicas lie; found again at the next start.
    #[arg(long, default_value = "/tmp/counterpart-network", value_name = "DIR")]
    folder: PathBuf,
    /// R, for a new network; the least that is more than two thirds of N if it is not given.
    #[arg(long)]
    quorum: Option<u16>,
    /// Port of the first replica's links.
    #[arg(long, default_value_t = 7600)]
    port: u16,
    /// Port for the clients of the first replica.
    #[arg(long, default_value_t = 7545)]
    rpc_port: u16,
}

/// Replicas that are ended with this value.
struct Running(Vec<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Builds the command, makes the folders if they are not there, and runs every replica.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let built = cargo().args(["build", "--release", "--locked", "--package", "counterpart-cli"]).status()?;
    if !built.success() {
        bail!("the command does not compile");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let counterpart = target.join("release/counterpart");
    if !arguments.folder.exists() {
        let mut make = Command::new(&counterpart);
        make.args(["node", "network"]).arg(&arguments.folder).args(["--replicas", &arguments.replicas.to_string()]);
        make.args(["--port", &arguments.port.to_string(), "--rpc-port", &arguments.rpc_port.to_string()]);
        if let Some(quorum) = arguments.quorum {
            make.args(["--quorum", &quorum.to_string()]);
        }
        if !make.status()?.success() {
            bail!("the folders cannot be made");
        }
    }
    let folders = (0..).map(|index| arguments.folder.join(format!("replica-{index}")));
    let mut running = Running(Vec::new());
    for (index, folder) in folders.take_while(|folder| folder.exists()).enumerate() {
        let mut command = Command::new(&counterpart);
        command.args(["node", "run"]).arg(&folder).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("replica {index} does not start"))?;
        if let Some(output) = child.stdout.take() {
            tell(index, output);
        }
        if let Some(errors) = child.stderr.take() {
            tell(index, errors);
        }
        running.0.push(child);
    }
    // Ctrl-C reaches the replicas too, which end by themselves; then there is nothing left to wait for.
    loop {
        let mut left = 0;
        for child in &mut running.0 {
            left += usize::from(child.try_wait()?.is_none());
        }
        if left == 0 {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Prints what a replica says, with its number before each line.
fn tell(index: usize, output: impl std::io::Read + Send + 'static) {
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{index} | {line}");
        }
    });
}
