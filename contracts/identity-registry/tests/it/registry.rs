//! Who belongs to whom, and until when.

use counterpart_sdk::{Address, Hash};
use counterpart_testing::{Account as Key, Chain, Failure, Subject, contract_test};
use identity_registry::{Entry, IdentityRegistryRef, Kind, RegistryError, RoleError, native_identityregistry};

fn deployed(chain: &mut Chain) -> (IdentityRegistryRef, Key, Key) {
    let (admin, registrar) = (chain.account("admin"), chain.account("registrar"));
    let subject = Subject::new("identity-registry", native_identityregistry());
    let registry =
        IdentityRegistryRef::at(chain.deploy(&admin, &subject, IdentityRegistryRef::new(0)).expect("deployed"));
    chain.call(&admin, registry.set_registrar(registrar.address, true)).expect("appointed");
    (registry, admin, registrar)
}

fn entry(account: Address) -> Entry {
    Entry {
        account,
        identity: Hash([1; 32]),
        country: 392,
        accredited: false,
        kind: Kind::Investor,
        custodian: None,
        valid_until_ms: u64::MAX,
    }
}

fn error<T>(result: Result<T, Failure<RegistryError>>) -> RegistryError {
    match result {
        Err(Failure::Error(error)) => error,
        _ => panic!("not refused with an error of the contract"),
    }
}

#[contract_test]
fn an_identity_holds_until_its_ms(chain: &mut Chain) {
    let (registry, _, registrar) = deployed(chain);
    let account = chain.account("alice").address;
    let entry = Entry { valid_until_ms: chain.time_ms() + 100_000, ..entry(account) };
    chain.call(&registrar, registry.register(vec![entry])).expect("registered");
    chain.advance_ms(entry.valid_until_ms - chain.time_ms() - 1);
    assert_eq!(chain.query(registry.identity(account)), Ok(Some(entry.identity)));
    chain.advance_ms(1);
    assert_eq!(chain.query(registry.identity(account)), Ok(None));
    assert_eq!(chain.query(registry.entries(None, 50)), Ok(vec![entry]));
    // An entry that has expired can be prolonged, by the same identity only.
    let expired = Entry { valid_until_ms: chain.time_ms(), ..entry };
    assert_eq!(error(chain.call(&registrar, registry.register(vec![expired]))), RegistryError::Expired);
    let longer = Entry { valid_until_ms: u64::MAX, ..entry };
    let other = Entry { identity: Hash([2; 32]), ..longer };
    assert_eq!(
        error(chain.call(&registrar, registry.register(vec![other]))),
        RegistryError::BelongsToOther { account }
    );
    chain.call(&registrar, registry.register(vec![longer])).expect("prolonged");
    assert_eq!(chain.query(registry.identity(account)), Ok(Some(entry.identity)));
    chain.call(&registrar, registry.revoke(account)).expect("revoked");
    assert_eq!(chain.query(registry.identity(account)), Ok(None));
    assert_eq!(error(chain.call(&registrar, registry.revoke(account))), RegistryError::Unknown { account });
    chain.call(&registrar, registry.register(vec![other])).expect("somebody else's now");
}

#[contract_test]
fn registrars_register_and_the_admin_appoints_them(chain: &mut Chain) {
    let (registry, admin, registrar) = deployed(chain);
    let account = admin.address;
    let entry = entry(account);
    assert_eq!(error(chain.call(&admin, registry.register(vec![entry]))), RegistryError::NotRegistrar);
    assert_eq!(error(chain.call(&admin, registry.revoke(account))), RegistryError::NotRegistrar);
    let not_admin = RegistryError::Admin { error: RoleError::NotAdmin };
    assert_eq!(error(chain.call(&registrar, registry.set_registrar(account, true))), not_admin);
    let many = vec![entry; 51];
    assert_eq!(error(chain.call(&registrar, registry.register(many))), RegistryError::TooMany { limit: 50 });
    chain.call(&admin, registry.propose_admin(Some(registrar.address))).expect("proposed");
    chain.call(&registrar, registry.accept_admin()).expect("accepted, without a delay");
    assert_eq!(chain.query(registry.admin()), Ok(registrar.address));
    chain.call(&registrar, registry.set_registrar(registrar.address, false)).expect("dismissed");
    assert_eq!(chain.query(registry.is_registrar(registrar.address)), Ok(false));
}

