//! What a payer meets: fail-over, all or nothing, limits, refunds, and holds that come late.

use crate::setting::{ANSWER_MS, CARD, COOL_MS, HOUR_MS, PLENTY, Setting, VOUCHER, error, failed};
use card_provider::Report;
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Failure, Subject, contract_test};
use instruments::{Failure as Refusal, HoldStatus, InstrumentKind, ProviderError};
use payments::{Instrument, LegStatus, Limit, Part, PaymentError, PaymentStatus, Reason, Request, Strategy};
use standing_orders::{MandateError, StandingOrdersRef, native_standingorders};

#[contract_test]
fn a_voucher_and_a_card_pay_together(chain: &mut Chain) {
    // Universal Commerce Protocol, split payments: a gift card of 10.00 and a card for the other 40.00.
    let setting = Setting::new(chain, 1_000, 0);
    let [voucher, card, _] = setting.link_all(chain);
    let parts = vec![Part { instrument: voucher, units: None }, Part { instrument: card, units: None }];
    let request = Request { parts, fall_over: false, ..setting.request(chain, 1, 5_000) };
    assert_eq!(setting.pay(chain, request.clone()), Ok(0));
    let (prepaid, card) = (setting.prepaid.address, setting.card.address);
    assert_eq!(setting.legs(chain, 0), [(prepaid, 1_000, LegStatus::Held), (card, 4_000, LegStatus::Pending)]);
    assert_eq!(setting.held(chain, setting.merchant.address), PLENTY, "nothing yet");
    assert_eq!(chain.call(&setting.merchant, setting.payments.resume(0)), Ok(PaymentStatus::Authorizing));
    setting.report(chain, 0, 1, Report::Held);
    assert_eq!(chain.call(&setting.merchant, setting.payments.resume(0)), Ok(PaymentStatus::Succeeded));
    // One percent is the operator's.
    assert_eq!(setting.held(chain, setting.merchant.address), PLENTY + 4_950);
    assert_eq!(setting.held(chain, setting.operator.address), 50);
    assert_eq!(setting.held(chain, setting.payments.address), 0);
    let again = error(chain.call(&setting.merchant, setting.payments.resume(0)));
    assert_eq!(again, PaymentError::WrongStatus { status: PaymentStatus::Succeeded });
    // The same request is the same payment, another one with its id is refused.
    assert_eq!(setting.pay(chain, request.clone()), Ok(0));
    let other = error(setting.pay(chain, Request { amount: 5_001, ..request.clone() }));
    assert_eq!(other, PaymentError::OtherRequest);
    assert_eq!(chain.query(setting.payments.payment_of(setting.payer.address, request.id)), Ok(Some(0)));
    assert_eq!(setting.held(chain, setting.merchant.address), PLENTY + 4_950, "once");
}

#[contract_test]
fn where_the_card_fails_everything_is_let_go(chain: &mut Chain) {
    let setting = Setting::new(chain, 1_000, 0);
    let [voucher, card, _] = setting.link_all(chain);
    let parts = vec![Part { instrument: voucher, units: None }, Part { instrument: card, units: None }];
    let request = Request { parts, fall_over: false, ..setting.request(chain, 1, 5_000) };
    setting.pay(chain, request).expect("begun");
    setting.report(chain, 0, 1, Report::Failed(Refusal::Insufficient));
    let status = PaymentStatus::Failed(Reason::NoCoverage);
    assert_eq!(chain.call(&setting.merchant, setting.payments.resume(0)), Ok(status));
    assert_eq!(
        setting.found(chain, 0).legs.iter().map(|leg| leg.status).collect::<Vec<_>>(),
        [LegStatus::Voided, failed(Refusal::Insufficient)]
    );
    let on_voucher = chain.query(setting.prepaid.card(VOUCHER)).expect("answered").expect("there").units;
    assert_eq!((on_voucher, setting.held(chain, setting.merchant.address)), (1_000, PLENTY));
}

