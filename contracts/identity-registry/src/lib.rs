//! Says who an account belongs to, and until when.
//!
//! An identity is a hash that the registrars make from what they know of a person or a firm; nothing of that is on the chain. One
//! identity may have several accounts. Contracts ask `identity`, by the interface of that one method.
#![cfg_attr(target_arch = "wasm32", no_std)]

pub use counterpart_contracts::roles::{AdminChanged, AdminProposed, RoleChanged, RoleError};

use counterpart_contracts::roles::Roles;
use counterpart_sdk::prelude::*;

/// Entries of a message or an answer, at most.
pub const MAX_ENTRIES: u32 = 50;
/// The role of those who register.
const REGISTRAR: u8 = 0;

/// Who an account belongs to.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The account.
    pub account: Address,
    /// Who it belongs to.
    pub identity: Hash,
    /// The first ms since 1970 in which that holds no more.
    pub valid_until_ms: u64,
}

/// Why a message is refused. Nothing of it happened.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum RegistryError {
    /// A question of the admin.
    Admin {
        /// Which.
        error: RoleError,
    },
    /// The caller is no registrar.
    NotRegistrar,
    /// More entries than are registered at once.
    TooMany {
        /// The most.
        limit: u32,
    },
    /// An entry that would hold no more already.
    Expired {
        /// Its account.
        account: Address,
    },
    /// The account belongs to somebody else: that has to be revoked first.
    BelongsToOther {
        /// Which.
        account: Address,
    },
    /// Nobody is known behind the account.
    Unknown {
        /// Which.
        account: Address,
    },
}

/// An account belongs to somebody until a time.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Registered {
    /// The account.
    #[topic]
    pub account: Address,
    /// To whom.
    #[topic]
    pub identity: Hash,
    /// The first ms since 1970 in which that holds no more.
    pub valid_until_ms: u64,
}

/// An account belongs to nobody any more.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Revoked {
    /// The account.
    #[topic]
    pub account: Address,
    /// To whom it did.
    #[topic]
    pub identity: Hash,
}

/// What the registry keeps.
#[storage]
pub struct IdentityRegistry {
    roles: Roles,
    entries: OrdMap<Address, Entry>,
}

#[contract(events(Registered, Revoked, RoleChanged, AdminProposed, AdminChanged))]
impl IdentityRegistry {
    /// Makes an empty registry; whoever deploys it is the admin, who appoints registrars. Another admin waits for so many ms.
    pub fn new(admin_delay_ms: u64) -> Self {
        let mut registry = Self::default();
        registry.roles.begin(&env::caller(), admin_delay_ms);
        registry
    }

    /// Who an account belongs to now, if anybody is known.
    pub fn identity(&self, account: Address) -> Option<Hash> {
        let entry = self.entries.get(&account)?;
        (env::block_time_ms() < entry.valid_until_ms).then_some(entry.identity)
    }

    /// Entries by account, after one or from the beginning, those that hold no more among them; at most 50 at a time.
    pub fn entries(&self, after: Option<Address>, limit: u32) -> Vec<Entry> {
        self.entries.page(after.as_ref(), limit.min(MAX_ENTRIES)).into_iter().map(|(_, entry)| entry).collect()
    }

    /// Who appoints registrars.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// Whether an account is a registrar's.
    pub fn is_registrar(&self, account: Address) -> bool {
        self.roles.has(REGISTRAR, &account)
    }

    /// Registers at most 50 accounts, or prolongs them; a registrar.
    pub fn register(&mut self, entries: Vec<Entry>) -> Result<(), RegistryError> {
        self.require_registrar()?;
        if entries.len() > MAX_ENTRIES as usize {
            return Err(RegistryError::TooMany { limit: MAX_ENTRIES });
        }
        for entry in entries {
            let Entry { account, identity, valid_until_ms } = entry;
            if valid_until_ms <= env::block_time_ms() {
                return Err(RegistryError::Expired { account });
            }
            if self.entries.get(&account).is_some_and(|known| known.identity != identity) {
                return Err(RegistryError::BelongsToOther { account });
            }
            self.entries.set(&account, &entry);
            Registered { account, identity, valid_until_ms }.emit();
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

    /// Appoints a registrar or dismisses one; the admin.
    pub fn set_registrar(&mut self, account: Address, is: bool) -> Result<(), RegistryError> {
        self.roles.require_admin().map_err(|error| RegistryError::Admin { error })?;
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

    fn require_registrar(&self) -> Result<(), RegistryError> {
        if self.is_registrar(env::caller()) { Ok(()) } else { Err(RegistryError::NotRegistrar) }
    }
}
