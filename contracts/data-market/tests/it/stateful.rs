//! Random requests, deliveries, wrong keys and times: R1, R2, R3, R5, R7 and R9 of the suite.

use crate::setting::{DELIVER_MS, Kept, PENALTY, PLENTY, PRICE, Setting};
use counterpart_testing::{Chain, Random, contract_test, from_environment};
use data_market::{Price, RequestStatus};
use std::collections::BTreeSet;

fn seed_of(request: u64) -> [u8; 32] {
    let mut seed = [0x33; 32];
    seed[..8].copy_from_slice(&request.to_le_bytes());
    seed
}

#[contract_test]
fn units_are_where_they_belong(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let mut random = Random::from_environment();
    let mut kept: Vec<Kept> = setting.record_some(chain, 12);
    let mut prices = vec![PRICE; 2];
    let (mut requests, mut withdrawn) = (0, BTreeSet::new());
    // Which keys of which requests are wrong, as this test made them, and which of them were shown.
    let (mut wrong, mut shown) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..from_environment("COUNTERPART_STEPS").unwrap_or(240) {
        match random.below(10) {
            0..=2 => {
                let events: BTreeSet<u64> =
                    (0..1 + random.below(5) * random.below(3)).map(|_| random.below(kept.len() as u64)).collect();
                let off = events.iter().any(|event| withdrawn.contains(event));
                let asked = setting.ask(chain, events.into_iter().collect(), seed_of(requests));
                assert!(!off || asked.is_err(), "R9");
                requests += u64::from(asked.is_ok());
            }
            3 | 4 if requests > 0 => {
                let request = requests - 1 - random.below(requests.min(6));
                let found = setting.request(chain, request);
                let mut bad = Vec::new();
                let keys = found.deductions.iter().map(|deduction| match random.one_in(4) {
                    true => {
                        bad.push((request, deduction.event));
                        [0xBA; 32]
                    }
                    false => kept[deduction.event as usize].key,
                });
                let keys: Vec<_> = keys.collect();
                if setting.deliver(chain, request, &keys).is_ok() {
                    wrong.extend(bad);
                }
            }
            5 | 6 if requests > 0 => {
                let delivered = |request: &u64| setting.status(chain, *request) == RequestStatus::Delivered;
                let some: Vec<_> = (0..requests).filter(delivered).collect();
                let request = if some.is_empty() { random.below(requests) } else { *random.pick(&some) };
                let found = setting.request(chain, request);
                let event = random.pick(&found.deductions).event;
                let bad = wrong.contains(&(request, event));
                let body = Some(kept[event as usize].body.clone());
                let outcome =
                    chain.call(&setting.buyer, setting.market.dispute(request, event, seed_of(request), body));
                assert!(bad || outcome.is_err(), "R5: a right key is not refunded");
                let in_time = found.status == RequestStatus::Delivered && chain.time_ms() <= found.until_ms;
                if bad && in_time && !shown.contains(&(request, event)) {
                    assert_eq!(outcome, Ok(()), "R5: a wrong key is");
                    shown.insert((request, event));
                }
            }
            7 if requests > 0 => {
                let request = requests - 1 - random.below(requests.min(8));
                for over in
                    [setting.market.confirm(request), setting.market.settle(request), setting.market.expire(request)]
                {
                    let _ = chain.call(&setting.buyer, over);
                }
            }
            8 => match random.below(3) {
                0 => kept.push(setting.record(chain, 1, None).1),
                1 if withdrawn.len() < 3 => {
                    let event = random.below(kept.len() as u64);
                    chain.call(&setting.owner, setting.register.withdraw_event(event)).expect("withdrawn");
                    withdrawn.insert(event);
                }
                _ => {
                    let price = Price { fresh: 1 + u128::from(random.below(200)), ..PRICE };
                    let version = chain.call(&setting.admin, setting.market.set_price(1, price));
                    assert_eq!(version, Ok(prices.len() as u32));
                    prices.push(price);
                }
            },
            _ => chain.advance_ms(random.below(2 * DELIVER_MS)),
        }
        check(chain, &setting, requests, &prices);
    }
    let settled = (0..requests).filter(|request| setting.status(chain, *request) == RequestStatus::Settled).count();
    assert!(settled > 1 && requests > 5, "{settled} settled of {requests}, {} wrong keys shown", shown.len());
}

fn check(chain: &Chain, setting: &Setting, requests: u64, prices: &[Price]) {
    let (mut locked, mut spent, mut slashed) = (0, 0, 0);
    for request in 0..requests {
        let found = setting.request(chain, request);
        let less = if found.deductions.len() as u32 >= PRICE.many { PRICE.less_ppm } else { 0 };
        for deduction in &found.deductions {
            let full = prices[deduction.version as usize].fresh;
            assert_eq!(deduction.units, full - full * u128::from(less) / 1_000_000, "R1");
            let refunded = deduction.refunded;
            match found.status {
                RequestStatus::Open => assert!(!refunded && deduction.wrapped.is_none(), "R3"),
                RequestStatus::Refunded => assert!(refunded && deduction.wrapped.is_none(), "R3"),
                RequestStatus::Delivered | RequestStatus::Settled => assert!(deduction.wrapped.is_some(), "R3"),
            }
            match found.status {
                RequestStatus::Open | RequestStatus::Delivered if !refunded => locked += deduction.units,
                RequestStatus::Settled if !refunded => spent += deduction.units,
                _ => (),
            }
            slashed += u128::from(refunded && deduction.wrapped.is_some());
        }
    }
    let account = setting.account(chain);
    assert_eq!((account.locked, account.spent), (locked, spent));
    assert_eq!(account.available + account.locked + account.spent, account.topped_up - account.withdrawn, "R2");
    let bond = chain.query(setting.market.bond(setting.gateway.address)).expect("answered");
    let taken = 10 * PENALTY - bond;
    assert_eq!(taken, (slashed * PENALTY).min(10 * PENALTY));
    let people = [&setting.gateway, &setting.fund, &setting.owner];
    let earned: u128 = people.iter().map(|who| setting.claim_of(chain, who.address)).sum();
    assert_eq!(earned, spent, "R7");
    assert_eq!(setting.claim_of(chain, setting.buyer.address), taken);
    let held = chain.query(setting.money.balance_of(setting.market.address)).expect("answered");
    assert_eq!(held, account.available + account.locked + earned + bond + taken, "R2");
    assert_eq!(chain.query(setting.money.total_supply()), Ok(2 * PLENTY));
}