#[contract_test]
fn a_soft_failure_falls_over_and_a_hard_one_stops(chain: &mut Chain) {
    let setting = Setting::new(chain, 0, 10_000);
    let [_, card, wallet] = setting.link_all(chain);
    // No voucher was ever loaded: it gives nothing and is passed over; the card is asked, and the wallet pays.
    let parts = vec![Part { instrument: card, units: None }];
    let request = |chain: &Chain, id| Request { parts: parts.clone(), ..setting.request(chain, id, 5_000) };
    let soft = request(chain, 1);
    setting.pay(chain, soft).expect("begun");
    setting.report(chain, 0, 0, Report::Failed(Refusal::Insufficient));
    assert_eq!(chain.call(&setting.payer, setting.payments.resume(0)), Ok(PaymentStatus::Succeeded));
    assert_eq!(
        setting.legs(chain, 0),
        [
            (setting.card.address, 5_000, failed(Refusal::Insufficient)),
            (setting.wallet.address, 5_000, LegStatus::Captured)
        ]
    );
    let hard = request(chain, 2);
    setting.pay(chain, hard).expect("begun");
    setting.report(chain, 1, 0, Report::Failed(Refusal::Fraud));
    let status = PaymentStatus::Failed(Reason::Refused(Refusal::Fraud));
    assert_eq!(chain.call(&setting.payer, setting.payments.resume(1)), Ok(status));
    assert_eq!(setting.found(chain, 1).legs.len(), 1, "nothing else was tried");
    assert_eq!(setting.held(chain, setting.payer.address), 5_000);
    // Without the wallet there is nothing to fall over to.
    chain.call(&setting.payer, setting.payments.unlink(setting.payer.address, wallet)).expect("unlinked");
    let gone = error(chain.call(&setting.payer, setting.payments.unlink(setting.payer.address, wallet)));
    assert_eq!(gone, PaymentError::NoInstrument { instrument: wallet });
    let alone = request(chain, 3);
    setting.pay(chain, alone).expect("begun");
    setting.report(chain, 2, 0, Report::Failed(Refusal::Limit));
    let status = PaymentStatus::Failed(Reason::NoCoverage);
    assert_eq!(chain.call(&setting.payer, setting.payments.resume(2)), Ok(status));
}

#[contract_test]
fn a_hold_that_succeeds_after_its_time_is_void(chain: &mut Chain) {
    let setting = Setting::new(chain, 0, 10_000);
    let [_, card, _] = setting.link_all(chain);
    let parts = vec![Part { instrument: card, units: None }];
    let request = Request { parts, ..setting.request(chain, 1, 5_000) };
    setting.pay(chain, request).expect("begun");
    let float = chain.query(setting.card.float()).expect("answered");
    chain.advance_ms(ANSWER_MS);
    assert_eq!(chain.call(&setting.payer, setting.payments.resume(0)), Ok(PaymentStatus::Succeeded));
    assert_eq!(setting.legs(chain, 0)[0].2, failed(Refusal::TimedOut));
    // The provider outside answers at last: its success is void at once, and nothing was charged twice.
    let id = setting.hold(chain, 0, 0);
    assert_eq!(chain.query(setting.card.status(id)), Ok(HoldStatus::Voided));
    assert_eq!(chain.call(&setting.issuer, setting.card.report(id, Report::Held)), Ok(HoldStatus::Voided));
    let kept = chain.query(setting.card.hold(id)).expect("answered").expect("there");
    assert_eq!((kept.report, kept.status), (Some(Report::Held), HoldStatus::Voided));
    assert_eq!(chain.query(setting.card.float()), Ok(float));
    assert_eq!(setting.held(chain, setting.merchant.address), PLENTY + 4_950);
    let twice = chain.call(&setting.issuer, setting.card.report(id, Report::Held));
    assert_eq!(twice, Err(Failure::Error(ProviderError::WrongHold { status: HoldStatus::Voided })));
}

