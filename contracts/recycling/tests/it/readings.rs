//! What devices sign is recorded once, in their order and time; what they did not sign is not.

use crate::setting::{PER_GRAM, SKEW_MS, Setting, device_key, refused, terms};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Failure, contract_test};
use recycling::{MAX_READINGS, Reading, RecyclingError, RecyclingRef, Submission, Terms, native_recycling};

#[contract_test]
fn readings_are_recorded_in_their_order(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.device(chain, 0);
    setting.device(chain, 1);
    let batch = [(0, 0), (1, 0), (0, 1)].map(|(device, counter)| setting.reading(chain, device, counter));
    let signed = batch.map(|reading| setting.signed(chain, reading));
    assert_eq!(setting.submit(chain, signed.to_vec()), Ok(0));
    assert_eq!(setting.read(chain, 1, 1), Ok(3));
    assert_eq!(chain.query(setting.register.count()), Ok(4));
    let second = chain.query(setting.register.event(1)).expect("answered").expect("there");
    assert_eq!((second.reading, second.gateway), (batch[1], setting.gateway.address));
    assert_eq!(chain.query(setting.register.event(4)), Ok(None));
    assert_eq!(chain.query(setting.register.seller(1)), Ok(Some(setting.owner.address)));
}

#[contract_test]
fn a_replayed_reading_is_refused(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.device(chain, 0);
    let signed = setting.signed(chain, setting.reading(chain, 0, 0));
    assert_eq!(setting.submit(chain, vec![signed]), Ok(0));
    let replayed = RecyclingError::WrongCounter { device: 0, next: 1 };
    assert_eq!(setting.submit(chain, vec![signed]), Err(refused(replayed.clone())));
    let next = setting.signed(chain, setting.reading(chain, 0, 1));
    let twice = RecyclingError::WrongCounter { device: 0, next: 2 };
    assert_eq!(setting.submit(chain, vec![next, next]), Err(refused(twice)), "in one message too");
    assert_eq!(chain.query(setting.register.count()), Ok(1), "all or none");
    assert_eq!(setting.submit(chain, vec![next]), Ok(1));
}

#[contract_test]
fn a_missing_number_is_declared_or_refused(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.device(chain, 0);
    let missing = RecyclingError::WrongCounter { device: 0, next: 0 };
    assert_eq!(setting.read(chain, 0, 3), Err(refused(missing.clone())));
    let forged = setting.register.declare_gap(0, 3, [7; 64]);
    assert_eq!(chain.call(&setting.gateway, forged), Err(refused(RecyclingError::BadSignature { device: 0 })));
    assert_eq!(setting.gap(chain, 0, 0), Err(refused(missing)));
    assert_eq!(setting.gap(chain, 0, 3), Ok(()));
    assert_eq!(setting.read(chain, 0, 3), Ok(0));
    let back = RecyclingError::WrongCounter { device: 0, next: 4 };
    assert_eq!(setting.gap(chain, 0, 2), Err(refused(back.clone())), "a counter that went back stays where it was");
    assert_eq!(setting.read(chain, 0, 0), Err(refused(back)));
}

#[contract_test]
fn a_reading_of_another_time_is_refused(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.device(chain, 0);
    chain.advance_ms(10 * SKEW_MS);
    let wrong = Err(refused(RecyclingError::WrongTime { device: 0 }));
    // The block that records it is a second later than the time that is read here.
    for (off, expected) in [(-120_000, false), (-30_000, true), (30_000, true), (120_000, false), (-40_000, false)] {
        let now = setting.reading(chain, 0, 0);
        let next = chain.query(setting.register.device(0)).expect("answered").expect("there").next;
        let reading = Reading { counter: next, at_ms: now.at_ms.saturating_add_signed(off), ..now };
        let outcome = setting.submit(chain, vec![setting.signed(chain, reading)]);
        assert_eq!(outcome.is_ok(), expected, "{off}");
        assert!(expected || outcome == wrong, "{off}");
    }
}

