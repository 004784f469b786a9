//! Replicas as processes.

use crate::namespaces::Spaces;
use serde_json::Value;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub const BINARY: &str = env!("CARGO_BIN_EXE_counterpart");

/// The first of so many ports in a row that are free at the moment.
fn free_ports(count: u16) -> u16 {
    for _ in 0..100 {
        let first =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("loopback").port();
        if first < u16::MAX - count && (first..first + count).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        {
            return first;
        }
    }
    panic!("no {count} free ports in a row");
}

/// Replicas of one chain, each a process; ended with this value.
pub struct Network {
    pub folder: tempfile::TempDir,
    pub rpc_port: u16,
    pub running: Vec<Option<Child>>,
    /// None where all share this machine's loopback.
    spaces: Option<Spaces>,
}

impl Network {
    /// N replicas on loopback.
    pub fn start(replicas: u16) -> Self {
        Self::start_in(replicas, None)
    }

    /// N replicas, each in a network namespace of its own if there are any.
    pub fn start_in(replicas: u16, spaces: Option<Spaces>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_ports(2 * replicas);
        let rpc_port = port + replicas;
        let network = folder.path().join("network");
        let made = Command::new(BINARY)
            .args(["node", "network", path(&network), "--replicas", &replicas.to_string()])
            .args(["--port", &port.to_string(), "--rpc-port", &rpc_port.to_string(), "--heartbeat-ms", "500"])
            .args(["--snapshot-every", "4"])
            .output()
            .expect("it starts");
        assert!(made.status.success(), "{made:?}");
        if spaces.is_some() {
            // Links lead from namespace to namespace; clients stay on the loopback of each.
            for index in 0..replicas {
                let file = network.join(format!("replica-{index}")).join("node.toml");
                let mut text = std::fs::read_to_string(&file).expect("a configuration");
                for other in 0..replicas {
                    let (own, space) = (format!("127.0.0.1:{}", port + other), Spaces::address(other));
                    text = text.replace(&own, &format!("{space}:{}", port + other));
                }
                std::fs::write(&file, text).expect("written");
            }
        }
        let mut network = Self { folder, rpc_port, running: (0..replicas).map(|_| None).collect(), spaces };
        (0..replicas).for_each(|index| network.run(index));
        network
    }

    /// A replica's folder.
    pub fn replica(&self, index: u16) -> PathBuf {
        self.folder.path().join("network").join(format!("replica-{index}"))
    }

    /// The command, where a replica runs.
    fn command(&self, index: u16) -> Command {
        match &self.spaces {
            Some(spaces) => spaces.command(index, BINARY),
            None => Command::new(BINARY),
        }
    }

    pub fn run(&mut self, index: u16) {
        let mut command = self.command(index);
        command.args(["node", "run", path(&self.replica(index))]).stdout(Stdio::null()).stderr(Stdio::null());
        self.running[usize::from(index)] = Some(command.spawn().expect("it starts"));
    }

    pub fn kill(&mut self, index: u16) {
        let mut child = self.running[usize::from(index)].take().expect("it runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    pub fn ask(&self, index: u16, arguments: &[&str]) -> Output {
        let home = self.folder.path().join("home");
        let rpc = format!("http://127.0.0.1:{}", self.rpc_port + index);
        let mut command = self.command(index);
        command.env("COUNTERPART_HOME", home).env("COUNTERPART_RPC", rpc).arg("--json").args(arguments);
        command.output().expect("it starts")
    }

    pub fn json(&self, index: u16, arguments: &[&str]) -> Option<Value> {
        let output = self.ask(index, arguments);
        if !output.status.success() {
            eprintln!("{arguments:?} of {index}: {}", String::from_utf8_lossy(&output.stderr));
        }
        output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("JSON"))
    }

    pub fn height(&self, index: u16) -> u64 {
        let status = self.json(index, &["node", "status"]);
        status.and_then(|status| status["health"]["height"].as_u64()).unwrap_or(0)
    }

    /// Waits until a replica is at a height; answers how long that took.
    pub fn reaches(&self, index: u16, height: u64, within: Duration) -> Duration {
        let started = Instant::now();
        while self.height(index) < height {
            assert!(started.elapsed() < within, "replica {index} is at {}, not {height}", self.height(index));
            std::thread::sleep(Duration::from_millis(50));
        }
        started.elapsed()
    }

    /// Cuts a replica off from all others, or joins it with them again.
    pub fn link(&self, index: u16, up: bool) {
        self.spaces.as_ref().expect("replicas in namespaces").link(index, up);
    }

    pub fn transfer(&self, index: u16, seconds: u32) -> Option<Value> {
        // A share below the quorum means the quorum, whatever the set is.
        let rule = ["--rule", "quorum:0.5", "--timeout", &seconds.to_string()];
        self.json(index, &[&["tx", "transfer", "dev:alice", "5"], &rule[..]].concat())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for child in self.running.iter_mut().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
