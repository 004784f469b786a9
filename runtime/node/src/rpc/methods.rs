//! The methods.

use super::error::RpcError;
use super::json::{block_json, certificate_json, event_json, outcome_json, receipt_json};
use crate::devnet::{Devnet, now_ms};
use counterpart_abi::ContractAbi;
use counterpart_execution::{MAX_TRANSACTION_GAS, Query, account, contract};
use counterpart_ledger::{Address, Gas, Hash, Height, SignedTransaction, StateRead, Transaction, decode, encode};
use jsonrpsee::server::RpcModule;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::{Value, json};
use std::sync::Arc;

type Answer = Result<Value, RpcError>;
type Handler = fn(&Devnet, &Value) -> Answer;

/// Every method with what it does.
pub const METHODS: &[(&str, Handler)] = &[
    ("chain_head", chain_head),
    ("chain_block", chain_block),
    ("chain_validators", chain_validators),
    ("tx_simulate", tx_simulate),
    ("tx_send", tx_send),
    ("tx_receipt", tx_receipt),
    ("account_get", account_get),
    ("contract_abi", contract_abi),
    ("contract_query", contract_query),
    ("state_get", state_get),
    ("state_proof", state_proof),
];

pub fn register(module: &mut RpcModule<Arc<Devnet>>) -> anyhow::Result<()> {
    for (name, handler) in METHODS {
        module.register_blocking_method(
            name,
            move |params: Params<'_>, devnet, _| -> Result<Value, ErrorObjectOwned> {
                let object = match params.parse::<Value>() {
                    Ok(Value::Array(list)) if list.is_empty() => Value::Object(Default::default()),
                    Ok(Value::Null) => Value::Object(Default::default()),
                    Ok(value @ Value::Object(_)) => value,
                    _ => return Err(RpcError::new("bad_parameters", "parameters are one JSON object").into()),
                };
                Ok(handler(&devnet, &object)?)
            },
        )?;
    }
    Ok(())
}

fn bad(message: impl Into<String>) -> RpcError {
    RpcError::new("bad_parameters", message)
}

fn text<'a>(params: &'a Value, name: &str) -> Result<&'a str, RpcError> {
    params[name].as_str().ok_or_else(|| bad(format!("`{name}` has to be a string")))
}

fn bytes(params: &Value, name: &str) -> Result<Vec<u8>, RpcError> {
    let digits = text(params, name)?;
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    hex::decode(digits).map_err(|error| bad(format!("`{name}` is not hex: {error}")))
}

fn address(params: &Value, name: &str) -> Result<Address, RpcError> {
    Address::from_hex(text(params, name)?).ok_or_else(|| bad(format!("`{name}` is not an address: 64 hex digits")))
}

fn hash(params: &Value, name: &str) -> Result<Hash, RpcError> {
    Hash::from_hex(text(params, name)?).ok_or_else(|| bad(format!("`{name}` is not a hash: 64 hex digits")))
}

/// The height that `height` or `hash` names; the newest without either, or for `"latest"`.
fn height(devnet: &Devnet, params: &Value) -> Result<Height, RpcError> {
    let store = devnet.first().store();
    if !params["hash"].is_null() {
        let hash = hash(params, "hash")?;
        return store
            .height_of(&hash)?
            .ok_or_else(|| RpcError::new("unknown_block", format!("there is no block {hash}")));
    }
    match &params["height"] {
        Value::Null => Ok(store.head().height),
        Value::String(word) if word == "latest" || word == "final" => Ok(store.head().height),
        Value::Number(number) => {
            let height = number.as_u64().map(Height).ok_or_else(|| bad("`height` is a number from 0"))?;
            let head = store.head().height;
            if height > head {
                return Err(RpcError::new("height_above_head", format!("height {height} is above the head {head}")));
            }
            Ok(height)
        }
        _ => Err(bad("`height` is a number, \"latest\" or \"final\"")),
    }
}

