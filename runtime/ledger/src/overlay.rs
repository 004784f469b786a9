//! A state with changes over it.

use crate::state::{StateFault, StateKey, StateRead};
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound::{Excluded, Included};

/// A state with entries over it that are not written to it.
#[derive(Clone)]
pub struct Overlay {
    /// What shows where nothing lies over it.
    pub base: Arc<dyn StateRead>,
    /// Values, or their absence.
    pub over: BTreeMap<StateKey, Option<Vec<u8>>>,
}

impl Overlay {
    /// A state with nothing over it.
    pub fn new(base: Arc<dyn StateRead>) -> Self {
        Self { base, over: BTreeMap::new() }
    }

    /// Entries over no state at all.
    pub fn over_nothing() -> Self {
        Self::new(Arc::new(BTreeMap::<StateKey, Vec<u8>>::new()))
    }
}

impl StateRead for Overlay {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        match self.over.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.base.get(key),
        }
    }

    fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Option<(StateKey, Vec<u8>)>, StateFault> {
        let (mut start, mut end) = (start.to_vec(), end.to_vec());
        while start < end {
            let below = self.base.next(&start, &end, descending)?;
            let mut range = self.over.range::<[u8], _>((Included(start.as_slice()), Excluded(end.as_slice())));
            let above = if descending { range.next_back() } else { range.next() };
            let (key, value) = match (below, above) {
                (None, None) => return Ok(None),
                (Some((key, value)), None) => (key, Some(value)),
                (None, Some((key, value))) => (key.clone(), value.clone()),
                (Some((key, value)), Some((other, above))) => {
                    let first = if descending { key > *other } else { key < *other };
                    if first { (key, Some(value)) } else { (other.clone(), above.clone()) }
                }
            };
            if let Some(value) = value {
                return Ok(Some((key, value)));
            }
            if descending {
                end = key;
            } else {
                start = key;
                start.push(0);
            }
        }
        Ok(None)
    }
}
