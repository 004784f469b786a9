//! What is recorded, what is not, and at which millisecond.

use crate::setting::{HOUR_MS, MINUTE_MS, Setting, TERMS, error, opening, policy, rules, until};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, contract_test};
use held_records::{HoldError, INSTRUCT, Items, Opening, Signed, Signer, Status, Terms, Verb};

#[contract_test]
fn a_record_is_taken_at_the_millisecond_at_which_it_is_ready_and_once(chain: &mut Chain) {
    let setting = Setting::new(chain, rules());
    let one = opening(1, 100);
    assert_eq!(error(setting.take(chain, one, &[&setting.ida], &[])), HoldError::NotHeld, "straight to the ledger");
    let (commitment, at_ms) = setting.anchor(chain, one);
    let ready_ms = at_ms + 5 * MINUTE_MS;
    assert_eq!(chain.query(setting.records.time_ms()), Ok(chain.time_ms()), "a query sees the time of a call");
    until(chain, ready_ms - 1);
    assert_eq!(error(setting.take(chain, one, &[&setting.ida], &[])), HoldError::TooEarly { ready_ms });
    let two = opening(2, 100);
    let (_, at_ms) = setting.anchor(chain, two);
    until(chain, at_ms + 5 * MINUTE_MS);
    assert_eq!(setting.take(chain, two, &[&setting.ida], &[]), Ok(setting.commit(chain, two)));
    let found = chain.query(setting.records.record_of(setting.commit(chain, two))).expect("answered").expect("there");
    assert_eq!((found.at_ms, found.ready_ms), (at_ms + 5 * MINUTE_MS, at_ms + 5 * MINUTE_MS), "D1, to the millisecond");
    assert_eq!(setting.take(chain, one, &[&setting.ida], &[]), Ok(commitment));
    let again = error(setting.take(chain, one, &[&setting.ida], &[]));
    assert_eq!(again, HoldError::WrongStatus { status: Status::Recorded }, "D3");
    let anchored = chain.call(&setting.eve, setting.records.anchor(commitment));
    assert_eq!(error(anchored), HoldError::Anchored);
}

#[contract_test]
fn what_nobody_records_in_time_expires(chain: &mut Chain) {
    let setting = Setting::new(chain, rules());
    let one = opening(1, 100);
    let (_, at_ms) = setting.anchor(chain, one);
    let until_ms = at_ms + 5 * MINUTE_MS + TERMS.grace_ms;
    until(chain, until_ms + 1);
    assert_eq!(error(setting.take(chain, one, &[&setting.ida], &[])), HoldError::Expired { until_ms });
}

#[contract_test]
fn only_who_may_wants_and_each_counts_once(chain: &mut Chain) {
    let setting = Setting::new(chain, rules());
    let large = opening(1, 10_001);
    let (commitment, at_ms) = setting.anchor(chain, large);
    until(chain, at_ms + 24 * HOUR_MS);
    let too_few = HoldError::TooFew { weight: 1, quorum: 2 };
    assert_eq!(error(setting.take(chain, large, &[&setting.ida], &[])), too_few);
    let twice = error(setting.take(chain, large, &[&setting.ida, &setting.ida], &[]));
    assert_eq!(twice, HoldError::BadSignal { index: 1 });
    for stranger in [&setting.eve, &setting.vera, &setting.ed] {
        let bad = error(setting.take(chain, large, &[&setting.ida, stranger], &[]));
        assert_eq!(bad, HoldError::BadSignal { index: 1 });
    }
    // A signature for another record, another verb or another number is none.
    let good = setting.sign(chain, &setting.ida, commitment, Verb::Instruct, 1);
    for (record, verb, sequence) in
        [(Hash([9; 32]), Verb::Instruct, 1), (commitment, Verb::Expedite, 1), (commitment, Verb::Instruct, 2)]
    {
        let signed = setting.sign(chain, &setting.ben, record, verb, sequence);
        let record = setting.records.record(large, vec![good, Signed { sequence: 1, ..signed }], Vec::new());
        assert_eq!(error(chain.call(&setting.eve, record)), HoldError::BadSignal { index: 1 });
    }
    let many = vec![good; 17];
    let record = setting.records.record(large, many, Vec::new());
    assert_eq!(error(chain.call(&setting.eve, record)), HoldError::BadSignal { index: 16 });
    assert_eq!(setting.take(chain, large, &[&setting.ida, &setting.ben], &[]), Ok(commitment));
}

