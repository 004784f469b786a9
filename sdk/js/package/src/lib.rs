//! Makes the JavaScript package: compiles its core and writes the bindings for a kind of host.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;

/// Which host loads the bindings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A browser, without a bundler.
    Web,
    /// Node.
    Node,
    /// A bundler.
    Bundler,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Web, Self::Node, Self::Bundler];

    /// The name of its folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Node => "node",
            Self::Bundler => "bundler",
        }
    }
}

/// A module of the package.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Keys, signing, interfaces and verification.
    Core,
    /// The engine that executes bundles.
    Replay,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Core, Self::Replay];

    /// The name of its files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Replay => "replay",
        }
    }

    const fn package(self) -> &'static str {
        match self {
            Self::Core => "counterpart-js",
            Self::Replay => "counterpart-js-replay",
        }
    }
}

/// Compiles a part for wasm32 below a target folder; answers the Wasm file.
///
/// # Errors
/// When cargo fails; its messages were printed.
pub fn compile(part: Part, workspace: &Path, target: &Path) -> anyhow::Result<PathBuf> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace).args(["build", "--quiet", "--locked", "--package", part.package()]);
    command.args(["--profile", "browser", "--target", "wasm32-unknown-unknown", "--target-dir"]).arg(target);
    // The flags of whoever called are for the host.
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
        command.env_remove(variable);
    }
    if !command.status().context("cargo does not start")?.success() {
        bail!("{} does not build for browsers", part.package());
    }
    let file = format!("{}.wasm", part.package().replace('-', "_"));
    Ok(target.join("wasm32-unknown-unknown/browser").join(file))
}

/// Writes a part's `NAME.js`, `NAME.d.ts` and `NAME_bg.wasm` for a host.
///
/// # Errors
/// When the Wasm file was made by another version, or the folder cannot be written.
pub fn bindings(part: Part, wasm: &Path, kind: Kind, folder: &Path) -> anyhow::Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(part.name()).typescript(true).omit_default_module_path(false);
    bindgen.remove_name_section(true).remove_producers_section(true);
    match kind {
        Kind::Web => bindgen.web(true)?,
        Kind::Node => bindgen.nodejs_module(true)?,
        Kind::Bundler => bindgen.bundler(true)?,
    };
    bindgen.generate(folder).with_context(|| format!("bindings for {} cannot be made", kind.name()))
}
