//! Demonstrations: each system of the suite from beginning to end, on a network of its own.

mod currency;
mod energy;
mod joint;
mod merchant;
mod network;
mod payment;
mod records;
mod recycling;
mod stage;
mod tender;
mod token;
mod trading;

use clap::{Args, Parser, Subcommand};
use counterpart_cli::output::Output;
use counterpart_cli::{Context, default_home, start_logging};
use network::Settings;
use std::process::ExitCode;

/// Shows a system of the suite: real contracts on a network of four replicas, and a replay of what they did.
///
/// Without a name it shows the whole idea: a security token is issued, traded, upgraded and replayed. Results go to
/// stdout, everything else to stderr. Exit codes: 0 all went as it should, 1 it did not, 2 usage or input, 4 a bug.
#[derive(Parser)]
#[command(name = "scripts/demo", max_term_width = 120, args_conflicts_with_subcommands = true)]
struct CommandLine {
    /// Print the names of all demonstrations, one to a line, as they are asked for.
    #[arg(long)]
    list: bool,
    #[command(subcommand)]
    demo: Option<Demo>,
    #[command(flatten)]
    token: Demonstration<token::Arguments>,
}

/// A demonstration's own arguments, and those that all have.
#[derive(Args)]
struct Demonstration<T: Args> {
    #[command(flatten)]
    own: T,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Demo {
    /// A currency is granted to a thousand people, circulates, is recovered and redeemed, epoch by epoch, and replayed.
    Currency(Demonstration<currency::Arguments>),
    /// Thirty days of a plant: gas becomes power and work, revenue is split, certificates are issued once, cheats are refused.
    Energy(Demonstration<energy::Arguments>),
    /// Contracts of several systems work together: J1 to J7, each with the sum over all of them.
    Joint(Demonstration<joint::Arguments>),
    /// A terminal finds the shop it stands at, whatever is loud or copied, pays there, proves its receipt and gets a part back.
    Merchant(Demonstration<merchant::Arguments>),
    /// A purchase is paid with a voucher and a card; the card fails; the card answers too late.
    Payment(Demonstration<payment::Arguments>),
    /// Records are held in four bands, withdrawn in time and too late, superseded, and kept when the gatekeeper is killed.
    Records(Demonstration<records::Arguments>),
    /// Five bins measure, a gateway is killed and loses nothing, a buyer reads what it paid for and proves a wrong key.
    Recycling(Demonstration<recycling::Arguments>),
    /// A borrower asks twelve lenders under sealed rates; the loan is paid back, and another defaults.
    Tender(Demonstration<tender::Arguments>),
    /// A security token is issued, traded, upgraded from parent to child, and replayed.
    Token(Demonstration<token::Arguments>),
    /// One trade is split over a pool, a book and a signed order, a batch is settled, and two chains exchange by proofs.
    Trading(Demonstration<trading::Arguments>),
}

fn main() -> ExitCode {
    start_logging();
    let CommandLine { list, demo, token } = CommandLine::parse();
    if list {
        let command = <CommandLine as clap::CommandFactory>::command();
        let names = command.get_subcommands().map(|demo| demo.get_name().to_owned());
        let alone = names.filter(|name| !["help", "joint"].contains(&name.as_str()));
        alone.chain(joint::every()).for_each(|name| println!("{name}"));
        return ExitCode::SUCCESS;
    }
    let demo = demo.unwrap_or(Demo::Token(token));
    let (settings, played) = match &demo {
        Demo::Currency(currency) => (&currency.settings, currency::run(&currency.settings, &currency.own)),
        Demo::Energy(energy) => (&energy.settings, energy::run(&energy.settings, &energy.own)),
        Demo::Joint(joint) => (&joint.settings, joint::run(&joint.settings, &joint.own)),
        Demo::Merchant(merchant) => (&merchant.settings, merchant::run(&merchant.settings, &merchant.own)),
        Demo::Payment(payment) => (&payment.settings, payment::run(&payment.settings, &payment.own)),
        Demo::Records(records) => (&records.settings, records::run(&records.settings, &records.own)),
        Demo::Recycling(recycling) => (&recycling.settings, recycling::run(&recycling.settings, &recycling.own)),
        Demo::Tender(tender) => (&tender.settings, tender::run(&tender.settings, &tender.own)),
        Demo::Token(token) => (&token.settings, token::run(&token.settings, &token.own)),
        Demo::Trading(trading) => (&trading.settings, trading::run(&trading.settings, &trading.own)),
    };
    let output = Output { json: settings.json };
    let context = Context { output, home: default_home() };
    match played.and_then(|ending| ending.close(&context, settings)) {
        Ok(code) => code,
        Err(error) => output.fail(&error),
    }
}
