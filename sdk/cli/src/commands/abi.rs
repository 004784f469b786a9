//! `counterpart abi`.

use crate::Context;
use crate::chain::{self, ChainArguments};
use std::process::ExitCode;

/// The interface of a deployed contract.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The contract: an address, or the name that it was deployed under.
    contract: String,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let contract = chain::address(context, &arguments.contract)?;
    let client = chain::connect(&arguments.chain)?;
    let abi = client.abi(&contract).map_err(chain::client_failure)?;
    let mut lines = vec![format!("{} at {contract}", abi.name)];
    for method in &abi.methods {
        let arguments: Vec<String> =
            method.arguments.iter().map(|field| format!("{}: {}", field.name, abi.type_name(field.ty))).collect();
        let error = method.error.map(|error| format!(" or {}", abi.type_name(error))).unwrap_or_default();
        let output = abi.type_name(method.output);
        lines.push(format!("  {:11} {}({}) -> {output}{error}", method.kind.name(), method.name, arguments.join(", ")));
    }
    for event in &abi.events {
        let fields: Vec<String> =
            event.fields.iter().map(|field| format!("{}: {}", field.name, abi.type_name(field.ty))).collect();
        lines.push(format!("  event       {}({})", event.name, fields.join(", ")));
    }
    context.output.result(&abi.to_json(&[]), &lines.join("\n"));
    Ok(ExitCode::SUCCESS)
}
