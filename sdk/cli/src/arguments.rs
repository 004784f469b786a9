//! Arguments of a contract's methods, as flags made from its interface.

use crate::Context;
use crate::chain;
use crate::output::{Exit, Failure};
use counterpart_abi::{ContractAbi, Field, Kind, Method};
use serde_json::{Map, Value};

/// The method that is meant, and its call data from the words after its name.
pub fn call_data<'a>(
    context: &Context,
    abi: &'a ContractAbi,
    method: &str,
    words: &[String],
) -> anyhow::Result<(&'a Method, Vec<u8>)> {
    let found = abi.method(method).or_else(|| abi.method(&method.replace('-', "_")));
    let found = found.ok_or_else(|| {
        let names: Vec<&str> = abi.methods.iter().map(|method| method.name.as_str()).collect();
        Failure::new(Exit::Input, "unknown_method", format!("{} has no method `{method}`", abi.name))
            .hint(format!("it has: {}", names.join(", ")))
    })?;
    let matches = match command(abi, found).try_get_matches_from(std::iter::once(&found.name).chain(words)) {
        Ok(matches) => matches,
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => {
            let text = error.to_string();
            let text = text.trim_start_matches("error: ").trim_end();
            return Err(Failure::new(Exit::Input, "bad_arguments", text).into());
        }
    };
    let mut values = Map::new();
    for field in &found.arguments {
        if let Some(word) = matches.get_one::<String>(&field.name) {
            values.insert(field.name.clone(), value(context, abi, field, word)?);
        }
    }
    let input = abi.encode_call(found, &values).map_err(|error| Failure::new(Exit::Input, "bad_arguments", error))?;
    Ok((found, input))
}

/// What a method answered.
///
/// # Errors
/// A failure when the bytes are not what its interface says.
pub fn decode(abi: &ContractAbi, method: &Method, output: &[u8]) -> anyhow::Result<Value> {
    let value = abi.decode_value(method.output, output);
    Ok(value.map_err(|error| Failure::new(Exit::Bug, "bad_answer", format!("the answer does not decode: {error}")))?)
}

fn command(abi: &ContractAbi, method: &Method) -> clap::Command {
    let about = match method.kind {
        Kind::Constructor => format!("Constructor of {}.", abi.name),
        Kind::Call => format!("Changes {}; answers {}.", abi.name, abi.type_name(method.output)),
        Kind::Query => format!("Asks {}; answers {}.", abi.name, abi.type_name(method.output)),
    };
    let arguments = method.arguments.iter().map(|field| {
        let ty = abi.type_name(field.ty);
        clap::Arg::new(field.name.clone())
            .long(field.name.replace('_', "-"))
            .required(!ty.starts_with("Option<"))
            .value_name(ty)
            .allow_hyphen_values(true)
    });
    clap::Command::new(method.name.clone()).about(about).args(arguments)
}

/// A word as JSON of the field's type.
fn value(context: &Context, abi: &ContractAbi, field: &Field, word: &str) -> anyhow::Result<Value> {
    let ty = abi.type_name(field.ty);
    if matches!(ty.as_str(), "Address" | "Option<Address>") && word != "null" {
        return Ok(Value::String(chain::address(context, word)?.to_string()));
    }
    let structured = word.starts_with(['{', '[', '"']) || matches!(word, "true" | "false" | "null");
    if !structured || ty == "str" {
        return Ok(Value::String(word.to_owned()));
    }
    let mut value: Value = serde_json::from_str(word)
        .map_err(|error| Failure::new(Exit::Input, "bad_arguments", format!("--{}: not JSON: {error}", field.name)))?;
    abi.for_each_address(field.ty, &mut value, &mut |name| -> anyhow::Result<()> {
        *name = chain::address(context, name)?.to_string();
        Ok(())
    })?;
    Ok(value)
}
