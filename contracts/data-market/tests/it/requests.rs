//! Keys are priced, paid in advance, delivered in time, and paid out in parts; or everything goes back.

use crate::setting::{CHAIN, DAY_MS, DELIVER_MS, DISPUTE_MS, PLENTY, PRICE, Setting, refused};
use counterpart_sdk::Hash;
use counterpart_sealing::{Sealed, SecretKey};
use counterpart_testing::{Chain, Failure, Subject, contract_test};
use data_market::{
    BODY_INFO, DataMarketRef, KEY_INFO, MAX_KEYS, MAX_OPEN, MarketError, Price, RequestStatus, Terms, key_aad,
    native_datamarket,
};

const SEED: [u8; 32] = [0x5E; 32];

#[contract_test]
fn a_buyer_reads_what_it_paid_for(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let kept = setting.record_some(chain, 3);
    assert_eq!(setting.ask(chain, vec![2, 0], SEED), Ok(0));
    let before = setting.account(chain);
    assert_eq!((before.available, before.locked), (PLENTY / 2 - 200, 200));
    assert_eq!(setting.deliver(chain, 0, &[kept[2].key, kept[0].key]), Ok(()));
    // As buyers do it: from what is on the chain, with nothing but the request's seed and the bodies.
    let found = setting.request(chain, 0);
    for (deduction, body) in found.deductions.iter().zip([&kept[2].body, &kept[0].body]) {
        let wrapped = deduction.wrapped.clone().expect("delivered");
        let aad = key_aad(CHAIN, &setting.market.address, 0, deduction.event);
        let sealed = Sealed { enc: wrapped.enc, ciphertext: wrapped.ciphertext };
        let key = SecretKey::from_seed(&SEED).open(KEY_INFO, &aad, &sealed).expect("it opens");
        let recorded = chain.query(setting.register.event(deduction.event)).expect("answered").expect("there");
        let sealed = Sealed { enc: body.enc, ciphertext: body.ciphertext.clone() };
        let key = SecretKey::from_seed(&key.try_into().expect("32 bytes"));
        let text = key.open(BODY_INFO, &recorded.reading.hash.0, &sealed).expect("it opens");
        assert_eq!(text, format!("the body of event {}", deduction.event).into_bytes());
    }
    assert_eq!(chain.call(&setting.buyer, setting.market.confirm(0)), Ok(()));
    assert_eq!(setting.status(chain, 0), RequestStatus::Settled);
    let after = setting.account(chain);
    assert_eq!((after.available, after.locked, after.spent), (PLENTY / 2 - 200, 0, 200));
    let parts = [&setting.gateway, &setting.fund, &setting.owner].map(|who| setting.claim_of(chain, who.address));
    assert_eq!(parts, [60, 20, 120]);
    assert_eq!(chain.call(&setting.owner, setting.market.claim(setting.owner.address)), Ok(120));
    assert_eq!(chain.query(setting.money.balance_of(setting.owner.address)), Ok(120));
    assert_eq!(setting.claim_of(chain, setting.owner.address), 0);
    assert!(chain.call(&setting.owner, setting.market.claim(setting.fund.address)).is_err(), "not theirs");
}

#[contract_test]
fn prices_go_by_class_age_number_and_version(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.record_some(chain, 10);
    let (_, _) = setting.record(chain, 2, None);
    let quote = |chain: &Chain, events: Vec<u64>| chain.query(setting.market.quote(events));
    assert_eq!(quote(chain, (0..9).collect()), Ok(vec![100; 9]));
    assert_eq!(quote(chain, (0..10).collect()), Ok(vec![75; 10]), "from ten on, a quarter less");
    assert_eq!(quote(chain, vec![10]), refused(MarketError::NoPrice { class: 2 }));
    let other = Price { fresh: 7, old: 7, fresh_ms: 0, many: 2, less_ppm: 500_000 };
    assert!(chain.call(&setting.buyer, setting.market.set_price(2, other)).is_err(), "not the admin");
    assert_eq!(chain.call(&setting.admin, setting.market.set_price(2, other)), Ok(2));
    assert_eq!(quote(chain, vec![10]), Ok(vec![7]));
    assert_eq!(quote(chain, vec![10, 0]), Ok(vec![4, 100]), "what is taken off is rounded down");
    let stale = setting.market.ask(setting.buyer.address, vec![0], [9; 32], 1, u128::MAX);
    assert_eq!(chain.call(&setting.buyer, stale), refused(MarketError::Changed { version: 2 }));
    let capped = setting.market.ask(setting.buyer.address, vec![0], [9; 32], 2, 99);
    assert_eq!(chain.call(&setting.buyer, capped), refused(MarketError::TooMuch { units: 100 }));
    chain.advance_ms(DAY_MS);
    assert_eq!(quote(chain, vec![0]), Ok(vec![40]), "old");
    // A request keeps the price that it was made at.
    let asked = setting.ask(chain, vec![0], SEED).expect("asked");
    chain.call(&setting.admin, setting.market.set_price(1, Price { old: 9_999, ..PRICE })).expect("changed");
    let deduction = &setting.request(chain, asked).deductions[0];
    assert_eq!((deduction.units, deduction.version), (40, 2));
}

