//! Random records, signals, deaths and times against what was acknowledged: D1 to D9 of the suite.

use crate::chain::{At, Killed, MINUTE_MS, World};
use counterpart_sdk::Hash;
use counterpart_testing::{Account, Random, from_environment};
use gatekeeper::{Gatekeeper, State, What};
use held_records::{Status, Verb};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

#[derive(Default)]
struct Known {
    /// A withdrawal or a successor was acknowledged in time.
    withdrawn: bool,
    held_until_ms: u64,
}

#[test]
fn what_was_acknowledged_is_what_happens() {
    let mut random = Random::from_environment();
    let (world, folder) = (World::new(), tempfile::tempdir().expect("a folder"));
    let mut running: Option<Gatekeeper<At>> = None;
    let mut known: BTreeMap<Hash, Known> = BTreeMap::new();
    let mut deaths = 0;
    for step in 0..from_environment("COUNTERPART_STEPS").unwrap_or(400) {
        if random.one_in(12) {
            // Somewhere in what comes next.
            let at = world.touches.load(Ordering::SeqCst) + 1 + random.below(24);
            world.crash_at.store(at, Ordering::SeqCst);
        }
        let gatekeeper = running.get_or_insert_with(|| world.open(folder.path()));
        let some: Vec<Hash> = known.keys().copied().collect();
        let people: [&Account; 5] = [&world.ida, &world.ben, &world.vera, &world.ed, &world.eve];
        let who = *random.pick(&people);
        let choice = random.below(12);
        let done = catch_unwind(AssertUnwindSafe(|| match choice {
            0..=2 => {
                let amount = *random.pick(&[1, 500, 5_000]);
                let (record, mut submission) = world.submission(&format!("{step}"), amount, &[&world.ida]);
                // It counts as soon as it may have been taken.
                let mut old = None;
                if !some.is_empty() && random.one_in(3) {
                    let before = *random.pick(&some);
                    submission.signals.push(world.say(&world.ida, before, Verb::Supersede { by: record }));
                    old = Some(before);
                }
                let taken = gatekeeper.submit(&submission).is_ok();
                (taken.then_some((record, Known::default())), old.filter(|_| taken))
            }
            3 | 4 if !some.is_empty() => {
                let record = *random.pick(&some);
                let verb = match random.below(3) {
                    0 => Verb::Cancel,
                    1 => Verb::Expedite,
                    _ => Verb::Extend { until_ms: world.now_ms() + random.below(9) * MINUTE_MS },
                };
                let signal = world.say(who, record, verb);
                match gatekeeper.signal(&signal).map(|receipt| receipt.what) {
                    Ok(What::Cancelled) => (None, Some(record)),
                    Ok(What::Extended(until_ms)) => {
                        (Some((record, Known { withdrawn: false, held_until_ms: until_ms })), None)
                    }
                    _ => (None, None),
                }
            }
            5..=9 => {
                let _ = gatekeeper.tick();
                (None, None)
            }
            _ => {
                world.chain().advance_ms(random.below(3) * MINUTE_MS + random.below(2));
                (None, None)
            }
        }));
        match done {
            Ok((changed, withdrawn)) => {
                if let Some((record, now)) = changed {
                    let entry = known.entry(record).or_default();
                    entry.held_until_ms = entry.held_until_ms.max(now.held_until_ms);
                }
                if let Some(record) = withdrawn {
                    known.entry(record).or_default().withdrawn = true;
                }
            }
            Err(panic) => {
                assert!(panic.is::<Killed>(), "it ended by itself");
                running = None;
                world.crash_at.store(0, Ordering::SeqCst);
                deaths += 1;
            }
        }
    }
    // In the end everything that was not withdrawn comes to the ledger.
    world.crash_at.store(0, Ordering::SeqCst);
    let gatekeeper = running.unwrap_or_else(|| world.open(folder.path()));
    for _ in 0..40 {
        gatekeeper.tick().expect("a turn");
        world.chain().advance_ms(MINUTE_MS);
    }
    let mut recorded = 0;
    for (record, known) in &known {
        let state = gatekeeper.status(record).expect("not lost").state;
        let on_ledger = world.ask(world.records.commitment(*record)).expect("anchored");
        let there = world.recorded(*record);
        assert_eq!(there.is_some(), on_ledger.status == Status::Recorded, "D8");
        if known.withdrawn {
            assert!(there.is_none(), "D2: {state:?}");
            assert!(matches!(state, State::Cancelled | State::Superseded(_)), "{state:?}");
            assert!(matches!(on_ledger.status, Status::Cancelled | Status::Superseded(_)));
        }
        if let Some(found) = there {
            assert_eq!(state, State::Recorded);
            assert!(found.at_ms >= found.ready_ms, "D1");
            assert!(found.at_ms >= on_ledger.at_ms + MINUTE_MS / 2, "D5, D6");
            assert!(found.at_ms >= known.held_until_ms, "held on");
            recorded += 1;
        }
        if let Status::Superseded(by) = on_ledger.status {
            let next = world.ask(world.records.commitment(by)).expect("there");
            assert_eq!(next.before, Some(*record), "D4");
        }
    }
    // The ledger took each of them once (D3); some were taken by a process that died before it could say so.
    assert_eq!(world.taken.load(Ordering::SeqCst), recorded + not_told(&world, &known, &gatekeeper), "D3");
    assert!(deaths > 3 && recorded > 10, "{deaths} deaths, {recorded} records");
}

/// Records that were taken though nobody was told: they are held like others.
fn not_told(world: &World, known: &BTreeMap<Hash, Known>, gatekeeper: &Gatekeeper<At>) -> u64 {
    let receipts = gatekeeper.receipts(0, usize::MAX).expect("read");
    let taken = receipts.iter().filter(|receipt| receipt.what == What::Received).map(|receipt| receipt.record);
    taken.filter(|record| !known.contains_key(record) && world.recorded(*record).is_some()).count() as u64
}
