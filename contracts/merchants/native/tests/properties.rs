//! P6 to P8 of the suite over random towns, and what reaches the service that is almost right.

use counterpart_service::{Handler, ServiceError};
use counterpart_testing::{Random, from_environment, mangled};
use merchant_service::beacon_id::IdentityKey;
use merchant_service::beacons::Rules;
use merchant_service::place::{EARTH_MM, Place};
use merchant_service::service::{Beacon, Ledger, Service, Surroundings};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const NOW_MS: u64 = 1_700_000_000_000;
const SINCE_S: u64 = NOW_MS / 1_000 - 5_000;
const DEGREE: i64 = 10_000_000;

/// A ledger that notes all that reaches it.
#[derive(Clone, Default)]
struct Noted(Arc<Mutex<Vec<Value>>>);

impl Ledger for Noted {
    fn products(&self, merchant: u64) -> Result<Value, ServiceError> {
        self.0.lock().expect("no panic").push(json!(merchant));
        Ok(json!([]))
    }

    fn pay(&self, signed: &Value) -> Result<Value, ServiceError> {
        self.0.lock().expect("no panic").push(signed.clone());
        Ok(json!({}))
    }
}

fn key(merchant: u64) -> IdentityKey {
    let mut bytes = [9; 16];
    bytes[..8].copy_from_slice(&merchant.to_le_bytes());
    IdentityKey::new(bytes, 6).expect("a key")
}

/// Haversine in f64, in metres.
fn metres(one: (i64, i64), two: (i64, i64)) -> f64 {
    let radians = |units: i64| (units as f64 / DEGREE as f64).to_radians();
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let (a, b) = (radians(one.0), radians(two.0));
    let inner = half(b - a) + a.cos() * b.cos() * half(radians(two.1 - one.1));
    2.0 * EARTH_MM as f64 / 1_000.0 * inner.sqrt().min(1.0).asin()
}

/// A town somewhere, poles and antimeridian included: merchants within some hundred metres of a terminal.
struct Town {
    service: Service<Noted>,
    ledger: Noted,
    terminal: (i64, i64),
    shops: Vec<(i64, i64)>,
}

impl Town {
    fn new(random: &mut Random) -> Self {
        let somewhere = |random: &mut Random, most: i64| random.below(2 * most as u64 + 1) as i64 - most;
        let edge = random.one_in(3);
        let terminal = if edge {
            (somewhere(random, 90 * DEGREE), 180 * DEGREE - random.below(900) as i64)
        } else {
            (somewhere(random, 90 * DEGREE), somewhere(random, 180 * DEGREE))
        };
        let ledger = Noted::default();
        let surroundings = Surroundings { now_ms: Box::new(|| NOW_MS), random: Box::new(|| Ok([5; 32])) };
        let service = Service::new(ledger.clone(), Rules::default(), surroundings);
        let mut shops = Vec::new();
        for merchant in 0..12 {
            let latitude = (terminal.0 + somewhere(random, 40_000)).clamp(-90 * DEGREE, 90 * DEGREE);
            let mut longitude = terminal.1 + somewhere(random, 40_000);
            if longitude > 180 * DEGREE {
                longitude -= 360 * DEGREE;
            }
            let longitude = longitude.clamp(-180 * DEGREE, 180 * DEGREE);
            service.put_merchant(merchant, Place::new(latitude, longitude).expect("on the earth"));
            service.provision(Beacon { merchant, number: 0, key: key(merchant), since_s: SINCE_S });
            shops.push((latitude, longitude));
        }
        Self { service, ledger, terminal, shops }
    }

    fn observation(&self, random: &mut Random) -> Value {
        let radius_m = 10 + random.below(300);
        let seconds = (NOW_MS / 1_000 - SINCE_S) as u32;
        let packets: Vec<Value> = (0..random.below(120))
            .map(|_| {
                let id = match random.one_in(6) {
                    true => random.number().to_le_bytes(),
                    false => key(random.below(12)).identity(seconds),
                };
                json!({ "id": hex::encode(id), "rssi": -(random.below(100) as i64), "at_ms": NOW_MS - random.below(9_000) })
            })
            .collect();
        let place = json!(Place::new(self.terminal.0, self.terminal.1).expect("on the earth"));
        json!({ "place": place, "radius_m": radius_m, "packets": packets, "now_ms": NOW_MS, "before": null })
    }
}

