//! The bridge: from holds that the contract asks for to what the network says, and back.

use counterpart_service::{Client, ClientError};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A hold that the contract asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// Its id, in hex.
    pub id: String,
    /// The card's token, in hex.
    pub card: String,
    /// Units.
    pub units: u128,
}

/// What the network says of a hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is held.
    Held,
    /// It is not, with the network's word for it.
    Declined(String),
}

/// What the bridge needs of a ledger.
pub trait Ledger {
    /// Holds that were asked for and not reported.
    ///
    /// # Errors
    /// When the ledger cannot be asked.
    fn asked(&mut self) -> Result<Vec<Asked>, BridgeError>;

    /// Reports what became of a hold; answers whether the contract still wants it. A success that it wants no more is given back.
    ///
    /// # Errors
    /// When the ledger does not take it.
    fn report(&mut self, id: &str, answer: &Answer) -> Result<bool, BridgeError>;
}

/// Why the bridge gets no further.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// The ledger.
    #[error("the ledger: {0}")]
    Ledger(String),
    /// The network.
    #[error("the network: {0}")]
    Network(#[from] ClientError),
}

/// The bridge.
pub struct Bridge<L> {
    ledger: L,
    network: Client,
    /// Holds of which is not known whether the network has them.
    unknown: BTreeSet<String>,
}

impl<L: Ledger> Bridge<L> {
    /// A bridge between a ledger and a network.
    pub fn new(ledger: L, network: Client) -> Self {
        Self { ledger, network, unknown: BTreeSet::new() }
    }

    /// The ledger.
    pub fn ledger(&mut self) -> &mut L {
        &mut self.ledger
    }

    /// Holds whose outcome is not known yet.
    pub fn unknown(&self) -> usize {
        self.unknown.len()
    }

    /// Takes every open hold to the network, once; answers how many were reported. What got no answer is asked again next time, with
    /// the same id, so that nothing is held twice.
    ///
    /// # Errors
    /// [`BridgeError::Ledger`]; the network's silence is none.
    pub fn step(&mut self) -> Result<usize, BridgeError> {
        let mut reported = 0;
        for asked in self.ledger.asked()? {
            let body = json!({ "id": asked.id, "card": asked.card, "units": asked.units.to_string() });
            let answer = match self.network.call("authorize", &body) {
                Ok(answer) => read(&answer, asked.units),
                Err(ClientError::Refused(error)) if error.status == 503 => Answer::Declined("unavailable".into()),
                Err(ClientError::Refused(error)) => Answer::Declined(error.error),
                // It may have the units or not: saying either would be a guess.
                Err(_) => {
                    self.unknown.insert(asked.id);
                    continue;
                }
            };
            self.unknown.remove(&asked.id);
            let wanted = self.ledger.report(&asked.id, &answer)?;
            if !wanted {
                self.network.call("release", &json!({ "id": asked.id }))?;
            }
            reported += 1;
        }
        Ok(reported)
    }
}

/// What an answer says. Another amount than was asked for is none that could be captured: it is declined, and given back.
fn read(answer: &Value, units: u128) -> Answer {
    match (answer["held"].as_str(), answer["declined"].as_str()) {
        (Some(held), _) if held.parse() == Ok(units) => Answer::Held,
        (Some(_), _) => Answer::Declined("other_amount".into()),
        (_, Some(word)) => Answer::Declined(word.to_owned()),
        _ => Answer::Declined("no_answer".into()),
    }
}

/// Numbers as decimal text.
pub(crate) mod decimal {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(units: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&units.to_string())
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<u128, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("units are a decimal number in quotes"))
    }
}
