//! What the token does and what it refuses, as native code and as Wasm.

use counterpart_sdk::{ContractError, Event};
use counterpart_testing::{Account, Chain, Failure, Subject, contract_test};
use token::{TokenError, TokenRef, Transferred, native_token};

fn deployed(chain: &mut Chain) -> (TokenRef, Account, Account, Account) {
    let (owner, alice, bob) = (chain.account("owner"), chain.account("alice"), chain.account("bob"));
    let subject = Subject::new("token", native_token());
    let address = chain.deploy(&owner, &subject, TokenRef::new("Acorn".into(), "ACN".into(), 2)).expect("deployed");
    let token = TokenRef::at(address);
    chain.call(&owner, token.mint(alice.address, 100)).expect("minted");
    (token, owner, alice, bob)
}

fn unauthorized<T, E>(token: &TokenRef) -> Result<T, Failure<E>> {
    Err(Failure::Reverted { contract: token.address, code: 0xFFFF_0005 })
}

#[contract_test]
fn metadata_and_supply_are_what_was_deployed_and_minted(chain: &mut Chain) {
    let (token, owner, alice, _) = deployed(chain);
    assert_eq!(chain.query(token.name()), Ok("Acorn".into()));
    assert_eq!(chain.query(token.symbol()), Ok("ACN".into()));
    assert_eq!(chain.query(token.decimals()), Ok(2));
    assert_eq!(chain.query(token.owner()), Ok(owner.address));
    assert_eq!(chain.query(token.total_supply()), Ok(100));
    assert_eq!(chain.query(token.balance_of(alice.address)), Ok(100));
}

#[contract_test]
fn a_transfer_moves_units_and_reports_it(chain: &mut Chain) {
    let (token, _, alice, bob) = deployed(chain);
    chain.call(&alice, token.transfer(alice.address, bob.address, 30)).expect("moved");
    let event = chain.events().last().expect("an event");
    assert_eq!(event.topics[0].0, Transferred::EVENT.topic);
    assert_eq!((event.topics[1].0, event.topics[2].0), (alice.address.0, bob.address.0));
    assert_eq!(chain.query(token.balance_of(alice.address)), Ok(70));
    assert_eq!(chain.query(token.balance_of(bob.address)), Ok(30));
    // To oneself: nothing moves, nothing is made.
    chain.call(&bob, token.transfer(bob.address, bob.address, 30)).expect("moved");
    assert_eq!(chain.query(token.balance_of(bob.address)), Ok(30));
    assert_eq!(chain.query(token.total_supply()), Ok(100));
}

#[contract_test]
fn a_transfer_above_the_balance_reverts_and_keeps_state(chain: &mut Chain) {
    let (token, _, alice, bob) = deployed(chain);
    let refused = chain.call(&alice, token.transfer(alice.address, bob.address, 101));
    assert_eq!(refused, Err(Failure::Error(TokenError::InsufficientBalance { have: 100, want: 101 })));
    assert_eq!(chain.query(token.can_transfer(alice.address, bob.address, 101)), Ok(false));
    assert_eq!(chain.query(token.can_transfer(alice.address, bob.address, 100)), Ok(true));
    assert_eq!(chain.query(token.balance_of(alice.address)), Ok(100));
}

#[contract_test]
fn nobody_moves_units_without_the_holders_consent(chain: &mut Chain) {
    let (token, _, alice, bob) = deployed(chain);
    let take = token.transfer(alice.address, bob.address, 1);
    assert_eq!(chain.call(&bob, take.clone()), unauthorized(&token));
    assert_eq!(chain.call_with(&bob, &[&alice], take), Ok(()));
    assert_eq!(chain.query(token.balance_of(bob.address)), Ok(1));
}

#[contract_test]
fn an_allowance_is_used_up_and_can_be_taken_back(chain: &mut Chain) {
    let (token, _, alice, bob) = deployed(chain);
    assert_eq!(chain.call(&bob, token.approve(alice.address, bob.address, 50)), unauthorized(&token));
    chain.call(&alice, token.approve(alice.address, bob.address, 50)).expect("approved");
    let spend = |units| token.transfer_from(bob.address, alice.address, bob.address, units);
    assert_eq!(chain.call(&alice, spend(1)), unauthorized(&token));
    assert_eq!(chain.call(&bob, spend(20)), Ok(()));
    assert_eq!(chain.query(token.allowance(alice.address, bob.address)), Ok(30));
    let refused = chain.call(&bob, spend(31));
    assert_eq!(refused, Err(Failure::Error(TokenError::InsufficientAllowance { have: 30, want: 31 })));
    chain.call(&alice, token.approve(alice.address, bob.address, 500)).expect("approved");
    let refused = chain.call(&bob, spend(81));
    assert_eq!(refused, Err(Failure::Error(TokenError::InsufficientBalance { have: 80, want: 81 })));
    assert_eq!(chain.query(token.allowance(alice.address, bob.address)), Ok(500));
    chain.call(&alice, token.approve(alice.address, bob.address, 0)).expect("taken back");
    assert!(chain.call(&bob, spend(1)).is_err());
}

#[contract_test]
fn only_the_owner_mints_and_never_beyond_what_can_be_counted(chain: &mut Chain) {
    let (token, owner, alice, bob) = deployed(chain);
    assert_eq!(chain.call(&alice, token.mint(alice.address, 1)), unauthorized(&token));
    let refused = chain.call(&owner, token.mint(bob.address, u128::MAX));
    assert_eq!(refused, Err(Failure::Error(TokenError::Overflow)));
    chain.call(&owner, token.mint(bob.address, u128::MAX - 100)).expect("minted to the last unit");
    assert_eq!(chain.query(token.total_supply()), Ok(u128::MAX));
}

#[test]
fn error_codes_are_stable() {
    assert_eq!(TokenError::InsufficientBalance { have: 0, want: 1 }.code(), 1);
    assert_eq!(TokenError::InsufficientAllowance { have: 0, want: 1 }.code(), 2);
    assert_eq!(TokenError::Overflow.code(), 3);
}
