//! The gateway over HTTP.

use crate::gateway::Gateway;
use crate::ledger::Ledger;
use crate::store::Accepted;
use crate::wire::{Packet, bytes};
use counterpart_sdk::Hash;
use counterpart_service::{Handler, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Packets in a request, at most.
const MAX_PACKETS: usize = 100;

/// The methods `submit`, `blob` and `status`.
pub struct Service<L>(pub Arc<Gateway<L>>);

#[derive(Deserialize)]
struct Submit {
    packets: Vec<Packet>,
}

#[derive(Deserialize)]
struct Blob {
    body: String,
}

impl<L: Ledger + 'static> Handler for Service<L> {
    fn call(&self, method: &str, parameters: Value) -> Result<Value, ServiceError> {
        match method {
            "submit" => {
                let Submit { packets } = ServiceError::parameters(parameters)?;
                if packets.is_empty() || packets.len() > MAX_PACKETS {
                    return Err(ServiceError::bad_request(format!("1 to {MAX_PACKETS} packets at a time")));
                }
                // Each by itself: what is wrong with one is no reason to lose another.
                let answers = packets.iter().map(|packet| match self.0.accept(packet) {
                    Ok(Accepted::New) => json!({ "accepted": "new" }),
                    Ok(Accepted::Again) => json!({ "accepted": "again" }),
                    Err(error) => json!({ "refused": error }),
                });
                Ok(answers.collect())
            }
            "blob" => {
                let Blob { body } = ServiceError::parameters(parameters)?;
                Ok(json!({ "blob": hex::encode(self.0.blob(&Hash(bytes(&body)?))?) }))
            }
            "status" => {
                let counts = self.0.store().counts().map_err(|error| ServiceError::new("failed", error))?;
                Ok(json!({ "waiting": counts.waiting, "refused": counts.refused }))
            }
            other => Err(ServiceError::unknown_method(other)),
        }
    }
}
