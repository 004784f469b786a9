//! Times, bounds and hands at their edges.

use crate::setting::{ANSWER_MS, CARD, HOUR_MS, Setting, VOUCHER, error, failed, terms};
use card_provider::Report;
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Failure, Subject, contract_test};
use instruments::{Failure as Refusal, Hold, HoldStatus, ProviderError};
use payments::{Part, PaymentError, PaymentStatus, PaymentsRef, Reason, Request, Terms, native_payments};
use prepaid_provider::{PrepaidProviderRef, native_prepaidprovider};

#[contract_test]
fn the_operator_hands_over_and_terms_are_there_to_read(chain: &mut Chain) {
    let setting = Setting::new(chain, 0, 0);
    let payments = setting.payments;
    let agreed = terms(&setting.rates, setting.operator.address);
    assert_eq!(chain.query(payments.terms()), Ok(Some(agreed)));
    assert_eq!(chain.query(payments.admin()), Ok(setting.operator.address));
    assert!(chain.call(&setting.payer, payments.propose_admin(Some(setting.payer.address))).is_err());
    assert!(chain.call(&setting.payer, payments.accept_admin()).is_err());
    chain.call(&setting.operator, payments.propose_admin(Some(setting.payer.address))).expect("proposed");
    chain.call(&setting.payer, payments.accept_admin()).expect("taken over");
    assert_eq!(chain.query(payments.admin()), Ok(setting.payer.address));
    assert!(chain.call(&setting.operator, payments.set_provider(setting.card.address, None)).is_err());
    chain.call(&setting.payer, payments.set_provider(setting.card.address, None)).expect("shut out");
    let subject = Subject::new("payments", native_payments());
    for wrong in [
        Terms { fee_ppm: 100_001, ..agreed },
        Terms { max_slippage_ppm: 100_001, ..agreed },
        Terms { answer_ms: 0, ..agreed },
        Terms { max_failures: 0, ..agreed },
    ] {
        assert!(chain.deploy(&setting.operator, &subject, PaymentsRef::new(wrong)).is_err());
    }
    for sets in [vec![7; 16], Vec::new()] {
        chain.call(&setting.merchant, payments.set_combinations(setting.merchant.address, sets)).expect("said");
    }
    let many = payments.set_combinations(setting.merchant.address, vec![7; 17]);
    assert_eq!(error(chain.call(&setting.merchant, many)), PaymentError::BadRequest);
}

#[contract_test]
fn a_payment_is_begun_and_ended_until_its_last_millisecond(chain: &mut Chain) {
    let setting = Setting::new(chain, 1_000, 0);
    let [voucher, card, _] = setting.link_all(chain);
    let only = |instrument| vec![Part { instrument, units: None }];
    let base = setting.request(chain, 1, 100);
    let now = chain.time_ms();
    let last = Request { parts: only(voucher), fall_over: false, deadline_ms: now, ..base.clone() };
    let number = setting.pay(chain, last).expect("in its last millisecond");
    assert_eq!(setting.status(chain, number), PaymentStatus::Succeeded);
    let now = chain.time_ms();
    let late = Request { id: Hash([2; 32]), deadline_ms: now - 1, ..base.clone() };
    assert_eq!(error(setting.pay(chain, late)), PaymentError::BadRequest);
    // One that waits for a card is looked at in its last millisecond, and is over in the next.
    for (id, beyond) in [(3, 0), (4, 1)] {
        let now = chain.time_ms();
        let deadline_ms = now + ANSWER_MS / 2;
        let waits = Request { id: Hash([id; 32]), parts: only(card), fall_over: false, deadline_ms, ..base.clone() };
        let number = setting.pay(chain, waits).expect("begun");
        let next = chain.time_ms();
        chain.advance_ms(deadline_ms + beyond - next);
        chain.call(&setting.merchant, setting.payments.resume(number)).expect("looked at");
        let expected = match beyond {
            0 => PaymentStatus::Authorizing,
            _ => PaymentStatus::Failed(Reason::Expired),
        };
        assert_eq!(setting.status(chain, number), expected);
    }
    // A provider has until the last millisecond to answer.
    let request = Request { id: Hash([5; 32]), parts: only(card), fall_over: false, ..setting.request(chain, 5, 100) };
    let number = setting.pay(chain, request).expect("begun");
    let answer_by_ms = setting.found(chain, number).legs[0].answer_by_ms;
    let next = chain.time_ms();
    chain.advance_ms(answer_by_ms - next);
    chain.call(&setting.merchant, setting.payments.resume(number)).expect("looked at");
    assert_eq!(setting.status(chain, number), PaymentStatus::Authorizing);
    chain.call(&setting.merchant, setting.payments.resume(number)).expect("looked at");
    assert_eq!(setting.legs(chain, number)[0].2, failed(Refusal::TimedOut));
}

