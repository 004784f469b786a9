//! Rounds, their times, and solutions that are not believed.

use crate::setting::{Setting, terms};
use batch_auction::{AuctionError, BatchAuctionRef, Claim, native_batchauction};
use counterpart_sdk::Address;
use counterpart_testing::{Chain, Failure, Subject, contract_test};
use trading::Asset;

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

fn error<T: std::fmt::Debug>(result: Result<T, Failure<AuctionError>>) -> AuctionError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}

/// Alice sells 100 grain for 180 or more, Bob buys for 210 silver at 2.1 or less, Carol sells 50 whole for 105.
fn stocked(chain: &mut Chain) -> Setting {
    let setting = Setting::new(chain);
    assert_eq!(setting.submit(chain, ALICE, true, 100, 180, true), Ok(0));
    assert_eq!(setting.submit(chain, BOB, false, 210, 100, true), Ok(1));
    assert_eq!(setting.submit(chain, CAROL, true, 50, 105, false), Ok(2));
    setting
}

#[contract_test]
fn the_best_solution_is_settled_at_one_price(chain: &mut Chain) {
    let setting = stocked(chain);
    setting.close(chain);
    // At 2: Alice gets 200, 20 more than her limit; Bob gets 100 for 200, 4 more than his.
    assert_eq!(setting.solve(chain, (2, 1), &[(0, 100), (1, 200)]), Ok(20 + 2 * (100 - 96)));
    let worse = setting.solve(chain, (19, 10), &[(0, 50), (1, 95)]);
    assert!(matches!(worse, Err(AuctionError::NotBetter { best: 28, .. })), "{worse:?}");
    let same = setting.solve(chain, (4, 2), &[(0, 100), (1, 200)]);
    assert_eq!(same, Err(AuctionError::NotBetter { surplus: 28, best: 28 }));
    let leading = chain.query(setting.auction.leading()).expect("answered").expect("one leads");
    assert_eq!((leading.solver, leading.surplus), (setting.solver.address, 28));
    assert_eq!(setting.settle(chain), 0);
    setting.balances(chain);
    let claim = |who: usize| chain.query(setting.auction.claim_of(setting.people[who].address));
    assert_eq!(claim(ALICE), Ok(Claim { base: 0, quote: 200 }));
    assert_eq!(claim(BOB), Ok(Claim { base: 100, quote: 0 }));
    // Bob's rest and Carol wait for the next round.
    let waiting = chain.query(setting.auction.orders()).expect("answered");
    assert_eq!(waiting.iter().map(|(order, waits)| (*order, waits.left)).collect::<Vec<_>>(), vec![(1, 10), (2, 50)]);
    assert_eq!(chain.query(setting.auction.round()).expect("answered").expect("the next").number, 1);
    let alice = setting.people[ALICE].clone();
    let before = chain.query(setting.silver.balance_of(alice.address)).expect("answered");
    assert_eq!(chain.call(&alice, setting.auction.withdraw(alice.address)), Ok(Claim { base: 0, quote: 200 }));
    assert_eq!(chain.query(setting.silver.balance_of(alice.address)), Ok(before + 200));
    assert_eq!(chain.call(&alice, setting.auction.withdraw(alice.address)), Ok(Claim::default()));
    setting.balances(chain);
}

#[contract_test]
fn what_a_solver_says_is_counted_again(chain: &mut Chain) {
    let setting = stocked(chain);
    let early = setting.solve(chain, (2, 1), &[(0, 100), (1, 200)]);
    assert_eq!(early, Err(AuctionError::NotSolving));
    setting.close(chain);
    let mut solve = |price, fills: &[(u64, u128)]| setting.solve(chain, price, fills).expect_err("refused");
    assert_eq!(solve((2, 1), &[]), AuctionError::BadSolution);
    assert_eq!(solve((0, 1), &[(0, 100)]), AuctionError::BadSolution);
    assert_eq!(solve((2, 0), &[(0, 100)]), AuctionError::BadSolution);
    assert_eq!(solve((2, 1), &[(1, 200), (0, 100)]), AuctionError::BadSolution);
    assert_eq!(solve((2, 1), &[(0, 50), (0, 50)]), AuctionError::BadSolution, "twice the same");
    assert_eq!(solve((2, 1), &[(0, 101), (1, 202)]), AuctionError::BadFill { order: 0 });
    assert_eq!(solve((2, 1), &[(0, 0), (1, 2)]), AuctionError::BadFill { order: 0 });
    assert_eq!(solve((2, 1), &[(0, 1), (7, 2)]), AuctionError::BadFill { order: 7 });
    assert_eq!(solve((21, 10), &[(1, 84), (2, 40)]), AuctionError::BadFill { order: 2 }, "whole or not at all");
    assert_eq!(solve((2, 1), &[(1, 100), (2, 50)]), AuctionError::BelowLimit { order: 2 });
    assert_eq!(solve((22, 10), &[(0, 50), (1, 110)]), AuctionError::BelowLimit { order: 1 });
    let unbalanced = AuctionError::Unbalanced { base_in: 100, base_out: 50, quote_in: 100, quote_out: 200 };
    assert_eq!(solve((2, 1), &[(0, 100), (1, 100)]), unbalanced);
    let kept = AuctionError::Unbalanced { base_in: 100, base_out: 95, quote_in: 190, quote_out: 200 };
    assert_eq!(solve((2, 1), &[(0, 100), (1, 190)]), kept);
}