#[contract_test]
fn everything_goes_back_when_the_time_is_over_or_somebody_lets_go(chain: &mut Chain) {
    let setting = Setting::new(chain, 1_000, 0);
    let [voucher, card, _] = setting.link_all(chain);
    let parts = vec![Part { instrument: voucher, units: None }, Part { instrument: card, units: None }];
    let request = |chain: &Chain, id| Request { parts: parts.clone(), ..setting.request(chain, id, 5_000) };
    let (payments, payer, merchant) = (setting.payments, &setting.payer, &setting.merchant);
    let first = request(chain, 1);
    setting.pay(chain, first.clone()).expect("begun");
    let early = error(chain.call(payer, payments.reclaim(0)));
    assert_eq!(early, PaymentError::NotDue { next_ms: first.deadline_ms });
    let stranger = payments.void(setting.issuer.address, 0);
    assert_eq!(error(chain.call(&setting.issuer, stranger)), PaymentError::Stranger);
    chain.advance_ms(HOUR_MS);
    chain.call(&setting.issuer, payments.reclaim(0)).expect("anybody, after the deadline");
    assert_eq!(setting.status(chain, 0), PaymentStatus::Failed(Reason::Expired));
    let units = |chain: &Chain| chain.query(setting.prepaid.card(VOUCHER)).expect("answered").expect("there").units;
    assert_eq!(units(chain), 1_000);
    for (id, by) in [(2, merchant), (3, payer)] {
        let next = request(chain, id);
        let number = setting.pay(chain, next).expect("begun");
        assert_eq!(units(chain), 0, "held");
        chain.call(by, payments.void(by.address, number)).expect("let go");
        assert_eq!(setting.status(chain, number), PaymentStatus::Failed(Reason::Voided));
        assert_eq!(units(chain), 1_000);
    }
    // Whoever only resumes after the deadline lets go too.
    let last = request(chain, 4);
    setting.pay(chain, last).expect("begun");
    chain.advance_ms(HOUR_MS + 1_000);
    let status = PaymentStatus::Failed(Reason::Expired);
    assert_eq!(chain.call(payer, payments.resume(3)), Ok(status));
    assert_eq!(error(chain.call(payer, payments.resume(9))), PaymentError::NoPayment { payment: 9 });
}

#[contract_test]
fn refunds_go_back_to_where_they_came_from_the_last_leg_first(chain: &mut Chain) {
    let setting = Setting::new(chain, 1_000, 10_000);
    let [voucher, card, _] = setting.link_all(chain);
    let parts = vec![Part { instrument: voucher, units: None }, Part { instrument: card, units: Some(1_500) }];
    let request = Request { parts, ..setting.request(chain, 1, 5_000) };
    setting.pay(chain, request).expect("begun");
    setting.report(chain, 0, 1, Report::Held);
    chain.call(&setting.payer, setting.payments.resume(0)).expect("resumed");
    let units: Vec<u128> = setting.found(chain, 0).legs.iter().map(|leg| leg.units).collect();
    assert_eq!(units, [1_000, 1_500, 2_500]);
    let refund = |units| setting.payments.refund(0, units);
    assert!(chain.call(&setting.payer, refund(1)).is_err(), "the merchant alone");
    let float = chain.query(setting.card.float()).expect("answered");
    chain.call_consenting(&setting.merchant, refund(3_000)).expect("refunded");
    assert_eq!(setting.held(chain, setting.payer.address), 10_000);
    assert_eq!(chain.query(setting.card.float()), Ok(float + 500));
    let more = chain.call(&setting.merchant, refund(2_001));
    assert_eq!(error(more), PaymentError::RefundTooLarge { left: 2_000 });
    chain.call_consenting(&setting.merchant, refund(2_000)).expect("the rest");
    assert_eq!(chain.query(setting.card.float()), Ok(float + 1_500));
    let on_voucher = chain.query(setting.prepaid.card(VOUCHER)).expect("answered").expect("there").units;
    assert_eq!(on_voucher, 1_000);
    assert_eq!(error(chain.call(&setting.merchant, refund(1))), PaymentError::RefundTooLarge { left: 0 });
    let refunded: Vec<u128> = setting.found(chain, 0).legs.iter().map(|leg| leg.refunded).collect();
    assert_eq!(refunded, [1_000, 1_500, 2_500]);
}

