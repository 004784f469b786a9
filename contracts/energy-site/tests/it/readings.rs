//! Numbers, totalisers, signatures, trees, and a record of a real meter.

use crate::setting::{CENTRE, GAS, GENERATOR, HOUR_MS, Setting, error, leaf, tree};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, contract_test};
use energy_site::{Batch, Device, Key, Kind, Meter, Parsed, PeriodStatus, Reading, Site, SiteError, parse};
use sha2::{Digest, Sha256};
use trading::Asset;

#[contract_test]
fn readings_come_in_their_order_and_within_what_a_meter_can(chain: &mut Chain) {
    let setting = Setting::new(chain);
    chain.advance_ms(HOUR_MS);
    let good = setting.next(chain, GENERATOR, 5_000_000);
    for (wrong, expected) in [
        (Batch { from: 1, ..good }, SiteError::WrongCounter { next: 0 }),
        (Batch { count: 0, ..good }, SiteError::WrongCounter { next: 0 }),
        (Batch { count: 4_097, ..good }, SiteError::WrongCounter { next: 0 }),
        (Batch { at_ms: good.at_ms + 120_000, ..good }, SiteError::WrongTime),
        (Batch { at_ms: 0, ..good }, SiteError::WrongTime),
        (Batch { device: 9, ..good }, SiteError::NoDevice { device: 9 }),
    ] {
        assert_eq!(error(setting.submit(chain, wrong)), expected);
    }
    let back = setting.submit(chain, Batch { totaliser: 999, ..good });
    assert!(matches!(error(back), SiteError::WrongTotaliser { least: 1_000, .. }), "G2");
    let beyond = setting.submit(chain, Batch { totaliser: 1_000 + 10_100_000, ..good });
    assert!(matches!(error(beyond), SiteError::WrongTotaliser { .. }), "more than an hour of it, G2");
    // Signed by another meter, or for other numbers.
    let digest = chain.query(setting.sites.batch_digest(good)).expect("answered");
    let forged = setting.meters[0].sign(&digest.0);
    assert_eq!(error(chain.call(&setting.payer, setting.sites.submit(good, forged))), SiteError::BadSignature);
    let real = setting.meters[1].sign(&digest.0);
    let inflated = Batch { totaliser: good.totaliser + 1, ..good };
    assert_eq!(error(chain.call(&setting.payer, setting.sites.submit(inflated, real))), SiteError::BadSignature);
    setting.submit(chain, good).expect("recorded");
    assert_eq!(error(setting.submit(chain, good)), SiteError::WrongCounter { next: 1 }, "replayed, G1");
    let older = Batch { from: 1, at_ms: good.at_ms - 1, ..good };
    assert_eq!(error(setting.submit(chain, older)), SiteError::WrongTime, "back-dated");
    let found = chain.query(setting.sites.device(GENERATOR)).expect("answered").expect("there");
    assert_eq!((found.next, found.totaliser, found.total), (1, 5_001_000, 5_000_000));
    chain.advance_ms(200 * HOUR_MS);
    let stored = Batch { from: 1, at_ms: good.at_ms + HOUR_MS, ..good };
    assert_eq!(error(setting.submit(chain, stored)), SiteError::WrongTime, "stored for too long");
}

