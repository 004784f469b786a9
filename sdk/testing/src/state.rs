//! The state of a chain of tests: what it wrote itself, over the state that it was forked from.

use counterpart_ledger::{CodeRead, Hash, StateFault, StateKey, StateRead, WriteSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Entries of its own over those of a base.
#[derive(Clone)]
pub(crate) struct Forked {
    /// What was written here.
    pub own: BTreeMap<StateKey, Vec<u8>>,
    /// What the base has and was removed here.
    removed: BTreeSet<StateKey>,
    base: Arc<dyn StateRead>,
}

impl Forked {
    pub fn of(base: Arc<dyn StateRead>) -> Self {
        Self { own: BTreeMap::new(), removed: BTreeSet::new(), base }
    }

    pub fn apply(&mut self, writes: WriteSet) {
        for (key, write) in writes {
            match write.new {
                Some(value) => {
                    self.removed.remove(&key);
                    self.own.insert(key, value);
                }
                None => {
                    self.own.remove(&key);
                    self.removed.insert(key);
                }
            }
        }
    }
}

impl StateRead for Forked {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        match self.own.get(key) {
            Some(value) => Ok(Some(value.clone())),
            None if self.removed.contains(key) => Ok(None),
            None => self.base.get(key),
        }
    }

    fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Option<(StateKey, Vec<u8>)>, StateFault> {
        let own = self.own.next(start, end, descending)?;
        // The base's first entry that was neither removed nor written over here.
        let (mut start, mut end) = (start.to_vec(), end.to_vec());
        let base = loop {
            let Some((key, value)) = self.base.next(&start, &end, descending)? else { break None };
            if !self.removed.contains(&key) && !self.own.contains_key(&key) {
                break Some((key, value));
            }
            if descending {
                end = key;
            } else {
                start = key;
                start.push(0);
            }
        };
        Ok(match (own, base) {
            (Some(own), Some(base)) => Some(if (own.0 < base.0) != descending { own } else { base }),
            (own, base) => own.or(base),
        })
    }
}

/// Code uploaded here, over the code of a base.
#[derive(Clone)]
pub(crate) struct Codes {
    pub own: BTreeMap<Hash, Vec<u8>>,
    pub base: Arc<dyn CodeRead>,
}

impl CodeRead for Codes {
    fn code(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StateFault> {
        match self.own.get(hash) {
            Some(code) => Ok(Some(code.clone())),
            None => self.base.code(hash),
        }
    }
}
