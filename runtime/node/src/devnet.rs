//! Replicas in one process that certify every block: each with its own store, half of them on another compiler.

use crate::dev_accounts::{FAUCET, dev_account};
use crate::mempool::{MAX_BLOCK_BYTES, Mempool, SubmitError, SubmitErrorKind};
use crate::replica::{Replica, ReplicaError};
use counterpart_consensus::{Tally, leader};
use counterpart_execution::{Executor, account};
use counterpart_ledger::{
    Action, Address, Certificate, ChainId, ClientApproval, Gas, Genesis, GenesisAccount, Hash, Height, Phase,
    SecretKey, SignedTransaction, Statement, Transaction, ValidatorSet, account_address, decode, encode,
};
use counterpart_module::Profile;
use counterpart_storage::StoreError;
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// Native atomic units that the faucet of a new devnet has.
const FAUCET_FUNDS: u128 = 1_000_000_000_000_000_000_000_000_000;

/// Gas limit of a transfer from the faucet.
const FUND_GAS: Gas = Gas(5_000_000);
/// Blocks for which a transfer from the faucet can be included.
const FUND_VALIDITY: u64 = 1_000;

/// How a devnet is set up.
#[derive(Clone, Debug)]
pub struct DevnetConfig {
    /// Its data; made if it is not there.
    pub folder: PathBuf,
    /// N, the number of replicas of a new devnet.
    pub replicas: u16,
    /// R, the votes that certify; at most N.
    pub quorum: u16,
    /// The number of a new chain.
    pub chain: ChainId,
}

impl DevnetConfig {
    /// Four replicas, of which three certify.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), replicas: 4, quorum: 3, chain: ChainId(1337) }
    }
}

/// Why a devnet does not run.
#[derive(Debug, thiserror::Error)]
pub enum DevnetError {
    /// The number of replicas and the quorum do not go together.
    #[error(
        "{replicas} replicas with a quorum of {quorum}: use 1 to 64 replicas, and more than half of them as quorum"
    )]
    Quorum {
        /// N.
        replicas: u16,
        /// R.
        quorum: u16,
    },
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A replica failed.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// The engine cannot be set up.
    #[error(transparent)]
    Engine(#[from] counterpart_execution::EngineFault),
    /// The replicas do not agree.
    #[error("the replicas do not agree on block {height}: {message}")]
    Disagreement {
        /// Height of the block.
        height: Height,
        /// What differs.
        message: String,
    },
}

impl From<StoreError> for DevnetError {
    fn from(error: StoreError) -> Self {
        Self::Replica(error.into())
    }
}

struct Shared {
    replicas: Vec<Replica>,
    mempool: Mutex<Mempool>,
    wake: Condvar,
    stop: AtomicBool,
    fault: Mutex<Option<String>>,
    /// Height of the newest block with finals.
    heights: watch::Sender<Height>,
    /// How far the clock of blocks is ahead of this machine's, in ms.
    ahead_ms: AtomicU64,
    /// Blocks that were asked for without transactions.
    wanted: AtomicU32,
}

/// A running devnet. Dropping it stops it.
pub struct Devnet {
    shared: Arc<Shared>,
    producer: Option<JoinHandle<()>>,
}

