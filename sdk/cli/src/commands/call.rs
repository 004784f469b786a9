//! `counterpart call` and `counterpart query`.

use crate::chain::{self, ChainArguments, SendArguments};
use crate::output::{Exit, Failure};
use crate::{Context, arguments};
use counterpart_abi::{ContractAbi, Kind, Method};
use counterpart_client::{Client, Confirmed, TransactionRequest};
use counterpart_ledger::{Action, Address, Outcome};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Call a method of a contract.
///
/// The call is simulated first; only what would succeed and changes something is sent. Methods that only answer are asked
/// without a transaction. Arguments are flags: `counterpart call token transfer --from dev:alice --to dev:bob --units 5`;
/// flags of this command stand before the contract.
#[derive(clap::Args)]
pub struct CallArguments {
    #[command(flatten)]
    send: SendArguments,
    /// The contract: an address, or the name that it was deployed under.
    contract: String,
    /// The method and its arguments: everything after its name belongs to it.
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, allow_hyphen_values = true, value_name = "METHOD")]
    call: Vec<String>,
}

/// Ask a contract; changes nothing and costs nothing.
#[derive(clap::Args)]
pub struct QueryArguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The contract: an address, or the name that it was deployed under.
    contract: String,
    /// The method and its arguments: everything after its name belongs to it.
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, allow_hyphen_values = true, value_name = "METHOD")]
    call: Vec<String>,
}

/// Runs `call`.
pub fn run(context: &Context, arguments: CallArguments) -> anyhow::Result<ExitCode> {
    let contract = chain::address(context, &arguments.contract)?;
    let client = chain::connect(&arguments.send.chain)?;
    let abi = client.abi(&contract).map_err(chain::client_failure)?;
    let (method, input) = arguments::call_data(context, &abi, &arguments.call[0], &arguments.call[1..])?;
    match method.kind {
        Kind::Query => return ask(context, &client, &abi, method, &contract, &input),
        Kind::Constructor => {
            let failure = Failure::new(Exit::Input, "constructor", format!("`{}` is a constructor", method.name));
            return Err(failure.hint("a contract is made with `counterpart deploy`").into());
        }
        Kind::Call => {}
    }
    let sender = chain::signer(context, &arguments.send.from)?;
    let signers = chain::signers(context, &arguments.send.signer)?;
    let action = Action::Call { contract, input, value: arguments.send.value };
    let request = TransactionRequest {
        signers: &signers,
        gas_limit: arguments.send.gas_limit.map(counterpart_ledger::Gas),
        ..TransactionRequest::new(&sender, vec![action])
    };
    let confirmed = send(&client, &request, &arguments.send)?;
    if confirmed.receipt.outcome != Outcome::Success {
        return Err(chain::outcome_failure(&confirmed.json["outcome"]));
    }
    context.output.note(chain::certificate_line(client.validators_for(&confirmed), &confirmed));
    let output = confirmed.receipt.outputs.first().map(Vec::as_slice).unwrap_or_default();
    let answer = arguments::decode(&abi, method, output)?;
    let mut document = chain::confirmed_json(client.validators_for(&confirmed), &confirmed);
    document["answer"] = answer.clone();
    let mut lines: Vec<String> = Vec::new();
    if !answer.is_null() {
        lines.push(plain(&answer));
    }
    for event in confirmed.json["events"].as_array().into_iter().flatten() {
        lines.push(format!("event {} {}", event["name"].as_str().unwrap_or("?"), event["fields"]));
    }
    lines.push(format!("gas {}  transaction {}", confirmed.receipt.gas_used, confirmed.hash));
    context.output.result(&document, &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}

/// Runs `query`.
pub fn query(context: &Context, arguments: QueryArguments) -> anyhow::Result<ExitCode> {
    let contract = chain::address(context, &arguments.contract)?;
    let client = chain::connect(&arguments.chain)?;
    let abi = client.abi(&contract).map_err(chain::client_failure)?;
    let (method, input) = arguments::call_data(context, &abi, &arguments.call[0], &arguments.call[1..])?;
    if method.kind != Kind::Query {
        let failure = Failure::new(Exit::Input, "not_a_query", format!("`{}` changes the contract", method.name));
        return Err(failure.hint("use `counterpart call`").into());
    }
    ask(context, &client, &abi, method, &contract, &input)
}

fn ask(
    context: &Context,
    client: &Client,
    abi: &ContractAbi,
    method: &Method,
    contract: &Address,
    input: &[u8],
) -> anyhow::Result<ExitCode> {
    let answer = client.query(contract, &Address::ZERO, input).map_err(chain::client_failure)?;
    if answer.outcome["status"] != "success" {
        return Err(chain::outcome_failure(&answer.outcome));
    }
    let value = arguments::decode(abi, method, &answer.output)?;
    context.output.result(&json!({ "answer": value, "gas_used": answer.gas_used }), &plain(&value));
    Ok(ExitCode::SUCCESS)
}

/// Text without quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Simulates, signs, sends and waits.
pub fn send(client: &Client, request: &TransactionRequest<'_>, how: &SendArguments) -> anyhow::Result<Confirmed> {
    let signed = match client.prepare(request).map_err(chain::client_failure)? {
        Ok(signed) => signed,
        Err(simulated) => {
            let sender = request.sender.address();
            let (_, balance) = client.account(&sender).map_err(chain::client_failure)?;
            if balance == 0 {
                let failure = Failure::new(Exit::No, "no_funds", format!("{sender} has nothing to pay for gas with"));
                return Err(failure.hint("on a development network `counterpart faucet` gives some").into());
            }
            return Err(chain::outcome_failure(&simulated.json["outcome"]));
        }
    };
    let hash = client.send(&signed).map_err(chain::client_failure)?;
    let confirmed = client.wait(&hash, &how.rule, how.patience()).map_err(chain::client_failure)?;
    // The client has decided: an approval that gets lost on its way changes nothing about that.
    let _ = client.approve(&confirmed, &how.rule, request.sender);
    Ok(confirmed)
}
