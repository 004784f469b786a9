//! A security token: units whose transfer is restricted, and that move to a child contract by lineage.
//!
//! There is no proxy. When the issuer publishes a next version, the parent stays deployed and can still be read; its
//! upgraded address names the child, once and for ever. Each holder's units are moved inside the parent's own table to
//! the child's entry, and the child enters them for the holder: the parent keeps the trail for good.
//!
//! - `register`: who holds what, who may do what, and what stops it; every version has one,
//! - `book`: the table of holders, and the contract of rules that is asked,
//! - `types`: reasons, errors and events.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod book;
mod register;
mod types;

pub use book::HolderBook;
pub use counterpart_contracts::allowance::{Allowance, AllowanceError};
pub use counterpart_contracts::pause::Paused;
pub use counterpart_contracts::roles::{AdminChanged, AdminProposed, RoleChanged, RoleError};
pub use register::{Register, Version};
pub use types::{
    Approved, ChildRef, ComplianceSet, Deactivated, DocumentPublished, Forced, Frozen, Holding, Issued, Locked, Reason,
    Recovered, Redeemed, Role, Scope, TokenError, Transferred, UnitsFrozen, Upgraded, UpgradedAddressSet,
};

use compliance::Kind;
use counterpart_sdk::prelude::*;

/// How long another admin waits, in ms: a day.
pub const ADMIN_DELAY_MS: u64 = 86_400_000;

/// What the token keeps.
#[storage]
pub struct SecurityToken {
    name: Item<String>,
    symbol: Item<String>,
    issuance_finished: Item<bool>,
    upgraded_address: Item<Address>,
    register: Register,
}

#[contract(events(
    Issued,
    Transferred,
    Redeemed,
    Frozen,
    UnitsFrozen,
    Locked,
    Forced,
    Recovered,
    Approved,
    DocumentPublished,
    ComplianceSet,
    Deactivated,
    Paused,
    RoleChanged,
    AdminProposed,
    AdminChanged,
    UpgradedAddressSet,
    Upgraded
))]
impl SecurityToken {
    /// Makes a token without units; whoever deploys it is the admin, and is appointed to every role.
    pub fn new(name: String, symbol: String) -> Self {
        let mut token = Self::default();
        token.name.set(&name);
        token.symbol.set(&symbol);
        token.register.begin(&env::caller(), ADMIN_DELAY_MS);
        token
    }

    /// The name.
    pub fn name(&self) -> String {
        self.name.get_or_default()
    }

    /// The symbol.
    pub fn symbol(&self) -> String {
        self.symbol.get_or_default()
    }

    /// The version: 1 for a token that has no parent.
    pub fn version(&self) -> u32 {
        1
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

    /// All units in this version's table, those parked at a child included.
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
        let version = self.here();
        self.register.can_transfer(&from, &to, units, &version)
    }

    /// Moves units; the holder has to authorise it.
    pub fn transfer(&mut self, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&from);
        let version = self.here();
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
        let version = self.here();
        self.register.transfer_from(spender, from, to, units, version)
    }

    /// Gives units back; the holder has to authorise it.
    pub fn redeem(&mut self, holder: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&holder);
        let version = self.here();
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
        let version = self.here();
        self.register.forced_transfer(from, to, units, &version)
    }

    /// Moves all that is known of a holder to another account of theirs; an agent. Answers how many units.
    pub fn recover(&mut self, lost: Address, new: Address) -> Result<u128, TokenError> {
        let version = self.here();
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

    /// Chooses the contract of rules, before the first unit is issued; the issuer. It has to admit this token.
    pub fn set_compliance(&mut self, compliance: Address) -> Result<(), TokenError> {
        self.register.require(Role::Issuer)?;
        if self.register.book.total() > 0 {
            return Err(TokenError::UnitsExist);
        }
        self.register.book.set_compliance(&compliance);
        ComplianceSet { compliance }.emit();
        Ok(())
    }

    /// Issues units to a holder; the issuer.
    pub fn issue(&mut self, to: Address, units: u128) -> Result<(), TokenError> {
        self.register.require(Role::Issuer)?;
        if self.register.is_paused(Scope::Issuance) {
            return Err(TokenError::Paused { scope: Scope::Issuance });
        }
        if self.issuance_finished.get_or_default() || self.upgraded_address.get().is_some() {
            return Err(TokenError::IssuanceFinished);
        }
        let movement = self.register.movement(Kind::Issue, None, Some(&to), units, &self.here());
        self.register.book.tell_rules(movement)?;
        self.register.book.credit(&to, units)?;
        self.register.book.add_to_total(units)?;
        Issued { to, units }.emit();
        Ok(())
    }

    /// Ends issuance for good; the issuer.
    pub fn finish_issuance(&mut self) -> Result<(), TokenError> {
        self.register.require(Role::Issuer)?;
        self.issuance_finished.set(&true);
        Ok(())
    }

    /// The child that takes over, if there is one.
    pub fn upgraded_address(&self) -> Option<Address> {
        self.upgraded_address.get()
    }

    /// Names the child: once, and only one that names this contract as its parent; the issuer.
    pub fn set_upgraded_address(&mut self, child: Address) -> Result<(), TokenError> {
        self.register.require(Role::Issuer)?;
        if let Some(child) = self.upgraded_address.get() {
            return Err(TokenError::AlreadyUpgraded { child });
        }
        let acknowledged = ChildRef::at(child).parent().try_call();
        if acknowledged != Ok(Ok(Some(env::self_address()))) {
            return Err(TokenError::NotAcknowledged { child });
        }
        self.upgraded_address.set(&child);
        UpgradedAddressSet { child }.emit();
        Ok(())
    }

    /// Moves a holder's units to the child; the holder has to authorise it.
    pub fn upgrade(&mut self, holder: Address) -> Result<u128, TokenError> {
        env::require_auth(&holder);
        self.migrate(holder)
    }

    /// Moves the units of the next holders to the child, at most 50; the issuer's part of a migration. Answers how many
    /// were moved.
    pub fn upgrade_page(&mut self, limit: u32) -> Result<u32, TokenError> {
        self.register.require(Role::Issuer)?;
        let child = self.upgraded_address.get().ok_or(TokenError::NotUpgraded)?;
        let mut moved = 0;
        for holder in self.register.book.holders(None, limit.min(50).saturating_add(1)) {
            if holder != child && moved < limit.min(50) {
                self.migrate(holder)?;
                moved += 1;
            }
        }
        Ok(moved)
    }

    /// What this version adds to a question: once there is a child, units move to it only.
    fn here(&self) -> Version<'static> {
        let upgraded = self.upgraded_address.get().map(|child| Reason::Upgraded { child });
        Version { reasons: upgraded.into_iter().collect(), elsewhere: &|_| 0 }
    }

    fn migrate(&mut self, holder: Address) -> Result<u128, TokenError> {
        self.register.require_alive()?;
        let child = self.upgraded_address.get().ok_or(TokenError::NotUpgraded)?;
        let holding = self.register.book.holding(&holder);
        if holder == child || holding.units == 0 {
            return Err(TokenError::NothingToMove { holder });
        }
        self.register.book.move_units(&holder, &child, holding.units)?;
        if holding.frozen_units > 0 {
            // They move along.
            self.register.book.set_frozen_units(&holder, 0);
        }
        match ChildRef::at(child).on_upgrade_from_parent(holder, holding).try_call() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(TokenError::ChildFailed { child }),
        }
        Upgraded { holder, units: holding.units, child }.emit();
        Ok(holding.units)
    }
}
