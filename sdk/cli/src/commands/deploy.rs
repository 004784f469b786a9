//! `counterpart deploy`.

use crate::Context;
use crate::chain::{self, SendArguments};
use crate::commands::module;
use crate::output::{Exit, Failure};
use crate::{arguments, commands};
use counterpart_abi::{ContractAbi, Kind};
use counterpart_client::TransactionRequest;
use counterpart_ledger::{Action, Address, Hash, Outcome, contract_address};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Upload a contract and run its constructor.
///
/// The constructor's arguments follow its name as flags: `counterpart deploy token.wasm new --name Harbour --symbol HRB`.
/// `counterpart deploy token.wasm new --help` lists them.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    send: SendArguments,
    /// Remember the contract's address under a name.
    #[arg(long = "as", value_name = "NAME")]
    remember: Option<String>,
    /// Makes the address unique among contracts of the same sender and code.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    salt: u64,
    /// The finished Wasm.
    file: PathBuf,
    /// The constructor; may be left out if there is only one and it takes no arguments.
    constructor: Option<String>,
    /// Its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    words: Vec<String>,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (code, prepared) = module::load(&arguments.file)?;
    let section = prepared.metadata.as_deref().unwrap_or_default();
    let abi = ContractAbi::from_section(section)
        .map_err(|error| Failure::new(Exit::Input, "no_interface", error).hint("build it with `counterpart build`"))?;
    let constructor = match &arguments.constructor {
        Some(name) => name.clone(),
        None => only_constructor(&abi)?,
    };
    let (method, input) = arguments::call_data(context, &abi, &constructor, &arguments.words)?;
    if method.kind != Kind::Constructor {
        return Err(Failure::new(Exit::Input, "not_a_constructor", format!("`{constructor}` is no constructor")).into());
    }
    let client = chain::connect(&arguments.send.chain)?;
    let sender = chain::signer(context, &arguments.send.from)?;
    let signers = chain::signers(context, &arguments.send.signer)?;
    let mut salt = Hash::ZERO;
    salt.0[..8].copy_from_slice(&arguments.salt.to_le_bytes());
    let code_hash = prepared.original_hash;
    let address = contract_address(&sender.address(), &code_hash, &salt);
    let deploy = Action::Deploy { code_hash, salt, input, value: arguments.send.value };
    let request = TransactionRequest {
        signers: &signers,
        gas_limit: arguments.send.gas_limit.map(counterpart_ledger::Gas),
        ..TransactionRequest::new(&sender, vec![Action::Upload { code }, deploy])
    };
    let confirmed = commands::call::send(&client, &request, &arguments.send)?;
    if confirmed.receipt.outcome != Outcome::Success {
        return Err(chain::outcome_failure(&confirmed.json["outcome"]));
    }
    if let Some(name) = &arguments.remember {
        chain::remember(context, name, &address)?;
    }
    context.output.note(chain::certificate_line(client.validators(), &confirmed));
    let mut document = chain::confirmed_json(client.validators(), &confirmed);
    document["contract"] = json!(address.to_string());
    document["code_hash"] = json!(code_hash.to_string());
    context.output.result(&document, &Address::to_string(&address));
    Ok(ExitCode::SUCCESS)
}

fn only_constructor(abi: &ContractAbi) -> anyhow::Result<String> {
    let constructors: Vec<&str> = abi
        .methods
        .iter()
        .filter(|method| method.kind == Kind::Constructor)
        .map(|method| method.name.as_str())
        .collect();
    match constructors.as_slice() {
        [only] => Ok((*only).to_owned()),
        _ => Err(Failure::new(Exit::Input, "which_constructor", "name the constructor after the file")
            .hint(format!("there are: {}", constructors.join(", ")))
            .into()),
    }
}