#[contract_test]
fn a_limit_holds_over_a_time_that_moves_along(chain: &mut Chain) {
    let setting = Setting::new(chain, 0, 50_000);
    let wallet = setting.instrument(setting.wallet.address, Hash::ZERO, InstrumentKind::Wallet, 1);
    let limit = Some(Limit { window_ms: HOUR_MS, units: 1_000 });
    setting.link(chain, Instrument { limit, max_leg: Some(700), ..wallet });
    let card = setting.instrument(setting.card.address, CARD, InstrumentKind::Card, 2);
    setting.link(chain, card);
    let pay = |chain: &mut Chain, id: u8, amount| {
        let request = setting.request(chain, id, amount);
        let number = setting.pay(chain, request).expect("begun");
        setting.legs(chain, number).iter().map(|leg| leg.1).collect::<Vec<_>>()
    };
    assert_eq!(pay(chain, 1, 700), [700]);
    assert_eq!(pay(chain, 2, 701), [300, 401], "what is left of the limit, and the card");
    // What is only held counts, and counts no more when it is let go.
    chain.call(&setting.payer, setting.payments.void(setting.payer.address, 1)).expect("let go");
    assert_eq!(pay(chain, 3, 500), [300, 200]);
    chain.advance_ms(HOUR_MS - 10_000);
    assert_eq!(pay(chain, 4, 200), [200], "no wallet: it was charged within the hour");
    assert_eq!(setting.legs(chain, 3)[0].0, setting.card.address);
    chain.advance_ms(10_000);
    assert_eq!(pay(chain, 5, 900), [700, 200], "the hour is over, and no leg is larger than it may be");
}

#[contract_test]
fn strategies_and_combinations_say_what_is_charged_next(chain: &mut Chain) {
    let setting = Setting::new(chain, 1_000, 3_000);
    setting.link_all(chain);
    let first = |chain: &mut Chain, id: u8, strategy| {
        let request = Request { strategy, ..setting.request(chain, id, 2_000) };
        let number = setting.pay(chain, request).expect("begun");
        let first = setting.legs(chain, number)[0].0;
        let _ = chain.call(&setting.payer, setting.payments.void(setting.payer.address, number));
        first
    };
    assert_eq!(first(chain, 1, Strategy::Priority), setting.prepaid.address);
    assert_eq!(first(chain, 2, Strategy::Coverage), setting.card.address, "the first of those that pay it all");
    assert_eq!(first(chain, 3, Strategy::Fee), setting.wallet.address);
    // The merchant takes vouchers with wallets, and cards alone.
    let sets = vec![InstrumentKind::Prepaid.bit() | InstrumentKind::Wallet.bit(), InstrumentKind::Card.bit()];
    let set = setting.payments.set_combinations(setting.merchant.address, sets);
    assert!(chain.call(&setting.payer, set.clone()).is_err(), "the merchant alone");
    chain.call(&setting.merchant, set).expect("set");
    // The wallet has 1000 left: the payment by fee took 2000 of it.
    let request = setting.request(chain, 4, 1_800);
    let number = setting.pay(chain, request).expect("begun");
    assert_eq!(setting.status(chain, number), PaymentStatus::Succeeded);
    let legs: Vec<_> = setting.legs(chain, number).iter().map(|leg| (leg.0, leg.1)).collect();
    assert_eq!(legs, [(setting.prepaid.address, 1_000), (setting.wallet.address, 800)]);
}

