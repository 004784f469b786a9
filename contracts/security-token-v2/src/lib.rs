//! The next version of the security token: a child that takes over its parent's holders.
//!
//! New in this version: at most so many holders.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use security_token::{
    ADMIN_DELAY_MS, AdminChanged, AdminProposed, Allowance, Approved, Deactivated, DocumentPublished, Forced, Frozen,
    Holding, Locked, Paused, Reason, Recovered, Redeemed, Register, Role, RoleChanged, Scope, SecurityTokenRef,
    TokenError, Transferred, UnitsFrozen, Version,
};

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
    parent: Item<Address>,
    holder_limit: Item<u32>,
    register: Register,
}

#[contract(events(
    Migrated,
    Transferred,
    Redeemed,
    Frozen,
    UnitsFrozen,
    Locked,
    Forced,
    Recovered,
    Approved,
    DocumentPublished,
    Deactivated,
    Paused,
    RoleChanged,
    AdminProposed,
    AdminChanged
))]
impl SecurityTokenV2 {
    /// Makes a child of a token; only the parent's admin can, and is appointed to every role.
    pub fn successor(parent: Address, holder_limit: u32) -> Result<Self, TokenError> {
        if SecurityTokenRef::at(parent).issuer().try_call() != Ok(Ok(env::caller())) {
            return Err(TokenError::MissingRole { role: Role::Issuer });
        }
        let mut token = Self::default();
        token.parent.set(&parent);
        token.holder_limit.set(&holder_limit);
        token.register.begin(&env::caller(), ADMIN_DELAY_MS);
        // The rules go on: they count over both versions.
        if let Ok(Ok(Some(compliance))) = SecurityTokenRef::at(parent).compliance().try_call() {
            token.register.book.set_compliance(&compliance);
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

    /// Who appoints, and may deactivate.
    pub fn issuer(&self) -> Address {
        self.register.admin()
    }

    /// Whether an account has a role.
    pub fn has_role(&self, role: Role, account: Address) -> bool {
        self.register.has_role(role, &account)
    }

    /// Whether messages of a kind are paused.
    pub fn is_paused(&self, scope: Scope) -> bool {
        self.register.is_paused(scope)
    }

    /// Whether the token is deactivated, for good.
    pub fn is_deactivated(&self) -> bool {
        self.register.is_deactivated()
    }

    /// All units that came over and were not given back.
    pub fn total_supply(&self) -> u128 {
        self.register.book.total()
    }

    /// Units of a holder in this version.
    pub fn balance_of(&self, holder: Address) -> u128 {
        self.register.book.balance(&holder)
    }

    /// What is known of a holder.
    pub fn holding(&self, holder: Address) -> Holding {
        self.register.book.holding(&holder)
    }

    /// How many holders have units.
    pub fn holder_count(&self) -> u32 {
        self.register.book.count()
    }

    /// Holders after one, or from the beginning; at most 100 at a time.
    pub fn holders(&self, after: Option<Address>, limit: u32) -> Vec<Address> {
        self.register.book.holders(after.as_ref(), limit.min(100))
    }

    /// The contract of rules that is asked before units move, if there is one.
    pub fn compliance(&self) -> Option<Address> {
        self.register.book.compliance()
    }

    /// What somebody may spend of a holder's units now.
    pub fn allowance(&self, holder: Address, spender: Address) -> Allowance {
        self.register.allowance(&holder, &spender)
    }

    /// The hash of a document.
    pub fn document(&self, name: String) -> Option<Hash> {
        self.register.document(&name)
    }

    /// Why a transfer would be refused: all reasons at once, none if it would be accepted.
    pub fn can_transfer(&self, from: Address, to: Address, units: u128) -> Vec<Reason> {
        let elsewhere = self.elsewhere();
        let version = Version { reasons: self.over_limit(&from, &to, units), elsewhere: &elsewhere };
        self.register.can_transfer(&from, &to, units, &version)
    }

    /// Moves units; the holder has to authorise it.
    pub fn transfer(&mut self, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&from);
        let elsewhere = self.elsewhere();
        let version = Version { reasons: self.over_limit(&from, &to, units), elsewhere: &elsewhere };
        self.register.transfer(from, to, units, &version)
    }

    /// Lets somebody spend units until a time, if so many may be spent now as is expected; the holder has to authorise it.
    pub fn approve(
        &mut self,
        holder: Address,
        spender: Address,
        expected: u128,
        units: u128,
        expires_ms: u64,
    ) -> Result<(), TokenError> {
        env::require_auth(&holder);
        self.register.approve(&holder, &spender, expected, Allowance { units, expires_ms })?;
        Approved { holder, spender, units, expires_ms }.emit();
        Ok(())
    }

    /// Moves units that somebody else may spend; the spender has to authorise it.
    pub fn transfer_from(
        &mut self,
        spender: Address,
        from: Address,
        to: Address,
        units: u128,
    ) -> Result<(), TokenError> {
        env::require_auth(&spender);
        let elsewhere = self.elsewhere();
        let version = Version { reasons: self.over_limit(&from, &to, units), elsewhere: &elsewhere };
        self.register.transfer_from(spender, from, to, units, version)
    }

    /// Gives units back; the holder has to authorise it.
    pub fn redeem(&mut self, holder: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&holder);
        let elsewhere = self.elsewhere();
        let version = Version { reasons: Vec::new(), elsewhere: &elsewhere };
        self.register.redeem(holder, units, &version)
    }

