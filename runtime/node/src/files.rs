//! How a replica's own files are written.

use sha3::{Digest, Sha3_256};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Bytes of a checksum.
pub(crate) const CHECK: usize = 8;

/// The beginning of the SHA3-256 of parts.
pub(crate) fn checksum(parts: &[&[u8]]) -> [u8; CHECK] {
    let mut hasher = Sha3_256::new();
    parts.iter().for_each(|part| hasher.update(part));
    let digest: [u8; 32] = hasher.finalize().into();
    let mut check = [0; CHECK];
    check.copy_from_slice(&digest[..CHECK]);
    check
}

/// Puts a file in the place of an old one in one step, durably; answers it open for more at its end.
///
/// The folder is waited for too: otherwise a loss of power could bring the old file back, without what is appended to the new.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let temporary = path.with_extension("new");
    let mut fresh = File::create(&temporary)?;
    fresh.write_all(bytes)?;
    fresh.sync_all()?;
    std::fs::rename(&temporary, path)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    OpenOptions::new().append(true).open(path)
}
