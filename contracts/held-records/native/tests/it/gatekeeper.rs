//! What is taken, held, withdrawn and released, and at which millisecond.

use crate::chain::{At, GRACE_MS, MINUTE_MS, World};
use counterpart_sdk::Hash;
use counterpart_service::{Client, ClientError, Server, ServiceError};
use counterpart_testing::{Random, from_environment, mangled};
use gatekeeper::{Gatekeeper, Limits, OpeningText, Receipt, Service, State, What};
use held_records::{Status, Verb};
use serde_json::json;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn refusal<T: Debug>(done: Result<T, ServiceError>) -> String {
    done.expect_err("refused").error
}

fn state(gatekeeper: &Gatekeeper<At>, record: Hash) -> State {
    gatekeeper.status(&record).expect("known").state
}

fn ready_ms(gatekeeper: &Gatekeeper<At>, record: Hash) -> u64 {
    match state(gatekeeper, record) {
        State::Held(ready_ms) => ready_ms,
        other => panic!("{other:?}"),
    }
}

/// Submits a record that ida wants and anchors it.
fn hold(world: &Arc<World>, gatekeeper: &Gatekeeper<At>, text: &str, amount: u128) -> Hash {
    let (record, submission) = world.submission(text, amount, &[&world.ida, &world.ben]);
    gatekeeper.submit(&submission).expect("taken");
    gatekeeper.tick().expect("a turn");
    record
}

#[test]
fn a_record_is_held_for_its_band_and_released_once() {
    let (world, folder) = (World::new(), folder());
    let gatekeeper = world.open(folder.path());
    // Two want each: half a minute less than the band says, and never below the least.
    for (text, amount, half_minutes) in [("a", 1, 1), ("b", 101, 9), ("c", 1_001, 19), ("d", 10_001, 59)] {
        let record = hold(&world, &gatekeeper, text, amount);
        let anchored = gatekeeper.status(&record).and_then(|found| found.anchored_ms).expect("anchored");
        let ready = anchored + half_minutes * MINUTE_MS / 2;
        assert_eq!(ready_ms(&gatekeeper, record), ready, "{text}");
        world.until(ready - 1);
        assert_eq!(gatekeeper.tick().expect("a turn").recorded, 0, "{text}");
        assert_eq!(world.recorded(record), None);
        world.until(ready);
        assert_eq!(gatekeeper.tick().expect("a turn").recorded, 1, "{text}");
        assert_eq!(world.recorded(record).expect("recorded").at_ms, ready, "D1");
        world.chain().advance_ms(MINUTE_MS);
        assert_eq!(gatekeeper.tick().expect("a turn"), Default::default(), "D3");
        assert_eq!(state(&gatekeeper, record), State::Recorded);
    }
}

#[test]
fn a_withdrawal_wins_until_the_last_millisecond() {
    let (world, folder) = (World::new(), folder());
    let gatekeeper = world.open(folder.path());
    let [one, two] = ["one", "two"].map(|text| hold(&world, &gatekeeper, text, 1_000));
    let ready = ready_ms(&gatekeeper, one);
    world.until(ready - 1);
    let receipt = gatekeeper.signal(&world.say(&world.vera, one, Verb::Cancel)).expect("in time");
    assert_eq!((receipt.what, receipt.at_ms), (What::Cancelled, ready - 1));
    assert!(receipt.holds(&gatekeeper.public_key()) && !receipt.holds(&[1; 32]));
    // A turn that begins at the very moment finds nothing to release, and leaves a tombstone.
    world.until(ready_ms(&gatekeeper, two));
    assert_eq!(refusal(gatekeeper.signal(&world.say(&world.vera, two, Verb::Cancel))), "too_late");
    let tick = gatekeeper.tick().expect("a turn");
    assert_eq!((tick.recorded, tick.said), (1, 1));
    assert!(world.recorded(one).is_none() && world.recorded(two).is_some(), "D2");
    let tombstone = world.ask(world.records.commitment(one)).expect("there");
    assert_eq!(tombstone.status, Status::Cancelled, "the proof that it was not released");
    assert_eq!(refusal(gatekeeper.signal(&world.say(&world.vera, one, Verb::Cancel))), "over");
    assert_eq!(refusal(gatekeeper.signal(&world.say(&world.vera, two, Verb::Cancel))), "too_late");
    // Not even whoever has all that was signed gets it past the tombstone.
    world.chain().advance_ms(MINUTE_MS);
    let opening = world.opening("one", 1_000, None);
    let (_, submission) = world.submission("one", 1_000, &[&world.ida, &world.ben]);
    let wanted = submission.signals.iter().map(|signal| signal.signal().expect("a signal").2).collect();
    let past = world.chain().call(&world.eve, world.records.record(opening, wanted, Vec::new()));
    assert!(past.is_err());
}

