//! Snapshots: the state after a block in chunks, each verified against the state root alone.
//!
//! Whoever hands them out is trusted for nothing: the manifest is proved by the votes for the next block, whose header
//! carries the root, and every chunk proves that it holds all entries of its range of the trie and no other.

use crate::error::StoreError;
use crate::handover;
use crate::head::Head;
use crate::keys;
use crate::store::{FORMAT, INDEXES, Store, open_database, parse};
use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_ledger::{
    Block, BlockEvent, Certificate, Genesis, Handover, Hash, Header, Height, LightClient, Receipt, SnapshotPart,
    StateKey, StateRead, Witness, decode, encode, state_path, system_key,
};
use fjall::PersistMode;
use sha3::{Digest, Sha3_256};
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of keys and values at which a chunk ends; with its proof it stays below 4 MiB.
const CHUNK_BYTES: usize = 2 << 20;
/// Most bytes of a chunk.
const MAX_CHUNK_BYTES: u64 = 4 << 20;
const MANIFEST: &str = "manifest";
/// The format that this program writes and reads: the third, since validators change and finals decide.
const MANIFEST_FORMAT: u8 = 3;

/// What a snapshot is of, and the hashes of its files.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Manifest {
    /// Format of the snapshot.
    pub format: u8,
    /// The document that the chain begins with.
    pub genesis: Genesis,
    /// The block after which the state is taken.
    pub block: Block,
    /// What became of its transactions.
    pub receipts: Vec<Receipt>,
    /// The votes for it.
    pub certificate: Certificate,
    /// The header after it, which carries the roots.
    pub next: Header,
    /// The votes for that header.
    pub next_certificate: Certificate,
    /// R or more finals for it.
    pub approval: Certificate,
    /// What proves who votes in each epoch after the first, up to that of the next header.
    pub handovers: Vec<Handover>,
    /// SHA3-256 of each chunk.
    pub chunks: Vec<Hash>,
    /// Hashes of all code, ascending; each lies in a file of its own.
    pub codes: Vec<Hash>,
}

/// All entries whose paths lie in a range.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
struct Chunk {
    from: [u8; 32],
    /// Exclusive; none for the last.
    to: Option<[u8; 32]>,
    /// In the order of their paths.
    entries: Vec<(StateKey, Vec<u8>)>,
    witness: Witness,
}

fn broken(what: impl Into<String>) -> StoreError {
    StoreError::Snapshot(what.into())
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> StoreError + '_ {
    move |cause| StoreError::File { path: path.to_path_buf(), cause: cause.to_string() }
}

fn sha3(bytes: &[u8]) -> Hash {
    Hash(Sha3_256::digest(bytes).into())
}

/// The place of a part in the folder of a snapshot.
pub fn snapshot_path(folder: &Path, part: SnapshotPart) -> PathBuf {
    match part {
        SnapshotPart::Manifest => folder.join(MANIFEST),
        SnapshotPart::Chunk(index) => chunk_path(folder, index as usize),
        SnapshotPart::Code(hash) => code_path(folder, &hash),
    }
}

/// Puts a part into the folder of a snapshot, whole or not at all.
///
/// # Errors
/// [`StoreError::File`].
pub fn put_snapshot_part(folder: &Path, part: SnapshotPart, bytes: &[u8]) -> Result<(), StoreError> {
    write_file(&snapshot_path(folder, part), bytes)
}

fn chunk_path(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("chunk-{index:06}"))
}

fn code_path(folder: &Path, hash: &Hash) -> PathBuf {
    folder.join(format!("code-{}", hash.to_string().trim_start_matches("0x")))
}

/// Writes a file whole or not at all.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension("part");
    let written = fs::File::create(&temporary).and_then(|mut file| {
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&temporary, path)).map_err(at(path))
}

impl Manifest {
    /// Reads and verifies the manifest in a folder against the hash of the genesis document.
    ///
    /// # Errors
    /// [`StoreError::Snapshot`] for the first thing that does not hold.
    pub fn read(folder: &Path, genesis: &Hash) -> Result<Self, StoreError> {
        let path = folder.join(MANIFEST);
        Self::parse(&fs::read(&path).map_err(at(&path))?, genesis)
    }

