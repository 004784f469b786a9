//! `counterpart tx`.

mod strength;

use crate::chain::{self, ChainArguments, SendArguments};
use crate::output::{Exit, Failure};
use crate::{Context, commands};
use counterpart_client::TransactionRequest;
use counterpart_ledger::{Action, Hash, Outcome};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Look at transactions, or send native currency.
#[derive(clap::Subcommand)]
pub enum Command {
    /// What became of a transaction.
    Show {
        /// Which chain.
        #[command(flatten)]
        chain: ChainArguments,
        /// Its hash.
        hash: String,
    },
    /// Which faults the certificates in hand tolerate, under which assumption.
    Strength {
        /// Which chain.
        #[command(flatten)]
        chain: ChainArguments,
        /// Its hash.
        hash: String,
        /// The longest that a message between honest parties takes, in ms.
        #[arg(long, default_value_t = 500, value_name = "MS")]
        delta: u64,
        /// Write a picture of it too.
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
    },
    /// Send native currency.
    Transfer {
        /// How it is sent.
        #[command(flatten)]
        send: SendArguments,
        /// The receiver.
        to: String,
        /// Atomic units.
        amount: u128,
    },
}

/// Runs the verb.
pub fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Show { chain, hash } => show(context, &chain, &hash),
        Command::Strength { chain, hash, delta, svg } => {
            strength::show(context, &chain, &parse(&hash)?, delta, svg.as_deref())
        }
        Command::Transfer { send, to, amount } => transfer(context, &send, &to, amount),
    }
}

fn parse(hash: &str) -> anyhow::Result<Hash> {
    Hash::from_hex(hash)
        .ok_or_else(|| Failure::new(Exit::Input, "bad_hash", "a transaction's hash is 64 hex digits").into())
}

fn show(context: &Context, chain: &ChainArguments, hash: &str) -> anyhow::Result<ExitCode> {
    let client = chain::connect(chain)?;
    let Some(confirmed) = client.confirmed(&parse(hash)?).map_err(chain::client_failure)? else {
        context.output.result(&json!({ "status": "waiting" }), "waiting for a block");
        return Ok(ExitCode::SUCCESS);
    };
    let mut lines = vec![
        chain::outcome_line(&confirmed.json["outcome"]),
        chain::certificate_line(client.validators_for(&confirmed), &confirmed),
        format!("gas {}  fee {}", confirmed.receipt.gas_used, confirmed.receipt.fee),
    ];
    for event in confirmed.json["events"].as_array().into_iter().flatten() {
        lines.push(format!("event {} {}", event["name"].as_str().unwrap_or("?"), event["fields"]));
    }
    context.output.result(&chain::confirmed_json(client.validators_for(&confirmed), &confirmed), &lines.join("\n"));
    Ok(if confirmed.receipt.outcome == Outcome::Success { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}

fn transfer(context: &Context, send: &SendArguments, to: &str, amount: u128) -> anyhow::Result<ExitCode> {
    let to = chain::address(context, to)?;
    let client = chain::connect(&send.chain)?;
    let sender = chain::signer(context, &send.from)?;
    let request = TransactionRequest::new(&sender, vec![Action::Transfer { to, amount }]);
    let confirmed = commands::call::send(&client, &request, send)?;
    if confirmed.receipt.outcome != Outcome::Success {
        return Err(chain::outcome_failure(&confirmed.json["outcome"]));
    }
    let line = chain::certificate_line(client.validators_for(&confirmed), &confirmed);
    context.output.result(&chain::confirmed_json(client.validators_for(&confirmed), &confirmed), &line);
    Ok(ExitCode::SUCCESS)
}
