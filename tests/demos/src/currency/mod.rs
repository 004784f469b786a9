//! A currency is granted, circulates, is recovered and redeemed, and the books are closed at each epoch.

mod oracle;
mod story;

use crate::network::{Ending, Network, Settings};
use crate::stage::Stage;
use serde_json::{Value, json};

/// What only this demonstration can be told.
#[derive(clap::Args)]
pub struct Arguments {
    /// People and shops; one in five is a shop.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(10..=100_000))]
    accounts: u64,
    /// Epochs, each of an hour of the network's clock.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(6..=500))]
    epochs: u64,
    /// Payments of an epoch.
    #[arg(long, default_value_t = 40)]
    payments: u64,
    /// What chance makes of the payments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Starts four replicas, founds a currency with a desk for grants and one for redemption, lets people pay each other for some
/// epochs, closes the books at each, changes a policy on the way, recomputes everything with rationals, and replays the ledger on
/// another engine in a process of its own.
pub fn run(settings: &Settings, arguments: &Arguments) -> anyhow::Result<Ending> {
    let contracts = settings.contracts(&["currency", "grant-desk", "redemption-desk"])?;
    let network = Network::start(settings)?;
    let mut stage = Stage::new(settings.output(), network.client(), contracts);
    let told = story::play(&mut stage, arguments)?;
    let (transactions, steps) = (stage.transactions(), stage.into_steps());
    let replayed = network.finish(settings.output())?;
    let last = told.books.last().cloned().unwrap_or(Value::Null);
    let yes = |holds: bool| if holds { "yes" } else { "NO" };
    let text = format!(
        "{transactions} transactions, {} certified\n\
         accounts and epochs     {} and {}\n\
         books closed            {} ({} epochs: issued = depository + circulating + leaving + redeemed)\n\
         granted, recovered      {} and {} units\n\
         rationals say the same  {} (at most {} of a unit apart)\n",
        told.certified,
        arguments.accounts,
        arguments.epochs,
        yes(told.conserved),
        told.books.len(),
        last["granted"],
        last["recovered"],
        yes(told.agrees),
        told.furthest,
    );
    let document = json!({
        "transactions": transactions,
        "certified": told.certified,
        "accounts": arguments.accounts,
        "epochs": arguments.epochs,
        "books": told.books,
        "conserved": told.conserved,
        "oracle_agrees": told.agrees,
        "furthest_from_oracle": told.furthest,
        "steps": Value::Array(steps),
    });
    let passed = told.conserved && told.agrees && told.books.len() as u64 == arguments.epochs;
    Ok(Ending { replayed, document, text, passed })
}
