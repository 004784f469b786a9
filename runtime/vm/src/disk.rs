//! Compiled code on disk, sealed with a key that only this node has.
//!
//! wasmtime trusts compiled code as it trusts its own machine code, so that an entry is used only if this node wrote
//! it for exactly this module, profile, compiler, version of wasmtime and set of CPU features. Anything else (an older
//! version, another machine, a cut or changed file) counts as absent: the module is compiled again and the entry
//! replaced. The disk is a convenience: its failures cost time and are counted, and never stop a frame.

use crate::config::WASMTIME_VERSION;
use counterpart_module::PreparedModule;
use sha3::{Digest, Sha3_256};
use std::fs;
use std::hash::{Hash as _, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use wasmtime::Engine;

/// The file that holds the node's key.
const KEY_FILE: &str = "key";
const KEY_BYTES: usize = 32;
const MAC_BYTES: usize = 32;
/// Begins every entry; the last byte is the version of this layout and of what is changed before compilation.
const MAGIC: &[u8; 8] = b"CPTCODE\x02";
/// No entry is longer: several times what the limits of a module compile to.
const MAX_ENTRY_BYTES: u64 = 256 << 20;

/// A folder of sealed entries.
pub(crate) struct Disk {
    folder: PathBuf,
    key: [u8; KEY_BYTES],
    /// Hash of the compiler's version and settings and the CPU's features.
    environment: [u8; 32],
    writes: AtomicU64,
}

/// What a look-up found.
pub(crate) enum Entry {
    /// Code that this node compiled in the same environment.
    Sealed(Vec<u8>),
    /// A file that must not be trusted.
    Rejected,
    /// Nothing.
    Absent,
}

/// Feeds what `Hash` implementations write into SHA3-256, so that the result is the same in every process.
struct Sha3Hasher(Sha3_256);

impl Hasher for Sha3Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

impl Disk {
    /// Opens the folder, and makes the node's key if there is none that only its owner can read.
    ///
    /// # Errors
    /// When the folder or the key cannot be made.
    pub(crate) fn open(folder: &Path, compiler: &str, engine: &Engine) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut hasher = Sha3Hasher(Sha3_256::new());
        (WASMTIME_VERSION, compiler, std::env::consts::ARCH, std::env::consts::OS).hash(&mut hasher);
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let environment = hasher.0.finalize().into();
        Ok(Self {
            folder: folder.to_owned(),
            key: key(&folder.join(KEY_FILE))?,
            environment,
            writes: AtomicU64::new(0),
        })
    }

    /// Reads the entry of a module.
    pub(crate) fn load(&self, module: &PreparedModule) -> Entry {
        let Ok(mut file) = fs::File::open(self.path(module)) else { return Entry::Absent };
        let length = file.metadata().map_or(u64::MAX, |metadata| metadata.len());
        if length > MAX_ENTRY_BYTES {
            return Entry::Rejected;
        }
        let mut bytes = Vec::with_capacity(length as usize);
        if file.read_to_end(&mut bytes).is_err() {
            return Entry::Rejected;
        }
        let Some((mac, code)) = bytes.strip_prefix(MAGIC).and_then(|rest| rest.split_at_checked(MAC_BYTES)) else {
            return Entry::Rejected;
        };
        let expected = self.mac(module, code);
        let difference = mac.iter().zip(expected).fold(0, |difference, (found, wanted)| difference | (found ^ wanted));
        if difference != 0 {
            return Entry::Rejected;
        }
        bytes.drain(..MAGIC.len() + MAC_BYTES);
        Entry::Sealed(bytes)
    }

    /// Writes the entry of a module: whole or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn store(&self, module: &PreparedModule, code: &[u8]) -> io::Result<()> {
        let path = self.path(module);
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_extension(format!("{}-{number}.draft", std::process::id()));
        let write = || {
            let mut file = fs::File::create(&draft)?;
            file.write_all(MAGIC)?;
            file.write_all(&self.mac(module, code))?;
            file.write_all(code)?;
            fs::rename(&draft, &path)
        };
        write().inspect_err(|_| drop(fs::remove_file(&draft)))
    }

    fn path(&self, module: &PreparedModule) -> PathBuf {
        let mut digest = Sha3_256::new();
        digest.update(self.environment);
        digest.update(module.profile.0);
        let suffix: [u8; 32] = digest.finalize().into();
        self.folder.join(format!("{}-{}.code", hex::encode(module.hash.0), hex::encode(&suffix[..8])))
    }

    /// SHA3-256 with the key in front; the sponge makes that a message authentication code. All but the code has a
    /// fixed length.
    fn mac(&self, module: &PreparedModule, code: &[u8]) -> [u8; MAC_BYTES] {
        let mut digest = Sha3_256::new();
        digest.update(self.key);
        digest.update(self.environment);
        digest.update(module.profile.0);
        digest.update(module.hash.0);
        digest.update(code);
        digest.finalize().into()
    }
}

/// The node's key: the one in the file, or a new one if that is missing, malformed or readable by others.
fn key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    if let Some(key) = existing_key(path) {
        return Ok(key);
    }
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    drop(fs::remove_file(&draft));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&draft)?.write_all(&key)?;
    fs::rename(&draft, path)?;
    Ok(key)
}

fn existing_key(path: &Path) -> Option<[u8; KEY_BYTES]> {
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).ok()?.permissions()) & 0o077 != 0 {
        return None;
    }
    fs::read(path).ok()?.try_into().ok()
}
