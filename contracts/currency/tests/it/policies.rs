//! How policies change: with notice, for coming epochs only.

use crate::town::{EPOCH_MS, TENTH, Town, terms};
use counterpart_testing::{Chain, Failure, contract_test};
use currency::{Class, CurrencyError, Policies, PolicyError, Projection, Scope, Terms, Tier, TiersError};

fn half() -> Policies {
    Policies::proportional(5 * TENTH)
}

fn error<T>(result: Result<T, Failure<CurrencyError>>) -> CurrencyError {
    match result {
        Err(Failure::Error(error)) => error,
        Err(other) => panic!("refused in another way: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

#[contract_test]
fn epochs_that_have_passed_are_charged_by_what_applied_in_them(chain: &mut Chain) {
    let town = Town::new(chain);
    town.grant(chain, 1, &town.alice, 10_000);
    chain.call(&town.mayor, town.currency.propose_policy(Class::Grant, half(), 3)).expect("proposed");
    chain.advance_ms(100_000);
    chain.call(&town.bob, town.currency.apply_policy(Class::Grant)).expect("anybody, when it has waited");
    // Three epochs at a tenth and one at a half: 10 000 * 0.729 / 2.
    town.advance_to_epoch(chain, 4, 0);
    assert_eq!(town.balance(chain, &town.alice), 3_644);
    assert_eq!(chain.query(town.currency.policy(Class::Grant, 2)).expect("answered").policies, terms().grant_policies);
    assert_eq!(chain.query(town.currency.policy(Class::Grant, 3)).expect("answered").policies, half());
}

#[contract_test]
fn a_policy_that_is_applied_late_begins_with_the_next_epoch(chain: &mut Chain) {
    let town = Town::new(chain);
    town.grant(chain, 1, &town.alice, 10_000);
    chain.call(&town.mayor, town.currency.propose_policy(Class::Grant, half(), 3)).expect("proposed");
    town.advance_to_epoch(chain, 5, 0);
    chain.call(&town.bob, town.currency.apply_policy(Class::Grant)).expect("applied");
    // Epochs 0 to 5 at a tenth, 6 at a half: 10 000 * 0.9^6 / 2 = 2 657.2.
    town.advance_to_epoch(chain, 7, 0);
    assert_eq!(town.balance(chain, &town.alice), 2_657);
}

#[contract_test]
fn notice_is_given_in_whole_epochs_and_longer_for_sweeps(chain: &mut Chain) {
    let town = Town::new(chain);
    let propose = |chain: &mut Chain, policies: Policies, from| {
        chain.call(&town.mayor, town.currency.propose_policy(Class::Grant, policies, from))
    };
    assert_eq!(error(propose(chain, half(), 2)), CurrencyError::Notice { earliest: 3, latest: 1_003 });
    assert_eq!(error(propose(chain, half(), 1_004)), CurrencyError::Notice { earliest: 3, latest: 1_003 });
    let sweep = Policies { sweep: true, ..Policies::default() };
    assert_eq!(error(propose(chain, sweep.clone(), 5)), CurrencyError::Notice { earliest: 6, latest: 1_006 });
    propose(chain, sweep, 6).expect("proposed");
    assert_eq!(error(propose(chain, half(), 8)), CurrencyError::ProposalPending);
}

#[contract_test]
fn a_sweep_takes_everything_once(chain: &mut Chain) {
    let town = Town::founded(chain, Terms { grant_policies: Policies::default(), ..terms() });
    town.grant(chain, 1, &town.alice, 10_000);
    let sweep = Policies { sweep: true, ..Policies::default() };
    chain.call(&town.mayor, town.currency.propose_policy(Class::Grant, sweep, 6)).expect("proposed");
    chain.advance_ms(100_000);
    chain.call(&town.bob, town.currency.apply_policy(Class::Grant)).expect("applied");
    town.advance_to_epoch(chain, 6, 1);
    assert_eq!(town.balance(chain, &town.alice), 10_000);
    chain.advance_ms(1);
    assert_eq!(town.balance(chain, &town.alice), 0);
    town.grant(chain, 2, &town.alice, 500);
    town.advance_to_epoch(chain, 9, 0);
    assert_eq!(town.balance(chain, &town.alice), 500);
    assert_eq!(town.check_books(chain).recovered, 10_000);
}

#[contract_test]
fn a_proposal_waits_to_the_ms_can_be_cancelled_and_paused(chain: &mut Chain) {
    let town = Town::new(chain);
    let propose = town.currency.propose_policy(Class::Grant, half(), 9);
    let apply = town.currency.apply_policy(Class::Grant);
    assert_eq!(error(chain.call(&town.bob, apply.clone())), CurrencyError::NoProposal);
    chain.call(&town.mayor, propose.clone()).expect("proposed");
    let ready_ms = chain.query(town.currency.proposal(Class::Grant)).expect("answered").expect("there").ready_ms;
    chain.advance_ms(ready_ms - chain.time_ms() - 1);
    assert_eq!(error(chain.call(&town.bob, apply.clone())), CurrencyError::TooEarly { from_ms: ready_ms });
    chain.call(&town.mayor, town.currency.set_paused(Scope::Policies, true)).expect("paused");
    let paused = CurrencyError::Paused { scope: Scope::Policies };
    assert_eq!(error(chain.call(&town.bob, apply.clone())), paused);
    // What is paused can still be taken back.
    chain.call(&town.mayor, town.currency.cancel_policy(Class::Grant)).expect("cancelled");
    chain.call(&town.mayor, town.currency.set_paused(Scope::Policies, false)).expect("goes on");
    assert_eq!(error(chain.call(&town.bob, apply.clone())), CurrencyError::NoProposal);
    assert_eq!(error(chain.call(&town.mayor, town.currency.cancel_policy(Class::Grant))), CurrencyError::NoProposal);
    chain.call(&town.mayor, propose).expect("proposed anew");
    let ready_ms = chain.query(town.currency.proposal(Class::Grant)).expect("answered").expect("there").ready_ms;
    chain.advance_ms(ready_ms - chain.time_ms());
    chain.call(&town.bob, apply).expect("at the very ms");
}

#[contract_test]
fn holders_see_what_a_proposal_would_do(chain: &mut Chain) {
    let town = Town::new(chain);
    town.grant(chain, 1, &town.alice, 10_000);
    chain.call(&town.mayor, town.currency.propose_policy(Class::Grant, half(), 3)).expect("proposed");
    let start = chain.query(town.currency.pace()).expect("answered").start_ms;
    let projection = |epoch| town.currency.projection(town.alice.address, start + epoch * EPOCH_MS);
    let expected = [(0, 10_000, 10_000), (3, 7_289, 7_289), (4, 6_560, 3_644), (5, 5_904, 1_822)];
    for (epoch, units, with_proposal) in expected {
        assert_eq!(chain.query(projection(epoch)), Ok(Projection { epoch, units, with_proposal }));
    }
    // However far, and the past counts as now.
    assert_eq!(chain.query(projection(2_000_000)).expect("answered").units, 0);
    let past = chain.query(town.currency.projection(town.alice.address, 0)).expect("answered");
    assert_eq!((past.epoch, past.units), (0, 10_000));
    let nobody = chain.query(town.currency.projection(town.mayor.address, start)).expect("answered");
    assert_eq!(nobody.units, 0);
}

#[contract_test]
fn policies_that_mean_nothing_or_take_too_much_are_refused(chain: &mut Chain) {
    let town = Town::new(chain);
    let mut refused = |policies: Policies| match error(
        chain.call(&town.mayor, town.currency.propose_policy(Class::Grant, policies, 9)),
    ) {
        CurrencyError::InvalidPolicies { error } => error,
        other => panic!("{other:?}"),
    };
    let cap = PolicyError::RateAboveCap { cap: 5 * TENTH };
    assert_eq!(refused(Policies::proportional(5 * TENTH + 1)), cap);
    // Together with idleness: 1 - 0.6 * 0.8 is above a half.
    let idle = |after_epochs, rate| Some(currency::Idle { after_epochs, rate });
    let both = Policies { idle: idle(1, 4 * TENTH), ..Policies::proportional(2 * TENTH) };
    assert_eq!(refused(both), cap);
    assert_eq!(refused(Policies { idle: idle(1, u32::MAX), ..Policies::default() }), cap);
    assert_eq!(refused(Policies { idle: idle(0, 1), ..Policies::default() }), PolicyError::Epochs);
    let expiry = |after_epochs| Some(currency::Expiry { after_epochs, keep_age: true });
    for lifetime in [0, 65] {
        assert_eq!(refused(Policies { expiry: expiry(lifetime), ..Policies::default() }), PolicyError::Epochs);
    }
    let tiers = vec![Tier { above: 5, rate: 1 }, Tier { above: 4, rate: 1 }];
    let error_of_tiers = PolicyError::Tiers { error: TiersError::Bounds };
    assert_eq!(refused(Policies { tiers, ..Policies::default() }), error_of_tiers);
    let exempt = town.currency.propose_policy(Class::Exempt, Policies::default(), 9);
    assert_eq!(error(chain.call(&town.mayor, exempt)), CurrencyError::NoPolicies);
    let stranger = town.currency.propose_policy(Class::Grant, Policies::default(), 9);
    assert!(matches!(error(chain.call(&town.alice, stranger)), CurrencyError::MissingRole { .. }));
}

#[contract_test]
fn an_account_passes_eight_changes_of_policy_at_a_time(chain: &mut Chain) {
    let town = Town::founded(chain, Terms { notice_epochs: 1, policy_delay_ms: 0, ..terms() });
    town.grant(chain, 1, &town.alice, 100_000);
    let mut expected = 100_000.0;
    for change in 0..12_u32 {
        let policies = Policies::proportional(change * 10_000_000);
        let epoch = 2 * u64::from(change) + 2;
        chain.call(&town.mayor, town.currency.propose_policy(Class::Grant, policies, epoch)).expect("proposed");
        chain.call(&town.mayor, town.currency.apply_policy(Class::Grant)).expect("applied");
        town.advance_to_epoch(chain, epoch, 0);
    }
    for epoch in 0..24 {
        expected *= if epoch < 2 { 0.9 } else { 1.0 - f64::from((epoch - 2) / 2) / 100.0 };
    }
    let units = town.balance(chain, &town.alice);
    assert_eq!(units, expected as u128);
    assert_eq!(chain.call(&town.bob, town.currency.settle(town.alice.address)), Ok(false));
    assert_eq!(town.balance(chain, &town.alice), units);
    assert_eq!(chain.call(&town.bob, town.currency.settle(town.alice.address)), Ok(true));
    assert_eq!(town.balance(chain, &town.alice), units);
    town.check_books(chain);
}