#[contract_test]
fn a_gap_is_signed_and_a_replaced_meter_goes_on(chain: &mut Chain) {
    let setting = Setting::new(chain);
    chain.advance_ms(HOUR_MS);
    setting.measure(chain, CENTRE, 100);
    let gap = |chain: &Chain, from: u64, until: u64, by: usize| {
        let digest = chain.query(setting.sites.gap_digest(CENTRE, from, until)).expect("answered");
        setting.sites.report_gap(CENTRE, until, setting.meters[by].sign(&digest.0))
    };
    let by_another = gap(chain, 1, 5, 0);
    assert_eq!(error(chain.call(&setting.payer, by_another)), SiteError::BadSignature);
    for until in [0, 1] {
        let empty = gap(chain, 1, until, 2);
        assert_eq!(error(chain.call(&setting.payer, empty)), SiteError::WrongCounter { next: 1 });
    }
    let signed = gap(chain, 1, 5, 2);
    chain.call(&setting.payer, signed).expect("declared");
    chain.advance_ms(HOUR_MS);
    setting.measure(chain, CENTRE, 100);
    // Another meter that begins elsewhere: what was measured goes on, and the old one signs nothing any more.
    let calibration = Hash([5; 32]);
    let key = Key::Ed25519(setting.payer.public_key());
    let replace = |by| setting.sites.replace_device(by, CENTRE, key, calibration, 7);
    assert!(chain.call(&setting.operator, replace(setting.operator.address)).is_err(), "an inspector alone");
    chain.call(&setting.inspector, replace(setting.inspector.address)).expect("replaced");
    chain.advance_ms(HOUR_MS);
    let next = setting.next(chain, CENTRE, 50);
    assert_eq!((next.from, next.totaliser), (6, 57));
    assert_eq!(error(setting.submit(chain, next)), SiteError::BadSignature, "the old meter");
    let digest = chain.query(setting.sites.batch_digest(next)).expect("answered");
    chain.call(&setting.payer, setting.sites.submit(next, setting.payer.sign(&digest.0))).expect("the new one");
    let found = chain.query(setting.sites.device(CENTRE)).expect("answered").expect("there");
    assert_eq!((found.total, found.calibration), (250, calibration));
    chain.call(&setting.inspector, setting.sites.retire_device(setting.inspector.address, CENTRE)).expect("retired");
    let after = setting.next(chain, CENTRE, 1);
    assert_eq!(error(setting.submit(chain, after)), SiteError::NoDevice { device: CENTRE });
    chain.call(&setting.inspector, replace(setting.inspector.address)).expect("in the place of a retired one");
    assert!(chain.query(setting.sites.device(CENTRE)).expect("answered").expect("there").active);
    let digest = chain.query(setting.sites.gap_digest(CENTRE, 1, 5)).expect("answered");
    let text = energy_site::gap_text(1, &setting.sites.address, CENTRE, 1, 5);
    assert_eq!(digest.0, <[u8; 32]>::from(Sha256::digest(text)), "what a meter computes by itself");
}

#[contract_test]
fn sites_are_numbered_and_a_device_measures_something(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let site = Site { operator: setting.payer.address, split: vec![(setting.payer.address, 1_000_000)], pool: None };
    for number in 1..3 {
        assert_eq!(chain.call(&setting.payer, setting.sites.register_site(site.clone())), Ok(number));
    }
    let found = chain.query(setting.sites.device(GAS)).expect("answered").expect("there");
    let Device { kind, key, calibration, .. } = found;
    let nothing = Meter { site: 1, kind, key, calibration, per_hour: 0, totaliser: 0, next: 0 };
    let register = |meter| setting.sites.register_device(setting.inspector.address, meter);
    assert_eq!(error(chain.call(&setting.inspector, register(nothing))), SiteError::BadTerms);
    // What a meter signs says nothing of a site: it counts at one.
    let elsewhere = Meter { per_hour: 1, ..nothing };
    assert_eq!(error(chain.call(&setting.inspector, register(elsewhere))), SiteError::KeyTaken { device: GAS });
    let replace = setting.sites.replace_device(setting.inspector.address, CENTRE, key, calibration, 0);
    assert_eq!(error(chain.call(&setting.inspector, replace)), SiteError::KeyTaken { device: GAS });
    let same = setting.sites.replace_device(setting.inspector.address, GAS, key, calibration, 0);
    chain.call(&setting.inspector, same).expect("a meter whose totaliser was set back by who repaired it");
    assert_eq!(chain.query(setting.sites.admin()), Ok(setting.admin.address));
    let terms = chain.query(setting.sites.terms()).expect("answered").expect("there");
    assert_eq!((terms.asset, terms.hold_score), (Asset::Token(setting.money.address), 50));
}

/// Readings of a day, a second apart for brevity.
fn readings(device: u64, at_ms: u64, totalisers: &[u64]) -> Vec<Reading> {
    let at = |(index, totaliser): (usize, &u64)| Reading {
        device,
        counter: index as u64,
        at_ms: at_ms + 1_000 * index as u64,
        totaliser: *totaliser,
    };
    totalisers.iter().enumerate().map(at).collect()
}

