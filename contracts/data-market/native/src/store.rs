//! What the gateway keeps: encrypted bodies, readings that wait for the ledger, and where each device's count stands.
//!
//! One thread writes. What came in meanwhile goes to the disk together, and nobody is told that a reading was taken before it is
//! there: `kill -9` at any moment loses nothing that was acknowledged.

use crate::ledger::KnownDevice;
use counterpart_sdk::Hash;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use parity_scale_codec::{Decode, DecodeAll, Encode};
use recycling::Submission;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

/// Readings that are written together, at most.
const MAX_TOGETHER: usize = 512;

/// Something of a device's that waits for the ledger, in its order.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Entry {
    /// A reading.
    Reading(Submission),
    /// Numbers that the device skipped.
    Gap {
        /// Which device.
        device: u64,
        /// The first that is missing.
        from: u64,
        /// The first that is not.
        until: u64,
        /// The device's signature.
        signature: [u8; 64],
    },
}

impl Entry {
    /// Whose it is.
    pub fn device(&self) -> u64 {
        match self {
            Self::Reading(submission) => submission.reading.device,
            Self::Gap { device, .. } => *device,
        }
    }

    /// The number that it begins with, and the one that follows it.
    pub fn range(&self) -> (u64, u64) {
        match self {
            Self::Reading(submission) => (submission.reading.counter, submission.reading.counter + 1),
            Self::Gap { from, until, .. } => (*from, *until),
        }
    }
}

/// How something was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Accepted {
    /// For the first time.
    New,
    /// It was there.
    Again,
}

/// Why something is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another reading has this number.
    #[error("another reading of device {device} has this number; the next is {next}")]
    Replayed {
        /// The device.
        device: u64,
        /// Its next number.
        next: u64,
    },
    /// Numbers are missing.
    #[error("readings of device {device} are missing; the next is {next}")]
    Missing {
        /// The device.
        device: u64,
        /// Its next number.
        next: u64,
    },
    /// It is older than the device's last reading.
    #[error("it is older than the last reading of device {device}")]
    BackDated {
        /// The device.
        device: u64,
    },
    /// The disk fails, or has failed: nothing is taken until the gateway is started again.
    #[error("the store: {0}")]
    Disk(String),
}

/// How much there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Entries that wait for the ledger.
    pub waiting: u64,
    /// Entries that the ledger refused.
    pub refused: u64,
}

