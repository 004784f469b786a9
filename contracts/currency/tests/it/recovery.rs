//! What is recovered, when, and of whom.

use crate::town::{EPOCH_MS, TENTH, Town, terms};
use counterpart_testing::{Chain, Failure, contract_test};
use currency::{Class, CurrencyError, Expiry, Idle, Policies, Recovered, Terms, Tier};

fn proportional_with(change: impl FnOnce(&mut Policies)) -> Terms {
    let mut terms = terms();
    change(&mut terms.grant_policies);
    terms
}

#[contract_test]
fn an_epoch_is_charged_at_the_moment_in_which_the_next_begins(chain: &mut Chain) {
    let town = Town::new(chain);
    town.grant(chain, 1, &town.alice, 1_000);
    town.advance_to_epoch(chain, 1, 1);
    assert_eq!(town.balance(chain, &town.alice), 1_000);
    chain.advance_ms(1);
    // Nine tenths, and the unit that has begun to be recovered cannot be spent.
    assert_eq!(town.balance(chain, &town.alice), 899);
    chain.advance_ms(1);
    assert_eq!(town.balance(chain, &town.alice), 899);
    assert_eq!(chain.call(&town.bob, town.currency.settle(town.alice.address)), Ok(true));
    let totals = town.check_books(chain);
    assert_eq!((totals.recovered, totals.circulating), (100, 900));
}

#[contract_test]
fn settling_each_epoch_and_once_comes_to_the_same(chain: &mut Chain) {
    let town = Town::new(chain);
    town.grant(chain, 1, &town.alice, 123_457);
    town.grant(chain, 2, &town.bob, 123_457);
    for epoch in 1..=24 {
        town.advance_to_epoch(chain, epoch, 0);
        chain.call(&town.shop, town.currency.settle(town.alice.address)).expect("settled");
        town.check_books(chain);
    }
    chain.call(&town.shop, town.currency.settle(town.bob.address)).expect("settled");
    let (often, once) = (town.balance(chain, &town.alice), town.balance(chain, &town.bob));
    assert!(often.abs_diff(once) <= 1, "{often} {once}");
    // 123 457 * 0.9^24 = 9 847.1
    assert_eq!(once, 9_847);
    let lines = chain.query(town.currency.statement(town.alice.address, 0, 50)).expect("answered");
    assert_eq!(lines.len(), 24);
    let sum: u128 = lines.iter().map(|line| line.recovered).sum();
    let end = chain.query(town.currency.account(town.alice.address)).expect("answered").expect("registered");
    assert_eq!(sum, 123_457 - end.holding.held.units_begun());
    assert!(lines.windows(2).all(|pair| pair[0].after == pair[1].before && pair[0].to_epoch == pair[1].from_epoch));
}

#[contract_test]
fn dust_is_recovered_like_everything(chain: &mut Chain) {
    let town = Town::new(chain);
    town.grant(chain, 1, &town.alice, 1);
    town.advance_to_epoch(chain, 1, 0);
    assert_eq!(town.balance(chain, &town.alice), 0);
    assert_eq!(town.pay(chain, &town.alice, &town.bob, 1).expect_err("refused").len(), 1);
    // A unit becomes less than 2^-32 after 211 epochs of a tenth: then it is gone.
    town.advance_to_epoch(chain, 250, 0);
    chain.call(&town.bob, town.currency.settle(town.alice.address)).expect("settled");
    assert_eq!(town.check_books(chain).recovered, 1);
}

#[contract_test]
fn an_allowance_is_spared_and_tiers_take_more_of_more(chain: &mut Chain) {
    let tiers = vec![Tier { above: 100, rate: TENTH }, Tier { above: 1_000, rate: 2 * TENTH }];
    let town = Town::founded(chain, proportional_with(|policies| policies.tiers = tiers));
    town.grant(chain, 1, &town.alice, 100);
    town.grant(chain, 2, &town.bob, 2_000);
    town.advance_to_epoch(chain, 1, 0);
    assert_eq!(town.balance(chain, &town.alice), 100);
    // 900 at a tenth, 1 000 at two.
    assert_eq!(town.balance(chain, &town.bob), 2_000 - 90 - 200 - 1);
}

#[contract_test]
fn idleness_counts_whole_epochs_without_spending(chain: &mut Chain) {
    let idle = Some(Idle { after_epochs: 2, rate: 5 * TENTH });
    let only_idle = Policies { idle, ..Policies::default() };
    let town = Town::founded(chain, Terms { grant_policies: only_idle, ..terms() });
    town.grant(chain, 1, &town.alice, 1_000);
    // Active in epoch 0 by beginning; epoch 1 is the first idle one, epoch 2 is charged.
    town.advance_to_epoch(chain, 2, 0);
    assert_eq!(town.balance(chain, &town.alice), 1_000);
    town.advance_to_epoch(chain, 3, 1);
    assert_eq!(town.balance(chain, &town.alice), 1_000);
    chain.advance_ms(1);
    assert_eq!(town.balance(chain, &town.alice), 500);
}