#[contract_test]
fn what_is_withdrawn_is_never_recorded_and_the_tombstone_says_so(chain: &mut Chain) {
    let setting = Setting::new(chain, rules());
    let one = opening(1, 100);
    let (commitment, at_ms) = setting.anchor(chain, one);
    let cancel =
        |chain: &Chain, who| setting.records.cancel(commitment, setting.sign(chain, who, commitment, Verb::Cancel, 5));
    for stranger in [&setting.eve, &setting.ida, &setting.ed] {
        let cancel = cancel(chain, stranger);
        assert_eq!(error(chain.call(&setting.eve, cancel)), HoldError::BadSignal { index: 0 });
    }
    let cancel = cancel(chain, &setting.vera);
    chain.call(&setting.eve, cancel.clone()).expect("withdrawn, whoever brings it");
    let found = chain.query(setting.records.commitment(commitment)).expect("answered").expect("there");
    assert_eq!(found.status, Status::Cancelled);
    assert_eq!(error(chain.call(&setting.eve, cancel)), HoldError::WrongStatus { status: Status::Cancelled });
    until(chain, at_ms + HOUR_MS);
    let late = error(setting.take(chain, one, &[&setting.ida], &[]));
    assert_eq!(late, HoldError::WrongStatus { status: Status::Cancelled }, "D2");
}

#[contract_test]
fn what_comes_in_its_place_waits_its_own_time(chain: &mut Chain) {
    let setting = Setting::new(chain, rules());
    let [one, two, three] = [1, 2, 3].map(|number| opening(number, 100));
    let (first, at_ms) = setting.anchor(chain, one);
    until(chain, at_ms + 4 * MINUTE_MS);
    let (second, later_ms) = setting.anchor(chain, two);
    let supersede = |chain: &Chain, who, of, by| {
        let signed = setting.sign(chain, who, of, Verb::Supersede { by }, 1);
        setting.records.supersede(of, by, signed)
    };
    let by_stranger = supersede(chain, &setting.eve, first, second);
    assert_eq!(error(chain.call(&setting.eve, by_stranger)), HoldError::BadSignal { index: 0 });
    let nowhere = supersede(chain, &setting.ida, first, Hash([9; 32]));
    assert_eq!(error(chain.call(&setting.eve, nowhere)), HoldError::NotHeld);
    let itself = supersede(chain, &setting.ida, first, first);
    assert!(chain.call(&setting.eve, itself).is_err());
    let older = supersede(chain, &setting.ida, second, first);
    assert!(chain.call(&setting.eve, older).is_err(), "an older one does not come in the place of a younger one");
    let now = supersede(chain, &setting.ida, first, second);
    chain.call(&setting.eve, now).expect("superseded");
    until(chain, at_ms + 5 * MINUTE_MS);
    let gone = error(setting.take(chain, one, &[&setting.ida], &[]));
    assert_eq!(gone, HoldError::WrongStatus { status: Status::Superseded(second) }, "D2");
    let (third, _) = setting.anchor(chain, three);
    // One place for each: the second cannot come in another's place too, and the first has had its successor.
    let again = supersede(chain, &setting.ida, first, third);
    assert!(chain.call(&setting.eve, again).is_err(), "D4");
    let (loose, _) = setting.anchor(chain, opening(4, 100));
    let both = supersede(chain, &setting.ida, loose, second);
    assert!(chain.call(&setting.eve, both).is_err(), "D4");
    until(chain, later_ms + 5 * MINUTE_MS);
    assert_eq!(setting.take(chain, two, &[&setting.ida], &[]), Ok(second), "D6");
    let found = chain.query(setting.records.commitment(second)).expect("answered").expect("there");
    assert_eq!(found.before, Some(first));
}

