//! A contract under test: its native code and where its Wasm is.

use counterpart_sdk::NativeContract;
use std::path::{Path, PathBuf};

/// A contract under test.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The package's name, which names the Wasm file too.
    pub package: &'static str,
    /// Its native code.
    pub native: NativeContract,
}

impl Subject {
    /// A contract of a package.
    pub const fn new(package: &'static str, native: NativeContract) -> Self {
        Self { package, native }
    }

    /// The finished Wasm.
    ///
    /// # Panics
    /// When it was not built; the message says how.
    pub fn wasm(&self) -> Vec<u8> {
        let path = self.path();
        std::fs::read(&path).unwrap_or_else(|error| {
            panic!(
                "{}: {error}\nhint: build the contracts first: `counterpart build`, here `cargo xtask contracts`",
                path.display()
            )
        })
    }

    /// `target/contracts/NAME.wasm` of the folder that the test runs in or one above, or below COUNTERPART_CONTRACTS.
    fn path(&self) -> PathBuf {
        let name = format!("{}.wasm", self.package);
        if let Some(folder) = std::env::var_os("COUNTERPART_CONTRACTS") {
            return PathBuf::from(folder).join(name);
        }
        let here = std::env::current_dir().unwrap_or_default();
        let below = |folder: &Path| folder.join("target/contracts").join(&name);
        here.ancestors().map(below).find(|path| path.is_file()).unwrap_or_else(|| below(&here))
    }
}
