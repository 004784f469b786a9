//! The state at an earlier height: the newest state with later blocks' writes undone.

use crate::blocks::Proved;
use crate::error::StoreError;
use crate::store::Store;
use counterpart_ledger::{Height, StateFault, StateKey, StateRead, StateTrie, Write, WriteSet};
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};
use std::sync::Arc;

struct Past {
    newest: Arc<dyn StateRead>,
    /// What stood at keys that were written since.
    before: BTreeMap<StateKey, Option<Vec<u8>>>,
}

impl Store {
    /// The state after the block at a height.
    ///
    /// # Errors
    /// [`StoreError::AboveHead`] for heights that are not there yet; others when the disk fails.
    pub fn state_at(&self, height: Height) -> Result<Arc<dyn StateRead>, StoreError> {
        // Undone blocks are read up to a head that the snapshot includes: nothing that came later is undone twice.
        let newest = self.state();
        let head = self.head().height;
        if height > head {
            return Err(StoreError::AboveHead { height, head });
        }
        let floor = self.floor()?;
        if height < floor {
            return Err(StoreError::Pruned { height, floor });
        }
        let mut before = BTreeMap::new();
        for later in (height.0 + 1..=head.0).rev() {
            let missing = || StoreError::Corrupt(format!("the writes of block {later} are missing"));
            let writes = self.writes(Height(later))?.ok_or_else(missing)?;
            before.extend(writes.into_iter().map(|(key, write)| (key, write.old)));
        }
        Ok(Arc::new(Past { newest, before }))
    }
}

impl Store {
    /// The trie over the state after the block at a height; its root is compared with the block's.
    ///
    /// Costs a copy of the newest trie and the changes since: for tools, not for every request.
    ///
    /// # Errors
    /// As [`Store::state_at`], and [`StoreError::Corrupt`] when the way back leads to another root.
    pub fn trie_at(&self, height: Height) -> Result<StateTrie, StoreError> {
        let (head, mut trie) = {
            let newest = self.newest();
            (newest.head.height, newest.trie.clone())
        };
        let floor = self.floor()?;
        if height < floor {
            return Err(StoreError::Pruned { height, floor });
        }
        if height > head {
            return Err(StoreError::AboveHead { height, head });
        }
        for later in (height.0 + 1..=head.0).rev() {
            let missing = || StoreError::Corrupt(format!("the writes of block {later} are missing"));
            let writes = self.writes(Height(later))?.ok_or_else(missing)?;
            let back = |(key, write): (StateKey, Write)| (key, Write { old: write.new, new: write.old });
            let back: WriteSet = writes.into_iter().map(back).collect();
            let staged = trie.stage(&back);
            trie.apply(staged);
        }
        let expected = self.head_at(height)?.map(|head| head.state_root);
        if expected != Some(trie.root()) {
            return Err(StoreError::Corrupt(format!("the way back to block {height} leads to root {}", trie.root())));
        }
        Ok(trie)
    }

    /// A value of the state after the block at a height, with its proof.
    ///
    /// # Errors
    /// As [`Store::trie_at`].
    pub fn prove_at(&self, height: Height, key: &[u8]) -> Result<Proved, StoreError> {
        let newest = self.prove(key)?;
        if newest.head.height == height {
            return Ok(newest);
        }
        let trie = self.trie_at(height)?;
        let value = self.state_at(height)?.get(key).map_err(|fault| StoreError::Store(fault.0))?;
        let head = self.head_at(height)?;
        let head =
            head.ok_or_else(|| StoreError::Corrupt(format!("what was known after block {height} is missing")))?;
        Ok(Proved { value, proof: trie.prove(key), head })
    }
}

impl StateRead for Past {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        match self.before.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.newest.get(key),
        }
    }

    fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Option<(StateKey, Vec<u8>)>, StateFault> {
        let (mut start, mut end) = (start.to_vec(), end.to_vec());
        while start < end {
            let newest = self.newest.next(&start, &end, descending)?;
            let mut range = self.before.range::<[u8], _>((Included(start.as_slice()), Excluded(end.as_slice())));
            let older = if descending { range.next_back() } else { range.next() };
            let (key, value) = match (newest, older) {
                (None, None) => return Ok(None),
                (Some((key, value)), None) => (key, Some(value)),
                (None, Some((key, value))) => (key.clone(), value.clone()),
                (Some((key, value)), Some((other, older))) => {
                    let first = if descending { key > *other } else { key < *other };
                    if first { (key, Some(value)) } else { (other.clone(), older.clone()) }
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
