//! A terminal walks into a shop: beacons, a copied one and a loud one, a price that changes, a payment and its receipt.

pub mod story;

use crate::network::{Ending, Network, Settings};
use crate::stage::Stage;
use serde_json::{Value, json};

/// Nothing but what all demonstrations can be told.
#[derive(clap::Args)]
pub struct Arguments {}

/// Starts four replicas and the service of merchants, reached sealed over loopback; a terminal among three shops finds the one it
/// stands at though another is louder and a beacon is copied, is refused at a price that changed, pays, proves its receipt by the
/// state and its certificate, and gets a part back; then replays the ledger on another engine in a process of its own.
pub fn run(settings: &Settings, _: &Arguments) -> anyhow::Result<Ending> {
    let contracts = settings.contracts(&["token", "merchants"])?;
    let network = Network::start(settings)?;
    let mut stage = Stage::new(settings.output(), network.client(), contracts);
    let told = story::play(&mut stage, network.client())?;
    let (transactions, certified, steps) = (stage.transactions(), stage.certified(), stage.into_steps());
    let replayed = network.finish(settings.output())?;
    let yes = |holds: bool| if holds { "yes" } else { "NO" };
    let text = format!(
        "{transactions} transactions, {certified} certified\n\
         shops within 100 m      {} of 4\n\
         the terminal stands at  shop {}; with a loud one far away {}; with a copied beacon {}\n\
         a price that changed    {}\n\
         paid and held           {} units, {} of them the operator's\n\
         receipt proved          {} (signed by {} of 4 replicas)\n\
         given back              {} units for one of two\n\
         nothing lost or made    {}\n",
        told.near,
        told.chosen[0],
        told.chosen[1],
        told.chosen[2],
        told.refused,
        told.amount,
        told.fee,
        yes(told.proved),
        told.signers,
        told.refunded,
        yes(told.conserved),
    );
    let document = json!({
        "transactions": transactions,
        "certified": certified,
        "near": told.near,
        "chosen": told.chosen,
        "refused": told.refused,
        "amount": told.amount,
        "fee": told.fee,
        "proved": told.proved,
        "signers": told.signers,
        "refunded": told.refunded,
        "conserved": told.conserved,
        "steps": Value::Array(steps),
    });
    let passed = told.conserved
        && told.proved
        && told.near == 3
        && told.chosen == [0; 3]
        && told.refused == "Changed"
        && (told.amount, told.fee, told.refunded) == (1_000, 20, 500);
    Ok(Ending { replayed, document, text, passed })
}
