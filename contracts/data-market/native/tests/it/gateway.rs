//! The gateway with the real contracts: what it takes, what it refuses, and what happens when it is stopped half-way.

use crate::chain::{PENALTY, SKEW_MS, World};
use counterpart_sealing::SecretKey;
use counterpart_service::{Client, ClientError, Limits, Server};
use sensor_gateway::{Accepted, Buyer, Packet, Service, Vault, Verdict};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn refusal<T: std::fmt::Debug>(done: Result<T, counterpart_service::ServiceError>) -> String {
    done.expect_err("refused").error
}

#[test]
fn readings_come_to_the_ledger_in_their_order_and_once() {
    let (world, folder) = (World::new(3), folder());
    let gateway = world.open(folder.path());
    let mut devices = [0, 1, 2].map(|number| world.device(number));
    for turn in 0..40 {
        for device in &mut devices {
            let packet = world.packet(device, 100 + turn);
            assert_eq!(gateway.accept(&packet).expect("taken"), Accepted::New);
            assert_eq!(gateway.accept(&packet).expect("taken"), Accepted::Again);
        }
    }
    let mut recorded = 0;
    while gateway.store().counts().expect("counted").waiting > 0 {
        recorded += gateway.tick().expect("a turn").recorded;
    }
    assert_eq!(recorded, 120);
    assert_eq!(world.ask(world.register.count()), 120);
    for device in &devices {
        assert_eq!(world.ask(world.register.device(device.number)).expect("there").next, 40);
    }
}

#[test]
fn what_is_wrong_with_a_reading_is_told_and_nothing_is_kept() {
    let (world, folder) = (World::new(2), folder());
    let gateway = world.open(folder.path());
    let mut device = world.device(0);
    let first = world.packet(&mut device, 100);
    let Packet::Reading { reading, signature, document } = first.clone() else { panic!("a reading") };
    let with = |change: &dyn Fn(&mut sensor_gateway::ReadingText)| {
        let mut reading = reading.clone();
        change(&mut reading);
        Packet::Reading { reading, signature: signature.clone(), document: document.clone() }
    };
    assert_eq!(refusal(gateway.accept(&with(&|reading| reading.grams = 900))), "bad_signature");
    assert_eq!(refusal(gateway.accept(&with(&|reading| reading.device = 1))), "bad_signature");
    assert_eq!(refusal(gateway.accept(&with(&|reading| reading.device = 9))), "no_device");
    assert_eq!(refusal(gateway.accept(&with(&|reading| reading.hash = "00".repeat(32)))), "other_event");
    assert_eq!(refusal(gateway.accept(&with(&|reading| reading.at_ms += 1))), "other_time");
    assert_eq!(refusal(gateway.accept(&with(&|reading| reading.hash = "zz".into()))), "bad_request");
    let other = Packet::Reading { reading: reading.clone(), signature: signature.clone(), document: json!({}) };
    assert_eq!(refusal(gateway.accept(&other)), "no_event");
    // The document says another weight than what was signed.
    let lighter = Packet::Reading { reading: reading.clone(), signature, document: world.document(1) };
    assert_eq!(refusal(gateway.accept(&lighter)), "other_event");
    assert_eq!(gateway.store().counts().expect("counted").waiting, 0);

    assert_eq!(gateway.accept(&first).expect("taken"), Accepted::New);
    // Another reading under the same number, one that skips, one from before, one from far away.
    device.next = 0;
    world.chain().advance_ms(1_000);
    assert_eq!(refusal(gateway.accept(&world.packet(&mut device, 7))), "replayed");
    device.next = 5;
    assert_eq!(refusal(gateway.accept(&world.packet(&mut device, 7))), "missing");
    device.next = 1;
    let old = crate::chain::weighed(reading.at_ms - 1, 7);
    assert_eq!(refusal(gateway.accept(&device.read(old, 1, 7, None).expect("an event"))), "back_dated");
    device.next = 1;
    let far = crate::chain::weighed(world.now_ms() + SKEW_MS + 1, 7);
    assert_eq!(refusal(gateway.accept(&device.read(far, 1, 7, None).expect("an event"))), "wrong_time");
    // A gap that the device signs is taken, and what follows it.
    device.next = 1;
    assert_eq!(gateway.accept(&device.skip(5)).expect("taken"), Accepted::New);
    assert_eq!(gateway.accept(&world.packet(&mut device, 7)).expect("taken"), Accepted::New);
    while gateway.store().counts().expect("counted").waiting > 0 {
        gateway.tick().expect("a turn");
    }
    assert_eq!(world.ask(world.register.device(0)).expect("there").next, 6);
    world.act(&world.owner, world.register.revoke_device(world.owner.address, 0));
    world.chain().advance_ms(2_000);
    // The gateway learns of it when the ledger refuses, or when it asks again.
    let late = world.packet(&mut device, 7);
    assert_eq!(gateway.accept(&late).expect("taken"), Accepted::New);
    assert_eq!(gateway.tick().expect("a turn").refused, 1);
    assert_eq!(gateway.store().refused().expect("read").len(), 1);
    assert_eq!(refusal(gateway.accept(&world.packet(&mut device, 8))), "revoked");
}

