//! The service that terminals speak to: merchants around, the one that a terminal stands at, the challenge, and the way to the
//! ledger. A terminal's place is looked at and forgotten.

use crate::beacon_id::{IdentityKey, LEN};
use crate::beacons::{Choice, Heard, Rules};
use crate::map::Map;
use crate::place::Place;
use crate::vector::{self, Choices, MAX_SECRET, Vector};
use counterpart_service::{Handler, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

/// A challenge has to be answered in so many ms.
pub const ANSWER_MS: u64 = 30_000;
/// Challenges of a payer at a merchant within [`ANSWER_MS`], at most.
pub const MAX_CHALLENGES: usize = 5;
/// Wrong answers in a row, after which nobody is asked for [`LOCK_MS`].
pub const MAX_WRONG: u32 = 5;
/// How long a payer is locked out, in ms.
pub const LOCK_MS: u64 = 600_000;
/// Packets in a request, at most.
const MAX_HEARD: usize = 4_000;
/// The farthest that is looked, in metres.
const MAX_RADIUS_M: u64 = 100_000;

/// What the service needs of a ledger.
pub trait Ledger: Send + Sync + 'static {
    /// A merchant's products, as its contract answers them.
    ///
    /// # Errors
    /// When the ledger cannot be asked.
    fn products(&self, merchant: u64) -> Result<Value, ServiceError>;

    /// Brings what a payer signed: `intent`, `key` and `signature`. Answers the receipt.
    ///
    /// # Errors
    /// When it is refused, or the ledger cannot be reached.
    fn pay(&self, signed: &Value) -> Result<Value, ServiceError>;
}

/// A beacon as the service knows it.
pub struct Beacon {
    /// Whose.
    pub merchant: u64,
    /// Which of its beacons.
    pub number: u32,
    /// Its key.
    pub key: IdentityKey,
    /// When its counter was zero, in seconds since 1970.
    pub since_s: u64,
}

/// What a clock and a source of chance are to the service: real ones, or those of a test.
pub struct Surroundings {
    /// The time, in ms since 1970.
    pub now_ms: Box<dyn Fn() -> u64 + Send + Sync>,
    /// 32 random bytes.
    pub random: Box<dyn Fn() -> Result<[u8; 32], ServiceError> + Send + Sync>,
}

/// The service.
pub struct Service<L> {
    ledger: L,
    surroundings: Surroundings,
    rules: Rules,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    map: Map,
    beacons: Vec<Beacon>,
    pairs: BTreeMap<(String, u64), Pair>,
    challenges: BTreeMap<String, Challenge>,
}

/// What is known of a payer at a merchant.
#[derive(Default)]
struct Pair {
    secret: Option<u64>,
    asked_ms: VecDeque<u64>,
    wrong: u32,
    locked_until_ms: u64,
}

struct Challenge {
    payer: String,
    merchant: u64,
    vector: Vector,
    until_ms: u64,
}

#[derive(Deserialize)]
struct Near {
    place: Place,
    radius_m: u64,
}

/// A packet as a terminal heard it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Packet {
    /// The identity that was sent, in hex.
    pub id: String,
    /// Strength in dBm.
    pub rssi: i16,
    /// When, in ms of the terminal's clock.
    pub at_ms: u64,
}

#[derive(Deserialize)]
struct Observe {
    place: Place,
    radius_m: u64,
    packets: Vec<Packet>,
    now_ms: u64,
    before: Option<Choice>,
}

#[derive(Deserialize)]
struct AtMerchant {
    merchant: u64,
    #[serde(default)]
    payer: String,
}

#[derive(Deserialize)]
struct Pay {
    challenge: String,
    answer: Vector,
    signed: Value,
}

impl<L: Ledger> Service<L> {
    /// A service that knows nobody yet.
    pub fn new(ledger: L, rules: Rules, surroundings: Surroundings) -> Self {
        Self { ledger, surroundings, rules, state: Mutex::default() }
    }

    /// Puts a merchant on the map: its operator does, not a terminal.
    pub fn put_merchant(&self, merchant: u64, place: Place) {
        self.state().map.put(merchant, place);
    }

    /// Takes a beacon's key, in the place of the one that this beacon had.
    pub fn provision(&self, beacon: Beacon) {
        let mut state = self.state();
        state.beacons.retain(|known| (known.merchant, known.number) != (beacon.merchant, beacon.number));
        state.beacons.push(beacon);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole before anything can fail: a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        (self.surroundings.now_ms)()
    }

    fn near(&self, near: &Near) -> Result<Vec<(u64, u64)>, ServiceError> {
        if near.radius_m > MAX_RADIUS_M {
            return Err(ServiceError::bad_request(format!("a radius is at most {MAX_RADIUS_M} metres")));
        }
        Ok(self.state().map.near(&near.place, near.radius_m * 1_000))
    }

    fn observe(&self, asked: Observe) -> Result<Value, ServiceError> {
        if asked.packets.len() > MAX_HEARD {
            return Err(ServiceError::bad_request(format!("at most {MAX_HEARD} packets at a time")));
        }
        let candidates = self.near(&Near { place: asked.place, radius_m: asked.radius_m })?;
        let candidates: Vec<u64> = candidates.into_iter().map(|(merchant, _)| merchant).collect();
        let known = self.identities();
        let resolved = |packet: &Packet| {
            let (merchant, beacon) = *known.get(packet.id.as_str())?;
            Some(Heard { merchant, beacon, rssi: packet.rssi, at_ms: packet.at_ms })
        };
        let heard: Vec<Heard> = asked.packets.iter().filter_map(resolved).collect();
        let chosen = self.rules.strongest(&heard, &candidates, asked.before, asked.now_ms);
        Ok(json!({ "chosen": chosen, "unknown": asked.packets.len() - heard.len() }))
    }

