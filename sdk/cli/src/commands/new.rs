//! `counterpart new`.

use crate::Context;
use crate::output::{Exit, Failure, OrFail};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Begin a contract: a folder with code, tests and a manifest that plain cargo builds.
///
/// Needs no network. The contract's dependencies are this SDK's own crates, by path, and their lock file.
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder to make; its name is the package's.
    path: PathBuf,
    /// What to begin with.
    #[arg(long, value_enum, default_value_t = Template::Token)]
    template: Template,
    /// The package's name, when it is not the folder's.
    #[arg(long)]
    name: Option<String>,
    /// Where the SDK's source is; without it, where this command was built from.
    #[arg(long, env = "COUNTERPART_SDK", value_name = "DIR")]
    sdk: Option<PathBuf>,
}

/// What a new contract begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Template {
    /// A note that its author changes: one of everything.
    Empty,
    /// A fungible token with metadata, events and errors.
    Token,
    /// A token that hands its holders over to a next version.
    UpgradeableToken,
}

/// A contract of this workspace, which is tested there; a new project is a copy under another name.
struct Source {
    package: &'static str,
    code: &'static str,
    tests: &'static str,
    /// A first call to try on a devnet.
    deploy: &'static str,
}

macro_rules! source {
    ($package:literal, $tests:literal, $deploy:literal) => {
        Source {
            package: $package,
            code: include_str!(concat!("../../../../contracts/", $package, "/src/lib.rs")),
            tests: include_str!(concat!("../../../../contracts/", $package, "/tests/", $tests)),
            deploy: $deploy,
        }
    };
}

impl Template {
    const fn source(self) -> Source {
        match self {
            Self::Empty => source!("empty", "empty.rs", "new"),
            Self::Token => source!("token", "it/token.rs", "new --name Acorn --symbol ACN --decimals 2"),
            Self::UpgradeableToken => source!("upgradeable-token", "upgradeable_token.rs", "new --symbol ONE"),
        }
    }
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { path, template, name, sdk } = arguments;
    let folder = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.or(folder).unwrap_or_default();
    check_name(&name)?;
    let sdk = sdk.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")));
    let sdk = sdk.canonicalize().ok().filter(|sdk| sdk.join("sdk/contract/Cargo.toml").is_file()).ok_or_else(|| {
        let failure = Failure::new(Exit::Input, "no_sdk", format!("{} does not hold the SDK", sdk.display()));
        failure.hint("clone Counterpart and name its folder with --sdk or COUNTERPART_SDK")
    })?;
    if path.exists() {
        return Err(Failure::new(Exit::Input, "exists", format!("{} is there already", path.display())).into());
    }
    let files = files(&template.source(), &name, &sdk)?;
    for (file, content) in &files {
        let target = path.join(file);
        let parent = target.parent().unwrap_or(&path);
        fs::create_dir_all(parent).or_fail(Exit::Input, "write", parent.display())?;
        fs::write(&target, content).or_fail(Exit::Input, "write", target.display())?;
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let document = json!({ "path": path, "package": name, "files": names, "sdk": sdk });
    context.output.result(&document, &format!("{}", path.display()));
    context.output.note(format!("hint: cd {} && counterpart test", path.display()));
    Ok(ExitCode::SUCCESS)
}

/// Names that cargo takes for packages and the tests can write as a crate.
fn check_name(name: &str) -> anyhow::Result<()> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let reserved = ["core", "std", "alloc", "test", "self", "crate", "super", "counterpart-sdk", "counterpart-testing"];
    let begins = name.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    if begins && name.len() <= 64 && name.bytes().all(good) && !reserved.contains(&name) {
        return Ok(());
    }
    let failure = Failure::new(Exit::Input, "bad_name", format!("`{name}` cannot be a contract's name"));
    Err(failure.hint("lower-case letters, digits, - and _, beginning with a letter; --name gives another").into())
}

fn files(source: &Source, name: &str, sdk: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let description = source.code.lines().next().unwrap_or_default().trim_start_matches("//! ").replace('"', "'");
    let crate_name = name.replace('-', "_");
    let own_crate = source.package.replace('-', "_");
    let tests = source.tests.replace(&format!("use {own_crate}::"), &format!("use {crate_name}::"));
    let tests = tests.replace(&format!("\"{}\"", source.package), &format!("\"{name}\""));
    let read = |file: &str| {
        let path = sdk.join(file);
        fs::read_to_string(&path).or_fail(Exit::Input, "no_sdk", path.display())
    };
    Ok(vec![
        ("Cargo.toml".into(), manifest(name, &description, sdk)),
        ("Cargo.lock".into(), read("Cargo.lock")?),
        ("rust-toolchain.toml".into(), read("rust-toolchain.toml")?),
        (".gitignore".into(), "/target\n".into()),
        ("README.md".into(), readme(name, &description, source.deploy)),
        ("src/lib.rs".into(), source.code.to_owned()),
        (format!("tests/{crate_name}.rs"), tests),
    ])
}

fn manifest(name: &str, description: &str, sdk: &Path) -> String {
    let path = |folder: &str| toml_text(&sdk.join(folder).display().to_string());
    format!(
        r#"[package]
name = "{name}"
description = {description}
version = "0.1.0"
edition = "2024"
publish = false

[lib]
crate-type = ["cdylib", "rlib"]

[features]
# Types and client only, for contracts that call this one.
library = []

[dependencies]
counterpart-sdk = {{ path = {contract} }}

[dev-dependencies]
counterpart-testing = {{ path = {testing} }}

# What is hot in tests is compiled to run fast; raising every package makes a first build three times dearer.
[profile.dev.package]
wasmi = {{ opt-level = 2 }}
wasmi_core = {{ opt-level = 2 }}
wasmi_ir = {{ opt-level = 2 }}
wasmparser = {{ opt-level = 2 }}
curve25519-dalek = {{ opt-level = 2 }}
ed25519-zebra = {{ opt-level = 2 }}
keccak = {{ opt-level = 2 }}
sha3 = {{ opt-level = 2 }}
blake3 = {{ opt-level = 2 }}

[workspace]
"#,
        description = toml_text(description),
        contract = path("sdk/contract"),
        testing = path("sdk/testing"),
    )
}

/// A basic string of TOML.
fn toml_text(text: &str) -> String {
    json!(text).to_string()
}

fn readme(name: &str, description: &str, deploy: &str) -> String {
    format!(
        "# {name}\n\n{description}\n\n```\ncounterpart test      # build, then every test natively and as Wasm\n\
         counterpart build     # target/contracts/{name}.wasm, its interface and its build record\n\
         counterpart devnet    # in another terminal: a network on this machine\n\
         counterpart deploy --as {name} target/contracts/{name}.wasm {deploy}\n\
         counterpart call {name} --help\n\
         counterpart verify {name}   # build again and compare with what the chain holds\n```\n"
    )
}