#[test]
fn a_gateway_that_is_stopped_anywhere_records_everything_once() {
    let (world, folder) = (World::new(2), folder());
    let mut devices = [0, 1].map(|number| world.device(number));
    let mut sent = 0;
    for round in 0..12 {
        // Each round is a process of its own; the ledger is away, or its answers are lost, at other places each time.
        let gateway = world.open(folder.path());
        world.away.store(round % 4 == 1 && round > 1, Ordering::SeqCst);
        world.lost.store(u64::from(round % 3 == 2), Ordering::SeqCst);
        for device in &mut devices {
            for _ in 0..35 {
                gateway.accept(&world.packet(device, 5)).expect("taken while the ledger is away");
                sent += 1;
            }
        }
        for _ in 0..=round % 3 {
            let _ = gateway.tick();
        }
        world.chain().advance_ms(1_000);
    }
    world.away.store(false, Ordering::SeqCst);
    world.lost.store(0, Ordering::SeqCst);
    let gateway = world.open(folder.path());
    for _ in 0..100 {
        gateway.tick().expect("a turn");
    }
    let counts = gateway.store().counts().expect("counted");
    assert_eq!((counts.waiting, counts.refused), (0, 0));
    assert_eq!(world.ask(world.register.count()), sent);
}

#[test]
fn what_the_ledger_refuses_for_good_is_put_aside_and_the_device_goes_on() {
    let (world, folder) = (World::new(2), folder());
    let gateway = world.open(folder.path());
    let (mut late, mut other) = (world.device(0), world.device(1));
    for _ in 0..3 {
        gateway.accept(&world.packet(&mut late, 5)).expect("taken");
    }
    // The ledger is away for longer than readings may be late.
    world.away.store(true, Ordering::SeqCst);
    assert_eq!(refusal(gateway.tick()), "ledger");
    world.chain().advance_ms(2 * SKEW_MS);
    world.away.store(false, Ordering::SeqCst);
    gateway.accept(&world.packet(&mut other, 5)).expect("taken");
    assert_eq!(gateway.tick().expect("a turn").refused, 1);
    assert_eq!(gateway.tick().expect("a turn").recorded, 1, "the other device is not held up");
    let refused = gateway.store().refused().expect("read");
    assert_eq!(refused.len(), 3);
    assert!(refused.iter().all(|(_, reason)| reason.contains("WrongTime")), "{refused:?}");
    // The device says what it skips, and goes on.
    assert_eq!(refusal(gateway.accept(&world.packet(&mut late, 5))), "missing");
    late.next = 0;
    gateway.accept(&late.skip(4)).expect("taken");
    gateway.accept(&world.packet(&mut late, 5)).expect("taken");
    for _ in 0..3 {
        gateway.tick().expect("a turn");
    }
    assert_eq!(world.ask(world.register.device(0)).expect("there").next, 5);
}

/// A request for events, and the seed of its key.
fn buy(world: &World, events: Vec<u64>) -> (u64, [u8; 32]) {
    let seed = [42; 32];
    let key = SecretKey::from_seed(&seed).public_key();
    let version = world.ask(world.market.version());
    (world.act(&world.buyer, world.market.ask(world.buyer.address, events, key, version, 1_000)), seed)
}

