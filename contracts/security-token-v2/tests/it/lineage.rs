//! From version to version: proposed, waited for, named once, and never around.

use crate::setting::{JAPAN, Setting, deploy, error, refused};
use counterpart_ledger::Outcome;
use counterpart_sdk::codec::Decode;
use counterpart_sdk::{Address, Hash};
use counterpart_testing::{Chain, Subject, contract_test};
use identity_registry::{Entry, Kind as CustodyKind};
use security_token::{
    Holding, MAX_VERSIONS, Proposal, Ratio, Reason, Role, SecurityTokenRef, TokenError, native_securitytoken,
};
use security_token_v2::{SecurityTokenV2Ref, native_securitytokenv2};

const DELAY_MS: u64 = 100_000;

fn child_of(chain: &mut Chain, setting: &Setting, parent: Address) -> SecurityTokenV2Ref {
    let constructor = SecurityTokenV2Ref::successor(parent);
    let child = deploy(chain, &setting.issuer, "security-token-v2", native_securitytokenv2(), constructor);
    SecurityTokenV2Ref::at(child)
}

#[contract_test]
fn a_next_version_waits_and_can_be_taken_back(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let issuer = &setting.issuer;
    let constructor = SecurityTokenRef::new("Slow".into(), "SLW".into(), DELAY_MS);
    let parent = chain.deploy(issuer, &Subject::new("security-token", native_securitytoken()), constructor);
    let parent = SecurityTokenRef::at(parent.expect("deployed"));
    chain.call(issuer, parent.issue(setting.alice.address, 100)).expect("issued");
    let [first, second] = [(); 2].map(|()| child_of(chain, &setting, parent.address));
    let name = |child: &SecurityTokenV2Ref| parent.set_upgraded_address(child.address);
    assert_eq!(error(chain.call(issuer, name(&first))), TokenError::NotProposed);
    assert_eq!(error(chain.call(issuer, parent.cancel_upgrade())), TokenError::NotProposed);
    let missing = TokenError::MissingRole { role: Role::Upgrader };
    assert_eq!(error(chain.call(&setting.alice, parent.propose_upgrade(first.address))), missing);
    let nobody = TokenError::NotAcknowledged { child: setting.alice.address };
    assert_eq!(error(chain.call(issuer, parent.propose_upgrade(setting.alice.address))), nobody);
    let from_ms = chain.time_ms() + DELAY_MS;
    chain.call(issuer, parent.propose_upgrade(first.address)).expect("proposed");
    let waits = Proposal { child: first.address, from_ms };
    assert_eq!(chain.query(parent.proposed_upgrade()), Ok(Some(waits)));
    assert_eq!(error(chain.call(&setting.alice, parent.cancel_upgrade())), missing);
    // Another takes its place, and waits as long again.
    chain.advance_ms(DELAY_MS);
    let from_ms = chain.time_ms() + DELAY_MS;
    chain.call(issuer, parent.propose_upgrade(second.address)).expect("proposed instead");
    assert_eq!(error(chain.call(issuer, name(&first))), TokenError::NotProposed);
    chain.advance_ms(from_ms - chain.time_ms() - 1);
    assert_eq!(error(chain.call(issuer, name(&second))), TokenError::TooEarly { until_ms: from_ms });
    // Holders can leave meanwhile.
    chain.call(&setting.alice, parent.redeem(setting.alice.address, 10)).expect("given back");
    chain.call(issuer, parent.cancel_upgrade()).expect("taken back");
    chain.advance_ms(1);
    assert_eq!(error(chain.call(issuer, name(&second))), TokenError::NotProposed);
    let from_ms = chain.time_ms() + DELAY_MS;
    chain.call(issuer, parent.propose_upgrade(second.address)).expect("once more");
    chain.advance_ms(from_ms - chain.time_ms());
    chain.call(issuer, name(&second)).expect("named in the first ms in which it can be");
    assert_eq!(chain.query(parent.proposed_upgrade()), Ok(None));
    // The delay is handed on.
    let third = child_of(chain, &setting, second.address);
    assert_eq!(error(chain.call(issuer, second.set_upgraded_address(third.address))), TokenError::NotProposed);
    assert_eq!(chain.call(&setting.alice, parent.upgrade(setting.alice.address)), Ok(90));
}