#[contract_test]
fn a_provider_that_does_not_work_is_left_alone_for_a_while(chain: &mut Chain) {
    let setting = Setting::new(chain, 0, 50_000);
    let [_, card, _] = setting.link_all(chain);
    let parts = vec![Part { instrument: card, units: None }];
    for id in 0..3 {
        let request = Request { parts: parts.clone(), ..setting.request(chain, id, 100) };
        let number = setting.pay(chain, request).expect("begun");
        let before = chain.query(setting.payments.provider(setting.card.address)).expect("answered").expect("there");
        assert_eq!(before.failures, u32::from(id));
        chain.advance_ms(ANSWER_MS);
        chain.call(&setting.payer, setting.payments.resume(number)).expect("the wallet pays");
    }
    let resting = chain.query(setting.payments.provider(setting.card.address)).expect("answered").expect("there");
    assert!(resting.rests_until_ms > chain.time_ms());
    let pays = |chain: &mut Chain, id| {
        let request = Request { parts: parts.clone(), ..setting.request(chain, id, 100) };
        let number = setting.pay(chain, request).expect("begun");
        setting.legs(chain, number)[0].0
    };
    assert_eq!(pays(chain, 10), setting.wallet.address, "the card is not asked");
    chain.advance_ms(COOL_MS);
    assert_eq!(pays(chain, 11), setting.card.address, "and is asked again");
}

#[contract_test]
fn instruments_that_are_over_unlinked_or_for_others_are_never_charged(chain: &mut Chain) {
    let setting = Setting::new(chain, 1_000, 0);
    let voucher = setting.instrument(setting.prepaid.address, VOUCHER, InstrumentKind::Prepaid, 1);
    let until_ms = chain.time_ms() + HOUR_MS;
    setting.link(chain, Instrument { expires_ms: until_ms, ..voucher });
    setting.link(chain, Instrument { merchant: Some(setting.operator.address), ..voucher });
    let pays = |chain: &mut Chain, id| {
        let request = setting.request(chain, id, 100);
        let number = setting.pay(chain, request).expect("begun");
        setting.status(chain, number)
    };
    assert_eq!(pays(chain, 1), PaymentStatus::Succeeded);
    chain.advance_ms(HOUR_MS);
    assert_eq!(pays(chain, 2), PaymentStatus::Failed(Reason::NoCoverage), "over, and for another merchant");
    let foreign = setting.instrument(setting.money.address, VOUCHER, InstrumentKind::Wallet, 1);
    let unknown = chain.call(&setting.payer, setting.payments.link(setting.payer.address, foreign));
    assert_eq!(error(unknown), PaymentError::UnknownProvider { provider: setting.money.address });
    assert!(chain.call(&setting.operator, setting.payments.link(setting.payer.address, voucher)).is_err());
    // Somebody links the payer's voucher as its own: the provider knows whose it is.
    let thief = setting.issuer.clone();
    chain.call(&thief, setting.payments.link(thief.address, voucher)).expect("linked");
    let request = Request { payer: thief.address, ..setting.request(chain, 3, 100) };
    let number = chain.call(&thief, setting.payments.pay(request)).expect("begun");
    assert_eq!(setting.status(chain, number), PaymentStatus::Failed(Reason::NoCoverage));
    for _ in 0..6 {
        setting.link(chain, voucher);
    }
    let full = chain.call(&setting.payer, setting.payments.link(setting.payer.address, voucher));
    assert_eq!(error(full), PaymentError::Full);
}

