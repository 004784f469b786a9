//! Thirty days of a plant: gas becomes power and work, revenue is split, certificates are issued once, and cheats are refused.

pub mod site;
mod story;

use crate::network::{Ending, Network, Settings};
use crate::stage::Stage;
use serde_json::{Value, json};

/// How long.
#[derive(clap::Args)]
pub struct Arguments {
    /// Days of the plant.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(4..=365))]
    days: u64,
}

/// The contracts that it takes.
const CONTRACTS: [&str; 3] = ["token", "compute-pool", "energy-site"];

/// Starts four replicas; lets a plant run for thirty days minute by minute, its meters sign, a gateway bring their batches over a link
/// that loses a fifth of everything, miners really look for shares, and every day be closed and settled; lets others cheat in six
/// ways, and replays the ledger on another engine in a process of its own.
pub fn run(settings: &Settings, arguments: &Arguments) -> anyhow::Result<Ending> {
    let contracts = settings.contracts(&CONTRACTS)?;
    let network = Network::start(settings)?;
    let mut stage = Stage::new(settings.output(), network.client(), contracts);
    let days = arguments.days;
    let told = story::play(&mut stage, days)?;
    let (transactions, certified, steps) = (stage.transactions(), stage.certified(), stage.into_steps());
    let replayed = network.finish(settings.output())?;
    let yes = |holds: bool| if holds { "yes" } else { "NO" };
    let cheats: Vec<String> = told.cheats.iter().map(|(what, error)| format!("  {what:<22}{error}\n")).collect();
    let text = format!(
        "{transactions} transactions, {certified} certified\n\
         plant                   {days} days, {} minutes; demand within what there was in all of them\n\
         gas                     {} scf, {} mmBtu by AGA8 and 40 CFR 98\n\
         power                   {} kWh generated, {} used: {} Btu for a kWh\n\
         readings                {} in {} batches over a link that lost {} messages; each there once\n\
         work                    {} shares, {} hashes; a task agreed on by {} of 3\n\
         revenue                 {} split to the unit: {} + {} + {}\n\
         certificates            {} of {} days, {} kg CO2e avoided; {} used up\n\
         controller              {} of {} logs replay to the same set-points\n\
         refused\n{}\
         nothing lost or made    {}\n",
        told.minutes,
        told.scf,
        told.mmbtu,
        told.generated_kwh,
        told.used_kwh,
        told.btu_per_kwh,
        told.readings,
        told.batches,
        told.lost,
        told.shares,
        told.hashes,
        told.agreed,
        told.revenue,
        told.split[0],
        told.split[1],
        told.split[2],
        told.certificates,
        told.days,
        told.avoided_kg,
        told.retired,
        told.logs_replayed,
        told.days,
        cheats.concat(),
        yes(told.conserved),
    );
    let refused: serde_json::Map<String, Value> =
        told.cheats.iter().map(|(what, error)| (what.replace(' ', "_"), json!(error))).collect();
    let document = json!({
        "transactions": transactions,
        "certified": certified,
        "days": told.days,
        "minutes": told.minutes,
        "scf": told.scf,
        "mmbtu": told.mmbtu,
        "generated_kwh": told.generated_kwh,
        "used_kwh": told.used_kwh,
        "btu_per_kwh": told.btu_per_kwh,
        "readings": told.readings,
        "batches": told.batches,
        "messages_lost": told.lost,
        "shares": told.shares,
        "hashes": told.hashes.to_string(),
        "agreed": told.agreed,
        "revenue": told.revenue,
        "split": told.split,
        "certificates": told.certificates,
        "avoided_kg": told.avoided_kg,
        "retired": told.retired,
        "logs_replayed": told.logs_replayed,
        "refused": refused,
        "conserved": told.conserved,
        "steps": Value::Array(steps),
    });
    let expected = ["WrongCounter", "WrongTime", "BadSignature", "BadConditions", "AboveTarget", "Certified"];
    let passed = told.conserved
        && told.logs_replayed == days
        && told.certificates == days
        && told.readings == told.readings_on_ledger
        && told.split.iter().sum::<u64>() == told.revenue
        && told.agreed == 2
        && told.shares > 0
        && told.cheats.iter().map(|(_, error)| error.as_str()).eq(expected);
    Ok(Ending { replayed, document, text, passed })
}