#[contract_test]
fn nothing_delivered_means_everything_back(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let kept = setting.record_some(chain, 2);
    setting.ask(chain, vec![0, 1], SEED).expect("asked");
    let early = chain.call(&setting.buyer, setting.market.expire(0));
    assert!(matches!(early, Err(Failure::Error(MarketError::WrongStatus { .. }))));
    let bond = setting.market.take_bond(setting.gateway.address, 1);
    assert_eq!(chain.call(&setting.gateway, bond), refused(MarketError::TooMany { limit: 0 }), "it answers for it");
    chain.advance_ms(DELIVER_MS);
    let late = setting.deliver(chain, 0, &[kept[0].key, kept[1].key]);
    assert!(matches!(late, Err(Failure::Error(MarketError::WrongStatus { .. }))));
    assert_eq!(chain.call(&setting.fund, setting.market.expire(0)), Ok(()), "anybody");
    assert_eq!(setting.status(chain, 0), RequestStatus::Refunded);
    let account = setting.account(chain);
    assert_eq!((account.available, account.locked, account.spent), (PLENTY / 2, 0, 0));
    assert!(chain.call(&setting.fund, setting.market.expire(0)).is_err(), "once");
    let bond = setting.market.take_bond(setting.gateway.address, 1);
    assert_eq!(chain.call(&setting.gateway, bond), Ok(()));
}

#[contract_test]
fn who_says_nothing_has_accepted(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let kept = setting.record_some(chain, 1);
    setting.ask(chain, vec![0], SEED).expect("asked");
    assert!(chain.call(&setting.fund, setting.market.settle(0)).is_err(), "nothing is there yet");
    setting.deliver(chain, 0, &[kept[0].key]).expect("delivered");
    assert!(chain.call(&setting.fund, setting.market.settle(0)).is_err(), "the buyer still has time");
    assert!(chain.call(&setting.gateway, setting.market.confirm(0)).is_err(), "not the buyer");
    chain.advance_ms(DISPUTE_MS);
    assert!(chain.call(&setting.buyer, setting.market.confirm(0)).is_err(), "time is over");
    assert_eq!(chain.call(&setting.fund, setting.market.settle(0)), Ok(()), "anybody");
    assert!(chain.call(&setting.fund, setting.market.settle(0)).is_err(), "once");
    assert_eq!(setting.account(chain).spent, 100);
}

#[contract_test]
fn delivery_is_whole_and_the_gateways(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let kept = setting.record_some(chain, 2);
    setting.ask(chain, vec![0, 1], SEED).expect("asked");
    assert_eq!(setting.deliver(chain, 0, &[kept[0].key]), refused(MarketError::NotAll));
    let keys = vec![setting.sealed(chain, 0, 0, b"short"), setting.sealed(chain, 0, 1, &kept[1].key)];
    let short = setting.market.deliver(0, keys.clone());
    assert_eq!(chain.call(&setting.gateway, short), refused(MarketError::NotAll));
    assert!(chain.call(&setting.owner, setting.market.deliver(0, keys)).is_err(), "not the gateway");
    setting.deliver(chain, 0, &[kept[0].key, kept[1].key]).expect("delivered");
    assert!(setting.deliver(chain, 0, &[kept[0].key, kept[1].key]).is_err(), "once");
    let none = setting.market.confirm(7);
    assert_eq!(chain.call(&setting.buyer, none), refused(MarketError::NoRequest { request: 7 }));
}

#[contract_test]
fn requests_are_bounded(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.record_some(chain, 2);
    for bad in [vec![], vec![1, 0, 1], (0..=MAX_KEYS as u64).collect()] {
        assert_eq!(setting.ask(chain, bad, SEED), refused(MarketError::BadRequest));
    }
    assert_eq!(setting.ask(chain, vec![9], SEED), refused(MarketError::NotOnSale { event: 9 }));
    for request in 0..u64::from(MAX_OPEN) {
        assert_eq!(setting.ask(chain, vec![request % 2], SEED), Ok(request));
    }
    assert_eq!(setting.ask(chain, vec![0], SEED), refused(MarketError::TooMany { limit: MAX_OPEN }), "a flood");
    chain.advance_ms(DELIVER_MS);
    chain.call(&setting.buyer, setting.market.expire(0)).expect("over");
    assert!(setting.ask(chain, vec![0], SEED).is_ok());
}

