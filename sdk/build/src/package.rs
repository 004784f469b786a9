//! What cargo and a package's manifest say about it.

use crate::{Build, BuildError};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A package to build.
pub(crate) struct Package {
    /// The lock file.
    pub lock: PathBuf,
    /// Its folder.
    pub folder: PathBuf,
    /// How its code is made small: `s`, or `z` if its manifest says so. That takes more gas, and less room where there is much
    /// code.
    pub opt_level: String,
}

impl Package {
    /// Asks cargo. `package` is its name, or empty for the one in the folder.
    pub fn find(request: &Build, package: &str) -> Result<Self, BuildError> {
        let output = crate::cargo(&request.folder)
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .stderr(Stdio::inherit())
            .output()
            .map_err(BuildError::NoCargo)?;
        let named = if package.is_empty() { request.folder.display().to_string() } else { package.to_owned() };
        let missing = || BuildError::Cargo { package: named.clone() };
        let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|_| missing())?;
        let lock = Path::new(metadata["workspace_root"].as_str().ok_or_else(missing)?).join("Cargo.lock");
        let packages = metadata["packages"].as_array().ok_or_else(missing)?;
        let folder_of = |found: &Value| Some(Path::new(found["manifest_path"].as_str()?).parent()?.to_path_buf());
        let own = request.folder.canonicalize().ok();
        let is_meant = |found: &&Value| match package {
            "" => folder_of(found).and_then(|folder| folder.canonicalize().ok()) == own,
            name => found["name"] == name,
        };
        let found = packages.iter().find(is_meant).ok_or_else(missing)?;
        let opt_level = match &found["metadata"]["counterpart"]["opt-level"] {
            Value::Null => "s".to_owned(),
            Value::String(level) if matches!(level.as_str(), "s" | "z") => level.clone(),
            other => return Err(BuildError::OptLevel { package: named, found: other.to_string() }),
        };
        Ok(Self { lock, folder: folder_of(found).ok_or_else(missing)?, opt_level })
    }
}
