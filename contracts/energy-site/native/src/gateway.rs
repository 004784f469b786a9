//! The meters' gateway: keeps batches on the disk until the ledger has them, over a link that loses things.

use energy_site::Batch;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use parity_scale_codec::{Decode, DecodeAll, Encode};
use std::path::Path;

/// Why the gateway does not get further.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GatewayError {
    /// The disk.
    #[error("the queue: {0}")]
    Disk(String),
    /// The link or the ledger: nobody knows whether it was done.
    #[error("the ledger does not answer")]
    Lost,
}

/// What a ledger says to a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LedgerError {
    /// Another number is the next.
    WrongCounter {
        /// The next.
        next: u64,
    },
    /// It is refused for good.
    Refused,
    /// Nobody knows whether it was done.
    Lost,
}

/// What the gateway needs of a ledger.
pub trait Ledger {
    /// Records a batch.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn submit(&mut self, batch: &Batch, signature: &[u8; 64]) -> Result<(), LedgerError>;
}

fn disk(error: impl ToString) -> GatewayError {
    GatewayError::Disk(error.to_string())
}

/// What waits.
#[derive(Clone, Copy, Encode, Decode)]
struct Waiting {
    batch: Batch,
    signature: [u8; 64],
}

/// Batches that wait, on the disk.
pub struct Queue {
    database: Database,
    waiting: Keyspace,
    refused: Keyspace,
}

impl Queue {
    /// Opens the queue in a folder; one process at a time.
    ///
    /// # Errors
    /// [`GatewayError::Disk`].
    pub fn open(folder: &Path) -> Result<Self, GatewayError> {
        let database = Database::builder(folder).open().map_err(disk)?;
        let waiting = database.keyspace("waiting", KeyspaceCreateOptions::default).map_err(disk)?;
        let refused = database.keyspace("refused", KeyspaceCreateOptions::default).map_err(disk)?;
        Ok(Self { database, waiting, refused })
    }

    /// Keeps a batch and waits for the disk. The same again is kept once.
    ///
    /// # Errors
    /// [`GatewayError::Disk`].
    pub fn put(&self, batch: &Batch, signature: &[u8; 64]) -> Result<(), GatewayError> {
        let mut writes = self.database.batch().durability(Some(PersistMode::SyncAll));
        let waiting = Waiting { batch: *batch, signature: *signature };
        writes.insert(&self.waiting, key(batch), waiting.encode());
        writes.commit().map_err(disk)
    }

    /// How many wait.
    ///
    /// # Errors
    /// [`GatewayError::Disk`].
    pub fn len(&self) -> Result<usize, GatewayError> {
        self.waiting.len().map_err(disk)
    }

    /// Whether none do.
    ///
    /// # Errors
    /// [`GatewayError::Disk`].
    pub fn is_empty(&self) -> Result<bool, GatewayError> {
        Ok(self.len()? == 0)
    }

    /// How many the ledger has refused for good.
    ///
    /// # Errors
    /// [`GatewayError::Disk`].
    pub fn refused(&self) -> Result<usize, GatewayError> {
        self.refused.len().map_err(disk)
    }

    fn all(&self) -> Result<Vec<Waiting>, GatewayError> {
        let read = |entry: fjall::Guard| {
            let (_, value) = entry.into_inner().map_err(disk)?;
            Waiting::decode_all(&mut &value[..]).map_err(disk)
        };
        self.waiting.iter().map(read).collect()
    }

    fn forget(&self, found: &Waiting, refused: bool) -> Result<(), GatewayError> {
        let mut writes = self.database.batch().durability(Some(PersistMode::SyncAll));
        writes.remove(&self.waiting, key(&found.batch));
        if refused {
            writes.insert(&self.refused, key(&found.batch), found.encode());
        }
        writes.commit().map_err(disk)
    }
}

/// By device, and in its order.
fn key(batch: &Batch) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&batch.device.to_be_bytes());
    key[8..].copy_from_slice(&batch.from.to_be_bytes());
    key
}

/// The gateway.
pub struct Gateway<L> {
    queue: Queue,
    /// The ledger, behind the link.
    pub ledger: L,
}

impl<L: Ledger> Gateway<L> {
    /// A gateway with what waits.
    pub fn new(queue: Queue, ledger: L) -> Self {
        Self { queue, ledger }
    }

    /// What waits.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Brings what waits to the ledger, each device's in its order; answers how many are there. A device whose batch is lost on the way
    /// waits for the next turn, and others do not wait for it.
    ///
    /// # Errors
    /// [`GatewayError::Disk`].
    pub fn tick(&mut self) -> Result<usize, GatewayError> {
        let (mut done, mut stuck) = (0, None);
        for waiting in self.queue.all()? {
            let Batch { device, from, .. } = waiting.batch;
            if stuck == Some(device) {
                continue;
            }
            match self.ledger.submit(&waiting.batch, &waiting.signature) {
                Ok(()) => {
                    self.queue.forget(&waiting, false)?;
                    done += 1;
                }
                // It came before, and the answer was lost.
                Err(LedgerError::WrongCounter { next }) if from < next => {
                    self.queue.forget(&waiting, false)?;
                    done += 1;
                }
                Err(LedgerError::Refused) => {
                    self.queue.forget(&waiting, true)?;
                    stuck = Some(device);
                }
                Err(LedgerError::WrongCounter { .. } | LedgerError::Lost) => stuck = Some(device),
            }
        }
        Ok(done)
    }
}
