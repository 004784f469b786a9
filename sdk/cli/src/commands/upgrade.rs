//! `counterpart upgrade`.

use crate::chain::{self, SendArguments};
use crate::commands::{call, deploy};
use crate::output::{Exit, Failure};
use crate::{Context, arguments};
use counterpart_abi::{ContractAbi, Method};
use counterpart_client::{Client, TransactionRequest};
use counterpart_ledger::{Action, Address, Outcome};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Deploy the version that takes over from a contract, and make both know each other.
///
/// Code on a chain is never replaced: the child is a contract of its own. It has to answer `parent()` with the contract
/// that it takes over from, which then takes it as its `set_upgraded_address(child)`, once. First the interfaces are
/// compared and what callers of the parent will miss is told; --check stops there. The child's constructor gets
/// `--parent` by itself if it has that argument.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    send: SendArguments,
    /// Remember the child's address under a name.
    #[arg(long = "as", value_name = "NAME")]
    remember: Option<String>,
    /// Only compare the interfaces. Exit code 1: callers of the parent will miss something.
    #[arg(long)]
    check: bool,
    /// Go on although callers of the parent will miss something.
    #[arg(long)]
    breaking: bool,
    /// Makes the address unique among contracts of the same sender and code.
    #[arg(long, default_value_t = 0, value_name = "NUMBER")]
    salt: u64,
    /// The contract that is taken over from: an address, or the name that it was deployed under.
    parent: String,
    /// The child's finished Wasm.
    file: PathBuf,
    /// The constructor and its arguments; may be left out if there is only one and it takes none.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "CONSTRUCTOR")]
    call: Vec<String>,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let parent = chain::address(context, &arguments.parent)?;
    let child = deploy::Uploaded::read(&arguments.file)?;
    let client = chain::connect(&arguments.send.chain)?;
    let abi = client.abi(&parent).map_err(chain::client_failure)?;
    let missing = missing(&abi, &child.abi);
    for line in &missing {
        context.output.note(format!("missing: {line}"));
    }
    if arguments.check {
        let text = if missing.is_empty() { "every caller of the parent can call the child" } else { "not compatible" };
        context.output.result(&json!({ "compatible": missing.is_empty(), "missing": missing }), text);
        return Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) });
    }
    if !missing.is_empty() && !arguments.breaking {
        let failure = Failure::new(Exit::No, "incompatible", "callers of the parent will miss what the child lacks");
        return Err(failure.hint("--breaking goes on all the same").into());
    }
    let takes = abi.method("set_upgraded_address").filter(|method| method.arguments.len() == 1);
    let takes = takes.ok_or_else(|| lacks(&abi, "set_upgraded_address(child)"))?;
    let names = child.abi.method("parent").filter(|method| method.arguments.is_empty());
    let names = names.ok_or_else(|| lacks(&child.abi, "parent()"))?;

    if let Some(taken) = abi.method("upgraded_address").filter(|method| method.arguments.is_empty()) {
        let successor = ask(&client, &abi, taken, &parent)?;
        if !successor.is_null() {
            let failure = Failure::new(Exit::No, "already_upgraded", format!("{successor} took over already"));
            return Err(failure.hint("a contract has one successor; upgrade that one").into());
        }
    }

    let constructor = child.constructor(arguments.call.first().map(String::as_str))?;
    let mut words = arguments.call.get(1..).unwrap_or_default().to_vec();
    let wants_parent = child.abi.method(&constructor).is_some_and(|method| has(method, "parent"));
    if wants_parent && !words.iter().any(|word| word == "--parent" || word.starts_with("--parent=")) {
        words.extend(["--parent".to_owned(), parent.to_string()]);
    }
    let made = child.deploy(context, &client, &arguments.send, (&constructor, &words), arguments.salt)?;
    if let Some(name) = &arguments.remember {
        chain::remember(context, name, &made.address)?;
    }
    let acknowledged = ask(&client, &child.abi, names, &made.address)?;
    if acknowledged != json!(parent.to_string()) {
        let failure =
            Failure::new(Exit::No, "not_acknowledged", format!("the child names {acknowledged} as its parent"));
        return Err(failure.hint(format!("it is deployed at {} and nothing was handed over", made.address)).into());
    }
    let argument = Map::from_iter([(takes.arguments[0].name.clone(), json!(made.address.to_string()))]);
    let input = abi.encode_call(takes, &argument).map_err(|error| Failure::new(Exit::Input, "bad_arguments", error))?;
    let sender = chain::signer(context, &arguments.send.from)?;
    let signers = chain::signers(context, &arguments.send.signer)?;
    let action = Action::Call { contract: parent, input, value: 0 };
    let request = TransactionRequest { signers: &signers, ..TransactionRequest::new(&sender, vec![action]) };
    let confirmed = call::send(&client, &request, &arguments.send)?;
    if confirmed.receipt.outcome != Outcome::Success {
        return Err(chain::outcome_failure(&confirmed.json["outcome"]));
    }
    context.output.note(chain::certificate_line(client.validators_for(&confirmed), &confirmed));
    let mut document = chain::confirmed_json(client.validators_for(&confirmed), &confirmed);
    document["parent"] = json!(parent.to_string());
    document["child"] = json!(made.address.to_string());
    document["missing"] = json!(missing);
    context.output.result(&document, &format!("{} takes over from {parent}", made.address));
    Ok(ExitCode::SUCCESS)
}