#[contract_test]
fn versions_are_a_path_of_at_most_eight(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let issuer = &setting.issuer;
    setting.issue(chain, &setting.alice, 100).expect("issued");
    let mut path = vec![setting.child(chain)];
    // A grandchild cannot be named by a version that is not named itself.
    let orphan = child_of(chain, &setting, setting.parent.address);
    let below = child_of(chain, &setting, orphan.address);
    let unnamed = error(chain.call(issuer, orphan.set_upgraded_address(below.address)));
    assert_eq!(unnamed, TokenError::NotUpgraded);
    assert_eq!(error(chain.call(issuer, orphan.issue(setting.alice.address, 0, 1))), TokenError::NotUpgraded);
    let split = orphan.begin_split(Ratio { new: 2, old: 1 });
    assert_eq!(error(chain.call(issuer, split)), TokenError::NotUpgraded);
    while path.len() + 1 < MAX_VERSIONS as usize {
        let next = setting.next(chain, &path[path.len() - 1]);
        path.push(next);
    }
    let last = &path[path.len() - 1];
    assert_eq!(chain.query(last.version()), Ok(MAX_VERSIONS));
    let constructor = SecurityTokenV2Ref::successor(last.address);
    let subject = Subject::new("security-token-v2", native_securitytokenv2());
    let ninth = chain.deploy(issuer, &subject, constructor);
    let Err(Outcome::Revert { data, .. }) = ninth else { panic!("{ninth:?}") };
    let most = TokenError::TooManyVersions { most: MAX_VERSIONS };
    assert_eq!(TokenError::decode(&mut data.as_slice()), Ok(most));
    // No version before, nor the last itself, is its child.
    for around in [setting.parent.address, path[0].address, last.address] {
        let refused = error(chain.call(issuer, last.set_upgraded_address(around)));
        assert_eq!(refused, TokenError::NotAcknowledged { child: around });
    }
    // One call through all of them.
    assert_eq!(chain.call(&setting.alice, setting.parent.upgrade(setting.alice.address)), Ok(100));
    let parked = path.windows(2).map(|pair| chain.query(pair[0].balance_of(pair[1].address)));
    assert!(parked.into_iter().all(|units| units == Ok(100)));
    assert_eq!(chain.query(last.balance_of(setting.alice.address)), Ok(100));
    assert_eq!(chain.query(last.outstanding()), Ok(100));
    assert_eq!(chain.query(last.name()), Ok("Acme".into()));
}

#[contract_test]
fn a_child_that_takes_nobody_leaves_everybody_where_they_are(chain: &mut Chain) {
    let setting = Setting::new(chain);
    for holder in [&setting.alice, &setting.bob] {
        setting.issue(chain, holder, 50).expect("issued");
    }
    let [alice, bob] = [&setting.alice, &setting.bob].map(|key| key.address);
    chain.call(&setting.issuer, setting.parent.set_frozen_units(bob, 20)).expect("frozen");
    let child = setting.child(chain);
    chain.call(&setting.alice, setting.parent.upgrade(alice)).expect("moved over");
    chain.call(&setting.issuer, child.deactivate()).expect("deactivated");
    let before = chain.query(setting.parent.holding(bob));
    let failed = error(chain.call(&setting.bob, setting.parent.upgrade(bob)));
    assert!(matches!(failed, TokenError::ChildFailed { child: there, code: 1.. } if there == child.address));
    let page = setting.parent.upgrade_page(vec![alice, bob, setting.carol.address]);
    assert_eq!(chain.call(&setting.issuer, page), Ok(0));
    assert_eq!(chain.query(setting.parent.holding(bob)), before);
    assert_eq!(chain.query(setting.parent.balance_of(child.address)), Ok(50));
    assert_eq!(chain.query(setting.parent.holder_count()), Ok(2));
}

#[contract_test]
fn nobody_escapes_a_freeze_by_moving_or_by_not_moving(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let [alice, bob, carol] = [&setting.alice, &setting.bob, &setting.carol].map(|key| key.address);
    setting.issue(chain, &setting.alice, 50).expect("issued");
    setting.issue(chain, &setting.bob, 50).expect("issued");
    let child = child_of(chain, &setting, setting.parent.address);
    chain.call(&setting.issuer, setting.compliance.set_token(child.address, true)).expect("admitted");
    // Whoever is asked about before the child is named may be frozen after it.
    let empty = [Reason::InsufficientBalance { have: 0, want: 1 }];
    assert_eq!(refused(chain.call(&setting.alice, child.transfer(alice, carol, 1))), empty);
    let until = chain.time_ms() + 1_000_000;
    for holder in [alice, carol] {
        chain.call(&setting.issuer, setting.parent.set_frozen(holder, true)).expect("frozen");
    }
    chain.call(&setting.issuer, setting.parent.lock_until(bob, until)).expect("locked");
    let (later, issuer) = (until + 9_000_000, setting.issuer.address);
    let broker = chain.account("broker").address;
    chain.call(&setting.issuer, setting.parent.lock_until(issuer, later)).expect("locked");
    chain.call(&setting.issuer, setting.parent.set_frozen_units(broker, 9)).expect("frozen");
    chain.call(&setting.issuer, setting.parent.set_upgraded_address(child.address)).expect("named");
    // An agent acts in the newest version only, also about those who have not come.
    let closed = TokenError::AlreadyUpgraded { child: child.address };
    assert_eq!(error(chain.call(&setting.issuer, setting.parent.set_frozen(alice, false))), closed);
    // Carol has no units, and cannot take any in the child.
    chain.call(&setting.bob, setting.parent.upgrade(bob)).expect("moved over");
    let both = [Reason::ReceiverFrozen, Reason::LockedUntil { time_ms: until }];
    let reasons = refused(chain.call(&setting.bob, child.transfer(bob, carol, 1)));
    assert!(both.iter().all(|reason| reasons.contains(reason)), "{reasons:?}");
    chain.advance_ms(2_000_000);
    let reasons = refused(chain.call(&setting.bob, child.transfer(bob, carol, 1)));
    assert_eq!(reasons, [Reason::ReceiverFrozen]);
    chain.call(&setting.bob, child.transfer(bob, bob, 0)).expect_err("nothing to move");
    // Alice is frozen in the child before she comes, and released there before she comes.
    assert!(chain.query(child.holding(alice)).expect("answered").frozen);
    let reasons = refused(chain.call(&setting.bob, child.transfer(bob, alice, 1)));
    assert_eq!(reasons, [Reason::ReceiverFrozen]);
    chain.call(&setting.issuer, child.set_frozen(alice, false)).expect("released");
    assert!(!chain.query(child.holding(alice)).expect("answered").frozen);
    chain.call(&setting.bob, child.transfer(bob, alice, 1)).expect("moved");
    chain.call(&setting.alice, setting.parent.upgrade(alice)).expect("moved over");
    let holding = chain.query(child.holding(alice)).expect("answered");
    assert_eq!((holding.units, holding.frozen), (51, false));
    chain.call(&setting.alice, child.transfer(alice, bob, 51)).expect("moved");
    // Whatever is known of an account without units moves over: a lock, a freeze of units, a freeze.
    for holder in [carol, issuer, broker] {
        assert_eq!(chain.call(&setting.issuer, setting.parent.upgrade_for(holder)), Ok(0));
    }
    assert_eq!(chain.query(child.holding(issuer)).expect("answered").locked_until_ms, later);
    assert_eq!(chain.query(child.holding(broker)).expect("answered").frozen_units, 9);
    assert!(chain.query(child.holding(carol)).expect("answered").frozen);
    let again = error(chain.call(&setting.issuer, setting.parent.upgrade_for(carol)));
    assert_eq!(again, TokenError::NothingToMove { holder: carol });
}

