//! Random payments over a voucher, a card and a wallet with limits: F1 to F10 of the suite.

use crate::setting::{ANSWER_MS, CARD, HOUR_MS, PLENTY, Setting, VOUCHER};
use card_provider::Report;
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Random, contract_test, from_environment};
use instruments::{Failure, HoldStatus, InstrumentKind};
use payments::{Instrument, LegStatus, Limit, MAX_ATTEMPTS, PaymentStatus, Reason, Request};

const LIMIT: Limit = Limit { window_ms: HOUR_MS, units: 4_000 };

#[contract_test]
fn payments_are_whole_or_nothing_and_within_limits(chain: &mut Chain) {
    let setting = Setting::new(chain, 3_000, 60_000);
    let mut random = Random::from_environment();
    let voucher = setting.instrument(setting.prepaid.address, VOUCHER, InstrumentKind::Prepaid, 1);
    let card = setting.instrument(setting.card.address, CARD, InstrumentKind::Card, 2);
    let wallet = setting.instrument(setting.wallet.address, Hash::ZERO, InstrumentKind::Wallet, 3);
    let instruments = [voucher, card, Instrument { limit: Some(LIMIT), ..wallet }];
    let wallet = instruments.map(|instrument| setting.link(chain, instrument))[2];
    let total = everything(chain, &setting);
    let (mut count, mut succeeded) = (0, 0);
    for step in 0..from_environment("COUNTERPART_STEPS").unwrap_or(120) {
        match random.below(8) {
            0..=2 => {
                let mut id = [0; 32];
                id[..8].copy_from_slice(&step.to_le_bytes());
                let amount = u128::from(random.below(3_000) + 1);
                let max_legs = random.below(3) as u32 + 1;
                let fall_over = !random.one_in(5);
                let request = Request { id: Hash(id), max_legs, fall_over, ..setting.request(chain, 0, amount) };
                let number = setting.pay(chain, request.clone()).expect("begun");
                assert_eq!(number, count);
                assert_eq!(setting.pay(chain, request), Ok(number), "F5");
                count += 1;
            }
            3 | 4 if count > 0 => {
                let payment = count - 1 - random.below(count.min(4));
                for leg in 0..setting.legs(chain, payment).len() as u32 {
                    let hold = setting.hold(chain, payment, leg);
                    let answered = chain.query(setting.card.hold(hold)).expect("answered");
                    if answered.is_some_and(|kept| kept.report.is_none()) {
                        let report = match random.below(5) {
                            0 => Report::Failed(Failure::Fraud),
                            1 => Report::Failed(Failure::Insufficient),
                            _ => Report::Held,
                        };
                        let _ = chain.call(&setting.issuer, setting.card.report(hold, report));
                    }
                }
                let _ = chain.call(&setting.payer, setting.payments.resume(payment));
            }
            5 if count > 0 => {
                let payment = random.below(count);
                let units = u128::from(random.below(800));
                if chain.call_consenting(&setting.merchant, setting.payments.refund(payment, units)).is_ok() {
                    let found = setting.found(chain, payment);
                    assert!(found.refunded <= found.request.amount, "F4");
                }
            }
            6 if count > 0 => {
                let _ = chain.call(&setting.payer, setting.payments.void(setting.payer.address, random.below(count)));
            }
            _ => chain.advance_ms(random.below(2 * ANSWER_MS)),
        }
        assert_eq!(everything(chain, &setting), total, "nothing is lost or made");
        succeeded = check(chain, &setting, count, wallet);
    }
    // F10: whatever is left, time brings it to an end.
    chain.advance_ms(HOUR_MS);
    for payment in 0..count {
        let _ = chain.call(&setting.issuer, setting.payments.reclaim(payment));
        assert_ne!(setting.status(chain, payment), PaymentStatus::Authorizing);
    }
    check(chain, &setting, count, wallet);
    assert!(succeeded > 5 && succeeded < count, "some of {count} succeed: {succeeded}");
}

/// All money, wherever it is.
fn everything(chain: &Chain, setting: &Setting) -> u128 {
    let people = [&setting.operator, &setting.issuer, &setting.payer, &setting.merchant].map(|who| who.address);
    let contracts = [setting.payments.address, setting.wallet.address, setting.prepaid.address, setting.card.address];
    people.into_iter().chain(contracts).map(|who| setting.held(chain, who)).sum()
}

fn check(chain: &Chain, setting: &Setting, count: u64, wallet: u32) -> u64 {
    let (mut paid, mut fees, mut succeeded, mut recent) = (0, 0, 0, 0);
    let since = chain.time_ms().saturating_sub(LIMIT.window_ms);
    for payment in 0..count {
        let found = setting.found(chain, payment);
        let captured: u128 =
            found.legs.iter().filter(|leg| leg.status == LegStatus::Captured).map(|leg| leg.units).sum();
        let standing = |leg: &payments::Leg| matches!(leg.status, LegStatus::Held | LegStatus::Pending);
        match found.status {
            PaymentStatus::Succeeded => {
                assert_eq!(captured, found.request.amount, "F1");
                paid += found.request.amount - found.fee - found.refunded;
                fees += found.fee;
                succeeded += 1;
            }
            PaymentStatus::Failed(reason) => {
                assert!(captured == 0 && !found.legs.iter().any(standing), "F1, F10: {reason:?}");
                let hard = found.legs.iter().any(|leg| leg.status == LegStatus::Failed(Failure::Fraud));
                assert_eq!(hard, matches!(reason, Reason::Refused(_)), "F7");
            }
            PaymentStatus::Authorizing => assert_eq!(captured, 0, "F3"),
        }
        assert!(found.legs.len() <= MAX_ATTEMPTS, "F9");
        assert!(found.legs.iter().filter(|leg| standing(leg)).count() <= found.request.max_legs as usize, "F9");
        for (index, leg) in found.legs.iter().enumerate() {
            assert!(leg.refunded <= leg.units, "F4");
            let at_ms = leg.answer_by_ms - ANSWER_MS;
            let counts = matches!(leg.status, LegStatus::Held | LegStatus::Pending | LegStatus::Captured);
            if leg.instrument == Some(wallet) && counts && at_ms > since {
                recent += leg.source;
            }
            let hold = setting.hold(chain, payment, index as u32);
            let at_provider = match leg.provider {
                provider if provider == setting.card.address => chain.query(setting.card.status(hold)),
                provider if provider == setting.prepaid.address => chain.query(setting.prepaid.status(hold)),
                _ => chain.query(setting.wallet.status(hold)),
            };
            if leg.status == LegStatus::Captured {
                assert_eq!(at_provider, Ok(HoldStatus::Captured));
            }
        }
    }
    assert!(recent <= LIMIT.units, "F6: {recent}");
    assert_eq!(setting.held(chain, setting.merchant.address), PLENTY + paid, "F2");
    assert_eq!(setting.held(chain, setting.operator.address), fees, "F2");
    assert_eq!(setting.held(chain, setting.payments.address), 0);
    succeeded
}
