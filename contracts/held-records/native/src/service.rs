//! The gatekeeper over HTTP.

use crate::gatekeeper::Gatekeeper;
use crate::journal::State;
use crate::ledger::Ledger;
use crate::receipts::Receipt;
use crate::wire::{OpeningText, SignalText, Submission, bytes};
use counterpart_sdk::Hash;
use counterpart_service::{Handler, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Receipts in an answer, at most.
const MAX_RECEIPTS: usize = 200;

/// The methods `submit`, `signal`, `status`, `receipts`, `simulate` and `keeper`.
pub struct Service<L>(pub Arc<Gatekeeper<L>>);

#[derive(Deserialize)]
struct Which {
    record: String,
}

#[derive(Deserialize)]
struct From {
    from: u64,
}

#[derive(Deserialize)]
struct Simulate {
    opening: OpeningText,
    signals: u32,
}

impl State {
    /// The state in JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Received => json!("received"),
            Self::Held(ready_ms) => json!({ "held": ready_ms }),
            Self::Releasing => json!("releasing"),
            Self::Recorded => json!("recorded"),
            Self::Cancelled => json!("cancelled"),
            Self::Superseded(by) => json!({ "superseded": hex::encode(by.0) }),
            Self::Expired => json!("expired"),
            Self::Rejected => json!("rejected"),
        }
    }
}

impl<L: Ledger + 'static> Handler for Service<L> {
    fn call(&self, method: &str, parameters: Value) -> Result<Value, ServiceError> {
        match method {
            "submit" => {
                let submission: Submission = ServiceError::parameters(parameters)?;
                Ok(self.0.submit(&submission)?.iter().map(Receipt::to_json).collect())
            }
            "signal" => {
                let signal: SignalText = ServiceError::parameters(parameters)?;
                Ok(self.0.signal(&signal)?.to_json())
            }
            "status" => {
                let Which { record } = ServiceError::parameters(parameters)?;
                let found = self.0.status(&Hash(bytes(&record)?));
                let found = found
                    .ok_or_else(|| ServiceError::new("no_record", "no such record is held here").with_status(404))?;
                let before = found.before.map(|record| hex::encode(record.0));
                let state = found.state.to_json();
                Ok(
                    json!({ "state": state, "anchored_ms": found.anchored_ms, "before": before, "wanted": found.wanted }),
                )
            }
            "receipts" => {
                let From { from } = ServiceError::parameters(parameters)?;
                Ok(self.0.receipts(from, MAX_RECEIPTS)?.iter().map(Receipt::to_json).collect())
            }
            "simulate" => {
                let Simulate { opening, signals } = ServiceError::parameters(parameters)?;
                let ruling = self.0.simulate(&opening, signals)?;
                let reasons: Vec<String> = ruling.reasons.iter().map(|reason| format!("{reason:?}")).collect();
                Ok(json!({
                    "delay_ms": ruling.delay_ms, "expedited_ms": ruling.expedited_ms, "quorum": ruling.quorum,
                    "reasons": reasons,
                }))
            }
            "keeper" => Ok(json!({ "key": hex::encode(self.0.public_key()) })),
            other => Err(ServiceError::unknown_method(other)),
        }
    }
}
