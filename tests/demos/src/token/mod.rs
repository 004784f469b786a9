//! The whole idea: a security token is issued, traded, upgraded and replayed.

mod cap_table;
mod story;
mod succession;

use crate::network::{Ending, Network, Settings};
use crate::stage::Stage;
use cap_table::CapTable;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What only this demonstration can be told.
#[derive(clap::Args)]
pub struct Arguments {
    /// The table of holders, as CSV with the columns holder, units, frozen, locked_days.
    #[arg(long, default_value = "contracts/security-token/demo/cap-table.csv", value_name = "FILE")]
    cap_table: PathBuf,
}

/// Starts four replicas, reads a table of holders, issues units to them under rules, trades, shows a refused transfer, proposes the
/// token's next version and names it, moves all holders, pays a dividend and splits the units while some have moved and some have
/// not, and replays the ledger on another engine in a process of its own.
pub fn run(settings: &Settings, arguments: &Arguments) -> anyhow::Result<Ending> {
    let table = CapTable::read(&arguments.cap_table)?;
    let contracts = settings.contracts(&[
        "security-token",
        "security-token-v2",
        "identity-registry",
        "compliance",
        "dividend-desk",
        "sale-desk",
    ])?;
    let network = Network::start(settings)?;
    let mut stage = Stage::new(settings.output(), network.client(), contracts);
    let told = story::play(&mut stage, &table)?;
    let (transactions, steps) = (stage.transactions(), stage.into_steps());
    let replayed = network.finish(settings.output())?;
    let text = format!(
        "{transactions} transactions, {} certified\n\
         parent still callable   {}\n\
         holders migrated        {}\n\
         dividend paid           {} of native currency, to holders of both versions\n\
         split over both         {}\n\
         transfer refused        {}\n",
        told.certified,
        if told.parent_still_callable { "yes" } else { "NO" },
        told.migrated_holders,
        told.dividend_paid,
        if told.split_exact { "exact" } else { "NOT EXACT" },
        told.refused,
    );
    let document = json!({
        "transactions": transactions,
        "certified": told.certified,
        "parent_still_callable": told.parent_still_callable,
        "migrated_holders": told.migrated_holders,
        "dividend_paid": told.dividend_paid.to_string(),
        "split_exact": told.split_exact,
        "refused": told.refused,
        "steps": Value::Array(steps),
    });
    let moved = told.parent_still_callable && told.migrated_holders == table.holders.len();
    let passed = moved && told.split_exact && told.dividend_paid > 0;
    Ok(Ending { replayed, document, text, passed })
}
