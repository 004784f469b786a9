//! Every message once, as its README prices it: `COUNTERPART_GAS=DIR cargo test -p security-token prices` writes the gas of
//! each call, in this order. What moves to a child is priced with the child.

use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Subject, contract_test};
use security_token::{ADMIN_DELAY_MS, Ratio, Role, Scope, SecurityTokenRef, native_securitytoken};

#[contract_test]
fn every_message_once(chain: &mut Chain) {
    let [issuer, alice, bob] = ["issuer", "alice", "bob"].map(|name| chain.account(name));
    let subject = Subject::new("security-token", native_securitytoken());
    let constructor = SecurityTokenRef::new("Acme".into(), "ACME".into(), 0);
    let token = SecurityTokenRef::at(chain.deploy(&issuer, &subject, constructor).expect("deployed"));
    let (a, b) = (alice.address, bob.address);
    chain.call(&issuer, token.issue(a, 100)).expect("issued");
    chain.call(&alice, token.transfer(a, b, 10)).expect("moved");
    chain.call(&alice, token.approve(a, b, 0, 50, u64::MAX)).expect("approved");
    chain.call(&bob, token.transfer_from(b, a, b, 10)).expect("spent");
    chain.call(&alice, token.redeem(a, 10)).expect("given back");
    chain.call(&issuer, token.set_frozen(a, true)).expect("frozen");
    chain.call(&issuer, token.set_frozen_units(a, 10)).expect("frozen");
    chain.call(&issuer, token.lock_until(a, 1)).expect("locked");
    chain.call(&issuer, token.lock_up(a, 10, 1)).expect("locked up");
    chain.call(&issuer, token.forced_transfer(a, b, 10)).expect("forced");
    chain.call(&issuer, token.recover(a, b)).expect("recovered");
    chain.call(&issuer, token.begin_split(Ratio { new: 3, old: 2 })).expect("begun");
    assert_eq!(chain.call(&alice, token.split_page(vec![b])), Ok(0));
    chain.call(&issuer, token.set_paused(Scope::Transfers, true)).expect("paused");
    chain.call(&issuer, token.publish_document("terms".into(), Hash::ZERO)).expect("published");
    chain.call(&issuer, token.finish_issuance()).expect("finished");
    chain.call(&issuer, token.set_role(Role::Agent, a, true)).expect("appointed");
    chain.call(&issuer, token.propose_admin(Some(a))).expect("proposed");
    chain.advance_ms(ADMIN_DELAY_MS);
    chain.call(&alice, token.accept_admin()).expect("accepted");
    chain.call(&alice, token.deactivate()).expect("deactivated");
    assert_eq!(chain.query(token.total_supply()), Ok(135));
}