    /// Freezes or releases a holder; an agent.
    pub fn set_frozen(&mut self, holder: Address, frozen: bool) -> Result<(), TokenError> {
        self.register.set_frozen(holder, frozen)
    }

    /// Freezes so many of a holder's units, maybe more than it has; an agent.
    pub fn set_frozen_units(&mut self, holder: Address, units: u128) -> Result<(), TokenError> {
        self.register.set_frozen_units(holder, units)
    }

    /// Locks a holder's units until a time, in ms since 1970; a lock can be prolonged, never shortened; an agent.
    pub fn lock_until(&mut self, holder: Address, time_ms: u64) -> Result<(), TokenError> {
        self.register.lock_until(holder, time_ms)
    }

    /// Moves units whatever their holder says; an agent.
    pub fn forced_transfer(&mut self, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        let elsewhere = self.elsewhere();
        let version = Version { reasons: Vec::new(), elsewhere: &elsewhere };
        self.register.forced_transfer(from, to, units, &version)
    }

    /// Moves all that is known of a holder to another account of theirs; an agent. Answers how many units.
    pub fn recover(&mut self, lost: Address, new: Address) -> Result<u128, TokenError> {
        let elsewhere = self.elsewhere();
        let version = Version { reasons: Vec::new(), elsewhere: &elsewhere };
        self.register.recover(lost, new, &version)
    }

    /// Pauses messages of a kind, or lets them go on; a pauser.
    pub fn set_paused(&mut self, scope: Scope, paused: bool) -> Result<(), TokenError> {
        self.register.set_paused(scope, paused)
    }

    /// Ends the token for good: nothing of it changes any more; the admin.
    pub fn deactivate(&mut self) -> Result<(), TokenError> {
        self.register.deactivate()
    }

    /// Publishes the hash of a document under a name; the issuer.
    pub fn publish_document(&mut self, name: String, hash: Hash) -> Result<(), TokenError> {
        self.register.publish_document(name, hash)
    }

    /// Gives a role or takes it; the admin, and everybody of their own roles what is taken.
    pub fn set_role(&mut self, role: Role, account: Address, has: bool) -> Result<(), TokenError> {
        self.register.set_role(role, account, has)
    }

    /// Proposes another admin, or nobody any more; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), TokenError> {
        self.register.propose_admin(admin)
    }

    /// Becomes admin; who was proposed, when the delay is over.
    pub fn accept_admin(&mut self) -> Result<(), TokenError> {
        self.register.accept_admin()
    }

    /// Enters a holder that the parent hands over. Migration never meets the holder limit: whoever held units keeps them.
    pub fn on_upgrade_from_parent(&mut self, holder: Address, holding: Holding) -> Result<(), TokenError> {
        self.register.require_alive()?;
        if Some(env::caller()) != self.parent.get() {
            return Err(TokenError::NotParent);
        }
        self.register.book.take_over(&holder, &holding)?;
        Migrated { holder, units: holding.units }.emit();
        Ok(())
    }

    /// Whether a transfer would make more holders than this version allows.
    fn over_limit(&self, from: &Address, to: &Address, units: u128) -> Vec<Reason> {
        let (book, limit) = (&self.register.book, self.holder_limit.get_or_default());
        let over = book.balance(to) == 0 && book.balance(from) != units && book.count() >= limit;
        if over { vec![Reason::HolderLimit { limit }] } else { Vec::new() }
    }

    /// What an account still has in the parent, for rules that count over both versions.
    fn elsewhere(&self) -> impl Fn(&Address) -> u128 + use<> {
        let rules = self.register.book.compliance();
        let parent = SecurityTokenRef::at(self.parent.get_or_default());
        move |account| if rules.is_some() { parent.balance_of(*account).call() } else { 0 }
    }
}
