//! Blocks that a replica voted for, on disk before the vote leaves: whatever is approved can be had from some voter, even if
//! all replicas end before any of them commits it.

use counterpart_ledger::{Block, Height, decode, encode};
use sha3::{Digest, Sha3_256};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Bytes of checksum after each block.
const CHECK: usize = 8;
/// Bytes after which the file is written anew without the blocks that are approved.
const LONG: u64 = 32 << 20;

/// An append-only file of blocks.
pub(crate) struct Kept {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Kept {
    /// Opens or makes the file; answers the blocks above a height, oldest first. What is torn or damaged is left out: nothing
    /// depends on one replica's copy.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(path: &Path, above: Height) -> io::Result<(Self, Vec<Block>)> {
        let blocks = read(path, above)?;
        Ok((Self::create(path, &blocks)?, blocks))
    }

    fn create(path: &Path, blocks: &[Block]) -> io::Result<Self> {
        let temporary = path.with_extension("new");
        let mut fresh = File::create(&temporary)?;
        let bytes: Vec<u8> = blocks.iter().flat_map(frame).collect();
        fresh.write_all(&bytes)?;
        fresh.sync_all()?;
        std::fs::rename(&temporary, path)?;
        let file = OpenOptions::new().append(true).open(path)?;
        Ok(Self { path: path.to_path_buf(), file, bytes: bytes.len() as u64 })
    }

    /// Writes blocks and, if asked to, waits for the disk. Those up to a height, which are approved, go when the file is long.
    ///
    /// # Errors
    /// When the disk fails; the replica must stop then.
    pub fn append(&mut self, blocks: &[Block], sync: bool, approved: Height) -> io::Result<()> {
        let bytes: Vec<u8> = blocks.iter().flat_map(frame).collect();
        self.file.write_all(&bytes)?;
        if sync {
            self.file.sync_data()?;
        }
        self.bytes += bytes.len() as u64;
        if self.bytes >= LONG {
            let blocks = read(&self.path, approved)?;
            *self = Self::create(&self.path, &blocks)?;
        }
        Ok(())
    }
}

fn frame(block: &Block) -> Vec<u8> {
    let body = encode(block);
    let length = (body.len() as u32).to_le_bytes();
    [&length[..], &body, &checksum(&body)].concat()
}

fn checksum(body: &[u8]) -> [u8; CHECK] {
    let digest: [u8; 32] = Sha3_256::digest(body).into();
    let mut check = [0; CHECK];
    check.copy_from_slice(&digest[..CHECK]);
    check
}

fn read(path: &Path, above: Height) -> io::Result<Vec<Block>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let (mut blocks, mut rest) = (Vec::new(), &bytes[..]);
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some((body, after)) = after.split_at_checked(length) else { break };
        let Some((check, after)) = after.split_at_checked(CHECK) else { break };
        if checksum(body) != check {
            break;
        }
        rest = after;
        if let Ok(block) = decode::<Block>("block", body)
            && block.header.height > above
        {
            blocks.push(block);
        }
    }
    Ok(blocks)
}