#[contract_test]
fn it_is_held_on_but_never_shorter_and_passes_sooner_when_enough_say_so(chain: &mut Chain) {
    let setting = Setting::new(chain, rules());
    let one = opening(1, 10_000);
    let (first, at_ms) = setting.anchor(chain, one);
    let extend = |chain: &Chain, who, until_ms| {
        setting.records.extend(first, until_ms, setting.sign(chain, who, first, Verb::Extend { until_ms }, 1))
    };
    let by_stranger = extend(chain, &setting.ida, at_ms + 3 * HOUR_MS);
    assert_eq!(error(chain.call(&setting.eve, by_stranger)), HoldError::BadSignal { index: 0 });
    let longer = extend(chain, &setting.vera, at_ms + 3 * HOUR_MS);
    chain.call(&setting.eve, longer.clone()).expect("held on");
    assert_eq!(error(chain.call(&setting.eve, longer)), HoldError::NotLater);
    let shorter = extend(chain, &setting.vera, at_ms + 2 * HOUR_MS);
    assert_eq!(error(chain.call(&setting.eve, shorter)), HoldError::NotLater);
    // Not even those who let it pass sooner get round that.
    until(chain, at_ms + 2 * HOUR_MS);
    let sooner = [&setting.ben, &setting.ed];
    let early = error(setting.take(chain, one, &[&setting.ida], &sooner));
    assert_eq!(early, HoldError::TooEarly { ready_ms: at_ms + 3 * HOUR_MS });

    let two = opening(2, 10_000);
    let (second, at_ms) = setting.anchor(chain, two);
    until(chain, at_ms + 2 * MINUTE_MS);
    let ready_ms = at_ms + HOUR_MS;
    let alone = error(setting.take(chain, two, &[&setting.ida], &[&setting.ed]));
    assert_eq!(alone, HoldError::TooEarly { ready_ms }, "one is too few");
    let wrong = error(setting.take(chain, two, &[&setting.ida], &[&setting.ed, &setting.vera]));
    assert_eq!(wrong, HoldError::BadSignal { index: 1 });
    assert_eq!(setting.take(chain, two, &[&setting.ida], &sooner), Ok(second));
    // Never below the least: a policy that says nothing at all is held to it.
    let terms = Terms { min_ms: 10 * MINUTE_MS, max_ms: 20 * MINUTE_MS, ..TERMS };
    let bounded = Setting::with(chain, rules(), terms);
    let [small, large] = [(7, 100), (8, 10_000)].map(|(number, amount)| opening(number, amount));
    let (_, small_ms) = bounded.anchor(chain, small);
    let early = error(bounded.take(chain, small, &[&bounded.ida], &[&bounded.ben, &bounded.ed]));
    assert_eq!(early, HoldError::TooEarly { ready_ms: small_ms + 10 * MINUTE_MS }, "D5");
    let (_, large_ms) = bounded.anchor(chain, large);
    let early = error(bounded.take(chain, large, &[&bounded.ida], &[]));
    assert_eq!(early, HoldError::TooEarly { ready_ms: large_ms + 20 * MINUTE_MS }, "D5");
}

#[contract_test]
fn another_policy_waits_and_holds_for_what_comes_after_it(chain: &mut Chain) {
    let setting = Setting::new(chain, rules());
    let one = opening(1, 100);
    let (first, at_ms) = setting.anchor(chain, one);
    let mut longer = rules();
    longer.bands[0].ms = 2 * HOUR_MS;
    let other = policy(chain, &setting.admin, longer);
    assert!(chain.call(&setting.eve, setting.records.propose_policy(other)).is_err(), "the admin alone");
    assert_eq!(error(chain.call(&setting.eve, setting.records.adopt_policy())), HoldError::NoPolicy);
    chain.call(&setting.admin, setting.records.propose_policy(other)).expect("proposed");
    assert!(matches!(error(chain.call(&setting.eve, setting.records.adopt_policy())), HoldError::TooEarly { .. }));
    chain.advance_ms(TERMS.policy_delay_ms);
    assert_eq!(chain.call(&setting.eve, setting.records.adopt_policy()), Ok(1));
    assert_eq!(chain.query(setting.records.policy()), Ok((1, other)));
    assert!(chain.time_ms() > at_ms + 5 * MINUTE_MS);
    assert_eq!(setting.take(chain, one, &[&setting.ida], &[]), Ok(first), "anchored before");
    let two = opening(2, 100);
    let (_, at_ms) = setting.anchor(chain, two);
    let early = error(setting.take(chain, two, &[&setting.ida], &[]));
    assert_eq!(early, HoldError::TooEarly { ready_ms: at_ms + 2 * HOUR_MS });
    // A policy that is no contract of policies lets nothing pass.
    chain.call(&setting.admin, setting.records.propose_policy(setting.eve.address)).expect("proposed");
    chain.advance_ms(TERMS.policy_delay_ms);
    chain.call(&setting.eve, setting.records.adopt_policy()).expect("adopted");
    let three = opening(3, 100);
    setting.anchor(chain, three);
    chain.advance_ms(48 * HOUR_MS);
    assert_eq!(error(setting.take(chain, three, &[&setting.ida], &[])), HoldError::NoPolicy);
}

