//! From parent to child: lineage, acknowledgement, and what moves along.

use counterpart_sdk::{Address, Hash};
use counterpart_testing::{Account, Chain, Failure, Subject, contract_test};
use security_token::{
    ADMIN_DELAY_MS, Holding, Reason, Role, Scope, SecurityTokenRef, TokenError, native_securitytoken,
};
use security_token_v2::{SecurityTokenV2Ref, native_securitytokenv2};

fn parent() -> Subject {
    Subject::new("security-token", native_securitytoken())
}

fn next_version() -> Subject {
    Subject::new("security-token-v2", native_securitytokenv2())
}

struct Case {
    issuer: Account,
    holders: Vec<Account>,
    parent: SecurityTokenRef,
}

/// A token with five holders of 100 units, of whom the second is frozen and the third locked.
fn issued(chain: &mut Chain) -> Case {
    let issuer = chain.account("issuer");
    let constructor = SecurityTokenRef::new("Harbour Fund".into(), "HRB".into(), 0);
    let token = SecurityTokenRef::at(chain.deploy(&issuer, &parent(), constructor).expect("deployed"));
    let holders: Vec<Account> = (0..5).map(|index| chain.account(&format!("holder {index}"))).collect();
    for holder in &holders {
        chain.call(&issuer, token.issue(holder.address, 100)).expect("issued");
    }
    chain.call(&issuer, token.set_frozen(holders[1].address, true)).expect("frozen");
    let until = chain.time_ms() + 1_000_000;
    chain.call(&issuer, token.lock_until(holders[2].address, until)).expect("locked");
    Case { issuer, holders, parent: token }
}

fn upgraded(chain: &mut Chain, case: &Case) -> SecurityTokenV2Ref {
    let constructor = SecurityTokenV2Ref::successor(case.parent.address);
    let next = SecurityTokenV2Ref::at(chain.deploy(&case.issuer, &next_version(), constructor).expect("deployed"));
    chain.call(&case.issuer, case.parent.set_upgraded_address(next.address)).expect("acknowledged");
    next
}

#[contract_test]
fn a_transfer_is_refused_for_all_reasons_at_once(chain: &mut Chain) {
    let case = issued(chain);
    let (frozen, locked) = (&case.holders[1], &case.holders[2]);
    let lock = chain.query(case.parent.holding(locked.address)).expect("answered").locked_until_ms;
    let refused = chain.call(locked, case.parent.transfer(locked.address, frozen.address, 101));
    let reasons = vec![
        Reason::InsufficientBalance { have: 100, want: 101 },
        Reason::LockedUntil { time_ms: lock },
        Reason::ReceiverFrozen,
    ];
    assert_eq!(refused, Err(Failure::Error(TokenError::TransferRefused { reasons })));
    chain.advance_ms(2_000_000);
    let (free, locked) = (case.holders[0].clone(), locked.clone());
    chain.call(&locked, case.parent.transfer(locked.address, free.address, 100)).expect("the lock has passed");
    assert_eq!(chain.query(case.parent.balance_of(free.address)), Ok(200));
}

#[contract_test]
fn nobody_moves_units_of_others(chain: &mut Chain) {
    let case = issued(chain);
    let (thief, victim) = (case.holders[3].clone(), case.holders[4].clone());
    let stolen = chain.call(&thief, case.parent.transfer(victim.address, thief.address, 1));
    assert!(matches!(stolen, Err(Failure::Reverted { code: 0xFFFF_0005, .. })), "{stolen:?}");
    let signed = chain.call_with(&thief, &[&victim], case.parent.transfer(victim.address, thief.address, 1));
    assert_eq!(signed, Ok(()));
    let needless = chain.call_with(&thief, &[&victim], case.parent.transfer(thief.address, victim.address, 1));
    assert_eq!(needless, Err(Failure::NeedlessSignature { name: "holder 4".into() }));
    let issued = chain.call(&thief, case.parent.issue(thief.address, 1));
    assert_eq!(issued, Err(Failure::Error(TokenError::MissingRole { role: Role::Issuer })));
}

