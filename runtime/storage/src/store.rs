//! The store: making, opening, and what it holds of the newest block.

use crate::error::StoreError;
use crate::head::Head;
use crate::keys;
use crate::layout;
use crate::read::Snapshot;
use crate::watermark::Watermark;
use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_ledger::{
    BlockEvent, CodeRead, Genesis, Hash, Height, Receipt, StateRead, StateTrie, WriteSet, decode, encode,
};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// The format that this program writes.
pub(crate) const FORMAT: u32 = 2;
/// The format of the indexes.
pub(crate) const INDEXES: u32 = 1;

pub(crate) struct Tables {
    pub meta: Keyspace,
    pub state: Keyspace,
    pub blocks: Keyspace,
    pub hashes: Keyspace,
    pub receipts: Keyspace,
    pub roots: Keyspace,
    pub writes: Keyspace,
    pub codes: Keyspace,
    pub transactions: Keyspace,
    pub events: Keyspace,
    pub certificates: Keyspace,
    pub approvals: Keyspace,
    pub topics: Keyspace,
}

/// What the newest block left, all of one moment.
pub(crate) struct Newest {
    pub head: Head,
    pub trie: StateTrie,
    pub snapshot: fjall::Snapshot,
}

/// A ledger on disk. One process has it open at a time.
pub struct Store {
    pub(crate) database: Database,
    pub(crate) tables: Tables,
    genesis: Genesis,
    newest: RwLock<Newest>,
    /// One commit at a time; readers do not wait for it.
    pub(crate) commits: Mutex<Watermark>,
    /// Set when a commit failed: nothing is tried again on a disk that has lied once.
    pub(crate) failed: AtomicBool,
    /// Whether commits wait for the disk.
    pub(crate) waits: AtomicBool,
}

impl Store {
    /// Makes a ledger; the folder takes its name when the ledger in it is whole.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the folder is there already; others when the disk fails.
    pub fn create(folder: &Path, genesis: &Genesis, writes: &WriteSet) -> Result<Self, StoreError> {
        if folder.exists() {
            return Err(StoreError::Exists(folder.to_path_buf()));
        }
        let file = |cause: std::io::Error| StoreError::File { path: folder.to_path_buf(), cause: cause.to_string() };
        let partial = folder.with_extension("new");
        if partial.exists() {
            std::fs::remove_dir_all(&partial).map_err(file)?;
        }
        let (database, tables) = open_database(&partial)?;
        let staged = StateTrie::default().stage(writes);
        let head = Head {
            height: Height(0),
            hash: genesis.hash(),
            state_root: staged.root(),
            receipts_root: Receipt::root(&[]),
            events_root: BlockEvent::root(&[]),
            time_ms: genesis.time_ms,
        };
        // Straight into sorted tables, past the journal: without its name the folder is no ledger yet.
        let mut state = tables.state.start_ingestion()?;
        for (key, write) in writes {
            if let Some(value) = &write.new {
                state.write(key.as_slice(), value.as_slice())?;
            }
        }
        state.finish()?;
        let mut batch = database.batch().durability(Some(PersistMode::SyncAll));
        batch.insert(&tables.meta, keys::FORMAT, FORMAT.to_le_bytes());
        batch.insert(&tables.meta, keys::GENESIS, encode(genesis));
        batch.insert(&tables.meta, keys::HEAD, encode(&head));
        batch.insert(&tables.meta, keys::INDEXES, INDEXES.to_le_bytes());
        batch.insert(&tables.roots, keys::height(Height(0)), encode(&head));
        batch.commit()?;
        drop((database, tables));
        name(&partial, folder).map_err(file)?;
        Self::open(folder)
    }

