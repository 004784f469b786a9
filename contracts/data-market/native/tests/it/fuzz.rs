//! What reaches the gateway that is almost right: it is refused with a code, and nothing of it is kept.

use crate::chain::World;
use counterpart_service::Handler;
use counterpart_testing::{Random, from_environment, mangled, mangled_bytes};
use sensor_gateway::epcis::Event;
use sensor_gateway::{Packet, Service};
use serde_json::{Value, json};
use std::sync::Arc;

fn steps(without: u64) -> u64 {
    from_environment("COUNTERPART_STEPS").unwrap_or(without)
}

#[test]
fn packets_that_are_almost_right_are_taken_whole_or_not_at_all() {
    let (world, folder) = (World::new(2), tempfile::tempdir().expect("a folder"));
    let gateway = Arc::new(world.open(folder.path()));
    let service = Service(gateway.clone());
    let mut random = Random::from_environment();
    let mut device = world.device(0);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..steps(1_500) {
        // The device's real next packet, with something wrong with it.
        let next = device.next;
        let packet = json!({ "packets": [world.packet(&mut device, 5)] });
        device.next = next;
        let method = *random.pick(&["submit", "submit", "submit", "blob", "status"]);
        match service.call(method, mangled(&packet, &mut random)) {
            Ok(answers) => {
                let new = |answer: &&Value| answer["accepted"] == "new";
                let count = answers.as_array().into_iter().flatten().filter(new).count();
                taken += count;
                device.next += count as u64;
            }
            Err(error) => {
                assert_ne!(error.status, 500, "{error:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0);
    // What was taken is what the ledger takes: nothing that was only almost right.
    while gateway.store().counts().expect("counted").waiting > 0 {
        assert_eq!(gateway.tick().expect("a turn").refused, 0);
    }
    assert_eq!(world.ask(world.register.count()), taken as u64);
}

#[test]
fn documents_that_are_almost_right_have_a_hash_or_a_reason() {
    let mut random = Random::from_environment();
    let document = sensor_gateway::weighed("urn:epc:id:sgtin:0614141.011111.987", 1_700_000_000_000, 5);
    let hash = Event::of(&document).and_then(|event| event.hash()).expect("hashed");
    let (mut hashed, mut refused) = (0, 0);
    for _ in 0..steps(5_000) {
        let changed = mangled(&document, &mut random);
        match Event::of(&changed).and_then(|event| event.hash()) {
            // Outside of the event anything may stand.
            Ok(found) if changed["epcisBody"] == document["epcisBody"] => assert_eq!(found, hash),
            Ok(_) => hashed += 1,
            Err(_) => refused += 1,
        }
        let bytes = mangled_bytes(&document, &mut random);
        if let Ok(value) = serde_json::from_slice::<Value>(&bytes) {
            let _ = Event::of(&value).and_then(|event| event.hash());
            let _ = serde_json::from_value::<Packet>(value);
        }
    }
    assert!(hashed > 0 && refused > 0);
}
