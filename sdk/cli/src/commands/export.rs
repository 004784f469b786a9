//! `counterpart export`.

use crate::Context;
use crate::ledger::{audit_failure, open};
use crate::output::{Exit, Failure};
use counterpart_export::{ExportError, Format, Table, TableError, What, export_blocks, export_state};
use counterpart_ledger::Height;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write a ledger's blocks, transactions, actions, events or state as a table, for analysts.
///
/// Calls, errors, events and entries are decoded by the contracts' interfaces; the bytes stand beside. Amounts are decimal
/// digits, because they can have 128 bits. The format follows the file's name: .parquet or .csv.
#[derive(clap::Args)]
pub struct Arguments {
    /// What to write.
    #[arg(value_enum)]
    what: Choice,
    /// A replica's folder, or the ledger in it; the node must not run.
    #[arg(long, env = "COUNTERPART_DATA_DIR", value_name = "DIR")]
    data_dir: PathBuf,
    /// Where it goes: a name that ends with .parquet or .csv.
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// The first block; the oldest without it.
    #[arg(long, value_name = "HEIGHT")]
    from: Option<u64>,
    /// The last block, or the block after which the state is taken; the newest without it.
    #[arg(long, visible_alias = "height", value_name = "HEIGHT")]
    to: Option<u64>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Choice {
    /// One row for each block.
    Blocks,
    /// One row for each transaction.
    Transactions,
    /// One row for each action of a transaction.
    Actions,
    /// One row for each event.
    Events,
    /// One row for each entry of the state.
    State,
}

fn format(path: &Path) -> anyhow::Result<Format> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Ok(Format::Csv),
        Some("parquet") => Ok(Format::Parquet),
        _ => {
            let failure = Failure::new(Exit::Input, "format", format!("{} says no format", path.display()));
            Err(failure.hint("end the name with .parquet or .csv").into())
        }
    }
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let format = format(&arguments.out)?;
    let store = open(&arguments.data_dir)?;
    let head = store.head().height.0;
    let floor = store.floor().map_err(|error| audit_failure(error.into()))?.0;
    let (from, to) = (arguments.from.unwrap_or(floor + 1), arguments.to.unwrap_or(head));
    let is_state = matches!(arguments.what, Choice::State);
    if to > head || (!is_state && (from == 0 || from > to.max(from))) {
        let text = format!("there are no blocks {from} to {to}; the newest is {head}");
        return Err(Failure::new(Exit::Input, "no_blocks", text).into());
    }
    let what = match arguments.what {
        Choice::Blocks => What::Blocks,
        Choice::Transactions => What::Transactions,
        Choice::Actions => What::Actions,
        Choice::Events => What::Events,
        Choice::State => What::State,
    };
    let mut table = Table::create(&arguments.out, format, what.columns()).map_err(|error| failure(error.into()))?;
    let written = if is_state {
        let bar = context.output.spinner("entries");
        let written = export_state(&store, Height(to), &mut table, &mut |entries| bar.set_position(entries));
        bar.finish_and_clear();
        written
    } else {
        let bar = context.output.bar((to + 1).saturating_sub(from), "exporting blocks");
        let written = export_blocks(&store, what, (Height(from), Height(to)), &mut table, &mut |_| bar.inc(1));
        bar.finish_and_clear();
        written
    };
    written.map_err(failure)?;
    let rows = table.finish().map_err(|error| failure(error.into()))?;
    let columns: Vec<&str> = what.columns().iter().map(|(name, _)| *name).collect();
    let document = json!({ "file": arguments.out, "rows": rows, "columns": columns, "from": from, "to": to });
    context.output.result(&document, &format!("{rows} rows in {}", arguments.out.display()));
    Ok(ExitCode::SUCCESS)
}

fn failure(error: ExportError) -> anyhow::Error {
    match error {
        ExportError::Store(error) => audit_failure(error.into()),
        ExportError::Table(error @ TableError::File { .. }) => Failure::new(Exit::Input, "file", error).into(),
        error @ ExportError::NoBlock(_) => Failure::new(Exit::Input, "no_blocks", error).into(),
        error @ (ExportError::State(_) | ExportError::Table(_)) => Failure::new(Exit::Bug, "export", error).into(),
    }
}
