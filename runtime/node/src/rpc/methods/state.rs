//! `state_`: entries of the state, with proofs.

use super::super::answers::hex;
use super::super::backend::Backend;
use super::super::error::RpcError;
use super::super::parameters::{AddressText, At, Bytes, HashText, resolve};
use super::super::registry::Method;
use super::tx::{Change, changed};
use super::{BlockParameters, StoredJson, known_abi, page_limit, stored};
use counterpart_ledger::encode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub fn methods() -> Vec<Method> {
    let past = &["unknown_block", "height_above_head", "height_pruned"];
    vec![
        Method::new("state_get", "An entry of the state, at any height that is kept.", past, get),
        Method::new(
            "state_proof",
            "An entry of the state, or its absence, with its proof, at any height that is kept.",
            past,
            proof,
        ),
        Method::new("state_range", "Entries of a contract in the order of their keys, page by page.", past, range),
        Method::new("state_next", "The first entry between two keys, or the last one.", past, next),
        Method::new("state_code", "Uploaded code by its hash.", &[], code),
        Method::new("state_changes", "What a block changed: entries before and after.", past, changes),
    ]
}

/// Which entry, and when.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EntryParameters {
    /// The key; with `contract` the contract's own key.
    key: Bytes,
    /// Whose entry it is.
    contract: Option<AddressText>,
    /// After this block; the newest if neither is given.
    height: Option<At>,
    /// Or after the block with this hash.
    hash: Option<HashText>,
}

fn full_key(contract: Option<AddressText>, Bytes(key): Bytes) -> Vec<u8> {
    match contract {
        Some(AddressText(contract)) => [&contract.0[..], &key].concat(),
        None => key,
    }
}

/// An entry.
#[derive(Serialize, JsonSchema)]
struct Entry {
    /// The height of the state.
    height: u64,
    /// Its value; null when it is absent.
    value: Option<String>,
}

fn get(backend: &dyn Backend, parameters: EntryParameters) -> Result<Entry, RpcError> {
    let height = resolve(backend, parameters.height, parameters.hash)?;
    let key = full_key(parameters.contract, parameters.key);
    let value = backend.store().state_at(height)?.get(&key)?;
    Ok(Entry { height: height.0, value: value.map(hex) })
}

/// Which entry.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProofParameters {
    /// The key; with `contract` the contract's own key.
    key: Bytes,
    /// Whose entry it is.
    contract: Option<AddressText>,
    /// After this block; the newest if neither is given.
    height: Option<At>,
    /// Or after the block with this hash.
    hash: Option<HashText>,
}

/// An entry with its proof.
#[derive(Serialize, JsonSchema)]
struct Proved {
    /// The height of the state.
    height: u64,
    /// The root that the proof leads to; the next block's header carries it.
    state_root: String,
    /// Its value; null when it is absent.
    value: Option<String>,
    /// Number of hashes in the proof.
    siblings: usize,
    /// Canonical encoding of the proof.
    proof: String,
}

fn proof(backend: &dyn Backend, parameters: ProofParameters) -> Result<Proved, RpcError> {
    let past = parameters.height.is_some() || parameters.hash.is_some();
    let key = full_key(parameters.contract, parameters.key);
    let proved = if past {
        backend.store().prove_at(resolve(backend, parameters.height, parameters.hash)?, &key)?
    } else {
        backend.store().prove(&key)?
    };
    Ok(Proved {
        height: proved.head.height.0,
        state_root: proved.head.state_root.to_string(),
        value: proved.value.map(hex),
        siblings: proved.proof.siblings.len(),
        proof: hex(encode(&proved.proof)),
    })
}

/// Between which keys, and when.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NextParameters {
    /// The first key that counts: 32 bytes of the contract, then its own key.
    start: Bytes,
    /// The first key that does not count any more.
    end: Bytes,
    /// The last entry instead of the first.
    descending: Option<bool>,
    /// After this block; the newest if neither is given.
    height: Option<At>,
    /// Or after the block with this hash.
    hash: Option<HashText>,
}

