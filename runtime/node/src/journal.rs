//! What a replica signed, on disk before the signature leaves.

use counterpart_consensus::Record;
use counterpart_ledger::{Phase, decode, encode};
use sha3::{Digest, Sha3_256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes of checksum after each record.
const CHECK: usize = 8;
/// Most records that one write has.
const MOST_AT_ONCE: usize = 16;
/// Records after which the file is written anew without those that matter no more.
const LONG: usize = 16_384;

/// An append-only file of records.
pub struct Journal {
    file: File,
    path: PathBuf,
    records: Vec<Record>,
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
        let size = frame(&Record { epoch: 0, view: 0, phase: Phase::Vote, block: Default::default() }).len();
        let whole = bytes.len() / size * size;
        for (index, chunk) in bytes[..whole].chunks(size).enumerate() {
            let Some(record) = parse(chunk) else {
                // The last write can be torn within: the disk writes pages, not records. What follows it is not whole either.
                let rest = || bytes[index * size..whole].chunks(size);
                if rest().len() <= MOST_AT_ONCE && rest().all(|chunk| parse(chunk).is_none()) {
                    break;
                }
                let message = format!("{}: record {index} is damaged", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            };
            records.push(record);
        }
        let file = rewrite(path, &records)?;
        Ok((Self { file, path: path.to_path_buf(), records: records.clone() }, records))
    }

    /// Writes records in one piece and, if asked to, waits for the disk. Records of views below `floor` (epoch and view), where
    /// nothing is signed any more, are left behind once the file is long.
    ///
    /// # Errors
    /// When the disk fails; the replica must stop then.
    pub fn append(&mut self, records: &[Record], sync: bool, floor: (u64, u64)) -> io::Result<()> {
        for part in records.chunks(MOST_AT_ONCE) {
            let bytes: Vec<u8> = part.iter().flat_map(frame).collect();
            self.file.write_all(&bytes)?;
            if sync {
                self.file.sync_data()?;
            }
        }
        self.records.extend_from_slice(records);
        if self.records.len() >= LONG {
            self.records.retain(|record| (record.epoch, record.view) >= floor);
            self.file = rewrite(&self.path, &self.records)?;
        }
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Writes a file with these records in the place of the old one, in one step.
fn rewrite(path: &Path, records: &[Record]) -> io::Result<File> {
    let temporary = path.with_extension("new");
    let mut fresh = File::create(&temporary)?;
    let bytes: Vec<u8> = records.iter().flat_map(frame).collect();
    fresh.write_all(&bytes)?;
    fresh.sync_all()?;
    std::fs::rename(&temporary, path)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    OpenOptions::new().append(true).open(path)
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
