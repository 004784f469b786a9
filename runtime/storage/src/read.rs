//! Reading the store as of one moment.

use counterpart_ledger::{CodeRead, Hash, StateFault, StateKey, StateRead};
use fjall::{Keyspace, Readable};

/// One table as it was when the snapshot was taken.
pub(crate) struct Snapshot {
    snapshot: fjall::Snapshot,
    table: Keyspace,
}

impl Snapshot {
    pub fn new(snapshot: fjall::Snapshot, table: Keyspace) -> Self {
        Self { snapshot, table }
    }

    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        let value = self.snapshot.get(&self.table, key).map_err(fault)?;
        Ok(value.map(|value| value.to_vec()))
    }
}

fn fault(error: fjall::Error) -> StateFault {
    StateFault(error.to_string())
}

impl StateRead for Snapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        self.value(key)
    }

    fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Option<(StateKey, Vec<u8>)>, StateFault> {
        if start >= end {
            return Ok(None);
        }
        let mut range = self.snapshot.range(&self.table, start..end);
        let entry = if descending { range.next_back() } else { range.next() };
        let entry = entry.map(fjall::Guard::into_inner).transpose().map_err(fault)?;
        Ok(entry.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }
}

impl CodeRead for Snapshot {
    fn code(&self, hash: &Hash) -> Result<Option<Vec<u8>>, StateFault> {
        self.value(&hash.0)
    }
}
