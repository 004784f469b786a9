//! `counterpart node`.

mod db;
mod run;
mod setup;

use crate::Context;
use crate::chain::ChainArguments;
use std::process::ExitCode;

pub use setup::{public_key, replica_key};

/// Set up, run and look after replicas.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Make the folder of a replica: a new key, and a configuration to edit.
    Init(setup::Init),
    /// Write the document with which a chain begins: members, quorum, first balances.
    Genesis(setup::GenesisArguments),
    /// Make the folders of a whole network on this machine, for trying it out; `counterpart node run` starts each.
    Network(setup::NetworkArguments),
    /// Run a replica until Ctrl-C or a request to terminate; what is written is whole whenever it ends.
    Run(run::Arguments),
    /// Fetch the newest state that peers have a snapshot of, for a replica without a ledger: it then begins there and not
    /// with the first block. Everything is verified; the folder of the ledger must not exist.
    Sync(run::SyncArguments),
    /// Let a replica whose journal of signatures is lost or damaged sign again. Without that journal it does not know what
    /// it signed, and follows without signing. Ask R of the other replicas first: `counterpart node status` names epoch
    /// and view.
    Resume(setup::Resume),
    /// Where a running replica stands, and whom it waits for.
    Status {
        /// Which replica.
        #[command(flatten)]
        chain: ChainArguments,
    },
    /// Look at, examine, prune, copy and move the ledger of a node that does not run.
    #[command(subcommand)]
    Db(db::Db),
}

/// Runs the verb.
pub fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init(arguments) => setup::init(context, arguments),
        Command::Genesis(arguments) => setup::genesis(context, &arguments),
        Command::Network(arguments) => setup::network(context, &arguments),
        Command::Run(arguments) => run::run(context, &arguments),
        Command::Sync(arguments) => run::sync(context, &arguments),
        Command::Resume(arguments) => setup::resume(context, &arguments),
        Command::Status { chain } => run::status(context, &chain),
        Command::Db(command) => db::run(context, command),
    }
}
