//! A token with a registry, rules and dividends, over two versions.

use crate::setting::{JAPAN, Setting, deploy, refused};
use compliance::{Refusal, Rules};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Failure, contract_test};
use dividend_desk::{DividendDeskRef, Payment, native_dividenddesk};
use identity_registry::{Entry, Kind as CustodyKind};
use security_token::{Reason, Role, TokenError};

#[contract_test]
fn a_token_asks_the_rules_and_tells_all_reasons_of_both(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (parent, stranger) = (&setting.parent, chain.account("stranger"));
    setting.issue(chain, &setting.alice, 100).expect("issued");
    let rule = |refusal| Reason::Rule { refusal };
    assert_eq!(refused(setting.issue(chain, &stranger, 1)), [rule(Refusal::ReceiverUnknown)]);
    let rules = Rules { max_units: 50, max_holders: 1, ..Rules::default() };
    chain.call(&setting.issuer, setting.compliance.set_rules(rules)).expect("set");
    let transfer = parent.transfer(setting.alice.address, setting.bob.address, 101);
    let most = rule(Refusal::MaxUnits { would_have: 101, most: 50 });
    let all = [Reason::InsufficientBalance { have: 100, want: 101 }, most, rule(Refusal::MaxHolders { most: 1 })];
    assert_eq!(refused(chain.call(&setting.alice, transfer)), all);
    let asked = parent.can_transfer(setting.alice.address, setting.bob.address, 101);
    assert_eq!(chain.query(asked), Ok(all.to_vec()));
    let holders = Rules { max_holders: 2, ..Rules::default() };
    chain.call(&setting.issuer, setting.compliance.set_rules(holders)).expect("set");
    let transfer = parent.transfer(setting.alice.address, setting.bob.address, 60);
    chain.call(&setting.alice, transfer).expect("moved");
    assert_eq!(chain.query(setting.compliance.units_of(Hash([2; 32]))), Ok(60));
    // Rules that the token is not admitted to, and those that are no contract, let nothing move.
    chain.call(&setting.issuer, setting.compliance.set_token(parent.address, false)).expect("admitted no more");
    let transfer = parent.transfer(setting.alice.address, setting.bob.address, 1);
    assert_eq!(refused(chain.call(&setting.alice, transfer)), [Reason::RulesFailed]);
    assert_eq!(chain.query(parent.balance_of(setting.alice.address)), Ok(40));
}

#[contract_test]
fn rules_are_chosen_before_the_first_unit(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let choose = setting.parent.set_compliance(setting.compliance.address);
    assert_eq!(
        chain.call(&setting.alice, choose.clone()),
        Err(Failure::Error(TokenError::MissingRole { role: Role::Issuer }))
    );
    assert_eq!(chain.query(setting.parent.compliance()), Ok(Some(setting.compliance.address)));
    setting.issue(chain, &setting.alice, 1).expect("issued");
    assert_eq!(chain.call(&setting.issuer, choose), Err(Failure::Error(TokenError::UnitsExist)));
}

#[contract_test]
fn rules_count_over_both_versions_and_migration_counts_for_nothing(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.issue(chain, &setting.alice, 60).expect("issued");
    setting.issue(chain, &setting.bob, 40).expect("issued");
    let rules = Rules { max_units: 70, max_holders: 2, ..Rules::default() };
    chain.call(&setting.issuer, setting.compliance.set_rules(rules)).expect("set");
    let child = setting.child(chain);
    assert_eq!(chain.query(child.compliance()), Ok(Some(setting.compliance.address)));
    chain.call(&setting.bob, setting.parent.upgrade(setting.bob.address)).expect("moved over");
    assert_eq!(chain.query(setting.compliance.holders()), Ok((2, 2)));
    // Alice is still in the parent, and counts.
    let too_many = child.transfer(setting.bob.address, setting.alice.address, 11);
    let most = Refusal::MaxUnits { would_have: 71, most: 70 };
    assert_eq!(refused(chain.call(&setting.bob, too_many)), [Reason::Rule { refusal: most }]);
    let third = child.transfer(setting.bob.address, setting.carol.address, 1);
    let holders = Reason::Rule { refusal: Refusal::MaxHolders { most: 2 } };
    assert_eq!(refused(chain.call(&setting.bob, third)), [holders]);
    let enough = child.transfer(setting.bob.address, setting.alice.address, 10);
    chain.call(&setting.bob, enough).expect("moved");
    chain.call(&setting.alice, setting.parent.upgrade(setting.alice.address)).expect("moved over");
    let units = [1, 2].map(|identity| chain.query(setting.compliance.units_of(Hash([identity; 32]))));
    assert_eq!((units, chain.query(setting.compliance.supply())), ([Ok(70), Ok(30)], Ok(100)));
    assert_eq!(chain.query(child.balance_of(setting.alice.address)), Ok(70));
}

