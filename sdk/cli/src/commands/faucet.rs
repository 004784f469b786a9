//! `counterpart faucet`.

use crate::Context;
use crate::chain::{self, ChainArguments};
use serde_json::json;
use std::process::ExitCode;
use std::time::{Duration, Instant};

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
    let (_, before) = client.account(&address).map_err(chain::client_failure)?;
    let parameters = json!({ "address": address.to_string(), "amount": arguments.amount.to_string() });
    let answer = client.call("dev_fund", parameters).map_err(chain::client_failure)?;
    let patience = Instant::now() + Duration::from_secs(20);
    let balance = loop {
        let (_, balance) = client.account(&address).map_err(chain::client_failure)?;
        if balance != before || Instant::now() > patience {
            break balance;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let document = json!({
        "address": address.to_string(), "balance": balance.to_string(), "transaction": answer["hash"],
    });
    context.output.result(&document, &format!("{address} has {balance}"));
    Ok(ExitCode::SUCCESS)
}