#[contract_test]
fn the_upgraded_address_is_set_once_and_only_to_a_child_that_acknowledges(chain: &mut Chain) {
    let case = issued(chain);
    let stranger = SecurityTokenRef::new("Other".into(), "OTH".into(), 0);
    let stranger = chain.deploy(&case.issuer, &parent(), stranger).expect("deployed");
    for address in [stranger, case.parent.address, Address([9; 32]), case.issuer.address] {
        let refused = chain.call(&case.issuer, case.parent.set_upgraded_address(address));
        assert_eq!(refused, Err(Failure::Error(TokenError::NotAcknowledged { child: address })));
    }
    let child = upgraded(chain, &case);
    let again = chain.call(&case.issuer, case.parent.set_upgraded_address(child.address));
    assert_eq!(again, Err(Failure::Error(TokenError::AlreadyUpgraded { child: child.address })));
    let constructor = SecurityTokenV2Ref::successor(case.parent.address);
    let impostor = chain.deploy(&case.holders[0], &next_version(), constructor);
    assert!(impostor.is_err(), "only the parent's issuer makes a child");
}

#[contract_test]
fn units_freezes_and_locks_move_to_the_child_and_the_parent_keeps_the_trail(chain: &mut Chain) {
    let case = issued(chain);
    let child = upgraded(chain, &case);
    let first = case.holders[0].clone();
    assert_eq!(chain.call(&first, case.parent.upgrade(first.address)), Ok(100));
    let again = chain.call(&first, case.parent.upgrade(first.address));
    assert_eq!(again, Err(Failure::Error(TokenError::NothingToMove { holder: first.address })));
    let before: Vec<Holding> = case
        .holders
        .iter()
        .skip(1)
        .map(|holder| chain.query(case.parent.holding(holder.address)).expect("answered"))
        .collect();
    let addresses: Vec<Address> = case.holders.iter().map(|holder| holder.address).collect();
    // The first has moved already, and one is named twice.
    let page = case.parent.upgrade_page(vec![addresses[0], addresses[1], addresses[2], addresses[2]]);
    assert_eq!(chain.call(&case.issuer, page), Ok(2));
    assert_eq!(chain.call(&case.issuer, case.parent.upgrade_page(addresses.clone())), Ok(2));
    assert_eq!(chain.call(&case.issuer, case.parent.upgrade_page(addresses)), Ok(0));
    for (holder, before) in case.holders.iter().skip(1).zip(before) {
        assert_eq!(chain.query(child.holding(holder.address)), Ok(before));
        assert_eq!(chain.query(case.parent.balance_of(holder.address)), Ok(0));
    }
    assert_eq!(chain.query(case.parent.balance_of(child.address)), Ok(500));
    assert_eq!(chain.query(child.total_supply()), Ok(500));
    assert_eq!(chain.query(case.parent.name()), Ok("Harbour Fund".into()));
    assert_eq!(chain.query(child.name()), Ok("Harbour Fund".into()));
    let late = chain.call(&case.issuer, case.parent.issue(first.address, 1));
    assert_eq!(late, Err(Failure::Error(TokenError::IssuanceFinished)));
    let in_parent = chain.call(&first, case.parent.transfer(first.address, case.holders[3].address, 1));
    let reasons = vec![Reason::InsufficientBalance { have: 0, want: 1 }, Reason::Upgraded { child: child.address }];
    assert_eq!(in_parent, Err(Failure::Error(TokenError::TransferRefused { reasons })));
}

#[contract_test]
fn the_child_takes_holders_from_its_parent_only(chain: &mut Chain) {
    let case = issued(chain);
    let child = upgraded(chain, &case);
    let thief = case.holders[3].clone();
    let holding = Holding { units: 1_000, ..Holding::default() };
    let forged = chain.call(&thief, child.on_upgrade_from_parent(thief.address, holding, 0));
    assert_eq!(forged, Err(Failure::Error(TokenError::NotParent)));
}

