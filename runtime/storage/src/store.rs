//! The store: opening, committing, reading.

use crate::error::StoreError;
use crate::head::Head;
use crate::keys;
use crate::read::Snapshot;
use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_ledger::{
    Address, Block, Certificate, CodeRead, Genesis, Hash, Height, Receipt, StateProof, StateRead, StateTrie, WriteSet,
    decode, encode,
};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The format that this program writes.
const FORMAT: u32 = 1;

/// What a block brings.
#[derive(Clone, Debug)]
pub struct Commit<'a> {
    /// The block.
    pub block: &'a Block,
    /// What became of its transactions.
    pub receipts: &'a [Receipt],
    /// What it changed.
    pub writes: &'a WriteSet,
    /// Code that it uploaded, by hash.
    pub codes: &'a BTreeMap<Hash, Vec<u8>>,
    /// The votes that certify it.
    pub certificate: Option<&'a Certificate>,
}

/// Where an event stands: height, index of the transaction, index in its receipt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EventPosition {
    /// Height of the block.
    pub height: Height,
    /// Index of the transaction in the block.
    pub transaction: u32,
    /// Index of the event in the receipt.
    pub event: u32,
}

/// A value with a proof against a head's state root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proved {
    /// The value, if there is one.
    pub value: Option<Vec<u8>>,
    /// Why it is this value.
    pub proof: StateProof,
    /// Against the state root of this head.
    pub head: Head,
}

pub(crate) struct Tables {
    meta: Keyspace,
    pub state: Keyspace,
    blocks: Keyspace,
    hashes: Keyspace,
    receipts: Keyspace,
    roots: Keyspace,
    writes: Keyspace,
    pub codes: Keyspace,
    transactions: Keyspace,
    events: Keyspace,
    certificates: Keyspace,
    approvals: Keyspace,
}

struct Newest {
    head: Head,
    trie: StateTrie,
}

/// A ledger on disk. One process has it open at a time.
pub struct Store {
    database: Database,
    pub(crate) tables: Tables,
    genesis: Genesis,
    newest: Mutex<Newest>,
}

impl Store {
    /// Makes a ledger in an empty folder.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one already; others when the disk fails.
    pub fn create(folder: &Path, genesis: &Genesis, writes: &WriteSet) -> Result<Self, StoreError> {
        let (database, tables) = open_database(folder)?;
        if tables.meta.get(keys::HEAD)?.is_some() {
            return Err(StoreError::Exists(folder.to_path_buf()));
        }
        let mut trie = StateTrie::default();
        let staged = trie.stage(writes);
        let head = Head {
            height: Height(0),
            hash: genesis.hash(),
            state_root: staged.root(),
            receipts_root: Receipt::root(&[]),
            time_ms: genesis.time_ms,
        };
        trie.apply(staged);
        let mut batch = database.batch().durability(Some(PersistMode::SyncAll));
        for (key, write) in writes {
            if let Some(value) = &write.new {
                batch.insert(&tables.state, key.as_slice(), value.as_slice());
            }
        }
        batch.insert(&tables.meta, keys::FORMAT, FORMAT.to_le_bytes());
        batch.insert(&tables.meta, keys::GENESIS, encode(genesis));
        batch.insert(&tables.meta, keys::HEAD, encode(&head));
        batch.insert(&tables.roots, keys::height(Height(0)), encode(&head));
        batch.commit()?;
        Ok(Self { database, tables, genesis: genesis.clone(), newest: Mutex::new(Newest { head, trie }) })
    }

