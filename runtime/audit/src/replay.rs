//! Re-execution of every block.

use counterpart_execution::{BlockContext, BlockResult, ExecutionFault, Executor};
use counterpart_ledger::{
    Block, BlockEvent, CodeRead, Hash, Height, Phase, Receipt, StateFault, StateKey, StateRead, StateTrie, WriteSet,
};
use counterpart_storage::{Store, StoreError};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The replay cannot go on; says nothing about the chain.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Execution(#[from] ExecutionFault),
}

/// What differs first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Difference {
    /// The block does not follow its parent.
    Parent,
    /// The header commits to other transactions.
    Transactions,
    /// The votes do not certify the block.
    Certificate(String),
    /// The block carries other roots of its parent's results than the replay computed.
    ParentRoots,
    /// A transaction had another result.
    Receipt {
        /// Its index in the block.
        transaction: u32,
        /// As stored.
        stored: Box<Option<Receipt>>,
        /// As replayed.
        replayed: Box<Option<Receipt>>,
    },
    /// The state after the block differs.
    State {
        /// As stored.
        stored: Hash,
        /// As replayed.
        replayed: Hash,
        /// Keys whose writes differ; at most 100.
        keys: Vec<StateKey>,
    },
}

/// The first block whose replay differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Divergence {
    /// Its height.
    pub height: Height,
    /// What differs.
    pub difference: Difference,
}

/// What a replay found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The engine that executed.
    pub engine: &'static str,
    /// Blocks replayed.
    pub blocks: u64,
    /// Transactions in them.
    pub transactions: u64,
    /// Gas that they used.
    pub gas: u64,
    /// The state root after the last block that was replayed.
    pub state_root: Hash,
    /// The first difference; `None` when the whole ledger came out equal.
    pub divergence: Option<Divergence>,
}

/// State and code that the replay builds up.
#[derive(Default)]
struct Memory {
    state: RwLock<BTreeMap<StateKey, Vec<u8>>>,
    codes: RwLock<BTreeMap<Hash, Vec<u8>>>,
}

impl StateRead for Memory {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        Ok(self.state.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Option<(StateKey, Vec<u8>)>, StateFault> {
        StateRead::next(&*self.state.read().unwrap_or_else(PoisonError::into_inner), start, end, descending)
    }
}

impl CodeRead for Memory {
    fn code(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StateFault> {
        Ok(self.codes.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned())
    }
}

impl Memory {
    fn apply(&self, writes: &WriteSet, codes: BTreeMap<Hash, Vec<u8>>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for (key, write) in writes {
            match &write.new {
                Some(value) => state.insert(key.clone(), value.clone()),
                None => state.remove(key),
            };
        }
        self.codes.write().unwrap_or_else(PoisonError::into_inner).extend(codes);
    }
}

/// Executes the whole ledger again and compares every block with what is stored. `progress` hears each height.
///
/// # Errors
/// [`AuditError`] when the ledger cannot be read or the engine fails. A difference is no error but the report's content.
pub fn replay(store: &Store, executor: &Executor, progress: &mut dyn FnMut(Height)) -> Result<Report, AuditError> {
    let floor = store.floor()?;
    if floor.0 > 0 {
        return Err(StoreError::Pruned { height: Height(1), floor }.into());
    }
    let genesis = store.genesis();
    let memory = Arc::new(Memory::default());
    let mut trie = StateTrie::default();
    let writes = Executor::genesis(genesis);
    let staged = trie.stage(&writes);
    trie.apply(staged);
    memory.apply(&writes, BTreeMap::new());

    let mut report = Report {
        engine: executor.engine_name(),
        blocks: 0,
        transactions: 0,
        gas: 0,
        state_root: trie.root(),
        divergence: None,
    };
    let (mut parent, mut time_ms) = (genesis.hash(), genesis.time_ms);
    let mut roots = result_roots(&[]);
    for height in 1..=store.head().height.0 {
        let height = Height(height);
        let missing = |what: &str| StoreError::Corrupt(format!("the {what} of block {height} is missing"));
        let block = store.block(height)?.ok_or_else(|| missing("body"))?;
        let header = &block.header;
        let diverged = |difference| Some(Divergence { height, difference });
        report.divergence = if header.parent != parent || header.height != height || header.time_ms <= time_ms {
            diverged(Difference::Parent)
        } else if header.parent_state_root != trie.root()
            || (header.parent_receipts_root, header.parent_events_root) != roots
        {
            diverged(Difference::ParentRoots)
        } else if header.transactions_root != Block::transactions_root(&block.transactions) {
            diverged(Difference::Transactions)
        } else {
            check_certificate(store, &block)?.and_then(diverged)
        };
        if report.divergence.is_some() {
            return Ok(report);
        }
        let context = BlockContext {
            chain: genesis.chain,
            height,
            time_ms: header.time_ms,
            parent: header.parent,
            fee_collector: genesis.fee_collector,
            min_gas_price: genesis.min_gas_price,
        };
        let result = executor.execute_block(&context, &block.transactions, memory.clone(), memory.clone())?;
        let staged = trie.stage(&result.writes);
        if let Some(difference) = compare(store, height, &result, staged.root())? {
            report.divergence = diverged(difference);
            return Ok(report);
        }
        report.blocks += 1;
        report.transactions += result.receipts.len() as u64;
        report.gas += result.receipts.iter().map(|receipt| receipt.gas_used.0).sum::<u64>();
        report.state_root = staged.root();
        (parent, roots, time_ms) = (block.hash(), result_roots(&result.receipts), header.time_ms);
        trie.apply(staged);
        memory.apply(&result.writes, result.codes);
        progress(height);
    }
    Ok(report)
}

/// The roots of a block's receipts and events.
fn result_roots(receipts: &[Receipt]) -> (Hash, Hash) {
    (Receipt::root(receipts), BlockEvent::root(receipts))
}

fn check_certificate(store: &Store, block: &Block) -> Result<Option<Difference>, AuditError> {
    let set = &store.genesis().validators;
    let Some(certificate) = store.certificate(block.header.height)? else {
        return Ok(Some(Difference::Certificate("there is none".into())));
    };
    if certificate.statement.block != block.hash() || certificate.statement.view != block.header.view {
        return Ok(Some(Difference::Certificate("it is for another block".into())));
    }
    let verified = certificate.verify(set, block.header.chain, Phase::Vote, usize::from(set.quorum));
    Ok(verified.err().map(|error| Difference::Certificate(error.to_string())))
}

fn compare(
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
    let stored_root = store.head_at(height)?.map_or(Hash::ZERO, |head| head.state_root);
    if stored_root == replayed_root {
        return Ok(None);
    }
    let stored_writes = store.writes(height)?.unwrap_or_default();
    let all = stored_writes.keys().chain(result.writes.keys());
    let mut keys: Vec<StateKey> =
        all.filter(|key| stored_writes.get(*key) != result.writes.get(*key)).cloned().collect();
    keys.sort();
    keys.dedup();
    keys.truncate(100);
    Ok(Some(Difference::State { stored: stored_root, replayed: replayed_root, keys }))
}
