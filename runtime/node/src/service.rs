//! One replica of a network: the machine, driven by links, a disk, a clock and clients.

use crate::journal::Journal;
use crate::kept::Kept;
use crate::machine::{Fault, Machine, Setup, SharedMempool, Standing, Timing, verify_signature};
use crate::mempool::{SubmitError, SubmitErrorKind};
use crate::metrics::Metrics;
use crate::replica::context_after;
use crate::rpc::Backend;
use crate::snapshots::Snapshots;
use crate::turns::{Clock, Seen, Turns};
use counterpart_execution::{BlockContext, Executor};
use counterpart_ledger::{
    ClientApproval, Evidence, Genesis, Hash, Height, PublicKey, Quiet, SecretKey, SignedBy, SignedTransaction,
    ValidatorSet,
};
use counterpart_module::Profile;
use counterpart_network::{Network, NetworkConfig, NetworkError, Peer};
use counterpart_storage::{Store, StoreError};
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot, watch};

/// The file of signatures in a replica's folder.
pub const JOURNAL: &str = "signed.journal";
/// Messages that wait for the machine before further ones are dropped.
const QUEUE: usize = 8_192;
/// Most bytes of a message.
pub(crate) const MOST_MESSAGE_BYTES: u32 = 8 << 20;

/// What a node is made of.
pub struct NodeConfig {
    /// Its data.
    pub folder: PathBuf,
    /// What the chain began with.
    pub genesis: Genesis,
    /// The seed of its key, which signs and opens links.
    pub seed: zeroize::Zeroizing<[u8; 32]>,
    /// Where other replicas reach it.
    pub listen: SocketAddr,
    /// The other replicas.
    pub peers: Vec<Peer>,
    /// Finals on which it executes a block for good; R if it is less.
    pub approve_at: u16,
    /// How long it waits for what.
    pub timing: Timing,
    /// A snapshot for those who start anew is made after every so many blocks; 0 makes none.
    pub snapshot_every: u64,
    /// Whether it waits for the disk before a signature leaves. Without it a loss of power may make the replica contradict
    /// itself: for benchmarks.
    pub sync: bool,
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The ledger cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine cannot be made.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The engine cannot be set up.
    #[error(transparent)]
    Engine(#[from] counterpart_execution::EngineFault),
    /// The links cannot be made.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The folder is of another chain.
    #[error("{} has another genesis", .0.display())]
    Genesis(PathBuf),
}

/// What clients ask of the machine.
pub(crate) enum Order {
    Submitted(SignedTransaction),
    Approve(ClientApproval, oneshot::Sender<bool>),
    Quiet(u64, Hash, oneshot::Sender<Vec<(Quiet, SignedBy)>>),
    Stop,
}

/// What the thread of the machine and those who answer clients both have.
pub(crate) struct Shared {
    pub store: Arc<Store>,
    pub executor: Executor,
    pub mempool: SharedMempool,
    pub orders: mpsc::UnboundedSender<Order>,
    pub heights: watch::Sender<Height>,
    pub standing: Mutex<Option<Standing>>,
    pub validators: Mutex<ValidatorSet>,
    pub accused: Mutex<Vec<Evidence>>,
    pub metrics: Metrics,
    pub fault: Mutex<Option<String>>,
}

impl Shared {
    /// The node stops, and says why.
    pub fn failed(&self, error: &str) {
        tracing::error!(%error, "the node stops");
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_owned());
    }
}

/// A running node. Dropping it stops it.
pub struct Node {
    shared: Arc<Shared>,
    journal_lost: bool,
    thread: Option<JoinHandle<()>>,
}

