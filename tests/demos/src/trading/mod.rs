//! One trade over three exchanges, whole or not at all; a batch at one price; and an exchange over two chains.

pub mod chains;
mod fallback;
mod relay;
mod story;

use crate::network::{Ending, Network, Settings};
use crate::stage::Stage;
use serde_json::{Value, json};

/// Nothing but what all demonstrations can be told.
#[derive(clap::Args)]
pub struct Arguments {}

/// The contracts that it takes.
pub const CONTRACTS: [&str; 14] = [
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
    "light-client",
    "remote-order",
    "remote-desk",
    "hash-escrow",
];

/// Starts four replicas, fills a pool, a book and a maker's signed order, splits one trade of a hundred over the three of them, lets
/// two traders meet in a batch auction at the price that a solver finds, exchanges with a second network by proofs alone, and
/// replays both ledgers on another engine in a process of its own.
pub fn run(settings: &Settings, _: &Arguments) -> anyhow::Result<Ending> {
    let contracts = settings.contracts(&CONTRACTS)?;
    let network = Network::start(settings)?;
    let mut stage = Stage::new(settings.output(), network.client(), contracts.clone());
    let told = story::play(&mut stage)?;
    let second = network.beside(settings)?;
    let mut beside = Stage::new(settings.output(), second.client(), contracts);
    let exchanged = chains::play((&mut stage, network.client()), (&mut beside, second.client()))?;
    let transactions = stage.transactions() + beside.transactions();
    let certified = stage.certified() + beside.certified();
    let (steps, steps_beside) = (stage.into_steps(), beside.into_steps());
    let replayed_beside = second.finish(settings.output())?.equal;
    let replayed = network.finish(settings.output())?;
    let yes = |holds: bool| if holds { "yes" } else { "NO" };
    let text = format!(
        "{transactions} transactions, {certified} certified\n\
         sold, by pool/book/order {} of grain: {} / {} / {}\n\
         bought                  {} of silver, {} asked for\n\
         quoted before the same  {}\n\
         left at the router      {} units\n\
         batch settled at        {} silver for {} grain\n\
         nothing lost or made    {}\n\
         over two chains         {} delivered on B, {} paid on A; refunded when nobody did: {}\n\
         never both              {}\n\
         relay killed half-way   {} paid by the next one\n\
         without any relay       {} for {} by one secret; {} and {} back when the solver was gone\n\
         chain B replayed equal  {}\n",
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
        exchanged.delivered,
        exchanged.paid,
        exchanged.refunded,
        yes(exchanged.never_both),
        exchanged.resumed,
        exchanged.fallback.paid,
        exchanged.fallback.delivered,
        exchanged.fallback.back[0],
        exchanged.fallback.back[1],
        yes(replayed_beside),
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
        "delivered_on_b": exchanged.delivered,
        "paid_on_a": exchanged.paid,
        "refunded": exchanged.refunded,
        "never_both": exchanged.never_both,
        "conserved_on_both": exchanged.conserved,
        "paid_by_the_next_relay": exchanged.resumed,
        "by_secret": { "paid": exchanged.fallback.paid, "delivered": exchanged.fallback.delivered },
        "escrows_back": exchanged.fallback.back,
        "second_replay_equal": replayed_beside,
        "steps": Value::Array(steps),
        "steps_on_b": Value::Array(steps_beside),
    });
    let both = exchanged.never_both
        && exchanged.delivered >= 2_000
        && [exchanged.paid, exchanged.resumed, exchanged.refunded] == [3_000; 3]
        && exchanged.fallback.holds()
        && exchanged.conserved;
    let passed =
        both && replayed_beside && told.as_quoted && told.conserved && told.left == 0 && told.bought >= story::MIN_BUY;
    Ok(Ending { replayed, document, text, passed })
}
