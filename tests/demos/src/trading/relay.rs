//! Relays: processes of their own that carry proofs, and that are killed.

use crate::stage::{Contract, Stage};
use counterpart_cli::output::{Exit, Failure, OrFail};
use counterpart_client::Client;
use remote_desk::OrderId;
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// What relays carry between.
pub struct Relay<'a> {
    pub here: &'a Client,
    pub there: &'a Client,
    pub orders: &'a Contract,
    pub desk: &'a Contract,
}

/// A relay that runs; killed at the latest when dropped.
pub struct Running(Child);

impl Running {
    /// Ends it without a word.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.end().or_fail(Exit::Bug, "demo", "a relay cannot be ended")
    }

    fn end(&mut self) -> std::io::Result<()> {
        self.0.kill()?;
        self.0.wait().map(drop)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl Relay<'_> {
    /// Starts the `counterpart` command that lies beside this program; it fulfils orders itself or carries what others did.
    pub fn start(&self, fulfils: bool) -> anyhow::Result<Running> {
        let program = std::env::current_exe().or_fail(Exit::Bug, "demo", "this program cannot be found")?;
        let mut command = Command::new(program.with_file_name("counterpart"));
        command.args(["relay", "--from", "dev:solver", "--every-ms", "100"]);
        command.args(["--rpc", self.here.url(), "--orders", &self.orders.address.to_string()]);
        command.args(["--desk-rpc", self.there.url(), "--desk", &self.desk.address.to_string()]);
        if fulfils {
            command.arg("--fulfil");
        }
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Ok(Running(started.or_fail(Exit::Bug, "demo", "the relay does not start")?))
    }

    /// Waits until an order is locked no more.
    pub fn until_ended(&self, stage: &Stage<'_>, order: u64) -> anyhow::Result<()> {
        until(|| Ok(stage.ask(self.orders, "order", json!({ "order": order }))?.is_null()))
    }

    /// Waits until the desk has fulfilled an order.
    pub fn until_fulfilled(&self, stage: &Stage<'_>, id: &OrderId) -> anyhow::Result<()> {
        let id = super::chains::document(id);
        until(|| Ok(stage.ask(self.desk, "fulfilment", json!({ "id": id }))? != Value::Null))
    }
}

fn until(holds: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let started = Instant::now();
    while !holds()? {
        if started.elapsed() > PATIENCE {
            return Err(Failure::new(Exit::No, "demo", "the relay does not do its work").into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
