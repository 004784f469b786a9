//! The verbs that talk to a network, against one: what they print, and how they fail.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

struct Net {
    folder: tempfile::TempDir,
    rpc: String,
    devnet: Child,
}

impl Drop for Net {
    fn drop(&mut self) {
        let _ = self.devnet.kill();
        let _ = self.devnet.wait();
    }
}

fn contract(package: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../target/contracts/{package}.wasm"));
    assert!(path.is_file(), "{}: run `cargo xtask contracts`", path.display());
    path.display().to_string()
}

impl Net {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
        command.args(["devnet", "--port", &port.to_string(), "--dir"]).arg(folder.path().join("net"));
        let devnet = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let net = Self { folder, rpc: format!("http://127.0.0.1:{port}"), devnet };
        let ready = (0..600).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(ready, "the network answers within a minute");
        net
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
        command.args(arguments).current_dir(self.folder.path()).env("COUNTERPART_HOME", self.home());
        command.env("COUNTERPART_RPC", &self.rpc).stdin(Stdio::null()).output().expect("it starts")
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The result of a command that succeeds, as JSON.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--json"], arguments].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{arguments:?} prints one document"))
    }

    /// Exit code and word of a command that fails.
    fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(&[&["--json"], arguments].concat());
        let document: Value = serde_json::from_slice(&output.stderr)
            .unwrap_or_else(|_| panic!("{arguments:?} says one document: {}", String::from_utf8_lossy(&output.stderr)));
        assert!(output.stdout.is_empty(), "{arguments:?} has no result");
        let code = document["error"]["code"].as_str().expect("a code").to_owned();
        (output.status.code().expect("an exit code"), code)
    }
}

