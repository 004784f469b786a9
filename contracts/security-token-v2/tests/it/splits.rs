//! Splits over several versions: exact to the part of a unit, whoever has moved over.

use crate::setting::{Setting, deploy, error, refused};
use compliance::{ComplianceError, ComplianceRef, Refusal, Rules};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Failure, contract_test};
use dividend_desk::{DeskError, DividendDeskRef, Payment, native_dividenddesk};
use security_token::{Allowance, AllowanceError, Holding, MAX_PAGE, Part, Ratio, Reason, Role, Scope, TokenError};

const THREE_FOR_TWO: Ratio = Ratio { new: 3, old: 2 };

/// Alice has 61 units and carol 7 in the parent, bob 40 in the child.
fn over_two_versions(chain: &mut Chain) -> (Setting, security_token_v2::SecurityTokenV2Ref) {
    let setting = Setting::new(chain);
    for (holder, units) in [(&setting.alice, 61), (&setting.bob, 40), (&setting.carol, 7)] {
        setting.issue(chain, holder, units).expect("issued");
    }
    let child = setting.child(chain);
    chain.call(&setting.bob, setting.parent.upgrade(setting.bob.address)).expect("moved over");
    (setting, child)
}

fn counted(chain: &Chain, compliance: &ComplianceRef) -> ([u128; 3], u128) {
    let units = [1, 2, 3].map(|identity| chain.query(compliance.units_of(Hash([identity; 32]))).expect("answered"));
    (units, chain.query(compliance.supply()).expect("answered"))
}

#[contract_test]
fn a_split_goes_through_all_versions_and_counts_every_part(chain: &mut Chain) {
    let (setting, child) = over_two_versions(chain);
    let [alice, bob, carol] = [&setting.alice, &setting.bob, &setting.carol].map(|key| key.address);
    assert_eq!(chain.query(child.outstanding()), Ok(108));
    assert_eq!(chain.call(&setting.issuer, child.begin_split(THREE_FOR_TWO)), Ok(0));
    assert_eq!(chain.query(child.splits()), Ok((0, true)));
    assert_eq!(chain.call(&setting.carol, child.split_page(vec![alice])), Ok(47));
    assert_eq!(chain.call(&setting.carol, child.split_page(vec![bob, alice, bob])), Ok(7));
    assert_eq!(chain.call(&setting.carol, child.split_page(vec![setting.issuer.address])), Ok(7));
    let ended_ms = chain.time_ms();
    assert_eq!(chain.call(&setting.carol, child.split_page(vec![carol])), Ok(0));
    let split = chain.query(child.split(0)).expect("answered").expect("there is one");
    assert_eq!((split.before, split.after, split.remains, split.to_come), (108, 161, 2, 101));
    assert_eq!(split.before * 3, split.after * 2 + split.remains);
    assert_eq!(split.ended_ms, Some(ended_ms));
    assert_eq!(counted(chain, &setting.compliance), ([91, 60, 10], 161));
    assert_eq!((chain.query(child.balance_of(bob)), chain.query(child.total_supply())), (Ok(60), Ok(60)));
    // What lies in the parent is as it was, and comes split.
    assert_eq!(chain.query(setting.parent.balance_of(alice)), Ok(61));
    assert_eq!(chain.query(child.outstanding()), Ok(161));
    assert_eq!(chain.call(&setting.alice, setting.parent.upgrade(alice)), Ok(61));
    assert_eq!((chain.query(child.balance_of(alice)), chain.query(child.outstanding())), (Ok(91), Ok(161)));
    let parked = chain.query(setting.parent.balance_of(child.address));
    assert_eq!((parked, chain.query(child.migrated_in())), (Ok(101), Ok(101)));
    let remains = [alice, bob, carol].map(|holder| chain.query(child.split_remains(0, holder)));
    assert_eq!(remains, [Ok(1), Ok(0), Ok(1)]);
    // They are worth what the rules count.
    chain.call(&setting.alice, child.transfer(alice, carol, 91)).expect("moved");
    assert_eq!(counted(chain, &setting.compliance), ([0, 60, 101], 161));
}

