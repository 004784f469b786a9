//! `counterpart replay`.

use crate::Context;
use crate::output::{Exit, Failure, OrFail};
use counterpart_audit::{AuditError, Difference, Divergence, Report, replay};
use counterpart_execution::{Engine, Executor};
use counterpart_module::Profile;
use counterpart_referee::WasmiEngine;
use counterpart_storage::{Store, StoreError};
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Execute a whole ledger again from genesis and compare every block.
///
/// Nothing of the stored state is used. The default engine is one that nodes do not run, so that a fault of their engine
/// shows. Exits with 1 at the first block that differs.
#[derive(clap::Args)]
pub struct Arguments {
    /// A replica's folder, or the ledger in it; the node must not run.
    #[arg(required_unless_present = "data_dir")]
    folder: Option<PathBuf>,
    /// The same by name.
    #[arg(long, value_name = "DIR", conflicts_with = "folder")]
    data_dir: Option<PathBuf>,
    /// The engine.
    #[arg(long, value_enum, default_value = "wasmi")]
    engine: EngineName,
}

/// Engines by name.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum EngineName {
    /// wasmi, an interpreter.
    Wasmi,
    /// wasmtime with its optimising compiler.
    Cranelift,
    /// wasmtime with its single-pass compiler.
    Winch,
}

/// Makes an engine.
pub fn engine(name: EngineName) -> anyhow::Result<Arc<dyn Engine>> {
    let wasmtime = |compiler| {
        let engine = WasmtimeEngine::new(Options { compiler, ..Options::default() });
        engine.or_fail(Exit::Bug, "engine", "the engine cannot be set up")
    };
    Ok(match name {
        EngineName::Wasmi => Arc::new(WasmiEngine::new()),
        EngineName::Cranelift => Arc::new(wasmtime(Compiler::Cranelift)?),
        EngineName::Winch => Arc::new(wasmtime(Compiler::Winch)?),
    })
}

/// Opens the ledger in a replica's folder.
pub fn open(folder: &Path) -> anyhow::Result<Store> {
    let inner = folder.join("ledger");
    let ledger = if inner.is_dir() { inner } else { folder.to_path_buf() };
    Store::open(&ledger).map_err(|error| {
        let failure = Failure::new(Exit::Input, error.name(), &error);
        match error {
            StoreError::Locked(_) => failure.hint("stop the node first, or replay a copy"),
            StoreError::Missing(_) => failure.hint("name a replica's folder, such as devnet/replica-0"),
            _ => failure,
        }
        .into()
    })
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let folder = arguments.folder.or(arguments.data_dir);
    let folder = folder.ok_or_else(|| Failure::new(Exit::Input, "no_ledger", "name the folder of a ledger"))?;
    let store = open(&folder)?;
    let executor = Executor::new(engine(arguments.engine)?, Profile::v1());
    let bar = context.output.bar(store.head().height.0, "replaying blocks");
    let report = replay(&store, &executor, &mut |height| bar.set_position(height.0));
    bar.finish_and_clear();
    if let Err(AuditError::Store(error @ StoreError::Pruned { .. })) = &report {
        let hint = "replay an archive, or single blocks from their bundles";
        return Err(Failure::new(Exit::Input, error.name(), error).hint(hint).into());
    }
    let report = report.or_fail(Exit::Bug, "replay", "the replay cannot go on")?;
    let text = match &report.divergence {
        None => format!(
            "{} blocks with {} transactions came out equal on {}; state root {}",
            report.blocks, report.transactions, report.engine, report.state_root
        ),
        Some(divergence) => format!("block {} differs on {}: {}", divergence.height, report.engine, words(divergence)),
    };
    context.output.result(&document(&report), &text);
    Ok(if report.divergence.is_none() { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}

fn document(report: &Report) -> Value {
    json!({
        "engine": report.engine,
        "blocks": report.blocks,
        "transactions": report.transactions,
        "gas": report.gas,
        "state_root": report.state_root.to_string(),
        "equal": report.divergence.is_none(),
        "divergence": report.divergence.as_ref().map(|divergence| {
            json!({ "height": divergence.height.0, "difference": words(divergence) })
        }),
    })
}

fn words(divergence: &Divergence) -> String {
    match &divergence.difference {
        Difference::Parent => "it does not follow its parent".to_owned(),
        Difference::Transactions => "its header commits to other transactions".to_owned(),
        Difference::Certificate(message) => format!("its certificate does not hold: {message}"),
        Difference::ParentRoots => "it carries other roots of its parent's results".to_owned(),
        Difference::Receipt { transaction, stored, replayed } => {
            format!("transaction {transaction} had another result\nstored   {stored:?}\nreplayed {replayed:?}")
        }
        Difference::State { stored, replayed, keys } => {
            let keys: Vec<String> = keys.iter().map(|key| format!("0x{}", hex::encode(key))).collect();
            format!("the state root is {replayed}, stored is {stored}; keys that differ: {}", keys.join(" "))
        }
    }
}