fn chain_head(devnet: &Devnet, _: &Value) -> Answer {
    let store = devnet.first().store();
    let (head, genesis) = (store.head(), store.genesis());
    Ok(json!({
        "chain": genesis.chain.0,
        "height": head.height.0,
        "hash": head.hash.to_string(),
        "state_root": head.state_root.to_string(),
        "receipts_root": head.receipts_root.to_string(),
        "time_ms": head.time_ms,
        "replicas": genesis.validators.size(),
        "quorum": genesis.validators.quorum,
        "min_gas_price": genesis.min_gas_price,
        "profile": genesis.profile.to_string(),
        "genesis": genesis.hash().to_string(),
        "waiting": devnet.waiting(),
        "fault": devnet.fault(),
    }))
}

fn chain_block(devnet: &Devnet, params: &Value) -> Answer {
    let store = devnet.first().store();
    let height = height(devnet, params)?;
    let Some(block) = store.block(height)? else {
        return Err(RpcError::new("unknown_block", format!("block {height} has no body: it is genesis")));
    };
    let after = store.head_at(height)?;
    Ok(json!({
        "block": block_json(&block),
        "state_root": after.map(|head| head.state_root.to_string()),
        "receipts_root": after.map(|head| head.receipts_root.to_string()),
        "certificate": store.certificate(height)?.as_ref().map(certificate_json),
        "approval": store.approval(height)?.as_ref().map(certificate_json),
    }))
}

fn chain_validators(devnet: &Devnet, _: &Value) -> Answer {
    let set = devnet.validators();
    let members: Vec<String> = set.members.iter().map(ToString::to_string).collect();
    let raw = format!("0x{}", hex::encode(encode(set)));
    Ok(
        json!({ "epoch": set.epoch, "quorum": set.quorum, "members": members, "hash": set.hash().to_string(), "raw": raw }),
    )
}

/// The interface of a contract that the newest state has.
fn abi_of(devnet: &Devnet, state: &dyn StateRead, address: &Address) -> Result<Option<(Hash, Vec<u8>)>, RpcError> {
    let Some(record) = contract(state, address)? else { return Ok(None) };
    let replica = devnet.first();
    let code = replica.store().codes().code(&record.code_hash)?;
    let code = code.ok_or_else(|| RpcError::new("fault", format!("code {} is missing", record.code_hash)))?;
    let module = replica.executor().prepare(&code).map_err(|error| RpcError::new("fault", error.to_string()))?;
    Ok(Some((record.code_hash, module.metadata.clone().unwrap_or_default())))
}

fn known_abi(devnet: &Devnet, address: &Address) -> Option<ContractAbi> {
    let state = devnet.first().store().state();
    let (_, section) = abi_of(devnet, &*state, address).ok()??;
    ContractAbi::from_section(&section).ok()
}

fn tx_simulate(devnet: &Devnet, params: &Value) -> Answer {
    let bytes = bytes(params, "transaction")?;
    let transaction: Transaction = decode("transaction", &bytes).map_err(|error| bad(error.to_string()))?;
    let replica = devnet.first();
    let (state, codes) = (replica.store().state(), replica.store().codes());
    let context = replica.next_context(now_ms());
    let simulation = replica.executor().simulate(&context, &transaction, state, codes)?;
    let abis = |address: &Address| known_abi(devnet, address);
    let requests = simulation.requests.iter().map(|request| {
        json!({
            "address": request.address.to_string(),
            "contract": request.contract.to_string(),
            "input_hash": request.input_hash.to_string(),
        })
    });
    Ok(json!({
        "receipt": receipt_json(&simulation.receipt, &abis),
        "requests": requests.collect::<Vec<_>>(),
        "writes": simulation.writes.len(),
    }))
}

fn tx_send(devnet: &Devnet, params: &Value) -> Answer {
    let bytes = bytes(params, "transaction")?;
    let signed: SignedTransaction = decode("signed transaction", &bytes).map_err(|error| bad(error.to_string()))?;
    let hash = devnet.submit(signed)?;
    Ok(json!({ "hash": hash.to_string() }))
}