#[contract_test]
fn units_that_come_after_a_recovery_are_as_frozen_as_they_were(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let [alice, bob] = [&setting.alice, &setting.bob].map(|key| key.address);
    let entry = Entry {
        account: bob,
        identity: Hash([1; 32]),
        country: JAPAN,
        accredited: false,
        kind: CustodyKind::Investor,
        custodian: None,
        valid_until_ms: u64::MAX,
    };
    chain.call(&setting.issuer, setting.registry.revoke(bob)).expect("revoked");
    chain.call(&setting.issuer, setting.registry.register(vec![entry])).expect("another account of alice");
    setting.issue(chain, &setting.alice, 50).expect("issued");
    chain.call(&setting.issuer, setting.parent.set_frozen(alice, true)).expect("frozen");
    let child = setting.child(chain);
    chain.call(&setting.issuer, child.issue(alice, 0, 5)).expect("issued");
    assert_eq!(chain.call(&setting.issuer, child.recover(alice, bob)), Ok(5));
    assert_eq!(chain.call(&setting.alice, setting.parent.upgrade(alice)), Ok(50));
    let holding = chain.query(child.holding(alice)).expect("answered");
    assert_eq!((holding.units, holding.frozen), (50, true));
    assert!(chain.query(child.holding(bob)).expect("answered").frozen);
    assert_eq!(refused(chain.call(&setting.alice, child.transfer(alice, bob, 1))).len(), 2);
}

#[contract_test]
fn what_a_version_between_knows_goes_along_with_units_from_before(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let [alice, bob, carol] = [&setting.alice, &setting.bob, &setting.carol].map(|key| key.address);
    for holder in [&setting.alice, &setting.bob, &setting.carol] {
        setting.issue(chain, holder, 50).expect("issued");
    }
    chain.call(&setting.issuer, setting.parent.set_frozen(carol, true)).expect("frozen in the first");
    let second = setting.child(chain);
    let until = chain.time_ms() + 1_000_000;
    chain.call(&setting.issuer, second.set_frozen(alice, true)).expect("frozen in the second");
    chain.call(&setting.issuer, second.set_frozen_units(bob, 30)).expect("frozen in the second");
    chain.call(&setting.issuer, second.lock_up(bob, 40, until)).expect("locked up in the second");
    chain.call(&setting.issuer, second.set_frozen(carol, false)).expect("released in the second");
    let third = setting.next(chain, &second);
    for holder in [&setting.alice, &setting.bob, &setting.carol] {
        assert_eq!(chain.call(holder, setting.parent.upgrade(holder.address)), Ok(50));
    }
    assert_eq!(refused(chain.call(&setting.alice, third.transfer(alice, bob, 1))), [Reason::SenderFrozen]);
    let both = [Reason::UnitsFrozen { free: 20, want: 21 }, Reason::UnitsLocked { free: 10, want: 21 }];
    assert_eq!(refused(chain.call(&setting.bob, third.transfer(bob, carol, 21))), both);
    chain.call(&setting.carol, third.transfer(carol, bob, 50)).expect("released");
    assert_eq!(chain.query(second.holding(bob)), Ok(Holding::default()));
    assert_eq!(chain.query(third.outstanding()), Ok(150));
}
