//! One block: does it follow, is it certified, does it come out as it is stored.

use super::AuditError;
use counterpart_execution::{BlockContext, BlockResult, ExecutionFault, Executor, code_hash};
use counterpart_ledger::{
    Block, BlockEvent, Certificate, CodeRead, Hash, Height, Phase, Receipt, StateFault, StateKey, StateRead, WriteSet,
};
use counterpart_storage::{Store, StoreError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most keys that a difference names.
const NAMED_KEYS: usize = 100;

/// What differs first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Difference {
    /// The block does not follow its parent.
    Parent,
    /// The header commits to other transactions.
    Transactions {
        /// Indices of those that the ledger does not know by their hash, or whose signature does not hold.
        suspects: Vec<u32>,
    },
    /// The votes do not certify the block.
    Certificate(String),
    /// The finals that are kept for the block do not hold.
    Approval(String),
    /// The block carries other roots of its parent's results than the replay computed.
    ParentRoots,
    /// The stored state that the span begins with has another root than the block's header carries.
    Start {
        /// As the header carries it.
        certified: Hash,
        /// Of the stored state.
        stored: Hash,
    },
    /// The block is of a profile that this program does not know.
    Profile(Hash),
    /// Stored code is not what its hash says.
    Code(Hash),
    /// A transaction had another result.
    Receipt {
        /// Its index in the block.
        transaction: u32,
        /// As stored.
        stored: Box<Option<Receipt>>,
        /// As replayed.
        replayed: Box<Option<Receipt>>,
    },
    /// What the block is said to have changed is not what it changed.
    Writes {
        /// Keys whose values before or after differ; at most 100.
        keys: Vec<StateKey>,
    },
    /// The state after the block differs.
    State {
        /// As stored.
        stored: Hash,
        /// As replayed.
        replayed: Hash,
        /// Keys whose values differ; at most 100.
        keys: Vec<StateKey>,
    },
}

impl Difference {
    /// The stable name for machines.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Transactions { .. } => "transactions",
            Self::Certificate(_) => "certificate",
            Self::Approval(_) => "approval",
            Self::ParentRoots => "parent_roots",
            Self::Start { .. } => "start",
            Self::Profile(_) => "profile",
            Self::Code(_) => "code",
            Self::Receipt { .. } => "receipt",
            Self::Writes { .. } => "writes",
            Self::State { .. } => "state",
        }
    }
}

/// What is known of the block before.
#[derive(Clone, Copy)]
pub(super) struct Before {
    pub hash: Hash,
    pub time_ms: u64,
    /// Roots of its receipts and events.
    pub results: (Hash, Hash),
    pub state_root: Hash,
}

/// The roots of a block's receipts and events.
pub(super) fn result_roots(receipts: &[Receipt]) -> (Hash, Hash) {
    (Receipt::root(receipts), BlockEvent::root(receipts))
}

/// Reads a block that must be there.
pub(super) fn block_at(store: &Store, height: Height) -> Result<Block, AuditError> {
    let block = store.block(height)?;
    Ok(block.ok_or_else(|| StoreError::Corrupt(format!("the body of block {height} is missing")))?)
}

/// What is wrong with a block before it is executed.
pub(super) fn check_header(
    store: &Store,
    block: &Block,
    height: Height,
    before: &Before,
) -> Result<Option<Difference>, AuditError> {
    let header = &block.header;
    if header.parent != before.hash || header.height != height || header.time_ms <= before.time_ms {
        return Ok(Some(Difference::Parent));
    }
    if header.parent_state_root != before.state_root
        || (header.parent_receipts_root, header.parent_events_root) != before.results
    {
        return Ok(Some(Difference::ParentRoots));
    }
    if !block.is_whole() {
        return Ok(Some(Difference::Transactions { suspects: suspects(store, block)? }));
    }
    let set = &store.genesis().validators;
    let votes = store.certificate(height)?;
    if let Err(cause) = certified(block, votes.as_ref(), Phase::Vote, store) {
        return Ok(Some(Difference::Certificate(cause)));
    }
    if let Some(approval) = store.approval(height)?
        && let Err(cause) =
            signed(block, &approval, Phase::Final, store, usize::from(set.quorum).min(approval.signatures.len()))
    {
        return Ok(Some(Difference::Approval(cause)));
    }
    Ok(None)
}

/// Transactions that are not what the ledger's index knows.
fn suspects(store: &Store, block: &Block) -> Result<Vec<u32>, AuditError> {
    let mut suspects = Vec::new();
    for (index, signed) in block.transactions.iter().enumerate() {
        let place = store.locate(&signed.transaction.hash())?;
        if place != Some((block.header.height, index as u32)) || signed.verify().is_err() {
            suspects.push(index as u32);
        }
    }
    Ok(suspects)
}

fn certified(block: &Block, certificate: Option<&Certificate>, phase: Phase, store: &Store) -> Result<(), String> {
    let certificate = certificate.ok_or("there is none")?;
    signed(block, certificate, phase, store, usize::from(store.genesis().validators.quorum))
}

fn signed(block: &Block, certificate: &Certificate, phase: Phase, store: &Store, least: usize) -> Result<(), String> {
    if certificate.statement.block != block.hash() || certificate.statement.view != block.header.view {
        return Err("it is for another block".into());
    }
    let verified = certificate.verify(&store.genesis().validators, block.header.chain, phase, least);
    verified.map(|_| ()).map_err(|error| error.to_string())
}