#[contract_test]
fn spending_is_activity_only_when_it_is_real(chain: &mut Chain) {
    let idle = Some(Idle { after_epochs: 1, rate: 5 * TENTH });
    let only_idle = Policies { idle, ..Policies::default() };
    let town = Town::founded(chain, Terms { grant_policies: only_idle, ..terms() });
    let active = |chain: &Chain| {
        let account = chain.query(town.currency.account(town.alice.address)).expect("answered").expect("registered");
        account.holding.active_epoch
    };
    for epoch in 0..5_u64 {
        town.grant(chain, epoch, &town.alice, 1_000);
        let last = active(chain);
        match epoch {
            0 => town.pay(chain, &town.alice, &town.shop, 10).expect("paid"),
            // The same partner again, too little, and somebody who is granted value: no activity.
            1 => town.pay(chain, &town.alice, &town.shop, 10).expect("paid"),
            2 => town.pay(chain, &town.alice, &town.bakery, 9).expect("paid"),
            3 => town.pay(chain, &town.alice, &town.bob, 100).expect("paid"),
            _ => town.pay(chain, &town.alice, &town.bakery, 10).expect("paid"),
        }
        assert_eq!(active(chain), if matches!(epoch, 0 | 4) { epoch } else { last }, "epoch {epoch}");
        town.advance_to_epoch(chain, epoch + 1, 0);
    }
}

#[contract_test]
fn what_expires_is_the_oldest_and_what_is_spent_too(chain: &mut Chain) {
    let expiry = Some(Expiry { after_epochs: 3, keep_age: false });
    let town = Town::founded(chain, Terms { grant_policies: Policies { expiry, ..Policies::default() }, ..terms() });
    town.grant(chain, 1, &town.alice, 100);
    town.advance_to_epoch(chain, 1, 0);
    town.grant(chain, 2, &town.alice, 20);
    town.grant(chain, 3, &town.alice, 30);
    let account = chain.query(town.currency.account(town.alice.address)).expect("answered").expect("registered");
    assert_eq!(account.holding.lots.iter().map(|lot| lot.epoch).collect::<Vec<_>>(), [0, 1], "one for each epoch");
    town.pay(chain, &town.alice, &town.shop, 30).expect("paid");
    town.advance_to_epoch(chain, 3, 1);
    assert_eq!(town.balance(chain, &town.alice), 120);
    chain.advance_ms(1);
    assert_eq!(town.balance(chain, &town.alice), 50);
    town.advance_to_epoch(chain, 4, 0);
    assert_eq!(town.balance(chain, &town.alice), 0);
    chain.call(&town.bob, town.currency.settle(town.alice.address)).expect("settled");
    let totals = town.check_books(chain);
    assert_eq!((totals.recovered, totals.circulating), (120, 30));
}

#[contract_test]
fn value_keeps_its_age_when_the_policy_says_so(chain: &mut Chain) {
    for keep_age in [true, false] {
        let expiry = Some(Expiry { after_epochs: 3, keep_age });
        let policies = Policies { expiry, ..Policies::default() };
        let town = Town::founded(chain, Terms { grant_policies: policies, ..terms() });
        town.grant(chain, 1, &town.alice, 100);
        town.advance_to_epoch(chain, 2, 0);
        town.pay(chain, &town.alice, &town.bob, 40).expect("paid");
        town.advance_to_epoch(chain, 3, 0);
        assert_eq!(town.balance(chain, &town.bob), if keep_age { 0 } else { 40 });
        town.advance_to_epoch(chain, 5, 0);
        assert_eq!(town.balance(chain, &town.bob), 0);
    }
}

#[contract_test]
fn several_policies_of_a_class_apply_together(chain: &mut Chain) {
    let policies = Policies {
        tiers: vec![Tier { above: 0, rate: TENTH }],
        idle: Some(Idle { after_epochs: 1, rate: TENTH }),
        expiry: Some(Expiry { after_epochs: 2, keep_age: false }),
        sweep: false,
    };
    let town = Town::founded(chain, Terms { grant_policies: policies, ..terms() });
    town.grant(chain, 1, &town.alice, 1_000);
    town.advance_to_epoch(chain, 1, 0);
    town.grant(chain, 2, &town.alice, 1_000);
    // 900 of the first and 1 000 of the second; epoch 1 is idle: 1 900 * 0.9 * 0.9 = 1 539, taken of the oldest, of which the
    // 539 that are left expire.
    town.advance_to_epoch(chain, 2, 0);
    assert_eq!(town.balance(chain, &town.alice), 1_000);
}

