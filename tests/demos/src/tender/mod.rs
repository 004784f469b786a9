//! A borrower asks twelve lenders for money under sealed rates; the loan is paid back, and another one is not.

pub mod story;

use crate::network::{Ending, Network, Settings};
use crate::stage::Stage;
use serde_json::{Value, json};

/// Nothing but what all demonstrations can be told.
#[derive(clap::Args)]
pub struct Arguments {}

/// Starts four replicas, lets a borrower open a tender for a thousand and twelve lenders respond with sealed rates, one of whom
/// lies and one of whom refuses; pays the loan back in twelve instalments; lets another loan default; and replays the ledger on
/// another engine in a process of its own.
pub fn run(settings: &Settings, _: &Arguments) -> anyhow::Result<Ending> {
    let contracts = settings.contracts(&["token", "sealing-referee", "tender", "loan"])?;
    let network = Network::start(settings)?;
    let mut stage = Stage::new(settings.output(), network.client(), contracts);
    let told = story::play(&mut stage)?;
    let (transactions, certified, steps) = (stage.transactions(), stage.certified(), stage.into_steps());
    let replayed = network.finish(settings.output())?;
    let yes = |holds: bool| if holds { "yes" } else { "NO" };
    let text = format!(
        "{transactions} transactions, {certified} certified\n\
         opened too early        {} of 12 responses\n\
         first round             {} units of {} lenders; one lied, one refused\n\
         second round            {} units at {} % together\n\
         paid back               {} units in 12 instalments, {} of them to lenders\n\
         after the default       {} of {} units owed came by auction\n\
         nothing lost or made    {}\n",
        told.opened_early,
        told.first_sum,
        told.first_lenders,
        told.sum,
        percent(told.blended_ppm),
        told.repaid,
        told.paid_out,
        told.recovered,
        told.owed,
        yes(told.conserved),
    );
    let passed = told.opened_early == 0
        && told.conserved
        && told.sum == 900
        && told.blended_ppm == 46_111
        && told.repaid - told.paid_out <= 3;
    let document = json!({
        "transactions": transactions,
        "certified": certified,
        "opened_too_early": told.opened_early,
        "first_round": { "sum": told.first_sum, "lenders": told.first_lenders },
        "second_round": { "sum": told.sum, "blended_rate_ppm": told.blended_ppm },
        "repaid": told.repaid,
        "paid_out": told.paid_out,
        "owed_at_default": told.owed,
        "recovered": told.recovered,
        "conserved": told.conserved,
        "steps": Value::Array(steps),
    });
    Ok(Ending { replayed, document, text, passed })
}

/// Parts of a million as a percentage with three digits.
fn percent(ppm: u64) -> String {
    format!("{}.{:03}", ppm / 10_000, ppm % 10_000 / 10)
}
