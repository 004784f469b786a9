//! What the token does, how it is handed over, and what it refuses, as native code and as Wasm.

use counterpart_sdk::lineage::LineageError;
use counterpart_testing::{Account, Chain, Failure, Subject, contract_test};
use upgradeable_token::{TokenError, TokenRef, native_token};

fn deploy(chain: &mut Chain, owner: &Account, symbol: &str, parent: Option<&TokenRef>) -> TokenRef {
    let subject = Subject::new("upgradeable-token", native_token());
    let constructor = TokenRef::new(symbol.into(), parent.map(|token| token.address));
    TokenRef::at(chain.deploy(owner, &subject, constructor).expect("deployed"))
}

#[contract_test]
fn a_holder_takes_units_along_and_nothing_is_made_or_lost(chain: &mut Chain) {
    let (owner, alice, bob) = (chain.account("owner"), chain.account("alice"), chain.account("bob"));
    let first = deploy(chain, &owner, "ONE", None);
    chain.call(&owner, first.mint(alice.address, 100)).expect("minted");
    chain.call(&alice, first.transfer(alice.address, bob.address, 30)).expect("moved");
    let second = deploy(chain, &owner, "TWO", Some(&first));
    chain.call(&owner, first.set_upgraded_address(second.address)).expect("handed over");
    assert_eq!(chain.query(first.upgraded_address()), Ok(Some(second.address)));
    assert_eq!(chain.query(second.parent()), Ok(Some(first.address)));

    assert_eq!(chain.call(&alice, first.upgrade(alice.address)), Ok(70));
    assert_eq!(chain.query(first.balance_of(alice.address)), Ok(0));
    assert_eq!(chain.query(second.balance_of(alice.address)), Ok(70));
    // Whoever did not come along still holds the first version, which still works.
    chain.call(&bob, first.transfer(bob.address, alice.address, 10)).expect("moved");
    assert_eq!(chain.query(first.total_supply()), Ok(30));
    assert_eq!(chain.query(second.total_supply()), Ok(70));
}

#[contract_test]
fn a_token_is_handed_over_once_and_to_its_own_child(chain: &mut Chain) {
    let owner = chain.account("owner");
    let first = deploy(chain, &owner, "ONE", None);
    let stranger = deploy(chain, &owner, "NOT", None);
    let refused = |reason| Err(Failure::Error(TokenError::Lineage { reason }));
    let result = chain.call(&owner, first.set_upgraded_address(stranger.address));
    assert_eq!(result, refused(LineageError::NotAcknowledged { child: stranger.address }));
    let nowhere = chain.account("nobody").address;
    let result = chain.call(&owner, first.set_upgraded_address(nowhere));
    assert_eq!(result, refused(LineageError::NotAcknowledged { child: nowhere }));
    let second = deploy(chain, &owner, "TWO", Some(&first));
    chain.call(&owner, first.set_upgraded_address(second.address)).expect("handed over");
    let third = deploy(chain, &owner, "TRE", Some(&first));
    let result = chain.call(&owner, first.set_upgraded_address(third.address));
    assert_eq!(result, refused(LineageError::AlreadyUpgraded { child: second.address }));
    assert_eq!(chain.call(&owner, first.mint(nowhere, 1)), Err(Failure::Error(TokenError::HandedOver)));
}

#[contract_test]
fn units_enter_a_child_through_its_parent_alone(chain: &mut Chain) {
    let (owner, alice) = (chain.account("owner"), chain.account("alice"));
    let first = deploy(chain, &owner, "ONE", None);
    let second = deploy(chain, &owner, "TWO", Some(&first));
    let refused = |reason| Err(Failure::Error(TokenError::Lineage { reason }));
    let result = chain.call(&owner, second.on_upgrade_from_parent(alice.address, 5));
    assert_eq!(result, refused(LineageError::NotParent));
    assert_eq!(
        chain.call(&alice, first.upgrade(alice.address)),
        Err(Failure::Error(TokenError::Lineage { reason: LineageError::NotUpgraded }))
    );
    chain.call(&owner, first.set_upgraded_address(second.address)).expect("handed over");
    assert_eq!(chain.call(&alice, first.upgrade(alice.address)), Err(Failure::Error(TokenError::NothingToMove)));
    chain.call(&owner, first.mint(alice.address, 5)).expect_err("the owner mints in the child now");
}

#[contract_test]
fn nobody_moves_or_takes_along_what_is_not_theirs(chain: &mut Chain) {
    let (owner, alice, bob) = (chain.account("owner"), chain.account("alice"), chain.account("bob"));
    let token = deploy(chain, &owner, "ONE", None);
    chain.call(&owner, token.mint(alice.address, 9)).expect("minted");
    let unauthorized = |contract| Failure::Reverted { contract, code: 0xFFFF_0005 };
    let result = chain.call(&bob, token.transfer(alice.address, bob.address, 1));
    assert_eq!(result, Err(unauthorized(token.address)));
    assert_eq!(chain.call(&bob, token.upgrade(alice.address)), Err(unauthorized(token.address)));
    let result = chain.call(&bob, token.set_upgraded_address(bob.address));
    assert_eq!(result, Err(unauthorized(token.address)));
    let result = chain.call(&alice, token.transfer(alice.address, bob.address, 10));
    assert_eq!(result, Err(Failure::Error(TokenError::InsufficientBalance { have: 9, want: 10 })));
    let result = chain.call(&owner, token.mint(bob.address, u128::MAX));
    assert_eq!(result, Err(Failure::Error(TokenError::Overflow)));
}
