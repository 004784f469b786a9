//! A secret of a service, in a file that only its owner reads.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// The 32 bytes that a file holds; made at random where there is none. Whole or not at all: a crash leaves no half of a secret, and none
/// that the disk forgets.
///
/// # Errors
/// When the file cannot be read or written, the system gives no random bytes, or the file is not 32 bytes long.
pub fn secret_file(path: &Path) -> std::io::Result<Zeroizing<[u8; 32]>> {
    if !path.exists() {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut_slice()).map_err(Error::other)?;
        let half = path.with_extension("new");
        let _ = std::fs::remove_file(&half);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&half)?;
        file.write_all(secret.as_slice())?;
        file.sync_all()?;
        std::fs::rename(&half, path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
    }
    let bytes = Zeroizing::new(std::fs::read(path)?);
    let secret = bytes.as_slice().try_into();
    secret.map(Zeroizing::new).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not 32 bytes long"))
}
