//! `counterpart replay`.

mod journal;
mod words;

use crate::Context;
use crate::ledger::{self, EngineName, audit_failure, executor, open_unverified};
use crate::output::{Exit, Failure};
use counterpart_audit::{Report, Span, Touch, join, plan, replay, replay_blocks, replay_spans, touches};
use counterpart_execution::{Executor, contract};
use counterpart_ledger::Height;
use counterpart_storage::Store;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Execute blocks of a ledger again and compare each with what is stored and certified.
///
/// Without any limits the whole ledger is executed from genesis, and nothing of the stored state is used. Otherwise a block
/// begins with the stored state, whose root its certified header carries: blocks can be replayed in any order, on any number
/// of threads and machines (--plan says how to divide a ledger, --join puts the reports together). The default engine is one
/// that nodes do not run, so that a fault of their engine shows. Exits with 1 at the first block that differs, and says
/// where: block, transaction, host call, or the metered block between two of them.
#[derive(clap::Args)]
pub struct Arguments {
    /// A replica's folder, or the ledger in it; the node must not run.
    #[arg(required_unless_present_any = ["data_dir", "join"])]
    folder: Option<PathBuf>,
    /// The same by name.
    #[arg(long, value_name = "DIR", conflicts_with = "folder")]
    data_dir: Option<PathBuf>,
    /// The engine.
    #[arg(long, value_enum, default_value = "wasmi")]
    engine: EngineName,
    /// Source lines that `counterpart build` wrote (NAME.source.json), or a folder with such; can be given several times.
    #[arg(long, default_value = "target/contracts", value_name = "PATH")]
    source: Vec<PathBuf>,
    /// The first block.
    #[arg(long, value_name = "HEIGHT", conflicts_with_all = ["block", "transaction", "contract"])]
    from: Option<u64>,
    /// The last block.
    #[arg(long, value_name = "HEIGHT", conflicts_with_all = ["block", "transaction", "contract"])]
    to: Option<u64>,
    /// One block.
    #[arg(long, value_name = "HEIGHT", conflicts_with_all = ["transaction", "contract"])]
    block: Option<u64>,
    /// The block of a transaction.
    #[arg(long, value_name = "HASH", conflicts_with = "contract")]
    transaction: Option<String>,
    /// Every block in which a contract was made, called, changed or reported anything.
    #[arg(long, value_name = "CONTRACT")]
    contract: Option<String>,
    /// Spans that are replayed at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    threads: usize,
    /// Keep in this file what is done, and go on from there when the replay was interrupted.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["block", "transaction", "contract"])]
    resume: Option<PathBuf>,
    /// Print so many spans that cover the ledger, one to a line, and do nothing else.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["resume", "join", "block", "transaction", "contract"])]
    plan: Option<u64>,
    /// Put together the reports (of --json) of spans that were replayed elsewhere.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["resume", "block", "transaction", "contract"])]
    join: Vec<PathBuf>,
}

/// Spans of a replay that is kept in a file, for each thread: what is lost by an interruption is a part of one.
const SPANS_PER_THREAD: u64 = 16;

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    if !arguments.join.is_empty() {
        let joined = words::join_files(&arguments.join)?;
        let equal = joined["equal"] == true;
        context.output.result(&joined, &words::joined_line(&joined));
        return Ok(code(equal));
    }
    let folder = arguments.folder.clone().or_else(|| arguments.data_dir.clone());
    let folder = folder.ok_or_else(|| Failure::new(Exit::Input, "no_ledger", "name the folder of a ledger"))?;
    let store = open_unverified(&folder)?;
    if let Some(spans) = arguments.plan {
        return print_plan(context, &store, spans);
    }
    let (executor, sources) = (executor(arguments.engine)?, ledger::sources(&arguments.source)?);
    let mut life = None;
    let report = if let Some(heights) = single(context, &store, &arguments, &mut life)? {
        let bar = context.output.bar(heights.len() as u64, "replaying blocks");
        let report = replay_blocks(&store, &executor, &heights, &mut |_| bar.inc(1));
        bar.finish_and_clear();
        report.map_err(audit_failure)?
    } else {
        range(context, &store, &executor, &arguments)?
    };
    let place = words::place(&store, &report, &executor, arguments.engine)?;
    let mut document = words::document(&report, &store.genesis().hash(), place.as_ref(), &sources);
    let mut text = words::line(&report, place.as_ref(), &sources);
    if let Some(life) = &life {
        let touch = |touch: &Touch| json!({ "height": touch.height.0, "transaction": touch.transaction, "hash": touch.hash.to_string() });
        document["touches"] = life.iter().map(touch).collect();
        text = format!("{} transactions had to do with the contract\n{text}", life.len());
    }
    context.output.result(&document, &text);
    Ok(code(report.divergence.is_none()))
}

fn code(equal: bool) -> ExitCode {
    if equal { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) }
}