/// The store.
pub struct Store {
    tables: Tables,
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct Tables {
    database: Database,
    /// Device and number to the hash of what was taken.
    taken: Keyspace,
    /// Hash of an encrypted body to the body.
    blobs: Keyspace,
    /// Place in the order of arrival to what waits.
    waiting: Keyspace,
    /// The same to what was refused, and why.
    refused: Keyspace,
    /// Device to what is known of it.
    devices: Keyspace,
}

enum Job {
    Take { entry: Entry, blob: Option<(Hash, Vec<u8>)>, answer: SyncSender<Result<Accepted, StoreError>> },
    Know { device: u64, known: KnownDevice, answer: SyncSender<Result<Accepted, StoreError>> },
    Refuse { device: u64, known: KnownDevice, reason: String, answer: SyncSender<Result<Accepted, StoreError>> },
}

fn disk(error: impl ToString) -> StoreError {
    StoreError::Disk(error.to_string())
}

impl Store {
    /// Opens the store in a folder; one process at a time.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let database = Database::builder(folder).open().map_err(disk)?;
        let table = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default).map_err(disk);
        let tables = Tables {
            taken: table("taken")?,
            blobs: table("blobs")?,
            waiting: table("waiting")?,
            refused: table("refused")?,
            devices: table("devices")?,
            database: database.clone(),
        };
        let mut writer =
            Writer { next: 0, devices: BTreeMap::new(), fresh: BTreeMap::new(), failed: None, tables: tables.clone() };
        if let Some(last) = tables.waiting.iter().next_back() {
            writer.next = number(&last.key().map_err(disk)?) + 1;
        }
        if let Some(last) = tables.refused.iter().next_back() {
            writer.next = writer.next.max(number(&last.key().map_err(disk)?) + 1);
        }
        let (jobs, received) = channel();
        let work = move || writer.run(&received);
        let thread = std::thread::Builder::new().name("store".into()).spawn(work).map_err(disk)?;
        Ok(Self { tables, jobs: Some(jobs), writer: Some(thread) })
    }

    /// Takes something, with the body that belongs to it, and waits for the disk.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn take(&self, entry: Entry, blob: Option<(Hash, Vec<u8>)>) -> Result<Accepted, StoreError> {
        self.ask(|answer| Job::Take { entry, blob, answer })
    }

    /// Keeps what the ledger says of a device. Its count goes on from whichever is further.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn know(&self, device: u64, known: KnownDevice) -> Result<(), StoreError> {
        self.ask(|answer| Job::Know { device, known, answer }).map(|_| ())
    }

    fn ask(&self, job: impl FnOnce(SyncSender<Result<Accepted, StoreError>>) -> Job) -> Result<Accepted, StoreError> {
        let (answer, answered) = sync_channel(1);
        let gone = || disk("its writer has ended");
        self.jobs.as_ref().ok_or_else(gone)?.send(job(answer)).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }

    /// What is known of a device, with its count here.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn device(&self, device: u64) -> Result<Option<KnownDevice>, StoreError> {
        self.tables.device(device)
    }

    /// The encrypted body with a hash.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn blob(&self, body: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tables.blobs.get(body.0).map_err(disk)?.map(|blob| blob.to_vec()))
    }

    /// The oldest of what waits, so many at most.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn waiting(&self, limit: usize) -> Result<Vec<(u64, Entry)>, StoreError> {
        let mut found = Vec::new();
        for entry in self.tables.waiting.iter().take(limit) {
            let (place, entry) = entry.into_inner().map_err(disk)?;
            found.push((number(&place), Entry::decode_all(&mut &entry[..]).map_err(disk)?));
        }
        Ok(found)
    }

    /// Takes away what the ledger has. A crash before it is on the disk is no harm: the ledger is asked again.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn recorded(&self, places: &[u64]) -> Result<(), StoreError> {
        let mut batch = self.tables.database.batch();
        places.iter().for_each(|place| batch.remove(&self.tables.waiting, place.to_be_bytes()));
        batch.commit().map_err(disk)
    }

    /// Puts aside all that waits of a device, with the reason why the ledger refuses it, and counts on from where the ledger
    /// stands: the device has to say what it skips.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn refuse(&self, device: u64, known: KnownDevice, reason: String) -> Result<(), StoreError> {
        self.ask(|answer| Job::Refuse { device, known, reason, answer }).map(|_| ())
    }

    /// What the ledger refused, with its reasons.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn refused(&self) -> Result<Vec<(Entry, String)>, StoreError> {
        let read = |entry: fjall::Guard| {
            let (_, entry) = entry.into_inner().map_err(disk)?;
            <(Entry, String)>::decode_all(&mut &entry[..]).map_err(disk)
        };
        self.tables.refused.iter().map(read).collect()
    }

    /// How much there is.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let count = |table: &Keyspace| table.len().map(|count| count as u64).map_err(disk);
        Ok(Counts { waiting: count(&self.tables.waiting)?, refused: count(&self.tables.refused)? })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Tables {
    fn device(&self, device: u64) -> Result<Option<KnownDevice>, StoreError> {
        let found = self.devices.get(device.to_be_bytes()).map_err(disk)?;
        found.map(|found| KnownDevice::decode_all(&mut &found[..]).map_err(disk)).transpose()
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_be_bytes)
}

fn taken_key(device: u64, counter: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&device.to_be_bytes());
    key[8..].copy_from_slice(&counter.to_be_bytes());
    key
}

/// What stands under a number: the event's hash, or that it was skipped.
fn mark(entry: &Entry) -> Vec<u8> {
    match entry {
        Entry::Reading(submission) => submission.reading.hash.0.to_vec(),
        Entry::Gap { until, .. } => until.to_be_bytes().to_vec(),
    }
}

struct Writer {
    tables: Tables,
    next: u64,
    devices: BTreeMap<u64, KnownDevice>,
    /// What is taken and not yet in the tables.
    fresh: BTreeMap<[u8; 16], Vec<u8>>,
    failed: Option<StoreError>,
}

