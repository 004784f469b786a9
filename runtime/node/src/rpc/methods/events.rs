//! `events_`: what contracts said.

use super::super::answers::{EventJson, event_json, hex};
use super::super::backend::Backend;
use super::super::error::RpcError;
use super::super::parameters::{AddressText, HashText};
use super::super::registry::Method;
use super::{known_abi, page_limit, successor};
use counterpart_ledger::{Address, Block, BlockEvent, Height, Receipt, encode, merkle_proof};
use counterpart_storage::EventPosition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub fn methods() -> Vec<Method> {
    vec![
        Method::new("events_list", "Events of a contract from old to new, page by page.", &[], list),
        Method::new(
            "events_proof",
            "Proves an event: the next block, whose header carries the root of the events, its votes, and the path.",
            &["unknown_event", "not_certified_yet"],
            proof,
        ),
    ]
}

/// Which events.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListParameters {
    /// Who emitted them.
    contract: AddressText,
    /// Only those with this topic, in any place.
    topic: Option<HashText>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Most events of the page: 1 to 100.
    limit: Option<u32>,
}

/// A page of events.
#[derive(Serialize, JsonSchema)]
struct Events {
    /// The events.
    events: Vec<Placed>,
    /// Where the next page begins, `height.transaction.event`; null at the end.
    next: Option<String>,
}

/// An event and where it stands.
#[derive(Serialize, JsonSchema)]
pub(in crate::rpc) struct Placed {
    /// Height of the block.
    pub height: u64,
    /// Hash of the transaction.
    pub transaction: String,
    /// Its place in the receipt.
    pub index: u32,
    /// The event.
    #[serde(flatten)]
    pub event: EventJson,
}

fn parse_cursor(text: &str) -> Option<EventPosition> {
    let mut parts = text.split('.').map(|part| part.parse::<u64>().ok());
    let position = EventPosition {
        height: Height(parts.next()??),
        transaction: parts.next()??.try_into().ok()?,
        event: parts.next()??.try_into().ok()?,
    };
    parts.next().is_none().then_some(position)
}

fn cursor(at: &EventPosition) -> String {
    format!("{}.{}.{}", at.height.0, at.transaction, at.event)
}

fn list(backend: &dyn Backend, parameters: ListParameters) -> Result<Events, RpcError> {
    let limit = page_limit(parameters.limit)?;
    let after = match parameters.cursor.as_deref() {
        None => None,
        Some(text) => Some(parse_cursor(text).ok_or_else(|| {
            RpcError::new("bad_parameters", "`cursor` is `next` of an earlier page: height.transaction.event")
        })?),
    };
    let store = backend.store();
    let topic = parameters.topic.map(|HashText(topic)| topic);
    let positions = store.events_of(&parameters.contract.0, topic.as_ref(), after, limit + 1)?;
    let more = positions.len() > limit;
    let mut block: Option<(Height, Block, Vec<Receipt>)> = None;
    let (mut events, mut last) = (Vec::new(), None);
    for at in positions.iter().take(limit) {
        if block.as_ref().is_none_or(|(height, ..)| *height != at.height) {
            let missing = || RpcError::new("fault", format!("block {} is missing", at.height));
            let body = store.block(at.height)?.ok_or_else(missing)?;
            block = Some((at.height, body, store.receipts(at.height)?.ok_or_else(missing)?));
        }
        let receipt = block.as_ref().and_then(|(.., receipts)| receipts.get(at.transaction as usize));
        let event = receipt.and_then(|receipt| receipt.events.get(at.event as usize));
        let (Some(receipt), Some(event)) = (receipt, event) else {
            return Err(RpcError::new("fault", "the index of events names one that is not there"));
        };
        last = Some(cursor(at));
        let event = event_json(event, &|address: &Address| known_abi(backend, address));
        let transaction = receipt.transaction.to_string();
        events.push(Placed { height: at.height.0, transaction, index: at.event, event });
    }
    Ok(Events { events, next: last.filter(|_| more) })
}

/// Which event.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProofParameters {
    /// Height of the block.
    height: u64,
    /// Index of the transaction in the block.
    transaction: u32,
    /// Index of the event in the transaction's receipt.
    index: u32,
}

/// An event with its proof.
#[derive(Serialize, JsonSchema)]
struct Proof {
    /// Canonical encoding of the event with its place in the block.
    event: String,
    /// Its path to the root of the events; canonical encoding.
    proof: String,
    /// The next block, whose header carries that root; canonical encoding.
    next_block: String,
    /// The votes that certify the next block; canonical encoding.
    certificate: String,
}

fn proof(backend: &dyn Backend, parameters: ProofParameters) -> Result<Proof, RpcError> {
    let ProofParameters { height, transaction, index } = parameters;
    let height = Height(height);
    let store = backend.store();
    let receipts = store.receipts(height)?.unwrap_or_default();
    let event = receipts.get(transaction as usize).and_then(|receipt| receipt.events.get(index as usize));
    let event = event.ok_or_else(|| {
        let at = format!("block {height} has no event {index} of transaction {transaction}");
        RpcError::new("unknown_event", at).hint("`events_list` tells where events stand")
    })?;
    let next = successor(store, height)?;
    let before: usize = receipts[..transaction as usize].iter().map(|receipt| receipt.events.len()).sum();
    let path = merkle_proof(&BlockEvent::leaves(&receipts), before + index as usize);
    Ok(Proof {
        event: hex(encode(&BlockEvent { transaction, index, event: event.clone() })),
        proof: hex(encode(&path)),
        next_block: hex(encode(&next.0)),
        certificate: hex(encode(&next.1)),
    })
}