#[contract_test]
fn records_come_after_others_and_signers_want_so_many_a_day(chain: &mut Chain) {
    let setting = Setting::new(chain, rules());
    // Chains of tests begin at ten in the evening: all of this is of the next day.
    chain.advance_ms(2 * HOUR_MS);
    let one = opening(1, 100);
    let (first, _) = setting.anchor(chain, one);
    let items = Items { after: Some(first), ..one.items };
    let two = Opening { items, salt: [2; 32] };
    setting.anchor(chain, two);
    chain.advance_ms(HOUR_MS);
    assert_eq!(error(setting.take(chain, two, &[&setting.ida], &[])), HoldError::After { record: first });
    setting.take(chain, one, &[&setting.ida], &[]).expect("recorded");
    setting.take(chain, two, &[&setting.ida], &[]).expect("recorded");

    let few = Signer { roles: INSTRUCT, weight: 1, daily: 3 };
    chain.call(&setting.admin, setting.records.set_signer(setting.ida.public_key(), Some(few))).expect("named");
    let [three, four] = [3, 4].map(|number| opening(number, 100));
    for one in [three, four] {
        setting.anchor(chain, one);
    }
    chain.advance_ms(HOUR_MS);
    setting.take(chain, three, &[&setting.ida], &[]).expect("the third");
    assert_eq!(error(setting.take(chain, four, &[&setting.ida], &[])), HoldError::Quota { index: 0 });
    setting.take(chain, four, &[&setting.ben], &[]).expect("another's day is not full");
    let five = opening(5, 100);
    setting.anchor(chain, five);
    chain.advance_ms(23 * HOUR_MS);
    setting.take(chain, five, &[&setting.ida], &[]).expect("the next day");
    chain.call(&setting.admin, setting.records.set_signer(setting.ida.public_key(), None)).expect("taken away");
    let six = opening(6, 100);
    setting.anchor(chain, six);
    chain.advance_ms(HOUR_MS);
    assert_eq!(error(setting.take(chain, six, &[&setting.ida], &[])), HoldError::BadSignal { index: 0 });
}

#[contract_test]
fn terms_that_make_no_sense_are_refused(chain: &mut Chain) {
    let admin = chain.account("admin");
    let at = policy(chain, &admin, rules());
    let subject = counterpart_testing::Subject::new("held-records", held_records::native_heldrecords());
    for terms in [
        Terms { min_ms: TERMS.max_ms + 1, ..TERMS },
        Terms { grace_ms: 0, ..TERMS },
        Terms { expedite_quorum: 0, ..TERMS },
    ] {
        assert!(chain.deploy(&admin, &subject, held_records::HeldRecordsRef::new(terms, at)).is_err());
    }
    let setting = Setting::new(chain, rules());
    assert_eq!(chain.query(setting.records.terms()), Ok(Some(TERMS)));
    assert_eq!(chain.query(setting.records.admin()), Ok(setting.admin.address));
    let named = chain.query(setting.records.signer(setting.vera.public_key())).expect("answered");
    assert_eq!(named.map(|signer| signer.roles), Some(held_records::VETO));
    chain.call(&setting.admin, setting.records.propose_admin(Some(setting.eve.address))).expect("proposed");
    chain.call(&setting.eve, setting.records.accept_admin()).expect("accepted");
    assert!(chain.call(&setting.admin, setting.records.set_signer([1; 32], None)).is_err());
    assert!(chain.call(&setting.ida, setting.records.propose_admin(None)).is_err());
}