impl Writer {
    fn run(&mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut batch = self.batch();
            let mut answers = Vec::new();
            for job in std::iter::once(first).chain(std::iter::from_fn(|| jobs.try_recv().ok())).take(MAX_TOGETHER) {
                let (done, answer) = match job {
                    Job::Take { entry, blob, answer } => (self.take(&mut batch, &entry, blob), answer),
                    Job::Know { device, known, answer } => (self.know(&mut batch, device, known), answer),
                    Job::Refuse { device, known, reason, answer } => {
                        // What was taken just now has to be among what waits.
                        self.write(std::mem::replace(&mut batch, self.batch()));
                        (self.refuse(&mut batch, device, known, &reason), answer)
                    }
                };
                answers.push((answer, done));
            }
            self.write(batch);
            self.fresh.clear();
            for (answer, done) in answers {
                let done = self.failed.clone().map_or(done, Err);
                // Whoever asked may have gone.
                let _ = answer.send(done);
            }
        }
    }

    fn batch(&self) -> OwnedWriteBatch {
        self.tables.database.batch().durability(Some(PersistMode::SyncAll))
    }

    fn write(&mut self, batch: OwnedWriteBatch) {
        if self.failed.is_none()
            && let Err(error) = batch.commit()
        {
            // What is in memory is ahead of the disk now: nothing that follows could be trusted.
            self.failed = Some(disk(error));
        }
    }

    fn refuse(
        &mut self,
        batch: &mut OwnedWriteBatch,
        device: u64,
        known: KnownDevice,
        reason: &str,
    ) -> Result<Accepted, StoreError> {
        for entry in self.tables.waiting.iter() {
            let (place, entry) = entry.into_inner().map_err(disk)?;
            let decoded = Entry::decode_all(&mut &entry[..]).map_err(disk)?;
            if decoded.device() == device {
                batch.remove(&self.tables.waiting, &*place);
                batch.insert(&self.tables.refused, &*place, (decoded, reason).encode());
            }
        }
        batch.insert(&self.tables.devices, device.to_be_bytes(), known.encode());
        self.devices.insert(device, known);
        Ok(Accepted::New)
    }

    fn known(&mut self, device: u64) -> Result<Option<KnownDevice>, StoreError> {
        if let Some(known) = self.devices.get(&device) {
            return Ok(Some(*known));
        }
        let found = self.tables.device(device)?;
        self.devices.extend(found.map(|found| (device, found)));
        Ok(found)
    }

    fn take(
        &mut self,
        batch: &mut OwnedWriteBatch,
        entry: &Entry,
        blob: Option<(Hash, Vec<u8>)>,
    ) -> Result<Accepted, StoreError> {
        let device = entry.device();
        let (from, until) = entry.range();
        let mut known = self.known(device)?.ok_or_else(|| disk("a device that nobody asked the ledger for"))?;
        let next = known.next;
        if from < next {
            let key = taken_key(device, from);
            let taken = match self.fresh.get(&key) {
                Some(mark) => Some(mark.clone()),
                None => self.tables.taken.get(key).map_err(disk)?.map(|taken| taken.to_vec()),
            };
            let same = taken == Some(mark(entry));
            return if same { Ok(Accepted::Again) } else { Err(StoreError::Replayed { device, next }) };
        }
        if from > next {
            return Err(StoreError::Missing { device, next });
        }
        if let Entry::Reading(submission) = entry {
            if submission.reading.at_ms < known.last_ms {
                return Err(StoreError::BackDated { device });
            }
            known.last_ms = submission.reading.at_ms;
        }
        known.next = until;
        self.fresh.insert(taken_key(device, from), mark(entry));
        batch.insert(&self.tables.taken, taken_key(device, from), mark(entry));
        batch.insert(&self.tables.waiting, self.next.to_be_bytes(), entry.encode());
        batch.insert(&self.tables.devices, device.to_be_bytes(), known.encode());
        if let Some((hash, blob)) = blob {
            batch.insert(&self.tables.blobs, hash.0, blob);
        }
        self.devices.insert(device, known);
        self.next += 1;
        Ok(Accepted::New)
    }

    fn know(
        &mut self,
        batch: &mut OwnedWriteBatch,
        device: u64,
        mut known: KnownDevice,
    ) -> Result<Accepted, StoreError> {
        if let Some(before) = self.known(device)?
            && before.next > known.next
        {
            (known.next, known.last_ms) = (before.next, before.last_ms.max(known.last_ms));
        }
        batch.insert(&self.tables.devices, device.to_be_bytes(), known.encode());
        self.devices.insert(device, known);
        Ok(Accepted::New)
    }
}
