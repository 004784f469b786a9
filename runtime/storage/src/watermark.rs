//! The newest block that was acknowledged, beside the database.
//!
//! A database that finds damage in its journal takes it for a torn tail and cuts off what follows. For a ledger that is
//! no repair but a loss: this file remembers how far it had come, so that the loss is told and never served.

use crate::error::StoreError;
use crate::head::Head;
use counterpart_ledger::Hash;
use sha3::{Digest, Sha3_256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

const NAME: &str = "acknowledged";
/// Height, hash of the block, and the first bytes of the digest of both.
const SLOT: usize = 8 + 32 + 24;

/// Two slots that take turns, so that a torn write leaves the other.
pub(crate) struct Watermark(File);

fn slot(height: u64, hash: &Hash) -> [u8; SLOT] {
    let mut bytes = [0; SLOT];
    bytes[..8].copy_from_slice(&height.to_le_bytes());
    bytes[8..40].copy_from_slice(&hash.0);
    let digest = Sha3_256::digest(&bytes[..40]);
    bytes[40..].copy_from_slice(&digest[..24]);
    bytes
}

impl Watermark {
    /// Opens the file of a ledger and compares it with the newest block that the database has.
    pub fn open(folder: &Path, head: &Head) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let failed = |cause: std::io::Error| StoreError::File { path: path.clone(), cause: cause.to_string() };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        for found in bytes.as_chunks::<SLOT>().0 {
            let (Some(height), Some(hash)) = (found.first_chunk::<8>(), found[8..].first_chunk::<32>()) else {
                continue;
            };
            let (height, hash) = (u64::from_le_bytes(*height), Hash(*hash));
            // A slot that was torn or has rotted says nothing.
            if *found != slot(height, &hash) {
                continue;
            }
            if height > head.height.0 || height == head.height.0 && hash != head.hash {
                let message = format!("block {height} was acknowledged; the newest that is left is {}", head.height);
                return Err(StoreError::Corrupt(message));
            }
        }
        Ok(Self(file))
    }

    /// Remembers a block that is durable. Not synced: after a power cut it may be behind, and is never ahead.
    pub fn raise(&mut self, head: &Head) -> std::io::Result<()> {
        self.0.seek(SeekFrom::Start(head.height.0 % 2 * SLOT as u64))?;
        self.0.write_all(&slot(head.height.0, &head.hash))
    }
}