#[contract_test]
fn only_the_devices_key_signs_for_it(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.device(chain, 0);
    let (reading, bad) = (setting.reading(chain, 0, 0), RecyclingError::BadSignature { device: 0 });
    let stranger = setting.signed_by(chain, reading, &device_key(1));
    assert_eq!(setting.submit(chain, vec![stranger]), Err(refused(bad.clone())));
    let signed = setting.signed(chain, reading);
    for changed in [
        Reading { grams: 1, ..reading },
        Reading { class: 2, ..reading },
        Reading { hash: Hash([3; 32]), ..reading },
        Reading { depositor: Some(setting.depositor.address), ..reading },
        Reading { at_ms: reading.at_ms + 1, ..reading },
    ] {
        let forged = Submission { reading: changed, ..signed };
        assert_eq!(setting.submit(chain, vec![forged]), Err(refused(bad.clone())), "{changed:?}");
    }
    // What was signed for another register is nothing here.
    let other = counterpart_testing::Subject::new("recycling", native_recycling());
    let other = chain.deploy(&setting.admin, &other, RecyclingRef::new(terms(&setting.money))).expect("deployed");
    let digest = chain.query(RecyclingRef::at(other).digest(reading)).expect("answered");
    let foreign = Submission { signature: device_key(0).sign(&digest.0), ..signed };
    assert_eq!(setting.submit(chain, vec![foreign]), Err(refused(bad)));
    let unknown = setting.signed(chain, Reading { device: 9, ..reading });
    assert_eq!(setting.submit(chain, vec![unknown]), Err(refused(RecyclingError::NoDevice { device: 9 })));
}

#[contract_test]
fn a_key_is_rotated_and_a_device_revoked(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.device(chain, 0);
    assert_eq!(setting.read(chain, 0, 0), Ok(0));
    let rotate = setting.register.rotate_device(0, device_key(5).public_key(), Hash([4; 32]));
    assert_eq!(chain.call(&setting.owner, rotate), Ok(()));
    assert_eq!(setting.read(chain, 0, 1), Err(refused(RecyclingError::BadSignature { device: 0 })), "the old key");
    let fresh = setting.signed_by(chain, setting.reading(chain, 0, 1), &device_key(5));
    assert_eq!(setting.submit(chain, vec![fresh]), Ok(1), "numbers go on");
    let stranger = setting.register.revoke_device(setting.gateway.address, 0);
    assert_eq!(chain.call(&setting.gateway, stranger), Err(refused(RecyclingError::Stranger)));
    let revoke = setting.register.revoke_device(setting.admin.address, 0);
    assert_eq!(chain.call(&setting.admin, revoke), Ok(()));
    let late = setting.signed_by(chain, setting.reading(chain, 0, 2), &device_key(5));
    assert_eq!(setting.submit(chain, vec![late]), Err(refused(RecyclingError::Revoked { device: 0 })));
    assert_eq!(setting.gap(chain, 0, 9), Err(refused(RecyclingError::Revoked { device: 0 })));
    assert_eq!(chain.query(setting.register.seller(0)), Ok(None), "nothing of it is sold any more");
}

#[contract_test]
fn owners_take_readings_off_the_market(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.device(chain, 0);
    setting.read(chain, 0, 0).expect("recorded");
    setting.read(chain, 0, 1).expect("recorded");
    let gateway = &setting.gateway;
    assert!(chain.call(gateway, setting.register.withdraw_event(0)).is_err(), "not the owner");
    assert!(chain.call(gateway, setting.register.set_on_sale(0, false)).is_err());
    assert!(chain.call(gateway, setting.register.rotate_device(0, [0; 32], Hash::ZERO)).is_err());
    assert_eq!(chain.call(&setting.owner, setting.register.withdraw_event(0)), Ok(()));
    assert_eq!(chain.query(setting.register.seller(0)), Ok(None));
    assert_eq!(chain.query(setting.register.seller(1)), Ok(Some(setting.owner.address)));
    assert_eq!(chain.call(&setting.owner, setting.register.set_on_sale(0, false)), Ok(()));
    assert_eq!(chain.query(setting.register.seller(1)), Ok(None));
    assert_eq!(chain.call(&setting.owner, setting.register.set_on_sale(0, true)), Ok(()));
    assert_eq!(chain.query(setting.register.seller(1)), Ok(Some(setting.owner.address)));
    assert_eq!(chain.query(setting.register.seller(0)), Ok(None), "withdrawn for good");
    let none = setting.register.withdraw_event(5);
    assert_eq!(chain.call(&setting.owner, none), Err(refused(RecyclingError::NoEvent { event: 5 })));
}

