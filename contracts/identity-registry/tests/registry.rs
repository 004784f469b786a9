//! Who belongs to whom, and until when.

use counterpart_sdk::Hash;
use counterpart_testing::{Account as Key, Chain, Failure, Subject, contract_test};
use identity_registry::{Entry, IdentityRegistryRef, RegistryError, RoleError, native_identityregistry};

fn deployed(chain: &mut Chain) -> (IdentityRegistryRef, Key, Key) {
    let (admin, registrar) = (chain.account("admin"), chain.account("registrar"));
    let subject = Subject::new("identity-registry", native_identityregistry());
    let registry =
        IdentityRegistryRef::at(chain.deploy(&admin, &subject, IdentityRegistryRef::new(0)).expect("deployed"));
    chain.call(&admin, registry.set_registrar(registrar.address, true)).expect("appointed");
    (registry, admin, registrar)
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
    let entry = Entry { account, identity: Hash([1; 32]), valid_until_ms: chain.time_ms() + 100_000 };
    chain.call(&registrar, registry.register(vec![entry])).expect("registered");
    chain.advance_ms(entry.valid_until_ms - chain.time_ms() - 1);
    assert_eq!(chain.query(registry.identity(account)), Ok(Some(entry.identity)));
    chain.advance_ms(1);
    assert_eq!(chain.query(registry.identity(account)), Ok(None));
    assert_eq!(chain.query(registry.entries(None, 50)), Ok(vec![entry]));
    // An entry that has expired can be prolonged, by the same identity only.
    let expired = Entry { valid_until_ms: chain.time_ms(), ..entry };
    assert_eq!(error(chain.call(&registrar, registry.register(vec![expired]))), RegistryError::Expired { account });
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
    let entry = Entry { account, identity: Hash([1; 32]), valid_until_ms: u64::MAX };
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
