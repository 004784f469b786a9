//! Every message once, as its README prices it: `COUNTERPART_GAS=DIR cargo test -p dividend-desk prices` writes the gas of
//! each call, in this order.

use compliance::{ComplianceRef, Kind, Movement, Party, native_compliance};
use counterpart_sdk::{Address, Hash};
use counterpart_testing::{Chain, Subject, contract_test};
use dividend_desk::{DividendDeskRef, Payment, native_dividenddesk};
use identity_registry::{Entry, IdentityRegistryRef, Kind as CustodyKind, native_identityregistry};

#[contract_test]
fn every_message_once(chain: &mut Chain) {
    let office = chain.account("office");
    let people: Vec<_> = (0..52).map(|number| chain.account(&format!("person {number}"))).collect();
    let accounts: Vec<Address> = people.iter().map(|person| person.address).collect();
    let subject = Subject::new("identity-registry", native_identityregistry());
    let registry = chain.deploy(&office, &subject, IdentityRegistryRef::new(0)).expect("deployed");
    let registry = IdentityRegistryRef::at(registry);
    let subject = Subject::new("compliance", native_compliance());
    let compliance = chain.deploy(&office, &subject, ComplianceRef::new(registry.address, 0)).expect("deployed");
    let compliance = ComplianceRef::at(compliance);
    chain.call(&office, registry.set_registrar(office.address, true)).expect("appointed");
    chain.call(&office, compliance.set_token(office.address, true)).expect("admitted");
    for (account, number) in accounts.iter().zip(0_u8..) {
        let entry = Entry {
            account: *account,
            identity: Hash([number; 32]),
            country: 392,
            accredited: false,
            kind: CustodyKind::Investor,
            custodian: None,
            valid_until_ms: u64::MAX,
        };
        chain.call(&office, registry.register(vec![entry])).expect("registered");
        let to = Some(Party { account: *account, units: 0 });
        let issue = Movement { kind: Kind::Issue, from: None, to, units: 10 };
        chain.call(&office, compliance.moved(issue)).expect("issued");
    }
    let subject = Subject::new("dividend-desk", native_dividenddesk());
    let desk = chain.deploy(&office, &subject, DividendDeskRef::new(compliance.address, 0)).expect("deployed");
    let desk = DividendDeskRef::at(desk);
    let now = chain.time_ms();
    chain.call(&office, desk.declare(now - 1, now + 900_000).with_value(530)).expect("declared");
    assert_eq!(chain.call(&people[50], desk.claim(accounts[50], 0)), Ok(10));
    let paid = Payment::Paid { amount: 10 };
    assert_eq!(chain.call(&office, desk.push(0, vec![accounts[51]])), Ok(vec![paid]));
    assert_eq!(chain.call(&office, desk.push(0, accounts[..50].to_vec())), Ok(vec![paid; 50]));
    chain.advance_ms(900_000);
    assert_eq!(chain.call(&office, desk.take_back(0)), Ok(10));
    chain.call(&office, desk.propose_admin(Some(accounts[0]))).expect("proposed");
    chain.call(&people[0], desk.accept_admin()).expect("accepted");
}