fn lacks(abi: &ContractAbi, method: &str) -> Failure {
    Failure::new(Exit::Input, "no_lineage", format!("{} has no `{method}`", abi.name))
        .hint("the SDK's `Lineage` gives it: see `counterpart new --template upgradeable-token`")
}

fn has(method: &Method, argument: &str) -> bool {
    method.arguments.iter().any(|field| field.name == argument)
}

fn ask(client: &Client, abi: &ContractAbi, method: &Method, contract: &Address) -> anyhow::Result<Value> {
    let answer = client.query(contract, &Address::ZERO, &method.selector).map_err(chain::client_failure)?;
    if answer.outcome["status"] != "success" {
        return Err(chain::outcome_failure(&answer.outcome));
    }
    arguments::decode(abi, method, &answer.output)
}

/// What callers of one interface will miss in another: methods that are gone or take or answer something else.
fn missing(old: &ContractAbi, new: &ContractAbi) -> Vec<String> {
    let signature = |abi: &ContractAbi, method: &Method| {
        let arguments: Vec<String> = method.arguments.iter().map(|field| abi.type_structure(field.ty)).collect();
        format!("{}({}) -> {}", method.name, arguments.join(", "), abi.type_structure(method.output))
    };
    let methods = old.methods.iter().filter(|method| method.kind != counterpart_abi::Kind::Constructor);
    let methods = methods.filter_map(|method| {
        let before = signature(old, method);
        match new.method(&method.name) {
            None => Some(format!("{before} is gone")),
            Some(now) if signature(new, now) != before => Some(format!("{before} is now {}", signature(new, now))),
            Some(now) if now.kind != method.kind => Some(format!("{before} is now a {}", now.kind.name())),
            Some(_) => None,
        }
    });
    let events = old.events.iter().filter_map(|event| {
        let fields = |abi: &ContractAbi, event: &counterpart_abi::Event| -> Vec<String> {
            event.fields.iter().map(|field| format!("{}: {}", field.name, abi.type_structure(field.ty))).collect()
        };
        match new.events.iter().find(|candidate| candidate.name == event.name) {
            None => Some(format!("event {} is gone", event.name)),
            Some(now) if fields(new, now) != fields(old, event) => {
                Some(format!("event {} has other fields", event.name))
            }
            Some(_) => None,
        }
    });
    methods.chain(events).collect()
}
