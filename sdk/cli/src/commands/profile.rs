//! `counterpart profile`.

use crate::Context;
use crate::ledger::{Ledger, LedgerArguments, Words, line_words, write};
use crate::output::{Exit, Failure, OrFail};
use counterpart_audit::{Line, LineUse, Profile, Profiler};
use counterpart_ledger::{Height, Receipt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Where the gas of a transaction or a block went: by function, source line and host call.
///
/// The ledger's block is executed again with probes where the meter charges. The parts sum to the charged gas to the unit;
/// if they did not, this would fail. The total of a line is its own gas and that of all that it calls. Source lines come from NAME.source.json, which `counterpart build` writes.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    ledger: LedgerArguments,
    /// The transaction's hash.
    #[arg(required_unless_present = "block")]
    transaction: Option<String>,
    /// All transactions of this block instead.
    #[arg(long, value_name = "HEIGHT", conflicts_with = "transaction")]
    block: Option<u64>,
    /// How many of the dearest lines are printed.
    #[arg(long, default_value_t = 20, value_name = "NUMBER")]
    lines: usize,
    /// Write a flame graph.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write the folded format of flame-graph tools.
    #[arg(long, value_name = "FILE")]
    folded: Option<PathBuf>,
    /// Write a document for speedscope.app.
    #[arg(long, value_name = "FILE")]
    speedscope: Option<PathBuf>,
    /// Write a profile for pprof.
    #[arg(long, value_name = "FILE")]
    pprof: Option<PathBuf>,
    /// Write which lines ran in the tracefile format of lcov.
    #[arg(long, value_name = "FILE")]
    lcov: Option<PathBuf>,
}

/// A profile of transactions of one block.
pub fn profile(ledger: &Ledger, height: Height, only: Option<usize>) -> anyhow::Result<(Profile, Vec<Receipt>)> {
    let at = ledger.at(height)?;
    let inputs = ledger.inputs(&at);
    let executor = ledger.executor.with_probes();
    let observed =
        executor.observe_block(&inputs.context, inputs.transactions, inputs.state, inputs.codes, Profiler::new(only));
    let (result, profiler) = observed.or_fail(Exit::Bug, "execution", "the block cannot be executed")?;
    let stored = ledger.store.receipts(height).or_fail(Exit::Input, "ledger", "the receipts cannot be read")?;
    if stored.as_ref() != Some(&result.receipts) {
        let failure =
            Failure::new(Exit::No, "diverged", format!("block {height} comes out otherwise than it is stored"));
        return Err(failure.hint("`counterpart replay --block` says where").into());
    }
    let profile = profiler.finish(&result.receipts, &Words { ledger, state: &*at.state });
    if profile.unattributed != 0 || profile.flame.gas != profile.total {
        let text = format!("{} of {} gas cannot be told apart", profile.unattributed, profile.total);
        return Err(Failure::new(Exit::Bug, "unattributed", text).into());
    }
    Ok((profile, result.receipts))
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(&arguments.ledger)?;
    let (height, only) = match (&arguments.transaction, arguments.block) {
        (Some(hash), _) => {
            let (_, height, index) = ledger.locate(hash)?;
            (height, Some(index))
        }
        (None, block) => (Height(block.unwrap_or_default()), None),
    };
    let (profile, _) = profile(&ledger, height, only)?;
    let at = ledger.at(height)?;
    let words = Words { ledger: &ledger, state: &*at.state };
    let lines = profile.lines(&words);
    let flame = &profile.flame;
    let outputs = [
        (&arguments.svg, flame.to_svg().into_bytes()),
        (&arguments.folded, flame.folded().into_bytes()),
        (&arguments.speedscope, flame.to_speedscope().to_string().into_bytes()),
        (&arguments.pprof, flame.to_pprof()),
        (&arguments.lcov, lcov(&profile, &ledger, &lines).into_bytes()),
    ];
    for (file, bytes) in outputs {
        if let Some(file) = file {
            write(file, &bytes)?;
        }
    }
    let unknown: Vec<String> =
        profile.codes.keys().filter(|code| !ledger.sources().contains_key(*code)).map(ToString::to_string).collect();
    if !unknown.is_empty() {
        context.output.note(format!("no source lines of {}: name them with --source", unknown.join(" ")));
    }
    context.output.result(&document(&profile, height, &lines), &table(&profile, height, &lines, arguments.lines));
    Ok(ExitCode::SUCCESS)
}

/// A profile for machines.
pub fn document(profile: &Profile, height: Height, lines: &BTreeMap<Line, LineUse>) -> Value {
    let line = |(line, used): (&Line, &LineUse)| json!({ "file": line.file, "line": line.line, "total": used.total, "gas": used.gas, "host_gas": used.host, "instructions": used.count });
    let hosts = profile
        .hosts
        .iter()
        .map(|(function, used)| json!({ "function": function.name(), "calls": used.count, "gas": used.gas }));
    json!({
        "height": height.0,
        "gas": profile.total,
        "instructions": profile.instructions(),
        "host": profile.hosts.values().map(|used| used.gas).sum::<u64>(),
        "instances": profile.instances.gas,
        "outside": profile.outside,
        "lines": lines.iter().map(line).collect::<Value>(),
        "host_calls": hosts.collect::<Value>(),
        "flame": profile.flame,
    })
}

/// A profile for people.
pub fn table(profile: &Profile, height: Height, lines: &BTreeMap<Line, LineUse>, most: usize) -> String {
    let host: u64 = profile.hosts.values().map(|used| used.gas).sum();
    let mut text = format!(
        "block {height}: {} gas = {} instructions + {host} host calls + {} instances + {} bytes, signatures and actions\n",
        profile.total,
        profile.instructions(),
        profile.instances.gas,
        profile.outside
    );
    let mut hosts: Vec<_> = profile.hosts.iter().collect();
    hosts.sort_by_key(|(_, used)| std::cmp::Reverse(used.gas));
    for (function, used) in hosts {
        writeln!(text, "{:>12} gas  {:>6} calls  {}", used.gas, used.count, function.name()).expect("text grows");
    }
    let mut dearest: Vec<_> = lines.iter().collect();
    dearest.sort_by_key(|(_, used)| std::cmp::Reverse(used.total));
    if !dearest.is_empty() {
        writeln!(text, "{:>12} {:>12} {:>12}  line", "total gas", "own", "host calls").expect("text grows");
    }
    for (line, used) in dearest.into_iter().take(most) {
        writeln!(text, "{:>12} {:>12} {:>12}  {}", used.total, used.gas, used.host, line_words(line))
            .expect("text grows");
    }
    text
}

/// Lines of the code that ran, and whether they did.
fn lcov(profile: &Profile, ledger: &Ledger, ran: &BTreeMap<Line, LineUse>) -> String {
    let mut files: BTreeMap<String, BTreeMap<u32, u64>> = BTreeMap::new();
    let sources = profile.codes.keys().filter_map(|code| ledger.sources().get(code));
    for line in sources.flat_map(counterpart_audit::SourceMap::lines) {
        let count = ran.get(&line).map_or(0, |used| used.count);
        files.entry(line.file).or_default().insert(line.line, count);
    }
    let mut text = String::new();
    for (file, lines) in files {
        writeln!(text, "SF:{file}").expect("text grows");
        lines.iter().for_each(|(line, count)| writeln!(text, "DA:{line},{count}").expect("text grows"));
        let reached = lines.values().filter(|count| **count > 0).count();
        writeln!(text, "LH:{reached}\nLF:{}\nend_of_record", lines.len()).expect("text grows");
    }
    text
}
