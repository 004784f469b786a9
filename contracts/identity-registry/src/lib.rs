//! Says who an account belongs to, what is vouched for of them, and who keeps it for whom.
//!
//! An identity is a hash that the registrars make from what they know of a person or a firm; nothing of that is on the chain. One
//! identity may have several accounts. Contracts ask `identity` or `investor`, by the interface of that one method.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod types;

pub use counterpart_contracts::roles::{AdminChanged, AdminProposed, RoleChanged, RoleError};
pub use types::{Claim, ClaimChanged, Entry, IssuerChanged, Kind, Registered, RegistryError, Revoked, TopicsRequired};

use counterpart_contracts::roles::Roles;
use counterpart_sdk::prelude::*;

/// Entries of a message or an answer, at most.
pub const MAX_ENTRIES: u32 = 50;
/// Topics that are required, at most; and issuers that are trusted with one.
pub const MAX_TOPICS: u32 = 16;
/// Accounts above one in the chain of custody, at most.
pub const MAX_CUSTODY: usize = 8;
/// The role of those who register.
const REGISTRAR: u8 = 0;

/// What the registry keeps.
#[storage]
pub struct IdentityRegistry {
    roles: Roles,
    entries: OrdMap<Address, Entry>,
    /// Topics that have to be claimed by an issuer that is trusted with them.
    required: Item<Vec<u32>>,
    trusted: Map<(u32, Address), bool>,
    /// What was said of an identity about a topic, by the issuer that did so last.
    claims: Map<(Hash, u32), Claim>,
}

#[contract(events(
    Registered,
    Revoked,
    IssuerChanged,
    TopicsRequired,
    ClaimChanged,
    RoleChanged,
    AdminProposed,
    AdminChanged
))]
impl IdentityRegistry {
    /// Makes an empty registry; whoever deploys it is the admin, who appoints registrars and trusts issuers. Another admin waits
    /// for so many ms.
    pub fn new(admin_delay_ms: u64) -> Self {
        let mut registry = Self::default();
        registry.roles.begin(&env::caller(), admin_delay_ms);
        registry
    }

    /// Who an account belongs to now, if anybody is known and all that is required is vouched for.
    pub fn identity(&self, account: Address) -> Option<Hash> {
        self.investor(account).map(|entry| entry.identity)
    }

    /// What is known of an account now, if it holds and all that is required is vouched for.
    pub fn investor(&self, account: Address) -> Option<Entry> {
        let entry = self.entries.get(&account).filter(|entry| env::block_time_ms() < entry.valid_until_ms)?;
        self.missing_topics(entry.identity).is_empty().then_some(entry)
    }

    /// Topics that are required of an identity and not vouched for now: all of them at once.
    pub fn missing_topics(&self, identity: Hash) -> Vec<u32> {
        let vouched = |topic: &u32| {
            self.claims.get(&(identity, *topic)).is_some_and(|claim| {
                let trusted = self.trusted.get_or_default(&(*topic, claim.issuer));
                trusted && env::block_time_ms() < claim.valid_until_ms
            })
        };
        self.required_topics().into_iter().filter(|topic| !vouched(topic)).collect()
    }

    /// Accounts above one in the chain of custody, the nearest first.
    pub fn custodians(&self, account: Address) -> Vec<Address> {
        let mut above = Vec::new();
        let mut next = self.entries.get(&account).and_then(|entry| entry.custodian);
        while let Some(custodian) = next.filter(|_| above.len() < MAX_CUSTODY) {
            above.push(custodian);
            next = self.entries.get(&custodian).and_then(|entry| entry.custodian);
        }
        above
    }

    /// Entries by account, after one or from the beginning, those that hold no more among them; at most 50 at a time.
    pub fn entries(&self, after: Option<Address>, limit: u32) -> Vec<Entry> {
        self.entries.page(after.as_ref(), limit.min(MAX_ENTRIES)).into_iter().map(|(_, entry)| entry).collect()
    }

    /// Topics that are required.
    pub fn required_topics(&self) -> Vec<u32> {
        self.required.get_or_default()
    }

    /// Whether an issuer is trusted with a topic.
    pub fn is_trusted(&self, issuer: Address, topic: u32) -> bool {
        self.trusted.get_or_default(&(topic, issuer))
    }

    /// What was said last of an identity about a topic.
    pub fn claim(&self, identity: Hash, topic: u32) -> Option<Claim> {
        self.claims.get(&(identity, topic))
    }

    /// Who appoints registrars.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// Whether an account is a registrar's.
    pub fn is_registrar(&self, account: Address) -> bool {
        self.roles.has(REGISTRAR, &account)
    }

