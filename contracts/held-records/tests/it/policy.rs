//! What a delay is made of.

use crate::setting::{HOUR_MS, MINUTE_MS, Setting, opening, rules, until};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Subject, contract_test};
use held_records::{Items, Reason, Ruling, Seen};
use hold_policy::{Band, HoldPolicyRef, Rules, native_holdpolicy};

fn all_rules() -> Rules {
    Rules {
        classes: vec![(7, 10 * MINUTE_MS), (8, 20 * MINUTE_MS)],
        novelty_ms: 3 * MINUTE_MS,
        many: 2,
        much: 500,
        velocity_ms: 7 * MINUTE_MS,
        night_from: 22,
        night_until: 6,
        night_ms: HOUR_MS,
        less_ms: MINUTE_MS,
        ..rules()
    }
}

const NOON_MS: u64 = 12 * HOUR_MS;
const SEEN: Seen = Seen { destination: true, count: 0, amount: 0, signals: 1, at_ms: NOON_MS };

fn ask(chain: &Chain, policy: HoldPolicyRef, items: Items, seen: Seen) -> Ruling {
    chain.query(policy.ruling(items, seen)).expect("answered")
}

#[contract_test]
fn each_part_of_a_delay_is_told(chain: &mut Chain) {
    let admin = chain.account("admin");
    let subject = Subject::new("hold-policy", native_holdpolicy());
    let policy = HoldPolicyRef::at(chain.deploy(&admin, &subject, HoldPolicyRef::new(all_rules())).expect("deployed"));
    assert_eq!(chain.query(policy.rules()), Ok(Some(all_rules())));
    let items = opening(1, 100).items;
    let delay = |chain: &Chain, items, seen| ask(chain, policy, items, seen).delay_ms / MINUTE_MS;
    assert_eq!(delay(chain, items, SEEN), 5);
    for (amount, minutes, quorum) in [(0, 5, 1), (100, 5, 1), (101, 60, 1), (10_000, 67, 1), (10_001, 1_447, 2)] {
        let ruling = ask(chain, policy, Items { amount, ..items }, SEEN);
        assert_eq!((ruling.delay_ms / MINUTE_MS, ruling.quorum), (minutes, quorum), "{amount}");
    }
    assert_eq!(delay(chain, Items { class: 7, ..items }, SEEN), 15);
    assert_eq!(delay(chain, Items { class: 8, ..items }, SEEN), 25);
    assert_eq!(delay(chain, Items { class: 9, ..items }, SEEN), 5);
    assert_eq!(delay(chain, items, Seen { destination: false, ..SEEN }), 8);
    assert_eq!(delay(chain, items, Seen { count: 1, ..SEEN }), 5);
    assert_eq!(delay(chain, items, Seen { count: 2, ..SEEN }), 12);
    assert_eq!(delay(chain, items, Seen { amount: 400, ..SEEN }), 5, "500 are not more than 500");
    assert_eq!(delay(chain, items, Seen { amount: 401, ..SEEN }), 12);
    assert_eq!(delay(chain, items, Seen { amount: u128::MAX, ..SEEN }), 12);
    for (hour, minutes) in [(21, 5), (22, 65), (23, 65), (0, 65), (5, 65), (6, 5)] {
        assert_eq!(delay(chain, items, Seen { at_ms: hour * HOUR_MS, ..SEEN }), minutes, "{hour}");
    }
    assert_eq!(delay(chain, items, Seen { signals: 0, ..SEEN }), 5);
    assert_eq!(delay(chain, items, Seen { signals: 3, ..SEEN }), 3);
    assert_eq!(delay(chain, items, Seen { signals: 60, ..SEEN }), 0, "never less than nothing");
    let everything = Seen { destination: false, count: 9, amount: 0, signals: 2, at_ms: 23 * HOUR_MS };
    let ruling = ask(chain, policy, Items { class: 7, ..items }, everything);
    let parts = vec![
        Reason::Amount { ms: 5 * MINUTE_MS },
        Reason::Class { ms: 10 * MINUTE_MS },
        Reason::Novelty { ms: 3 * MINUTE_MS },
        Reason::Velocity { ms: 7 * MINUTE_MS },
        Reason::Night { ms: HOUR_MS },
        Reason::Signals { ms: MINUTE_MS },
    ];
    assert_eq!((ruling.delay_ms, ruling.reasons), (84 * MINUTE_MS, parts));
    let day = Rules { night_from: 9, night_until: 17, ..all_rules() };
    let policy = HoldPolicyRef::at(chain.deploy(&admin, &subject, HoldPolicyRef::new(day)).expect("deployed"));
    for (hour, minutes) in [(8, 5), (9, 65), (16, 65), (17, 5)] {
        let seen = Seen { at_ms: hour * HOUR_MS, ..SEEN };
        assert_eq!(ask(chain, policy, items, seen).delay_ms / MINUTE_MS, minutes, "{hour}");
    }
}

#[contract_test]
fn rules_that_make_no_sense_are_refused(chain: &mut Chain) {
    let admin = chain.account("admin");
    let subject = Subject::new("hold-policy", native_holdpolicy());
    let band = |up_to| Band { up_to, ms: 1, quorum: 1 };
    for wrong in [
        Rules { bands: Vec::new(), ..rules() },
        Rules { bands: vec![band(2), band(1)], ..rules() },
        Rules { bands: vec![band(2), band(2)], ..rules() },
        Rules { bands: (0..17).map(band).collect(), ..rules() },
        Rules { classes: vec![(1, 1); 17], ..rules() },
        Rules { night_from: 24, ..rules() },
        Rules { night_until: 24, ..rules() },
    ] {
        assert!(chain.deploy(&admin, &subject, HoldPolicyRef::new(wrong.clone())).is_err(), "{wrong:?}");
    }
}

#[contract_test]
fn the_ledger_tells_what_was_before_it_by_itself(chain: &mut Chain) {
    let setting = Setting::new(chain, all_rules());
    let take = |chain: &mut Chain, number: u8, destination: u8| {
        let mut one = opening(number, 10);
        one.items.destination = Hash([destination; 32]);
        let (commitment, at_ms) = setting.anchor(chain, one);
        let ruling = chain.query(setting.records.ruling(one.items, 1, at_ms, 0)).expect("answered");
        until(chain, at_ms + ruling.delay_ms);
        assert_eq!(setting.take(chain, one, &[&setting.ida], &[]), Ok(commitment));
        ruling.reasons.iter().map(std::mem::discriminant).collect::<Vec<_>>()
    };
    let has =
        |reasons: &[std::mem::Discriminant<Reason>], reason: Reason| reasons.contains(&std::mem::discriminant(&reason));
    // Begin at noon of another day.
    let now = chain.time_ms();
    chain.advance_ms(24 * HOUR_MS - now % (24 * HOUR_MS) + NOON_MS);
    let first = take(chain, 1, 2);
    assert!(has(&first, Reason::Novelty { ms: 0 }) && !has(&first, Reason::Velocity { ms: 0 }));
    let second = take(chain, 2, 2);
    assert!(!has(&second, Reason::Novelty { ms: 0 }) && !has(&second, Reason::Velocity { ms: 0 }));
    let third = take(chain, 3, 3);
    assert!(has(&third, Reason::Novelty { ms: 0 }) && has(&third, Reason::Velocity { ms: 0 }));
    chain.advance_ms(25 * HOUR_MS);
    let fourth = take(chain, 4, 3);
    assert!(!has(&fourth, Reason::Velocity { ms: 0 }), "the window has moved on");
}
