//! `counterpart bindings`.

use crate::Context;
use crate::chain::{self, ChainArguments};
use crate::commands::deploy::Uploaded;
use crate::output::{Exit, OrFail};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write a typed client of a contract, for other contracts in Rust or for programs in TypeScript.
///
/// Rust: an `#[interface]` and the types that it needs; a contract that includes the file calls this one. TypeScript: what
/// every method takes and answers, as the JavaScript package gives and takes it.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The contract: a finished .wasm file, an address, or the name that it was deployed under.
    contract: String,
    /// The language.
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    language: Language,
    /// Write a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Languages that clients are written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Language {
    /// For contracts.
    Rust,
    /// For pages and services.
    Typescript,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let file = Path::new(&arguments.contract);
    let is_file = file.extension().is_some_and(|extension| extension == "wasm") && file.is_file();
    let abi = if is_file {
        Uploaded::read(file)?.abi
    } else {
        let address = chain::address(context, &arguments.contract)?;
        chain::connect(&arguments.chain)?.abi(&address).map_err(chain::client_failure)?
    };
    let text = match arguments.language {
        Language::Rust => abi.to_rust(&arguments.contract),
        Language::Typescript => abi.to_typescript(&arguments.contract),
    };
    match &arguments.output {
        None => context.output.result(&json!({ "contract": abi.name, "bindings": text }), &text),
        Some(path) => {
            std::fs::write(path, &text).or_fail(Exit::Input, "write", path.display())?;
            let document = json!({ "contract": abi.name, "file": path });
            context.output.result(&document, &path.display().to_string());
        }
    }
    Ok(ExitCode::SUCCESS)
}
