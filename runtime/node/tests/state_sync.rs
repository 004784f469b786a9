//! A state fetched over links while one of two peers lies about it.

use counterpart_consensus::Message;
use counterpart_ledger::{Height, PublicKey, SecretKey, SnapshotPart, encode};
use counterpart_network::{Channel, Network, NetworkConfig, Outgoing, Peer, Recipient};
use counterpart_node::{StateSync, StateSyncError};
use counterpart_storage::{Manifest, Store, put_snapshot_part, snapshot_path};
use counterpart_storage_faults::Maker;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

fn key(seed: u8) -> PublicKey {
    SecretKey::from_seed([seed; 32]).public_key()
}

/// A peer that hands out the files of a folder, whatever they are; silent about parts if it has none.
struct Server {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(seed: u8, at: SocketAddr, client: (u8, SocketAddr), maker: &Maker, of: Height, folder: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let config = NetworkConfig {
            chain: maker.genesis.chain,
            seed: zeroize::Zeroizing::new([seed; 32]),
            listen: at,
            peers: vec![Peer { key: key(client.0), address: client.1 }],
            max_message_bytes: 8 << 20,
            queue: 64,
        };
        let mut network = Network::start(config).expect("it starts");
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            while !stopped.load(Relaxed) {
                let Some(incoming) = network.try_receive() else {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                };
                let Ok(Message::WantSnapshot { part, .. }) = Message::decode(&incoming.bytes) else { continue };
                let Ok(bytes) = std::fs::read(snapshot_path(&folder, part)) else { continue };
                let bytes = Message::Snapshot { of, part, bytes }.encode();
                network.sender().send(Outgoing { to: Recipient::One(incoming.from), channel: Channel::CatchUp, bytes });
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it ends");
        }
    }
}

/// A chunk with one byte changed, under a manifest that names it: everything that validators signed is true.
fn falsify(folder: &Path, maker: &Maker) {
    let mut manifest = Manifest::read(folder, &maker.genesis.hash()).expect("a manifest");
    let chunk = SnapshotPart::Chunk(0);
    let mut bytes = std::fs::read(snapshot_path(folder, chunk)).expect("a chunk");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    manifest.chunks[0] = counterpart_ledger::Hash(counterpart_ledger::state_path(&bytes));
    put_snapshot_part(folder, chunk, &bytes).expect("written");
    put_snapshot_part(folder, SnapshotPart::Manifest, &encode(&manifest)).expect("written");
    Manifest::read(folder, &maker.genesis.hash()).expect("it holds as far as it goes");
}

#[test]
fn a_newer_snapshot_that_is_false_or_withheld_gives_way_to_an_older_true_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let maker = Maker::default();
    let store = maker.open(&folder.path().join("source")).expect("a ledger");
    for _ in 0..30 {
        maker.commit_next(&store).expect("a block");
    }
    let export = |height: u64| {
        let into = folder.path().join(format!("snapshot-{height}"));
        store.export_snapshot(Height(height), &into, &mut |_, _| {}).expect("exported");
        into
    };
    let (honest, wrong, withheld) = (export(20), export(25), export(27));
    falsify(&wrong, &maker);
    for entry in std::fs::read_dir(&withheld).expect("a folder").flatten() {
        if entry.file_name() != "manifest" {
            std::fs::remove_file(entry.path()).expect("withheld");
        }
    }
    let listeners: Vec<_> = (0..4).map(|_| TcpListener::bind("127.0.0.1:0").expect("loopback")).collect();
    let at: Vec<SocketAddr> = listeners.iter().map(|listener| listener.local_addr().expect("bound")).collect();
    drop(listeners);
    let serve = |index: usize, of: u64, folder: &Path| {
        Server::start(index as u8 + 10, at[index], (10, at[0]), &maker, Height(of), folder.to_owned())
    };
    let servers = [serve(1, 20, &honest), serve(2, 25, &wrong), serve(3, 27, &withheld)];
    let sync = |name: &str, peers: &[usize]| StateSync {
        folder: folder.path().join(name),
        genesis: maker.genesis.clone(),
        seed: zeroize::Zeroizing::new([10; 32]),
        listen: at[0],
        peers: peers.iter().map(|index| Peer { key: key(*index as u8 + 10), address: at[*index] }).collect(),
    };
    let patience = Duration::from_secs(8);
    // The liars alone: nothing is made.
    let refused = sync("liars", &[2, 3]).run(patience, &mut |_, _| {});
    assert!(matches!(refused, Err(StateSyncError::Store(_) | StateSyncError::Silence { .. })), "{refused:?}");
    assert!(!folder.path().join("liars").join("ledger").exists());
    // With an honest one among them its state is taken.
    let height = sync("among", &[1, 2, 3]).run(patience, &mut |_, _| {}).expect("fetched");
    assert_eq!(height, Height(20));
    let made = Store::open(&folder.path().join("among").join("ledger")).expect("a ledger");
    assert_eq!(made.head(), store.head_at(Height(20)).expect("readable").expect("kept"));
    assert_eq!(std::fs::read_dir(folder.path().join("among")).expect("a folder").count(), 1, "nothing else is left");
    drop(servers);
}