    /// Opens a ledger, rebuilds the trie and compares its root with the last block's.
    ///
    /// # Errors
    /// [`StoreError`] when there is none, another process has it, it is of another format, or it is damaged.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let store = Self::open_unverified(folder)?;
        let (head, root) = (store.head(), store.newest().trie.root());
        if root != head.state_root {
            let message = format!("the state has root {root}, block {} says {}", head.height, head.state_root);
            return Err(StoreError::Corrupt(message));
        }
        Ok(store)
    }

    /// As [`Store::open`], for auditors: the state's root may be another than the last block's, which a replay explains.
    ///
    /// # Errors
    /// As [`Store::open`], a wrong root left out.
    pub fn open_unverified(folder: &Path) -> Result<Self, StoreError> {
        // The library would make a database in any folder that it is given.
        if !layout::is_database(folder) {
            return Err(StoreError::Missing(folder.to_path_buf()));
        }
        let (database, tables) = open_database(folder)?;
        let Some(format) = tables.meta.get(keys::FORMAT)? else {
            return Err(StoreError::Missing(folder.to_path_buf()));
        };
        let found = u32::from_le_bytes(format.as_ref().try_into().map_err(|_| corrupt("format"))?);
        if found != FORMAT {
            return Err(StoreError::Format { found, expected: FORMAT });
        }
        let read = |key: &[u8]| tables.meta.get(key)?.ok_or_else(|| corrupt("a record of the ledger is missing"));
        let genesis: Genesis = parse("genesis", &read(keys::GENESIS)?)?;
        let head: Head = parse("head", &read(keys::HEAD)?)?;
        let trie = StateTrie::try_from_entries(tables.state.iter().map(|guard| guard.into_inner()))?;
        let indexes = tables.meta.get(keys::INDEXES)?;
        let watermark = Watermark::open(folder, &head)?;
        let store = Self::assemble(database, tables, genesis, (head, trie), watermark);
        if indexes.as_deref() != Some(&INDEXES.to_le_bytes()[..]) {
            store.rebuild_indexes()?;
        }
        Ok(store)
    }

    fn assemble(
        database: Database,
        tables: Tables,
        genesis: Genesis,
        (head, trie): (Head, StateTrie),
        watermark: Watermark,
    ) -> Self {
        let snapshot = database.snapshot();
        let newest = RwLock::new(Newest { head, trie, snapshot });
        let (failed, waits) = (AtomicBool::new(false), AtomicBool::new(true));
        Self { database, tables, genesis, newest, commits: Mutex::new(watermark), failed, waits }
    }

    /// Writes every table out of the journal, so that the next opening has little of it to read. For an orderly stop: it
    /// waits for 10 s at most, and nothing is lost where that is not enough.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn settle(&self) -> Result<(), StoreError> {
        let _one = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        settle(&self.database, &self.tables)
    }

    /// Bytes of memory that the trie takes.
    pub fn trie_bytes(&self) -> usize {
        self.newest().trie.memory()
    }

    /// What the chain began with.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The newest block.
    pub fn head(&self) -> Head {
        self.newest().head
    }

    pub(crate) fn newest(&self) -> RwLockReadGuard<'_, Newest> {
        self.newest.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn newest_mut(&self) -> RwLockWriteGuard<'_, Newest> {
        self.newest.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state after the newest block, unchanged by later commits.
    pub fn state(&self) -> Arc<dyn StateRead> {
        Arc::new(Snapshot::new(self.newest().snapshot.clone(), self.tables.state.clone()))
    }

    /// Code by hash.
    pub fn codes(&self) -> Arc<dyn CodeRead> {
        Arc::new(Snapshot::new(self.database.snapshot(), self.tables.codes.clone()))
    }

    /// The state root that changes would lead to.
    pub fn root_after(&self, writes: &WriteSet) -> Hash {
        self.newest().trie.stage(writes).root()
    }
}

fn settle(database: &Database, tables: &Tables) -> Result<(), StoreError> {
    const POLL: Duration = Duration::from_millis(5);
    const POLLS: u32 = 2_000;
    for (_, table) in tables.all() {
        table.rotate_memtable()?;
    }
    let mut polls = 0;
    while database.outstanding_flushes() > 0 && polls < POLLS {
        std::thread::sleep(POLL);
        polls += 1;
    }
    Ok(())
}

/// Gives a folder that is whole its name, durably.
pub(crate) fn name(partial: &Path, folder: &Path) -> std::io::Result<()> {
    std::fs::rename(partial, folder)?;
    match folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => std::fs::File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

pub(crate) fn open_database(folder: &Path) -> Result<(Database, Tables), StoreError> {
    let database = match layout::database(folder).open() {
        Ok(database) => database,
        Err(fjall::Error::Locked) => return Err(StoreError::Locked(folder.to_path_buf())),
        Err(error) => return Err(error.into()),
    };
    let table = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default);
    let tables = Tables {
        meta: table(keys::META)?,
        state: database.keyspace(keys::STATE, layout::point_reads)?,
        blocks: table(keys::BLOCKS)?,
        hashes: table(keys::HASHES)?,
        receipts: table(keys::RECEIPTS)?,
        roots: table(keys::ROOTS)?,
        writes: table(keys::WRITES)?,
        codes: table(keys::CODES)?,
        transactions: table(keys::TRANSACTIONS)?,
        events: table(keys::EVENTS)?,
        certificates: table(keys::CERTIFICATES)?,
        approvals: table(keys::APPROVALS)?,
        topics: table(keys::TOPICS)?,
    };
    Ok((database, tables))
}

impl Tables {
    /// All of them with their names.
    pub fn all(&self) -> [(&'static str, &Keyspace); 13] {
        [
            (keys::META, &self.meta),
            (keys::STATE, &self.state),
            (keys::BLOCKS, &self.blocks),
            (keys::HASHES, &self.hashes),
            (keys::RECEIPTS, &self.receipts),
            (keys::ROOTS, &self.roots),
            (keys::WRITES, &self.writes),
            (keys::CODES, &self.codes),
            (keys::TRANSACTIONS, &self.transactions),
            (keys::EVENTS, &self.events),
            (keys::TOPICS, &self.topics),
            (keys::CERTIFICATES, &self.certificates),
            (keys::APPROVALS, &self.approvals),
        ]
    }
}

pub(crate) fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}

pub(crate) fn parse<T: BorshSerialize + BorshDeserialize>(name: &'static str, bytes: &[u8]) -> Result<T, StoreError> {
    decode(name, bytes).map_err(|error| StoreError::Corrupt(error.to_string()))
}

pub(crate) fn read<T: BorshSerialize + BorshDeserialize>(
    table: &Keyspace,
    name: &'static str,
    key: &[u8],
) -> Result<Option<T>, StoreError> {
    table.get(key)?.map(|bytes| parse(name, &bytes)).transpose()
}
