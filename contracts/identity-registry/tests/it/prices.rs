//! Every message once, as its README prices it: `COUNTERPART_GAS=DIR cargo test -p identity-registry prices` writes the gas
//! of each call, in this order.

use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Subject, contract_test};
use identity_registry::{Entry, IdentityRegistryRef, Kind, native_identityregistry};

#[contract_test]
fn every_message_once(chain: &mut Chain) {
    let admin = chain.account("admin");
    let subject = Subject::new("identity-registry", native_identityregistry());
    let registry =
        IdentityRegistryRef::at(chain.deploy(&admin, &subject, IdentityRegistryRef::new(0)).expect("deployed"));
    let entries: Vec<Entry> = (0..50_u8)
        .map(|number| Entry {
            account: chain.account(&format!("person {number}")).address,
            identity: Hash([number; 32]),
            country: 392,
            accredited: false,
            kind: Kind::Investor,
            custodian: None,
            valid_until_ms: u64::MAX,
        })
        .collect();
    chain.call(&admin, registry.set_registrar(admin.address, true)).expect("appointed");
    chain.call(&admin, registry.register(vec![entries[0]])).expect("one");
    chain.call(&admin, registry.register(entries.clone())).expect("fifty");
    chain.call(&admin, registry.revoke(entries[0].account)).expect("revoked");
    chain.call(&admin, registry.trust(admin.address, 1, true)).expect("trusted");
    chain.call(&admin, registry.require_topics(vec![1])).expect("required");
    chain.call(&admin, registry.add_claim(entries[1].identity, 1, u64::MAX)).expect("claimed");
    chain.call(&admin, registry.remove_claim(entries[1].identity, 1)).expect("taken back");
    chain.call(&admin, registry.propose_admin(Some(admin.address))).expect("proposed");
    chain.call(&admin, registry.accept_admin()).expect("accepted");
    assert_eq!(chain.query(registry.entries(None, 50)).expect("answered").len(), 49);
}
