//! `counterpart faucet`.

use crate::Context;
use crate::chain::{self, ChainArguments};
use serde_json::json;
use std::process::ExitCode;

/// Give an account native currency, on a development network.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// Who gets it: an address, `dev:NAME` or the name of a key.
    account: String,
    /// Native atomic units.
    #[arg(default_value_t = 1_000_000_000_000)]
    amount: u128,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let address = chain::address(context, &arguments.account)?;
    let client = chain::connect(&arguments.chain)?;
    let (hash, balance) = chain::fund(&client, &address, arguments.amount)?;
    let document = json!({
        "address": address.to_string(), "balance": balance.to_string(), "transaction": hash,
    });
    context.output.result(&document, &format!("{address} has {balance}"));
    Ok(ExitCode::SUCCESS)
}