#[contract_test]
fn orders_stay_while_solutions_compete_and_no_longer(chain: &mut Chain) {
    let setting = stocked(chain);
    let (alice, bob, carol) = (&setting.people[ALICE], &setting.people[BOB], &setting.people[CAROL]);
    assert!(chain.call(bob, setting.auction.cancel(2)).is_err(), "somebody else's");
    assert_eq!(chain.call(carol, setting.auction.cancel(2)), Ok(()));
    assert_eq!(error(chain.call(carol, setting.auction.cancel(2))), AuctionError::NoOrder { order: 2 });
    setting.close(chain);
    let until_ms = chain.query(setting.auction.round()).expect("answered").expect("one").settles_ms;
    assert_eq!(error(chain.call(alice, setting.auction.cancel(0))), AuctionError::Solving { until_ms });
    assert_eq!(error(chain.call(alice, setting.auction.settle())), AuctionError::NotOver);
    // Who comes now is of the next round: free to go, and no part of a solution.
    assert_eq!(setting.submit(chain, CAROL, true, 10, 20, true), Ok(3));
    let late = setting.solve(chain, (2, 1), &[(1, 20), (3, 10)]);
    assert_eq!(late, Err(AuctionError::BadFill { order: 3 }));
    assert_eq!(chain.call(carol, setting.auction.cancel(3)), Ok(()));
    // A round without a solution fills nothing and changes nothing.
    assert_eq!(setting.settle(chain), 0);
    assert_eq!(chain.call(alice, setting.auction.cancel(0)), Ok(()));
    assert_eq!(chain.call(bob, setting.auction.cancel(1)), Ok(()));
    setting.balances(chain);
    assert_eq!(chain.call(bob, setting.auction.withdraw(bob.address)), Ok(Claim { base: 0, quote: 210 }));
    assert_eq!(setting.settle(chain), 1);
    assert_eq!(chain.query(setting.auction.round()), Ok(None));
    assert_eq!(error(chain.call(alice, setting.auction.settle())), AuctionError::NotOver);
}

#[contract_test]
fn orders_have_bounds_and_auctions_sense(chain: &mut Chain) {
    let setting = Setting::new(chain);
    assert_eq!(error(setting.submit(chain, ALICE, true, 0, 1, true)), AuctionError::BadOrder);
    assert_eq!(error(setting.submit(chain, ALICE, true, 1, 0, true)), AuctionError::BadOrder);
    for _ in 0..batch_auction::MAX_FILLS {
        setting.submit(chain, ALICE, true, 1, 1, true).expect("submitted");
    }
    assert_eq!(error(setting.submit(chain, BOB, true, 1, 1, true)), AuctionError::Full);
    let owner = setting.people[ALICE].clone();
    let subject = Subject::new("batch-auction", native_batchauction());
    let (base, quote) = (Asset::Token(Address([1; 32])), Asset::Token(Address([2; 32])));
    for wrong in [
        terms(base, base),
        batch_auction::Terms { collect_ms: 0, ..terms(base, quote) },
        batch_auction::Terms { solve_ms: 0, ..terms(base, quote) },
    ] {
        chain.deploy(&owner, &subject, BatchAuctionRef::new(wrong)).expect_err("not made");
    }
    let stranger = setting.people[BOB].clone();
    assert!(matches!(
        error(chain.call(&stranger, setting.auction.collect_dust(stranger.address))),
        AuctionError::Role { .. }
    ));
}

#[contract_test]
fn terms_orders_and_admin_can_be_asked(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let terms = chain.query(setting.auction.terms()).expect("answered").expect("made");
    assert_eq!((terms.collect_ms, terms.solve_ms), (crate::setting::COLLECT_MS, crate::setting::SOLVE_MS));
    let order = setting.submit(chain, 0, true, 100, 150, true).expect("submitted");
    let waiting = chain.query(setting.auction.order(order)).expect("answered").expect("it waits");
    assert_eq!((waiting.owner, waiting.units, waiting.min_buy), (setting.people[0].address, 100, 150));
    assert_eq!(chain.query(setting.auction.admin()), Ok(setting.people[0].address));
}
