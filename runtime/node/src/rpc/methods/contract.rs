//! `contract_` and `account_`: what stands at an address.

use super::super::answers::{EventJson, OutcomeJson, event_json, hex, outcome_json};
use super::super::backend::Backend;
use super::super::error::RpcError;
use super::super::parameters::{AddressText, At, Bytes, HashText, resolve};
use super::super::registry::Method;
use super::{interface, known_abi, no_contract};
use counterpart_abi::ContractAbi;
use counterpart_execution::{MAX_TRANSACTION_GAS, Query, account, contract};
use counterpart_ledger::{Address, Gas};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub fn methods() -> Vec<Method> {
    vec![
        Method::new("account_get", "Next nonce, native balance, and the code at an address.", &[], get),
        Method::new(
            "contract_abi",
            "The interface that a contract's code carries.",
            &["no_contract", "no_interface"],
            abi,
        ),
        Method::new("contract_code", "A contract's code, as it was uploaded.", &["no_contract"], code),
        Method::new(
            "contract_query",
            "Calls a contract without a transaction; it cannot write.",
            &["unknown_block", "height_above_head"],
            query,
        ),
    ]
}

/// Which address.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AccountParameters {
    /// The address.
    address: AddressText,
}

/// What stands at an address.
#[derive(Serialize, JsonSchema)]
struct AccountAnswer {
    /// The number that its next transaction must carry.
    nonce: u64,
    /// Native atomic units.
    balance: String,
    /// Hash of the code, for a contract.
    code_hash: Option<String>,
    /// Who made it, for a contract.
    creator: Option<String>,
    /// When it was made, for a contract.
    deployed_at: Option<u64>,
}

fn get(backend: &dyn Backend, parameters: AccountParameters) -> Result<AccountAnswer, RpcError> {
    let AddressText(address) = parameters.address;
    let state = backend.store().state();
    let found = account(&*state, &address)?;
    let record = contract(&*state, &address)?;
    Ok(AccountAnswer {
        nonce: found.nonce,
        balance: found.balance.to_string(),
        code_hash: record.map(|record| record.code_hash.to_string()),
        creator: record.map(|record| record.creator.to_string()),
        deployed_at: record.map(|record| record.deployed_at.0),
    })
}

/// Which contract.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ContractParameters {
    /// Its address.
    contract: AddressText,
}

/// A contract's interface.
#[derive(Serialize, JsonSchema)]
struct AbiAnswer {
    /// Hash of the code.
    code_hash: String,
    /// Methods, events, errors and types.
    abi: Value,
    /// The section of the module that carries it.
    section: String,
}

fn abi(backend: &dyn Backend, parameters: ContractParameters) -> Result<AbiAnswer, RpcError> {
    let AddressText(address) = parameters.contract;
    let state = backend.store().state();
    let (code_hash, section) = interface(backend, &*state, &address)?.ok_or_else(|| no_contract(&address))?;
    if section.is_empty() {
        return Err(RpcError::new("no_interface", format!("the code of {address} carries no interface")));
    }
    let abi = ContractAbi::from_section(&section).map_err(|error| RpcError::new("no_interface", error.to_string()))?;
    Ok(AbiAnswer { code_hash: code_hash.to_string(), abi: abi.to_json(&[]), section: hex(section) })
}

/// A contract's code.
#[derive(Serialize, JsonSchema)]
struct CodeAnswer {
    /// Its hash.
    code_hash: String,
    /// The module.
    code: String,
}

fn code(backend: &dyn Backend, parameters: ContractParameters) -> Result<CodeAnswer, RpcError> {
    let AddressText(address) = parameters.contract;
    let record = contract(&*backend.store().state(), &address)?.ok_or_else(|| no_contract(&address))?;
    let code = backend.store().codes().code(&record.code_hash)?;
    let code = code.ok_or_else(|| RpcError::new("fault", format!("code {} is missing", record.code_hash)))?;
    Ok(CodeAnswer { code_hash: record.code_hash.to_string(), code: hex(code) })
}

/// A read-only call.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct QueryParameters {
    /// The callee.
    contract: AddressText,
    /// Selector and arguments.
    input: Bytes,
    /// Who asks, as the contract sees it.
    caller: Option<AddressText>,
    /// In the state after this block; the newest if neither is given.
    height: Option<At>,
    /// Or after the block with this hash.
    hash: Option<HashText>,
}

/// What a query answered.
#[derive(Serialize, JsonSchema)]
struct QueryAnswer {
    /// How it ended.
    outcome: OutcomeJson,
    /// What it returned.
    output: String,
    /// Gas that it used; nobody pays for it.
    gas_used: u64,
    /// Events that it would emit.
    events: Vec<EventJson>,
    /// The height of the state it saw.
    height: u64,
}

fn query(backend: &dyn Backend, parameters: QueryParameters) -> Result<QueryAnswer, RpcError> {
    let past = parameters.height.is_some() || parameters.hash.is_some();
    let height = resolve(backend, parameters.height, parameters.hash)?;
    let query = Query {
        contract: parameters.contract.0,
        caller: parameters.caller.map_or(Address::ZERO, |AddressText(caller)| caller),
        input: parameters.input.0,
        gas_limit: Gas(MAX_TRANSACTION_GAS),
    };
    let store = backend.store();
    let state = store.state_at(height)?;
    let mut context = backend.next_context();
    if past {
        context.height = height;
        context.time_ms = store.head_at(height)?.map_or(context.time_ms, |head| head.time_ms);
    }
    let result = backend.executor().query(&context, &query, state, store.codes())?;
    let abis = |address: &Address| known_abi(backend, address);
    Ok(QueryAnswer {
        outcome: outcome_json(&result.outcome, &abis),
        output: hex(&result.output),
        gas_used: result.gas_used.0,
        events: result.events.iter().map(|event| event_json(event, &abis)).collect(),
        height: height.0,
    })
}
