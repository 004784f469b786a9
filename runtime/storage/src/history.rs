//! The state at an earlier height: the newest state with later blocks' writes undone.

use crate::blocks::Proved;
use crate::error::StoreError;
use crate::read::Snapshot;
use crate::store::Store;
use counterpart_ledger::{Height, Overlay, StateRead, StateTrie, Write, WriteSet};
use std::sync::Arc;

/// A way back through the ledger: the state after one block after another, from the newest down.
///
/// Each step costs what the block wrote, so that many heights are cheapest to visit in descending order.
pub struct Rewind<'a> {
    store: &'a Store,
    height: Height,
    state: Arc<Overlay>,
    trie: Option<StateTrie>,
}

impl Rewind<'_> {
    /// Goes back to a height.
    ///
    /// # Errors
    /// [`StoreError::AboveHead`] for heights above the present one, [`StoreError::Pruned`] below the oldest that is kept,
    /// [`StoreError::Corrupt`] when the way back leads to another root than the block's; others when the disk fails.
    pub fn to(&mut self, height: Height) -> Result<(), StoreError> {
        if height > self.height {
            return Err(StoreError::AboveHead { height, head: self.height });
        }
        let floor = self.store.floor()?;
        if height < floor {
            return Err(StoreError::Pruned { height, floor });
        }
        // Nobody else has it, unless somebody kept what [`Rewind::state`] answered.
        let state = Arc::make_mut(&mut self.state);
        for later in (height.0 + 1..=self.height.0).rev() {
            let missing = || StoreError::Corrupt(format!("the writes of block {later} are missing"));
            let writes = self.store.writes(Height(later))?.ok_or_else(missing)?;
            if let Some(trie) = &mut self.trie {
                let back = |(key, write): (&Vec<u8>, &Write)| {
                    (key.clone(), Write { old: write.new.clone(), new: write.old.clone() })
                };
                let back: WriteSet = writes.iter().map(back).collect();
                let staged = trie.stage(&back);
                trie.apply(staged);
            }
            state.over.extend(writes.into_iter().map(|(key, write)| (key, write.old)));
        }
        self.height = height;
        let Some(trie) = &self.trie else { return Ok(()) };
        let expected = self.store.head_at(height)?.map(|head| head.state_root);
        if expected != Some(trie.root()) {
            return Err(StoreError::Corrupt(format!("the way back to block {height} leads to root {}", trie.root())));
        }
        Ok(())
    }

    /// The height it is at.
    pub fn height(&self) -> Height {
        self.height
    }

    /// The state there.
    pub fn state(&self) -> Arc<dyn StateRead> {
        self.state.clone()
    }

    /// The trie over it; none for a way back without one.
    pub fn trie(&self) -> Option<&StateTrie> {
        self.trie.as_ref()
    }

    /// The trie over it, to keep.
    pub fn into_trie(self) -> Option<StateTrie> {
        self.trie
    }
}

impl Store {
    /// A way back from the newest block. With the trie it costs a copy of the newest one, and every root on the way is
    /// compared where it is asked to stop.
    pub fn rewind(&self, with_trie: bool) -> Rewind<'_> {
        // All of one moment: no block is undone that the state does not have.
        let newest = self.newest();
        let state = Snapshot::new(newest.snapshot.clone(), self.tables.state.clone());
        let trie = with_trie.then(|| newest.trie.clone());
        Rewind { store: self, height: newest.head.height, state: Arc::new(Overlay::new(Arc::new(state))), trie }
    }

    /// The state after the block at a height.
    ///
    /// # Errors
    /// [`StoreError::AboveHead`] for heights that are not there yet; others when the disk fails.
    pub fn state_at(&self, height: Height) -> Result<Arc<dyn StateRead>, StoreError> {
        let mut rewind = self.rewind(false);
        rewind.to(height)?;
        Ok(rewind.state())
    }

    /// The trie over the state after the block at a height; its root is compared with the block's.
    ///
    /// Costs a copy of the newest trie and the changes since: for tools, not for every request.
    ///
    /// # Errors
    /// As [`Store::state_at`], and [`StoreError::Corrupt`] when the way back leads to another root.
    pub fn trie_at(&self, height: Height) -> Result<StateTrie, StoreError> {
        let mut rewind = self.rewind(true);
        rewind.to(height)?;
        rewind.into_trie().ok_or_else(|| StoreError::Corrupt("a way back has lost its trie".into()))
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