impl Node {
    /// Starts a replica, new or kept.
    ///
    /// A replica whose journal of signatures is missing, damaged or of another replica does not know what it signed: it follows
    /// and signs nothing until its operator says from where on it may ([`Journal::create`] with a resumption).
    ///
    /// # Errors
    /// [`NodeError`] when its data, its address or the machine's engine cannot be used.
    pub fn start(config: NodeConfig) -> Result<Self, NodeError> {
        let file = |path: &std::path::Path, cause| NodeError::File { path: path.to_path_buf(), cause };
        let folder = &config.folder;
        std::fs::create_dir_all(folder).map_err(|cause| file(folder, cause))?;
        let ledger = folder.join("ledger");
        let store = match Store::open(&ledger) {
            Ok(store) => store,
            Err(StoreError::Missing(_)) => {
                Store::create(&ledger, &config.genesis, &Executor::genesis(&config.genesis))?
            }
            Err(error) => return Err(error.into()),
        };
        if *store.genesis() != config.genesis {
            return Err(NodeError::Genesis(ledger));
        }
        let key = SecretKey::from_seed(*config.seed);
        let journal_path = folder.join(JOURNAL);
        let (journal, records) = match Journal::open(&journal_path, key.public_key()) {
            Ok((journal, records)) => (Some(journal), records),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => {
                tracing::warn!(%error, "the journal of signatures is lost: this replica follows, and signs nothing");
                (None, Vec::new())
            }
            Err(cause) => return Err(file(&journal_path, cause)),
        };
        let journal_lost = journal.is_none();
        let options =
            Options { compiler: Compiler::Cranelift, cache_dir: Some(folder.join("compiled")), ..Options::default() };
        let executor = Executor::new(Arc::new(WasmtimeEngine::new(options)?), Profile::v1());
        store.wait_for_disk(config.sync);
        let blocks_path = folder.join("voted.blocks");
        let (kept, voted_blocks) =
            Kept::open(&blocks_path, store.head().height).map_err(|cause| file(&blocks_path, cause))?;
        let store = Arc::new(store);
        let (orders, queue) = mpsc::unbounded_channel();
        let (mempool, clock) = (SharedMempool::default(), Clock::new());
        let setup = Setup {
            ledger: store.clone(),
            executor: executor.clone(),
            key,
            records,
            voted_blocks,
            signs: !journal_lost,
            approve_at: config.approve_at,
            mempool: mempool.clone(),
            timing: config.timing,
            verify: verify_signature,
        };
        let machine = Machine::new(setup, clock.now())?;
        let network = Network::start(NetworkConfig {
            chain: config.genesis.chain,
            seed: config.seed.clone(),
            listen: config.listen,
            peers: config.peers.clone(),
            max_message_bytes: MOST_MESSAGE_BYTES,
            queue: QUEUE,
        })?;
        let shared = Arc::new(Shared {
            heights: watch::Sender::new(store.head().height),
            standing: Mutex::new(Some(machine.standing())),
            validators: Mutex::new(machine.validators().clone()),
            accused: Mutex::default(),
            metrics: Metrics::above(store.head().height.0),
            fault: Mutex::new(None),
            store,
            executor,
            mempool,
            orders,
        });
        let snapshots =
            Snapshots::start(folder.join("snapshots"), config.snapshot_every, shared.store.clone(), network.sender());
        let snapshots = snapshots.map_err(|cause| file(folder, cause))?;
        let turns = Turns {
            snapshots,
            machine,
            journal,
            kept,
            clock,
            shared: shared.clone(),
            sender: network.sender(),
            sync: config.sync,
            seen: Seen::default(),
        };
        let thread = std::thread::Builder::new()
            .name("replica".to_owned())
            .spawn({
                let (executor, shared) = (shared.executor.clone(), shared.clone());
                move || {
                    if let Err(fault) = executor.on_its_thread(move || turns.run(network, queue)) {
                        shared.failed(&fault.to_string());
                    }
                }
            })
            .map_err(|cause| file(&config.folder, cause))?;
        Ok(Self { shared, journal_lost, thread: Some(thread) })
    }

    /// Whether it signs nothing because its journal of signatures was missing or damaged when it started.
    pub fn journal_lost(&self) -> bool {
        self.journal_lost
    }

    /// Where it stands.
    pub fn standing(&self) -> Option<Standing> {
        self.shared.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops, and waits until everything is written.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn stop(mut self) -> Result<(), StoreError> {
        self.end();
        self.shared.store.settle()
    }

    fn end(&mut self) {
        let _ = self.shared.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the replica's thread panicked");
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

impl Backend for Node {
    fn store(&self) -> &Store {
        &self.shared.store
    }

    fn executor(&self) -> &Executor {
        &self.shared.executor
    }

    fn next_context(&self) -> BlockContext {
        let store = &self.shared.store;
        let validators = self.shared.validators.lock().unwrap_or_else(PoisonError::into_inner).hash();
        context_after(store.genesis(), &store.head(), crate::devnet::now_ms(), validators)
    }

    fn waiting(&self) -> usize {
        self.shared.mempool.len()
    }

    fn is_waiting(&self, hash: &Hash) -> bool {
        self.shared.mempool.lock().contains(hash)
    }

    fn submit(&self, signed: SignedTransaction) -> Result<Hash, SubmitError> {
        if let Some(fault) = self.fault() {
            return Err(SubmitError::new(SubmitErrorKind::Unavailable, fault));
        }
        let hash = signed.hash();
        let store = &self.shared.store;
        let unavailable = |error: StoreError| SubmitError::new(SubmitErrorKind::Unavailable, error.to_string());
        if let Some((height, _)) = store.locate(&hash).map_err(unavailable)? {
            let message = format!("transaction {hash} stands in block {height}");
            return Err(SubmitError::new(SubmitErrorKind::Known, message));
        }
        let state = store.state();
        let context = self.next_context();
        self.shared.mempool.lock().submit(signed.clone(), &context, &self.shared.executor, &*state)?;
        let _ = self.shared.orders.send(Order::Submitted(signed));
        Ok(hash)
    }

    fn fault(&self) -> Option<String> {
        self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn heights(&self) -> watch::Receiver<Height> {
        self.shared.heights.subscribe()
    }

    fn standing(&self) -> Option<Standing> {
        Node::standing(self)
    }

    fn validators(&self) -> ValidatorSet {
        self.shared.validators.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn accused(&self) -> Vec<Evidence> {
        self.shared.accused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn quiet(&self, view: u64, block: &Hash) -> Vec<(Quiet, SignedBy)> {
        let (answer, words) = oneshot::channel();
        let _ = self.shared.orders.send(Order::Quiet(view, *block, answer));
        words.blocking_recv().unwrap_or_default()
    }

    fn approve(&self, approval: ClientApproval) -> bool {
        let (answer, recorded) = oneshot::channel();
        let _ = self.shared.orders.send(Order::Approve(approval, answer));
        recorded.blocking_recv().unwrap_or(false)
    }

    fn metrics(&self) -> String {
        self.shared.metrics.text(self.shared.mempool.len())
    }
}

/// A peer as configurations write it: `KEY@ADDRESS`.
pub fn parse_peer(text: &str) -> Option<Peer> {
    let (key, address) = text.split_once('@')?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(key.trim_start_matches("0x"), &mut bytes).ok()?;
    Some(Peer { key: PublicKey(bytes), address: address.parse().ok()? })
}
