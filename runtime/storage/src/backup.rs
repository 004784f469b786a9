//! Copies of a whole ledger: made while it runs, verified before they get their name.

use crate::error::StoreError;
use crate::keys;
use crate::store::{Store, open_database};
use fjall::{PersistMode, Readable};
use std::fs;
use std::path::Path;

/// Bytes of one batch of a copy.
const BATCH_BYTES: usize = 4 << 20;

impl Store {
    /// Copies the ledger as it is now into a new folder; commits may go on meanwhile. The copy is opened, which compares
    /// its root with its newest block's, before it gets its name. `progress` hears tables done of all.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the target is there; others when a disk fails or the copy does not hold.
    pub fn backup(&self, target: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        if target.exists() {
            return Err(StoreError::Exists(target.to_path_buf()));
        }
        let file = |cause: std::io::Error| StoreError::File { path: target.to_path_buf(), cause: cause.to_string() };
        let partial = target.with_extension("partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(file)?;
        }
        let snapshot = self.newest().snapshot.clone();
        let (database, tables) = open_database(&partial)?;
        let sources = self.tables.all();
        for (done, ((name, from), (_, to))) in sources.iter().zip(tables.all()).enumerate() {
            let (mut batch, mut size) = (database.batch(), 0);
            for guard in snapshot.iter(from) {
                let (key, value) = guard.into_inner()?;
                size += key.len() + value.len();
                // The head comes last of all: a copy without one is no ledger.
                if *name != keys::META || key.as_ref() != keys::FORMAT {
                    batch.insert(to, key, value);
                }
                if size > BATCH_BYTES {
                    std::mem::replace(&mut batch, database.batch()).commit()?;
                    size = 0;
                }
            }
            batch.commit()?;
            progress(done as u64 + 1, sources.len() as u64);
        }
        let mut batch = database.batch().durability(Some(PersistMode::SyncAll));
        batch.insert(&tables.meta, keys::FORMAT, crate::store::FORMAT.to_le_bytes());
        batch.commit()?;
        drop((database, tables));
        drop(Self::open(&partial)?);
        crate::store::name(&partial, target).map_err(file)
    }

    /// Checks a backup from end to end, and copies it to where a node will use it.
    ///
    /// # Errors
    /// [`StoreError`] when the backup is damaged or the target is there.
    pub fn restore(backup: &Path, target: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Self, StoreError> {
        let store = Self::open(backup)?;
        store.check(&mut |_, _| {})?;
        store.backup(target, progress)?;
        drop(store);
        Self::open(target)
    }
}
