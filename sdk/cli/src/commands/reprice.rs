//! `counterpart reprice`.

use crate::Context;
use crate::commands::profile::profile;
use crate::ledger::{Ledger, LedgerArguments};
use crate::output::{Exit, Failure, OrFail};
use counterpart_audit::Schedule;
use counterpart_host_functions::Cost;
use counterpart_ledger::{Height, Outcome};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// What transactions of a ledger would cost under other prices.
///
/// The operations of every transaction are counted and priced anew: instructions, functions entered, host calls. Exits with 1
/// when a transaction would no longer fit its limit.
#[derive(clap::Args)]
#[command(after_long_help = SCHEDULE)]
pub struct Arguments {
    #[command(flatten)]
    ledger: LedgerArguments,
    /// The file with the prices that change.
    schedule: PathBuf,
    /// The first block.
    #[arg(long, default_value_t = 1, value_name = "HEIGHT")]
    from: u64,
    /// The last block; the newest without it.
    #[arg(long, value_name = "HEIGHT")]
    to: Option<u64>,
}

const SCHEDULE: &str = "\
The schedule is a TOML file with the prices that change:

  function_entry = 8
  [operators]
  I64Mul = 5
  [host.storage_set]
  base = 12000
  per_byte_16th = 64

Instructions have their names in WebAssembly, as I64Mul for i64.mul; host functions and their prices
stand in docs/host-functions.md.";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    function_entry: Option<u64>,
    local: Option<u64>,
    #[serde(default)]
    operators: BTreeMap<String, u64>,
    #[serde(default)]
    host: BTreeMap<String, HostPrice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HostPrice {
    base: Option<u64>,
    per_byte_16th: Option<u64>,
}

/// The highest price: sums of a whole ledger stay far below what numbers hold.
const MAX_PRICE: u64 = 1 << 32;

fn read(path: &PathBuf) -> anyhow::Result<Schedule> {
    let text =
        std::fs::read_to_string(path).or_fail(Exit::Input, "file", format!("{} cannot be read", path.display()))?;
    let changes: Changes = toml::from_str(&text).or_fail(Exit::Input, "bad_schedule", path.display())?;
    let unknown = |kind: &str, name: &str| {
        let failure = Failure::new(Exit::Input, "unknown_operation", format!("there is no {kind} `{name}`"));
        failure.hint("names of instructions are written as in I64Add, those of host functions as contracts import them")
    };
    let mut schedule = Schedule::default();
    schedule.function_entry = changes.function_entry.unwrap_or(schedule.function_entry);
    schedule.local = changes.local.unwrap_or(schedule.local);
    for (name, gas) in changes.operators {
        *schedule.operators.get_mut(&name).ok_or_else(|| unknown("instruction", &name))? = gas;
    }
    for (name, price) in changes.host {
        let cost = schedule.host.get_mut(&name).ok_or_else(|| unknown("host function", &name))?;
        *cost = Cost {
            base: price.base.unwrap_or(cost.base),
            per_byte_16th: price.per_byte_16th.unwrap_or(cost.per_byte_16th),
        };
    }
    let prices = schedule.operators.values().copied();
    let host = schedule.host.values().flat_map(|cost| [cost.base, cost.per_byte_16th]);
    if prices.chain(host).chain([schedule.function_entry, schedule.local]).any(|price| price > MAX_PRICE) {
        return Err(Failure::new(Exit::Input, "bad_schedule", format!("no price may be above {MAX_PRICE}")).into());
    }
    Ok(schedule)
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let schedule = read(&arguments.schedule)?;
    let ledger = Ledger::open(&arguments.ledger)?;
    let head = ledger.store.head().height.0;
    let to = arguments.to.unwrap_or(head);
    if arguments.from == 0 || to > head || arguments.from > to {
        let text = format!("there are no blocks {} to {to}; the newest is {head}", arguments.from);
        return Err(Failure::new(Exit::Input, "no_blocks", text).into());
    }
    let bar = context.output.bar(to - arguments.from + 1, "pricing blocks");
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    let (mut charged, mut repriced, mut unfit) = (0u64, 0u64, 0u64);
    for height in (arguments.from..=to).map(Height) {
        let at = ledger.at(height)?;
        for (index, signed) in at.block.transactions.iter().enumerate() {
            let (profile, receipts) = profile(&ledger, height, Some(index))?;
            let price = schedule.price(&profile);
            let limit = signed.transaction.gas_limit.0;
            let fits = price.repriced <= limit || matches!(receipts[index].outcome, Outcome::OutOfGas { .. });
            (charged, repriced, unfit) = (charged + price.charged, repriced + price.repriced, unfit + u64::from(!fits));
            let hash = receipts[index].transaction.to_string();
            let note = if fits { "" } else { "  no longer fits its limit" };
            lines.push(format!(
                "{hash} {:>12} {:>12} {:>8}{note}",
                price.charged,
                price.repriced,
                share(price.charged, price.repriced)
            ));
            rows.push(json!({
                "hash": hash, "height": height.0, "gas": price.charged, "repriced": price.repriced, "limit": limit, "fits": fits,
            }));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    lines.push(format!(
        "{} transactions: {charged} gas, {repriced} repriced ({}); {unfit} no longer fit",
        rows.len(),
        share(charged, repriced)
    ));
    let document = json!({
        "gas": charged, "repriced": repriced, "no_longer_fit": unfit, "transactions": rows.into_iter().collect::<Value>(),
    });
    context.output.result(&document, &lines.join("\n"));
    Ok(if unfit == 0 { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}

fn share(old: u64, new: u64) -> String {
    let percent = (new as f64 / old.max(1) as f64 - 1.0) * 100.0;
    format!("{percent:+.2} %")
}