fn tx_receipt(devnet: &Devnet, params: &Value) -> Answer {
    let hash = hash(params, "hash")?;
    let store = devnet.first().store();
    let Some((height, index)) = store.locate(&hash)? else {
        if devnet.is_waiting(&hash) {
            return Ok(json!({ "status": "waiting" }));
        }
        return Err(RpcError::new("unknown_transaction", format!("there is no transaction {hash}"))
            .hint("it may have expired, or been sent to another chain"));
    };
    let Some(approval) = store.approval(height)? else { return Ok(json!({ "status": "executed" })) };
    let receipts = store.receipts(height)?.unwrap_or_default();
    let receipt = receipts.get(index as usize).ok_or_else(|| RpcError::new("fault", "a receipt is missing"))?;
    let abis = |address: &Address| known_abi(devnet, address);
    let certificate = store.certificate(height)?;
    Ok(json!({
        "status": "certified",
        "height": height.0,
        "index": index,
        "receipt": receipt_json(receipt, &abis),
        "certificate": certificate.as_ref().map(certificate_json),
        "approval": certificate_json(&approval),
        "result_certified": store.head().height > height,
    }))
}

fn account_get(devnet: &Devnet, params: &Value) -> Answer {
    let address = address(params, "address")?;
    let state = devnet.first().store().state();
    let found = account(&*state, &address)?;
    let code_hash = contract(&*state, &address)?.map(|record| record.code_hash.to_string());
    Ok(json!({ "nonce": found.nonce, "balance": found.balance.to_string(), "code_hash": code_hash }))
}

fn no_contract(address: &Address) -> RpcError {
    RpcError::new("no_contract", format!("there is no contract at {address}"))
}

fn contract_abi(devnet: &Devnet, params: &Value) -> Answer {
    let address = address(params, "contract")?;
    let state = devnet.first().store().state();
    let (code_hash, section) = abi_of(devnet, &*state, &address)?.ok_or_else(|| no_contract(&address))?;
    if section.is_empty() {
        return Err(RpcError::new("no_interface", format!("the code of {address} carries no interface")));
    }
    let abi = ContractAbi::from_section(&section).map_err(|error| RpcError::new("no_interface", error.to_string()))?;
    Ok(json!({
        "code_hash": code_hash.to_string(),
        "abi": abi.to_json(&[]),
        "section": format!("0x{}", hex::encode(section)),
    }))
}

fn contract_query(devnet: &Devnet, params: &Value) -> Answer {
    let contract = address(params, "contract")?;
    let caller = if params["caller"].is_null() { Address::ZERO } else { address(params, "caller")? };
    let query = Query { contract, caller, input: bytes(params, "input")?, gas_limit: Gas(MAX_TRANSACTION_GAS) };
    let replica = devnet.first();
    let height = height(devnet, params)?;
    let state = replica.store().state_at(height)?;
    let mut context = replica.next_context(now_ms());
    if !params["height"].is_null() || !params["hash"].is_null() {
        context.height = height;
        context.time_ms = replica.store().head_at(height)?.map_or(context.time_ms, |head| head.time_ms);
    }
    let result = replica.executor().query(&context, &query, state, replica.store().codes())?;
    let abis = |address: &Address| known_abi(devnet, address);
    Ok(json!({
        "outcome": outcome_json(&result.outcome, &abis),
        "output": format!("0x{}", hex::encode(&result.output)),
        "gas_used": result.gas_used.0,
        "events": result.events.iter().map(|event| event_json(event, &abis)).collect::<Vec<_>>(),
        "height": height.0,
    }))
}

/// The state's key: `key` as it is, or with `contract` the contract's own key.
fn state_key(params: &Value) -> Result<Vec<u8>, RpcError> {
    let key = bytes(params, "key")?;
    if params["contract"].is_null() {
        return Ok(key);
    }
    Ok([&address(params, "contract")?.0[..], &key].concat())
}

fn state_get(devnet: &Devnet, params: &Value) -> Answer {
    let key = state_key(params)?;
    let height = height(devnet, params)?;
    let value = devnet.first().store().state_at(height)?.get(&key)?;
    Ok(json!({ "height": height.0, "value": value.map(|value| format!("0x{}", hex::encode(value))) }))
}

fn state_proof(devnet: &Devnet, params: &Value) -> Answer {
    let proved = devnet.first().store().prove(&state_key(params)?)?;
    Ok(json!({
        "height": proved.head.height.0,
        "state_root": proved.head.state_root.to_string(),
        "value": proved.value.map(|value| format!("0x{}", hex::encode(value))),
        "siblings": proved.proof.siblings.len(),
        "proof": format!("0x{}", hex::encode(encode(&proved.proof))),
    }))
}
