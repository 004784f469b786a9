//! Replicas as processes on loopback.

use anyhow::{Context, bail, ensure};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running network; ended with this value.
pub struct Cluster {
    binary: PathBuf,
    folder: tempfile::TempDir,
    rpc_port: u16,
    sync: bool,
    running: Vec<Option<Child>>,
}

/// What `/metrics` says: every sample by its name with labels.
pub type Metrics = BTreeMap<String, f64>;

fn free_ports(count: u16) -> anyhow::Result<u16> {
    for _ in 0..100 {
        let first = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        if first < u16::MAX - count && (first..first + count).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        {
            return Ok(first);
        }
    }
    bail!("no {count} free ports in a row")
}

impl Cluster {
    /// Starts N replicas; `sync` is whether they wait for the disk.
    pub fn start(replicas: u16, sync: bool, heartbeat_ms: u64) -> anyhow::Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("counterpart");
        ensure!(binary.exists(), "{} is missing: run `cargo xtask bench consensus`", binary.display());
        let folder = tempfile::tempdir()?;
        let port = free_ports(2 * replicas)?;
        let made = Command::new(&binary)
            .args(["node", "network"])
            .arg(folder.path().join("network"))
            .args(["--replicas", &replicas.to_string(), "--heartbeat-ms", &heartbeat_ms.to_string()])
            .args(["--port", &port.to_string(), "--rpc-port", &(port + replicas).to_string()])
            .output()?;
        ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let running = (0..replicas).map(|_| None).collect();
        let mut cluster = Self { binary, folder, rpc_port: port + replicas, sync, running };
        for index in 0..replicas {
            cluster.run(index)?;
        }
        for index in 0..replicas {
            cluster.reaches(index, 1, Duration::from_secs(30))?;
        }
        Ok(cluster)
    }

    /// Starts a replica, new or again.
    pub fn run(&mut self, index: u16) -> anyhow::Result<()> {
        let folder = self.folder.path().join("network").join(format!("replica-{index}"));
        let mut command = Command::new(&self.binary);
        command.args(["node", "run"]).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
        if !self.sync {
            command.arg("--unsafe-no-sync");
        }
        self.running[usize::from(index)] = Some(command.spawn()?);
        Ok(())
    }

    /// `kill -9`.
    pub fn kill(&mut self, index: u16) -> anyhow::Result<()> {
        let mut child = self.running[usize::from(index)].take().context("it runs")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Where clients reach a replica.
    pub fn rpc(&self, index: u16) -> String {
        format!("http://127.0.0.1:{}", self.rpc_port + index)
    }

    /// What a replica counts.
    pub fn metrics(&self, index: u16) -> anyhow::Result<Metrics> {
        let text = self.get(index, "/metrics")?;
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let sample = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Ok(samples.filter_map(sample).collect())
    }

    /// Height of the newest approved block of a replica; 0 when it does not answer.
    pub fn height(&self, index: u16) -> u64 {
        let metrics = self.metrics(index).unwrap_or_default();
        metrics.get("counterpart_height").map_or(0, |height| *height as u64)
    }

    /// Waits until a replica is at a height; answers how long that took.
    pub fn reaches(&self, index: u16, height: u64, within: Duration) -> anyhow::Result<Duration> {
        let started = Instant::now();
        while self.height(index) < height {
            ensure!(started.elapsed() < within, "replica {index} does not reach height {height}");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(started.elapsed())
    }

    fn get(&self, index: u16, path: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.rpc_port + index))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (_, body) = text.split_once("\r\n\r\n").context("an answer has a body")?;
        Ok(body.to_owned())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in self.running.iter_mut().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The median of a histogram between two looks, in ms, interpolated within its bucket.
pub fn median_ms(before: &Metrics, after: &Metrics, name: &str) -> Option<f64> {
    let prefix = format!("{name}_bucket{{le=\"");
    let mut buckets: Vec<(f64, f64)> = after
        .iter()
        .filter_map(|(sample, count)| {
            let bound = sample.strip_prefix(&prefix)?.strip_suffix("\"}")?;
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? };
            Some((bound, count - before.get(sample).copied().unwrap_or(0.0)))
        })
        .collect();
    buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
    let half = buckets.last()?.1 / 2.0;
    let (mut low, mut below) = (0.0, 0.0);
    for (bound, count) in buckets {
        if count >= half && count > below {
            let high = if bound.is_finite() { bound } else { low };
            return Some((low + (high - low) * (half - below) / (count - below)) * 1e3);
        }
        (low, below) = (bound, count);
    }
    None
}
