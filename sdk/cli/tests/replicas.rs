//! Four replicas as processes on loopback: killed, restarted, without a quorum and with one again; nothing certified is lost.

use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_counterpart");

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

struct Network {
    folder: tempfile::TempDir,
    rpc_port: u16,
    running: Vec<Option<Child>>,
}

impl Network {
    fn start(replicas: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_ports(2 * replicas);
        let rpc_port = port + replicas;
        let network = folder.path().join("network");
        let made = Command::new(BINARY)
            .args(["node", "network", path(&network), "--replicas", &replicas.to_string()])
            .args(["--port", &port.to_string(), "--rpc-port", &rpc_port.to_string(), "--heartbeat-ms", "500"])
            .output()
            .expect("it starts");
        assert!(made.status.success(), "{made:?}");
        let mut network = Self { folder, rpc_port, running: (0..replicas).map(|_| None).collect() };
        (0..replicas).for_each(|index| network.run(index));
        network
    }

    fn run(&mut self, index: u16) {
        let folder = self.folder.path().join("network").join(format!("replica-{index}"));
        let mut command = Command::new(BINARY);
        command.args(["node", "run", path(&folder)]).stdout(Stdio::null()).stderr(Stdio::null());
        self.running[usize::from(index)] = Some(command.spawn().expect("it starts"));
    }

    fn kill(&mut self, index: u16) {
        let mut child = self.running[usize::from(index)].take().expect("it runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    fn ask(&self, index: u16, arguments: &[&str]) -> Output {
        let home = self.folder.path().join("home");
        let rpc = format!("http://127.0.0.1:{}", self.rpc_port + index);
        let mut command = Command::new(BINARY);
        command.env("COUNTERPART_HOME", home).env("COUNTERPART_RPC", rpc).arg("--json").args(arguments);
        command.output().expect("it starts")
    }

    fn json(&self, index: u16, arguments: &[&str]) -> Option<Value> {
        let output = self.ask(index, arguments);
        output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("JSON"))
    }

    fn height(&self, index: u16) -> u64 {
        let status = self.json(index, &["node", "status"]);
        status.and_then(|status| status["health"]["height"].as_u64()).unwrap_or(0)
    }

    /// Waits until a replica is at a height; answers how long that took.
    fn reaches(&self, index: u16, height: u64, within: Duration) -> Duration {
        let started = Instant::now();
        while self.height(index) < height {
            assert!(started.elapsed() < within, "replica {index} is at {}, not {height}", self.height(index));
            std::thread::sleep(Duration::from_millis(50));
        }
        started.elapsed()
    }