#[test]
fn a_buyer_opens_what_it_paid_for_over_http_and_proves_a_wrong_key() {
    let (world, folder) = (World::new(1), folder());
    let gateway = Arc::new(world.open(folder.path()));
    let mut device = world.device(0);
    let server = Server::start(([127, 0, 0, 1], 0).into(), Service(gateway.clone()), None, Limits::default());
    let client = Client::new(&server.as_ref().expect("listening").url());
    // The first two events are the same in every word: each has a body of its own all the same.
    let packets: Vec<Packet> = [0, 0, 2, 3].map(|grams| world.packet(&mut device, grams)).into();
    let answers = client.call("submit", &json!({ "packets": packets })).expect("answered");
    assert_eq!(answers, json!(vec![json!({ "accepted": "new" }); 4]));
    assert_eq!(client.call("status", &Value::Null).expect("answered"), json!({ "waiting": 4, "refused": 0 }));
    gateway.tick().expect("a turn");

    let (request, seed) = buy(&world, vec![0, 2, 1]);
    assert_eq!(gateway.tick().expect("a turn").delivered, 1);
    assert_eq!(gateway.tick().expect("a turn").delivered, 0);
    let buyer = Buyer::new(client.clone(), crate::chain::CHAIN, world.market.address);
    let verdicts = buyer.open(gateway.ledger(), request, &seed).expect("opened");
    let Packet::Reading { document, .. } = &packets[2] else { panic!("a reading") };
    assert_eq!(verdicts[1], (2, Verdict::Good { document: document.clone() }));
    assert!(verdicts.iter().all(|(_, verdict)| matches!(verdict, Verdict::Good { .. })), "{verdicts:?}");
    world.act(&world.buyer, world.market.confirm(request));

    // A gateway with another secret delivers keys that open nothing; the contract takes the proof.
    let wrong = Vault::new([1; 32]);
    let (request, seed) = buy(&world, vec![1]);
    let key = world.ask(world.market.request(request)).expect("there").key;
    let hash = world.ask(world.register.event(1)).expect("there").reading.hash;
    let at = (crate::chain::CHAIN, &world.market.address);
    let wrapped = wrong.wrap(&hash, &key, at, (request, 1)).expect("sealed");
    world.act(&world.gateway, world.market.deliver(request, vec![wrapped]));
    assert_eq!(buyer.open(gateway.ledger(), request, &seed).expect("opened"), vec![(1, Verdict::WrongKey)]);
    world.act(&world.buyer, world.market.dispute(request, 1, seed, None));
    assert_eq!(world.ask(world.market.claim_of(world.buyer.address)), PENALTY);

    // Nobody else opens what was delivered to the buyer, and bodies of nobody are not there.
    let verdicts = buyer.open(gateway.ledger(), 0, &[43; 32]).expect("opened");
    assert!(verdicts.iter().all(|(_, verdict)| *verdict == Verdict::WrongKey));
    let none = client.call("blob", &json!({ "body": "00".repeat(32) })).expect_err("refused");
    assert!(matches!(none, ClientError::Refused(error) if error.error == "no_blob" && error.status == 404));
}

#[test]
fn too_much_at_a_time_is_refused_and_nothing_taken_is_lost() {
    let (world, folder) = (World::new(8), folder());
    let gateway = Arc::new(world.open(folder.path()));
    let limits = Limits { body: 8 * 1024, at_a_time: 2 };
    let server = Server::start(([127, 0, 0, 1], 0).into(), Service(gateway.clone()), None, limits).expect("listening");
    let client = Client::new(&server.url());
    let bulky = json!({ "packets": [], "more": "x".repeat(9_000) });
    let refused = client.call("submit", &bulky).expect_err("refused");
    assert!(matches!(refused, ClientError::Refused(error) if error.error == "too_large" && error.status == 413));
    for rubbish in [json!(null), json!({}), json!({ "packets": [] }), json!({ "packets": [{ "reading": 1 }] })] {
        let refused = client.call("submit", &rubbish).expect_err("refused");
        assert!(matches!(refused, ClientError::Refused(error) if error.error == "bad_request"), "{rubbish}");
    }
    // Eight devices press at once; whoever is told to come again does.
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let (world, client) = (world.clone(), client.clone());
            std::thread::spawn(move || {
                let (mut device, mut busy) = (world.device(number), 0);
                for grams in 0..20 {
                    let packet = json!({ "packets": [world.packet(&mut device, grams)] });
                    loop {
                        match client.call("submit", &packet) {
                            Ok(answer) => break assert!(answer[0]["accepted"].is_string(), "{answer}"),
                            Err(ClientError::Refused(error)) if error.status == 503 => busy += 1,
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
                busy
            })
        })
        .collect();
    let busy: u64 = threads.into_iter().map(|thread| thread.join().expect("no panic")).sum();
    assert!(busy > 0, "nobody was told to come again: the bound was not reached");
    while gateway.store().counts().expect("counted").waiting > 0 {
        gateway.tick().expect("a turn");
    }
    assert_eq!(world.ask(world.register.count()), 160);
}

#[test]
fn the_secret_stays_the_same_and_is_its_owners_alone() {
    let folder = folder();
    let path = folder.path().join("secret.key");
    let hash = counterpart_sdk::Hash([1; 32]);
    let first = Vault::open(&path).expect("made").seal(&hash, b"body").expect("sealed");
    let second = Vault::open(&path).expect("opened").seal(&hash, b"body").expect("sealed");
    assert_eq!(first.key_commitment, second.key_commitment);
    assert_ne!(first.blob, second.blob, "the same body is not sealed to the same bytes");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    }
    std::fs::write(&path, b"short").expect("written");
    assert!(Vault::open(&path).is_err());
}