    /// Registers at most 50 accounts, or changes what is known of them; a registrar.
    pub fn register(&mut self, entries: Vec<Entry>) -> Result<(), RegistryError> {
        self.require_registrar()?;
        if entries.len() > MAX_ENTRIES as usize {
            return Err(RegistryError::TooMany { limit: MAX_ENTRIES });
        }
        for entry in entries {
            let Entry { account, identity, .. } = entry;
            if entry.valid_until_ms <= env::block_time_ms() {
                return Err(RegistryError::Expired);
            }
            if self.entries.get(&account).is_some_and(|known| known.identity != identity) {
                return Err(RegistryError::BelongsToOther { account });
            }
            self.entries.set(&account, &entry);
            self.check_custody(&account)?;
            Registered { account, identity, entry }.emit();
        }
        Ok(())
    }

    /// Forgets who an account belongs to; a registrar.
    pub fn revoke(&mut self, account: Address) -> Result<(), RegistryError> {
        self.require_registrar()?;
        let Entry { identity, .. } = self.entries.get(&account).ok_or(RegistryError::Unknown { account })?;
        self.entries.remove(&account);
        Revoked { account, identity }.emit();
        Ok(())
    }

    /// Says that something holds of an identity, until a time; an issuer that is trusted with the topic.
    pub fn add_claim(&mut self, identity: Hash, topic: u32, valid_until_ms: u64) -> Result<(), RegistryError> {
        let issuer = env::caller();
        if !self.is_trusted(issuer, topic) {
            return Err(RegistryError::NotTrusted);
        }
        if valid_until_ms <= env::block_time_ms() {
            return Err(RegistryError::Expired);
        }
        self.claims.set(&(identity, topic), &Claim { issuer, valid_until_ms });
        ClaimChanged { identity, topic, issuer, valid_until_ms }.emit();
        Ok(())
    }

    /// Takes back what the caller said of an identity; also when it is trusted no more.
    pub fn remove_claim(&mut self, identity: Hash, topic: u32) -> Result<(), RegistryError> {
        let issuer = env::caller();
        if self.claim(identity, topic).is_none_or(|claim| claim.issuer != issuer) {
            return Err(RegistryError::NoClaim);
        }
        self.claims.remove(&(identity, topic));
        ClaimChanged { identity, topic, issuer, valid_until_ms: 0 }.emit();
        Ok(())
    }

    /// Says which topics have to be vouched for, at most 16; the admin.
    pub fn require_topics(&mut self, topics: Vec<u32>) -> Result<(), RegistryError> {
        self.require_admin()?;
        if topics.len() > MAX_TOPICS as usize {
            return Err(RegistryError::TooMany { limit: MAX_TOPICS });
        }
        self.required.set(&topics);
        TopicsRequired { topics }.emit();
        Ok(())
    }

    /// Trusts an issuer with a topic, or no more: what it said about it counts no more either; the admin.
    pub fn trust(&mut self, issuer: Address, topic: u32, trusted: bool) -> Result<(), RegistryError> {
        self.require_admin()?;
        if trusted {
            self.trusted.set(&(topic, issuer), &true);
        } else {
            self.trusted.remove(&(topic, issuer));
        }
        IssuerChanged { issuer, topic, trusted }.emit();
        Ok(())
    }

    /// Appoints a registrar or dismisses one; the admin.
    pub fn set_registrar(&mut self, account: Address, is: bool) -> Result<(), RegistryError> {
        self.require_admin()?;
        self.roles.set(REGISTRAR, &account, is);
        Ok(())
    }

    /// Proposes another admin, or nobody any more; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), RegistryError> {
        self.roles.propose_admin(admin).map_err(|error| RegistryError::Admin { error })
    }

    /// Becomes admin; who was proposed, when the delay is over.
    pub fn accept_admin(&mut self) -> Result<(), RegistryError> {
        self.roles.accept_admin().map_err(|error| RegistryError::Admin { error })
    }

    fn require_admin(&self) -> Result<(), RegistryError> {
        self.roles.require_admin().map_err(|error| RegistryError::Admin { error })
    }

    fn require_registrar(&self) -> Result<(), RegistryError> {
        if self.is_registrar(env::caller()) { Ok(()) } else { Err(RegistryError::NotRegistrar) }
    }

    /// Refuses a chain that is too long or a ring. Everybody above is known.
    fn check_custody(&self, account: &Address) -> Result<(), RegistryError> {
        let above = self.custodians(*account);
        let known = above.iter().all(|custodian| self.entries.contains(custodian));
        if above.len() == MAX_CUSTODY || above.contains(account) || !known {
            return Err(RegistryError::Custody { account: *account });
        }
        Ok(())
    }
}