#[test]
fn what_takes_its_place_waits_its_own_time_and_only_one_lives() {
    let (world, folder) = (World::new(), folder());
    let gatekeeper = world.open(folder.path());
    let first = hold(&world, &gatekeeper, "first", 1_000);
    world.until(ready_ms(&gatekeeper, first) - 1);
    let mut line = vec![first];
    for text in ["second", "third"] {
        let (record, mut submission) = world.submission(text, 1_000, &[&world.ida]);
        let before = *line.last().expect("one");
        submission.signals.push(world.say(&world.ida, before, Verb::Supersede { by: record }));
        let receipts = gatekeeper.submit(&submission).expect("in time");
        assert!(receipts.iter().any(|receipt| receipt.what == What::Superseded(record)));
        gatekeeper.tick().expect("a turn");
        gatekeeper.tick().expect("a turn");
        world.chain().advance_ms(MINUTE_MS);
        line.push(record);
    }
    let last = line[2];
    let anchored = gatekeeper.status(&last).and_then(|found| found.anchored_ms).expect("anchored");
    assert_eq!(ready_ms(&gatekeeper, last), anchored + 5 * MINUTE_MS, "D6");
    // The first two have successors: nobody else takes their places.
    let (other, mut submission) = world.submission("other", 1_000, &[&world.ida]);
    submission.signals.push(world.say(&world.ida, first, Verb::Supersede { by: other }));
    assert_eq!(refusal(gatekeeper.submit(&submission)), "over", "D4");
    world.until(ready_ms(&gatekeeper, last));
    gatekeeper.tick().expect("a turn");
    let there: Vec<bool> = line.iter().map(|record| world.recorded(*record).is_some()).collect();
    assert_eq!(there, [false, false, true]);
    for (one, next) in [(0, 1), (1, 2)] {
        let found = world.ask(world.records.commitment(line[one])).expect("there");
        assert_eq!(found.status, Status::Superseded(line[next]));
    }
}

#[test]
fn everything_that_is_wrong_is_told_and_nothing_is_kept() {
    let (world, folder) = (World::new(), folder());
    let gatekeeper = world.open(folder.path());
    let (record, good) = world.submission("good", 20_000, &[&world.ida, &world.ben]);
    let rejected = |change: &dyn Fn(&mut gatekeeper::Submission)| {
        let mut wrong = good.clone();
        change(&mut wrong);
        let error = gatekeeper.submit(&wrong).expect_err("rejected");
        assert_eq!(error.error, "rejected");
        error.message
    };
    let reasons = rejected(&|wrong| {
        wrong.payload = String::new();
        wrong.signals.clear();
    });
    for check in ["Record: a record has", "Signals: 1 to 16", "Enough: weight 0 of 2"] {
        assert!(reasons.contains(check), "{reasons}");
    }
    // Another payload makes another commitment: what was signed is about another record.
    assert!(rejected(&|wrong| wrong.payload = hex::encode("other")).contains("Subject: signal 0"));
    assert!(rejected(&|wrong| wrong.payload = hex::encode(vec![7; 70_000])).contains("Record"));
    assert!(rejected(&|wrong| wrong.signals.truncate(1)).contains("Enough: weight 1 of 2"));
    assert!(rejected(&|wrong| wrong.signals[1] = wrong.signals[0].clone()).contains("says again"));
    let by = |who| world.say(who, record, Verb::Instruct);
    assert!(rejected(&|wrong| wrong.signals[1] = by(&world.eve)).contains("Known: signal 1"));
    assert!(rejected(&|wrong| wrong.signals[1] = by(&world.vera)).contains("Authorised: signal 1"));
    assert!(rejected(&|wrong| wrong.signals[1].signature = wrong.signals[0].signature.clone()).contains("Authorised"));
    for broken in ["", "zz", "00"] {
        let mut wrong = good.clone();
        wrong.signals[0].key = broken.into();
        assert_eq!(refusal(gatekeeper.submit(&wrong)), "bad_request");
    }
    let mut wrong = good.clone();
    wrong.signals.push(world.say(&world.vera, record, Verb::Cancel));
    assert_eq!(refusal(gatekeeper.submit(&wrong)), "bad_request");
    assert_eq!(gatekeeper.status(&record), None);
    assert_eq!(gatekeeper.receipts(0, 10).expect("read"), []);
    gatekeeper.submit(&good).expect("taken");
    assert_eq!(refusal(gatekeeper.submit(&good)), "known");
    assert_eq!(refusal(gatekeeper.signal(&world.say(&world.vera, Hash([9; 32]), Verb::Cancel))), "no_record");
}

