//! What the gatekeeper keeps: every decision is one durable batch, made before anybody hears of it.

use crate::receipts::Receipt;
use counterpart_sdk::Hash;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use held_records::{Opening, Signed, Verb};
use parity_scale_codec::{Decode, DecodeAll, Encode};
use std::collections::BTreeMap;
use std::path::Path;

/// Where a record stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum State {
    /// It is to be anchored.
    Received,
    /// It ages until then, in ms since 1970.
    Held(u64),
    /// It is on its way to the ledger: too late to withdraw it.
    Releasing,
    /// It is on the ledger.
    Recorded,
    /// It was withdrawn.
    Cancelled,
    /// Another took its place.
    Superseded(Hash),
    /// Its time was over.
    Expired,
    /// The ledger refuses it for good.
    Rejected,
}

impl State {
    /// Whether nothing becomes of it any more.
    pub const fn is_over(&self) -> bool {
        !matches!(self, Self::Received | Self::Held(_) | Self::Releasing)
    }
}

/// A record in the queue.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Held {
    /// Its place in the order of arrival.
    pub place: u64,
    /// What its commitment opens to.
    pub opening: Opening,
    /// The record itself.
    pub payload: Vec<u8>,
    /// Who wants it.
    pub wanted: Vec<Signed>,
    /// Who lets it pass sooner.
    pub sooner: Vec<Signed>,
    /// When it was anchored, and under which version of the policy.
    pub anchored: Option<(u64, u32)>,
    /// Until when it is held on, in ms since 1970.
    pub until_ms: u64,
    /// In whose place it came.
    pub before: Option<Hash>,
    /// What has to be said on the ledger yet.
    pub owed: Vec<(Verb, Signed)>,
    /// Where it stands.
    pub state: State,
}

/// Why something is not kept.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the journal: {0}")]
pub struct JournalError(String);

fn failed(error: impl ToString) -> JournalError {
    JournalError(error.to_string())
}

/// All that is kept, in memory.
#[derive(Default)]
pub(crate) struct Kept {
    pub records: BTreeMap<Hash, Held>,
    /// The last number of each signer.
    pub sequences: BTreeMap<[u8; 32], u64>,
    pub receipts: u64,
    pub places: u64,
    /// The latest time that was seen, in ms since 1970: time does not go back.
    pub now_ms: u64,
}

/// A change that is to be durable as a whole.
#[derive(Default)]
pub(crate) struct Change {
    pub records: Vec<(Hash, Held)>,
    pub sequences: Vec<([u8; 32], u64)>,
    pub receipts: Vec<Receipt>,
    pub now_ms: u64,
}

/// The journal.
pub struct Journal {
    database: Database,
    records: Keyspace,
    sequences: Keyspace,
    receipts: Keyspace,
    clock: Keyspace,
}

impl Journal {
    /// Opens the journal in a folder; one process at a time.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let database = Database::builder(folder).open().map_err(failed)?;
        let table = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default).map_err(failed);
        let (records, sequences) = (table("records")?, table("sequences")?);
        let (receipts, clock) = (table("receipts")?, table("clock")?);
        Ok(Self { database, records, sequences, receipts, clock })
    }

    pub(crate) fn read(&self) -> Result<Kept, JournalError> {
        let mut kept = Kept::default();
        for entry in self.records.iter() {
            let (key, value) = entry.into_inner().map_err(failed)?;
            let held = Held::decode_all(&mut &value[..]).map_err(failed)?;
            kept.places = kept.places.max(held.place + 1);
            kept.records.insert(Hash(key.as_ref().try_into().map_err(failed)?), held);
        }
        for entry in self.sequences.iter() {
            let (key, value) = entry.into_inner().map_err(failed)?;
            kept.sequences.insert(key.as_ref().try_into().map_err(failed)?, number(&value));
        }
        if let Some(last) = self.receipts.iter().next_back() {
            kept.receipts = number(&last.key().map_err(failed)?) + 1;
        }
        kept.now_ms = self.clock.get("now").map_err(failed)?.map_or(0, |value| number(&value));
        Ok(kept)
    }

    /// Writes a change and waits for the disk.
    pub(crate) fn write(&self, change: &Change) -> Result<(), JournalError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        change.records.iter().for_each(|(key, held)| batch.insert(&self.records, key.0, held.encode()));
        change.sequences.iter().for_each(|(key, last)| batch.insert(&self.sequences, *key, last.to_be_bytes()));
        for receipt in &change.receipts {
            batch.insert(&self.receipts, receipt.number.to_be_bytes(), receipt.encode());
        }
        batch.insert(&self.clock, "now", change.now_ms.to_be_bytes());
        batch.commit().map_err(failed)
    }

    /// Receipts from a number on, so many at most.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn receipts(&self, from: u64, limit: usize) -> Result<Vec<Receipt>, JournalError> {
        let read = |entry: fjall::Guard| {
            let (_, value) = entry.into_inner().map_err(failed)?;
            Receipt::decode_all(&mut &value[..]).map_err(failed)
        };
        self.receipts.range(from.to_be_bytes()..).take(limit).map(read).collect()
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_be_bytes)
}