#[contract_test]
fn readings_are_held_against_their_root_and_contradictions_stop_a_meter(chain: &mut Chain) {
    let setting = Setting::new(chain);
    chain.advance_ms(HOUR_MS);
    for count in 1..=9_u64 {
        let totalisers: Vec<u64> = (1..=count).map(|index| 1_000 + index).collect();
        let all = readings(GAS, 5, &totalisers);
        let (root, paths) = tree(&all.iter().map(leaf).collect::<Vec<_>>());
        let found = chain.query(setting.sites.device(GAS)).expect("answered").expect("there");
        let shifted: Vec<Reading> =
            all.iter().map(|one| Reading { counter: found.next + one.counter, ..*one }).collect();
        let (root, paths) = match found.next {
            0 => (root, paths),
            _ => tree(&shifted.iter().map(leaf).collect::<Vec<_>>()),
        };
        let (from, at_ms) = (found.next, chain.time_ms());
        let batch = Batch { device: GAS, from, count: count as u32, root, at_ms, totaliser: found.totaliser + count };
        setting.submit(chain, batch).expect("recorded");
        for (index, (reading, path)) in shifted.iter().zip(&paths).enumerate() {
            let proves = |reading: Reading, index: usize, path: Vec<Hash>| {
                chain.query(setting.sites.proves(from, index as u32, reading, path)).expect("answered")
            };
            assert!(proves(*reading, index, path.clone()), "{count}: {index}");
            assert!(!proves(Reading { totaliser: reading.totaliser + 1, ..*reading }, index, path.clone()));
            assert!(!proves(*reading, index + 1, path.clone()));
            let longer = path.iter().copied().chain([Hash::ZERO]).collect();
            assert!(!proves(*reading, index, longer));
        }
    }

    // A generator that shows less in the middle of a day.
    let all = readings(GENERATOR, chain.time_ms() - HOUR_MS, &[2_000, 9_000, 4_000, 10_000]);
    let (root, paths) = tree(&all.iter().map(leaf).collect::<Vec<_>>());
    let at_ms = chain.time_ms();
    let batch = Batch { device: GENERATOR, from: 0, count: 4, root, at_ms, totaliser: 10_000 };
    setting.submit(chain, batch).expect("the contract sees its end alone");
    setting.measure(chain, CENTRE, 5_000);
    setting.measure(chain, GAS, 90_000);
    let period = setting.close(chain).expect("closed");
    let part = |index: usize| (index as u32, all[index], paths[index].clone());
    let challenge = |one, other| setting.sites.challenge(0, part(one), part(other), Some(period));
    assert_eq!(error(chain.call(&setting.payer, challenge(0, 1))), SiteError::NoContradiction);
    assert_eq!(error(chain.call(&setting.payer, challenge(2, 1))), SiteError::NoContradiction, "in their order");
    let mut bent = part(2);
    bent.1.totaliser = 1;
    let forged = setting.sites.challenge(0, part(1), bent, Some(period));
    assert_eq!(error(chain.call(&setting.payer, forged)), SiteError::NoProof);
    chain.call(&setting.payer, challenge(1, 2)).expect("shown");
    let found = chain.query(setting.sites.period(period)).expect("answered").expect("there");
    assert_eq!(found.status, PeriodStatus::Held);
    let device = chain.query(setting.sites.device(GENERATOR)).expect("answered").expect("there");
    assert!(!device.active);
}

/// Records of a BAUER BSM-WS36A, as its documentation (bsm-python, doc/examples) prints them with the meter's public key.
const PUBLIC_KEY: &str = "024bfd02c1d85272ceea9977db26d72cc401d9e5602faeee7ec7b6b62f9c0cce34";
const RECORD: &str = "{\"FV\":\"1.0\",\"GI\":\"BAUER Electronic BSM-WS36A-H01-1311-0000\",\"GS\":\"001BZR1521070006\",\
    \"GV\":\"1.9:32CA:AFF4, f1d3d06\",\"PG\":\"T4278\",\"MV\":\"BAUER Electronic\",\"MM\":\"BSM-WS36A-H01-1311-0000\",\
    \"MS\":\"001BZR1521070006\",\"IS\":true,\"IT\":\"UNDEFINED\",\"ID\":\"contract-id: rfid:12345678abcdef\",\
    \"X2\":\"evse-id: DE*BDO*E8025334492*2\",\"X3\":\"csc-sw-version: v1.2.34\",\"RD\":[{\"TM\":\
    \"2022-07-08T10:06:49,000+0200 S\",\"TX\":\"C\",\"RV\":0.15,\"RI\":\"1-0:1.8.0*198\",\"RU\":\"kWh\",\"XV\":100.00,\
    \"XI\":\"1-0:1.8.0*255\",\"XU\":\"kWh\",\"XT\":0,\"RT\":\"AC\",\"EF\":\"\",\"ST\":\"G\"}]}";
