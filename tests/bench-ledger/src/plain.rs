//! The store without a root: the same entries, write sets and durability, on the same library.

use crate::workload::{Made, key, value};
use counterpart_ledger::encode;
use counterpart_storage::layout;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::path::Path;

/// A flat state with the blocks beside it, as the ledger keeps them.
pub struct Plain {
    database: Database,
    state: Keyspace,
    writes: Keyspace,
    blocks: Keyspace,
    height: u64,
}

impl Plain {
    /// Makes one with so many entries.
    pub fn fill(folder: &Path, keys: u64) -> anyhow::Result<Self> {
        let database = layout::database(folder).open()?;
        let table = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default);
        let state = database.keyspace("state", layout::point_reads)?;
        let (writes, blocks) = (table("writes")?, table("blocks")?);
        for chunk in 0..keys.div_ceil(100_000) {
            let mut batch = database.batch().durability(Some(PersistMode::SyncAll));
            for number in chunk * 100_000..((chunk + 1) * 100_000).min(keys) {
                batch.insert(&state, key(number), value(number, 0));
            }
            batch.commit()?;
        }
        Ok(Self { database, state, writes, blocks, height: 0 })
    }

    /// Opens one and reads every entry once, as the ledger does.
    pub fn open(folder: &Path) -> Result<Self, fjall::Error> {
        let database = layout::database(folder).open()?;
        let table = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default);
        let state = database.keyspace("state", layout::point_reads)?;
        let (writes, blocks) = (table("writes")?, table("blocks")?);
        for guard in state.iter() {
            guard.into_inner()?;
        }
        Ok(Self { database, state, writes, blocks, height: 0 })
    }

    /// Writes what a block changes in one durable batch.
    pub fn commit(&mut self, made: &Made) -> anyhow::Result<()> {
        self.height += 1;
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        for (key, write) in &made.writes {
            match &write.new {
                Some(value) => batch.insert(&self.state, key.as_slice(), value.as_slice()),
                None => batch.remove(&self.state, key.as_slice()),
            }
        }
        batch.insert(&self.writes, self.height.to_be_bytes(), encode(&made.writes));
        batch.insert(&self.blocks, self.height.to_be_bytes(), encode(&made.block));
        Ok(batch.commit()?)
    }

    /// Whether there is an entry; reads its value.
    pub fn has(&self, key: &[u8]) -> anyhow::Result<bool> {
        Ok(self.state.get(key)?.map(|value| value.to_vec()).is_some())
    }
}
