//! Single blocks, each for itself: those of a transaction, or of a contract's whole life.

use super::check::{Before, CheckedCodes, block_at, check_header, compare, execute};
use super::{AuditError, Divergence, Report, Span};
use counterpart_execution::Executor;
use counterpart_ledger::{Action, Address, Hash, Height, contract_address};
use counterpart_storage::{Store, StoreError};
use std::sync::Arc;

/// A transaction that had to do with a contract.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Touch {
    /// Height of its block.
    pub height: Height,
    /// Its index there.
    pub transaction: u32,
    /// Its hash.
    pub hash: Hash,
}

/// Transactions that made a contract, called it, or in whose block it changed or reported anything, from old to new.
///
/// A call from another contract that only reads is not seen: it leaves nothing of the contract behind.
///
/// # Errors
/// [`AuditError::Store`] when the ledger cannot be read.
pub fn touches(store: &Store, contract: &Address, progress: &mut dyn FnMut(Height)) -> Result<Vec<Touch>, AuditError> {
    let mut found = Vec::new();
    for height in (store.floor()?.0 + 1..=store.head().height.0).map(Height) {
        let block = block_at(store, height)?;
        let writes = store.writes(height)?.unwrap_or_default();
        let own = |key: &[u8]| key.starts_with(&contract.0) || key.ends_with(&contract.0);
        let changed = writes.keys().any(|key| own(key));
        let receipts = store.receipts(height)?.unwrap_or_default();
        let mut direct = Vec::new();
        for (index, signed) in block.transactions.iter().enumerate() {
            let sender = signed.transaction.sender_address();
            let acts = signed.transaction.actions.iter().any(|action| match action {
                Action::Call { contract: called, .. } => called == contract,
                Action::Deploy { code_hash, salt, .. } => contract_address(&sender, code_hash, salt) == *contract,
                Action::Transfer { to, .. } => to == contract,
                Action::Upload { .. } | Action::ChangeValidators { .. } | Action::Accuse { .. } => false,
            });
            let reports = receipts
                .get(index)
                .is_some_and(|receipt| receipt.events.iter().any(|event| event.contract == *contract));
            if acts || reports {
                direct.push(index);
            }
        }
        // Something changed it that neither called it nor reported: any call of the block may have.
        if changed && direct.is_empty() {
            let calls = |index: &usize| {
                let actions = &block.transactions[*index].transaction.actions;
                actions.iter().any(|action| matches!(action, Action::Call { .. } | Action::Deploy { .. }))
            };
            direct = (0..block.transactions.len()).filter(calls).collect();
        }
        let touch = |index: usize| Touch {
            height,
            transaction: index as u32,
            hash: block.transactions[index].transaction.hash(),
        };
        found.extend(direct.into_iter().map(touch));
        progress(height);
    }
    Ok(found)
}

/// Executes single blocks again, each from the state that its certified header carries the root of. Answers one report over
/// all of them: the lowest block that differs stands in it.
///
/// # Errors
/// [`AuditError`] when the ledger cannot be read or the engine fails, or a block is not there.
pub fn replay_blocks(
    store: &Store,
    executor: &Executor,
    heights: &[Height],
    progress: &mut dyn FnMut(Height),
) -> Result<Report, AuditError> {
    let mut heights = heights.to_vec();
    heights.sort_unstable();
    heights.dedup();
    let span =
        Span { from: heights.first().copied().unwrap_or(Height(1)), to: heights.last().copied().unwrap_or_default() };
    if span.from.0 == 0 || span.to > store.head().height {
        return Err(AuditError::NoBlocks(span.from, span.to));
    }
    let mut report = Report::begin(executor.engine_name(), span);
    let mut rewind = store.rewind(true);
    // The newest first: the way back leads past each once.
    for height in heights.into_iter().rev() {
        let block = block_at(store, height)?;
        let (hash, time_ms) = match height.0 {
            1 => (store.genesis().hash(), store.genesis().time_ms),
            later => {
                let parent = block_at(store, Height(later - 1))?;
                (parent.hash(), parent.header.time_ms)
            }
        };
        rewind.to(Height(height.0 - 1))?;
        let trie = rewind.trie().ok_or_else(|| StoreError::Corrupt("a way back has lost its trie".into()))?;
        let header = &block.header;
        let results = (header.parent_receipts_root, header.parent_events_root);
        let before = Before { hash, time_ms, results, state_root: trie.root() };
        let codes = Arc::new(CheckedCodes::new(Some(store.codes())));
        let mut difference = check_header(store, &block, height, &before)?;
        if difference.is_none() {
            match execute(store, executor, &block, rewind.state(), &codes)? {
                Err(found) => difference = Some(found),
                Ok(result) => {
                    let root = trie.stage(&result.writes).root();
                    difference = compare(store, height, &result, root)?;
                    report.transactions += result.receipts.len() as u64;
                    report.gas += result.receipts.iter().map(|receipt| receipt.gas_used.0).sum::<u64>();
                    if report.blocks == 0 {
                        report.state_root = root;
                    }
                }
            }
        }
        report.blocks += 1;
        report.start_root = before.state_root;
        if let Some(difference) = difference {
            report.divergence = Some(Divergence { height, difference });
        }
        progress(height);
    }
    Ok(report)
}
