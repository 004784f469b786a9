//! The network: cards, holds on them, and what goes wrong on order.

use counterpart_service::{Handler, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What goes wrong with a card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Nothing: there is enough or too little.
    None,
    /// Beyond what the card gives at a time.
    Limit,
    /// The network is out.
    Outage,
    /// Somebody cheats.
    Fraud,
    /// It holds, and the answer comes only after so long.
    SlowSuccess(Duration),
    /// It holds, and says another amount.
    OtherAmount,
}

/// A card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Card {
    /// Units on it that no hold keeps.
    pub units: u128,
    /// What goes wrong.
    pub fault: Fault,
}

#[derive(Default)]
struct State {
    cards: BTreeMap<String, Card>,
    /// By id: the card, its units, and whether they are kept.
    holds: BTreeMap<String, (String, u128, bool)>,
    /// Requests that came, retries included.
    asked: u64,
}

/// A card network.
#[derive(Default)]
pub struct Network(Mutex<State>);

#[derive(Deserialize, Serialize)]
struct Authorize {
    id: String,
    card: String,
    #[serde(with = "crate::bridge::decimal")]
    units: u128,
}

#[derive(Deserialize)]
struct Release {
    id: String,
}

impl Network {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a card in place.
    pub fn put(&self, card: &str, now: Card) {
        self.state().cards.insert(card.to_owned(), now);
    }

    /// A card.
    pub fn card(&self, card: &str) -> Option<Card> {
        self.state().cards.get(card).copied()
    }

    /// Requests for holds that came, retries included.
    pub fn asked(&self) -> u64 {
        self.state().asked
    }

    fn authorize(&self, asked: &Authorize) -> Result<Value, ServiceError> {
        let slow = {
            let mut state = self.state();
            state.asked += 1;
            let card = state.cards.get(&asked.card).copied();
            let card = card.ok_or_else(|| ServiceError::new("unknown_card", "there is no such card"))?;
            match card.fault {
                Fault::Outage => return Err(ServiceError::unavailable("the network is out")),
                Fault::Limit => return Ok(json!({ "declined": "limit" })),
                Fault::Fraud => return Ok(json!({ "declined": "fraud" })),
                _ => {}
            }
            // The same id again is the same hold.
            if !state.holds.contains_key(&asked.id) {
                let Some(units) = card.units.checked_sub(asked.units) else {
                    return Ok(json!({ "declined": "insufficient" }));
                };
                state.cards.insert(asked.card.clone(), Card { units, ..card });
                state.holds.insert(asked.id.clone(), (asked.card.clone(), asked.units, true));
            }
            card.fault
        };
        if let Fault::SlowSuccess(after) = slow {
            std::thread::sleep(after);
        }
        let said = if slow == Fault::OtherAmount { asked.units + 1 } else { asked.units };
        Ok(json!({ "held": said.to_string() }))
    }

    /// Gives a hold back to its card, once.
    fn release(&self, id: &str) -> Value {
        let mut state = self.state();
        let Some((card, units, kept)) = state.holds.get_mut(id) else { return json!({ "released": false }) };
        let (card, units, was_kept) = (card.clone(), *units, std::mem::take(kept));
        if was_kept && let Some(card) = state.cards.get_mut(&card) {
            card.units += units;
        }
        json!({ "released": was_kept })
    }
}

impl Handler for Network {
    fn call(&self, method: &str, parameters: Value) -> Result<Value, ServiceError> {
        match method {
            "authorize" => self.authorize(&ServiceError::parameters(parameters)?),
            "release" => {
                let Release { id } = ServiceError::parameters(parameters)?;
                Ok(self.release(&id))
            }
            other => Err(ServiceError::unknown_method(other)),
        }
    }
}
