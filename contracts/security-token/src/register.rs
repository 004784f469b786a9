//! The register of a security: who holds what, who may do what, and what stops it. Every version of the token has one.

use crate::book::HolderBook;
use crate::types::{
    Deactivated, DocumentPublished, Forced, Frozen, Locked, Reason, Recovered, Redeemed, Role, Scope, TokenError,
    Transferred, UnitsFrozen,
};
use compliance::{Kind, Movement, Party};
use counterpart_contracts::allowance::{Allowance, Allowances};
use counterpart_contracts::pause::Pause;
use counterpart_contracts::roles::{RoleError, Roles};
use counterpart_sdk::prelude::*;

/// What a version of the token adds to a question of the register.
pub struct Version<'a> {
    /// Reasons of its own for which it would refuse.
    pub reasons: Vec<Reason>,
    /// Units of an account in other versions.
    pub elsewhere: &'a dyn Fn(&Address) -> u128,
}

/// The register.
#[storage]
pub struct Register {
    /// Who holds what.
    pub book: HolderBook,
    roles: Roles,
    pause: Pause,
    deactivated: Item<bool>,
    allowances: Allowances,
    documents: OrdMap<String, Hash>,
}

impl Register {
    /// Opens an empty register. The admin is appointed to every role, and can hand each on.
    pub fn begin(&mut self, admin: &Address, admin_delay_ms: u64) {
        self.roles.begin(admin, admin_delay_ms);
        for role in [Role::Issuer, Role::Agent, Role::Pauser] {
            self.roles.set(role as u8, admin, true);
        }
    }

    /// Who appoints.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// Whether an account has a role.
    pub fn has_role(&self, role: Role, account: &Address) -> bool {
        self.roles.has(role as u8, account)
    }

    /// Whether messages of a kind are paused.
    pub fn is_paused(&self, scope: Scope) -> bool {
        self.pause.is_paused(scope as u8)
    }

    /// Whether the token is deactivated: that is final.
    pub fn is_deactivated(&self) -> bool {
        self.deactivated.get_or_default()
    }

    /// What somebody may spend of a holder's units now.
    pub fn allowance(&self, holder: &Address, spender: &Address) -> Allowance {
        self.allowances.get(holder, spender)
    }

    /// The hash of a document.
    pub fn document(&self, name: &String) -> Option<Hash> {
        self.documents.get(name)
    }

    /// Refuses when the token is deactivated.
    pub fn require_alive(&self) -> Result<(), TokenError> {
        if self.is_deactivated() { Err(TokenError::Deactivated) } else { Ok(()) }
    }

    /// Refuses unless the caller has a role and the token is alive.
    pub fn require(&self, role: Role) -> Result<(), TokenError> {
        self.require_alive()?;
        if self.has_role(role, &env::caller()) { Ok(()) } else { Err(TokenError::MissingRole { role }) }
    }

    /// A movement as rules are asked and told.
    pub fn movement(
        &self,
        kind: Kind,
        from: Option<&Address>,
        to: Option<&Address>,
        units: u128,
        version: &Version<'_>,
    ) -> Movement {
        let has = |account: &Address| self.book.balance(account).saturating_add((version.elsewhere)(account));
        let party = |account: &Address| Party { account: *account, units: has(account) };
        Movement { kind, from: from.map(party), to: to.map(party), units }
    }

    /// Why the register would refuse a transfer, whatever the rules say.
    fn own_reasons(&self, from: &Address, to: &Address, units: u128, version: &Version<'_>) -> Vec<Reason> {
        let mut reasons = self.book.refusals(from, to, units);
        if self.is_paused(Scope::Transfers) {
            reasons.push(Reason::Paused);
        }
        if self.is_deactivated() {
            reasons.push(Reason::Deactivated);
        }
        reasons.extend(version.reasons.iter().cloned());
        reasons
    }

    /// Why a transfer would be refused: all reasons at once, none if it would be accepted.
    pub fn can_transfer(&self, from: &Address, to: &Address, units: u128, version: &Version<'_>) -> Vec<Reason> {
        let mut reasons = self.own_reasons(from, to, units, version);
        let movement = self.movement(Kind::Transfer, Some(from), Some(to), units, version);
        reasons.extend(self.book.broken_rules(movement));
        reasons
    }

    /// Moves units, whoever asks.
    pub fn transfer(
        &mut self,
        from: Address,
        to: Address,
        units: u128,
        version: &Version<'_>,
    ) -> Result<(), TokenError> {
        if !self.own_reasons(&from, &to, units, version).is_empty() {
            return Err(TokenError::TransferRefused { reasons: self.can_transfer(&from, &to, units, version) });
        }
        self.book.tell_rules(self.movement(Kind::Transfer, Some(&from), Some(&to), units, version))?;
        self.book.move_units(&from, &to, units)?;
        Transferred { from, to, units }.emit();
        Ok(())
    }

    /// Moves units that somebody else may spend. Who is frozen spends nothing, however much they were allowed.
    pub fn transfer_from(
        &mut self,
        spender: Address,
        from: Address,
        to: Address,
        units: u128,
        mut version: Version<'_>,
    ) -> Result<(), TokenError> {
        if self.book.holding(&spender).frozen {
            version.reasons.push(Reason::SpenderFrozen);
        }
        self.allowances.spend(&from, &spender, units).map_err(|error| TokenError::Allowance { error })?;
        self.transfer(from, to, units, &version)
    }

    /// Sets what somebody may spend, if it is what the holder expects.
    pub fn approve(
        &mut self,
        holder: &Address,
        spender: &Address,
        expected: u128,
        allowance: Allowance,
    ) -> Result<(), TokenError> {
        self.require_alive()?;
        let set = self.allowances.set(holder, spender, expected, allowance);
        set.map_err(|error| TokenError::Allowance { error })
    }

