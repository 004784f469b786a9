//! `counterpart simulate`.

use crate::Context;
use crate::output::{Exit, Failure};
use counterpart_simulation::{Faults, Outcome, Plan, run as play};
use serde_json::json;
use std::process::ExitCode;

/// Play networks of replicas in one thread, with a virtual clock, faults and liars; everything follows from the seed.
///
/// The replicas run the code of `counterpart node run`. Clients with every number of finals from R to N watch, and clients that
/// decide by time. What contradicts the protocol's promises is told with its seed, and exits with 1. Conflicts that the number
/// of liars allows are told too, with the members whom the evidence names.
#[derive(clap::Args)]
pub struct Arguments {
    /// The first and the last seed, as A..B; one seed alone is A.
    #[arg(long, default_value = "1..4", value_name = "A..B")]
    seeds: String,
    /// N.
    #[arg(long, default_value_t = 4)]
    replicas: u16,
    /// R; the least that is more than two thirds of N if it is not given.
    #[arg(long)]
    quorum: Option<u16>,
    /// Heights of each seed.
    #[arg(long, default_value_t = 200)]
    heights: u64,
    /// What goes wrong, separated by commas: latency:MS, jitter:MS, loss:PERMILLE, duplicates:PERMILLE, partitions, crashes, epochs,
    /// skew:MS, silent:N, and liars: equivocate:N, withhold:N, forge:N, corrupt:N.
    #[arg(long, default_value = "none", value_name = "LIST")]
    faults: Faults,
    /// Transactions a second.
    #[arg(long, default_value_t = 40)]
    transactions: u64,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (first, last) = seeds(&arguments.seeds)?;
    let n = arguments.replicas;
    let quorum = arguments.quorum.unwrap_or(n * 2 / 3 + 1);
    let faulty = arguments.faults.liars.len() as u64 + u64::from(arguments.faults.silent);
    if !(1..=64).contains(&n) || quorum > n || quorum * 2 <= n || faulty >= u64::from(n) {
        let message = format!("{n} replicas with a quorum of {quorum}, {faulty} of them faulty");
        let hint = "1 to 64 replicas, a quorum of more than half, and at least one replica that is not faulty";
        return Err(Failure::new(Exit::Input, "bad_network", message).hint(hint).into());
    }
    let bar = context.output.bar(last - first + 1, "playing seeds");
    let outcomes: Vec<Outcome> = (first..=last)
        .map(|seed| {
            let plan = Plan {
                faults: arguments.faults.clone(),
                transactions: arguments.transactions,
                ..Plan::new(seed, n, quorum, arguments.heights)
            };
            let outcome = play(&plan);
            bar.inc(1);
            outcome
        })
        .collect();
    bar.finish_and_clear();
    let heights: u64 = outcomes.iter().map(|outcome| outcome.height).sum();
    let broken: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.violations.is_empty()).collect();
    let conflicts = outcomes.iter().filter(|outcome| outcome.conflicts > 0).count();
    let mean = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum::<u64>() / outcomes.len().max(1) as u64;
    let mut lines = vec![format!(
        "{} seeds, {heights} heights, {} crashes: {} seeds with violations, {conflicts} with conflicts that so many liars allow",
        outcomes.len(),
        outcomes.iter().map(|outcome| outcome.crashes).sum::<u64>(),
        broken.len(),
    )];
    lines.push(format!(
        "mean: {:.1} ms from proposal to approval, {:.1} ms between blocks",
        mean(|outcome| outcome.approval_us) as f64 / 1_000.0,
        mean(|outcome| outcome.block_us) as f64 / 1_000.0
    ));
    for outcome in outcomes.iter().filter(|outcome| outcome.conflicts > 0) {
        let names: Vec<String> = outcome.named.iter().map(ToString::to_string).collect();
        lines.push(format!(
            "seed {}: conflicts; evidence names {} (at least {})",
            outcome.seed,
            names.join(" "),
            outcome.promised
        ));
    }
    for outcome in &broken {
        for violation in &outcome.violations {
            lines.push(format!("seed {}: {} {}", outcome.seed, violation.invariant, violation.what));
        }
    }
    let document = json!({
        "replicas": n, "quorum": quorum, "faults": arguments.faults, "heights": heights, "violations": broken.len(),
        "conflicts": conflicts, "seeds": outcomes,
    });
    context.output.result(&document, &lines.join("\n"));
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}

fn seeds(text: &str) -> anyhow::Result<(u64, u64)> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    match (first.parse(), last.trim_start_matches('=').parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok((first, last)),
        _ => Err(Failure::new(Exit::Input, "bad_seeds", format!("`{text}` are no seeds"))
            .hint("write A..B, such as 1..100")
            .into()),
    }
}
