//! One replica of a network: the machine, driven by links, a disk, a clock and clients.

use crate::journal::Journal;
use crate::machine::{Fault, Machine, Now, Setup, SharedMempool, Standing, Timing, To, verify_signature};
use crate::mempool::{SubmitError, SubmitErrorKind};
use crate::metrics::Metrics;
use crate::replica::context_after;
use crate::rpc::Backend;
use counterpart_consensus::Message;
use counterpart_execution::{BlockContext, Executor};
use counterpart_ledger::{
    ClientApproval, Evidence, Genesis, Hash, Height, PublicKey, Quiet, SecretKey, SignedBy, SignedTransaction,
    ValidatorSet,
};
use counterpart_module::Profile;
use counterpart_network::{Channel, Incoming, Network, NetworkConfig, NetworkError, Outgoing, Peer, Recipient, Sender};
use counterpart_storage::{Store, StoreError};
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// Messages that wait for the machine before further ones are dropped.
const QUEUE: usize = 8_192;
/// Most bytes of a message.
const MOST_MESSAGE_BYTES: u32 = 8 << 20;
/// Most inputs that one turn takes before it writes and sends.
const TURN: usize = 256;

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
enum Order {
    Submitted(SignedTransaction),
    Approve(ClientApproval, oneshot::Sender<bool>),
    Quiet(u64, Hash, oneshot::Sender<Vec<(Quiet, SignedBy)>>),
    Stop,
}

struct Shared {
    store: Arc<Store>,
    executor: Executor,
    mempool: SharedMempool,
    orders: mpsc::UnboundedSender<Order>,
    heights: watch::Sender<Height>,
    standing: Mutex<Option<Standing>>,
    validators: Mutex<ValidatorSet>,
    accused: Mutex<Vec<Evidence>>,
    metrics: Metrics,
    fault: Mutex<Option<String>>,
}

/// A running node. Dropping it stops it.
pub struct Node {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Node {
    /// Starts a replica, new or kept.
    ///
    /// A replica whose journal is missing although it has blocks does not know what it signed: it follows and signs nothing.
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
        let journal_path = folder.join("signed.journal");
        let signs = journal_path.exists() || store.head().height.0 == 0;
        let (journal, records) = Journal::open(&journal_path).map_err(|cause| file(&journal_path, cause))?;
        let options =
            Options { compiler: Compiler::Cranelift, cache_dir: Some(folder.join("compiled")), ..Options::default() };
        let executor = Executor::new(Arc::new(WasmtimeEngine::new(options)?), Profile::v1());
        let store = Arc::new(store);
        let (orders, queue) = mpsc::unbounded_channel();
        let (mempool, clock) = (SharedMempool::default(), Clock::new());
        let setup = Setup {
            ledger: store.clone(),
            executor: executor.clone(),
            key: SecretKey::from_seed(*config.seed),
            records,
            signs,
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
            metrics: Metrics::default(),
            fault: Mutex::new(None),
            store,
            executor,
            mempool,
            orders,
        });
        let turns =
            Turns { machine, journal, clock, shared: shared.clone(), sender: network.sender(), sync: config.sync };
        let thread = std::thread::Builder::new()
            .name("replica".to_owned())
            .spawn(move || turns.run(network, queue))
            .map_err(|cause| file(&config.folder, cause))?;
        Ok(Self { shared, thread: Some(thread) })
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

/// The clocks that the machine is told of.
struct Clock {
    start: Instant,
}

impl Clock {
    fn new() -> Self {
        Self { start: Instant::now() }
    }

