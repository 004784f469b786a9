//! One purchase over a voucher and a card; the same with a card that fails; and a card that answers too late.

mod story;

use crate::network::{Ending, Network, Settings};
use crate::stage::Stage;
use serde_json::{Value, json};

/// Nothing but what all demonstrations can be told.
#[derive(clap::Args)]
pub struct Arguments {}

/// The contracts that it takes.
const CONTRACTS: [&str; 5] = ["token", "payments", "wallet-provider", "prepaid-provider", "card-provider"];

/// Starts four replicas and a card network with faults on order, both reached over loopback; pays 50.00 with a voucher of 10.00 and
/// a card, lets the card fail and everything go back, lets the card answer too late, refunds, and replays the ledger on another
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
         wallet too small        {}\n\
         voucher and card        {} and {} of 5000, the merchant has {}\n\
         card fails              {}; voucher {}, card {}\n\
         card answers too late   {}; {} on the card before and after\n\
         refunded                {} to the voucher, {} to the card\n\
         nothing lost or made    {}\n",
        told.first_failure,
        told.legs[0],
        told.legs[1],
        told.merchant,
        told.failed,
        told.voucher_after_failure,
        told.card_after_failure,
        told.late,
        told.card_after_late,
        told.refunded[0],
        told.refunded[1],
        yes(told.conserved),
    );
    let document = json!({
        "transactions": transactions,
        "certified": certified,
        "first_failure": told.first_failure,
        "legs": told.legs,
        "merchant": told.merchant,
        "failed": told.failed,
        "voucher_after_failure": told.voucher_after_failure,
        "card_after_failure": told.card_after_failure,
        "late": told.late,
        "card_after_late": told.card_after_late,
        "refunded": told.refunded,
        "conserved": told.conserved,
        "steps": Value::Array(steps),
    });
    let passed = told.conserved
        && told.legs == [1_000, 4_000]
        && told.merchant == 4_950
        && told.voucher_after_failure == 1_000
        && told.card_after_failure == 6_000
        && told.card_after_late == 6_000
        && told.refunded == [500, 4_000];
    Ok(Ending { replayed, document, text, passed })
}
