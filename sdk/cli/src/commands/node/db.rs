//! `counterpart node db`.

use crate::Context;
use crate::ledger::open;
use crate::output::{Exit, Failure};
use counterpart_ledger::{Hash, Height};
use counterpart_storage::{Store, StoreError};
use indicatif::ProgressBar;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Verbs for a ledger on disk. The folder is a replica's, or the ledger in it; the node must not run.
#[derive(clap::Subcommand)]
pub enum Db {
    /// How far it goes, its root, and what it takes on disk.
    Stats {
        /// The ledger.
        folder: PathBuf,
    },
    /// Examine every block that is kept: links, transactions, receipts, votes, the root of every height, code, indexes.
    ///
    /// Exits with 1 and names the first thing that does not hold.
    Check {
        /// The ledger.
        folder: PathBuf,
    },
    /// Forget blocks, receipts and history below the newest; the state itself loses nothing.
    Prune {
        /// The ledger.
        folder: PathBuf,
        /// Blocks below the newest that are kept, from now on too.
        #[arg(long, value_name = "BLOCKS", required_unless_present = "archive")]
        keep: Option<u64>,
        /// Forget nothing from now on.
        #[arg(long, conflicts_with = "keep")]
        archive: bool,
    },
    /// Make the indexes again from blocks and receipts.
    Reindex {
        /// The ledger.
        folder: PathBuf,
    },
    /// Write the state after a block in chunks that anyone can verify against its root alone.
    Snapshot {
        /// The ledger.
        folder: PathBuf,
        /// The new folder of the snapshot.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// The block; the newest whose results are certified by the next if it is not given.
        #[arg(long)]
        height: Option<u64>,
    },
    /// Make a ledger from a snapshot; goes on where it was interrupted, and stops at the first wrong chunk.
    Import {
        /// The folder of the snapshot.
        snapshot: PathBuf,
        /// The new ledger.
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
        /// Hash of the genesis document: the one thing that has to be known.
        #[arg(long, value_name = "HASH")]
        genesis: String,
    },
    /// Copy a ledger as it is; the copy is verified before it gets its name.
    Backup {
        /// The ledger.
        folder: PathBuf,
        /// The new copy.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Examine a backup from end to end and copy it to where a node will use it.
    Restore {
        /// The backup.
        backup: PathBuf,
        /// The new ledger.
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
    },
}

/// Runs the verb.
pub fn run(context: &Context, command: Db) -> anyhow::Result<ExitCode> {
    match command {
        Db::Stats { folder } => stats(context, &open(&folder)?),
        Db::Check { folder } => check(context, &open(&folder)?),
        Db::Prune { folder, keep, archive: _ } => prune(context, &open(&folder)?, keep),
        Db::Reindex { folder } => {
            let store = open(&folder)?;
            store.rebuild_indexes().map_err(failure)?;
            told(context, &store, "indexes made again")
        }
        Db::Snapshot { folder, out, height } => snapshot(context, &open(&folder)?, &out, height),
        Db::Import { snapshot, into, genesis } => {
            let hint = "chain_genesis answers it, as does `counterpart node db stats`";
            let genesis = Hash::from_hex(&genesis)
                .ok_or_else(|| Failure::new(Exit::Input, "bad_hash", "--genesis is 64 hex digits").hint(hint))?;
            let bar = context.output.bar(0, "importing chunks");
            let store = Store::import_snapshot(&snapshot, &into, &genesis, &mut steps(&bar)).map_err(failure)?;
            bar.finish_and_clear();
            told(context, &store, "imported and verified")
        }
        Db::Backup { folder, out } => {
            let store = open(&folder)?;
            let bar = context.output.bar(0, "copying tables");
            store.backup(&out, &mut steps(&bar)).map_err(failure)?;
            bar.finish_and_clear();
            told(context, &store, "backed up and verified")
        }
        Db::Restore { backup, into } => {
            let bar = context.output.bar(0, "copying tables");
            let store = Store::restore(&backup, &into, &mut steps(&bar)).map_err(failure)?;
            bar.finish_and_clear();
            told(context, &store, "examined, restored and verified")
        }
    }
}

fn steps(bar: &ProgressBar) -> impl FnMut(u64, u64) + '_ {
    |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    }
}

fn failure(error: StoreError) -> anyhow::Error {
    let exit = match error {
        StoreError::Corrupt(_) | StoreError::Snapshot(_) => Exit::No,
        StoreError::Store(_) | StoreError::Poisoned => Exit::Bug,
        _ => Exit::Input,
    };
    let failure = Failure::new(exit, error.name(), &error);
    match error {
        StoreError::Corrupt(_) => failure.hint("restore a backup, or import a snapshot and let the node catch up"),
        StoreError::Snapshot(_) => failure.hint("take the snapshot from another node"),
        StoreError::Exists(_) => failure.hint("name a folder that is not there yet"),
        StoreError::Pruned { .. } => failure.hint("an archive has it: see `counterpart node db prune --archive`"),
        _ => failure,
    }
    .into()
}

