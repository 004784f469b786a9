//! What a replica signed, on disk before the signature leaves.

use crate::files::{self, CHECK};
use counterpart_consensus::Record;
use counterpart_ledger::{Phase, PublicKey, decode, encode};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What a file begins with, before a checksum of it.
const MAGIC: &[u8; 8] = b"signed/1";
/// Most records that one write has.
const MOST_AT_ONCE: usize = 16;
/// Records after which the file is written anew without those that matter no more.
const LONG: usize = 16_384;

/// An append-only file of records.
///
/// It begins with [`MAGIC`], and every checksum is of the replica's key too: a journal of another replica is damage.
#[derive(Debug)]
pub struct Journal {
    owner: PublicKey,
    file: File,
    path: PathBuf,
    records: Vec<Record>,
    /// Records at which it is written anew: a floor that does not rise must not make every write a long one.
    long: usize,
}

impl Journal {
    /// Makes a journal with its first records. A file that is there already is replaced.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path, owner: PublicKey, records: Vec<Record>) -> io::Result<Self> {
        let file = rewrite(path, &owner, &records)?;
        Ok(Self { owner, file, path: path.to_path_buf(), long: LONG.max(2 * records.len()), records })
    }

    /// Opens the journal of a replica; answers the records in it, oldest first. What was torn at its end is cut off.
    ///
    /// # Errors
    /// As [`Journal::read`], and when the file cannot be written.
    pub fn open(path: &Path, owner: PublicKey) -> io::Result<(Self, Vec<Record>)> {
        let records = Self::read(path, owner)?;
        Ok((Self::create(path, owner, records.clone())?, records))
    }

    /// The records in the journal of a replica, oldest first.
    ///
    /// A torn record at the end, which was never acknowledged, is left out. Damage before the end is an error: a replica
    /// that does not know what it signed must not sign.
    ///
    /// # Errors
    /// When the file cannot be read; of kind [`io::ErrorKind::InvalidData`] when it is damaged or of another replica.
    pub fn read(path: &Path, owner: PublicKey) -> io::Result<Vec<Record>> {
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        let damaged = |what: &str| {
            let message = format!("{}: {what} is damaged, or of another replica", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        // It is written in one step with the file.
        let bytes = bytes.strip_prefix(&beginning(&owner)[..]).ok_or_else(|| damaged("its beginning"))?;
        let mut records = Vec::new();
        let size = frame(&owner, &Record { epoch: 0, view: 0, phase: Phase::Vote, block: Default::default() }).len();
        let whole = bytes.len() / size * size;
        for (index, chunk) in bytes[..whole].chunks(size).enumerate() {
            let Some(record) = parse(&owner, chunk) else {
                // The last write can be torn within: the disk writes pages, not records. What follows it is not whole either.
                let rest = || bytes[index * size..whole].chunks(size);
                if rest().len() <= MOST_AT_ONCE && rest().all(|chunk| parse(&owner, chunk).is_none()) {
                    break;
                }
                return Err(damaged(&format!("record {index}")));
            };
            records.push(record);
        }
        Ok(records)
    }

    /// Writes records in one piece and, if asked to, waits for the disk. Records of views below `floor` (epoch and view), where
    /// nothing is signed any more, are left behind once the file is long.
    ///
    /// # Errors
    /// When the disk fails; the replica must stop then.
    pub fn append(&mut self, records: &[Record], sync: bool, floor: (u64, u64)) -> io::Result<()> {
        for part in records.chunks(MOST_AT_ONCE) {
            let bytes: Vec<u8> = part.iter().flat_map(|record| frame(&self.owner, record)).collect();
            self.file.write_all(&bytes)?;
            if sync {
                self.file.sync_data()?;
            }
        }
        self.records.extend_from_slice(records);
        if self.records.len() >= self.long {
            let kept = |record: &Record| (record.epoch, record.view) >= floor;
            let records = self.records.iter().copied().filter(kept).collect();
            *self = Self::create(&self.path, self.owner, records)?;
        }
        Ok(())
    }
}

/// Writes a file with these records in the place of the old one, in one step.
fn rewrite(path: &Path, owner: &PublicKey, records: &[Record]) -> io::Result<File> {
    let mut bytes = beginning(owner);
    bytes.extend(records.iter().flat_map(|record| frame(owner, record)));
    files::replace(path, &bytes)
}

/// What the file of a replica begins with.
fn beginning(owner: &PublicKey) -> Vec<u8> {
    [&MAGIC[..], &check(owner, MAGIC)].concat()
}

fn check(owner: &PublicKey, bytes: &[u8]) -> [u8; CHECK] {
    files::checksum(&[&owner.0, bytes])
}

fn frame(owner: &PublicKey, record: &Record) -> Vec<u8> {
    let mut bytes = encode(record);
    let check = check(owner, &bytes);
    bytes.extend_from_slice(&check);
    bytes
}

fn parse(owner: &PublicKey, chunk: &[u8]) -> Option<Record> {
    let (bytes, found) = chunk.split_at_checked(chunk.len().checked_sub(CHECK)?)?;
    if check(owner, bytes) != found {
        return None;
    }
    decode("journal record", bytes).ok()
}
