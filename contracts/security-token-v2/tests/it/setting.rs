//! A token with a registry and rules, for tests of what happens over several versions.

use compliance::{ComplianceRef, native_compliance};
use counterpart_sdk::{Address, Constructor, Hash, NativeContract};
use counterpart_testing::{Account as Key, Chain, Failure, Subject};
use identity_registry::{Entry, IdentityRegistryRef, Kind as CustodyKind, native_identityregistry};
use security_token::{Reason, SecurityTokenRef, TokenError, native_securitytoken};
use security_token_v2::{SecurityTokenV2Ref, native_securitytokenv2};

pub const JAPAN: u16 = 392;

pub struct Setting {
    pub registry: IdentityRegistryRef,
    pub compliance: ComplianceRef,
    pub parent: SecurityTokenRef,
    pub issuer: Key,
    pub alice: Key,
    pub bob: Key,
    pub carol: Key,
}

pub fn deploy(
    chain: &mut Chain,
    by: &Key,
    name: &'static str,
    native: NativeContract,
    constructor: Constructor,
) -> Address {
    chain.deploy(by, &Subject::new(name, native), constructor).expect("deployed")
}

pub fn refused<T: std::fmt::Debug>(result: Result<T, Failure<TokenError>>) -> Vec<Reason> {
    match result {
        Err(Failure::Error(TokenError::TransferRefused { reasons })) => reasons,
        other => panic!("{other:?}"),
    }
}

impl Setting {
    pub fn new(chain: &mut Chain) -> Self {
        let [issuer, alice, bob, carol] = ["issuer", "alice", "bob", "carol"].map(|name| chain.account(name));
        let by = &issuer;
        let registry = IdentityRegistryRef::new(0);
        let registry = deploy(chain, by, "identity-registry", native_identityregistry(), registry);
        let compliance = deploy(chain, by, "compliance", native_compliance(), ComplianceRef::new(registry, 0));
        let constructor = SecurityTokenRef::new("Acme".into(), "ACME".into(), 0);
        let parent = deploy(chain, by, "security-token", native_securitytoken(), constructor);
        let registry = IdentityRegistryRef::at(registry);
        let (compliance, parent) = (ComplianceRef::at(compliance), SecurityTokenRef::at(parent));
        chain.call(by, registry.set_registrar(by.address, true)).expect("appointed");
        chain.call(by, compliance.set_officer(by.address, true)).expect("appointed");
        chain.call(by, compliance.set_token(parent.address, true)).expect("admitted");
        chain.call(by, parent.set_compliance(compliance.address)).expect("chosen");
        let entries = [(&alice, 1), (&bob, 2), (&carol, 3)].map(|(key, identity)| Entry {
            account: key.address,
            identity: Hash([identity; 32]),
            country: JAPAN,
            accredited: false,
            kind: CustodyKind::Investor,
            custodian: None,
            valid_until_ms: u64::MAX,
        });
        chain.call(by, registry.register(entries.to_vec())).expect("registered");
        Self { registry, compliance, parent, issuer, alice, bob, carol }
    }

    /// A child that the parent names and the rules admit.
    pub fn child(&self, chain: &mut Chain) -> SecurityTokenV2Ref {
        let constructor = SecurityTokenV2Ref::successor(self.parent.address);
        let child = deploy(chain, &self.issuer, "security-token-v2", native_securitytokenv2(), constructor);
        chain.call(&self.issuer, self.compliance.set_token(child, true)).expect("admitted");
        chain.call(&self.issuer, self.parent.set_upgraded_address(child)).expect("named");
        SecurityTokenV2Ref::at(child)
    }

    pub fn issue(&self, chain: &mut Chain, to: &Key, units: u128) -> Result<(), Failure<TokenError>> {
        chain.call(&self.issuer, self.parent.issue(to.address, units))
    }
}

/// What a message is refused with.
pub fn error<T>(result: Result<T, Failure<TokenError>>) -> TokenError {
    match result {
        Err(Failure::Error(error)) => error,
        Err(other) => panic!("refused in another way: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

impl Setting {
    /// A child of a child, that is named and admitted.
    pub fn next(&self, chain: &mut Chain, parent: &SecurityTokenV2Ref) -> SecurityTokenV2Ref {
        let constructor = SecurityTokenV2Ref::successor(parent.address);
        let child = deploy(chain, &self.issuer, "security-token-v2", native_securitytokenv2(), constructor);
        chain.call(&self.issuer, self.compliance.set_token(child, true)).expect("admitted");
        chain.call(&self.issuer, parent.set_upgraded_address(child)).expect("named");
        SecurityTokenV2Ref::at(child)
    }
}
