//! Subscriptions over WebSocket: blocks, events and the progress of a transaction, as they come.
//!
//! Every subscription can begin in the past, so that a client that was cut off misses nothing.

use super::answers::event_json;
use super::backend::Backend;
use super::discover::descriptors;
use super::error::RpcError;
use super::methods::{self, Placed, Progress};
use super::parameters::{AddressText, HashText};
use counterpart_ledger::Height;
use jsonrpsee::core::{RegisterMethodError, SubscriptionResult};
use jsonrpsee::server::{PendingSubscriptionSink, RpcModule, SubscriptionMessage, SubscriptionSink};
use jsonrpsee::types::{ErrorObjectOwned, Params};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::sync::Arc;

/// How a subscription is described.
pub struct Subscription {
    /// The method that begins it.
    pub subscribe: &'static str,
    /// The method that ends it.
    pub unsubscribe: &'static str,
    /// What it sends.
    pub summary: &'static str,
    /// Its parameters as content descriptors.
    pub parameters: fn(&mut SchemaGenerator) -> Value,
    /// The schema of what it sends.
    pub notification: fn(&mut SchemaGenerator) -> Value,
}

fn parameters_of<P: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    let schema = generator.subschema_for::<P>();
    descriptors(schema.as_value(), generator)
}

fn schema_of<A: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<A>().to_value()
}

/// Every subscription.
pub const SUBSCRIPTIONS: &[Subscription] = &[
    Subscription {
        subscribe: "chain_subscribe",
        unsubscribe: "chain_unsubscribe",
        summary: "Each block once it has finals.",
        parameters: parameters_of::<FromParameters>,
        notification: schema_of::<NewBlock>,
    },
    Subscription {
        subscribe: "events_subscribe",
        unsubscribe: "events_unsubscribe",
        summary: "Each event of blocks that have finals, of one contract or with one topic if asked for.",
        parameters: parameters_of::<EventsParameters>,
        notification: schema_of::<Placed>,
    },
    Subscription {
        subscribe: "tx_subscribe",
        unsubscribe: "tx_unsubscribe",
        summary: "How far a transaction has come, until its result is certified.",
        parameters: parameters_of::<ProgressParameters>,
        notification: schema_of::<Progress>,
    },
];

/// Where to begin.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct FromParameters {
    /// The first height to send; without it, the next block.
    from: Option<u64>,
}

/// Which events.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct EventsParameters {
    /// Only of this contract.
    contract: Option<AddressText>,
    /// Only with this topic.
    topic: Option<HashText>,
    /// The first height to send; without it, the next block.
    from: Option<u64>,
}

/// Which transaction.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProgressParameters {
    /// Its hash.
    hash: HashText,
}

/// A block that has finals.
#[derive(Serialize, JsonSchema)]
struct NewBlock {
    /// Its height.
    height: u64,
    /// Its hash.
    hash: String,
    /// ms since 1970.
    time_ms: u64,
    /// State root after it.
    state_root: String,
    /// Number of its transactions.
    transactions: usize,
    /// Finals that are known for it.
    finals: usize,
}

/// Registers all of them.
pub fn register(module: &mut RpcModule<Arc<dyn Backend>>) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "chain_subscribe",
        "chain_block",
        "chain_unsubscribe",
        |params, pending, backend, _| follow(params, pending, backend, |FromParameters { from }| from, new_block),
    )?;
    module.register_subscription(
        "events_subscribe",
        "events_event",
        "events_unsubscribe",
        |params, pending, backend, _| {
            follow(params, pending, backend, |parameters: &EventsParameters| &parameters.from, events)
        },
    )?;
    module.register_subscription("tx_subscribe", "tx_progress", "tx_unsubscribe", |params, pending, backend, _| {
        progress(params, pending, backend)
    })?;
    Ok(())
}

fn parse<P: DeserializeOwned>(params: &Params<'_>) -> Result<P, RpcError> {
    let object = match params.parse::<Value>() {
        Ok(Value::Null) => Value::Object(Default::default()),
        Ok(Value::Array(list)) if list.is_empty() => Value::Object(Default::default()),
        Ok(value) => value,
        Err(error) => return Err(RpcError::new("bad_parameters", error.message())),
    };
    serde_json::from_value(object).map_err(|error| RpcError::new("bad_parameters", error.to_string()))
}

