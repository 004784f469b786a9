//! Blocks in their order, from genesis or from a certified state.

use super::check::{Before, CheckedCodes, block_at, check_header, compare, differing_entries, execute, result_roots};
use super::{AuditError, Difference, Divergence, Report, Span};
use counterpart_execution::{BlockResult, Executor};
use counterpart_ledger::{Height, Overlay, StateFault, StateKey, StateRead, StateTrie, Write, WriteSet};
use counterpart_storage::{Store, StoreError};
use std::sync::{Arc, PoisonError, RwLock};

/// A state that grows by what blocks write.
struct Growing(RwLock<Overlay>);

impl StateRead for Growing {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(key)
    }

    fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Option<(StateKey, Vec<u8>)>, StateFault> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).next(start, end, descending)
    }
}

impl Growing {
    fn apply(&self, writes: WriteSet) {
        let after = writes.into_iter().map(|(key, Write { new, .. })| (key, new));
        self.0.write().unwrap_or_else(PoisonError::into_inner).over.extend(after);
    }
}

/// Where a replay stands: after some block.
struct Stand {
    before: Before,
    state: Arc<Growing>,
    codes: Arc<CheckedCodes>,
    trie: StateTrie,
}

impl Stand {
    /// Before the first block of a span.
    fn before(store: &Store, from: Height) -> Result<Result<Self, Difference>, AuditError> {
        let genesis = store.genesis();
        if from.0 <= 1 {
            // Nothing that is stored is used.
            let mut trie = StateTrie::default();
            let writes = Executor::genesis(genesis);
            let staged = trie.stage(&writes);
            trie.apply(staged);
            let state = Growing(RwLock::new(Overlay::over_nothing()));
            state.apply(writes);
            let before = Before {
                hash: genesis.hash(),
                time_ms: genesis.time_ms,
                results: result_roots(&[]),
                state_root: trie.root(),
            };
            return Ok(Ok(Self { before, state: Arc::new(state), codes: Arc::new(CheckedCodes::new(None)), trie }));
        }
        let parent = block_at(store, Height(from.0 - 1))?;
        let first = block_at(store, from)?;
        let mut rewind = store.rewind(true);
        let wrong = match rewind.to(parent.header.height) {
            Ok(()) => None,
            Err(StoreError::Corrupt(_)) => rewind.trie().map(StateTrie::root),
            Err(error) => return Err(error.into()),
        };
        let state = Growing(RwLock::new(Overlay::new(rewind.state())));
        let missing = || StoreError::Corrupt("a way back has lost its trie".into());
        let trie = rewind.into_trie().ok_or_else(missing)?;
        // The header is certified, which is checked when its block is.
        let certified = first.header.parent_state_root;
        if wrong.is_some() || trie.root() != certified {
            return Ok(Err(Difference::Start { certified, stored: trie.root() }));
        }
        let before = Before {
            hash: parent.hash(),
            time_ms: parent.header.time_ms,
            results: (first.header.parent_receipts_root, first.header.parent_events_root),
            state_root: certified,
        };
        let codes = Arc::new(CheckedCodes::new(Some(store.codes())));
        Ok(Ok(Self { before, state: Arc::new(state), codes, trie }))
    }

    /// Replays the next block.
    fn step(
        &mut self,
        store: &Store,
        executor: &Executor,
        height: Height,
    ) -> Result<Result<BlockResult, Difference>, AuditError> {
        let block = block_at(store, height)?;
        if let Some(difference) = check_header(store, &block, height, &self.before)? {
            return Ok(Err(difference));
        }
        let mut result = match execute(store, executor, &block, self.state.clone(), &self.codes)? {
            Ok(result) => result,
            Err(difference) => return Ok(Err(difference)),
        };
        let staged = self.trie.stage(&result.writes);
        let state_root = staged.root();
        if let Some(difference) = compare(store, height, &result, state_root)? {
            return Ok(Err(difference));
        }
        let results = result_roots(&result.receipts);
        self.before = Before { hash: block.hash(), time_ms: block.header.time_ms, results, state_root };
        self.trie.apply(staged);
        self.state.apply(std::mem::take(&mut result.writes));
        self.codes.extend(std::mem::take(&mut result.codes));
        Ok(Ok(result))
    }
}

/// Executes the whole ledger again and compares every block with what is stored, and the state in the end with the stored
/// one. `progress` hears each height.
///
/// # Errors
/// [`AuditError`] when the ledger cannot be read or the engine fails. A difference is no error but the report's content.
pub fn replay(store: &Store, executor: &Executor, progress: &mut dyn FnMut(Height)) -> Result<Report, AuditError> {
    let floor = store.floor()?;
    if floor.0 > 0 {
        return Err(StoreError::Pruned { height: Height(1), floor }.into());
    }
    replay_span(store, executor, Span { from: Height(1), to: store.head().height }, progress)
}

/// Executes a span of blocks again. One that begins with the first block uses nothing of the stored state; one that ends
/// with the newest compares the state with the stored one.
///
/// # Errors
/// As [`replay`], and [`AuditError::NoBlocks`].
pub fn replay_span(
    store: &Store,
    executor: &Executor,
    span: Span,
    progress: &mut dyn FnMut(Height),
) -> Result<Report, AuditError> {
    let head = store.head();
    // A ledger without blocks has an empty span.
    if span.from.0 == 0 || span.to > head.height || span.from.0 > span.to.0 + 1 {
        return Err(AuditError::NoBlocks(span.from, span.to));
    }
    let mut report = Report::begin(executor.engine_name(), span);
    let diverged = |height, difference| Some(Divergence { height, difference });
    let mut stand = match Stand::before(store, span.from)? {
        Ok(stand) => stand,
        Err(difference) => {
            report.divergence = diverged(span.from, difference);
            return Ok(report);
        }
    };
    (report.start_root, report.state_root) = (stand.before.state_root, stand.before.state_root);
    for height in (span.from.0..=span.to.0).map(Height) {
        let result = match stand.step(store, executor, height)? {
            Ok(result) => result,
            Err(difference) => {
                report.divergence = diverged(height, difference);
                return Ok(report);
            }
        };
        report.blocks += 1;
        report.transactions += result.receipts.len() as u64;
        report.gas += result.receipts.iter().map(|receipt| receipt.gas_used.0).sum::<u64>();
        report.state_root = stand.before.state_root;
        progress(height);
    }
    // The trie was made of the stored entries when the ledger was opened.
    let newest = store.root_after(&WriteSet::new());
    if span.to == head.height && newest != report.state_root {
        let keys = differing_entries(&*store.state(), &*stand.state)?;
        let difference = Difference::State { stored: newest, replayed: report.state_root, keys };
        report.divergence = diverged(span.to, difference);
    }
    Ok(report)
}
