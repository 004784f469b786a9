//! The payer's side: a terminal that hears beacons, sees prices, and answers challenges.

use crate::beacons::Choice;
use crate::place::Place;
use crate::service::Packet;
use crate::vector::{self, Choices, Vector};
use counterpart_service::{Client, ClientError};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// Packets that a terminal keeps.
const KEEP: usize = 2_000;

/// A terminal.
pub struct Terminal {
    client: Client,
    place: Place,
    radius_m: u64,
    packets: VecDeque<Packet>,
    chosen: Option<Choice>,
    secrets: BTreeMap<(String, u64), u64>,
}

/// Why a terminal gets no further.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// The service refuses or cannot be reached.
    #[error("{0}")]
    Service(#[from] ClientError),
    /// It answers what makes no sense.
    #[error("the service's answer lacks {0}")]
    NoAnswer(&'static str),
    /// The terminal was not enrolled at the merchant.
    #[error("this terminal shares no secret with the merchant")]
    NotEnrolled,
}

impl Terminal {
    /// A terminal at a place; everything that it sends is sealed if the client seals.
    pub fn new(client: Client, place: Place, radius_m: u64) -> Self {
        Self { client, place, radius_m, packets: VecDeque::new(), chosen: None, secrets: BTreeMap::new() }
    }

    /// Goes elsewhere.
    pub fn go(&mut self, place: Place) {
        self.place = place;
    }

    /// Hears packets.
    pub fn hear(&mut self, packets: impl IntoIterator<Item = Packet>) {
        self.packets.extend(packets);
        while self.packets.len() > KEEP {
            self.packets.pop_front();
        }
    }

    /// Merchants around, the nearest first.
    ///
    /// # Errors
    /// [`TerminalError`]; so below.
    pub fn near(&self) -> Result<Value, TerminalError> {
        Ok(self.client.call("near", &json!({ "place": self.place, "radius_m": self.radius_m }))?)
    }

    /// The merchant that it stands at, by what it heard until now.
    pub fn look(&mut self, now_ms: u64) -> Result<Option<u64>, TerminalError> {
        let asked = json!({
            "place": self.place, "radius_m": self.radius_m, "packets": self.packets, "now_ms": now_ms,
            "before": self.chosen,
        });
        let answer = self.client.call("observe", &asked)?;
        let chosen = answer.get("chosen").cloned().ok_or(TerminalError::NoAnswer("a choice"))?;
        self.chosen = serde_json::from_value(chosen).map_err(|_| TerminalError::NoAnswer("a choice"))?;
        Ok(self.chosen.map(|choice| choice.merchant))
    }

    /// What a merchant sells.
    pub fn products(&self, merchant: u64) -> Result<Value, TerminalError> {
        Ok(self.client.call("products", &json!({ "merchant": merchant }))?)
    }

    /// Agrees on a secret with the service, for a payer at a merchant.
    pub fn enrol(&mut self, payer: &str, merchant: u64) -> Result<(), TerminalError> {
        let answer = self.client.call("enrol", &json!({ "payer": payer, "merchant": merchant }))?;
        let secret = answer["secret"].as_str().and_then(|text| text.parse().ok());
        self.secrets.insert((payer.to_owned(), merchant), secret.ok_or(TerminalError::NoAnswer("a secret"))?);
        Ok(())
    }

    /// Answers a challenge and hands over what the payer signed; answers the receipt. `seed` is 32 random bytes, used once.
    pub fn pay(&self, payer: &str, merchant: u64, signed: &Value, seed: [u8; 32]) -> Result<Value, TerminalError> {
        let secret = self.secrets.get(&(payer.to_owned(), merchant)).ok_or(TerminalError::NotEnrolled)?;
        let asked = self.client.call("challenge", &json!({ "payer": payer, "merchant": merchant }))?;
        let vector: Vector =
            serde_json::from_value(asked["vector"].clone()).map_err(|_| TerminalError::NoAnswer("a vector"))?;
        let answer = vector::answer(&vector, *secret, &mut Choices::new(seed));
        let pay = json!({ "challenge": asked["challenge"], "answer": answer, "signed": signed });
        Ok(self.client.call("pay", &pay)?)
    }
}
