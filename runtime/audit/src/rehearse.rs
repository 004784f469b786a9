//! Calls that a contract has had, once more on other code.

use crate::replay::{AuditError, Touch, touches};
use counterpart_execution::{BlockContext, Change, Executor, Rehearsal, contract};
use counterpart_ledger::{Address, Height, Receipt, StateKey, system_key};
use counterpart_module::ModuleError;
use counterpart_storage::{Store, StoreError};

/// Why a rehearsal cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The ledger or the engine fails.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The candidate is not accepted.
    #[error("the candidate is not accepted: {0}")]
    Candidate(#[from] ModuleError),
    /// There is no such contract.
    #[error("there is no contract {0}")]
    NoContract(Address),
    /// A call does not come out as it is stored, even on its own code.
    #[error("transaction {0} comes out otherwise than it is stored: replay the ledger to see where")]
    Diverged(counterpart_ledger::Hash),
}

/// An entry that a call leaves otherwise on the candidate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Its key.
    pub key: StateKey,
    /// What it holds after the call as it was.
    pub before: Option<Vec<u8>>,
    /// What it holds after the call on the candidate.
    pub after: Option<Vec<u8>>,
}

/// A call on the code that it ran on and on the candidate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rehearsed {
    /// Which transaction.
    pub touch: Touch,
    /// As it was.
    pub before: Rehearsal,
    /// On the candidate.
    pub after: Rehearsal,
    sender: Address,
}

impl Rehearsed {
    /// Whether it ends or answers otherwise.
    pub fn results_differ(&self) -> bool {
        let result = |receipt: &Receipt| (receipt.outcome.clone(), receipt.outputs.clone());
        result(&self.before.receipt) != result(&self.after.receipt)
    }

    /// Whether it reports otherwise.
    pub fn events_differ(&self) -> bool {
        self.before.receipt.events != self.after.receipt.events
    }

    /// Gas that it uses more on the candidate.
    pub fn more_gas(&self) -> i64 {
        self.after.receipt.gas_used.0 as i64 - self.before.receipt.gas_used.0 as i64
    }

    /// Entries that it leaves otherwise; what the sender pays for gas is left out.
    pub fn state_differences(&self) -> Vec<Difference> {
        let fee = system_key("account", &[&self.sender.0]);
        let find = |changes: &[Change], key: &[u8]| changes.iter().find(|change| change.key == key).cloned();
        let keys = self.before.changes.iter().chain(&self.after.changes).map(|change| change.key.clone());
        let mut keys: Vec<StateKey> = keys.filter(|key| *key != fee).collect();
        keys.sort();
        keys.dedup();
        let both = |key: StateKey| {
            let (one, other) = (find(&self.before.changes, &key), find(&self.after.changes, &key));
            // Where one of them changes nothing, the other says what stood there.
            let stood = one.as_ref().or(other.as_ref()).and_then(|change| change.before.clone());
            let one = one.map_or_else(|| stood.clone(), |change| change.after);
            let other = other.map_or(stood, |change| change.after);
            (one != other).then_some(Difference { key, before: one, after: other })
        };
        keys.into_iter().filter_map(both).collect()
    }

    /// Whether anything but the gas differs.
    pub fn behaves_otherwise(&self) -> bool {
        self.results_differ() || self.events_differ() || !self.state_differences().is_empty()
    }
}

/// Runs the last calls of a contract once more, each for itself from the state that it met, on a candidate for its code.
/// Answers them from new to old.
///
/// # Errors
/// [`RehearsalError`] when the ledger does not replay, or the candidate is not accepted.
pub fn rehearse(
    store: &Store,
    executor: &Executor,
    address: &Address,
    candidate: &[u8],
    last: usize,
    progress: &mut dyn FnMut(Height),
) -> Result<Vec<Rehearsed>, RehearsalError> {
    let store_error = |error: StoreError| AuditError::from(error);
    let mut wanted = touches(store, address, progress)?;
    wanted.reverse();
    let mut rewind = store.rewind(false);
    let mut found = Vec::new();
    executor.prepare(candidate)?;
    let newest = contract(&*rewind.state(), address).map_err(AuditError::from)?;
    let Some(newest) = newest else { return Err(RehearsalError::NoContract(*address)) };
    // The constructor makes the contract: there is nothing yet for which other code could stand.
    for touch in wanted.into_iter().filter(|touch| touch.height > newest.deployed_at).take(last) {
        let block = store.block(touch.height).map_err(store_error)?;
        let Some(block) = block else { continue };
        rewind.to(Height(touch.height.0 - 1)).map_err(store_error)?;
        let state = rewind.state();
        let other = executor.with_code(newest.code_hash, candidate)?;
        let context = BlockContext::new(store.genesis(), &block.header);
        let run = |on: &Executor| {
            let inputs = (state.clone(), store.codes());
            executor.rehearse(&context, &block.transactions, touch.transaction as usize, inputs, on)
        };
        let (before, after) = (run(executor).map_err(AuditError::from)?, run(&other).map_err(AuditError::from)?);
        let stored = store.receipts(touch.height).map_err(store_error)?.unwrap_or_default();
        if stored.get(touch.transaction as usize) != Some(&before.receipt) {
            return Err(RehearsalError::Diverged(touch.hash));
        }
        let sender = block.transactions[touch.transaction as usize].transaction.sender_address();
        found.push(Rehearsed { touch, before, after, sender });
    }
    Ok(found)
}