    /// Reads and verifies a manifest against the hash of the genesis document.
    ///
    /// # Errors
    /// [`StoreError::Snapshot`] for the first thing that does not hold.
    pub fn parse(bytes: &[u8], genesis: &Hash) -> Result<Self, StoreError> {
        if let Some(&format) = bytes.first()
            && format != MANIFEST_FORMAT
        {
            return Err(broken(format!("it has format {format}, this program reads format {MANIFEST_FORMAT}")));
        }
        let manifest: Self = decode("manifest", bytes).map_err(|error| broken(error.to_string()))?;
        manifest.verify(genesis)?;
        Ok(manifest)
    }

    fn verify(&self, genesis: &Hash) -> Result<(), StoreError> {
        let header = &self.block.header;
        let mut light = LightClient::new(&self.genesis);
        let mut before = light.verifier();
        for handover in &self.handovers {
            before = light.verifier();
            light.hand_over(handover).map_err(|error| broken(error.to_string()))?;
        }
        let verifier = light.verifier();
        let finals = light.take(&self.next, &self.approval, 0);
        // The block may be the last of the epoch before.
        let votes = |certificate: &Certificate, header: &Header| {
            [&verifier, &before].iter().any(|verifier| verifier.header(header, certificate).is_ok())
        };
        let rules = [
            (self.format == MANIFEST_FORMAT, "it has another format"),
            (self.genesis.hash() == *genesis, "it is of another chain"),
            (header.chain == self.genesis.chain && self.next.chain == self.genesis.chain, "it is of another chain"),
            (
                self.next.parent == self.block.hash() && self.next.height.0 == header.height.0 + 1,
                "the headers do not follow",
            ),
            (self.block.is_whole(), "other transactions"),
            (self.next.parent_receipts_root == Receipt::root(&self.receipts), "other receipts"),
            (self.next.parent_events_root == BlockEvent::root(&self.receipts), "other events"),
            (votes(&self.certificate, header) && votes(&self.next_certificate, &self.next), "the votes do not hold"),
            (finals.is_ok(), "the finals do not hold"),
            (self.codes.is_sorted_by(|one, two| one < two), "the code is not in order"),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, broken_rule)) => Err(broken(*broken_rule)),
            None => Ok(()),
        }
    }

    /// All parts that belong to it, besides itself.
    pub fn parts(&self) -> Vec<SnapshotPart> {
        let chunks = (0..self.chunks.len() as u32).map(SnapshotPart::Chunk);
        chunks.chain(self.codes.iter().copied().map(SnapshotPart::Code)).collect()
    }

    /// Whether these are the bytes of one of its parts.
    pub fn names(&self, part: SnapshotPart, bytes: &[u8]) -> bool {
        match part {
            SnapshotPart::Manifest => encode(self) == bytes,
            SnapshotPart::Chunk(index) => self.chunks.get(index as usize) == Some(&sha3(bytes)),
            SnapshotPart::Code(hash) => self.codes.contains(&hash) && sha3(bytes) == hash,
        }
    }

    /// The root that all chunks lead to.
    pub fn state_root(&self) -> Hash {
        self.next.parent_state_root
    }

    fn head(&self) -> Head {
        Head {
            height: self.block.header.height,
            hash: self.block.hash(),
            state_root: self.next.parent_state_root,
            receipts_root: self.next.parent_receipts_root,
            events_root: self.next.parent_events_root,
            time_ms: self.block.header.time_ms,
        }
    }
}

impl Store {
    /// The newest block after which a snapshot can be taken: the next one has finals.
    ///
    /// # Errors
    /// [`StoreError`] when the disk fails.
    pub fn snapshot_height(&self) -> Result<Option<Height>, StoreError> {
        /// Blocks that are looked at: one set of finals approves several.
        const BACK: usize = 256;
        for height in (2..=self.head().height.0).rev().take(BACK) {
            if self.approval(Height(height))?.is_some() {
                return Ok(Some(Height(height - 1)));
            }
        }
        Ok(None)
    }