#[test]
fn contracts_are_deployed_called_looked_at_and_upgraded() {
    let net = Net::start();
    let token = contract("upgradeable-token");
    let deployed = net.json(&["deploy", "--as", "oak", &token, "new", "--symbol", "OAK"]);
    let parent = deployed["contract"].as_str().expect("an address").to_owned();
    net.json(&["call", "oak", "mint", "--to", "dev:alice", "--units", "9"]);

    // Whoever has nothing is told so, and helped.
    let moved =
        ["call", "--from", "dev:alice", "oak", "transfer", "--from", "dev:alice", "--to", "dev:bob", "--units", "2"];
    assert_eq!(net.fails(&moved), (1, "no_funds".into()));
    assert_eq!(net.json(&["faucet", "dev:alice"])["balance"], "1000000000000");
    let receipt = net.json(&moved);
    assert_eq!(receipt["receipt"]["events"][0]["fields"]["units"], 2);
    assert_eq!(net.json(&["query", "oak", "balance-of", "--holder", "dev:bob"])["answer"], 2);
    let refused =
        ["call", "--from", "dev:alice", "oak", "transfer", "--from", "dev:alice", "--to", "dev:bob", "--units", "8"];
    assert_eq!(net.fails(&refused), (1, "revert".into()));
    assert_eq!(net.fails(&["call", "oak", "no-such-method"]), (2, "unknown_method".into()));
    assert_eq!(net.fails(&["query", "oak", "mint", "--to", "dev:bob", "--units", "1"]), (2, "not_a_query".into()));
    assert_eq!(net.fails(&["abi", "dev:alice"]), (3, "no_contract".into()));

    // What it keeps and what it reported, page by page.
    let kept = net.json(&["storage", "oak"]);
    let fields: Vec<&str> =
        kept["entries"].as_array().expect("entries").iter().filter_map(|entry| entry["field"].as_str()).collect();
    assert_eq!(fields, ["owner", "total", "symbol", "balances", "balances"]);
    let first = net.json(&["storage", "oak", "--limit", "2"]);
    let rest = net.json(&["storage", "oak", "--start", first["next"].as_str().expect("more")]);
    let entries = |page: &Value| page["entries"].as_array().expect("entries").clone();
    assert_eq!([entries(&first), entries(&rest)].concat(), entries(&kept));
    let holders = net.json(&["storage", "oak", "--field", "balances"]);
    assert_eq!(entries(&holders).len(), 2);
    assert_eq!(net.fails(&["storage", "oak", "--field", "nothing"]), (2, "unknown_field".into()));
    let events = |arguments: &[&str]| net.json(&[&["events", "oak"], arguments].concat());
    let all = events(&[])["events"].as_array().expect("events").clone();
    assert_eq!(all.len(), 2);
    assert_eq!(events(&["--topic", "dev:bob"])["events"].as_array().expect("events").len(), 1);
    assert_eq!(events(&["--name", "HandedOver"])["events"], Value::Array(Vec::new()));
    let page = events(&["--limit", "1"]);
    let next = events(&["--cursor", page["next"].as_str().expect("more")]);
    assert_eq!(next["events"].as_array().expect("events"), &all[1..]);
    assert_eq!(net.fails(&["events", "oak", "--name", "Nothing"]), (2, "unknown_event".into()));

    // The same code takes over; another interface is refused unless somebody insists.
    assert_eq!(net.json(&["upgrade", "--check", "oak", &token])["compatible"], true);
    let other = contract("token");
    let checked = net.run(&["upgrade", "--check", "oak", &other]);
    assert_eq!(checked.status.code(), Some(1));
    let told = String::from_utf8_lossy(&checked.stderr);
    assert!(told.contains("missing: upgrade(Address{[u8; 32]}) -> u128 is gone"), "{told}");
    assert_eq!(net.fails(&["upgrade", "oak", &other]), (1, "incompatible".into()));
    assert_eq!(net.fails(&["upgrade", "--breaking", "oak", &other]), (2, "no_lineage".into()));
    assert_eq!(net.fails(&["deploy", &token, "new", "--symbol", "OAK"]), (1, "address_taken".into()));
    let upgraded = net.json(&["upgrade", "--as", "oak2", "--salt", "1", "oak", &token, "new", "--symbol", "TWO"]);
    assert_eq!(upgraded["parent"], parent.as_str());
    let child = upgraded["child"].as_str().expect("an address").to_owned();
    assert_eq!(net.json(&["query", "oak", "upgraded-address"])["answer"], child.as_str());
    net.json(&["call", "--from", "dev:alice", "oak", "upgrade", "--holder", "dev:alice"]);
    assert_eq!(net.json(&["query", "oak2", "balance-of", "--holder", "dev:alice"])["answer"], 7);
    assert_eq!(net.fails(&["upgrade", "--salt", "2", "oak", &token]), (1, "already_upgraded".into()));

    // The same interface from the chain and from the file.
    let from_chain = net.json(&["bindings", "oak2"])["bindings"].as_str().expect("text").replace("oak2", "X");
    let from_file = net.json(&["bindings", &token])["bindings"].as_str().expect("text").replace(&token, "X");
    assert_eq!(from_chain, from_file);
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    counterpart_golden::check(&snapshots.join("bindings.rs.txt"), &from_chain);
    let typed = net.json(&["bindings", "--language", "typescript", "oak2"]);
    let typed = typed["bindings"].as_str().expect("text").replace("oak2", "X");
    counterpart_golden::check(&snapshots.join("bindings.ts.txt"), &typed);
}

#[test]
fn scenarios_hold_on_a_network_as_in_the_process() {
    let net = Net::start();
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    // Not those that depend on a single ms: on a network, time passes by itself.
    let scenarios = top.join("tests/scenarios/token").display().to_string();
    let contracts = top.join("target/contracts").display().to_string();
    let run = |more: &[&str]| net.json(&[&["scenario", "run", &scenarios, "--contracts", &contracts], more].concat());
    let (local, remote) = (run(&[]), run(&["--rpc", &net.rpc]));
    assert_eq!(local["failed"], 0);
    assert_eq!(local["scenarios"], remote["scenarios"]);
    // Twice on the same network: nothing that a run leaves behind stands in the way of the next.
    assert_eq!(run(&["--rpc", &net.rpc])["failed"], 0);
    let unreachable = ["scenario", "run", &scenarios, "--contracts", &contracts, "--rpc", "http://127.0.0.1:1"];
    assert_eq!(net.fails(&unreachable), (3, "unreachable".into()));
}