#[contract_test]
fn frozen_units_move_along_and_stay_frozen(chain: &mut Chain) {
    let case = issued(chain);
    let holder = &case.holders[0];
    chain.call(&case.issuer, case.parent.set_frozen_units(holder.address, 60)).expect("frozen");
    let next = upgraded(chain, &case);
    chain.call(holder, case.parent.upgrade(holder.address)).expect("moved over");
    assert_eq!(chain.query(case.parent.holding(holder.address)), Ok(Holding::default()));
    let there = Holding { units: 100, frozen_units: 60, ..Holding::default() };
    assert_eq!(chain.query(next.holding(holder.address)), Ok(there));
    let reasons = vec![Reason::UnitsFrozen { free: 40, want: 41 }];
    let refused = chain.call(holder, next.transfer(holder.address, case.holders[3].address, 41));
    assert_eq!(refused, Err(Failure::Error(TokenError::TransferRefused { reasons })));
    chain.call(&case.issuer, next.forced_transfer(holder.address, case.holders[3].address, 41)).expect("forced");
    assert_eq!(chain.query(next.holding(holder.address)).expect("answered").frozen_units, 59);
    // Units of the parent move to the child only, by force and by recovery as well.
    let forced = chain.call(&case.issuer, case.parent.forced_transfer(case.holders[3].address, holder.address, 1));
    assert_eq!(forced, Err(Failure::Error(TokenError::AlreadyUpgraded { child: next.address })));
}

#[contract_test]
fn the_child_is_a_register_of_its_own(chain: &mut Chain) {
    let case = issued(chain);
    let child = upgraded(chain, &case);
    let (first, fourth) = (case.holders[0].clone(), case.holders[3].clone());
    chain.call(&case.issuer, case.parent.upgrade_page(vec![first.address, fourth.address])).expect("moved");
    assert_eq!((chain.query(child.symbol()), chain.query(child.version())), (Ok("HRB".into()), Ok(2)));
    chain.call(&case.issuer, child.set_paused(Scope::Transfers, true)).expect("paused");
    assert_eq!(chain.query(child.is_paused(Scope::Transfers)), Ok(true));
    assert_eq!(chain.query(case.parent.is_paused(Scope::Transfers)), Ok(false));
    let paused = chain.call(&first, child.transfer(first.address, fourth.address, 1));
    let reasons = vec![Reason::Paused];
    assert_eq!(paused, Err(Failure::Error(TokenError::TransferRefused { reasons })));
    chain.call(&case.issuer, child.set_paused(Scope::Transfers, false)).expect("goes on");
    let new = chain.account("another account of the first");
    assert_eq!(chain.call(&case.issuer, child.recover(first.address, new.address)), Ok(100));
    assert_eq!(
        (chain.query(child.balance_of(new.address)), chain.query(child.balance_of(first.address))),
        (Ok(100), Ok(0))
    );
    // All units of a partition are converted, and back.
    chain.call(&case.issuer, child.open_partition("preferred".into())).expect("opened");
    chain.call(&case.issuer, child.convert(new.address, 0, 1, 100)).expect("all of them");
    chain.call(&case.issuer, child.convert(new.address, 1, 0, 100)).expect("all of them");
    // Another admin, who appoints here and not in the parent.
    chain.call(&case.issuer, child.publish_document("terms".into(), Hash([7; 32]))).expect("published");
    assert_eq!(chain.query(child.document("terms".into())), Ok(Some(Hash([7; 32]))));
    chain.call(&case.issuer, child.propose_admin(Some(fourth.address))).expect("proposed");
    chain.advance_ms(ADMIN_DELAY_MS);
    chain.call(&fourth, child.accept_admin()).expect("accepted");
    assert_eq!(
        (chain.query(child.issuer()), chain.query(case.parent.issuer())),
        (Ok(fourth.address), Ok(case.issuer.address))
    );
    chain.call(&fourth, child.set_role(Role::Pauser, fourth.address, true)).expect("appointed");
    assert_eq!(chain.query(child.has_role(Role::Pauser, fourth.address)), Ok(true));
    chain.call(&case.issuer, child.finish_issuance()).expect("still the issuer");
    let finished = chain.call(&case.issuer, child.issue(new.address, 0, 1));
    assert_eq!(finished, Err(Failure::Error(TokenError::IssuanceFinished)));
    assert_eq!(
        (chain.query(child.holder_count()), chain.query(child.holders(None, 1)).map(|page| page.len())),
        (Ok(2), Ok(1))
    );
}