    /// Identities that beacons send about now.
    fn identities(&self) -> BTreeMap<String, (u64, u32)> {
        let now_s = self.now_ms() / 1_000;
        let of = |beacon: &Beacon| {
            let seconds = u32::try_from(now_s.saturating_sub(beacon.since_s)).unwrap_or(u32::MAX);
            beacon.key.accepted(seconds).map(|id: [u8; LEN]| (hex::encode(id), (beacon.merchant, beacon.number)))
        };
        self.state().beacons.iter().flat_map(of).collect()
    }

    /// A secret for a payer at a merchant, a new one each time: it is sent sealed, and kept by both.
    fn enrol(&self, at: AtMerchant) -> Result<Value, ServiceError> {
        let secret = Choices::new((self.surroundings.random)()?).secret();
        let mut state = self.state();
        let pair = state.pairs.entry((at.payer, at.merchant)).or_default();
        pair.secret = Some(secret);
        Ok(json!({ "secret": secret.to_string() }))
    }

    fn challenge(&self, at: AtMerchant) -> Result<Value, ServiceError> {
        let seed = (self.surroundings.random)()?;
        let now = self.now_ms();
        let mut state = self.state();
        let pair = state.pairs.entry((at.payer.clone(), at.merchant)).or_default();
        if pair.secret.is_none() {
            return Err(ServiceError::new("not_enrolled", "payer and merchant share no secret yet").hint("call enrol"));
        }
        if now < pair.locked_until_ms {
            return Err(locked(pair.locked_until_ms));
        }
        pair.asked_ms.retain(|asked| now.saturating_sub(*asked) < ANSWER_MS);
        if pair.asked_ms.len() >= MAX_CHALLENGES {
            let often = ServiceError::new("too_often", "too many challenges at a time").with_status(429);
            return Err(often.hint("answer one, or wait"));
        }
        pair.asked_ms.push_back(now);
        let vector = vector::challenge(&mut Choices::new(seed));
        let id = hex::encode(&seed[..16]);
        state.challenges.retain(|_, challenge| challenge.until_ms > now);
        let until_ms = now + ANSWER_MS;
        let (payer, merchant) = (at.payer, at.merchant);
        state.challenges.insert(id.clone(), Challenge { payer, merchant, vector, until_ms });
        Ok(json!({ "challenge": id, "vector": vector, "until_ms": until_ms }))
    }

    /// Takes an answer once, and brings what the payer signed to the ledger if it holds.
    fn pay(&self, pay: &Pay) -> Result<Value, ServiceError> {
        self.check(pay)?;
        self.ledger.pay(&pay.signed)
    }

    fn check(&self, pay: &Pay) -> Result<(), ServiceError> {
        let now = self.now_ms();
        let mut state = self.state();
        // Gone with this call, whatever becomes of it: nobody tries twice.
        let challenge = state.challenges.remove(&pay.challenge).filter(|challenge| now < challenge.until_ms);
        let challenge = challenge.ok_or_else(|| {
            ServiceError::new("no_challenge", "there is no such challenge any more").hint("ask for another")
        })?;
        let intent = &pay.signed["intent"];
        let same =
            intent["payer"] == challenge.payer.as_str() && number(&intent["merchant"]) == Some(challenge.merchant);
        if !same {
            return Err(ServiceError::new("other_payment", "what was signed is of another payer or merchant"));
        }
        let pair = state.pairs.entry((challenge.payer, challenge.merchant)).or_default();
        if now < pair.locked_until_ms {
            return Err(locked(pair.locked_until_ms));
        }
        if pair.secret.is_some_and(|secret| vector::holds(&challenge.vector, &pay.answer, secret)) {
            pair.wrong = 0;
            return Ok(());
        }
        pair.wrong += 1;
        if pair.wrong >= MAX_WRONG {
            (pair.wrong, pair.locked_until_ms) = (0, now + LOCK_MS);
        }
        Err(ServiceError::new("wrong_answer", "the answer is not at the secret distance"))
    }
}

impl<L: Ledger> Handler for Service<L> {
    fn call(&self, method: &str, parameters: Value) -> Result<Value, ServiceError> {
        match method {
            "near" => {
                let found = self.near(&ServiceError::parameters(parameters)?)?;
                let lines = found.into_iter().map(|(merchant, mm)| json!({ "merchant": merchant, "distance_mm": mm }));
                Ok(lines.collect())
            }
            "observe" => self.observe(ServiceError::parameters(parameters)?),
            "products" => {
                let AtMerchant { merchant, .. } = ServiceError::parameters(parameters)?;
                self.ledger.products(merchant)
            }
            "enrol" => self.enrol(ServiceError::parameters(parameters)?),
            "challenge" => self.challenge(ServiceError::parameters(parameters)?),
            "pay" => self.pay(&ServiceError::parameters(parameters)?),
            other => Err(ServiceError::unknown_method(other)),
        }
    }
}

impl Choices {
    /// A secret distance, far too large to be guessed.
    fn secret(&mut self) -> u64 {
        MAX_SECRET / 2 + self.below(MAX_SECRET / 2)
    }
}

fn locked(until_ms: u64) -> ServiceError {
    ServiceError::new("locked", format!("too many wrong answers; again from {until_ms} on")).with_status(429)
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
