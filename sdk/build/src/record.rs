//! The record that lets anyone build a contract again and compare.

use crate::package::Package;
use crate::{Build, BuildError, Built, RUSTFLAGS, TARGET, read};
use serde_json::{Value, json};
use sha3::{Digest, Sha3_256};
use std::path::Path;
use std::process::Command;

/// Toolchain, flags and hashes of one build.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BuildRecord {
    /// The package.
    pub package: String,
    /// What `rustc --version` says.
    pub rustc: String,
    /// Hash of `Cargo.lock`, hex.
    pub lock_hash: String,
    /// Hash over the package's own source files and their paths, hex.
    pub source_hash: String,
    /// Hash of the finished Wasm, hex; the code hash on a chain.
    pub wasm_hash: String,
}

impl BuildRecord {
    /// Describes a build that was just made.
    pub(crate) fn new(
        request: &Build,
        name: &str,
        package: &Package,
        wasm_hash: &[u8; 32],
    ) -> Result<Self, BuildError> {
        Ok(Self {
            package: name.to_owned(),
            rustc: rustc_version(&request.folder)?,
            lock_hash: hex::encode(Sha3_256::digest(read(&package.lock)?)),
            source_hash: hash_sources(&package.folder)?,
            wasm_hash: hex::encode(wasm_hash),
        })
    }

    /// The record as it is written beside the Wasm.
    pub fn to_json(&self) -> String {
        let document = json!({
            "package": self.package, "rustc": self.rustc, "target": TARGET, "flags": RUSTFLAGS, "profile": "contract",
            "lock_hash": self.lock_hash, "source_hash": self.source_hash, "wasm_hash": self.wasm_hash,
        });
        format!("{document:#}\n")
    }

    /// Reads a record.
    pub fn from_json(text: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(text).ok()?;
        let field = |name: &str| document[name].as_str().map(str::to_owned);
        Some(Self {
            package: field("package")?,
            rustc: field("rustc")?,
            lock_hash: field("lock_hash")?,
            source_hash: field("source_hash")?,
            wasm_hash: field("wasm_hash")?,
        })
    }
}

/// Says which parts of a record differ from a build that was just made, each as (name, recorded, now).
///
/// # Errors
/// [`BuildError`] when the source cannot be read.
pub fn compare(
    request: &Build,
    record: &BuildRecord,
    built: &Built,
) -> Result<Vec<(&'static str, String, String)>, BuildError> {
    let package = Package::find(request, &built.package)?;
    let now = BuildRecord::new(request, &built.package, &package, &built.hash)?;
    let pairs = [
        ("package", &record.package, &now.package),
        ("rustc", &record.rustc, &now.rustc),
        ("lock_hash", &record.lock_hash, &now.lock_hash),
        ("source_hash", &record.source_hash, &now.source_hash),
        ("wasm_hash", &record.wasm_hash, &now.wasm_hash),
    ];
    let differs = pairs.into_iter().filter(|(_, recorded, now)| recorded != now);
    Ok(differs.map(|(name, recorded, now)| (name, recorded.clone(), now.clone())).collect())
}

fn rustc_version(folder: &Path) -> Result<String, BuildError> {
    let output = Command::new("rustc").arg("--version").current_dir(folder).output().map_err(BuildError::NoCargo)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Hashes the manifest and everything below `src`, in the order of paths.
fn hash_sources(package: &Path) -> Result<String, BuildError> {
    let mut files = vec![package.join("Cargo.toml")];
    let mut folders = vec![package.join("src")];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|cause| BuildError::File { path: folder.clone(), cause })?;
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut hasher = Sha3_256::new();
    for file in files {
        let name = file.strip_prefix(package).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let content = read(&file)?;
        for part in [name.as_bytes(), &content] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    Ok(hex::encode(hasher.finalize()))
}
