//! Five bins, a gateway that is killed, a buyer that reads what it paid for, and a wrong key.

mod bins;
mod story;

use crate::network::{Ending, Network, Settings};
use crate::stage::Stage;
use serde_json::{Value, json};

/// Nothing but what all demonstrations can be told.
#[derive(clap::Args)]
pub struct Arguments {}

/// The contracts that it takes.
const CONTRACTS: [&str; 4] = ["token", "recycling", "sealing-referee", "data-market"];

/// Starts four replicas and a gateway in a process of its own; lets five bins send 500 readings while the gateway is killed, buys
/// 40 of them with 100.00, proves a wrong key, follows an item until more comes out than went in, and replays the ledger on another
/// engine in a process of its own.
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
         readings on the ledger  {} of 500, the gateway was killed after {}\n\
         forged and replayed     {} and {}\n\
         bought                  40 for {}; {} open to the signed event, {} by a wrong key\n\
         wrong key proved        {} back, {} of the gateway's bond\n\
         paid                    gateway {}, fund {}, owner {}\n\
         rewards                 {} of a budget of {}, for {} wished\n\
         more out than in        {}\n\
         EPCIS hashes            {} of 500 recomputed\n\
         nothing lost or made    {}\n",
        told.recorded,
        told.before_the_kill,
        told.forged,
        told.replayed,
        told.deducted,
        told.good,
        told.wrong,
        told.refunded,
        told.slashed,
        told.shares[0],
        told.shares[1],
        told.shares[2],
        told.rewarded,
        told.budget,
        told.wished,
        if told.flagged { "flagged" } else { "NOT flagged" },
        told.recomputed,
        yes(told.conserved),
    );
    let document = json!({
        "transactions": transactions,
        "certified": certified,
        "recorded": told.recorded,
        "before_the_kill": told.before_the_kill,
        "forged": told.forged,
        "replayed": told.replayed,
        "deducted": told.deducted,
        "good": told.good,
        "wrong": told.wrong,
        "refunded": told.refunded,
        "slashed": told.slashed,
        "shares": { "gateway": told.shares[0], "fund": told.shares[1], "owner": told.shares[2] },
        "left": told.left,
        "rewarded": told.rewarded,
        "budget": told.budget,
        "wished": told.wished,
        "flagged": told.flagged,
        "recomputed": told.recomputed,
        "conserved": told.conserved,
        "steps": Value::Array(steps),
    });
    let paid: u64 = told.shares.iter().sum();
    let passed = told.conserved
        && told.flagged
        && (told.recorded, told.recomputed) == (500, 500)
        && (told.good, told.wrong) == (39, 1)
        && told.shares == [2_340, 780, 4_680]
        && told.slashed == 2_000
        && told.deducted == 8_000
        && paid + told.refunded == told.deducted
        && told.left + paid == 10_000
        && told.rewarded == told.budget
        && told.forged == "bad_signature"
        && told.replayed == "replayed";
    Ok(Ending { replayed, document, text, passed })
}