#[contract_test]
fn a_mandate_charges_each_period_once(chain: &mut Chain) {
    let setting = Setting::new(chain, 0, 10_000);
    setting.link_all(chain);
    let (payments, payer, merchant) = (setting.payments, &setting.payer, &setting.merchant);
    let request = setting.request(chain, 1, 500);
    let wallet_first = Request { strategy: Strategy::Fee, ..request };
    let subject = Subject::new("standing-orders", native_standingorders());
    let orders = chain.deploy(payer, &subject, StandingOrdersRef::new(payments.address)).expect("deployed");
    let orders = StandingOrdersRef::at(orders);
    assert_eq!(chain.query(orders.payments()), Ok(payments.address));
    let why = |result: Result<u64, Failure<MandateError>>| match result {
        Err(Failure::Error(error)) => error,
        other => panic!("{other:?}"),
    };
    for (period_ms, times) in [(0, 2), (HOUR_MS, 0)] {
        let empty = orders.give(wallet_first.clone(), period_ms, times);
        assert_eq!(why(chain.call(payer, empty)), MandateError::BadMandate);
    }
    let give = orders.give(wallet_first, HOUR_MS, 2);
    assert!(chain.call(merchant, give.clone()).is_err(), "the payer alone");
    assert_eq!(chain.call(payer, give), Ok(0));
    assert!(chain.call(payer, orders.collect(0)).is_err(), "the merchant alone");
    let stranger = MandateError::Payment { error: PaymentError::Stranger };
    assert_eq!(why(chain.call(merchant, orders.collect(0))), stranger, "no agent yet");
    assert!(chain.call(merchant, payments.set_agent(payer.address, orders.address, true)).is_err());
    chain.call(payer, payments.set_agent(payer.address, orders.address, true)).expect("allowed");
    assert_eq!(chain.call(merchant, orders.collect(0)), Ok(0), "what was refused is not used up");
    let found = chain.query(orders.mandate(0)).expect("answered").expect("there");
    assert_eq!(found.left, 1);
    assert_eq!(why(chain.call(merchant, orders.collect(0))), MandateError::NotDue { next_ms: found.next_ms });
    chain.advance_ms(3 * HOUR_MS);
    assert_eq!(chain.call(merchant, orders.collect(0)), Ok(1));
    chain.advance_ms(HOUR_MS);
    assert_eq!(why(chain.call(merchant, orders.collect(0))), MandateError::UsedUp);
    assert_eq!(setting.held(chain, payer.address), 9_000);
    assert!(chain.call(merchant, orders.end(0)).is_err());
    chain.call(payer, orders.end(0)).expect("taken back");
    assert_eq!(why(chain.call(merchant, orders.collect(0))), MandateError::NoMandate { mandate: 0 });
    // An agent that is dismissed pays no more.
    let again = Request { strategy: Strategy::Fee, ..setting.request(chain, 2, 500) };
    assert_eq!(chain.call(payer, orders.give(again, HOUR_MS, 2)), Ok(1));
    chain.call(payer, payments.set_agent(payer.address, orders.address, false)).expect("dismissed");
    assert_eq!(why(chain.call(merchant, orders.collect(1))), stranger);
}

#[contract_test]
fn requests_that_make_no_sense_are_refused(chain: &mut Chain) {
    let setting = Setting::new(chain, 1_000, 1_000);
    let [voucher, card, _] = setting.link_all(chain);
    let good = setting.request(chain, 1, 500);
    let part = |instrument, units| Part { instrument, units };
    for wrong in [
        Request { amount: 0, ..good.clone() },
        Request { max_legs: 0, ..good.clone() },
        Request { max_legs: 9, ..good.clone() },
        Request { deadline_ms: 5, ..good.clone() },
        Request { parts: vec![part(voucher, Some(501))], ..good.clone() },
        Request { parts: vec![part(voucher, Some(0))], ..good.clone() },
        Request { parts: vec![part(voucher, None), part(voucher, None)], ..good.clone() },
        Request { parts: vec![part(voucher, Some(300)), part(card, Some(201))], ..good.clone() },
        Request { apps: vec![setting.money.address; 4], ..good.clone() },
    ] {
        assert_eq!(error(setting.pay(chain, wrong)), PaymentError::BadRequest);
    }
    let unknown = Request { parts: vec![part(77, None)], ..good.clone() };
    assert_eq!(error(setting.pay(chain, unknown)), PaymentError::NoInstrument { instrument: 77 });
    let few = Request { max_legs: 1, parts: vec![part(voucher, Some(300))], ..good.clone() };
    let number = setting.pay(chain, few).expect("begun");
    assert_eq!(setting.status(chain, number), PaymentStatus::Failed(Reason::NoCoverage), "one leg does not do");
    assert!(chain.call(&setting.issuer, setting.payments.pay(Request { id: Hash([9; 32]), ..good })).is_err());
}
