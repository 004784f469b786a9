//! What a ledger's blocks were made of: bundles and traces.

use crate::bundle::{Bundle, Successor};
use counterpart_execution::{BlockContext, ExecutionFault, Executor, TransactionTrace};
use counterpart_ledger::{CodeRead, Hash, Height, StateFault, StateKey, StateRead, Witness};
use counterpart_storage::{Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Why there is no bundle of a block.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateFault),
    /// The engine failed.
    #[error(transparent)]
    Execution(#[from] ExecutionFault),
    /// There is no such block.
    #[error("there is no block {0}")]
    NoBlock(Height),
    /// No later block certifies its results yet.
    #[error("no block follows block {0} yet, so that its results are not certified")]
    NotCertified(Height),
    /// Execution gave other writes than the ledger has.
    #[error("block {0} comes out otherwise than it is stored: replay the ledger to see where")]
    Diverged(Height),
}

/// Executes a block again and bundles what it read.
///
/// # Errors
/// [`ExtractError`] when the ledger lacks the block or its successor, or does not replay.
pub fn extract(store: &Store, executor: &Executor, height: Height) -> Result<Bundle, ExtractError> {
    let genesis = store.genesis().clone();
    let next = Height(height.0 + 1);
    let (Some(block), Some(certificate)) = (store.block(height)?, store.certificate(height)?) else {
        return Err(ExtractError::NoBlock(height));
    };
    let (Some(following), Some(votes)) = (store.block(next)?, store.certificate(next)?) else {
        return Err(ExtractError::NotCertified(height));
    };
    let before = store.state_at(Height(height.0 - 1))?;
    let state = Arc::new(Reads { inner: before.clone(), keys: Mutex::default() });
    let codes = Arc::new(CodeReads { inner: store.codes(), codes: Mutex::default() });
    let context = BlockContext::new(&genesis, &block.header);
    // Code that is prepared already would not be read, and would be missing in the bundle.
    let executor = executor.without_modules();
    // Recording reads what stood at entries whose change was undone; whoever executes the bundle may want to record, too.
    let (result, _) = executor.trace_block(&context, &block.transactions, state.clone(), codes.clone())?;
    if store.writes(height)?.as_ref() != Some(&result.writes) {
        return Err(ExtractError::Diverged(height));
    }
    let mut keys = std::mem::take(&mut *state.keys.lock().unwrap_or_else(PoisonError::into_inner));
    keys.extend(result.writes.into_keys());
    let mut entries = Vec::with_capacity(keys.len());
    for key in keys {
        let value = before.get(&key)?;
        entries.push((key, value));
    }
    let witness = Witness::new(&store.trie_at(Height(height.0 - 1))?, entries.iter().map(|(key, _)| key));
    let codes = std::mem::take(&mut *codes.codes.lock().unwrap_or_else(PoisonError::into_inner));
    let next = Successor { header: following.header, certificate: votes };
    Ok(Bundle::new(genesis, (block, certificate), next, (entries, witness), codes.into_values().collect()))
}

/// Executes a block again and records what happened inside its transactions.
///
/// # Errors
/// [`ExtractError`] when the ledger lacks the block or does not replay.
pub fn trace(store: &Store, executor: &Executor, height: Height) -> Result<Vec<TransactionTrace>, ExtractError> {
    let Some(block) = store.block(height)? else { return Err(ExtractError::NoBlock(height)) };
    let before = store.state_at(Height(height.0 - 1))?;
    let context = BlockContext::new(store.genesis(), &block.header);
    let (result, traces) = executor.trace_block(&context, &block.transactions, before, store.codes())?;
    if store.receipts(height)?.as_ref() != Some(&result.receipts) {
        return Err(ExtractError::Diverged(height));
    }
    Ok(traces)
}

/// Remembers the keys that were read.
struct Reads {
    inner: Arc<dyn StateRead>,
    keys: Mutex<BTreeSet<StateKey>>,
}

impl Reads {
    fn note(&self, key: &[u8]) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_vec());
    }
}

impl StateRead for Reads {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        self.note(key);
        self.inner.get(key)
    }

    fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Option<(StateKey, Vec<u8>)>, StateFault> {
        let found = self.inner.next(start, end, descending)?;
        if let Some((key, _)) = &found {
            self.note(key);
        }
        Ok(found)
    }
}

/// Remembers the code that was read.
struct CodeReads {
    inner: Arc<dyn CodeRead>,
    codes: Mutex<BTreeMap<Hash, Vec<u8>>>,
}

impl CodeRead for CodeReads {
    fn code(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StateFault> {
        let found = self.inner.code(hash)?;
        if let Some(code) = &found {
            self.codes.lock().unwrap_or_else(PoisonError::into_inner).insert(*hash, code.clone());
        }
        Ok(found)
    }
}
