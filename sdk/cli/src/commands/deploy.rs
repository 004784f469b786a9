//! `counterpart deploy`.

use crate::Context;
use crate::chain::{self, SendArguments};
use crate::commands::module;
use crate::output::{Exit, Failure};
use crate::{arguments, commands};
use counterpart_abi::{ContractAbi, Kind};
use counterpart_client::{Client, Confirmed, TransactionRequest};
use counterpart_ledger::{Action, Address, Hash, Outcome, contract_address};
use serde_json::json;
use std::path::{Path, PathBuf};
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
    /// The constructor and its arguments; may be left out if there is only one and it takes none.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "CONSTRUCTOR")]
    call: Vec<String>,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let uploaded = Uploaded::read(&arguments.file)?;
    let constructor = uploaded.constructor(arguments.call.first().map(String::as_str))?;
    let client = chain::connect(&arguments.send.chain)?;
    let call = (constructor.as_str(), arguments.call.get(1..).unwrap_or_default());
    let made = uploaded.deploy(context, &client, &arguments.send, call, arguments.salt)?;
    if let Some(name) = &arguments.remember {
        chain::remember(context, name, &made.address)?;
    }
    let mut document = chain::confirmed_json(client.validators(), &made.confirmed);
    document["contract"] = json!(made.address.to_string());
    document["code_hash"] = json!(uploaded.code_hash.to_string());
    context.output.result(&document, &Address::to_string(&made.address));
    Ok(ExitCode::SUCCESS)
}

/// Code that is about to be deployed.
pub struct Uploaded {
    code: Vec<u8>,
    code_hash: Hash,
    /// Its interface.
    pub abi: ContractAbi,
}

/// A contract that was made.
pub struct Made {
    /// Where it is.
    pub address: Address,
    confirmed: Confirmed,
}

impl Uploaded {
    /// Reads a finished Wasm file and its interface.
    ///
    /// # Errors
    /// A failure when a chain would not accept it, or it carries no interface.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let (code, prepared) = module::load(file)?;
        let section = prepared.metadata.as_deref().unwrap_or_default();
        let abi = ContractAbi::from_section(section).map_err(|error| {
            Failure::new(Exit::Input, "no_interface", error).hint("build it with `counterpart build`")
        })?;
        Ok(Self { code, code_hash: prepared.original_hash, abi })
    }

    /// The constructor that is meant: the one with a name, or the only one.
    ///
    /// # Errors
    /// A failure that lists them when there are several.
    pub fn constructor(&self, name: Option<&str>) -> anyhow::Result<String> {
        if let Some(name) = name {
            return Ok(name.to_owned());
        }
        let all = self.abi.methods.iter().filter(|method| method.kind == Kind::Constructor);
        let constructors: Vec<&str> = all.map(|method| method.name.as_str()).collect();
        match constructors.as_slice() {
            [only] => Ok((*only).to_owned()),
            _ => Err(Failure::new(Exit::Input, "which_constructor", "name the constructor after the file")
                .hint(format!("there are: {}", constructors.join(", ")))
                .into()),
        }
    }

    /// Uploads it and runs a constructor with the words of its arguments.
    ///
    /// # Errors
    /// A failure when it is not accepted, or the constructor reverts.
    pub fn deploy(
        &self,
        context: &Context,
        client: &Client,
        send: &SendArguments,
        (constructor, words): (&str, &[String]),
        salt: u64,
    ) -> anyhow::Result<Made> {
        let (method, input) = arguments::call_data(context, &self.abi, constructor, words)?;
        if method.kind != Kind::Constructor {
            let failure = Failure::new(Exit::Input, "not_a_constructor", format!("`{constructor}` is no constructor"));
            return Err(failure.into());
        }
        let sender = chain::signer(context, &send.from)?;
        let signers = chain::signers(context, &send.signer)?;
        let mut unique = Hash::ZERO;
        unique.0[..8].copy_from_slice(&salt.to_le_bytes());
        let address = contract_address(&sender.address(), &self.code_hash, &unique);
        let deploy = Action::Deploy { code_hash: self.code_hash, salt: unique, input, value: send.value };
        let request = TransactionRequest {
            signers: &signers,
            gas_limit: send.gas_limit.map(counterpart_ledger::Gas),
            ..TransactionRequest::new(&sender, vec![Action::Upload { code: self.code.clone() }, deploy])
        };
        let confirmed = commands::call::send(client, &request, send)?;
        if confirmed.receipt.outcome != Outcome::Success {
            return Err(chain::outcome_failure(&confirmed.json["outcome"]));
        }
        context.output.note(chain::certificate_line(client.validators_for(&confirmed), &confirmed));
        Ok(Made { address, confirmed })
    }
}