impl Devnet {
    /// Starts a devnet, new or kept.
    ///
    /// A replica that lags behind the others after a crash is given the certified blocks it lacks; it executes them
    /// itself.
    ///
    /// # Errors
    /// [`DevnetError`] when its data cannot be used or the machine lacks what the engine needs.
    pub fn start(config: &DevnetConfig) -> Result<Self, DevnetError> {
        let DevnetConfig { folder, replicas, quorum, chain } = config;
        if !(1..=64).contains(replicas) || quorum > replicas || quorum * 2 <= *replicas {
            return Err(DevnetError::Quorum { replicas: *replicas, quorum: *quorum });
        }
        let file = |path: &Path, cause| DevnetError::File { path: path.to_path_buf(), cause };
        std::fs::create_dir_all(folder).map_err(|cause| file(folder, cause))?;
        let genesis_path = folder.join("genesis");
        let genesis: Genesis = if genesis_path.exists() {
            let bytes = std::fs::read(&genesis_path).map_err(|cause| file(&genesis_path, cause))?;
            decode("genesis", &bytes).map_err(|error| {
                file(&genesis_path, std::io::Error::new(std::io::ErrorKind::InvalidData, error.to_string()))
            })?
        } else {
            let keys = (0..*replicas).map(|index| replica_key(folder, index)).collect::<Result<Vec<_>, _>>()?;
            let genesis = new_genesis(*chain, &keys, *quorum);
            // Renamed when it is whole, so that a devnet is either new or has a genesis.
            let temporary = genesis_path.with_extension("new");
            let written =
                std::fs::write(&temporary, encode(&genesis)).and_then(|()| std::fs::rename(&temporary, &genesis_path));
            written.map_err(|cause| file(&genesis_path, cause))?;
            genesis
        };
        let engine = |compiler, cache: &str| {
            let options = Options { compiler, cache_dir: Some(folder.join(cache)), ..Options::default() };
            WasmtimeEngine::new(options).map(Arc::new)
        };
        let (fast, quick) =
            (engine(Compiler::Cranelift, "compiled-cranelift")?, engine(Compiler::Winch, "compiled-winch")?);
        let executors = [Executor::new(fast, Profile::v1()), Executor::new(quick, Profile::v1())];
        let mut opened = Vec::new();
        for index in 0..genesis.validators.size() {
            let key = replica_key(folder, index)?;
            let executor = executors[usize::from(index % 2)].clone();
            opened.push(Replica::open(&folder.join(format!("replica-{index}")), &genesis, index, key, executor)?);
        }
        catch_up(&opened)?;
        let head = opened[0].store().head();
        let (top, time_ms) = (head.height, head.time_ms);
        let shared = Arc::new(Shared {
            replicas: opened,
            mempool: Mutex::default(),
            wake: Condvar::new(),
            stop: AtomicBool::new(false),
            fault: Mutex::new(None),
            heights: watch::Sender::new(top),
            // A clock that was moved forward stays ahead after a restart: time never goes back.
            ahead_ms: AtomicU64::new(time_ms.saturating_sub(now_ms())),
            wanted: AtomicU32::new(0),
        });
        let worker = shared.clone();
        let producer = std::thread::Builder::new()
            .name("producer".into())
            .spawn(move || worker.produce())
            .map_err(|cause| file(folder, cause))?;
        Ok(Self { shared, producer: Some(producer) })
    }

    /// The copies.
    pub fn replicas(&self) -> &[Replica] {
        &self.shared.replicas
    }

    /// The copy that answers clients.
    pub fn first(&self) -> &Replica {
        &self.shared.replicas[0]
    }

    /// Who votes.
    pub fn validators(&self) -> &ValidatorSet {
        &self.first().store().genesis().validators
    }

    /// How many transactions wait.
    pub fn waiting(&self) -> usize {
        self.shared.mempool().len()
    }

    /// Takes a transaction for one of the next blocks. It is not durable before it is in one.
    ///
    /// # Errors
    /// [`SubmitError`] when it would be rejected, is known, or the devnet has failed.
    pub fn submit(&self, signed: SignedTransaction) -> Result<Hash, SubmitError> {
        if let Some(fault) = self.fault() {
            return Err(SubmitError::new(SubmitErrorKind::Unavailable, fault));
        }
        let replica = self.first();
        let hash = signed.hash();
        let unavailable = |error: StoreError| SubmitError::new(SubmitErrorKind::Unavailable, error.to_string());
        let known = replica.store().locate(&hash).map_err(unavailable)?;
        if let Some((height, _)) = known {
            let message = format!("transaction {hash} stands in block {height}");
            return Err(SubmitError::new(SubmitErrorKind::Known, message));
        }
        let context = replica.next_context(now_ms() + self.ahead_ms());
        let state = replica.store().state();
        let mut mempool = self.shared.mempool();
        let hash = mempool.submit(signed, &context, replica.executor(), &*state)?;
        self.shared.wake.notify_all();
        Ok(hash)
    }

    /// Whether a transaction waits.
    pub fn is_waiting(&self, hash: &Hash) -> bool {
        self.shared.mempool().contains(hash)
    }

    /// The height of the newest block with its finals, as it rises.
    pub fn heights(&self) -> watch::Receiver<Height> {
        self.shared.heights.subscribe()
    }

    /// How far the clock of blocks is ahead of this machine's, in ms.
    pub fn ahead_ms(&self) -> u64 {
        self.shared.ahead_ms.load(Ordering::SeqCst)
    }