const R: &str = "53d866c0085483057b3fb43aec935b53bf593a2eddcd1844a8e85d8a10bcebca";
/// The order of P-256 less the printed s: the same signature in the form with a small s.
const S: &str = "35dd575fba28c8755e5c0b73a4a5c6f482d0ffb3c9dc7b820c101284e844633f";

#[contract_test]
fn a_record_of_a_real_meter_is_taken_once(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let bytes = |text: &str| -> Vec<u8> {
        let value = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
        text.as_bytes().chunks(2).map(value).collect()
    };
    let key: [u8; 33] = bytes(PUBLIC_KEY).try_into().expect("33 bytes");
    let meter = Meter {
        site: 0,
        kind: Kind::Centre,
        key: Key::P256(key),
        calibration: Hash::ZERO,
        per_hour: 36_000,
        totaliser: 0,
        next: 4_278,
    };
    let register = setting.sites.register_device(setting.inspector.address, meter);
    let device = chain.call(&setting.inspector, register).expect("registered");
    chain.advance_ms(HOUR_MS);
    let signature: [u8; 64] = bytes(&[R, S].concat()).try_into().expect("64 bytes");
    let at_ms = chain.time_ms();
    let submit = |record: &str| setting.sites.submit_record(device, record.into(), at_ms, signature);
    let inflated = RECORD.replace("0.15", "0.95");
    assert_eq!(error(chain.call(&setting.payer, submit(&inflated))), SiteError::BadSignature);
    chain.call(&setting.payer, submit(RECORD)).expect("the meter's own word");
    assert_eq!(error(chain.call(&setting.payer, submit(RECORD))), SiteError::WrongCounter { next: 4_279 });
    let found = chain.query(setting.sites.device(device)).expect("answered").expect("there");
    assert_eq!((found.total, found.next), (150, 4_279));
    assert_eq!(parse(RECORD.as_bytes()), Some(Parsed { pagination: 4_278, wh: 150 }));
    for broken in ["", "{}", "{\"PG\":\"T1\"}", &RECORD.replace("T4278", "4278"), &RECORD.replace("kWh", "MWh")] {
        assert_eq!(error(chain.call(&setting.payer, submit(broken))), SiteError::BadRecord, "{broken}");
    }
}

#[test]
fn values_are_read_as_they_stand() {
    let record = |page: &str, value: &str, unit: &str| {
        parse(format!("{{\"PG\":\"{page}\",\"RD\":[{{\"RV\":{value},\"RU\":\"{unit}\"}}]}}").as_bytes())
    };
    for (value, unit, wh) in [
        ("0", "kWh", 0),
        ("12", "kWh", 12_000),
        ("12.3", "kWh", 12_300),
        ("0.0259", "kWh", 25),
        ("2935.6789", "kWh", 2_935_678),
        ("42", "Wh", 42),
        ("42.9", "Wh", 42),
    ] {
        assert_eq!(record("T7", value, unit), Some(Parsed { pagination: 7, wh }), "{value} {unit}");
    }
    for (page, value, unit) in [
        ("F7", "1", "kWh"),
        ("T", "1", "kWh"),
        ("T7", "-1", "kWh"),
        ("T7", "1e3", "kWh"),
        ("T7", "99999999999999999999", "Wh"),
        ("T7", "18446744073709551615", "kWh"),
        ("T7", "1", "h"),
        ("T7", "\"1\"", "kWh"),
    ] {
        let read = record(page, value, unit);
        assert_eq!(read, None, "{page} {value} {unit}");
    }
    let two = b"{\"PG\" : \"T8\", \"RD\":[{\"RV\":1.0,\"RU\":\"kWh\"},{\"RV\":2.5,\"RU\":\"kWh\"}]}";
    assert_eq!(parse(two), Some(Parsed { pagination: 8, wh: 2_500 }), "the last one counts");
}
