//! Secret keys in encrypted files: Argon2id (RFC 9106) makes a key from a passphrase, XChaCha20-Poly1305 seals the seed.

use crate::output::{Exit, Failure, OrFail};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::Aead};
use counterpart_ledger::{Address, SecretKey, account_address};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The file of one key. Everything in it may be public.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    version: u32,
    address: String,
    public_key: String,
    memory_kib: u32,
    passes: u32,
    salt: String,
    nonce: String,
    sealed: String,
}

/// A folder of key files.
pub struct Keystore {
    folder: PathBuf,
}

const VERSION: u32 = 1;
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// More than this is a file made to stall the reader.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;

impl Keystore {
    /// The store in this folder; it need not exist.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Names and addresses of all keys, by name.
    pub fn list(&self) -> anyhow::Result<Vec<(String, Address)>> {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return Ok(Vec::new()) };
        let mut keys = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                keys.push((name.clone(), self.address(&name)?));
            }
        }
        keys.sort();
        Ok(keys)
    }

    /// The address of a key, without its passphrase.
    pub fn address(&self, name: &str) -> anyhow::Result<Address> {
        let file = self.read(name)?;
        Address::from_hex(&file.address).ok_or_else(|| damaged(&self.path(name)).into())
    }

    /// Seals a seed under a passphrase in a new file.
    pub fn add(&self, name: &str, seed: &Zeroizing<[u8; 32]>, passphrase: &str) -> anyhow::Result<Address> {
        check_name(name)?;
        let path = self.path(name);
        if path.exists() {
            let failure = Failure::new(Exit::Input, "key_exists", format!("there is a key named `{name}` already"));
            return Err(failure.hint("choose another name, or move that file away").into());
        }
        let mut salt = [0; 16];
        let mut nonce = [0; 24];
        random(&mut salt)?;
        random(&mut nonce)?;
        let key = stretch(passphrase, &salt, MEMORY_KIB, PASSES)?;
        let sealed = XChaCha20Poly1305::new((&*key).into()).encrypt(&XNonce::from(nonce), seed.as_slice()).or_fail(
            Exit::Bug,
            "seal",
            "the key cannot be sealed",
        )?;
        let public = SecretKey::from_seed(**seed).public_key();
        let address = account_address(&public);
        let file = KeyFile {
            version: VERSION,
            address: address.to_string(),
            public_key: public.to_string(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: hex::encode(salt),
            nonce: hex::encode(nonce),
            sealed: hex::encode(sealed),
        };
        write_private(&path, &serde_json::to_vec_pretty(&file)?)?;
        Ok(address)
    }

    /// Opens a key with its passphrase.
    pub fn open(&self, name: &str, passphrase: &str) -> anyhow::Result<SecretKey> {
        let path = self.path(name);
        let file = self.read(name)?;
        if file.version != VERSION || file.memory_kib > MOST_MEMORY_KIB || file.passes > 64 {
            return Err(damaged(&path).into());
        }
        let (salt, nonce, sealed) = match (hex::decode(&file.salt), hex::decode(&file.nonce), hex::decode(&file.sealed))
        {
            (Ok(salt), Ok(nonce), Ok(sealed)) => (salt, nonce, sealed),
            _ => return Err(damaged(&path).into()),
        };
        let nonce = <[u8; 24]>::try_from(nonce).map_err(|_| damaged(&path))?;
        let key = stretch(passphrase, &salt, file.memory_kib, file.passes)?;
        let opened =
            XChaCha20Poly1305::new((&*key).into()).decrypt(&XNonce::from(nonce), sealed.as_slice()).map_err(|_| {
                Failure::new(Exit::Input, "passphrase", format!("the passphrase does not open the key `{name}`"))
            })?;
        let opened = Zeroizing::new(opened);
        let seed = Zeroizing::new(<[u8; 32]>::try_from(opened.as_slice()).map_err(|_| damaged(&path))?);
        Ok(SecretKey::from_seed(*seed))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn read(&self, name: &str) -> anyhow::Result<KeyFile> {
        check_name(name)?;
        let path = self.path(name);
        let text = std::fs::read_to_string(&path).map_err(|_| {
            let failure = Failure::new(
                Exit::Input,
                "no_key",
                format!("there is no key named `{name}` in {}", self.folder.display()),
            );
            failure.hint("`counterpart keys list` shows the keys, `counterpart keys new NAME` makes one")
        })?;
        serde_json::from_str(&text).map_err(|_| damaged(&path).into())
    }
}

fn damaged(path: &Path) -> Failure {
    Failure::new(Exit::Input, "key_file", format!("{} is not a key file of this version", path.display()))
}

/// Names are file names too.
fn check_name(name: &str) -> Result<(), Failure> {
    let valid = !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if valid {
        return Ok(());
    }
    Err(Failure::new(Exit::Input, "key_name", format!("`{name}` is not a name for a key"))
        .hint("use letters, digits, `-` and `_`, at most 64"))
}

fn stretch(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let params =
        Params::new(memory_kib, passes, 1, Some(32)).or_fail(Exit::Input, "key_file", "key file parameters")?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
        .or_fail(Exit::Input, "key_file", "the passphrase cannot be stretched")?;
    Ok(key)
}

/// Fills with randomness of the operating system.
pub fn random(bytes: &mut [u8]) -> anyhow::Result<()> {
    getrandom::fill(bytes).or_fail(Exit::Bug, "random", "the system gives no randomness")
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).or_fail(Exit::Input, "write", format!("cannot make {}", folder.display()))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).or_fail(Exit::Input, "write", format!("cannot write {}", path.display()))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).or_fail(
        Exit::Input,
        "write",
        format!("cannot write {}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_with_its_passphrase_only_and_the_file_holds_no_seed() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Keystore::new(folder.path().join("keys"));
        let seed = Zeroizing::new([7; 32]);
        let address = store.add("alice", &seed, "correct horse").expect("the key is new");
        assert_eq!(store.list().expect("readable"), [("alice".to_owned(), address)]);
        let key = store.open("alice", "correct horse").expect("the passphrase is right");
        assert_eq!(account_address(&key.public_key()), address);
        assert!(store.open("alice", "wrong").is_err());
        assert!(store.add("alice", &seed, "x").is_err(), "a name is used once");
        assert!(store.add("../alice", &seed, "x").is_err(), "a name is no path");
        let text = std::fs::read_to_string(folder.path().join("keys/alice.json")).expect("readable");
        assert!(!text.contains(&hex::encode(*seed)));
    }
}
