//! Records that are held, withdrawn in time and too late, superseded, and kept through a death of the gatekeeper.

pub mod story;

use crate::network::{Ending, Network, Settings};
use crate::stage::Stage;
use serde_json::{Value, json};

/// Nothing but what all demonstrations can be told.
#[derive(clap::Args)]
pub struct Arguments {}

/// The contracts that it takes.
const CONTRACTS: [&str; 2] = ["hold-policy", "held-records"];

/// Starts four replicas and a gatekeeper in a process of its own; holds twenty records in four bands, withdraws one in time and one
/// too late, supersedes one twice, kills the gatekeeper in between, lets an attacker go straight to the ledger, and replays the
/// ledger on another engine in a process of its own.
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
         records                 20 in bands of 5 min, 1 h, 12 h and 48 h\n\
         recorded                {} of 20; {} withdrawn, {} superseded\n\
         held at least           {}\n\
         withdrawn before ready  {}\n\
         withdrawn at ready      {}\n\
         superseded twice        {} of 3 recorded\n\
         gatekeeper killed       {} records before, {} after\n\
         straight to the ledger  {} and {}\n\
         receipts verified       {} of {}\n",
        told.recorded,
        told.cancelled,
        told.superseded,
        yes(told.held_long_enough),
        told.in_time,
        told.too_late,
        told.of_the_line,
        told.before_the_kill,
        told.after_the_kill,
        told.past_the_hold,
        told.before_ready,
        told.receipts_verified,
        told.receipts,
    );
    let document = json!({
        "transactions": transactions,
        "certified": certified,
        "recorded": told.recorded,
        "cancelled": told.cancelled,
        "superseded": told.superseded,
        "held_long_enough": told.held_long_enough,
        "in_time": told.in_time,
        "too_late": told.too_late,
        "of_the_line": told.of_the_line,
        "before_the_kill": told.before_the_kill,
        "after_the_kill": told.after_the_kill,
        "past_the_hold": told.past_the_hold,
        "before_ready": told.before_ready,
        "receipts": told.receipts,
        "receipts_verified": told.receipts_verified,
        "steps": Value::Array(steps),
    });
    let passed = told.held_long_enough
        && (told.recorded, told.cancelled, told.superseded) == (17, 1, 2)
        && told.in_time == "cancelled"
        && told.too_late == "too_late"
        && told.of_the_line == 1
        && (told.before_the_kill, told.after_the_kill) == (20, 20)
        && told.past_the_hold == "NotHeld"
        && told.before_ready == "TooEarly"
        && told.receipts_verified == told.receipts
        && told.receipts > 0;
    Ok(Ending { replayed, document, text, passed })
}
