//! Builds a contract package to Wasm and finishes it: interface section, no names, a record to verify the build by.

pub mod coverage;
pub mod lines;
mod package;
mod record;

pub use record::{BuildRecord, compare};

use package::Package;
use sha3::{Digest, Sha3_256};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The target that contracts are built for.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// The flags that every contract is built with.
pub const RUSTFLAGS: &str = "-C link-arg=-zstack-size=16384";

/// Why a contract cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no such folder.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// Cargo cannot be started.
    #[error("cargo does not start: {0}")]
    NoCargo(std::io::Error),
    /// Cargo says no; its own messages were printed.
    #[error("cargo cannot build {package}")]
    Cargo {
        /// The package.
        package: String,
    },
    /// The manifest asks for a level of optimisation that contracts are not built with.
    #[error("{package}: [package.metadata.counterpart] opt-level is {found}, but can be \"s\" or \"z\"")]
    OptLevel {
        /// The package.
        package: String,
        /// What it asks for.
        found: String,
    },
    /// The package makes no Wasm file.
    #[error("package {package} makes no Wasm: its [lib] needs crate-type = [\"cdylib\", \"rlib\"]")]
    NoWasm {
        /// The package.
        package: String,
    },
    /// The Wasm that the compiler made is not a contract.
    #[error("{package}: {cause}")]
    NotAContract {
        /// The package.
        package: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
}

/// What to build.
#[derive(Clone, Debug)]
pub struct Build {
    /// The folder to run cargo in (a package or a workspace).
    pub folder: PathBuf,
    /// The package; the one in the folder if `None`.
    pub package: Option<String>,
    /// Where the finished files go.
    pub out_dir: PathBuf,
    /// Forbid cargo to change the lock file.
    pub locked: bool,
    /// Keep cargo's messages to errors.
    pub quiet: bool,
}

/// A finished contract.
#[derive(Clone, Debug)]
pub struct Built {
    /// The package's name.
    pub package: String,
    /// The Wasm file.
    pub wasm: PathBuf,
    /// The interface with its documentation, as JSON.
    pub abi: PathBuf,
    /// What one needs to build it again.
    pub record: PathBuf,
    /// Names of its functions and the source lines of its instructions, for tools; not part of a build for coverage.
    pub source: PathBuf,
    /// Size of the Wasm file in bytes.
    pub size: usize,
    /// SHA3-256 of the Wasm file.
    pub hash: [u8; 32],
}

/// Builds one contract and writes `NAME.wasm`, `NAME.abi.json`, `NAME.build.json` and `NAME.source.json`.
///
/// # Errors
/// [`BuildError`] when cargo fails or its result would not be accepted by a chain.
pub fn build(request: &Build) -> Result<Built, BuildError> {
    let compiled = compile(request, Purpose::Chain)?;
    let raw = read(&compiled.wasm)?;
    let built = finish(request, &compiled, &raw)?;
    let source = lines::to_json(&hex::encode(built.hash), &lines::lines(&compiled.package, &compiled.folder, &raw)?);
    write(&built.source, source.to_string().as_bytes())?;
    Ok(built)
}

/// Builds one contract so that it tells which of its lines are reached, in tests; beside the files of [`build`] it writes
/// `NAME.lines.json`, the lines by the numbers that it tells.
///
/// # Errors
/// As [`build`].
pub fn build_covering(request: &Build) -> Result<Built, BuildError> {
    let compiled = compile(request, Purpose::Coverage)?;
    let mut covering = coverage::cover(&compiled.package, &read(&compiled.wasm)?)?;
    // Lines of the contract alone, by their path in the folder that was built.
    let own = format!("/contract/{}", compiled.folder);
    for lines in &mut covering.stretches {
        *lines = std::mem::take(lines)
            .into_iter()
            .filter_map(|(file, line)| {
                let file = file.strip_prefix(&own)?.trim_start_matches('/').to_owned();
                Some((if compiled.folder.is_empty() { file } else { format!("{}/{file}", compiled.folder) }, line))
            })
            .collect();
    }
    let built = finish(request, &compiled, &covering.wasm)?;
    let lines = request.out_dir.join(format!("{}.lines.json", compiled.package));
    write(&lines, covering.to_json().to_string().as_bytes())?;
    Ok(built)
}