#[contract_test]
fn gateways_are_admitted_and_messages_bounded(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.device(chain, 0);
    let signed = setting.signed(chain, setting.reading(chain, 0, 0));
    let stranger = setting.register.submit(setting.owner.address, vec![signed]);
    assert_eq!(chain.call(&setting.owner, stranger), Err(refused(RecyclingError::Stranger)));
    let many = RecyclingError::TooMany { limit: MAX_READINGS };
    assert_eq!(setting.submit(chain, vec![]), Err(refused(many.clone())));
    assert_eq!(setting.submit(chain, vec![signed; MAX_READINGS as usize + 1]), Err(refused(many)));
    let full: Vec<_> =
        (0..u64::from(MAX_READINGS)).map(|counter| setting.signed(chain, setting.reading(chain, 0, counter))).collect();
    assert_eq!(setting.submit(chain, full), Ok(0), "as many as one message takes");
    let shut = setting.register.set_gateway(setting.gateway.address, false);
    assert!(chain.call(&setting.gateway, shut).is_err(), "not the admin");
    let shut = setting.register.set_gateway(setting.gateway.address, false);
    chain.call(&setting.admin, shut).expect("shut out");
    assert_eq!(setting.read(chain, 0, 50), Err(refused(RecyclingError::Stranger)));
}

#[contract_test]
fn deposits_are_rewarded_as_far_as_the_budget_goes(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.device(chain, 0);
    chain.call_consenting(&setting.admin, setting.register.fund(setting.admin.address, 100)).expect("funded");
    let account = setting.depositor.address;
    for (counter, grams, expected) in [(0, 20, 20 * PER_GRAM), (1, 10, 90), (2, 10, 100), (3, 10, 100)] {
        let reading = Reading { grams, depositor: Some(account), ..setting.reading(chain, 0, counter) };
        setting.submit(chain, vec![setting.signed(chain, reading)]).expect("recorded");
        assert_eq!(chain.query(setting.register.reward_of(account)), Ok(expected));
        assert_eq!(chain.query(setting.register.budget()), Ok(100 - expected));
    }
    assert!(chain.call(&setting.owner, setting.register.claim_reward(account)).is_err(), "not theirs");
    assert_eq!(chain.call(&setting.depositor, setting.register.claim_reward(account)), Ok(100));
    assert_eq!(chain.query(setting.money.balance_of(account)), Ok(100));
    assert_eq!(chain.query(setting.register.reward_of(account)), Ok(0));
}

#[contract_test]
fn terms_that_make_no_sense_are_refused(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let good = terms(&setting.money);
    for bad in [Terms { skew_ms: 0, ..good }, Terms { tolerance_ppm: 1_000_001, ..good }] {
        let subject = counterpart_testing::Subject::new("recycling", native_recycling());
        let outcome = chain.deploy(&setting.admin, &subject, RecyclingRef::new(bad));
        assert!(outcome.is_err(), "{bad:?}");
    }
    let stranger = setting.register.propose_admin(Some(setting.owner.address));
    assert!(matches!(chain.call(&setting.owner, stranger), Err(Failure::Error(RecyclingError::Role { .. }))));
    let propose = setting.register.propose_admin(Some(setting.owner.address));
    chain.call(&setting.admin, propose).expect("proposed");
    chain.call(&setting.owner, setting.register.accept_admin()).expect("accepted");
    assert_eq!(chain.query(setting.register.admin()), Ok(setting.owner.address));
}
