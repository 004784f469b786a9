//! Which beacon is chosen, and what beacons send.

use merchant_service::beacon_id::{IdentityKey, ProvisionError, public_key};
use merchant_service::beacons::{Choice, Heard, MAX_PACKETS, Rules};

fn hex<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).expect("hex").try_into().expect("so many bytes")
}

#[test]
fn identities_are_those_of_other_implementations() {
    // RadiusNetworks/ephemeral_calc, spec/encryptor_spec.rb: at the start of the counter, and 2000 seconds later.
    let key = IdentityKey::new(hex("0102030405060708090a111213141516"), 10).expect("a key");
    assert_eq!(key.identity(0), hex("a9b76a71c5f89290"));
    assert_eq!(key.identity(2_000), hex("4144413e45fefa58"));
    assert_eq!(key.identity(1_024), key.identity(2_047));
    assert_ne!(key.identity(2_047), key.identity(2_048));
    assert_ne!(key.identity(0), key.identity(65_536), "the temporary key changes with the upper half");
    let accepted = key.accepted(2_000);
    assert_eq!(accepted, [key.identity(2_000), key.identity(0), key.identity(3_000)]);
    assert_eq!(IdentityKey::new([0; 16], 16).err(), Some(ProvisionError::Exponent));
    assert_eq!(format!("{key:?}"), "IdentityKey { exponent: 10, .. }");
}

#[test]
fn both_sides_agree_on_the_published_identity_key() {
    // RadiusNetworks/ephemeral_calc, spec/key_pair_spec.rb.
    let service_secret = hex("61136adab1bf302f1c49e860196aeefd8fbaa41518b4c226372d6cc469c47278");
    let beacon_secret = hex("6ea13b5ef3cc642fd6102c1d85c096b510f56efc488114a4562a987bf4525628");
    let (service, beacon) = (public_key(&service_secret), public_key(&beacon_secret));
    assert_eq!(service, hex("29769a045dcb811ba3025985b9de91eb9a57dadbceb68a1e6a3c2b1af4868e1f"));
    assert_eq!(beacon, hex("c63e6f89aab47552c8d621a59c81d0af203f6570a4bd7a267a08a17561c8bc2b"));
    let published = IdentityKey::new(hex("f40d6f18e5882260e847e99ca33ac44f"), 4).expect("a key");
    let by_service = IdentityKey::agree(&service_secret, &beacon, (&service, &beacon), 4).expect("agreed");
    let by_beacon = IdentityKey::agree(&beacon_secret, &service, (&service, &beacon), 4).expect("agreed");
    for seconds in [0, 17, 70_000] {
        assert_eq!(by_service.identity(seconds), published.identity(seconds));
        assert_eq!(by_beacon.identity(seconds), published.identity(seconds));
    }
    let small = IdentityKey::agree(&service_secret, &[0; 32], (&service, &[0; 32]), 4);
    assert_eq!(small.err(), Some(ProvisionError::Key));
}

/// Packets of a merchant's beacon 0, half a second apart, the last at a time.
fn packets(merchant: u64, strengths: &[i16], last_ms: u64) -> Vec<Heard> {
    let count = strengths.len() as u64;
    let at = |index: usize| last_ms - (count - 1 - index as u64) * 500;
    let heard = strengths.iter().enumerate();
    heard.map(|(index, rssi)| Heard { merchant, beacon: 0, rssi: *rssi, at_ms: at(index) }).collect()
}

fn choice(merchant: u64, twice_dbm: i32) -> Choice {
    Choice { merchant, beacon: 0, twice_dbm }
}

const NOW: u64 = 100_000;