#[contract_test]
fn a_third_version_splits_what_lies_in_the_first_two(chain: &mut Chain) {
    let (setting, second) = over_two_versions(chain);
    let [alice, bob, carol] = [&setting.alice, &setting.bob, &setting.carol].map(|key| key.address);
    chain.call(&setting.issuer, second.begin_split(THREE_FOR_TWO)).expect("begun");
    assert_eq!(chain.call(&setting.issuer, second.split_page(vec![alice, bob, carol])), Ok(0));
    let third = setting.next(chain, &second);
    assert_eq!(chain.query(third.outstanding()), Ok(161));
    // From the first version to the third in one call: the second keeps the trail.
    chain.call(&setting.carol, setting.parent.upgrade(carol)).expect("moved over");
    let trail = [
        chain.query(setting.parent.balance_of(second.address)),
        chain.query(second.migrated_in()),
        chain.query(second.balance_of(third.address)),
        chain.query(third.migrated_in()),
        chain.query(third.balance_of(carol)),
    ];
    assert_eq!(trail, [Ok(47), Ok(47), Ok(10), Ok(10), Ok(10)]);
    let one_for_twenty = Ratio { new: 1, old: 20 };
    assert_eq!(chain.call(&setting.issuer, third.begin_split(one_for_twenty)), Ok(0));
    assert_eq!(chain.call(&setting.issuer, third.split_page(vec![carol, bob, alice])), Ok(0));
    let split = chain.query(third.split(0)).expect("answered").expect("there is one");
    assert_eq!((split.before, split.after, split.remains), (161, 7, 21));
    assert_eq!(counted(chain, &setting.compliance), ([4, 3, 0], 7));
    assert_eq!(chain.query(setting.compliance.holders()), Ok((2, 2)), "carol holds no more");
    chain.call(&setting.issuer, setting.parent.upgrade_page(vec![alice])).expect("from the first");
    chain.call(&setting.issuer, second.upgrade_page(vec![bob, carol])).expect("from the second");
    let balances = [alice, bob, carol].map(|holder| chain.query(third.balance_of(holder)));
    assert_eq!(balances, [Ok(4), Ok(3), Ok(0)]);
    assert_eq!((chain.query(third.total_supply()), chain.query(third.outstanding())), (Ok(7), Ok(7)));

    // What remained is paid in money, in proportion, once.
    let constructor = DividendDeskRef::new(setting.compliance.address, 0);
    let desk = deploy(chain, &setting.issuer, "dividend-desk", native_dividenddesk(), constructor);
    let desk = DividendDeskRef::at(desk);
    let until = chain.time_ms() + 1_000_000;
    let declare = |token, split| desk.declare_for_remains(token, split, until).with_value(1_000);
    for nowhere in [declare(third.address, 1), declare(alice, 0)] {
        assert_eq!(chain.call(&setting.issuer, nowhere), Err(Failure::Error(DeskError::NoSplit)));
    }
    assert_eq!(chain.call(&setting.issuer, declare(third.address, 0)), Ok(0));
    let paid = chain.call(&setting.issuer, desk.push(0, vec![alice, bob, carol, carol]));
    let expected =
        [Payment::Paid { amount: 523 }, Payment::Nothing, Payment::Paid { amount: 476 }, Payment::AlreadyPaid];
    assert_eq!(paid, Ok(expected.to_vec()));
}