/// Executes a block; answers a difference where stored code is not what its hash says.
pub(super) fn execute(
    store: &Store,
    executor: &Executor,
    block: &Block,
    state: Arc<dyn StateRead>,
    codes: &Arc<CheckedCodes>,
) -> Result<Result<BlockResult, Difference>, AuditError> {
    if executor.profile_hash() != block.header.profile {
        return Ok(Err(Difference::Profile(block.header.profile)));
    }
    let context = BlockContext::new(store.genesis(), &block.header);
    match executor.execute_block(&context, &block.transactions, state, codes.clone()) {
        Ok(result) => Ok(Ok(result)),
        Err(fault) => match codes.wrong() {
            Some(hash) => Ok(Err(Difference::Code(hash))),
            None => Err(fault.into()),
        },
    }
}

/// What differs between a block's results and what is stored of them.
pub(super) fn compare(
    store: &Store,
    height: Height,
    result: &BlockResult,
    replayed_root: Hash,
) -> Result<Option<Difference>, AuditError> {
    let stored = store.receipts(height)?.unwrap_or_default();
    for index in 0..stored.len().max(result.receipts.len()) {
        if stored.get(index) != result.receipts.get(index) {
            return Ok(Some(Difference::Receipt {
                transaction: index as u32,
                stored: Box::new(stored.get(index).cloned()),
                replayed: Box::new(result.receipts.get(index).cloned()),
            }));
        }
    }
    let stored_writes = store.writes(height)?;
    let keys = stored_writes.as_ref().map(|stored| differing(stored, &result.writes)).unwrap_or_default();
    let stored_root = store.head_at(height)?.map_or(Hash::ZERO, |head| head.state_root);
    if stored_root != replayed_root {
        return Ok(Some(Difference::State { stored: stored_root, replayed: replayed_root, keys }));
    }
    if !keys.is_empty() {
        return Ok(Some(Difference::Writes { keys }));
    }
    for (hash, code) in &result.codes {
        let kept = store.codes().code(hash).map_err(|fault| StoreError::Store(fault.0))?;
        if kept.as_ref() != Some(code) {
            return Ok(Some(Difference::Code(*hash)));
        }
    }
    Ok(None)
}

fn differing(one: &WriteSet, other: &WriteSet) -> Vec<StateKey> {
    if one == other {
        return Vec::new();
    }
    let mut keys: Vec<StateKey> =
        one.keys().chain(other.keys()).filter(|key| one.get(*key) != other.get(*key)).cloned().collect();
    keys.sort();
    keys.dedup();
    keys.truncate(NAMED_KEYS);
    keys
}

/// Keys at which two states differ, at most 100.
pub(super) fn differing_entries(one: &dyn StateRead, other: &dyn StateRead) -> Result<Vec<StateKey>, StateFault> {
    let end = [u8::MAX; 512];
    let (mut start, mut keys) = (Vec::new(), Vec::new());
    while keys.len() < NAMED_KEYS {
        let (first, second) = (one.next(&start, &end, false)?, other.next(&start, &end, false)?);
        let least = match (&first, &second) {
            (None, None) => break,
            (Some((key, _)), None) | (None, Some((key, _))) => key.clone(),
            (Some((key, _)), Some((other, _))) => key.min(other).clone(),
        };
        let value = |entry: Option<(StateKey, Vec<u8>)>| entry.filter(|(key, _)| *key == least).map(|(_, value)| value);
        if value(first) != value(second) {
            keys.push(least.clone());
        }
        start = least;
        start.push(0);
    }
    Ok(keys)
}

/// Code that is compared with its hash as it is read.
pub(super) struct CheckedCodes {
    inner: Option<Arc<dyn CodeRead>>,
    uploaded: Mutex<BTreeMap<Hash, Vec<u8>>>,
    wrong: Mutex<Option<Hash>>,
}

impl CheckedCodes {
    /// Code of a ledger, or none but what is uploaded.
    pub fn new(inner: Option<Arc<dyn CodeRead>>) -> Self {
        Self { inner, uploaded: Mutex::default(), wrong: Mutex::default() }
    }

    /// Adds what a block uploaded.
    pub fn extend(&self, codes: BTreeMap<Hash, Vec<u8>>) {
        self.uploaded.lock().unwrap_or_else(PoisonError::into_inner).extend(codes);
    }

    fn wrong(&self) -> Option<Hash> {
        *self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CodeRead for CheckedCodes {
    fn code(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StateFault> {
        if let Some(code) = self.uploaded.lock().unwrap_or_else(PoisonError::into_inner).get(hash) {
            return Ok(Some(code.clone()));
        }
        let Some(inner) = &self.inner else { return Ok(None) };
        let found = inner.code(hash)?;
        if found.as_ref().is_some_and(|code| code_hash(code) != *hash) {
            *self.wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(*hash);
            return Err(StateFault(format!("code {hash} is not what its hash says")));
        }
        Ok(found)
    }
}

/// Why a block cannot be executed, when that is the engine's doing.
impl From<StateFault> for AuditError {
    fn from(fault: StateFault) -> Self {
        Self::Execution(ExecutionFault::from(fault))
    }
}