#[test]
fn old_numbers_are_not_listened_to() {
    let (world, folder) = (World::new(), folder());
    let gatekeeper = world.open(folder.path());
    let one = hold(&world, &gatekeeper, "one", 1_000);
    let extend = |minutes: u64| Verb::Extend { until_ms: world.now_ms() + minutes * MINUTE_MS };
    let first = world.say_numbered(&world.vera, one, extend(30), 900);
    gatekeeper.signal(&first).expect("held on");
    for sequence in [900, 899, 1] {
        let old = world.say_numbered(&world.vera, one, Verb::Cancel, sequence);
        assert_eq!(refusal(gatekeeper.signal(&old)), "old", "D7");
    }
    // They are remembered by the next process.
    drop(gatekeeper);
    let gatekeeper = world.open(folder.path());
    assert_eq!(refusal(gatekeeper.signal(&first)), "old", "D7");
    let shorter = world.say_numbered(&world.vera, one, extend(1), 901);
    assert_eq!(refusal(gatekeeper.signal(&shorter)), "not_later");
    // What was refused used up no number.
    gatekeeper.signal(&world.say_numbered(&world.vera, one, Verb::Cancel, 901)).expect("withdrawn");
}

#[test]
fn more_who_want_it_and_those_that_let_it_pass_change_when_it_is_ready() {
    let (world, folder) = (World::new(), folder());
    let gatekeeper = world.open(folder.path());
    let (one, submission) = world.submission("one", 5_000, &[&world.ida]);
    gatekeeper.submit(&submission).expect("taken");
    gatekeeper.tick().expect("a turn");
    let anchored = gatekeeper.status(&one).and_then(|found| found.anchored_ms).expect("anchored");
    assert_eq!(ready_ms(&gatekeeper, one), anchored + 10 * MINUTE_MS);
    gatekeeper.signal(&world.say(&world.ben, one, Verb::Instruct)).expect("wanted");
    assert_eq!(ready_ms(&gatekeeper, one), anchored + 19 * MINUTE_MS / 2, "delay by the count of signals");
    assert_eq!(refusal(gatekeeper.signal(&world.say(&world.ben, one, Verb::Instruct))), "said");
    gatekeeper.signal(&world.say(&world.ed, one, Verb::Expedite)).expect("sooner");
    assert_eq!(ready_ms(&gatekeeper, one), anchored + MINUTE_MS);
    let until_ms = anchored + 3 * MINUTE_MS;
    gatekeeper.signal(&world.say(&world.vera, one, Verb::Extend { until_ms })).expect("held on");
    assert_eq!(ready_ms(&gatekeeper, one), until_ms);
    assert_eq!(gatekeeper.tick().expect("a turn").said, 1);
    world.until(until_ms - 1);
    assert_eq!(gatekeeper.tick().expect("a turn").recorded, 0);
    world.until(until_ms);
    assert_eq!(gatekeeper.tick().expect("a turn").recorded, 1);
    // A dry run says the same.
    let opening = OpeningText::of(&world.opening("x", 5_000, None));
    let ruling = gatekeeper.simulate(&opening, 2).expect("ruled");
    assert_eq!((ruling.delay_ms, ruling.expedited_ms), (19 * MINUTE_MS / 2, MINUTE_MS));
}