    fn transfer(&self, index: u16, seconds: u32) -> Option<Value> {
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

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn replicas_outlive_kills_and_a_lost_quorum() {
    const LONG: Duration = Duration::from_secs(60);
    let mut network = Network::start(4);
    for index in 0..4 {
        network.reaches(index, 1, LONG);
    }
    let first = network.transfer(1, 60).expect("certified");
    assert!(first["certificate"]["certified"].as_array().is_some_and(|finals| finals.len() >= 3), "{first}");

    // One is killed; the others go on, and it catches up when it is back.
    network.kill(3);
    for _ in 0..3 {
        network.transfer(0, 60).expect("three of four are a quorum");
    }
    let height = network.height(0);
    network.run(3);
    network.reaches(3, height, LONG);

    // Two are killed: nothing is certified, and nothing is lost.
    network.kill(2);
    network.kill(3);
    let before = network.height(0);
    assert!(network.transfer(0, 2).is_none(), "two of four are no quorum");
    assert!(network.height(0) <= before + 1);
    network.run(2);
    network.run(3);
    let back = network.reaches(0, before + 2, LONG);
    eprintln!("a new approved block {back:?} after the quorum was back");

    // All at once, at any moment: what was approved is still there.
    let top = (0..4).map(|index| network.height(index)).max().unwrap_or(0);
    (0..4).for_each(|index| network.kill(index));
    (0..4).for_each(|index| network.run(index));
    for index in 0..4 {
        network.reaches(index, top, LONG);
    }
    let last = network.transfer(2, 60).expect("certified");

    // Whoever is asked tells the same of it, and with which strength.
    let hash = last["transaction"].as_str().expect("a hash");
    let height = last["height"].as_u64().expect("a height");
    network.reaches(1, height, LONG);
    let strength = network.json(1, &["tx", "strength", hash, "--delta", "10"]).expect("an answer");
    assert_eq!((&strength["replicas"], &strength["quorum"]), (&Value::from(4), &Value::from(3)));
    let block = |index: u16| network.json(index, &["tx", "show", hash]).expect("known")["receipt"].clone();
    assert_eq!(block(1), block(2));
}

#[test]
fn a_replica_ends_in_order_when_it_is_told_to() {
    let mut network = Network::start(1);
    network.reaches(0, 1, Duration::from_secs(60));
    let mut child = network.running[0].take().expect("it runs");
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
    assert!(told.success());
    assert!(child.wait().expect("it ends").success());
    let folder = network.folder.path().join("network").join("replica-0");
    let checked = Command::new(BINARY).args(["node", "db", "check", path(&folder)]).output().expect("it starts");
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn a_member_leaves_and_comes_back_by_changes_of_validators() {
    const LONG: Duration = Duration::from_secs(60);
    let mut network = Network::start(4);
    for index in 0..4 {
        network.reaches(index, 1, LONG);
    }
    let shown = network.json(0, &["validators", "show"]).expect("the first set");
    let members: Vec<String> = shown["members"]
        .as_array()
        .expect("members")
        .iter()
        .map(|key| key.as_str().expect("a key").to_owned())
        .collect();
    let folder = network.folder.path().to_owned();
    let file = folder.join("proposal.json");
    let replica = |index: u16| folder.join("network").join(format!("replica-{index}"));
    let change = |network: &Network, members: &[String], quorum: &str, consenting: &[u16]| {
        let named: Vec<&str> = members.iter().flat_map(|key| ["--member", key]).collect();
        let propose = [&["validators", "propose", "--quorum", quorum, "--out", path(&file)][..], &named].concat();
        network.json(0, &propose).expect("proposed");
        for index in consenting {
            network
                .json(0, &["validators", "consent", path(&file), "--replica", path(&replica(*index))])
                .expect("consents");
        }
        network.ask(0, &["validators", "change", path(&file), "--rule", "quorum:0.5"])
    };
    let epoch = |network: &Network, epoch: u64| {
        let started = Instant::now();
        while network.json(1, &["validators", "show"]).is_none_or(|shown| shown["epoch"] != epoch) {
            assert!(started.elapsed() < LONG, "epoch {epoch} does not begin");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let refused = change(&network, &members[..3], "2", &[0, 1]);
    assert_eq!(refused.status.code(), Some(1), "two of four are too few: {refused:?}");
    assert!(change(&network, &members[..3], "2", &[0, 1, 3]).status.success());
    epoch(&network, 1);

    // Without the fourth, two of three are the quorum. It follows, and signs nothing.
    network.kill(2);
    let two = network.transfer(0, 60).expect("two of three are a quorum");
    assert!(two["certificate"]["certified"].as_array().is_some_and(|finals| finals.len() == 2), "{two}");
    network.reaches(3, two["height"].as_u64().expect("a height"), LONG);
    let standing = network.json(3, &["node", "status"]).expect("it runs");
    assert_eq!(
        (&standing["standing"]["signs"], &standing["standing"]["epoch"]),
        (&Value::from(false), &Value::from(1))
    );

    // It comes back, and what was certified before is still proved to whoever connects now.
    network.run(2);
    let changed = change(&network, &members, "3", &[0, 1]);
    assert!(changed.status.success(), "{changed:?}");
    epoch(&network, 2);
    network.kill(2);
    network.transfer(1, 60).expect("the fourth votes again");
    let hash = two["transaction"].as_str().expect("a hash");
    let shown = network.json(1, &["tx", "show", hash]).expect("verified");
    assert_eq!((&shown["receipt"], &shown["height"]), (&two["receipt"], &two["height"]));
}