/// An entry with its key.
#[derive(Serialize, JsonSchema)]
struct NextEntry {
    /// The height of the state.
    height: u64,
    /// The whole key; null when there is no entry.
    key: Option<String>,
    /// The value; null when there is no entry.
    value: Option<String>,
}

fn next(backend: &dyn Backend, parameters: NextParameters) -> Result<NextEntry, RpcError> {
    let height = resolve(backend, parameters.height, parameters.hash)?;
    let (Bytes(start), Bytes(end)) = (parameters.start, parameters.end);
    let found = backend.store().state_at(height)?.next(&start, &end, parameters.descending.unwrap_or(false))?;
    let (key, value) = found.unzip();
    Ok(NextEntry { height: height.0, key: key.map(hex), value: value.map(hex) })
}

/// Which code.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CodeParameters {
    /// Its hash.
    hash: HashText,
}

/// Code.
#[derive(Serialize, JsonSchema)]
struct Code {
    /// The module, as it was uploaded; null when there is none.
    code: Option<String>,
}

fn code(backend: &dyn Backend, parameters: CodeParameters) -> Result<Code, RpcError> {
    let HashText(hash) = parameters.hash;
    Ok(Code { code: backend.store().codes().code(&hash)?.map(hex) })
}

/// Which entries, and when.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RangeParameters {
    /// Whose entries.
    contract: AddressText,
    /// The contract's own key to begin with: `next` of the page before.
    start: Option<Bytes>,
    /// After this block; the newest if neither is given. Pages of one list name the same block.
    height: Option<At>,
    /// Or after the block with this hash.
    hash: Option<HashText>,
    /// Most entries of the page: 1 to 100.
    limit: Option<u32>,
}

/// A page of entries.
#[derive(Serialize, JsonSchema)]
struct Range {
    /// The height of the state.
    height: u64,
    /// The contract's own keys with their values.
    entries: Vec<KeyValue>,
    /// `start` of the next page; null at the end.
    next: Option<String>,
}

/// A key with its value.
#[derive(Serialize, JsonSchema)]
struct KeyValue {
    /// The contract's own key.
    key: String,
    /// Its value.
    value: String,
    /// Both, decoded by the contract's interface.
    decoded: Option<StoredJson>,
}

fn range(backend: &dyn Backend, parameters: RangeParameters) -> Result<Range, RpcError> {
    let height = resolve(backend, parameters.height, parameters.hash)?;
    let limit = page_limit(parameters.limit)?;
    let AddressText(contract) = parameters.contract;
    let state = backend.store().state_at(height)?;
    let mut start = full_key(Some(parameters.contract), parameters.start.unwrap_or(Bytes(Vec::new())));
    let end = after_prefix(&contract.0);
    let abi = known_abi(backend, &contract);
    let mut entries = Vec::new();
    while entries.len() < limit {
        let Some((key, value)) = state.next(&start, &end, false)? else {
            return Ok(Range { height: height.0, entries, next: None });
        };
        let decoded = stored(abi.as_ref(), &key[32..], Some(&value));
        entries.push(KeyValue { key: hex(&key[32..]), value: hex(value), decoded });
        start = key;
        start.push(0);
    }
    let more = state.next(&start, &end, false)?;
    Ok(Range { height: height.0, entries, next: more.map(|(key, _)| hex(&key[32..])) })
}

/// The first key above all that begin with a prefix; for a prefix of ones, more than any key.
fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    vec![u8::MAX; prefix.len() + 1]
}

/// What a block changed.
#[derive(Serialize, JsonSchema)]
struct Changes {
    /// Its height.
    height: u64,
    /// Number of changed entries.
    count: usize,
    /// The first 1 000 of them.
    changes: Vec<Change>,
}

fn changes(backend: &dyn Backend, parameters: BlockParameters) -> Result<Changes, RpcError> {
    let height = resolve(backend, parameters.height, parameters.hash)?;
    let writes = backend.store().writes(height)?.unwrap_or_default();
    Ok(Changes { height: height.0, count: writes.len(), changes: changed(backend, &writes) })
}
