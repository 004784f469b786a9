//! The next version of the security token: a child that takes over its parent's holders.
//!
//! New in this version: at most so many holders, and documents that holders can check by their hash.
#![cfg_attr(target_arch = "wasm32", no_std)]

use compliance::Movement;
use counterpart_sdk::prelude::*;
use security_token::{Frozen, HolderBook, Holding, Locked, Reason, SecurityTokenRef, TokenError, Transferred};

/// A document was published or replaced.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct DocumentPublished {
    /// Its name.
    pub name: String,
    /// SHA3-256 of its content.
    pub hash: Hash,
}

/// A holder came over from the parent.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Migrated {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// With so many units.
    pub units: u128,
}

/// What the token keeps.
#[storage]
pub struct SecurityTokenV2 {
    issuer: Item<Address>,
    parent: Item<Address>,
    holder_limit: Item<u32>,
    documents: OrdMap<String, Hash>,
    book: HolderBook,
}

#[contract(events(Migrated, Transferred, Frozen, Locked, DocumentPublished))]
impl SecurityTokenV2 {
    /// Makes a child of a token; only the parent's issuer can.
    pub fn successor(parent: Address, holder_limit: u32) -> Result<Self, TokenError> {
        if SecurityTokenRef::at(parent).issuer().try_call() != Ok(Ok(env::caller())) {
            return Err(TokenError::NotIssuer);
        }
        let mut token = Self::default();
        token.issuer.set(&env::caller());
        token.parent.set(&parent);
        token.holder_limit.set(&holder_limit);
        // The rules go on: they count over both versions.
        if let Ok(Ok(Some(compliance))) = SecurityTokenRef::at(parent).compliance().try_call() {
            token.book.set_compliance(&compliance);
        }
        Ok(token)
    }

    /// The name, which is the parent's.
    pub fn name(&self) -> String {
        SecurityTokenRef::at(self.parent.get_or_default()).name().call()
    }

    /// The version.
    pub fn version(&self) -> u32 {
        2
    }

    /// The parent that this token takes over from.
    pub fn parent(&self) -> Option<Address> {
        self.parent.get()
    }

    /// Who may freeze, lock and publish.
    pub fn issuer(&self) -> Address {
        self.issuer.get_or_default()
    }

    /// All units that came over.
    pub fn total_supply(&self) -> u128 {
        self.book.total()
    }

    /// Units of a holder in this version.
    pub fn balance_of(&self, holder: Address) -> u128 {
        self.book.balance(&holder)
    }

    /// What is known of a holder.
    pub fn holding(&self, holder: Address) -> Holding {
        self.book.holding(&holder)
    }

    /// How many holders have units.
    pub fn holder_count(&self) -> u32 {
        self.book.count()
    }

    /// Holders after one, or from the beginning; at most 100 at a time.
    pub fn holders(&self, after: Option<Address>, limit: u32) -> Vec<Address> {
        self.book.holders(after.as_ref(), limit.min(100))
    }

    /// Why a transfer would be refused: all reasons at once, none if it would be accepted.
    pub fn can_transfer(&self, from: Address, to: Address, units: u128) -> Vec<Reason> {
        let mut reasons = self.own_refusals(&from, &to, units);
        reasons.extend(self.book.broken_rules(self.movement(&from, &to, units)));
        reasons
    }

    /// The contract of rules that is asked before units move, which is the parent's.
    pub fn compliance(&self) -> Option<Address> {
        self.book.compliance()
    }

    /// Moves units; the holder has to authorise it.
    pub fn transfer(&mut self, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&from);
        if !self.own_refusals(&from, &to, units).is_empty() {
            return Err(TokenError::TransferRefused { reasons: self.can_transfer(from, to, units) });
        }
        self.book.tell_rules(self.movement(&from, &to, units))?;
        self.book.move_units(&from, &to, units)?;
        Transferred { from, to, units }.emit();
        Ok(())
    }

    /// Freezes or releases a holder.
    pub fn set_frozen(&mut self, holder: Address, frozen: bool) -> Result<(), TokenError> {
        self.require_issuer()?;
        self.book.set_frozen(&holder, frozen);
        Frozen { holder, frozen }.emit();
        Ok(())
    }

    /// Locks a holder's units until a time, in ms since 1970; a lock can be prolonged, never shortened.
    pub fn lock_until(&mut self, holder: Address, time_ms: u64) -> Result<(), TokenError> {
        self.require_issuer()?;
        self.book.lock_until(&holder, time_ms)?;
        Locked { holder, time_ms }.emit();
        Ok(())
    }

    /// Publishes the hash of a document under a name.
    pub fn publish_document(&mut self, name: String, hash: Hash) -> Result<(), TokenError> {
        self.require_issuer()?;
        self.documents.set(&name, &hash);
        DocumentPublished { name, hash }.emit();
        Ok(())
    }

    /// The hash of a document.
    pub fn document(&self, name: String) -> Option<Hash> {
        self.documents.get(&name)
    }

    /// Enters a holder that the parent hands over. Migration never meets the holder limit: whoever held units keeps them.
    pub fn on_upgrade_from_parent(&mut self, holder: Address, holding: Holding) -> Result<(), TokenError> {
        if Some(env::caller()) != self.parent.get() {
            return Err(TokenError::NotParent);
        }
        self.book.take_over(&holder, &holding)?;
        Migrated { holder, units: holding.units }.emit();
        Ok(())
    }

    /// Why this contract would refuse a transfer, whatever the rules say.
    fn own_refusals(&self, from: &Address, to: &Address, units: u128) -> Vec<Reason> {
        let mut reasons = self.book.refusals(from, to, units);
        let limit = self.holder_limit.get_or_default();
        let leaves = self.book.balance(from) == units;
        if self.book.balance(to) == 0 && !leaves && self.book.count() >= limit {
            reasons.push(Reason::HolderLimit { limit });
        }
        reasons
    }

    /// A transfer as the rules are asked and told: with what an account still has in the parent.
    fn movement(&self, from: &Address, to: &Address, units: u128) -> Movement {
        let parent = SecurityTokenRef::at(self.parent.get_or_default());
        self.book.movement(Some(from), to, units, |account| match self.book.compliance() {
            Some(_) => parent.balance_of(*account).call(),
            None => 0,
        })
    }

    fn require_issuer(&self) -> Result<(), TokenError> {
        if env::is_authorized(&self.issuer()) { Ok(()) } else { Err(TokenError::NotIssuer) }
    }
}