#[contract_test]
fn nothing_moves_while_units_are_split(chain: &mut Chain) {
    let (setting, child) = over_two_versions(chain);
    let [alice, bob] = [&setting.alice, &setting.bob].map(|key| key.address);
    chain.advance_ms(10_000);
    let began = chain.time_ms();
    chain.call(&setting.issuer, child.begin_split(THREE_FOR_TWO)).expect("begun");
    chain.call(&setting.issuer, child.split_page(vec![bob])).expect("a page");
    let all = refused(chain.call(&setting.bob, child.transfer(bob, alice, 1)));
    assert_eq!(all, [Reason::Splitting, Reason::RulesFailed]);
    for refused in [
        chain.call(&setting.issuer, child.issue(bob, 0, 1)),
        chain.call(&setting.issuer, child.forced_transfer(bob, alice, 1)),
        chain.call(&setting.issuer, child.set_frozen_units(bob, 1)),
        chain.call(&setting.issuer, child.set_upgraded_address(bob)),
        chain.call(&setting.bob, child.redeem(bob, 0, 1)),
        chain.call(&setting.bob, child.approve(bob, alice, 0, 1, u64::MAX)),
    ] {
        assert_eq!(error(refused), TokenError::Splitting);
    }
    assert_eq!(error(chain.call(&setting.issuer, child.begin_split(THREE_FOR_TWO))), TokenError::Splitting);
    let late = error(chain.call(&setting.alice, setting.parent.upgrade(alice)));
    assert!(matches!(late, TokenError::ChildFailed { child: there, code } if there == child.address && code > 0));
    assert_eq!(chain.query(setting.parent.balance_of(alice)), Ok(61), "nothing of it happened");
    let counting = [began, chain.time_ms()].map(|time| chain.query(setting.compliance.supply_at(time)));
    assert_eq!(counting, [(); 2].map(|()| Err(Failure::Error(ComplianceError::Splitting))));
    assert_eq!(chain.query(setting.compliance.supply_at(began - 1)), Ok(108));
    let parent_too = setting.parent.transfer(alice, bob, 1);
    let parent_too = refused(chain.call(&setting.alice, parent_too));
    assert_eq!(parent_too, [Reason::Upgraded { child: child.address }, Reason::RulesFailed]);
    chain.advance_ms(5_000);
    let ended = chain.time_ms();
    chain.call(&setting.issuer, child.split_page(vec![alice, setting.carol.address])).expect("the rest");
    // Between the first ms and the last some are split and some are not; at the end of the last all are.
    let inside = [began, ended - 1].map(|time| chain.query(setting.compliance.supply_at(time)));
    assert_eq!(inside, [(); 2].map(|()| Err(Failure::Error(ComplianceError::Splitting))));
    assert_eq!(chain.query(setting.compliance.supply_at(ended)), Ok(161));
    let alice_then = chain.query(setting.compliance.units_at(Hash([1; 32]), ended));
    assert_eq!(alice_then, Ok(91));
    chain.advance_ms(10_000);
    let constructor = DividendDeskRef::new(setting.compliance.address, 0);
    let desk = deploy(chain, &setting.issuer, "dividend-desk", native_dividenddesk(), constructor);
    let declare = DividendDeskRef::at(desk).declare(began, chain.time_ms() + 1_000_000).with_value(10);
    assert_eq!(chain.call(&setting.issuer, declare), Err(Failure::Error(DeskError::RecordInSplit)));
    chain.call(&setting.alice, setting.parent.upgrade(alice)).expect("again");
    chain.call(&setting.bob, child.transfer(bob, alice, 1)).expect("again");
    // Nobody but the token that splits tells the rules about it.
    let meddle = setting.compliance.resized(alice, 1, 1_000);
    assert_eq!(chain.call(&setting.issuer, meddle), Err(Failure::Error(ComplianceError::NotSplitting)));
    for meddle in [setting.compliance.begin_split(), setting.compliance.account_frozen(bob, true)] {
        assert_eq!(chain.call(&setting.issuer, meddle), Err(Failure::Error(ComplianceError::NotToken)));
    }
    let meddle = setting.compliance.end_split();
    assert_eq!(chain.call(&setting.issuer, meddle), Err(Failure::Error(ComplianceError::NotSplitting)));
}

#[contract_test]
fn a_ratio_and_who_may_split(chain: &mut Chain) {
    let (setting, child) = over_two_versions(chain);
    let split = |new, old| child.begin_split(Ratio { new, old });
    for (new, old) in [(0, 1), (1, 0), (7, 7)] {
        assert_eq!(error(chain.call(&setting.issuer, split(new, old))), TokenError::BadRatio);
    }
    let missing = TokenError::MissingRole { role: Role::Issuer };
    assert_eq!(error(chain.call(&setting.bob, split(2, 1))), missing);
    assert_eq!(error(chain.call(&setting.bob, child.split_page(vec![]))), TokenError::NotSplitting);
    let in_parent = setting.parent.begin_split(Ratio { new: 2, old: 1 });
    let upgraded = TokenError::AlreadyUpgraded { child: child.address };
    assert_eq!(error(chain.call(&setting.issuer, in_parent)), upgraded);
    chain.call(&setting.issuer, split(2, 1)).expect("begun");
    let too_many = child.split_page(vec![setting.bob.address; MAX_PAGE as usize + 1]);
    assert_eq!(error(chain.call(&setting.bob, too_many)), TokenError::TooMany { most: MAX_PAGE });
}