/// One line about a ledger that something was done to.
fn told(context: &Context, store: &Store, what: &str) -> anyhow::Result<ExitCode> {
    let head = store.head();
    let document = json!({ "height": head.height.0, "state_root": head.state_root.to_string(), "done": what });
    context.output.result(&document, &format!("{what}: block {}, state root {}", head.height, head.state_root));
    Ok(ExitCode::SUCCESS)
}

fn stats(context: &Context, store: &Store) -> anyhow::Result<ExitCode> {
    let head = store.head();
    let (floor, retention) = (store.floor().map_err(failure)?, store.retention().map_err(failure)?);
    let journal = store.journal_bytes().map_err(failure)?;
    let sizes = store.sizes();
    let kept = retention.map_or("everything".to_owned(), |blocks| format!("{blocks} blocks"));
    let mut lines = vec![
        format!("chain         {}", store.genesis().chain.0),
        format!("genesis       {}", store.genesis().hash()),
        format!("newest block  {} ({})", head.height, head.hash),
        format!("state root    {}", head.state_root),
        format!("floor         {floor}, keeps {kept}"),
        format!("journal       {journal} bytes"),
        format!("{:<14}{:>12}{:>16}", "table", "entries", "bytes on disk"),
    ];
    lines.extend(sizes.iter().map(|size| format!("{:<14}{:>12}{:>16}", size.name, size.entries, size.bytes)));
    let tables: serde_json::Map<String, serde_json::Value> = sizes
        .iter()
        .map(|size| (size.name.to_owned(), json!({ "entries": size.entries, "bytes": size.bytes })))
        .collect();
    let document = json!({
        "chain": store.genesis().chain.0, "genesis": store.genesis().hash().to_string(), "height": head.height.0,
        "hash": head.hash.to_string(), "state_root": head.state_root.to_string(), "floor": floor.0,
        "retention": retention, "journal_bytes": journal, "tables": tables,
    });
    context.output.result(&document, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

fn check(context: &Context, store: &Store) -> anyhow::Result<ExitCode> {
    let bar = context.output.bar(0, "examining blocks");
    let examined = store.check(&mut steps(&bar));
    bar.finish_and_clear();
    let examined = examined.map_err(failure)?;
    let document = json!({
        "holds": true, "blocks": examined.blocks, "transactions": examined.transactions, "roots": examined.roots,
        "entries": examined.entries, "codes": examined.codes, "state_root": store.head().state_root.to_string(),
    });
    let text = format!(
        "everything holds: {} blocks with {} transactions, {} state roots, {} entries, {} modules of code",
        examined.blocks, examined.transactions, examined.roots, examined.entries, examined.codes
    );
    context.output.result(&document, &text);
    Ok(ExitCode::SUCCESS)
}

fn prune(context: &Context, store: &Store, keep: Option<u64>) -> anyhow::Result<ExitCode> {
    let floor = store.floor().map_err(failure)?.0;
    let target = keep.map_or(floor, |keep| store.head().height.0.saturating_sub(keep).max(floor));
    let bar = context.output.bar(target - floor, "forgetting blocks");
    let pruned = store.retain(keep, &mut |height| bar.set_position(height.0 - floor));
    bar.finish_and_clear();
    pruned.map_err(failure)?;
    let now = store.floor().map_err(failure)?;
    let document = json!({ "floor": now.0, "retention": keep, "forgotten": now.0 - floor });
    let kept = keep.map_or("everything is kept from now on".to_owned(), |keep| format!("{keep} blocks are kept"));
    context
        .output
        .result(&document, &format!("{} blocks forgotten; the ledger begins at {now}; {kept}", now.0 - floor));
    Ok(ExitCode::SUCCESS)
}

fn snapshot(context: &Context, store: &Store, out: &std::path::Path, height: Option<u64>) -> anyhow::Result<ExitCode> {
    let newest = store.snapshot_height().map_err(failure)?;
    let height = height.or(newest.map(|height| height.0));
    let too_few = || {
        let message = "a snapshot needs a block whose results the next one certifies, and finals for that";
        Failure::new(Exit::Input, "too_few_blocks", message)
    };
    let height = height.ok_or_else(too_few)?;
    let bar = context.output.bar(0, "writing entries");
    let manifest = store.export_snapshot(Height(height), out, &mut steps(&bar)).map_err(failure)?;
    bar.finish_and_clear();
    let document = json!({
        "height": height, "state_root": manifest.state_root().to_string(), "chunks": manifest.chunks.len(),
        "codes": manifest.codes.len(), "genesis": manifest.genesis.hash().to_string(), "folder": out,
    });
    let text = format!(
        "block {height}, state root {}: {} chunks and {} modules of code in {}\nimport it with --genesis {}",
        manifest.state_root(),
        manifest.chunks.len(),
        manifest.codes.len(),
        out.display(),
        manifest.genesis.hash()
    );
    context.output.result(&document, &text);
    Ok(ExitCode::SUCCESS)
}
