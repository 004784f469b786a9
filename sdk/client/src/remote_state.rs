//! The state of a node's chain after one block, read entry by entry: what tests of contracts fork from.

use crate::client::{Client, Result};
use crate::error::ClientError;
use counterpart_ledger::{CodeRead, Hash, Height, StateFault, StateKey, StateRead};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// State and code behind a node's RPC, as of one block. What was read once is not asked for again.
///
/// The node is believed: for what it proves, see `state_proof`.
pub struct RemoteState {
    client: Client,
    height: Height,
    time_ms: u64,
    known: Mutex<BTreeMap<StateKey, Option<Vec<u8>>>>,
}

impl RemoteState {
    /// The state after the newest block, which the node has to keep for as long as it is read.
    ///
    /// # Errors
    /// [`ClientError`] when the node cannot be reached.
    pub fn newest(client: Client) -> Result<Arc<Self>> {
        let answer = client.call("chain_head", json!({}))?;
        let number = |name: &str| {
            let missing = || ClientError::Answer { method: "chain_head".into(), cause: format!("no {name}") };
            answer[name].as_u64().ok_or_else(missing)
        };
        let (height, time_ms) = (Height(number("height")?), number("time_ms")?);
        Ok(Arc::new(Self { client, height, time_ms, known: Mutex::default() }))
    }

    /// The block.
    pub const fn height(&self) -> Height {
        self.height
    }

    /// Its time, in ms since 1970.
    pub const fn time_ms(&self) -> u64 {
        self.time_ms
    }

    fn ask(&self, method: &str, parameters: Value) -> std::result::Result<Value, StateFault> {
        self.client.call(method, parameters).map_err(|error| StateFault(error.to_string()))
    }
}

fn hex_of(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn bytes_of(value: &Value) -> std::result::Result<Option<Vec<u8>>, StateFault> {
    let Some(text) = value.as_str() else { return Ok(None) };
    hex::decode(text.trim_start_matches("0x")).map(Some).map_err(|error| StateFault(error.to_string()))
}

impl StateRead for RemoteState {
    fn get(&self, key: &[u8]) -> std::result::Result<Option<Vec<u8>>, StateFault> {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(known.clone());
        }
        let answer = self.ask("state_get", json!({ "key": hex_of(key), "height": self.height.0 }))?;
        let value = bytes_of(&answer["value"])?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_vec(), value.clone());
        Ok(value)
    }

    fn next(
        &self,
        start: &[u8],
        end: &[u8],
        descending: bool,
    ) -> std::result::Result<Option<(StateKey, Vec<u8>)>, StateFault> {
        let parameters = json!({
            "start": hex_of(start), "end": hex_of(end), "descending": descending, "height": self.height.0,
        });
        let answer = self.ask("state_next", parameters)?;
        Ok(bytes_of(&answer["key"])?.zip(bytes_of(&answer["value"])?))
    }
}

impl CodeRead for RemoteState {
    fn code(&self, hash: &Hash) -> std::result::Result<Option<Vec<u8>>, StateFault> {
        let answer = self.ask("state_code", json!({ "hash": hash.to_string() }))?;
        bytes_of(&answer["code"])
    }
}
