//! The methods, by namespace.

mod audit;
mod chain;
mod contract;
mod development;
mod events;
mod node;
mod state;
mod tx;

pub(super) use events::Placed;
pub(super) use tx::{Progress, progress};

use super::answers::CertificateJson;
use super::backend::Backend;
use super::error::RpcError;
use super::parameters::{At, HashText};
use super::registry::Method;
use counterpart_abi::{ContractAbi, StoredEntry};
use counterpart_execution::contract as contract_record;
use counterpart_ledger::{Address, Block, Certificate, Hash, Height, StateRead};
use counterpart_storage::Store;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most entries of one page.
pub(super) const MAX_PAGE: u32 = 100;

/// Every method of a node; those for development only where it is one.
pub fn methods(development: bool) -> Vec<Method> {
    let mut all: Vec<Method> = Vec::new();
    for namespace in
        [chain::methods, tx::methods, contract::methods, state::methods, events::methods, audit::methods, node::methods]
    {
        all.extend(namespace());
    }
    if development {
        all.extend(development::methods());
    }
    all
}

/// No parameters.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParameters {}

/// Which block.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BlockParameters {
    /// Its height; the newest if neither is given.
    pub height: Option<At>,
    /// Or its hash.
    pub hash: Option<HashText>,
}

/// How many entries of a page are wanted.
fn page_limit(limit: Option<u32>) -> Result<usize, RpcError> {
    match limit.unwrap_or(MAX_PAGE) {
        limit @ 1..=MAX_PAGE => Ok(limit as usize),
        other => Err(RpcError::new("bad_parameters", format!("`limit` is 1 to {MAX_PAGE}, not {other}"))),
    }
}

/// The block after a height, whose header carries that height's roots, and its votes.
fn successor(store: &Store, height: Height) -> Result<(Block, Certificate), RpcError> {
    let next = Height(height.0 + 1);
    match (store.block(next)?, store.certificate(next)?) {
        (Some(block), Some(votes)) => Ok((block, votes)),
        _ => Err(RpcError::new("not_certified_yet", format!("no block follows block {height} yet"))
            .hint("results are certified with the next block, which follows at once")),
    }
}

fn certificate(found: Option<counterpart_ledger::Certificate>) -> Option<CertificateJson> {
    found.as_ref().map(super::answers::certificate_json)
}

/// Hash of a contract's code, and the interface that it carries; none if there is no contract.
fn interface(
    backend: &dyn Backend,
    state: &dyn StateRead,
    address: &Address,
) -> Result<Option<(Hash, Vec<u8>)>, RpcError> {
    let Some(record) = contract_record(state, address)? else { return Ok(None) };
    let module = match backend.executor().prepared(&record.code_hash) {
        Some(module) => module,
        None => {
            let code = backend.store().codes().code(&record.code_hash)?;
            let code = code.ok_or_else(|| RpcError::new("fault", format!("code {} is missing", record.code_hash)))?;
            backend.executor().prepare(&code).map_err(|error| RpcError::new("fault", error.to_string()))?
        }
    };
    Ok(Some((record.code_hash, module.metadata.clone().unwrap_or_default())))
}

/// The interface by which to decode what a contract says, if it can be had.
pub(super) fn known_abi(backend: &dyn Backend, address: &Address) -> Option<ContractAbi> {
    let state = backend.store().state();
    let (_, section) = interface(backend, &*state, address).ok()??;
    ContractAbi::from_section(&section).ok()
}

/// An entry of the state in the words of its contract.
#[derive(Serialize, JsonSchema)]
pub struct StoredJson {
    /// The field.
    pub field: String,
    /// The key or index inside it; null for fields of one value.
    pub key: serde_json::Value,
    /// The value; null when it is absent.
    pub value: serde_json::Value,
}

/// Decodes an entry whose own key and value these are.
fn stored(abi: Option<&ContractAbi>, key: &[u8], value: Option<&[u8]>) -> Option<StoredJson> {
    let StoredEntry { field, key, value } = abi?.decode_stored(key, value)?;
    Some(StoredJson { field, key, value })
}

fn no_contract(address: &Address) -> RpcError {
    RpcError::new("no_contract", format!("there is no contract at {address}"))
}