fn finish(request: &Build, compiled: &Compiled, raw: &[u8]) -> Result<Built, BuildError> {
    let package = compiled.package.as_str();
    let not_a_contract = |cause: String| BuildError::NotAContract { package: package.to_owned(), cause };
    let (wasm, abi) = counterpart_abi::build::finish(raw).map_err(|error| not_a_contract(error.to_string()))?;
    let profile = counterpart_module::Profile::v1();
    counterpart_module::prepare(&wasm, &profile).map_err(|error| not_a_contract(error.to_string()))?;

    std::fs::create_dir_all(&request.out_dir)
        .map_err(|cause| BuildError::File { path: request.out_dir.clone(), cause })?;
    let hash: [u8; 32] = Sha3_256::digest(&wasm).into();
    let record = BuildRecord::new(request, package, &compiled.manifest, &hash)?;
    let file = |extension: &str| request.out_dir.join(format!("{package}.{extension}"));
    let built = Built {
        wasm: file("wasm"),
        abi: file("abi.json"),
        record: file("build.json"),
        source: file("source.json"),
        size: wasm.len(),
        hash,
        package: package.to_owned(),
    };
    write(&built.wasm, &wasm)?;
    write(&built.abi, abi.as_bytes())?;
    write(&built.record, record.to_json().as_bytes())?;
    Ok(built)
}

/// What a module is compiled for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Small code. Its line numbers go into a file of their own.
    Chain,
    /// Code that lies near its source, with line numbers.
    Coverage,
}

/// What the compiler made.
struct Compiled {
    package: String,
    wasm: PathBuf,
    /// What cargo and its manifest say.
    manifest: Package,
    /// The package's folder within the folder that was built; empty for the same.
    folder: String,
}

/// Runs cargo.
fn compile(request: &Build, purpose: Purpose) -> Result<Compiled, BuildError> {
    if !request.folder.is_dir() {
        return Err(BuildError::NoFolder(request.folder.clone()));
    }
    let named = request.package.clone().unwrap_or_else(|| request.folder.display().to_string());
    let mut command = cargo(&request.folder);
    command.args(["rustc", "--lib", "--crate-type", "cdylib", "--target", TARGET]);
    command.args(["--message-format", "json-render-diagnostics"]);
    let found = Package::find(request, request.package.as_deref().unwrap_or_default())?;
    command.args(profile_arguments(purpose, &found.opt_level));
    if let Some(package) = &request.package {
        command.args(["--package", package]);
    }
    if request.locked {
        command.arg("--locked");
    }
    if request.quiet {
        command.arg("--quiet");
    }
    let output = command.stderr(Stdio::inherit()).output().map_err(BuildError::NoCargo)?;
    if !output.status.success() {
        return Err(BuildError::Cargo { package: named });
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let wasm_of = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let files = message["filenames"].as_array()?;
        let wasm = files.iter().filter_map(|file| file.as_str()).find(|file| file.ends_with(".wasm"))?;
        let manifest = PathBuf::from(message["manifest_path"].as_str()?);
        let absolute = request.folder.canonicalize().ok()?;
        let folder =
            manifest.parent()?.strip_prefix(absolute).map(|path| path.display().to_string()).unwrap_or_default();
        Some((package_name(&manifest)?, PathBuf::from(wasm), folder))
    };
    let (package, wasm, folder) =
        messages.lines().rev().find_map(wasm_of).ok_or(BuildError::NoWasm { package: named })?;
    Ok(Compiled { package, wasm, manifest: found, folder })
}

/// The contract profile, given on the command line so that it also holds outside of this workspace.
fn profile_arguments(purpose: Purpose, opt_level: &str) -> Vec<String> {
    let (name, opt_level) = match purpose {
        Purpose::Chain => ("contract", format!("opt-level=\"{opt_level}\"")),
        Purpose::Coverage => ("coverage", "opt-level=1".to_owned()),
    };
    let shared = [
        "inherits=\"release\"",
        "lto=true",
        "codegen-units=1",
        "panic=\"abort\"",
        "overflow-checks=true",
        "strip=false",
        "debug=\"line-tables-only\"",
        &opt_level,
    ];
    let mut arguments = vec!["--profile".to_owned(), name.to_owned()];
    for setting in shared {
        arguments.extend(["--config".to_owned(), format!("profile.{name}.{setting}")]);
    }
    arguments
}

/// Cargo with the flags of contracts and paths of this machine kept out of the result.
fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    let mut flags = RUSTFLAGS.to_owned();
    let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    for (from, to) in [(Some(absolute), "/contract"), (home, "/cargo")] {
        if let Some(from) = from {
            flags.push_str(&format!(" --remap-path-prefix={}={to}", from.display()));
        }
    }
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    command
}

/// The `name` of a manifest's `[package]`.
fn package_name(manifest: &Path) -> Option<String> {
    let text = std::fs::read_to_string(manifest).ok()?;
    let mut in_package = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            in_package = line == "[package]";
        } else if in_package && let Some(value) = line.strip_prefix("name").map(str::trim_start) {
            return Some(value.strip_prefix('=')?.trim().trim_matches('"').to_owned());
        }
    }
    None
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    std::fs::read(path).map_err(|cause| BuildError::File { path: path.to_path_buf(), cause })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    std::fs::write(path, bytes).map_err(|cause| BuildError::File { path: path.to_path_buf(), cause })
}
