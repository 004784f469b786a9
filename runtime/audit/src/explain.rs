//! Traces in the words of the contracts' interfaces, for people.

use counterpart_abi::{ContractAbi, Method, shared_errors};
use counterpart_execution::{CallTrace, Change, Step};
use counterpart_ledger::{Address, Outcome, SystemRefusal};
use serde::Serialize;
use serde_json::Value;

/// Finds the interface of a contract.
pub type Abis<'a> = &'a dyn Fn(&Address) -> Option<ContractAbi>;

/// A frame with its call decoded.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ExplainedCall {
    /// `deploy` or `call`.
    pub entry: &'static str,
    /// The contract.
    pub contract: String,
    /// Who called it.
    pub caller: String,
    /// The method, when the interface knows it.
    pub method: Option<String>,
    /// Its arguments, when the interface knows it.
    pub arguments: Option<Value>,
    /// Selector and arguments, in hex.
    pub input: String,
    /// Native amount.
    pub value: String,
    /// Whether it might not write.
    pub read_only: bool,
    /// How it ended.
    pub status: &'static str,
    /// Its error, decoded, when it did not succeed.
    pub error: Value,
    /// What it returned: decoded, or hex.
    pub output: Value,
    /// Gas that it might use.
    pub gas_limit: u64,
    /// Gas that it used, nested frames included.
    pub gas_used: u64,
    /// Gas of its own instructions.
    pub own_gas: u64,
    /// Host calls and nested frames, in order.
    pub steps: Vec<ExplainedStep>,
}

/// What a frame did beside computing.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExplainedStep {
    /// Asked the host.
    Host {
        /// The host function.
        function: String,
        /// Its arguments, as decimal digits.
        arguments: Vec<String>,
        /// What the host answered; null when it stopped the frame.
        answer: Option<String>,
        /// Gas that it cost.
        gas: u64,
        /// What it changed in the state.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        changes: Vec<ExplainedChange>,
    },
    /// Ran another frame.
    Call(Box<ExplainedCall>),
}

/// A change of an entry, decoded where the interface of its contract knows it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ExplainedChange {
    /// Whose entry; the zero address is the system's own.
    pub contract: String,
    /// The field, when the interface knows it.
    pub field: Option<String>,
    /// The key within the field, or the whole key in hex.
    pub key: Value,
    /// What was there: decoded, or hex; null for nothing.
    pub before: Value,
    /// What is there now.
    pub after: Value,
}

fn change(change: &Change, abis: Abis<'_>) -> ExplainedChange {
    let (address, own) = change.key.split_at(change.key.len().min(32));
    let address = <[u8; 32]>::try_from(address).map(Address).unwrap_or_default();
    let abi = abis(&address);
    let decode = |value: &Option<Vec<u8>>| abi.as_ref()?.decode_stored(own, value.as_deref());
    let value = |value: &Option<Vec<u8>>| match value {
        None => Value::Null,
        Some(bytes) => decode(value).map_or_else(|| Value::String(hex(bytes)), |known| known.value),
    };
    let known = decode(&change.after).or_else(|| decode(&change.before));
    ExplainedChange {
        contract: address.to_string(),
        field: known.as_ref().map(|known| known.field.clone()),
        key: known.map_or_else(|| Value::String(hex(own)), |known| known.key),
        before: value(&change.before),
        after: value(&change.after),
    }
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Decodes a frame and all below it.
pub fn explain(call: &CallTrace, abis: Abis<'_>) -> ExplainedCall {
    let abi = abis(&call.contract);
    let method = abi.as_ref().and_then(|abi| abi.method_of(&call.input));
    let arguments = abi.as_ref().zip(method).and_then(|(abi, method)| abi.decode_arguments(method, &call.input).ok());
    let (status, error) = failure(&call.outcome, abi.as_ref(), method, abis);
    let decoded = abi.as_ref().zip(method).filter(|_| status == "success" && !call.deploy);
    let output = decoded.and_then(|(abi, method)| abi.decode_value(method.output, &call.output).ok());
    let step = |step: &Step| match step {
        Step::Host { function, arguments, answer, gas, changes, .. } => ExplainedStep::Host {
            function: format!("{function:?}"),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            answer: answer.map(|answer| answer.to_string()),
            gas: *gas,
            changes: changes.iter().map(|made| change(made, abis)).collect(),
        },
        Step::Call(inner) => ExplainedStep::Call(Box::new(explain(inner, abis))),
    };
    ExplainedCall {
        entry: if call.deploy { "deploy" } else { "call" },
        contract: call.contract.to_string(),
        caller: call.caller.to_string(),
        method: method.map(|method| method.name.clone()),
        arguments,
        input: hex(&call.input),
        value: call.value.to_string(),
        read_only: call.read_only,
        status,
        error,
        output: output.unwrap_or_else(|| Value::String(hex(&call.output))),
        gas_limit: call.gas_limit,
        gas_used: call.gas_used,
        own_gas: call.own_gas(),
        steps: call.steps.iter().map(step).collect(),
    }
}

/// How a frame ended and why.
fn failure(
    outcome: &Outcome,
    abi: Option<&ContractAbi>,
    method: Option<&Method>,
    abis: Abis<'_>,
) -> (&'static str, Value) {
    match outcome {
        Outcome::Success => ("success", Value::Null),
        Outcome::Revert { code, data, contract, .. } => {
            let named = shared_errors::name(*code).map(|name| Value::String(name.to_owned()));
            let own = || abi?.decode_value(method?.error?, data).ok();
            // An error that was passed on is one of the contract that raised it.
            let passed = || {
                let abi = abis(contract)?;
                let types = abi.methods.iter().filter_map(|method| method.error);
                types.into_iter().find_map(|ty| abi.decode_value(ty, data).ok())
            };
            let found = named.or_else(own).or_else(passed);
            ("revert", found.unwrap_or_else(|| Value::String(format!("code {code}, data {}", hex(data)))))
        }
        Outcome::OutOfGas { .. } => ("out_of_gas", Value::Null),
        Outcome::StackExhausted { .. } => ("stack_exhausted", Value::Null),
        Outcome::Trap { code, .. } => ("trap", Value::String(code.message().to_owned())),
        Outcome::NoContract { contract, .. } => ("no_contract", Value::String(contract.to_string())),
        Outcome::NoCode { code_hash, .. } => ("no_code", Value::String(code_hash.to_string())),
        Outcome::AddressTaken { contract, .. } => ("address_taken", Value::String(contract.to_string())),
        Outcome::InsufficientBalance { .. } => ("insufficient_balance", Value::Null),
        Outcome::BadModule { code, .. } => ("bad_module", Value::from(*code)),
        Outcome::Rejected(code) => ("rejected", Value::String(code.name().to_owned())),
        Outcome::Refused { code, .. } => {
            let name = SystemRefusal::of_code(*code).map_or("unknown", SystemRefusal::name);
            ("refused", Value::String(name.to_owned()))
        }
    }
}
