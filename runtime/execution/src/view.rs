//! The state during a block: what was there, with the block's writes over it and a journal to undo them.

use crate::trace::Change;
use counterpart_ledger::{StateFault, StateKey, StateRead, Write, WriteSet};
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};
use std::sync::Arc;

type Layer = BTreeMap<StateKey, Option<Vec<u8>>>;

/// A write that can be undone: which layer, the key, and what the layer held before.
enum Undo {
    State(StateKey, Option<Option<Vec<u8>>>),
    Transient(StateKey, Option<Option<Vec<u8>>>),
}

/// A point to which writes can be undone.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint(usize);

/// An entry found, and how many removed entries were passed on the way.
pub struct Step {
    /// Key and value.
    pub entry: Option<(StateKey, Vec<u8>)>,
    /// Entries that this block removed.
    pub passed: u64,
}

/// State, overlaid.
pub struct View {
    base: Arc<dyn StateRead>,
    writes: Layer,
    transient: Layer,
    journal: Vec<Undo>,
}

impl View {
    /// A view without writes.
    pub fn new(base: Arc<dyn StateRead>) -> Self {
        Self { base, writes: Layer::new(), transient: Layer::new(), journal: Vec::new() }
    }

    /// The value at a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        match self.writes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.base.get(key),
        }
    }

    /// Whether this block wrote or removed the entry.
    pub fn is_written(&self, key: &[u8]) -> bool {
        self.writes.contains_key(key)
    }

    /// Writes or removes.
    pub fn set(&mut self, key: StateKey, value: Option<Vec<u8>>) {
        let before = self.writes.insert(key.clone(), value);
        self.journal.push(Undo::State(key, before));
    }

    /// The value of this transaction at a key.
    pub fn transient(&self, key: &[u8]) -> Option<&[u8]> {
        self.transient.get(key)?.as_deref()
    }

    /// Writes or removes a value of this transaction.
    pub fn set_transient(&mut self, key: StateKey, value: Option<Vec<u8>>) {
        let before = self.transient.insert(key.clone(), value);
        self.journal.push(Undo::Transient(key, before));
    }

    /// The first entry in `[start, end)`, or the last if `descending`.
    pub fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Step, StateFault> {
        let (mut start, mut end) = (start.to_vec(), end.to_vec());
        let mut passed = 0;
        while start < end {
            let base = self.base.next(&start, &end, descending)?;
            let mut range = self.writes.range::<[u8], _>((Included(start.as_slice()), Excluded(end.as_slice())));
            let written = if descending { range.next_back() } else { range.next() };
            let entry = match (base, written) {
                (None, None) => break,
                (Some((key, value)), None) => (key, Some(value)),
                (None, Some((key, value))) => (key.clone(), value.clone()),
                (Some((key, value)), Some((other, written))) => {
                    let base_first = if descending { key > *other } else { key < *other };
                    if base_first { (key, Some(value)) } else { (other.clone(), written.clone()) }
                }
            };
            let (key, value) = entry;
            if let Some(value) = value {
                return Ok(Step { entry: Some((key, value)), passed });
            }
            passed += 1;
            if descending {
                end = key;
            } else {
                start = key;
                start.push(0);
            }
        }
        Ok(Step { entry: None, passed })
    }

    /// Here and now.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint(self.journal.len())
    }

    /// What was written to the state since a checkpoint, in order: key, value before, value after.
    pub fn changes_since(&self, checkpoint: Checkpoint) -> Result<Vec<Change>, StateFault> {
        let mut changes: Vec<Change> = Vec::new();
        for undo in self.journal.get(checkpoint.0..).unwrap_or_default() {
            let Undo::State(key, before) = undo else { continue };
            let before = match before {
                Some(before) => before.clone(),
                None => self.base.get(key)?,
            };
            let after = self.writes.get(key).cloned().flatten();
            changes.push(Change { key: key.clone(), before, after });
        }
        Ok(changes)
    }

    /// What this transaction changed, in the order of the keys.
    pub fn changes(&self) -> Result<Vec<Change>, StateFault> {
        let mut changes: BTreeMap<StateKey, Change> = BTreeMap::new();
        for change in self.changes_since(Checkpoint(0))? {
            // The first has what was there before all of them.
            changes.entry(change.key.clone()).or_insert(change);
        }
        Ok(changes.into_values().filter(|change| change.before != change.after).collect())
    }

    /// Undoes everything since a checkpoint.
    pub fn undo_to(&mut self, checkpoint: Checkpoint) {
        while self.journal.len() > checkpoint.0 {
            let (layer, key, before) = match self.journal.pop() {
                Some(Undo::State(key, before)) => (&mut self.writes, key, before),
                Some(Undo::Transient(key, before)) => (&mut self.transient, key, before),
                None => return,
            };
            match before {
                Some(value) => layer.insert(key, value),
                None => layer.remove(&key),
            };
        }
    }

    /// Ends a transaction: nothing before this point can be undone any more.
    pub fn end_transaction(&mut self) {
        self.journal.clear();
        self.transient.clear();
    }

    /// What the block changed, with the values before.
    pub fn into_writes(self) -> Result<WriteSet, StateFault> {
        let mut set = WriteSet::new();
        for (key, new) in self.writes {
            let old = self.base.get(&key)?;
            if old != new {
                set.insert(key, Write { old, new });
            }
        }
        Ok(set)
    }
}

impl StateRead for View {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        self.get(key)
    }

    fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Option<(StateKey, Vec<u8>)>, StateFault> {
        Ok(self.next(start, end, descending)?.entry)
    }
}