    /// Writes a snapshot of the state after a block into a new folder. Commits may go on meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] when the height has no successor yet or is pruned, or the disk fails.
    pub fn export_snapshot(
        &self,
        height: Height,
        folder: &Path,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Manifest, StoreError> {
        let following = Height(height.0 + 1);
        let head = self.head().height;
        let (Some(next), Some(next_certificate)) = (self.block(following)?, self.certificate(following)?) else {
            return Err(StoreError::AboveHead { height: following, head });
        };
        let approval = self.approval(following)?;
        let approval = approval.ok_or_else(|| broken(format!("no finals for block {following} are recorded")))?;
        // Those of epochs that ended up to the next header.
        let handovers = self.handovers()?.into_iter().filter(|handover| handover.header.height <= height).collect();
        let missing = || StoreError::Corrupt(format!("block {height} is missing"));
        let block = self.block(height)?.ok_or_else(missing)?;
        let certificate = self.certificate(height)?.ok_or_else(missing)?;
        let receipts = self.receipts(height)?.ok_or_else(missing)?;
        fs::create_dir_all(folder).map_err(at(folder))?;
        let (state, trie) = (self.state_at(height)?, self.trie_at(height)?);
        let mut keys = keys_by_path(&*state)?;
        keys.sort_unstable();
        let total = keys.len() as u64;
        let (mut chunks, mut from, mut done) = (Vec::new(), [0; 32], 0u64);
        let mut rest = keys.into_iter().peekable();
        while done < total || chunks.is_empty() {
            let (mut entries, mut size) = (Vec::new(), 0);
            while size < CHUNK_BYTES
                && let Some((_, key)) = rest.next()
            {
                let value = state.get(&key).map_err(|fault| StoreError::Store(fault.0))?;
                let value = value.ok_or_else(|| StoreError::Corrupt("an entry is gone".into()))?;
                size += key.len() + value.len() + 110;
                entries.push((key, value));
            }
            done += entries.len() as u64;
            let to = rest.peek().map(|(path, _)| *path);
            let witness = Witness::of_range(&trie, &from, to.as_ref());
            let bytes = encode(&Chunk { from, to, entries, witness });
            write_file(&chunk_path(folder, chunks.len()), &bytes)?;
            chunks.push(sha3(&bytes));
            from = to.unwrap_or([u8::MAX; 32]);
            progress(done, total);
        }
        let mut codes = Vec::new();
        for guard in self.tables.codes.iter() {
            let (hash, code) = guard.into_inner()?;
            let hash = Hash(hash.as_ref().try_into().map_err(|_| StoreError::Corrupt("a code's hash".into()))?);
            // Code that came later is not part of this state.
            if state.get(&system_key("code", &[&hash.0])).map_err(|fault| StoreError::Store(fault.0))?.is_some() {
                write_file(&code_path(folder, &hash), &code)?;
                codes.push(hash);
            }
        }
        codes.sort_unstable();
        let genesis = self.genesis().clone();
        let next = next.header;
        let manifest = Manifest {
            format: MANIFEST_FORMAT,
            genesis,
            block,
            receipts,
            certificate,
            next,
            next_certificate,
            approval,
            handovers,
            chunks,
            codes,
        };
        write_file(&folder.join(MANIFEST), &encode(&manifest))?;
        Ok(manifest)
    }

    /// Makes a ledger from a snapshot. What was imported before an interruption is kept; the ledger takes its name when
    /// it is whole.
    ///
    /// # Errors
    /// [`StoreError::Snapshot`] at the first chunk or code that is not what the manifest and the root say.
    pub fn import_snapshot(
        folder: &Path,
        target: &Path,
        genesis: &Hash,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, StoreError> {
        let manifest = Manifest::read(folder, genesis)?;
        if target.exists() {
            return Err(StoreError::Exists(target.to_path_buf()));
        }
        let partial = target.with_extension("importing");
        let (database, tables) = open_database(&partial)?;
        let identity = sha3(&encode(&manifest));
        let mark = |index: usize| [b"import/", &(index as u64).to_be_bytes()[..], &identity.0].concat();
        let total = (manifest.chunks.len() + manifest.codes.len()) as u64;
        let mut expected = [0; 32];
        for (index, hash) in manifest.chunks.iter().enumerate() {
            let chunk = read_chunk(folder, index, hash)?;
            if chunk.from != expected || (index + 1 == manifest.chunks.len()) != chunk.to.is_none() {
                return Err(broken(format!("chunk {index} does not follow the one before")));
            }
            expected = chunk.to.unwrap_or_default();
            if tables.meta.get(mark(index))?.is_none() {
                verify_chunk(&chunk, &manifest.state_root())
                    .map_err(|what| broken(format!("chunk {index}: {what}")))?;
                let mut batch = database.batch().durability(Some(PersistMode::SyncAll));
                for (key, value) in &chunk.entries {
                    batch.insert(&tables.state, key.as_slice(), value.as_slice());
                }
                batch.insert(&tables.meta, mark(index), []);
                batch.commit()?;
            }
            progress(index as u64 + 1, total);
        }
        let mut batch = database.batch().durability(Some(PersistMode::SyncAll));
        for (index, hash) in manifest.codes.iter().enumerate() {
            let path = code_path(folder, hash);
            let code = fs::read(&path).map_err(at(&path))?;
            if sha3(&code) != *hash || tables.state.get(system_key("code", &[&hash.0]))?.is_none() {
                return Err(broken(format!("code {hash} is not what the state names")));
            }
            batch.insert(&tables.codes, hash.0, code);
            progress((manifest.chunks.len() + index) as u64 + 1, total);
        }
        for guard in tables.state.prefix(system_key("code", &[])) {
            let key = guard.key()?;
            let named = key[key.len() - 32..].try_into().map(Hash);
            if !named.is_ok_and(|hash| manifest.codes.binary_search(&hash).is_ok()) {
                return Err(broken("it lacks code that the state names"));
            }
        }
        let (head, block) = (manifest.head(), &manifest.block);
        let height = keys::height(head.height);
        batch.insert(&tables.blocks, height, encode(block));
        batch.insert(&tables.receipts, height, encode(&manifest.receipts));
        batch.insert(&tables.certificates, height, encode(&manifest.certificate));
        batch.insert(&tables.roots, height, encode(&head));
        batch.insert(&tables.meta, keys::FORMAT, FORMAT.to_le_bytes());
        batch.insert(&tables.meta, keys::GENESIS, encode(&manifest.genesis));
        batch.insert(&tables.meta, keys::HEAD, encode(&head));
        batch.insert(&tables.meta, keys::FLOOR, head.height.0.to_le_bytes());
        // Any other number makes the indexes be made when it is opened.
        batch.insert(&tables.meta, keys::INDEXES, (INDEXES - 1).to_le_bytes());
        manifest.handovers.iter().for_each(|kept| handover::keep(&mut batch, &tables.meta, kept));
        (0..manifest.chunks.len()).for_each(|index| batch.remove(&tables.meta, mark(index)));
        batch.commit()?;
        drop((database, tables));
        // Opening compares the root of all entries with the one that was certified.
        drop(Self::open(&partial)?);
        crate::store::name(&partial, target).map_err(at(target))?;
        Self::open(target)
    }
}

fn keys_by_path(state: &dyn StateRead) -> Result<Vec<([u8; 32], StateKey)>, StoreError> {
    let (mut found, mut start, end) = (Vec::new(), Vec::new(), vec![u8::MAX; 4_096]);
    while let Some((key, _)) = state.next(&start, &end, false).map_err(|fault| StoreError::Store(fault.0))? {
        start.clone_from(&key);
        start.push(0);
        found.push((state_path(&key), key));
    }
    Ok(found)
}

fn read_chunk(folder: &Path, index: usize, hash: &Hash) -> Result<Chunk, StoreError> {
    let path = chunk_path(folder, index);
    let length = fs::metadata(&path).map_err(at(&path))?.len();
    if length > MAX_CHUNK_BYTES {
        return Err(broken(format!("chunk {index} has {length} bytes, more than 4 MiB")));
    }
    let bytes = fs::read(&path).map_err(at(&path))?;
    if sha3(&bytes) != *hash {
        return Err(broken(format!("chunk {index} is not the one that the manifest names")));
    }
    parse("chunk", &bytes).map_err(|error| broken(format!("chunk {index}: {error}")))
}

/// Checks that a chunk holds all entries of its range and no other, against the state root alone.
fn verify_chunk(chunk: &Chunk, root: &Hash) -> Result<(), String> {
    if chunk.witness.root() != *root {
        return Err("its proof is of another state".into());
    }
    let leaves = chunk.witness.leaves_in(&chunk.from, chunk.to.as_ref()).map_err(|error| error.to_string())?;
    let entries = chunk.entries.iter().map(|(key, value)| (state_path(key), sha3(value).0));
    if leaves.into_iter().eq(entries) { Ok(()) } else { Err("its entries are not those of its range".into()) }
}
