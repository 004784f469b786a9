//! Blocks that a replica voted for, on disk before the vote leaves: whatever is approved can be had from some voter, even if
//! all replicas end before any of them commits it.

use crate::files::{self, CHECK};
use counterpart_ledger::{Block, Height, decode, encode};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Bytes after which the file is written anew without the blocks that are approved.
const LONG: u64 = 32 << 20;

/// An append-only file of blocks.
pub struct Kept {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Bytes at which it is written anew: while nothing is approved that must not make every write a long one.
    long: u64,
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
        let content: Vec<u8> = blocks.iter().flat_map(frame).collect();
        let (file, bytes) = (files::replace(path, &content)?, content.len() as u64);
        Ok(Self { path: path.to_path_buf(), file, bytes, long: LONG.max(2 * bytes) })
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
        if self.bytes >= self.long {
            let blocks = read(&self.path, approved)?;
            *self = Self::create(&self.path, &blocks)?;
        }
        Ok(())
    }
}

fn frame(block: &Block) -> Vec<u8> {
    let body = encode(block);
    let length = (body.len() as u32).to_le_bytes();
    [&length[..], &body, &files::checksum(&[&body])].concat()
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
        if files::checksum(&[body]) != check {
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
