//! Random tenders with people who are slow, refuse and lie: L1 to L8 of the suite. `COUNTERPART_STEPS` sets how many tenders.

use crate::setting::{PLENTY, Setting, seed};
use counterpart_testing::{Chain, Random, contract_test, from_environment};
use std::collections::BTreeMap;
use tender::{Phase, Status, Terms};

#[contract_test]
fn every_lock_ends_once_and_every_tender_ends(chain: &mut Chain) {
    const LENDERS: usize = 6;
    let setting = Setting::new(chain, LENDERS);
    let mut random = Random::from_environment();
    let (mut done, mut failed) = (0, 0);
    let everybody = |chain: &Chain| {
        let accounts = setting.lenders.iter().chain([&setting.borrower]);
        accounts.map(|account| setting.held(chain, account)).sum::<u128>()
            + chain.query(setting.money.balance_of(setting.tenders.address)).expect("answered")
    };
    for tender in 0..from_environment("COUNTERPART_STEPS").unwrap_or(12) {
        let terms = Terms {
            threshold_ppm: 300_000 + random.below(700_001) as u32,
            lowest_first: random.one_in(2),
            max_rounds: 1 + random.below(4) as u32,
            ..setting.terms(chain)
        };
        assert_eq!(setting.open(chain, terms), Ok(tender));
        let mut truth = BTreeMap::new();
        for _ in 0..random.below(12) {
            let (lender, partial) = (random.below(LENDERS as u64) as usize, u128::from(10 + random.below(400)));
            let parameter = 1 + random.below(9);
            let number = setting.respond(chain, tender, lender, partial, parameter);
            truth.insert(number, (lender, partial, parameter));
            if random.one_in(8) {
                let who = setting.lenders[lender].clone();
                chain.call(&who, setting.tenders.withdraw(tender, number)).expect("in time");
                truth.remove(&number);
            }
        }
        setting.close(chain, tender);
        let (mut opened, mut invalid) = setting.openings(chain, tender);
        assert!(invalid.is_empty());
        let lies: Vec<_> =
            if random.one_in(3) { opened.iter().copied().filter(|_| random.one_in(3)).collect() } else { Vec::new() };
        opened.retain(|opening| !lies.contains(opening));
        invalid.extend(lies.iter().map(|opening| opening.response));
        if random.one_in(7) {
            chain.advance_ms(terms.select_ms - chain.time_ms());
            chain.call(&setting.borrower, setting.tenders.time_out(tender)).expect("it did not select");
        } else {
            chain.call(&setting.borrower, setting.tenders.select(tender, opened, invalid)).expect("selected");
        }
        let mut rounds = 0;
        while setting.found(chain, tender).1 == Phase::Validating {
            let (_, _, selection) = setting.found(chain, tender);
            let selection = selection.expect("a selection");
            assert!(selection.round <= terms.max_rounds && rounds <= terms.max_rounds as usize + truth.len() + 1, "L8");
            // L3, and L4: nobody who fits and is better was left out.
            let least = (terms.target * u128::from(terms.threshold_ppm)).div_ceil(1_000_000);
            assert!(selection.selected.is_empty() || (least..=terms.target).contains(&selection.sum));
            let better = |one: u64, other: u64| if terms.lowest_first { one < other } else { one > other };
            for (number, (_, partial, parameter)) in &truth {
                let response =
                    chain.query(setting.tenders.response(tender, *number)).expect("answered").expect("there");
                let out = response.status == Status::Locked
                    && !selection.selected.contains(number)
                    && !selection.selected.is_empty();
                let before: u128 = selection
                    .selected
                    .iter()
                    .filter(|other| {
                        let (_, _, of_other) = truth[other];
                        better(of_other, *parameter) || of_other == *parameter && *other < number
                    })
                    .map(|other| truth[other].1)
                    .sum();
                assert!(!out || before + partial > terms.target, "L4: {number} fits");
            }
            let disputed = lies.iter().find(|opening| {
                let found = chain.query(setting.tenders.response(tender, opening.response)).expect("answered");
                found.is_some_and(|found| found.status == Status::Invalid)
            });
            if let Some(opening) = disputed.filter(|_| random.one_in(2)) {
                let lender = truth[&opening.response].0;
                let who = setting.lenders[lender].clone();
                chain.call(&who, setting.tenders.dispute(tender, *opening, seed(lender))).expect("it opens");
                setting.balances(chain, tender + 1);
                rounds += 1;
                continue;
            }
            let mut over = false;
            for response in &selection.selected {
                match random.below(12) {
                    0 => {
                        let who = setting.lender_of(chain, tender, *response).clone();
                        chain.call(&who, setting.tenders.reject(tender, *response)).expect("rejected");
                        over = true;
                        break;
                    }
                    1 => {}
                    _ => _ = setting.validate(chain, tender, *response).expect("validated"),
                }
            }
            if !over && setting.found(chain, tender).1 == Phase::Validating {
                chain.advance_ms(selection.until_ms.saturating_sub(chain.time_ms()));
                chain.call(&setting.borrower, setting.tenders.time_out(tender)).expect("its time is over");
            }
            setting.balances(chain, tender + 1);
            rounds += 1;
        }
        match setting.found(chain, tender).1 {
            Phase::Done => done += 1,
            Phase::Failed => failed += 1,
            phase => panic!("{phase:?} is no end"),
        }
        // L2: every lock ended.
        for number in truth.keys() {
            let response = chain.query(setting.tenders.response(tender, *number)).expect("answered").expect("there");
            assert!(matches!(response.status, Status::Spent | Status::Returned | Status::Dropped), "{response:?}");
        }
        for account in setting.lenders.iter().chain([&setting.borrower]) {
            setting.claim(chain, account);
        }
        assert_eq!(chain.query(setting.money.balance_of(setting.tenders.address)), Ok(0));
        assert_eq!(everybody(chain), PLENTY * (LENDERS as u128 + 1));
    }
    assert!(done > 1 && failed > 1, "both ends were seen: {done} {failed}");
}
