//! `counterpart module`: what validation, metering and the engines say about a file, without a chain.

use crate::Context;
use crate::output::{Exit, Failure, OrFail};
use counterpart_module::{PreparedModule, Profile, prepare};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Look at, run or meter a Wasm module without a chain.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Say whether a chain accepts a module (.wasm or .wat), and why not.
    Check {
        /// The module.
        file: PathBuf,
    },
    /// Write the metered module, as every replica computes it.
    Instrument {
        /// The module.
        file: PathBuf,
        /// Where to write it.
        #[arg(short, long)]
        output: PathBuf,
    },
}

/// Runs the verb.
pub fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check { file } => check(context, &file),
        Command::Instrument { file, output } => {
            let (_, prepared) = load(&file)?;
            std::fs::write(&output, &prepared.wasm).or_fail(
                Exit::Input,
                "write",
                format!("cannot write {}", output.display()),
            )?;
            let document = json!({ "output": output, "bytes": prepared.wasm.len(), "hash": prepared.hash.to_string() });
            context
                .output
                .result(&document, &format!("{}  {} bytes  {}", output.display(), prepared.wasm.len(), prepared.hash));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(context: &Context, file: &Path) -> anyhow::Result<ExitCode> {
    let bytes = read(file)?;
    match prepare(&bytes, &Profile::v1()) {
        Ok(prepared) => {
            let document = json!({
                "accepted": true, "bytes": bytes.len(), "metered_bytes": prepared.wasm.len(),
                "code_hash": prepared.original_hash.to_string(), "metered_hash": prepared.hash.to_string(),
                "memory_pages": { "initial": prepared.initial_pages, "maximum": prepared.maximum_pages },
                "entries": prepared.entries, "interface_bytes": prepared.metadata.as_ref().map(Vec::len),
                "upload_gas": counterpart_execution::upload_gas(bytes.len()).0,
            });
            let text = format!(
                "accepted\n  size       {} bytes, {} metered\n  code hash  {}\n  memory     {} to {} pages\n  entries    {}\n  upload     {} gas",
                bytes.len(),
                prepared.wasm.len(),
                prepared.original_hash,
                prepared.initial_pages,
                prepared.maximum_pages,
                prepared.entries.join(", "),
                counterpart_execution::upload_gas(bytes.len()).0,
            );
            context.output.result(&document, &text);
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let document =
                json!({ "accepted": false, "code": error.code(), "name": error.name(), "message": error.to_string() });
            context.output.result(&document, &format!("refused: {error}\n  code  {} ({})", error.code(), error.name()));
            Ok(ExitCode::from(Exit::No as u8))
        }
    }
}

/// Reads a module in binary or text form.
pub fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = std::fs::read(file).or_fail(Exit::Input, "read", format!("cannot read {}", file.display()))?;
    if bytes.starts_with(b"\0asm") || file.extension().is_none_or(|extension| extension != "wat") {
        return Ok(bytes);
    }
    wat::parse_bytes(&bytes).map(|binary| binary.into_owned()).or_fail(
        Exit::Input,
        "wat",
        format!("{} is not a module", file.display()),
    )
}

/// Reads and prepares a module.
pub fn load(file: &Path) -> anyhow::Result<(Vec<u8>, PreparedModule)> {
    let bytes = read(file)?;
    let prepared = prepare(&bytes, &Profile::v1()).map_err(|error| {
        Failure::new(Exit::No, error.name(), format!("{}: {error}", file.display()))
            .hint("`counterpart module check` shows the rule")
    })?;
    Ok((bytes, prepared))
}