    /// Moves the clock of coming blocks forward.
    pub fn advance_time(&self, by_ms: u64) {
        self.shared.ahead_ms.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// Makes so many blocks although no transaction waits.
    pub fn make_blocks(&self, count: u32) {
        self.shared.wanted.fetch_add(count, Ordering::SeqCst);
        self.shared.wake.notify_all();
    }

    /// Sends native currency from the faucet.
    ///
    /// # Errors
    /// As [`Devnet::submit`].
    pub fn fund(&self, to: Address, amount: u128) -> Result<Hash, SubmitError> {
        let key = dev_account(FAUCET);
        let replica = self.first();
        let faucet = account_address(&key.public_key());
        let next = account(&*replica.store().state(), &faucet)
            .map_err(|error| SubmitError::new(SubmitErrorKind::Unavailable, error.to_string()))?
            .nonce;
        let nonce = self.shared.mempool().next_nonce(&faucet, next);
        let (genesis, head) = (replica.store().genesis(), replica.store().head());
        let transaction = Transaction {
            chain: genesis.chain,
            sender: key.public_key(),
            nonce,
            gas_limit: FUND_GAS,
            gas_price: genesis.min_gas_price,
            expires_at: Height(head.height.0 + FUND_VALIDITY),
            actions: vec![Action::Transfer { to, amount }],
            authorizations: Vec::new(),
        };
        self.submit(transaction.sign(&key))
    }

    /// Records a client's approval of a block on every replica; answers whether it was taken and new.
    pub fn record(&self, approval: &ClientApproval) -> bool {
        let store = self.first().store();
        let known = store.block(approval.height).ok().flatten().is_some_and(|block| block.hash() == approval.block);
        known
            && approval.verify(store.genesis().chain).is_ok()
            && self.replicas().iter().all(|replica| replica.store().put_client_approval(approval).unwrap_or(false))
    }

    /// Why the devnet stopped by itself, if it did.
    pub fn fault(&self) -> Option<String> {
        self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops and waits until the last block is written.
    pub fn stop(mut self) {
        self.stop_producer();
    }

    fn stop_producer(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.wake.notify_all();
        if let Some(producer) = self.producer.take()
            && producer.join().is_err()
        {
            tracing::error!("the block producer panicked");
        }
    }
}

impl Devnet {
    /// Writes the ledgers out for an orderly stop, so that the next start is quick.
    ///
    /// # Errors
    /// [`StoreError`] when a disk fails.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.shared.replicas.iter().try_for_each(|replica| replica.store().settle())
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        self.stop_producer();
    }
}

impl Shared {
    fn mempool(&self) -> MutexGuard<'_, Mempool> {
        self.mempool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn produce(&self) {
        // A block's results are certified by the next block: one more follows the last with transactions.
        let mut uncertified = self.replicas[0].store().head().height.0 > 0;
        while !self.stop.load(Ordering::SeqCst) {
            {
                let mempool = self.mempool();
                let wanted = self.wanted.load(Ordering::SeqCst) > 0;
                if mempool.is_empty() && !uncertified && !wanted {
                    let idle = self.wake.wait_timeout(mempool, Duration::from_millis(200));
                    drop(idle.unwrap_or_else(PoisonError::into_inner));
                    continue;
                }
            }
            match self.block() {
                Ok(transactions) => {
                    uncertified = transactions > 0;
                    // Only this thread takes away, so that it cannot fall below zero.
                    if self.wanted.load(Ordering::SeqCst) > 0 {
                        self.wanted.fetch_sub(1, Ordering::SeqCst);
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the devnet stops");
                    *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                    return;
                }
            }
        }
    }

    /// One block: propose, vote, certify, execute on every replica, finals. Answers how many transactions it had.
    fn block(&self) -> Result<usize, DevnetError> {
        let set = &self.replicas[0].store().genesis().validators;
        let view = self.replicas.iter().map(Replica::latest_view).max().unwrap_or(0) + 1;
        let proposer = &self.replicas[usize::from(leader(set, view))];
        let state = proposer.store().state();
        let nonce = |address: &Address| account(&*state, address).map(|account| account.nonce).unwrap_or(0);
        let transactions = self.mempool().select(nonce, MAX_BLOCK_BYTES);
        let count = transactions.len();
        let (block, proposal) =
            proposer.propose(view, now_ms() + self.ahead_ms.load(Ordering::SeqCst), transactions)?;
        let (height, hash) = (block.header.height, block.hash());

        let chain = block.header.chain;
        let statement = |phase| Statement { chain, epoch: set.epoch, phase, view, block: hash };
        let disagree = |message: String| DevnetError::Disagreement { height, message };
        let votes = self.on_each(|replica| replica.vote(&block, &proposal))?;
        let certificate = tally(set, statement(Phase::Vote), votes).map_err(disagree)?;
        let heads = self.on_each(|replica| replica.execute(&block, &certificate))?;
        if let Some(other) = heads.iter().find(|head| **head != heads[0]) {
            return Err(disagree(format!("roots {} and {}", heads[0].state_root, other.state_root)));
        }
        let finals = self.on_each(|replica| replica.finalize(&certificate))?;
        let approval = tally(set, statement(Phase::Final), finals).map_err(disagree)?;
        for replica in &self.replicas {
            replica.store().put_approval(height, &approval)?;
        }
        let state = proposer.store().state();
        let nonce = |address: &Address| account(&*state, address).map(|account| account.nonce).unwrap_or(0);
        self.mempool().prune(height.0, nonce);
        self.heights.send_replace(height);
        tracing::debug!(height = height.0, transactions = count, finals = approval.signatures.len(), "block certified");
        Ok(count)
    }

    /// The same on every replica, each on its own thread.
    fn on_each<T: Send>(
        &self,
        work: impl Fn(&Replica) -> Result<T, ReplicaError> + Sync,
    ) -> Result<Vec<T>, DevnetError> {
        let results: Vec<Result<T, ReplicaError>> = std::thread::scope(|scope| {
            let threads: Vec<_> = self.replicas.iter().map(|replica| scope.spawn(|| work(replica))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        Ok(results.into_iter().collect::<Result<Vec<_>, _>>()?)
    }
}

fn tally(
    set: &ValidatorSet,
    statement: Statement,
    signatures: Vec<counterpart_ledger::SignedBy>,
) -> Result<Certificate, String> {
    let mut tally = Tally::new(statement);
    for signed in signatures {
        tally.add(set, signed).map_err(|error| error.to_string())?;
    }
    if tally.count() < usize::from(set.quorum) {
        return Err(format!("{} signatures of {} needed", tally.count(), set.quorum));
    }
    Ok(tally.certificate())
}

/// Gives replicas that lag behind the certified blocks that they lack.
fn catch_up(replicas: &[Replica]) -> Result<(), DevnetError> {
    let Some(ahead) = replicas.iter().max_by_key(|replica| replica.store().head().height) else { return Ok(()) };
    let top = ahead.store().head();
    for replica in replicas {
        for height in replica.store().head().height.0 + 1..=top.height.0 {
            let height = Height(height);
            let missing = || StoreError::Corrupt(format!("block {height} is missing"));
            let block = ahead.store().block(height)?.ok_or_else(missing)?;
            let certificate = ahead.store().certificate(height)?.ok_or_else(missing)?;
            let set = &ahead.store().genesis().validators;
            certificate
                .verify(set, block.header.chain, Phase::Vote, usize::from(set.quorum))
                .map_err(|error| DevnetError::Disagreement { height, message: error.to_string() })?;
            replica.execute(&block, &certificate)?;
            tracing::info!(replica = replica.index(), height = height.0, "caught up");
        }
        let head = replica.store().head();
        if head != top {
            let message =
                format!("replica {} has root {}, others {}", replica.index(), head.state_root, top.state_root);
            return Err(DevnetError::Disagreement { height: head.height, message });
        }
    }
    // Finals of the newest block may be lost with a crash: they are signatures, and are given again.
    if let (Some(certificate), None) = (ahead.store().certificate(top.height)?, ahead.store().approval(top.height)?) {
        let set = &ahead.store().genesis().validators;
        let finals = replicas.iter().map(|replica| replica.finalize(&certificate)).collect::<Result<Vec<_>, _>>()?;
        let statement = Statement { phase: Phase::Final, ..certificate.statement };
        let approval = tally(set, statement, finals)
            .map_err(|message| DevnetError::Disagreement { height: top.height, message })?;
        for replica in replicas {
            replica.store().put_approval(top.height, &approval)?;
        }
    }
    Ok(())
}

/// The key of a replica, made on first use and readable by its owner only.
fn replica_key(folder: &Path, index: u16) -> Result<SecretKey, DevnetError> {
    let path = folder.join(format!("replica-{index}")).join("signing.key");
    let file = |cause| DevnetError::File { path: path.clone(), cause };
    if path.exists() {
        let seed = std::fs::read(&path).map_err(file)?;
        let seed: [u8; 32] = seed
            .try_into()
            .map_err(|_| file(std::io::Error::new(std::io::ErrorKind::InvalidData, "a signing key has 32 bytes")))?;
        return Ok(SecretKey::from_seed(seed));
    }
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| file(std::io::Error::other(error.to_string())))?;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(file)?;
    }
    write_secret(&path, &seed).map_err(file)?;
    Ok(SecretKey::from_seed(seed))
}

fn write_secret(path: &Path, seed: &[u8; 32]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(seed)?;
    file.sync_all()
}

fn new_genesis(chain: ChainId, keys: &[SecretKey], quorum: u16) -> Genesis {
    let faucet = account_address(&dev_account(FAUCET).public_key());
    Genesis {
        chain,
        time_ms: now_ms(),
        profile: Profile::v1().hash(),
        validators: ValidatorSet { epoch: 0, members: keys.iter().map(SecretKey::public_key).collect(), quorum },
        fee_collector: account_address(&dev_account("fees").public_key()),
        min_gas_price: 1,
        accounts: vec![GenesisAccount { address: faucet, balance: FAUCET_FUNDS }],
    }
}

/// The clock, in ms since 1970.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}
