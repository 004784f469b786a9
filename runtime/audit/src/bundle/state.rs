//! What a bundle brings, as the state and the code that an execution reads.

use super::Entry;
use super::error::hex;
use counterpart_execution::{CallTrace, Observer, Step};
use counterpart_ledger::{CodeRead, Hash, StateFault, StateKey, StateRead, WriteSet};
use counterpart_module::PreparedModule;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Somebody who follows and does nothing: recording reads what stood at entries whose change was undone, and a bundle has to
/// bring exactly what is read.
pub(super) struct Unheard;

impl Observer for Unheard {
    fn enter(&mut self, _: &CallTrace, _: &PreparedModule, _: i64) {}
    fn host(&mut self, _: &Step, _: i64) {}
    fn leave(&mut self, _: &CallTrace) {}
}

/// The entries of a bundle as a state. What it does not know is a fault, not an absence.
pub(super) struct Entries {
    pub entries: BTreeMap<StateKey, Option<Vec<u8>>>,
    read: Mutex<BTreeSet<StateKey>>,
}

impl Entries {
    pub fn new(entries: &[Entry]) -> Self {
        Self { entries: entries.iter().cloned().collect(), read: Mutex::default() }
    }

    fn note(&self, key: &[u8]) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if !read.contains(key) {
            read.insert(key.to_vec());
        }
    }

    /// Whether everything that is there was read or written.
    pub fn all_used(&self, writes: &WriteSet) -> bool {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        self.entries.keys().all(|key| read.contains(key) || writes.contains_key(key))
    }
}

impl StateRead for Entries {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        self.note(key);
        match self.entries.get(key) {
            Some(value) => Ok(value.clone()),
            None => Err(StateFault(format!("the bundle does not cover the entry 0x{}", hex(key)))),
        }
    }

    /// Entries that were left out of a range show in the receipts, which are certified.
    fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Option<(StateKey, Vec<u8>)>, StateFault> {
        if start >= end {
            return Ok(None);
        }
        let present = |(key, value): (&StateKey, &Option<Vec<u8>>)| Some((key.clone(), value.clone()?));
        let mut range =
            self.entries.range::<[u8], _>((std::ops::Bound::Included(start), std::ops::Bound::Excluded(end)));
        let found = if descending { range.rev().find_map(present) } else { range.find_map(present) };
        if let Some((key, _)) = &found {
            self.note(key);
        }
        Ok(found)
    }
}

/// Code of a bundle by its hash.
pub(super) struct Codes(pub BTreeMap<Hash, Vec<u8>>);

impl CodeRead for Codes {
    fn code(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StateFault> {
        Ok(self.0.get(hash).cloned())
    }
}
