//! `counterpart module`: what validation, metering and the engines say about a file, without a chain.

use crate::Context;
use crate::ledger::{EngineName, engine};
use crate::output::{Exit, Failure, OrFail};
use counterpart_execution::Executor;
use counterpart_ledger::{Gas, Outcome};
use counterpart_module::{PreparedModule, Profile, prepare};
use counterpart_node::rpc::outcome_json;
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
    /// Run one exported function of a module, alone and without a chain, with the host calls that contracts have.
    Run(RunArguments),
    /// Write the metered module, as every replica computes it.
    Instrument {
        /// The module.
        file: PathBuf,
        /// Where to write it.
        #[arg(short, long)]
        output: PathBuf,
    },
}

/// What to run, and on what.
#[derive(clap::Args)]
pub struct RunArguments {
    /// The module.
    file: PathBuf,
    /// The export: a function without parameters and results.
    #[arg(long = "call", default_value = "call")]
    export: String,
    /// Input bytes in hex.
    #[arg(long, default_value = "")]
    input: String,
    /// The most gas.
    #[arg(long, default_value_t = 10_000_000)]
    gas: u64,
    /// The engine; the result is the same on each.
    #[arg(long, value_enum, default_value = "cranelift")]
    engine: EngineName,
}

/// Runs the verb.
pub fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check { file } => check(context, &file),
        Command::Run(arguments) => run_alone(context, &arguments),
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

fn run_alone(context: &Context, arguments: &RunArguments) -> anyhow::Result<ExitCode> {
    let (code, prepared) = load(&arguments.file)?;
    if !prepared.entries.contains(&arguments.export) {
        let message = format!("{} exports no function {} to run", arguments.file.display(), arguments.export);
        let failure = Failure::new(Exit::Input, "no_entry", message);
        return Err(failure.hint(format!("it exports {}", prepared.entries.join(", "))).into());
    }
    let digits = arguments.input.trim_start_matches("0x");
    let input = hex::decode(digits).or_fail(Exit::Input, "input", "the input is not hex")?;
    let executor = Executor::new(engine(arguments.engine)?, Profile::v1());
    let result = executor.run_alone(&code, &arguments.export, &input, Gas(arguments.gas));
    let result = result.or_fail(Exit::Bug, "engine", "the engine failed")?;
    let result = result.or_fail(Exit::No, "refused", "the module is not accepted")?;
    let outcome = serde_json::to_value(outcome_json(&result.outcome, &|_| None))?;
    let bytes = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    let value = |value: &Option<Vec<u8>>| value.as_ref().map(|value| bytes(value));
    let document = json!({
        "engine": executor.engine_name(),
        "outcome": outcome,
        "output": bytes(&result.output),
        "gas_used": result.gas_used.0,
        "stack": result.stack,
        "memory_hash": result.memory_hash.map(|hash| hash.to_string()),
        "evidence": result.evidence.to_string(),
        "events": result.events.iter().map(|event| json!({
            "topics": event.topics.iter().map(|topic| topic.to_string()).collect::<Vec<_>>(),
            "data": bytes(&event.data),
        })).collect::<Vec<_>>(),
        "writes": result.writes.iter().map(|(key, write)| json!({
            "key": bytes(key), "old": value(&write.old), "new": value(&write.new),
        })).collect::<Vec<_>>(),
    });
    let mut text = format!(
        "{}\n  output  {}\n  gas     {}\n  memory  {}\n  events  {}\n  writes  {}",
        outcome["status"].as_str().unwrap_or_default(),
        bytes(&result.output),
        result.gas_used,
        result.memory_hash.map_or_else(|| "none".to_owned(), |hash| hash.to_string()),
        result.events.len(),
        result.writes.len(),
    );
    for (key, write) in &result.writes {
        let new = value(&write.new).unwrap_or_else(|| "removed".to_owned());
        text.push_str(&format!("\n    {} = {new}", bytes(key)));
    }
    context.output.result(&document, &text);
    Ok(if result.outcome == Outcome::Success { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
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
