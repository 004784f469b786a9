//! The service from outside, with a ledger that notes what reaches it.

use counterpart_service::{Client, ClientError, Handler, Limits, Server, ServiceError};
use merchant_service::beacon_id::IdentityKey;
use merchant_service::beacons::Rules;
use merchant_service::place::Place;
use merchant_service::service::{ANSWER_MS, Beacon, LOCK_MS, Ledger, MAX_CHALLENGES, MAX_WRONG, Service, Surroundings};
use merchant_service::simulator::Sender;
use merchant_service::terminal::{Terminal, TerminalError};
use merchant_service::vector::Choices;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Noted(Arc<Mutex<Vec<Value>>>);

impl Ledger for Noted {
    fn products(&self, merchant: u64) -> Result<Value, ServiceError> {
        Ok(json!([["bread", { "version": merchant }]]))
    }

    fn pay(&self, signed: &Value) -> Result<Value, ServiceError> {
        self.0.lock().expect("no panic").push(signed.clone());
        Ok(json!({ "payment": 0 }))
    }
}

const START_MS: u64 = 1_700_000_000_000;

struct Shop {
    service: Arc<Service<Noted>>,
    ledger: Noted,
    clock: Arc<AtomicU64>,
}

fn place(latitude: i64, longitude: i64) -> Place {
    Place::new(latitude, longitude).expect("on the earth")
}

/// About so many metres to the east at the equator.
fn east(metres: i64) -> Place {
    place(0, metres * 90)
}

fn key(byte: u8) -> IdentityKey {
    IdentityKey::new([byte; 16], 6).expect("a key")
}

/// Three shops 8 to 40 metres from the terminal at the origin, and one a kilometre away.
fn shop() -> Shop {
    let (ledger, clock) = (Noted::default(), Arc::new(AtomicU64::new(START_MS)));
    let (seeds, time) = (AtomicU64::new(1), clock.clone());
    let surroundings = Surroundings {
        now_ms: Box::new(move || time.load(Ordering::SeqCst)),
        random: Box::new(move || {
            let mut seed = [0; 32];
            seed[..8].copy_from_slice(&seeds.fetch_add(1, Ordering::SeqCst).to_le_bytes());
            Ok(seed)
        }),
    };
    let service = Arc::new(Service::new(ledger.clone(), Rules::default(), surroundings));
    for (merchant, metres) in [(0, 8), (1, 20), (2, 40), (3, 1_000)] {
        service.put_merchant(merchant, east(metres));
        let since_s = START_MS / 1_000 - 5_000;
        service.provision(Beacon { merchant, number: 0, key: key(merchant as u8 + 1), since_s });
    }
    Shop { service, ledger, clock }
}

fn sender(merchant: u8, metres: i64, at_metre_dbm: i16) -> Sender {
    let since_s = START_MS / 1_000 - 5_000;
    Sender { place: east(metres), at_metre_dbm, key: key(merchant + 1), since_s, replays_ms: None }
}

impl Shop {
    fn wait(&self, ms: u64) -> u64 {
        self.clock.fetch_add(ms, Ordering::SeqCst) + ms
    }