#[contract_test]
fn units_that_would_become_too_many_are_not_split(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.issue(chain, &setting.alice, u128::MAX / 2).expect("issued");
    let split = |new| setting.parent.begin_split(Ratio { new, old: 1 });
    assert_eq!(error(chain.call(&setting.issuer, split(3))), TokenError::BadRatio);
    chain.call(&setting.issuer, split(2)).expect("just not too many");
    assert_eq!(chain.call(&setting.issuer, setting.parent.split_page(vec![setting.alice.address])), Ok(0));
    assert_eq!(chain.query(setting.parent.balance_of(setting.alice.address)), Ok(u128::MAX - 1));
}

#[contract_test]
fn freezes_lock_ups_and_partitions_are_split_and_allowances_end(chain: &mut Chain) {
    let (setting, child) = over_two_versions(chain);
    let [alice, bob] = [&setting.alice, &setting.bob].map(|key| key.address);
    let until = chain.time_ms() + 1_000_000;
    chain.call(&setting.issuer, child.open_partition("preferred".into())).expect("opened");
    chain.call(&setting.issuer, child.convert(bob, 0, 1, 7)).expect("converted");
    chain.call(&setting.issuer, child.set_frozen_units(bob, 11)).expect("frozen");
    chain.call(&setting.issuer, child.set_frozen_units(alice, u128::MAX)).expect("more than there are");
    chain.call(&setting.issuer, child.lock_up(bob, 5, until)).expect("locked up");
    chain.call(&setting.bob, child.approve(bob, alice, 0, 9, until)).expect("allowed");
    chain.call(&setting.issuer, child.begin_split(THREE_FOR_TWO)).expect("begun");
    let everybody = vec![alice, bob, setting.carol.address];
    assert_eq!(chain.call(&setting.issuer, child.split_page(everybody)), Ok(0));
    let holding = chain.query(child.holding(bob)).expect("answered");
    // 33 common units and 7 preferred ones: 49 and a half, 10 and a half.
    assert_eq!((holding.units, holding.frozen_units, holding.lockups[0].units), (59, 16, 7));
    assert_eq!(holding.parts, [Part { partition: 1, units: 10 }]);
    assert_eq!(chain.query(child.split_remains(0, bob)), Ok(2));
    assert_eq!(chain.query(child.holding(alice)).expect("answered").frozen_units, u128::MAX);
    assert_eq!(chain.query(child.allowance(bob, alice)), Ok(Allowance::default()));
    let spend = error(chain.call(&setting.alice, child.transfer_from(alice, bob, setting.carol.address, 1)));
    let none = AllowanceError::Insufficient { have: 0, want: 1 };
    assert_eq!(spend, TokenError::Allowance { error: none });
    chain.call(&setting.bob, child.approve(bob, alice, 0, 9, until)).expect("allowed anew");
    chain.call(&setting.alice, child.transfer_from(alice, bob, setting.carol.address, 9)).expect("spent");
    assert_eq!(chain.query(child.allowance(bob, alice)).map(|allowance| allowance.units), Ok(0));
}

#[contract_test]
fn limits_in_units_are_what_they_were_until_they_are_set_anew(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (alice, bob) = (setting.alice.address, setting.bob.address);
    setting.issue(chain, &setting.alice, 10).expect("issued");
    let rules = |most| setting.compliance.set_rules(Rules { max_units: most, ..Rules::default() });
    chain.call(&setting.issuer, rules(10)).expect("set");
    chain.call(&setting.issuer, setting.parent.set_paused(Scope::Transfers, true)).expect("paused");
    chain.call(&setting.issuer, setting.parent.begin_split(Ratio { new: 2, old: 1 })).expect("while paused");
    chain.call(&setting.issuer, setting.parent.split_page(vec![alice])).expect("split");
    chain.call(&setting.issuer, setting.parent.set_paused(Scope::Transfers, false)).expect("goes on");
    // Whoever holds keeps what it has; a limit in units is what it was.
    let over = refused(chain.call(&setting.alice, setting.parent.transfer(alice, bob, 11)));
    assert_eq!(over, [Reason::Rule { refusal: Refusal::MaxUnits { would_have: 11, most: 10 } }]);
    chain.call(&setting.issuer, rules(20)).expect("set anew");
    chain.call(&setting.alice, setting.parent.transfer(alice, bob, 11)).expect("moved");
    let expected = Holding { units: 9, ..Holding::default() };
    assert_eq!(chain.query(setting.parent.holding(alice)), Ok(expected));
}
