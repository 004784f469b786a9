//! Every message once, as its README prices it: `COUNTERPART_GAS=DIR cargo test -p compliance prices` writes the gas of each
//! call, in this order.

use compliance::{ComplianceRef, Kind, Movement, Pace, Party, Rules, native_compliance};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Subject, contract_test};
use identity_registry::{Entry, IdentityRegistryRef, Kind as CustodyKind, native_identityregistry};

#[contract_test]
fn every_message_once(chain: &mut Chain) {
    let (office, alice, bob) = (chain.account("office"), chain.account("alice").address, chain.account("bob").address);
    let subject = Subject::new("identity-registry", native_identityregistry());
    let registry =
        IdentityRegistryRef::at(chain.deploy(&office, &subject, IdentityRegistryRef::new(0)).expect("deployed"));
    chain.call(&office, registry.set_registrar(office.address, true)).expect("appointed");
    let entry = |account, identity| Entry {
        account,
        identity: Hash([identity; 32]),
        country: 392,
        accredited: false,
        kind: CustodyKind::Investor,
        custodian: None,
        valid_until_ms: u64::MAX,
    };
    chain.call(&office, registry.register(vec![entry(alice, 1), entry(bob, 2)])).expect("registered");
    let subject = Subject::new("compliance", native_compliance());
    let compliance = chain.deploy(&office, &subject, ComplianceRef::new(registry.address, 0)).expect("deployed");
    let compliance = ComplianceRef::at(compliance);
    chain.call(&office, compliance.set_officer(office.address, true)).expect("appointed");
    chain.call(&office, compliance.set_token(office.address, true)).expect("admitted");
    let pace = Some(Pace { window_ms: 100_000, units: 100 });
    let rules = Rules { max_units: 1_000, max_holders: 99, lot: 5, pace, ..Rules::default() };
    chain.call(&office, compliance.set_rules(rules)).expect("set");
    let party = |account, units| Some(Party { account, units });
    let issue = Movement { kind: Kind::Issue, from: None, to: party(alice, 0), units: 100 };
    chain.call(&office, compliance.moved(issue)).expect("issued");
    let transfer = Movement { kind: Kind::Transfer, from: party(alice, 100), to: party(bob, 0), units: 50 };
    chain.call(&office, compliance.moved(transfer)).expect("moved");
    chain.call(&office, compliance.propose_admin(Some(office.address))).expect("proposed");
    chain.call(&office, compliance.accept_admin()).expect("accepted");
    assert_eq!(chain.query(compliance.holders()), Ok((2, 2)));
}