#[contract_test]
fn nothing_is_recovered_of_exempt_accounts_but_of_what_others_have_there(chain: &mut Chain) {
    let town = Town::new(chain);
    let (alice, pool) = (town.alice.address, town.pool.address);
    town.grant(chain, 1, &town.pool, 1_000);
    town.grant(chain, 2, &town.alice, 1_000);
    chain.call(&town.alice, town.currency.deposit(alice, pool, 1_000)).expect("deposited");
    town.advance_to_epoch(chain, 1, 0);
    assert_eq!(town.balance(chain, &town.pool), 1_000);
    assert_eq!(chain.query(town.currency.position_of(pool, alice)), Ok(899));
    chain.call(&town.pool, town.currency.release(pool, alice, town.shop.address, 899)).expect("released");
    let totals = town.check_books(chain);
    assert_eq!(totals.recovered, 100);
    assert_eq!(town.balance(chain, &town.shop), 899);
    let too_much = chain.call(&town.pool, town.currency.release(pool, alice, town.shop.address, 1));
    assert!(matches!(too_much, Err(Failure::Error(CurrencyError::TransferRefused { .. }))), "{too_much:?}");
}

#[contract_test]
fn a_class_is_charged_by_its_own_policies_from_the_change_on(chain: &mut Chain) {
    let town = Town::new(chain);
    town.grant(chain, 1, &town.alice, 1_000);
    town.advance_to_epoch(chain, 1, 0);
    chain.call(&town.mayor, town.currency.set_class(town.alice.address, Class::NonGrant, 3)).expect("changed");
    town.advance_to_epoch(chain, 9, 0);
    assert_eq!(town.balance(chain, &town.alice), 899);
    chain.call(&town.mayor, town.currency.set_class(town.alice.address, Class::Grant, 0)).expect("changed");
    town.advance_to_epoch(chain, 10, 0);
    assert_eq!(town.balance(chain, &town.alice), 809);
    town.check_books(chain);
}

#[contract_test]
fn a_clock_that_jumps_takes_a_thousand_epochs_at_a_time(chain: &mut Chain) {
    let slow = Terms { grant_policies: Policies::proportional(1_000_000), ..terms() };
    let town = Town::founded(chain, slow);
    town.grant(chain, 1, &town.alice, 100_000);
    town.advance_to_epoch(chain, 1_500, 0);
    // A thousandth each epoch: 100 000 * 0.999^1 500 = 22 296.
    assert_eq!(town.balance(chain, &town.alice), 22_296);
    let reasons = town.pay(chain, &town.alice, &town.shop, 1).expect_err("too far behind");
    assert_eq!(reasons, [currency::Reason::SettleSender, currency::Reason::SettleReceiver]);
    for account in [town.alice.address, town.shop.address] {
        assert_eq!(chain.call(&town.bob, town.currency.settle(account)), Ok(false));
        assert_eq!(chain.call(&town.bob, town.currency.settle(account)), Ok(true));
    }
    town.pay(chain, &town.alice, &town.shop, 1).expect("settled");
    town.check_books(chain);
}

#[contract_test]
fn what_is_recovered_is_reported_and_adds_up(chain: &mut Chain) {
    let town = Town::new(chain);
    town.grant(chain, 1, &town.alice, 700);
    town.grant(chain, 2, &town.bob, 333);
    let mut sum = 0;
    for epoch in 1..=6 {
        town.advance_to_epoch(chain, epoch, 0);
        assert!(chain.call(&town.shop, town.currency.settle_page(None, 50)).expect("settled").is_some());
        for event in chain.events() {
            let bytes = &mut event.data.as_slice();
            let recovered = <Recovered as counterpart_sdk::codec::Decode>::decode(bytes).expect("its event");
            assert_eq!((recovered.from_epoch, recovered.to_epoch), (epoch - 1, epoch));
            sum += recovered.units;
        }
        assert_eq!(town.check_books(chain).recovered, sum);
    }
    let last = chain.call(&town.shop, town.currency.settle_page(None, 2)).expect("settled");
    let next = chain.call(&town.shop, town.currency.settle_page(last, 50)).expect("settled");
    assert_eq!(chain.call(&town.shop, town.currency.settle_page(next, 50)), Ok(None));
}

#[contract_test]
fn the_price_of_settling_does_not_grow_with_time(chain: &mut Chain) {
    let town = Town::new(chain);
    let gas = |chain: &mut Chain, epochs: u64| {
        town.grant(chain, epochs, &town.alice, 100_000);
        chain.advance_ms(epochs * EPOCH_MS);
        chain.call(&town.bob, town.currency.settle(town.alice.address)).expect("settled");
        chain.receipts().last().expect("a receipt").gas_used.0
    };
    let (one, thousand) = (gas(chain, 1), gas(chain, 999));
    assert!(thousand < one + one / 10, "{one} for an epoch, {thousand} for 999");
}
