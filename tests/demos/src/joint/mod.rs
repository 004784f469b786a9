//! Seven stories that take contracts of several systems together: each ends with the sum over all of them.

mod kit;
mod purchase;
mod readings;
mod shares;
mod site;
mod town;
mod upgrade;
mod vouchers;

use crate::network::{Ending, Network, Settings};
use crate::stage::Stage;
use crate::trading;
use clap::ValueEnum;
use kit::Told;
use serde_json::{Value, json};

/// Which story.
#[derive(clap::Args)]
pub struct Arguments {
    /// Which one.
    #[arg(value_enum, ignore_case = true)]
    flow: Flow,
}

/// The stories.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Flow {
    /// Lenders found by a tender pay for a site; its revenue, split by contract, pays them back.
    #[value(name = "J1")]
    Site,
    /// Shares under rules are traded through a router, and refused in the middle of a route.
    #[value(name = "J2")]
    Shares,
    /// The decision on a token's next version is held, superseded, released, and then carried out.
    #[value(name = "J3")]
    Upgrade,
    /// Keys of readings are paid with a voucher and, where that ends, with a currency that decays.
    #[value(name = "J4")]
    Readings,
    /// A purchase at a shop is paid with two vouchers at once, and proved with a certificate.
    #[value(name = "J5")]
    Purchase,
    /// A trade over two chains, carried by certificates alone.
    #[value(name = "J6")]
    Chains,
    /// A currency is granted, paid as a reward, spent at a shop, and comes back to where it was granted from.
    #[value(name = "J7")]
    Town,
}

/// The arguments with which every story is told.
pub fn every() -> impl Iterator<Item = String> {
    let flows = Flow::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    flows.map(|flow| format!("joint {}", flow.get_name()))
}

impl Flow {
    fn contracts(self) -> &'static [&'static str] {
        match self {
            Self::Site => &["token", "sealing-referee", "tender", "loan", "energy-site"],
            Self::Shares => &shares::CONTRACTS,
            Self::Upgrade => &["security-token", "security-token-v2", "held-records", "hold-policy"],
            Self::Readings => &readings::CONTRACTS,
            Self::Purchase => &purchase::CONTRACTS,
            Self::Chains => &trading::CONTRACTS,
            Self::Town => &["currency", "recycling", "merchants"],
        }
    }
}

/// Starts four replicas, tells a story, holds what everybody has against what was made, and replays the ledger of each replica on
/// another engine in a process of its own, and verifies each block of the story as a bundle.
pub fn run(settings: &Settings, arguments: &Arguments) -> anyhow::Result<Ending> {
    let flow = arguments.flow;
    let contracts = settings.contracts(flow.contracts())?;
    let network = Network::start(settings)?;
    let mut stage = Stage::new(settings.output(), network.client(), contracts.clone());
    let told = match flow {
        Flow::Site => site::play(&mut stage)?,
        Flow::Shares => shares::play(&mut stage)?,
        Flow::Upgrade => upgrade::play(&mut stage)?,
        Flow::Readings => readings::play(&mut stage)?,
        Flow::Purchase => purchase::play(&mut stage, network.client())?,
        Flow::Town => town::play(&mut stage)?,
        Flow::Chains => {
            let second = network.beside(settings)?;
            let mut beside = Stage::new(settings.output(), second.client(), contracts);
            let exchanged = trading::chains::play((&mut stage, network.client()), (&mut beside, second.client()))?;
            let equal = second.finish(settings.output())?.equal;
            kit::chains(&exchanged, equal)
        }
    };
    let (transactions, certified, steps) = (stage.transactions(), stage.certified(), stage.into_steps());
    let replayed = network.finish(settings.output())?;
    let replicas_agree = replayed.on_every_replica()?;
    let (bundles, verified) = replayed.bundles(&steps)?;
    let yes = |holds: bool| if holds { "yes" } else { "NO" };
    let Told { facts, conserved, as_expected } = told;
    let lines: Vec<String> = facts.iter().map(|(name, value)| format!("{name:<23} {}\n", plain(value))).collect();
    let text = format!(
        "{transactions} transactions, {certified} certified\n{}nothing lost or made    {}\nsame on every replica   {}\n\
         bundles verified        {verified} of {bundles}\n",
        lines.concat(),
        yes(conserved),
        yes(replicas_agree)
    );
    let mut document = json!({
        "transactions": transactions,
        "certified": certified,
        "conserved": conserved,
        "as_expected": as_expected,
        "replicas_agree": replicas_agree,
        "bundles": bundles,
        "bundles_verified": verified,
        "steps": Value::Array(steps),
    });
    for (name, value) in facts {
        document[name.replace(' ', "_")] = value;
    }
    Ok(Ending { replayed, document, text, passed: conserved && as_expected && replicas_agree && verified == bundles })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