#[contract_test]
fn what_owners_took_off_is_not_sold(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.record_some(chain, 2);
    chain.call(&setting.owner, setting.register.withdraw_event(0)).expect("withdrawn");
    assert_eq!(setting.ask(chain, vec![0], SEED), refused(MarketError::NotOnSale { event: 0 }));
    assert!(setting.ask(chain, vec![1], SEED).is_ok());
    chain.call(&setting.owner, setting.register.revoke_device(setting.owner.address, 0)).expect("revoked");
    assert_eq!(setting.ask(chain, vec![1], SEED), refused(MarketError::NotOnSale { event: 1 }));
}

#[contract_test]
fn one_request_has_one_gateway(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.record_some(chain, 1);
    chain.call(&setting.admin, setting.register.set_gateway(setting.fund.address, true)).expect("admitted");
    let mut reading = chain.query(setting.register.event(0)).expect("answered").expect("there").reading;
    reading.counter = 1;
    reading.at_ms = chain.time_ms();
    let digest = chain.query(setting.register.digest(reading)).expect("answered");
    let signature = setting.gateway.sign(&digest.0);
    let submission = recycling::Submission { reading, signature, body: Hash::ZERO, key_commitment: Hash::ZERO };
    let submit = setting.register.submit(setting.fund.address, vec![submission]);
    chain.call(&setting.fund, submit).expect("recorded");
    assert_eq!(setting.ask(chain, vec![0, 1], SEED), refused(MarketError::BadRequest));
    // Nobody buys of a gateway that no bond answers for.
    assert_eq!(setting.ask(chain, vec![1], SEED), refused(MarketError::TooLittle { have: 0 }));
}

#[contract_test]
fn accounts_hold_what_was_paid_in(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.record_some(chain, 1);
    let (buyer, half) = (setting.buyer.address, PLENTY / 2);
    let more = setting.market.withdraw(buyer, half + 1);
    assert_eq!(chain.call(&setting.buyer, more), refused(MarketError::TooLittle { have: half }));
    assert!(chain.call(&setting.owner, setting.market.withdraw(buyer, 1)).is_err(), "not theirs");
    assert_eq!(chain.call(&setting.buyer, setting.market.withdraw(buyer, half - 99)), Ok(()));
    assert_eq!(setting.ask(chain, vec![0], SEED), refused(MarketError::TooLittle { have: 99 }));
    assert_eq!(chain.call_consenting(&setting.buyer, setting.market.top_up(buyer, 1)), Ok(()));
    assert!(setting.ask(chain, vec![0], SEED).is_ok(), "to the last unit");
    let account = setting.account(chain);
    assert_eq!((account.topped_up, account.withdrawn, account.locked), (half + 1, half - 99, 100));
    assert!(chain.call(&setting.buyer, setting.market.withdraw(buyer, 1)).is_err(), "a request holds it");
    let bond = setting.market.take_bond(setting.gateway.address, PLENTY);
    assert!(chain.call(&setting.gateway, bond).is_err());
}

#[contract_test]
fn terms_that_make_no_sense_are_refused(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let good = setting.terms;
    for bad in [
        Terms { gateway_ppm: 900_001, ..good },
        Terms { gateway_ppm: u32::MAX, ..good },
        Terms { deliver_ms: 0, ..good },
        Terms { dispute_ms: 0, ..good },
    ] {
        let subject = Subject::new("data-market", native_datamarket());
        let outcome = chain.deploy(&setting.admin, &subject, DataMarketRef::new(bad));
        assert!(outcome.is_err(), "{bad:?}");
    }
    for bad in [Price { fresh: 0, ..PRICE }, Price { old: 0, ..PRICE }, Price { less_ppm: 500_001, ..PRICE }] {
        assert_eq!(chain.call(&setting.admin, setting.market.set_price(1, bad)), refused(MarketError::BadTerms));
    }
    let propose = setting.market.propose_admin(Some(setting.owner.address));
    chain.call(&setting.admin, propose).expect("proposed");
    chain.call(&setting.owner, setting.market.accept_admin()).expect("accepted");
    assert_eq!(chain.query(setting.market.admin()), Ok(setting.owner.address));
}