    /// Opens a ledger, rebuilds the trie and compares its root with the last block's.
    ///
    /// # Errors
    /// [`StoreError`] when there is none, another process has it, it is of another format, or it is damaged.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        if !folder.is_dir() {
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
        let mut entries = Vec::new();
        for guard in tables.state.iter() {
            entries.push(guard.into_inner()?);
        }
        let trie = StateTrie::from_entries(entries);
        if trie.root() != head.state_root {
            let message = format!("the state has root {}, block {} says {}", trie.root(), head.height, head.state_root);
            return Err(StoreError::Corrupt(message));
        }
        Ok(Self { database, tables, genesis, newest: Mutex::new(Newest { head, trie }) })
    }

    /// What the chain began with.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The newest block.
    pub fn head(&self) -> Head {
        self.newest().head
    }

    fn newest(&self) -> std::sync::MutexGuard<'_, Newest> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state after the newest block, unchanged by later commits.
    pub fn state(&self) -> Arc<dyn StateRead> {
        Arc::new(Snapshot::new(self.database.snapshot(), self.tables.state.clone()))
    }

    /// Code by hash.
    pub fn codes(&self) -> Arc<dyn CodeRead> {
        Arc::new(Snapshot::new(self.database.snapshot(), self.tables.codes.clone()))
    }

    /// The state root that changes would lead to.
    pub fn root_after(&self, writes: &WriteSet) -> Hash {
        self.newest().trie.stage(writes).root()
    }

    /// Writes a block with everything it brings in one batch and waits for the disk.
    ///
    /// # Errors
    /// [`StoreError::NotNext`] when it does not follow the head; [`StoreError::Store`] when the disk fails, after which
    /// the store must not be used.
    pub fn commit(&self, commit: &Commit<'_>) -> Result<Head, StoreError> {
        let Commit { block, receipts, writes, codes, certificate } = commit;
        let header = &block.header;
        let mut newest = self.newest();
        let head = newest.head;
        if header.height.0 != head.height.0 + 1 || header.parent != head.hash {
            return Err(StoreError::NotNext { height: header.height, head: head.height, hash: head.hash });
        }
        let staged = newest.trie.stage(*writes);
        let next = Head {
            height: header.height,
            hash: block.hash(),
            state_root: staged.root(),
            receipts_root: Receipt::root(receipts),
            time_ms: header.time_ms,
        };
        let tables = &self.tables;
        let height = keys::height(header.height);
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        for (key, write) in *writes {
            match &write.new {
                Some(value) => batch.insert(&tables.state, key.as_slice(), value.as_slice()),
                None => batch.remove(&tables.state, key.as_slice()),
            }
        }
        codes.iter().for_each(|(hash, code)| batch.insert(&tables.codes, hash.0, code.as_slice()));
        for (index, (transaction, receipt)) in block.transactions.iter().zip(*receipts).enumerate() {
            // A transaction that was rejected can stand in several blocks; the one that ran is the one to find.
            let hash = transaction.hash();
            let rejected = matches!(receipt.outcome, counterpart_ledger::Outcome::Rejected(_));
            if !rejected || tables.transactions.get(hash.0)?.is_none() {
                batch.insert(&tables.transactions, hash.0, encode(&(header.height, index as u32)));
            }
            for (number, event) in receipt.events.iter().enumerate() {
                let key = keys::event(&event.contract, header.height, index as u32, number as u32);
                batch.insert(&tables.events, key, []);
            }
        }
        batch.insert(&tables.blocks, height, encode(*block));
        batch.insert(&tables.hashes, next.hash.0, height);
        batch.insert(&tables.receipts, height, encode(&receipts.to_vec()));
        batch.insert(&tables.writes, height, encode(*writes));
        batch.insert(&tables.roots, height, encode(&next));
        if let Some(certificate) = certificate {
            batch.insert(&tables.certificates, height, encode(*certificate));
        }
        batch.insert(&tables.meta, keys::HEAD, encode(&next));
        batch.commit()?;
        newest.trie.apply(staged);
        newest.head = next;
        Ok(next)
    }

    /// A block.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails or holds something else.
    pub fn block(&self, height: Height) -> Result<Option<Block>, StoreError> {
        read(&self.tables.blocks, "block", &keys::height(height))
    }

    /// The height of the block with a hash.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn height_of(&self, block: &Hash) -> Result<Option<Height>, StoreError> {
        let Some(bytes) = self.tables.hashes.get(block.0)? else { return Ok(None) };
        let bytes: [u8; 8] = bytes.as_ref().try_into().map_err(|_| corrupt("height"))?;
        Ok(Some(Height(u64::from_be_bytes(bytes))))
    }

    /// What became of a block's transactions.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, StoreError> {
        read(&self.tables.receipts, "receipts", &keys::height(height))
    }

    /// What was known after a block.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn head_at(&self, height: Height) -> Result<Option<Head>, StoreError> {
        read(&self.tables.roots, "roots", &keys::height(height))
    }

    /// What a block changed.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn writes(&self, height: Height) -> Result<Option<WriteSet>, StoreError> {
        read(&self.tables.writes, "write set", &keys::height(height))
    }

    /// Where a transaction stands: height and index.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn locate(&self, transaction: &Hash) -> Result<Option<(Height, u32)>, StoreError> {
        read(&self.tables.transactions, "position", &transaction.0)
    }

    /// The votes that certify a block.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn certificate(&self, height: Height) -> Result<Option<Certificate>, StoreError> {
        read(&self.tables.certificates, "certificate", &keys::height(height))
    }

    /// The finals that are known for a block.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn approval(&self, height: Height) -> Result<Option<Certificate>, StoreError> {
        read(&self.tables.approvals, "approval", &keys::height(height))
    }

    /// Keeps the finals for a block; durable with the next block at the latest.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn put_approval(&self, height: Height, approval: &Certificate) -> Result<(), StoreError> {
        Ok(self.tables.approvals.insert(keys::height(height), encode(approval))?)
    }

    /// A value of the newest state with its proof.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn prove(&self, key: &[u8]) -> Result<Proved, StoreError> {
        let newest = self.newest();
        let value = self.tables.state.get(key)?.map(|value| value.to_vec());
        Ok(Proved { value, proof: newest.trie.prove(key), head: newest.head })
    }

    /// Events of a contract after a position, at most so many.
    ///
    /// # Errors
    /// As [`Store::block`].
    pub fn events_of(
        &self,
        contract: &Address,
        after: Option<EventPosition>,
        limit: usize,
    ) -> Result<Vec<EventPosition>, StoreError> {
        let start = match after {
            Some(at) => {
                let mut key = keys::event(contract, at.height, at.transaction, at.event);
                key.push(0);
                key
            }
            None => contract.0.to_vec(),
        };
        let end = keys::event(contract, Height(u64::MAX), u32::MAX, u32::MAX);
        let mut found = Vec::new();
        for guard in self.tables.events.range(start..=end).take(limit) {
            let key = guard.key()?;
            let numbers: [u8; 16] = key[32..].try_into().map_err(|_| corrupt("an event's key"))?;
            let number =
                |at: usize| u32::from_be_bytes([numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]]);
            let height = Height(u64::from(number(0)) << 32 | u64::from(number(4)));
            found.push(EventPosition { height, transaction: number(8), event: number(12) });
        }
        Ok(found)
    }
}

fn open_database(folder: &Path) -> Result<(Database, Tables), StoreError> {
    let database = match Database::builder(folder).open() {
        Ok(database) => database,
        Err(fjall::Error::Locked) => return Err(StoreError::Locked(folder.to_path_buf())),
        Err(error) => return Err(error.into()),
    };
    let table = |name: &str| database.keyspace(name, KeyspaceCreateOptions::default);
    let tables = Tables {
        meta: table(keys::META)?,
        state: table(keys::STATE)?,
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
    };
    Ok((database, tables))
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}

fn parse<T: BorshSerialize + BorshDeserialize>(name: &'static str, bytes: &[u8]) -> Result<T, StoreError> {
    decode(name, bytes).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn read<T: BorshSerialize + BorshDeserialize>(
    table: &Keyspace,
    name: &'static str,
    key: &[u8],
) -> Result<Option<T>, StoreError> {
    table.get(key)?.map(|bytes| parse(name, &bytes)).transpose()
}