    fn now(&self) -> Now {
        Now { us: self.start.elapsed().as_micros() as u64, wall_ms: crate::devnet::now_ms() }
    }
}

/// The thread of the machine.
struct Turns {
    machine: Machine<Arc<Store>>,
    journal: Journal,
    clock: Clock,
    shared: Arc<Shared>,
    sender: Sender,
    sync: bool,
}

enum Input {
    Message(Incoming),
    Order(Order),
    Time,
}

impl Turns {
    fn run(mut self, mut network: Network, mut orders: mpsc::UnboundedReceiver<Order>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return self.fail(&error.to_string()),
        };
        let mut next = Some(Input::Time);
        while let Some(input) = next {
            let mut inputs = vec![input];
            while inputs.len() < TURN
                && let Some(message) = network.try_receive()
            {
                inputs.push(Input::Message(message));
            }
            while inputs.len() < TURN
                && let Ok(order) = orders.try_recv()
            {
                inputs.push(Input::Order(order));
            }
            match self.turn(inputs) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return self.fail(&error),
            }
            let wait = self.machine.wake_us().saturating_sub(self.clock.now().us);
            next = runtime.block_on(async {
                tokio::select! {
                    message = network.receive() => message.map(Input::Message),
                    order = orders.recv() => order.map(Input::Order),
                    () = tokio::time::sleep(Duration::from_micros(wait)) => Some(Input::Time),
                }
            });
        }
        self.fail("the links are closed");
    }

    /// Takes inputs; writes what was signed in one piece; then sends. Answers whether to go on.
    fn turn(&mut self, inputs: Vec<Input>) -> Result<bool, String> {
        let text = |error: Fault| error.to_string();
        for input in inputs {
            let now = self.clock.now();
            match input {
                Input::Time => self.machine.tick(now).map_err(text)?,
                Input::Message(incoming) => match Message::decode(&incoming.bytes) {
                    Ok(message) => {
                        self.shared.metrics.received(&message, incoming.bytes.len());
                        self.machine.receive(incoming.from, message, now).map_err(text)?;
                    }
                    Err(error) => {
                        self.shared.metrics.malformed();
                        tracing::debug!(from = %incoming.from, %error, "a message cannot be read");
                    }
                },
                Input::Order(Order::Stop) => return Ok(false),
                Input::Order(Order::Submitted(transaction)) => {
                    self.machine.submitted(transaction, now).map_err(text)?
                }
                Input::Order(Order::Approve(approval, answer)) => {
                    let _ = answer.send(self.machine.approve(approval).map_err(text)?);
                }
                Input::Order(Order::Quiet(view, block, answer)) => {
                    self.machine.ask_quiet(view, block, now);
                    let _ = answer.send(self.machine.quiet(view, &block));
                }
            }
        }
        let now = self.clock.now();
        if now.us >= self.machine.wake_us() {
            self.machine.tick(now).map_err(text)?;
        }
        loop {
            let records = self.machine.records();
            if records.is_empty() {
                break;
            }
            let floor = self.machine.floor();
            self.journal.append(&records, self.sync, floor).map_err(|error| format!("the journal failed: {error}"))?;
            self.machine.release(self.clock.now()).map_err(text)?;
        }
        for (to, message) in self.machine.messages() {
            self.send(to, &message);
        }
        self.publish();
        Ok(true)
    }

    fn send(&self, to: To, message: &Message) {
        let channel = match message {
            Message::Transaction(_) => Channel::Transactions,
            Message::Blocks { .. } | Message::Block(_) | Message::WantBlocks { .. } | Message::WantBlock { .. } => {
                Channel::CatchUp
            }
            _ => Channel::Consensus,
        };
        let to = match to {
            To::All => Recipient::All,
            To::One(key) => Recipient::One(key),
        };
        let bytes = message.encode();
        self.shared.metrics.sent(bytes.len());
        if !self.sender.send(Outgoing { to, channel, bytes }) {
            self.shared.metrics.dropped();
        }
    }

    fn publish(&self) {
        let standing = self.machine.standing();
        let shared = &self.shared;
        shared.metrics.stands(&standing, self.clock.now().us);
        let height = Height(standing.height);
        if *shared.heights.borrow() < height {
            shared.heights.send_replace(height);
        }
        {
            let mut validators = shared.validators.lock().unwrap_or_else(PoisonError::into_inner);
            if validators.epoch != self.machine.validators().epoch {
                *validators = self.machine.validators().clone();
            }
        }
        let evidence = self.machine.accused();
        let mut accused = shared.accused.lock().unwrap_or_else(PoisonError::into_inner);
        if accused.len() != evidence.len() {
            *accused = evidence.values().copied().collect();
        }
        *shared.standing.lock().unwrap_or_else(PoisonError::into_inner) = Some(standing);
    }

    fn fail(&self, error: &str) {
        tracing::error!(%error, "the node stops");
        *self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_owned());
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
