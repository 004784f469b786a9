//! The gateway as a process of its own, for whoever supervises it.

use counterpart_sdk::Address;
use serde_json::Value;
use std::io::{BufRead, BufReader, Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a gateway is started with.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program `sensor-gateway`.
    pub program: PathBuf,
    /// Where its readings and secret lie.
    pub store: PathBuf,
    /// The node's JSON-RPC.
    pub rpc: String,
    /// The register of readings.
    pub register: Address,
    /// The market of keys.
    pub market: Address,
    /// The gateway's account.
    pub from: String,
}

/// A gateway that runs; it is killed when this is dropped.
pub struct Process {
    launch: Launch,
    child: Option<Child>,
    url: String,
}

impl Launch {
    /// The program that lies beside the present one.
    ///
    /// # Errors
    /// When the present one cannot be found.
    pub fn beside() -> std::io::Result<PathBuf> {
        Ok(std::env::current_exe()?.with_file_name("sensor-gateway"))
    }

    /// Starts it on a free port and waits until it listens.
    ///
    /// # Errors
    /// When it does not start; what it says about that is on stderr.
    pub fn start(self) -> std::io::Result<Process> {
        let mut process = Process { launch: self, child: None, url: "http://127.0.0.1:0".into() };
        process.start()?;
        Ok(process)
    }
}

impl Process {
    /// Where it listens; the same after every start.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its readings and secret lie.
    pub fn store(&self) -> &Path {
        &self.launch.store
    }

    /// Ends it without a word, as `kill -9` does.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> std::io::Result<()> {
        match self.child.take() {
            Some(mut child) => child.kill().and_then(|()| child.wait()).map(drop),
            None => Ok(()),
        }
    }

    /// Starts it again where it was.
    ///
    /// # Errors
    /// As [`Launch::start`].
    pub fn start(&mut self) -> std::io::Result<()> {
        self.kill()?;
        let Launch { program, store, rpc, register, market, from } = &self.launch;
        let [register, market] = [register, market].map(|address| hex::encode(address.0));
        let mut child = Command::new(program)
            .args(["--json", "--every-ms", "50", "--listen", self.url.trim_start_matches("http://")])
            .args(["--from", from, "--rpc", rpc, "--register", &register, "--market", &market, "--store"])
            .arg(store)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let read = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        self.child = Some(child);
        read.transpose()?;
        let told: Option<Value> = serde_json::from_str(&line).ok();
        let url = told.as_ref().and_then(|told| told["url"].as_str());
        let silent = || Error::new(ErrorKind::NotConnected, "the gateway ends before it listens");
        self.url = url.ok_or_else(silent)?.to_owned();
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