    /// Takes units out of the register.
    pub fn redeem(&mut self, holder: Address, units: u128, version: &Version<'_>) -> Result<(), TokenError> {
        self.require_alive()?;
        let mut reasons = self.book.sender_refusals(&holder, units);
        reasons.extend(version.reasons.iter().cloned());
        if !reasons.is_empty() {
            return Err(TokenError::TransferRefused { reasons });
        }
        self.book.tell_rules(self.movement(Kind::Redeem, Some(&holder), None, units, version))?;
        self.book.debit(&holder, units)?;
        Redeemed { holder, units }.emit();
        Ok(())
    }

    /// Freezes or releases a holder; an agent.
    pub fn set_frozen(&mut self, holder: Address, frozen: bool) -> Result<(), TokenError> {
        self.require(Role::Agent)?;
        self.book.set_frozen(&holder, frozen);
        Frozen { holder, frozen }.emit();
        Ok(())
    }

    /// Freezes so many of a holder's units, maybe more than it has; an agent.
    pub fn set_frozen_units(&mut self, holder: Address, units: u128) -> Result<(), TokenError> {
        self.require(Role::Agent)?;
        self.book.set_frozen_units(&holder, units);
        UnitsFrozen { holder, units }.emit();
        Ok(())
    }

    /// Locks a holder's units until a time; an agent.
    pub fn lock_until(&mut self, holder: Address, time_ms: u64) -> Result<(), TokenError> {
        self.require(Role::Agent)?;
        self.book.lock_until(&holder, time_ms)?;
        Locked { holder, time_ms }.emit();
        Ok(())
    }

    /// Moves units whatever their holder says; an agent. Frozen units are moved last, and are fewer then.
    pub fn forced_transfer(
        &mut self,
        from: Address,
        to: Address,
        units: u128,
        version: &Version<'_>,
    ) -> Result<(), TokenError> {
        self.require(Role::Agent)?;
        let have = self.book.balance(&from);
        let mut reasons = version.reasons.clone();
        if units == 0 {
            reasons.push(Reason::NoUnits);
        }
        if from == to {
            reasons.push(Reason::SameHolder);
        }
        if have < units {
            reasons.push(Reason::InsufficientBalance { have, want: units });
        }
        if !reasons.is_empty() {
            return Err(TokenError::TransferRefused { reasons });
        }
        self.book.tell_rules(self.movement(Kind::Forced, Some(&from), Some(&to), units, version))?;
        self.book.move_units(&from, &to, units)?;
        let thawed = self.book.thaw(&from);
        Transferred { from, to, units }.emit();
        Forced { from, to, units, thawed }.emit();
        Ok(())
    }

    /// Moves all that is known of a holder to another account of theirs; an agent. A frozen account takes nothing over.
    pub fn recover(&mut self, lost: Address, new: Address, version: &Version<'_>) -> Result<u128, TokenError> {
        self.require(Role::Agent)?;
        let holding = self.book.holding(&lost);
        let mut reasons = version.reasons.clone();
        if lost == new {
            reasons.push(Reason::SameHolder);
        }
        if self.book.holding(&new).frozen {
            reasons.push(Reason::ReceiverFrozen);
        }
        if !reasons.is_empty() {
            return Err(TokenError::TransferRefused { reasons });
        }
        let units = holding.units;
        self.book.tell_rules(self.movement(Kind::Recovery, Some(&lost), Some(&new), units, version))?;
        self.book.hand_over(&lost, &new)?;
        Transferred { from: lost, to: new, units }.emit();
        Recovered { lost, new, units }.emit();
        Ok(units)
    }

    /// Pauses messages of a kind, or lets them go on; a pauser.
    pub fn set_paused(&mut self, scope: Scope, paused: bool) -> Result<(), TokenError> {
        self.require(Role::Pauser)?;
        self.pause.set(scope as u8, paused);
        Ok(())
    }

    /// Ends the token for good: nothing of it changes any more; the admin.
    pub fn deactivate(&mut self) -> Result<(), TokenError> {
        self.require_alive()?;
        self.roles.require_admin().map_err(|error| TokenError::Admin { error })?;
        self.deactivated.set(&true);
        Deactivated {}.emit();
        Ok(())
    }

    /// Publishes the hash of a document under a name; the issuer.
    pub fn publish_document(&mut self, name: String, hash: Hash) -> Result<(), TokenError> {
        self.require(Role::Issuer)?;
        self.documents.set(&name, &hash);
        DocumentPublished { name, hash }.emit();
        Ok(())
    }

    /// Gives a role or takes it; the admin, and everybody of their own roles what is taken.
    pub fn set_role(&mut self, role: Role, account: Address, has: bool) -> Result<(), TokenError> {
        self.require_alive()?;
        if has || env::caller() != account {
            self.roles.require_admin().map_err(|error| TokenError::Admin { error })?;
        }
        self.roles.set(role as u8, &account, has);
        Ok(())
    }

    /// Proposes another admin, or nobody any more; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), TokenError> {
        self.require_alive()?;
        self.admin_answer(|roles| roles.propose_admin(admin))
    }

    /// Becomes admin; who was proposed, when the delay is over.
    pub fn accept_admin(&mut self) -> Result<(), TokenError> {
        self.require_alive()?;
        self.admin_answer(Roles::accept_admin)
    }

    fn admin_answer(&mut self, act: impl FnOnce(&mut Roles) -> Result<(), RoleError>) -> Result<(), TokenError> {
        act(&mut self.roles).map_err(|error| TokenError::Admin { error })
    }
}