fn print_plan(context: &Context, store: &Store, spans: u64) -> anyhow::Result<ExitCode> {
    let spans = plan(store, spans).map_err(audit_failure)?;
    let lines: Vec<String> = spans.iter().map(|span| format!("{} {}", span.from, span.to)).collect();
    let document: Value = spans.iter().map(|span| json!({ "from": span.from.0, "to": span.to.0 })).collect();
    context.output.result(&document, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Heights that are replayed each for itself, if that is what was asked for.
fn single(
    context: &Context,
    store: &Store,
    arguments: &Arguments,
    life: &mut Option<Vec<Touch>>,
) -> anyhow::Result<Option<Vec<Height>>> {
    if let Some(block) = arguments.block {
        return Ok(Some(vec![Height(block)]));
    }
    if let Some(text) = &arguments.transaction {
        let hash = ledger::transaction_hash(text)?;
        let found = store.locate(&hash).map_err(|error| audit_failure(error.into()))?;
        let missing = || Failure::new(Exit::Input, "no_transaction", format!("this ledger has no transaction {hash}"));
        return Ok(Some(vec![found.ok_or_else(missing)?.0]));
    }
    let Some(word) = &arguments.contract else { return Ok(None) };
    let address = ledger::address(context, word)?;
    let record = contract(&*store.state(), &address).map_err(|fault| audit_failure(fault.into()))?;
    if record.is_none() {
        let failure = Failure::new(Exit::Input, "no_contract", format!("this ledger has no contract {address}"));
        return Err(failure.hint("is it the ledger of the right chain?").into());
    }
    let bar = context.output.bar(store.head().height.0, "reading blocks");
    let found = touches(store, &address, &mut |height| bar.set_position(height.0));
    bar.finish_and_clear();
    let found = found.map_err(audit_failure)?;
    let heights = found.iter().map(|touch| touch.height).collect();
    *life = Some(found);
    Ok(Some(heights))
}

/// Replays from one height to another.
fn range(context: &Context, store: &Store, executor: &Executor, arguments: &Arguments) -> anyhow::Result<Report> {
    let head = store.head().height;
    let bounded = arguments.from.is_some() || arguments.to.is_some();
    let threads = arguments.threads.clamp(1, 256);
    if !bounded && threads == 1 && arguments.resume.is_none() {
        let bar = context.output.bar(head.0, "replaying blocks");
        let report = replay(store, executor, &mut |height| bar.set_position(height.0));
        bar.finish_and_clear();
        return report.map_err(audit_failure);
    }
    let floor = store.floor().map_err(|error| audit_failure(error.into()))?;
    let from = arguments.from.unwrap_or(floor.0 + 1);
    let span = Span { from: Height(from), to: Height(arguments.to.unwrap_or(head.0)) };
    if span.from.0 == 0 || span.to > head || span.from > span.to {
        return Err(audit_failure(counterpart_audit::AuditError::NoBlocks(span.from, span.to)));
    }
    let parts = if arguments.resume.is_some() { threads as u64 * SPANS_PER_THREAD } else { threads as u64 };
    let mut journal = match &arguments.resume {
        Some(file) => Some(journal::Journal::open(file, store, executor)?),
        None => None,
    };
    let done = journal.as_ref().map(|journal| journal.done(span)).unwrap_or_default();
    let spans = divide(span, &done, parts);
    let replayed: u64 = done.iter().map(|report| report.blocks).sum();
    if replayed > 0 {
        context.output.note(format!("{replayed} of {} blocks were replayed before", span.to.0 - span.from.0 + 1));
    }
    let bar = context.output.bar(span.to.0 - span.from.0 + 1, "replaying blocks");
    bar.set_position(replayed);
    let mut failure = None;
    let reports = replay_spans(store, executor, &spans, threads, &mut |_| bar.inc(1), &mut |report| {
        if let Some(journal) = &mut journal {
            failure = journal.note(report).err().or(failure.take());
        }
    });
    bar.finish_and_clear();
    if let Some(failure) = failure {
        return Err(failure);
    }
    let mut reports: Vec<Report> = done.into_iter().chain(reports.map_err(audit_failure)?).collect();
    reports.sort_by_key(|report| report.span);
    if let Some(diverged) = reports.iter().find(|report| report.divergence.is_some()) {
        // Blocks before it may not have been replayed yet; what was found stands.
        return Ok(diverged.clone());
    }
    let apart = || Failure::new(Exit::Bug, "spans", "the spans do not follow one another");
    Ok(join(&reports).ok_or_else(apart)?)
}

/// What is left of a span, divided.
fn divide(span: Span, done: &[Report], parts: u64) -> Vec<Span> {
    let length = ((span.to.0 - span.from.0) / parts.max(1) + 1).max(1);
    let (mut spans, mut next) = (Vec::new(), span.from.0);
    let bounds = done.iter().map(|report| (report.span.from.0, report.span.to.0));
    for (from, to) in bounds.chain([(span.to.0 + 1, span.to.0)]) {
        while next < from {
            let last = (next + length - 1).min(from - 1);
            spans.push(Span { from: Height(next), to: Height(last) });
            next = last + 1;
        }
        next = next.max(to + 1);
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpart_ledger::Hash;

    fn report(from: u64, to: u64) -> Report {
        let span = Span { from: Height(from), to: Height(to) };
        let (start_root, state_root) = (Hash::ZERO, Hash::ZERO);
        Report { engine: "wasmi", span, blocks: 0, transactions: 0, gas: 0, start_root, state_root, divergence: None }
    }

    #[test]
    fn what_is_left_is_divided_and_what_is_done_is_left_out() {
        let whole = Span { from: Height(1), to: Height(10) };
        let bounds = |spans: Vec<Span>| spans.iter().map(|span| (span.from.0, span.to.0)).collect::<Vec<_>>();
        assert_eq!(bounds(divide(whole, &[], 3)), [(1, 4), (5, 8), (9, 10)]);
        assert_eq!(bounds(divide(whole, &[report(3, 6)], 3)), [(1, 2), (7, 10)]);
        assert_eq!(bounds(divide(whole, &[report(1, 10)], 3)), []);
        assert_eq!(bounds(divide(whole, &[], 100)), (1..=10).map(|at| (at, at)).collect::<Vec<_>>());
    }
}
