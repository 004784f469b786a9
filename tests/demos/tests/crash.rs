//! `kill -9` in the middle of the main demonstration loses no certified block.

use counterpart_audit::replay;
use counterpart_client::Client;
use counterpart_execution::Executor;
use counterpart_ledger::{Hash, Height};
use counterpart_module::Profile;
use counterpart_node::{Devnet, DevnetConfig};
use counterpart_referee::WasmiEngine;
use counterpart_storage::Store;
use serde_json::json;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders below the top").to_path_buf()
}

/// Ends the demonstration when the test fails before it is killed.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(data_dir: &Path) -> (Demo, String) {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    let port = free.expect("a free port").port();
    let child = Command::new(env!("CARGO_BIN_EXE_counterpart-demo"))
        .current_dir(top())
        .args(["--json", "--contracts", "target/contracts", "--port", &port.to_string(), "--data-dir"])
        .arg(data_dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the demonstration starts");
    (Demo(child), format!("http://127.0.0.1:{port}"))
}

/// Follows the demonstration until a height and answers what it acknowledged: height, block hash, state root.
fn acknowledged(url: &str, until: u64) -> Vec<(Height, Hash, Hash)> {
    let start = Instant::now();
    let client = loop {
        match Client::connect(url) {
            Ok(client) => break client,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(60), "no network: {error}"),
        }
    };
    let mut seen: Vec<(Height, Hash, Hash)> = Vec::new();
    while seen.len() < until as usize {
        assert!(start.elapsed() < Duration::from_secs(90), "the demonstration stands still at {}", seen.len());
        let height = seen.len() as u64 + 1;
        // Asked without a pause, the node would refuse the demonstration itself for asking too often.
        std::thread::sleep(Duration::from_millis(2));
        let Ok(answer) = client.call("chain_block", json!({ "height": height })) else { continue };
        if answer["certificate"].is_null() {
            continue;
        }
        let hash = |value: &serde_json::Value| value.as_str().and_then(Hash::from_hex).expect("a hash");
        seen.push((Height(height), hash(&answer["block"]["hash"]), hash(&answer["state_root"])));
    }
    seen
}

#[test]
fn a_demonstration_that_is_killed_leaves_every_certified_block_with_its_root() {
    // How many blocks a demonstration makes depends on how many transactions meet in one; thirty are always made.
    for until in [3, 14, 25] {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let data_dir = folder.path().join("network");
        let (mut demo, url) = start(&data_dir);
        let seen = acknowledged(&url, until);
        demo.0.kill().expect("it still runs");
        demo.0.wait().expect("it ends");

        let devnet = Devnet::start(&DevnetConfig::new(&data_dir)).expect("the network starts again");
        for replica in devnet.replicas() {
            let store = replica.store();
            for (height, hash, root) in &seen {
                let head = store.head_at(*height).expect("readable").expect("the block is there");
                assert_eq!((head.hash, head.state_root), (*hash, *root), "replica {}, block {height}", replica.index());
                assert!(
                    store.certificate(*height).expect("readable").is_some(),
                    "block {height} keeps its certificate"
                );
            }
        }
        devnet.stop();
        let store = Store::open(&data_dir.join("replica-0/ledger")).expect("the ledger opens");
        let executor = Executor::new(Arc::new(WasmiEngine::new()), Profile::v1());
        let report = replay(&store, &executor, &mut |_| {}).expect("the ledger can be replayed");
        assert!(report.divergence.is_none(), "{:?}", report.divergence);
        assert!(report.blocks >= until);
    }
}
