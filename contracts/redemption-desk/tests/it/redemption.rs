//! Redeeming at once and in turn, and what the reserve has to cover.

use crate::town::Town;
use counterpart_testing::{Account as Key, Chain, Failure, Subject, contract_test};
use currency::{CurrencyError, Reason, Role};
use redemption_desk::{DeskError, Outcome, RedemptionDeskRef, Reserve, RoleError, Terms, native_redemptiondesk};

const ONE: u32 = 1_000_000_000;

/// Two native units for one, a fee of a tenth, half of everything covered.
fn terms() -> Terms {
    Terms {
        price: 2 * u128::from(ONE),
        reserve_rate: ONE / 2,
        fee_rate: ONE / 10,
        minimum: 10,
        for_grant_accounts: false,
    }
}

fn opened(chain: &mut Chain, terms: Terms) -> (Town, RedemptionDeskRef) {
    let town = Town::new(chain);
    let constructor = RedemptionDeskRef::new(town.currency.address, terms, 0);
    let subject = Subject::new("redemption-desk", native_redemptiondesk());
    let desk = RedemptionDeskRef::at(chain.deploy(&town.mayor, &subject, constructor).expect("deployed"));
    for role in [Role::Issuer, Role::Redeemer] {
        chain.call(&town.mayor, town.currency.set_role(role, desk.address, true)).expect("appointed");
    }
    for (number, key) in [&town.alice, &town.bob].into_iter().enumerate() {
        town.grant(chain, number as u64, key, 10_000);
    }
    town.pay(chain, &town.alice, &town.shop, 10_000).expect("paid");
    town.pay(chain, &town.bob, &town.bakery, 10_000).expect("paid");
    (town, desk)
}

fn redeem(chain: &mut Chain, desk: &RedemptionDeskRef, key: &Key, units: u128) -> Result<Outcome, Failure<DeskError>> {
    chain.call_with(key, &[key], desk.redeem(key.address, units))
}

fn error<T>(result: Result<T, Failure<DeskError>>) -> DeskError {
    match result {
        Err(Failure::Error(error)) => error,
        _ => panic!("not refused with an error of the contract"),
    }
}

fn fund(chain: &mut Chain, desk: &RedemptionDeskRef, amount: u128) {
    let donor = chain.account("donor");
    chain.call(&donor, desk.fund_reserve().with_value(amount)).expect("funded");
}

#[contract_test]
fn units_are_paid_at_once_while_the_reserve_lasts(chain: &mut Chain) {
    let (town, desk) = opened(chain, terms());
    fund(chain, &desk, 1_000);
    let before = chain.balance(&town.shop.address);
    // A tenth of 101 is 11 for the depository, 90 are paid for: 180.
    assert_eq!(redeem(chain, &desk, &town.shop, 101), Ok(Outcome::Paid { amount: 180 }));
    assert_eq!(chain.balance(&town.shop.address), before + 180);
    let totals = town.check_books(chain);
    assert_eq!((totals.redeemed, totals.leaving, totals.issued), (90, 0, 1_000_000));
    assert_eq!(town.balance(chain, &town.shop), 9_899);
    assert_eq!(chain.query(desk.reserve()).expect("answered").free, 820);
}

#[contract_test]
fn what_cannot_be_paid_waits_in_turn(chain: &mut Chain) {
    let (town, desk) = opened(chain, Terms { fee_rate: 0, ..terms() });
    fund(chain, &desk, 1_000);
    assert_eq!(redeem(chain, &desk, &town.shop, 501), Ok(Outcome::Queued { number: 0 }));
    // Less than is free, but not before others.
    assert_eq!(redeem(chain, &desk, &town.bakery, 10), Ok(Outcome::Queued { number: 1 }));
    assert_eq!(redeem(chain, &desk, &town.shop, 20), Ok(Outcome::Queued { number: 2 }));
    assert_eq!(chain.call(&town.bob, desk.pay_queue(50)), Ok(0));
    assert_eq!(town.check_books(chain).leaving, 531);
    // The first gives up: the others are paid, and collect.
    let other = chain.call(&town.bakery, desk.cancel(0));
    assert_eq!(other, Err(Failure::Reverted { contract: desk.address, code: 0xFFFF_0005 }));
    chain.call(&town.shop, desk.cancel(0)).expect("cancelled");
    assert_eq!(error(chain.call(&town.shop, desk.cancel(0))), DeskError::NotQueued);
    assert_eq!(chain.call(&town.bob, desk.pay_queue(1)), Ok(1));
    assert_eq!(chain.call(&town.bob, desk.pay_queue(50)), Ok(1));
    let reserve = chain.query(desk.reserve()).expect("answered");
    assert_eq!((reserve.free, reserve.owed), (940, 60));
    assert_eq!(chain.query(desk.payout_of(town.bakery.address)), Ok(20));
    let before = chain.balance(&town.bakery.address);
    assert_eq!(chain.call(&town.bob, desk.collect(town.bakery.address)), Ok(20));
    assert_eq!(chain.balance(&town.bakery.address), before + 20);
    assert_eq!(error(chain.call(&town.bob, desk.collect(town.bakery.address))), DeskError::NothingOwed);
    assert_eq!(chain.call(&town.bob, desk.collect(town.shop.address)), Ok(40));
    let totals = town.check_books(chain);
    assert_eq!((totals.leaving, totals.redeemed), (0, 30));
    assert_eq!(chain.query(desk.queue(None, 50)), Ok(Vec::new()));
    // With the queue empty, the next is paid at once again.
    assert_eq!(redeem(chain, &desk, &town.shop, 10), Ok(Outcome::Paid { amount: 20 }));
}