#[contract_test]
fn what_is_required_is_vouched_for_by_who_is_trusted(chain: &mut Chain) {
    let (registry, admin, registrar) = deployed(chain);
    let (issuer, account) = (chain.account("issuer"), chain.account("alice").address);
    let entry = entry(account);
    chain.call(&registrar, registry.register(vec![entry])).expect("registered");
    chain.call(&admin, registry.require_topics(vec![7, 9])).expect("required");
    assert_eq!(chain.query(registry.missing_topics(entry.identity)), Ok(vec![7, 9]));
    assert_eq!(chain.query(registry.investor(account)), Ok(None));
    let until = chain.time_ms() + 100_000;
    let claim = |topic| registry.add_claim(entry.identity, topic, until);
    assert_eq!(error(chain.call(&issuer, claim(7))), RegistryError::NotTrusted);
    chain.call(&admin, registry.trust(issuer.address, 7, true)).expect("trusted");
    chain.call(&issuer, claim(7)).expect("claimed");
    assert_eq!(error(chain.call(&issuer, claim(9))), RegistryError::NotTrusted);
    chain.call(&admin, registry.trust(issuer.address, 9, true)).expect("trusted");
    chain.call(&issuer, claim(9)).expect("claimed");
    let past = registry.add_claim(entry.identity, 9, chain.time_ms());
    assert_eq!(error(chain.call(&issuer, past)), RegistryError::Expired);
    assert_eq!(chain.query(registry.investor(account)), Ok(Some(entry)));
    // Who is trusted no more vouches for nothing, and can still take back what it said.
    chain.call(&admin, registry.trust(issuer.address, 9, false)).expect("trusted no more");
    assert_eq!(chain.query(registry.missing_topics(entry.identity)), Ok(vec![9]));
    chain.call(&issuer, registry.remove_claim(entry.identity, 9)).expect("taken back");
    assert_eq!(error(chain.call(&issuer, registry.remove_claim(entry.identity, 9))), RegistryError::NoClaim);
    assert_eq!(error(chain.call(&admin, registry.remove_claim(entry.identity, 7))), RegistryError::NoClaim);
    chain.call(&admin, registry.require_topics(vec![7])).expect("less is required");
    chain.advance_ms(until - chain.time_ms() - 1);
    assert_eq!(chain.query(registry.identity(account)), Ok(Some(entry.identity)));
    chain.advance_ms(1);
    assert_eq!(chain.query(registry.identity(account)), Ok(None));
    let not_admin = RegistryError::Admin { error: RoleError::NotAdmin };
    assert_eq!(error(chain.call(&issuer, registry.trust(issuer.address, 9, true))), not_admin);
    assert_eq!(error(chain.call(&issuer, registry.require_topics(vec![]))), not_admin);
    let many = registry.require_topics((0..17).collect());
    assert_eq!(error(chain.call(&admin, many)), RegistryError::TooMany { limit: 16 });
}

#[contract_test]
fn the_chain_of_custody_is_known_short_and_no_ring(chain: &mut Chain) {
    let (registry, _, registrar) = deployed(chain);
    let accounts: Vec<Address> = (0..10).map(|number| chain.account(&format!("account {number}")).address).collect();
    let below = |number: usize| Entry {
        custodian: number.checked_sub(1).map(|above| accounts[above]),
        kind: if number == 0 { Kind::Custodian } else { Kind::Custodial },
        ..entry(accounts[number])
    };
    let unknown = RegistryError::Custody { account: accounts[1] };
    assert_eq!(error(chain.call(&registrar, registry.register(vec![below(1)]))), unknown);
    chain.call(&registrar, registry.register((0..8).map(below).collect())).expect("seven below one");
    let above: Vec<Address> = accounts[..7].iter().rev().copied().collect();
    assert_eq!(chain.query(registry.custodians(accounts[7])), Ok(above));
    let long = RegistryError::Custody { account: accounts[8] };
    assert_eq!(error(chain.call(&registrar, registry.register(vec![below(8)]))), long);
    let ring = Entry { custodian: Some(accounts[2]), ..below(0) };
    let ring = chain.call(&registrar, registry.register(vec![ring]));
    assert_eq!(error(ring), RegistryError::Custody { account: accounts[0] });
    let own = Entry { custodian: Some(accounts[9]), ..entry(accounts[9]) };
    let own = chain.call(&registrar, registry.register(vec![own]));
    assert_eq!(error(own), RegistryError::Custody { account: accounts[9] });
}
