//! One trade over three exchanges, whole or not at all, and a batch at one price.

mod story;

use crate::network::{Ending, Network, Settings};
use crate::stage::Stage;
use serde_json::{Value, json};

/// Nothing but what all demonstrations can be told.
#[derive(clap::Args)]
pub struct Arguments {}

/// The contracts that it takes.
const CONTRACTS: [&str; 10] = [
    "token",
    "liquidity-pool",
    "order-book",
    "signed-orders",
    "batch-auction",
    "pool-handler",
    "book-handler",
    "order-handler",
    "transfer-proxy",
    "swap-router",
];

/// Starts four replicas, fills a pool, a book and a maker's signed order, splits one trade of a hundred over the three of them, lets
/// two traders meet in a batch auction at the price that a solver finds, and replays the ledger on another engine in a process
/// of its own.
pub fn run(settings: &Settings, _: &Arguments) -> anyhow::Result<Ending> {
    let contracts = settings.contracts(&CONTRACTS)?;
    let network = Network::start(settings)?;
    let mut stage = Stage::new(settings.output(), network.client(), contracts);
    let told = story::play(&mut stage)?;
    let (transactions, certified, steps) = (stage.transactions(), stage.certified(), stage.into_steps());
    let replayed = network.finish(settings.output())?;
    let yes = |holds: bool| if holds { "yes" } else { "NO" };
    let text = format!(
        "{transactions} transactions, {certified} certified\n\
         sold, by pool/book/order {} of grain: {} / {} / {}\n\
         bought                  {} of silver, {} asked for\n\
         quoted before the same  {}\n\
         left at the router      {} units\n\
         batch settled at        {} silver for {} grain\n\
         nothing lost or made    {}\n",
        told.sold,
        story::SHARES[0],
        story::SHARES[1],
        story::SHARES[2],
        told.bought,
        story::MIN_BUY,
        yes(told.as_quoted),
        told.left,
        told.price.0,
        told.price.1,
        yes(told.conserved),
    );
    let document = json!({
        "transactions": transactions,
        "certified": certified,
        "sold": told.sold,
        "shares": story::SHARES,
        "bought": told.bought,
        "as_quoted": told.as_quoted,
        "left_at_the_router": told.left,
        "batch_price": { "quote": told.price.0, "base": told.price.1 },
        "conserved": told.conserved,
        "steps": Value::Array(steps),
    });
    let passed = told.as_quoted && told.conserved && told.left == 0 && told.bought >= story::MIN_BUY;
    Ok(Ending { replayed, document, text, passed })
}