#[contract_test]
fn what_is_owed_is_no_reserve(chain: &mut Chain) {
    let (town, desk) = opened(chain, Terms { fee_rate: 0, ..terms() });
    assert_eq!(redeem(chain, &desk, &town.shop, 50), Ok(Outcome::Queued { number: 0 }));
    fund(chain, &desk, 119);
    assert_eq!(chain.call(&town.bob, desk.pay_queue(50)), Ok(1));
    // 19 are free: 10 units cannot be paid, though the desk has 119.
    assert_eq!(redeem(chain, &desk, &town.bakery, 10), Ok(Outcome::Queued { number: 1 }));
    fund(chain, &desk, 1);
    assert_eq!(chain.call(&town.bob, desk.pay_queue(50)), Ok(1));
    assert_eq!(chain.call(&town.bob, desk.collect(town.shop.address)), Ok(100));
    assert_eq!(chain.call(&town.bob, desk.collect(town.bakery.address)), Ok(20));
    assert_eq!(chain.balance(&desk.address), 0);
}

#[contract_test]
fn what_is_issued_is_covered(chain: &mut Chain) {
    let (town, desk) = opened(chain, terms());
    // A million units at two native ones, half of it.
    let short = DeskError::ReserveShort { have: 1_000_000, want: 1_000_001 };
    fund(chain, &desk, 1_000_000);
    assert_eq!(error(chain.call(&town.mayor, desk.issue(1))), short);
    fund(chain, &desk, 1);
    chain.call(&town.mayor, desk.issue(1)).expect("covered");
    let reserve = Reserve { free: 1_000_001, owed: 0, outstanding: 1_000_001, required: 1_000_001 };
    assert_eq!(chain.query(desk.reserve()), Ok(reserve));
    let not_admin = DeskError::Admin { error: RoleError::NotAdmin };
    assert_eq!(error(chain.call(&town.alice, desk.issue(1))), not_admin);
    assert_eq!(error(chain.call(&town.mayor, desk.issue(u128::MAX))), DeskError::TooMuch);
    fund(chain, &desk, 10_000_000_000);
    let refused = error(chain.call(&town.mayor, desk.issue(1_000_000_000)));
    assert_eq!(refused, DeskError::Currency { error: CurrencyError::SupplyExceeded { max_supply: 1_000_000_000 } });
}

#[contract_test]
fn who_cannot_redeem_is_told_why(chain: &mut Chain) {
    let (town, desk) = opened(chain, terms());
    fund(chain, &desk, 1_000);
    town.grant(chain, 9, &town.alice, 100);
    let stranger = chain.account("stranger");
    let nobody = CurrencyError::NoAccount { account: stranger.address };
    let unsigned = |chain: &mut Chain, key: &Key, units| chain.call(key, desk.redeem(key.address, units));
    assert_eq!(error(unsigned(chain, &town.shop, 9)), DeskError::BelowMinimum { minimum: 10 });
    assert_eq!(error(unsigned(chain, &town.alice, 50)), DeskError::NotRedeemable);
    // That units are taken out is something that the account has to consent to as well.
    assert_eq!(error(unsigned(chain, &town.shop, 50)), DeskError::CurrencyFailed);
    assert_eq!(error(redeem(chain, &desk, &stranger, 50)), DeskError::Currency { error: nobody });
    let reasons = vec![Reason::InsufficientBalance { have: 10_000, want: 10_001 }];
    let short = DeskError::Currency { error: CurrencyError::TransferRefused { reasons } };
    assert_eq!(error(redeem(chain, &desk, &town.shop, 10_001)), short);
    let dust = Terms { price: 1, ..terms() };
    let (town, desk) = opened(chain, dust);
    assert_eq!(error(redeem(chain, &desk, &town.shop, 50)), DeskError::WorthNothing);
    assert_eq!(town.check_books(chain).leaving, 0);
}

#[contract_test]
fn terms_that_mean_nothing_are_refused(chain: &mut Chain) {
    let town = Town::new(chain);
    let wrong = [
        Terms { price: 0, ..terms() },
        Terms { minimum: 0, ..terms() },
        Terms { reserve_rate: ONE + 1, ..terms() },
        Terms { fee_rate: ONE, ..terms() },
    ];
    for terms in wrong {
        let constructor = RedemptionDeskRef::new(town.currency.address, terms, 0);
        let subject = Subject::new("redemption-desk", native_redemptiondesk());
        assert!(chain.deploy(&town.mayor, &subject, constructor).is_err(), "{terms:?}");
    }
}