#[contract_test]
fn no_more_legs_are_held_than_the_request_allows(chain: &mut Chain) {
    let setting = Setting::new(chain, 100, 200);
    let [voucher, card, wallet] = setting.link_all(chain);
    let parts = [voucher, wallet, card].map(|instrument| Part { instrument, units: None }).to_vec();
    let two = Request { parts: parts.clone(), max_legs: 2, ..setting.request(chain, 1, 301) };
    let number = setting.pay(chain, two).expect("begun");
    assert_eq!(setting.status(chain, number), PaymentStatus::Failed(Reason::NoCoverage));
    let enough = Request { parts: parts.clone(), max_legs: 2, ..setting.request(chain, 2, 300) };
    let number = setting.pay(chain, enough).expect("begun");
    assert_eq!(setting.status(chain, number), PaymentStatus::Succeeded);
    let three = Request { parts, max_legs: 3, ..setting.request(chain, 3, 301) };
    let number = setting.pay(chain, three).expect("begun");
    assert_eq!(setting.status(chain, number), PaymentStatus::Authorizing, "the card has yet to say");
    setting.report(chain, number, 0, Report::Held);
    assert_eq!(setting.legs(chain, number).len(), 1, "voucher and wallet are empty now");
}

#[contract_test]
fn vouchers_are_their_issuers_to_load_and_to_block(chain: &mut Chain) {
    let [charger, issuer, owner, other] = ["charger", "issuer", "owner", "other"].map(|name| chain.account(name));
    let setting = Setting::new(chain, 0, 0);
    let subject = Subject::new("prepaid-provider", native_prepaidprovider());
    let made = PrepaidProviderRef::new(charger.address, setting.asset());
    let prepaid = PrepaidProviderRef::at(chain.deploy(&issuer, &subject, made).expect("deployed"));
    let now = chain.time_ms();
    let load = |owner: counterpart_sdk::Address, units, ms| prepaid.load(VOUCHER, owner, units, now + ms);
    let why = |result: Result<(), Failure<ProviderError>>| match result {
        Err(Failure::Error(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(chain.call(&owner, load(owner.address, 10, HOUR_MS)).is_err(), "the issuer alone");
    assert_eq!(why(chain.call(&issuer, load(owner.address, 0, HOUR_MS))), ProviderError::BadRequest);
    chain.call_consenting(&issuer, load(owner.address, 10, HOUR_MS)).expect("loaded");
    assert_eq!(why(chain.call(&issuer, load(other.address, 10, HOUR_MS))), ProviderError::BadRequest);
    chain.call_consenting(&issuer, load(owner.address, 5, 2 * HOUR_MS)).expect("loaded again");
    let card = chain.query(prepaid.card(VOUCHER)).expect("answered").expect("there");
    assert_eq!((card.units, card.expires_ms, card.blocked), (15, now + 2 * HOUR_MS, false));
    assert!(chain.call(&owner, prepaid.block(VOUCHER, true)).is_err());
    assert_eq!(why(chain.call(&issuer, prepaid.block(CARD, true))), ProviderError::BadRequest);
    let try_hold = |chain: &mut Chain, id: u8, payer: counterpart_sdk::Address| {
        let hold = Hold { id: Hash([id; 32]), payer, token: VOUCHER, units: 15, expires_ms: u64::MAX };
        chain.call(&charger, prepaid.authorize(hold)).expect("answered")
    };
    chain.call(&issuer, prepaid.block(VOUCHER, true)).expect("blocked");
    assert_eq!(try_hold(chain, 1, owner.address), HoldStatus::Failed(Refusal::Closed));
    chain.call(&issuer, prepaid.block(VOUCHER, false)).expect("let go on");
    assert_eq!(try_hold(chain, 2, other.address), HoldStatus::Failed(Refusal::Unknown));
    let stranger = Hold { id: Hash([9; 32]), payer: owner.address, token: VOUCHER, units: 1, expires_ms: 0 };
    assert!(chain.call(&owner, prepaid.authorize(stranger)).is_err(), "who charges alone");
    assert!(chain.call(&charger, prepaid.authorize(Hold { units: 0, ..stranger })).is_err());
    assert_eq!(try_hold(chain, 3, owner.address), HoldStatus::Held);
    let again = Hold { id: Hash([3; 32]), ..stranger };
    assert!(chain.call(&charger, prepaid.authorize(again)).is_err(), "an id is used once");
    chain.advance_ms(3 * HOUR_MS);
    assert_eq!(try_hold(chain, 4, owner.address), HoldStatus::Failed(Refusal::Closed), "over");
}