#[test]
fn the_strongest_in_the_middle_is_chosen_among_candidates_alone() {
    let rules = Rules::default();
    let heard =
        [packets(1, &[-70, -60, -20], NOW), packets(2, &[-55, -56, -90], NOW), packets(3, &[-30, -30, -30], NOW)]
            .concat();
    // One loud packet does not make a beacon the nearest; who is out of the radius is never chosen, however loud (P6).
    assert_eq!(rules.strongest(&heard, &[1, 2], None, NOW), Some(choice(2, -112)));
    assert_eq!(rules.strongest(&heard, &[1, 2, 3], None, NOW), Some(choice(3, -60)));
    assert_eq!(rules.strongest(&heard, &[], None, NOW), None);
    let tie = [packets(9, &[-50, -50, -50], NOW), packets(4, &[-50, -50, -50], NOW)].concat();
    assert_eq!(rules.strongest(&tie, &[9, 4], None, NOW), Some(choice(4, -100)), "the smaller number");
    let mut backwards = heard.clone();
    backwards.reverse();
    assert_eq!(rules.strongest(&backwards, &[1, 2], None, NOW), Some(choice(2, -112)), "whatever the order (P7)");
    let even = packets(5, &[-50, -51, -52, -53], NOW);
    assert_eq!(rules.strongest(&even, &[5], None, NOW), Some(choice(5, -103)));
}

#[test]
fn too_few_packets_old_ones_and_no_measurements_do_not_count() {
    let rules = Rules::default();
    let strongest = |heard: &[Heard]| rules.strongest(heard, &[1], None, NOW);
    assert_eq!(strongest(&packets(1, &[-40, -40], NOW)), None);
    assert_eq!(strongest(&packets(1, &[-40, -40, -40], NOW - 2_000)), None, "the first is out of the window");
    assert_eq!(strongest(&packets(1, &[-40, -40, -40], NOW - 1_999)), Some(choice(1, -80)));
    assert_eq!(strongest(&packets(1, &[-40, 0, -40], NOW)), None, "zero was not measured");
    assert_eq!(strongest(&packets(1, &[-40, 127, -40], NOW)), None);
    assert_eq!(strongest(&packets(1, &[-40, -40, -40], NOW + 1_000)), None, "from the future");
}

#[test]
fn another_takes_over_only_by_a_margin_or_when_the_first_is_silent() {
    let rules = Rules::default();
    let both = |two: i16| [packets(1, &[-60; 3], NOW), packets(2, &[two; 3], NOW)].concat();
    let before = Some(choice(1, -120));
    let chosen = |heard: &[Heard]| rules.strongest(heard, &[1, 2], before, NOW).map(|choice| choice.merchant);
    assert_eq!(chosen(&both(-57)), Some(1));
    assert_eq!(chosen(&both(-56)), Some(1), "four decibels are not more than four");
    assert_eq!(chosen(&both(-55)), Some(2));
    // Heard, but too rarely for a middle: it keeps its place for a while.
    let rare = [packets(1, &[-60], NOW - 4_999), packets(2, &[-59; 3], NOW)].concat();
    assert_eq!(chosen(&rare), Some(1));
    let silent = [packets(1, &[-60], NOW - 5_000), packets(2, &[-80; 3], NOW)].concat();
    assert_eq!(chosen(&silent), Some(2));
    assert_eq!(rules.strongest(&packets(2, &[-60; 3], NOW), &[2], before, NOW), Some(choice(2, -120)));
    assert_eq!(rules.strongest(&[], &[1, 2], before, NOW), None);
}

#[test]
fn a_flood_of_packets_is_cut_at_the_newest() {
    let rules = Rules { window_ms: u64::MAX, ..Rules::default() };
    let mut heard: Vec<Heard> =
        (0..50_000).map(|index| Heard { merchant: 1, beacon: 0, rssi: -90, at_ms: index }).collect();
    let newest = MAX_PACKETS as u64;
    heard.extend((0..newest).map(|index| Heard { merchant: 1, beacon: 0, rssi: -50, at_ms: 60_000 + index }));
    assert_eq!(rules.strongest(&heard, &[1], None, NOW), Some(choice(1, -100)));
}
