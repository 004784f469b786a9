//! Lineage: what a version knows of the one before it and of the one after it.

use crate::holding::Holding;
use crate::types::{TokenError, refuse};
use counterpart_sdk::prelude::*;

/// Versions of a token, at most: a migration from the first to the last calls through all of them.
pub const MAX_VERSIONS: u32 = 8;

/// A next version that waits to be named.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// The child. The code at an address never changes.
    pub child: Address,
    /// From when it can be named, in ms since 1970.
    pub from_ms: u64,
}

/// What a next version takes over of one.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Heritage {
    /// Who appoints.
    pub admin: Address,
    /// The contract of rules.
    pub compliance: Option<Address>,
    /// Whether no more units are issued.
    pub issuance_finished: bool,
    /// How long a next version waits between being proposed and being named, in ms.
    pub upgrade_delay_ms: u64,
    /// The version.
    pub version: u32,
}

/// What holds of an account in a version and all before it.
#[derive(Abi, Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// Whether it is frozen.
    pub frozen: bool,
    /// Until when its units are locked, in ms since 1970.
    pub locked_until_ms: u64,
    /// Its units by version and partition, as they would arrive in the version that is asked.
    pub pieces: Vec<u128>,
}

/// What a parent asks of a child.
#[interface]
pub trait Child {
    /// The parent that the child names.
    fn parent(&self) -> Option<Address>;

    /// Enters a holder with everything that is known of it; so many units are still to come.
    fn on_upgrade_from_parent(&mut self, holder: Address, holding: Holding, to_come: u128);
}

/// What a child asks of its parent.
#[interface]
pub trait Parent {
    /// What a next version takes over.
    fn heritage(&self) -> Heritage;

    /// The name.
    fn name(&self) -> String;

    /// The symbol.
    fn symbol(&self) -> String;

    /// The version after it.
    fn upgraded_address(&self) -> Option<Address>;

    /// What holds of an account in this version and all before it.
    fn standing(&self, account: Address) -> Standing;

    /// Units in this version and all before it, none twice.
    fn outstanding(&self) -> u128;
}

/// The lineage of a version.
#[storage]
pub struct Lineage {
    parent: Item<Address>,
    version: Item<u32>,
    delay_ms: Item<u64>,
    proposal: Item<Proposal>,
    upgraded_address: Item<Address>,
    /// Units that came, in the parent's units.
    migrated_in: Item<u128>,
    /// Units of versions before that are still to come, as they would arrive here; unknown before the first has come.
    to_come: Item<u128>,
    /// Accounts of which the parent was asked, or that have come: what it knew of their freezes is known here.
    met: Set<Address>,
}

impl Lineage {
    /// Begins a first version, whose successors wait so long.
    pub fn begin(&mut self, delay_ms: u64) {
        self.version.set(&1);
        self.delay_ms.set(&delay_ms);
    }

    /// Begins a child.
    pub fn begin_child(&mut self, parent: Address, heritage: &Heritage) {
        if heritage.version >= MAX_VERSIONS {
            refuse(TokenError::TooManyVersions { most: MAX_VERSIONS });
        }
        self.parent.set(&parent);
        self.version.set(&(heritage.version + 1));
        self.delay_ms.set(&heritage.upgrade_delay_ms);
    }

    /// The version: 1 for a token that has no parent.
    pub fn version(&self) -> u32 {
        self.version.get_or_default()
    }

    /// The version before this one.
    pub fn parent(&self) -> Option<Address> {
        self.parent.get()
    }

    /// How long a next version waits, in ms.
    pub fn delay_ms(&self) -> u64 {
        self.delay_ms.get_or_default()
    }

    /// The next version that waits.
    pub fn proposal(&self) -> Option<Proposal> {
        self.proposal.get()
    }

    /// The version after this one.
    pub fn child(&self) -> Option<Address> {
        self.upgraded_address.get()
    }

    /// Units that came, in the parent's units.
    pub fn migrated_in(&self) -> u128 {
        self.migrated_in.get_or_default()
    }

    /// Units of versions before this one that are still to come, as they would arrive here.
    pub fn to_come(&self) -> u128 {
        match (self.to_come.get(), self.parent()) {
            (Some(known), _) => known,
            (None, Some(parent)) => ParentRef::at(parent).outstanding().call(),
            (None, None) => 0,
        }
    }

    /// Whether all units of versions before have come.
    pub fn have_all_come(&self) -> bool {
        self.parent().is_none() || self.to_come.get() == Some(0)
    }

    /// Notes how many units are still to come.
    pub fn set_to_come(&mut self, units: u128) {
        self.to_come.set(&units);
    }

    /// Notes units of the parent that came.
    pub fn note_arrival(&mut self, parent_units: u128) {
        self.migrated_in.set(&self.migrated_in().saturating_add(parent_units));
    }

    /// Whether what the parent knew of an account is known here.
    pub fn has_met(&self, account: &Address) -> bool {
        self.parent().is_none() || self.met.contains(account)
    }

    /// Notes that it is.
    pub fn meet(&mut self, account: &Address) {
        self.met.insert(account);
    }

    /// What the versions before this one know of an account that was not met.
    pub fn standing_before(&self, account: &Address) -> Standing {
        match self.parent() {
            Some(parent) if !self.has_met(account) => ParentRef::at(parent).standing(*account).call(),
            _ => Standing::default(),
        }
    }

    /// Whether the version before names this one; a first version needs nobody to.
    pub fn is_named(&self) -> bool {
        let Some(parent) = self.parent() else { return true };
        ParentRef::at(parent).upgraded_address().call() == Some(env::self_address())
    }

    /// Refuses before the version before names this one.
    pub fn require_named(&self) {
        if !self.is_named() {
            refuse(TokenError::NotUpgraded);
        }
    }

    /// Proposes a next version, in place of another that waits. Answers from when it can be named, and the hash of its code.
    pub fn propose(&mut self, child: Address) -> (u64, Hash) {
        let code_hash = self.acknowledged(child);
        let from_ms = env::block_time_ms().saturating_add(self.delay_ms());
        self.proposal.set(&Proposal { child, from_ms });
        (from_ms, code_hash)
    }

    /// Takes a proposal back.
    pub fn cancel(&mut self) -> Proposal {
        let proposal = self.proposal().unwrap_or_else(|| refuse(TokenError::NotProposed));
        self.proposal.remove();
        proposal
    }

    /// Names the child, for ever: one that was proposed and has waited, or any if none has to wait.
    pub fn name_child(&mut self, child: Address) {
        self.acknowledged(child);
        if self.delay_ms() > 0 {
            let proposal = self.cancel();
            if proposal.child != child {
                refuse(TokenError::NotProposed);
            }
            if env::block_time_ms() < proposal.from_ms {
                refuse(TokenError::TooEarly { until_ms: proposal.from_ms });
            }
        }
        self.upgraded_address.set(&child);
    }

    /// The hash of the code of a child that names this contract as its parent, if there is none yet. A version is made after its
    /// parent and names it for good, so that the versions are a path; and this one has to be on it.
    fn acknowledged(&self, child: Address) -> Hash {
        if let Some(child) = self.child() {
            refuse(TokenError::AlreadyUpgraded { child });
        }
        self.require_named();
        let here = env::self_address();
        let named =
            child != here && matches!(ChildRef::at(child).parent().try_call(), Ok(Ok(Some(parent))) if parent == here);
        let code_hash = env::code_hash(&child).filter(|_| named);
        code_hash.unwrap_or_else(|| refuse(TokenError::NotAcknowledged { child }))
    }
}