#[contract_test]
fn a_dividend_is_the_same_however_many_have_moved_over(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.issue(chain, &setting.alice, 60).expect("issued");
    setting.issue(chain, &setting.bob, 40).expect("issued");
    let constructor = DividendDeskRef::new(setting.compliance.address, 0);
    let desk = deploy(chain, &setting.issuer, "dividend-desk", native_dividenddesk(), constructor);
    let desk = DividendDeskRef::at(desk);
    let child = setting.child(chain);
    let everybody = vec![setting.alice.address, setting.bob.address, setting.carol.address];
    let expected = [Payment::Paid { amount: 600 }, Payment::Paid { amount: 400 }, Payment::Nothing];
    for migrates in [None, Some(&setting.bob), Some(&setting.alice)] {
        if let Some(holder) = migrates {
            chain.call(holder, setting.parent.upgrade(holder.address)).expect("moved over");
        }
        chain.advance_ms(10);
        let now = chain.time_ms();
        let declare = desk.declare(now - 1, now + 900_000).with_value(1_000);
        let number = chain.call(&setting.issuer, declare).expect("declared");
        let paid = chain.call(&setting.issuer, desk.push(number, everybody.clone()));
        assert_eq!(paid, Ok(expected.to_vec()), "dividend {number}");
        let again = chain.call(&setting.issuer, desk.push(number, everybody.clone())).expect("answered");
        assert_eq!(again[..2], [Payment::AlreadyPaid; 2]);
    }
    assert_eq!(chain.query(child.total_supply()), Ok(100));
    assert_eq!(chain.balance(&desk.address), 0);
    // Who is known no more is not paid, and does not move units either.
    chain.call(&setting.issuer, setting.registry.revoke(setting.bob.address)).expect("revoked");
    let transfer = child.transfer(setting.bob.address, setting.alice.address, 1);
    assert_eq!(refused(chain.call(&setting.bob, transfer)), [Reason::Rule { refusal: Refusal::SenderUnknown }]);
}

#[contract_test]
fn a_frozen_custodian_freezes_whoever_is_below_it(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let [bank, broker] = ["custodian", "broker"].map(|name| chain.account(name).address);
    let [alice, bob] = [&setting.alice, &setting.bob].map(|key| key.address);
    let entry = |account, identity, kind, custodian| Entry {
        account,
        identity: Hash([identity; 32]),
        country: JAPAN,
        accredited: false,
        kind,
        custodian,
        valid_until_ms: u64::MAX,
    };
    let entries = vec![
        entry(bank, 8, CustodyKind::Custodian, None),
        entry(broker, 9, CustodyKind::Broker, Some(bank)),
        entry(alice, 1, CustodyKind::Custodial, Some(broker)),
    ];
    chain.call(&setting.issuer, setting.registry.register(entries)).expect("registered");
    setting.issue(chain, &setting.alice, 50).expect("issued");
    setting.issue(chain, &setting.bob, 50).expect("issued");
    chain.call(&setting.issuer, setting.parent.set_frozen(bank, true)).expect("frozen");
    let frozen = [Reason::Rule { refusal: Refusal::CustodianFrozen { custodian: bank } }];
    assert_eq!(refused(chain.call(&setting.alice, setting.parent.transfer(alice, bob, 1))), frozen);
    assert_eq!(refused(chain.call(&setting.bob, setting.parent.transfer(bob, alice, 1))), frozen);
    assert_eq!(refused(chain.call(&setting.alice, setting.parent.redeem(alice, 1))), frozen);
    assert_eq!(refused(setting.issue(chain, &setting.alice, 1)), frozen);
    // A force goes on, and what the parent told holds for the child.
    chain.call(&setting.issuer, setting.parent.forced_transfer(alice, bob, 1)).expect("forced");
    let child = setting.child(chain);
    chain.call(&setting.alice, setting.parent.upgrade(alice)).expect("moved over");
    assert_eq!(refused(chain.call(&setting.alice, child.transfer(alice, bob, 1))), frozen);
    chain.call(&setting.issuer, child.set_frozen(bank, false)).expect("released");
    chain.call(&setting.alice, child.transfer(alice, bob, 1)).expect("moved");
}