/// What a subscription finds at a height.
type Find<P, A> = fn(&dyn Backend, &P, Height) -> Result<Vec<A>, RpcError>;

/// Sends what `at` finds at each height, from the one asked for on.
async fn follow<P, A>(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    backend: Arc<Arc<dyn Backend>>,
    from: fn(&P) -> &Option<u64>,
    at: Find<P, A>,
) -> SubscriptionResult
where
    P: DeserializeOwned + Send + Sync + 'static,
    A: Serialize + Send + 'static,
{
    let parameters = match parse::<P>(&params) {
        Ok(parameters) => Arc::new(parameters),
        Err(error) => {
            pending.reject(ErrorObjectOwned::from(error)).await;
            return Ok(());
        }
    };
    let mut heights = backend.heights();
    let mut next = from(&parameters).unwrap_or(heights.borrow().0 + 1).max(1);
    let sink = pending.accept().await?;
    loop {
        let newest = heights.borrow_and_update().0;
        while next <= newest {
            let (backend, parameters) = (backend.clone(), parameters.clone());
            let found = tokio::task::spawn_blocking(move || at(&**backend, &parameters, Height(next))).await?;
            for entry in found? {
                send(&sink, &entry).await?;
            }
            next += 1;
        }
        tokio::select! {
            () = sink.closed() => return Ok(()),
            changed = heights.changed() => changed?,
        }
    }
}

async fn send<A: Serialize>(sink: &SubscriptionSink, entry: &A) -> SubscriptionResult {
    let message = serde_json::value::to_raw_value(entry)?;
    sink.send(SubscriptionMessage::from(message)).await?;
    Ok(())
}

fn new_block(backend: &dyn Backend, _: &FromParameters, height: Height) -> Result<Vec<NewBlock>, RpcError> {
    let store = backend.store();
    let (Some(block), Some(after)) = (store.block(height)?, store.head_at(height)?) else { return Ok(Vec::new()) };
    Ok(vec![NewBlock {
        height: height.0,
        hash: after.hash.to_string(),
        time_ms: after.time_ms,
        state_root: after.state_root.to_string(),
        transactions: block.transactions.len(),
        finals: store.approval(height)?.map_or(0, |approval| approval.signatures.len()),
    }])
}

fn events(backend: &dyn Backend, parameters: &EventsParameters, height: Height) -> Result<Vec<Placed>, RpcError> {
    let receipts = backend.store().receipts(height)?.unwrap_or_default();
    let mut found = Vec::new();
    for receipt in &receipts {
        for (index, event) in receipt.events.iter().enumerate() {
            let wanted = parameters.contract.is_none_or(|AddressText(contract)| contract == event.contract)
                && parameters.topic.is_none_or(|HashText(topic)| event.topics.contains(&topic));
            if wanted {
                let event = event_json(event, &|address| methods::known_abi(backend, address));
                let transaction = receipt.transaction.to_string();
                found.push(Placed { height: height.0, transaction, index: index as u32, event });
            }
        }
    }
    Ok(found)
}

/// Sends each step of a transaction's progress once, and ends with the last.
async fn progress(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    backend: Arc<Arc<dyn Backend>>,
) -> SubscriptionResult {
    let ProgressParameters { hash: HashText(hash) } = match parse(&params) {
        Ok(parameters) => parameters,
        Err(error) => {
            pending.reject(ErrorObjectOwned::from(error)).await;
            return Ok(());
        }
    };
    let mut heights = backend.heights();
    let sink = pending.accept().await?;
    let mut last = None;
    loop {
        heights.borrow_and_update();
        let asked = backend.clone();
        let now = tokio::task::spawn_blocking(move || methods::progress(&**asked, &hash)).await??;
        let stage = now.stage();
        if last != Some(stage) {
            send(&sink, &now).await?;
            last = Some(stage);
        }
        if now.is_last() {
            return Ok(());
        }
        tokio::select! {
            () = sink.closed() => return Ok(()),
            changed = heights.changed() => changed?,
        }
    }
}
