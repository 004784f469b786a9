//! What a replica signed, on disk before the signature leaves.

use counterpart_consensus::Record;
use counterpart_ledger::{decode, encode};
use sha3::{Digest, Sha3_256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes of checksum after each record.
const CHECK: usize = 8;
/// Records kept when a journal is opened: more than a view has.
const KEPT: usize = 64;

/// An append-only file of records.
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Opens or makes a journal; answers the records in it, oldest first.
    ///
    /// A torn record at the end, which was never acknowledged, is cut off. Damage before the end is an error: a replica
    /// that does not know what it signed must not sign.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is damaged.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<Record>)> {
        let mut bytes = Vec::new();
        if path.exists() {
            File::open(path)?.read_to_end(&mut bytes)?;
        }
        let mut records = Vec::new();
        let size = frame(&Record { view: 0, phase: counterpart_ledger::Phase::Vote, block: Default::default() }).len();
        let whole = bytes.len() / size * size;
        for (index, chunk) in bytes[..whole].chunks(size).enumerate() {
            match parse(chunk) {
                Some(record) => records.push(record),
                // The last record can be torn within: the disk writes pages, not records.
                None if (index + 1) * size == whole => break,
                None => {
                    let message = format!("{}: record {index} is damaged", path.display());
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
            }
        }
        let kept = records.len().saturating_sub(KEPT);
        let temporary = path.with_extension("new");
        let mut fresh = File::create(&temporary)?;
        records[kept..].iter().try_for_each(|record| fresh.write_all(&frame(record)))?;
        fresh.sync_all()?;
        std::fs::rename(&temporary, path)?;
        let file = OpenOptions::new().append(true).open(path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok((Self { file, path: path.to_path_buf() }, records))
    }

    /// Writes a record and waits for the disk.
    ///
    /// # Errors
    /// When the disk fails; the replica must stop then.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        self.file.write_all(&frame(record))?;
        self.file.sync_data()
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECK] {
    let digest: [u8; 32] = Sha3_256::digest(bytes).into();
    let mut check = [0; CHECK];
    check.copy_from_slice(&digest[..CHECK]);
    check
}

fn frame(record: &Record) -> Vec<u8> {
    let mut bytes = encode(record);
    let check = checksum(&bytes);
    bytes.extend_from_slice(&check);
    bytes
}

fn parse(chunk: &[u8]) -> Option<Record> {
    let (bytes, check) = chunk.split_at_checked(chunk.len().checked_sub(CHECK)?)?;
    if checksum(bytes) != check {
        return None;
    }
    decode("journal record", bytes).ok()
}