#[test]
fn whoever_is_chosen_is_near_whatever_is_loud_and_it_is_the_same_again() {
    let mut random = Random::from_environment();
    let mut chosen = 0;
    for _ in 0..from_environment("COUNTERPART_STEPS").unwrap_or(300) {
        let town = Town::new(&mut random);
        let asked = town.observation(&mut random);
        let answer = town.service.call("observe", asked.clone()).expect("answered");
        if let Some(merchant) = answer["chosen"]["merchant"].as_u64() {
            let (far, radius) = (metres(town.terminal, town.shops[merchant as usize]), asked["radius_m"].as_u64());
            assert!(far <= radius.expect("a radius") as f64 + 0.5, "P6: {merchant} is {far} m away: {asked}");
            chosen += 1;
        }
        // The same window again, in any order: the same answer (P7).
        let mut turned = asked.clone();
        let packets = turned["packets"].as_array_mut().expect("packets");
        packets.reverse();
        let by = random.below(packets.len().max(1) as u64) as usize;
        packets.rotate_left(by);
        assert_eq!(town.service.call("observe", turned).expect("answered"), answer, "P7: {asked}");
        assert_eq!(town.service.call("observe", asked).expect("answered"), answer, "P7");
    }
    assert!(chosen > 50, "{chosen} were chosen");
}

#[test]
fn where_a_terminal_is_reaches_neither_answers_nor_the_ledger() {
    let mut random = Random::from_environment();
    for _ in 0..100 {
        let town = Town::new(&mut random);
        let asked = town.observation(&mut random);
        let near = json!({ "place": asked["place"], "radius_m": asked["radius_m"] });
        let at = json!({ "payer": "alice", "merchant": 3 });
        let signed = json!({ "intent": { "payer": "alice", "merchant": 3 } });
        let mut said = Vec::new();
        for (method, parameters) in
            [("observe", &asked), ("near", &near), ("products", &at), ("enrol", &at), ("challenge", &at)]
        {
            said.push(format!("{:?}", town.service.call(method, parameters.clone())));
        }
        // What is almost right is refused with words: they quote no place either.
        for _ in 0..20 {
            said.push(format!("{:?}", town.service.call("observe", mangled(&asked, &mut random))));
        }
        said.push(format!(
            "{:?}",
            town.service.call("pay", json!({ "challenge": "x", "answer": [], "signed": signed }))
        ));
        said.push(format!("{:?}", town.ledger.0.lock().expect("no panic")));
        let digits = [town.terminal.0, town.terminal.1].map(|units| units.unsigned_abs().to_string());
        for digits in digits.iter().filter(|digits| digits.len() >= 7) {
            assert!(said.iter().all(|said| !said.contains(digits.as_str())), "P8: {digits} in {said:?}");
        }
    }
}

#[test]
fn whatever_reaches_the_service_it_answers_or_refuses() {
    let mut random = Random::from_environment();
    let town = Town::new(&mut random);
    let asked = town.observation(&mut random);
    let intent = json!({ "payer": "alice", "merchant": 3 });
    let pay = json!({ "challenge": "05", "answer": [1, 2, 3, 4], "signed": { "intent": intent } });
    let methods = [
        ("observe", asked),
        ("near", json!({ "place": { "latitude": 0, "longitude": 0 }, "radius_m": 1 })),
        ("enrol", intent.clone()),
        ("challenge", intent.clone()),
        ("products", intent),
        ("pay", pay),
    ];
    for _ in 0..from_environment("COUNTERPART_STEPS").unwrap_or(2_000) {
        let (method, parameters) = random.pick(&methods).clone();
        if let Err(error) = town.service.call(method, mangled(&parameters, &mut random)) {
            assert_ne!(error.status, 500, "{error:?}");
        }
    }
}