#[test]
fn nobody_holds_up_another() {
    let (world, folder) = (World::new(), folder());
    let limits = Limits { of_signer: 40, ..Limits::default() };
    let gatekeeper = world.open_with(folder.path(), limits);
    // Ida floods the queue as far as she may; one of hers never comes to its turn, as what it comes after is withdrawn.
    let (first, submission) = world.submission("never", 1, &[&world.ida]);
    gatekeeper.submit(&submission).expect("taken");
    let (stuck, submission) = world.submission_after("stuck", 1, &[&world.ida], Some(first));
    gatekeeper.submit(&submission).expect("taken");
    gatekeeper.signal(&world.say(&world.vera, first, Verb::Cancel)).expect("withdrawn");
    let mut many = 0;
    let full = loop {
        let (_, submission) = world.submission(&format!("flood {many}"), 1, &[&world.ida]);
        match gatekeeper.submit(&submission) {
            Ok(_) => many += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((full.error.as_str(), many), ("quota", 39));
    let (bens, submission) = world.submission("ben's", 1, &[&world.ben]);
    gatekeeper.submit(&submission).expect("another's place is not full");
    gatekeeper.tick().expect("a turn");
    let ready = ready_ms(&gatekeeper, bens);
    world.until(ready);
    gatekeeper.tick().expect("a turn");
    assert!(world.recorded(bens).is_some(), "D9");
    assert!(world.recorded(stuck).is_none());
    assert!(matches!(state(&gatekeeper, stuck), State::Held(_)), "it waits by itself");
}

#[test]
fn a_ledger_that_is_away_releases_nothing_and_what_waited_too_long_expires() {
    let (world, folder) = (World::new(), folder());
    let gatekeeper = world.open(folder.path());
    let one = hold(&world, &gatekeeper, "one", 1);
    world.away.store(true, Ordering::SeqCst);
    let ready = ready_ms(&gatekeeper, one);
    world.until(ready + GRACE_MS + 1);
    assert_eq!(gatekeeper.tick().expect("nothing is known to be due"), Default::default());
    assert_eq!(refusal(gatekeeper.submit(&world.submission("two", 1, &[&world.ida]).1)), "ledger");
    world.away.store(false, Ordering::SeqCst);
    assert_eq!(gatekeeper.tick().expect("a turn").ended, 1);
    assert_eq!(state(&gatekeeper, one), State::Expired);
    assert_eq!(world.recorded(one), None);
}

#[test]
fn watch_towers_read_every_word_in_its_order() {
    let (world, folder) = (World::new(), folder());
    let gatekeeper = Arc::new(world.open(folder.path()));
    let server = Server::start(
        ([127, 0, 0, 1], 0).into(),
        Service(gatekeeper.clone()),
        None,
        counterpart_service::Limits::default(),
    );
    let client = Client::new(&server.as_ref().expect("listening").url());
    let (one, submission) = world.submission("one", 1, &[&world.ida]);
    client.call("submit", &json!(submission)).expect("taken");
    gatekeeper.tick().expect("a turn");
    let status = client.call("status", &json!({ "record": hex::encode(one.0) })).expect("told");
    assert_eq!(status["state"]["held"], json!(ready_ms(&gatekeeper, one)));
    client.call("signal", &json!(world.say(&world.vera, one, Verb::Cancel))).expect("withdrawn");
    let told = client.call("receipts", &json!({ "from": 0 })).expect("read");
    let words: Vec<&str> = told.as_array().expect("a list").iter().filter_map(|word| word["what"].as_str()).collect();
    assert_eq!(words, ["received", "held", "cancelled"]);
    let key = client.call("keeper", &json!({})).expect("told");
    assert_eq!(key["key"], json!(hex::encode(gatekeeper.public_key())));
    let receipts: Vec<Receipt> = gatekeeper.receipts(0, 10).expect("read");
    assert!(receipts.iter().enumerate().all(|(at, receipt)| receipt.number == at as u64));
    assert!(receipts.iter().all(|receipt| receipt.holds(&gatekeeper.public_key())));
    let read: Vec<Receipt> = told.as_array().expect("a list").iter().filter_map(Receipt::of_json).collect();
    assert_eq!(read, receipts);
    let changed = Receipt { at_ms: receipts[0].at_ms + 1, ..receipts[0].clone() };
    assert!(!changed.holds(&gatekeeper.public_key()));
    let none = client.call("status", &json!({ "record": "00".repeat(32) })).expect_err("refused");
    assert!(matches!(none, ClientError::Refused(error) if error.error == "no_record"));
    let dry = json!({ "opening": submission.opening, "signals": 1 });
    assert_eq!(client.call("simulate", &dry).expect("ruled")["delay_ms"], json!(MINUTE_MS));
}

#[test]
fn whatever_reaches_it_that_is_almost_right_is_refused_with_a_code() {
    use counterpart_service::Handler;
    let (world, folder) = (World::new(), folder());
    let gatekeeper = Arc::new(world.open(folder.path()));
    let service = Service(gatekeeper.clone());
    let mut random = Random::from_environment();
    let (record, submission) = world.submission("one", 20_000, &[&world.ida, &world.ben]);
    let signal = json!(world.say(&world.vera, record, Verb::Cancel));
    let good = [
        ("submit", json!(submission)),
        ("signal", signal),
        ("status", json!({ "record": hex::encode(record.0) })),
        ("receipts", json!({ "from": 0 })),
        ("simulate", json!({ "opening": submission.opening, "signals": 1 })),
    ];
    for _ in 0..from_environment("COUNTERPART_STEPS").unwrap_or(3_000) {
        let (method, parameters) = random.pick(&good).clone();
        let wrong = mangled(&parameters, &mut random);
        if wrong == parameters {
            continue;
        }
        if let Err(error) = service.call(method, wrong) {
            assert_ne!(error.status, 500, "{error:?}");
        }
    }
    // What is changed without a change of what was signed may be taken: then it is the record itself.
    assert!(gatekeeper.status(&record).is_none_or(|found| found.wanted == 2 && !found.state.is_over()));
}