    /// What a terminal chooses after hearing these beacons for four seconds.
    fn heard(&self, terminal: &mut Terminal, at: Place, senders: &[Sender], seed: u8) -> Option<u64> {
        let from_ms = self.clock.load(Ordering::SeqCst);
        let until_ms = self.wait(4_000);
        let mut choices = Choices::new([seed; 32]);
        for sender in senders {
            terminal.hear(sender.packets(&at, from_ms, until_ms, &mut choices));
        }
        terminal.look(until_ms).expect("answered")
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, TerminalError>) -> String {
    match result {
        Err(TerminalError::Service(ClientError::Refused(error))) => error.error,
        other => panic!("not refused by the service: {other:?}"),
    }
}

fn word(result: Result<Value, ServiceError>) -> String {
    result.expect_err("refused").error
}

#[test]
fn a_terminal_finds_its_shop_whatever_is_loud_or_copied() {
    let shop = shop();
    let server = Server::start(([127, 0, 0, 1], 0).into(), shop.service.clone(), None, Limits::default());
    let server = server.expect("a free port");
    let here = east(10);
    let mut terminal = Terminal::new(Client::new(&server.url()), here, 100);
    let near = terminal.near().expect("answered");
    let merchants: Vec<&Value> = near.as_array().expect("a list").iter().map(|line| &line["merchant"]).collect();
    assert_eq!(merchants, [0, 1, 2], "the one a kilometre away is none");
    let honest = || vec![sender(0, 8, -59), sender(1, 20, -59), sender(2, 40, -59)];
    assert_eq!(shop.heard(&mut terminal, here, &honest(), 1), Some(0));
    // Loud, but outside of the radius.
    let mut loud = honest();
    loud.push(Sender { place: here, ..sender(3, 10, -10) });
    assert_eq!(shop.heard(&mut terminal, here, &loud, 2), Some(0));
    // Somebody copies what the third shop sends, and sends it loudly beside the terminal: within its period that works, and two
    // periods later it is nobody.
    let copied_ms = shop.clock.load(Ordering::SeqCst);
    shop.wait(200_000);
    let mut copied = honest();
    copied.push(Sender { place: here, replays_ms: Some(copied_ms), ..sender(2, 10, -20) });
    assert_eq!(shop.heard(&mut terminal, here, &copied, 3), Some(0));
    // The terminal walks over to the second shop.
    let there = east(22);
    terminal.go(there);
    shop.wait(6_000);
    assert_eq!(shop.heard(&mut terminal, there, &honest(), 4), Some(1));
    assert_eq!(terminal.products(1).expect("answered"), json!([["bread", { "version": 1 }]]));
}

#[test]
fn a_payment_needs_the_answer_of_its_own_challenge_once() {
    let shop = shop();
    let server = Server::start(([127, 0, 0, 1], 0).into(), shop.service.clone(), None, Limits::default());
    let server = server.expect("a free port");
    let mut terminal = Terminal::new(Client::new(&server.url()), east(0), 100);
    let signed = json!({ "intent": { "payer": "0xaa", "merchant": "1" }, "key": "k", "signature": "s" });
    assert!(matches!(terminal.pay("0xaa", 1, &signed, [1; 32]), Err(TerminalError::NotEnrolled)));
    terminal.enrol("0xaa", 1).expect("enrolled");
    assert_eq!(terminal.pay("0xaa", 1, &signed, [1; 32]).expect("paid"), json!({ "payment": 0 }));
    assert_eq!(shop.ledger.0.lock().expect("no panic").as_slice(), std::slice::from_ref(&signed));
    let other = json!({ "intent": { "payer": "0xaa", "merchant": "2" } });
    assert_eq!(refused(terminal.pay("0xaa", 1, &other, [2; 32])), "other_payment");
    let other = json!({ "intent": { "payer": "0xbb", "merchant": 1 } });
    assert_eq!(refused(terminal.pay("0xaa", 1, &other, [2; 32])), "other_payment");
    // Another enrolment makes the old secret worthless.
    let mut second = Terminal::new(Client::new(&server.url()), east(0), 100);
    second.enrol("0xaa", 1).expect("enrolled");
    assert_eq!(refused(terminal.pay("0xaa", 1, &signed, [3; 32])), "wrong_answer");
    second.pay("0xaa", 1, &signed, [4; 32]).expect("paid");
    assert_eq!(shop.ledger.0.lock().expect("no panic").len(), 2);
}

#[test]
fn challenges_pass_are_rationed_and_lock_who_guesses() {
    let shop = shop();
    let ask = |method: &str, parameters: Value| shop.service.call(method, parameters);
    let at = json!({ "payer": "0xaa", "merchant": 1 });
    let signed = json!({ "intent": { "payer": "0xaa", "merchant": 1 } });
    let guess = |challenge: &Value, answer: Value| {
        ask("pay", json!({ "challenge": challenge["challenge"], "answer": answer, "signed": signed }))
    };
    assert_eq!(word(ask("challenge", at.clone())), "not_enrolled");
    ask("enrol", at.clone()).expect("enrolled");
    let late = ask("challenge", at.clone()).expect("asked");
    shop.wait(ANSWER_MS);
    assert_eq!(word(guess(&late, json!([0, 0, 0, 0, 0, 0, 0, 0]))), "no_challenge");
    for _ in 0..MAX_CHALLENGES {
        ask("challenge", at.clone()).expect("asked");
    }
    assert_eq!(word(ask("challenge", at.clone())), "too_often");
    shop.wait(ANSWER_MS);
    for _ in 0..MAX_WRONG {
        let challenge = ask("challenge", at.clone()).expect("asked");
        assert_eq!(word(guess(&challenge, challenge["vector"].clone())), "wrong_answer");
        assert_eq!(word(guess(&challenge, challenge["vector"].clone())), "no_challenge", "once");
    }
    shop.wait(ANSWER_MS);
    assert_eq!(word(ask("challenge", at.clone())), "locked");
    shop.wait(LOCK_MS);
    ask("challenge", at).expect("asked again");
    assert!(shop.ledger.0.lock().expect("no panic").is_empty(), "nothing reached the ledger");
}

#[test]
fn what_makes_no_sense_is_refused_with_a_code() {
    let shop = shop();
    let ask = |method: &str, parameters: Value| word(shop.service.call(method, parameters));
    assert_eq!(ask("near", json!({ "place": [900_000_001, 0], "radius_m": 5 })), "bad_request");
    assert_eq!(ask("near", json!({ "place": [0, 0], "radius_m": 100_001 })), "bad_request");
    assert_eq!(ask("near", json!({})), "bad_request");
    let flood: Vec<Value> = (0..4_001).map(|_| json!({ "id": "00", "rssi": -5, "at_ms": 1 })).collect();
    let flood = json!({ "place": [0, 0], "radius_m": 5, "packets": flood, "now_ms": 5, "before": null });
    assert_eq!(ask("observe", flood), "bad_request");
    assert_eq!(ask("pay", json!({ "challenge": "x", "answer": [1], "signed": {} })), "bad_request");
    assert_eq!(ask("other", json!({})), "unknown_method");
}
