//! The register of a security: who holds what, who may do what, and what stops it. Every version of the token has one.

use crate::book::HolderBook;
use crate::events::{ComplianceSet, Deactivated, DocumentPublished, Frozen, Locked, LockedUp, UnitsFrozen};
use crate::holding::{Holding, Lockup};
use crate::lineage::{Heritage, Lineage, ParentRef};
use crate::splits::Splits;
use crate::types::{Role, Scope, TokenError, refuse};
use counterpart_contracts::allowance::{Allowance, AllowanceError, Allowances};
use counterpart_contracts::pause::Pause;
use counterpart_contracts::roles::{RoleError, Roles};
use counterpart_sdk::prelude::*;

/// How long another admin waits, in ms: a day.
pub const ADMIN_DELAY_MS: u64 = 86_400_000;

/// The register.
#[storage]
pub struct Register {
    name: Item<String>,
    symbol: Item<String>,
    /// Who holds what.
    pub book: HolderBook,
    /// The versions before and after.
    pub lineage: Lineage,
    /// What units were split by.
    pub splits: Splits,
    roles: Roles,
    pause: Pause,
    deactivated: Item<bool>,
    issuance_finished: Item<bool>,
    allowances: Allowances,
    /// After how many splits an allowance was given, if after any: it is of no use after another.
    given_after: Map<(Address, Address), u32>,
    documents: Map<String, Hash>,
}

impl Register {
    /// Opens an empty register of a first version, whose successors wait for so long. The caller is the admin, and is appointed to
    /// every role.
    pub fn begin(&mut self, name: &String, symbol: &String, upgrade_delay_ms: u64) {
        self.lineage.begin(upgrade_delay_ms);
        self.appoint(name, symbol);
    }

    /// Opens an empty register of a next version, for the parent's admin. Rules and the end of issuance hold on.
    pub fn begin_child(&mut self, parent: Address) {
        let asked = ParentRef::at(parent);
        let heritage = asked.heritage().try_call().ok().and_then(Result::ok);
        let heritage = heritage.filter(|heritage| heritage.admin == env::caller());
        let heritage = heritage.unwrap_or_else(|| refuse(TokenError::NotParent));
        self.lineage.begin_child(parent, &heritage);
        if let Some(compliance) = heritage.compliance {
            self.book.set_compliance(&compliance);
        }
        self.issuance_finished.set(&heritage.issuance_finished);
        self.appoint(&asked.name().call(), &asked.symbol().call());
    }

    /// What a next version takes over.
    pub fn heritage(&self) -> Heritage {
        Heritage {
            admin: self.admin(),
            compliance: self.book.compliance(),
            issuance_finished: self.is_issuance_finished(),
            upgrade_delay_ms: self.lineage.delay_ms(),
            version: self.lineage.version(),
        }
    }

    /// The name.
    pub fn name(&self) -> String {
        self.name.get_or_default()
    }

    /// The symbol.
    pub fn symbol(&self) -> String {
        self.symbol.get_or_default()
    }

    fn appoint(&mut self, name: &String, symbol: &String) {
        self.name.set(name);
        self.symbol.set(symbol);
        let admin = env::caller();
        self.roles.begin(&admin, ADMIN_DELAY_MS);
        for role in [Role::Issuer, Role::Agent, Role::Pauser, Role::Upgrader] {
            self.roles.set(role as u8, &admin, true);
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

    /// Whether no more units are issued.
    pub fn is_issuance_finished(&self) -> bool {
        self.issuance_finished.get_or_default()
    }

    /// What somebody may spend of a holder's units now.
    pub fn allowance(&self, holder: &Address, spender: &Address) -> Allowance {
        if self.given_after.get_or_default(&(*holder, *spender)) == self.splits.ended() {
            self.allowances.get(holder, spender)
        } else {
            Allowance::default()
        }
    }

    /// What is known of a holder here, and of its freezes in versions before that it has not come from yet.
    pub fn holding(&self, holder: &Address) -> Holding {
        let mut holding = self.book.holding(holder);
        holding.heed(&self.lineage.standing_before(holder));
        holding
    }

    /// The same, and remembers it.
    pub(crate) fn meet(&mut self, holder: &Address) -> Holding {
        if self.lineage.has_met(holder) {
            return self.book.holding(holder);
        }
        let (before, mut holding) = (self.lineage.standing_before(holder), self.book.holding(holder));
        holding.heed(&before);
        // Before this version is named, the one before may still change its mind.
        if self.lineage.is_named() {
            self.lineage.meet(holder);
            self.book.enter(holder, &holding);
        }
        holding
    }

    /// Refuses where holders move on to a child, and while units are split.
    pub fn require_newest(&self) {
        if let Some(child) = self.lineage.child() {
            refuse(TokenError::AlreadyUpgraded { child });
        }
        if self.splits.go_on() {
            refuse(TokenError::Splitting);
        }
    }

    /// The hash of a document.
    pub fn document(&self, name: &String) -> Option<Hash> {
        self.documents.get(name)
    }

    /// Refuses when the token is deactivated.
    pub fn require_alive(&self) {
        if self.is_deactivated() {
            refuse(TokenError::Deactivated);
        }
    }

    /// Refuses unless the caller has a role and the token is alive.
    pub fn require(&self, role: Role) {
        self.require_alive();
        if !self.has_role(role, &env::caller()) {
            refuse(TokenError::MissingRole { role });
        }
    }

    /// Spends of what somebody may spend.
    pub(crate) fn spend(&mut self, holder: &Address, spender: &Address, units: u128) {
        let have = self.allowance(holder, spender).units;
        if have < units {
            refuse(TokenError::Allowance { error: AllowanceError::Insufficient { have, want: units } });
        }
        self.allowances.spend(holder, spender, units).unwrap_or_else(|error| refuse(TokenError::Allowance { error }));
    }

    /// Sets what somebody may spend, if it is what the holder expects.
    pub fn approve(&mut self, holder: &Address, spender: &Address, expected: u128, allowance: Allowance) {
        self.require_alive();
        self.require_newest();
        let (pair, splits) = ((*holder, *spender), self.splits.ended());
        if self.given_after.get_or_default(&pair) != splits {
            // One of before a split is of no use any more.
            let had = self.allowances.get(holder, spender).units;
            self.allowances.spend(holder, spender, had).unwrap_or_else(|error| refuse(TokenError::Allowance { error }));
            self.given_after.set(&pair, &splits);
        }
        let set = self.allowances.set(holder, spender, expected, allowance);
        set.unwrap_or_else(|error| refuse(TokenError::Allowance { error }));
    }

    /// Freezes or releases a holder; an agent.
    pub fn set_frozen(&mut self, holder: Address, frozen: bool) {
        self.require_agent(&holder);
        self.book.change(&holder, |holding| holding.frozen = frozen);
        self.book.tell(|rules| rules.account_frozen(holder, frozen));
        Frozen { holder, frozen }.emit();
    }

    /// Freezes so many of a holder's units, maybe more than it has; an agent.
    pub fn set_frozen_units(&mut self, holder: Address, units: u128) {
        self.require_agent(&holder);
        self.book.change(&holder, |holding| holding.frozen_units = units);
        UnitsFrozen { holder, units }.emit();
    }

    /// Locks a holder's units until a time; an agent.
    pub fn lock_until(&mut self, holder: Address, time_ms: u64) {
        self.require_agent(&holder);
        self.book.lock_until(&holder, time_ms);
        Locked { holder, time_ms }.emit();
    }

    /// Locks so many of a holder's units up until a time, besides those that are; an agent.
    pub fn lock_up(&mut self, holder: Address, lockup: Lockup) {
        self.require_agent(&holder);
        self.book.lock_up(&holder, lockup);
        LockedUp { holder, units: lockup.units, until_ms: lockup.until_ms }.emit();
    }

    /// What an agent changes is changed in the newest version: what lies in those before is as it was, and moves along.
    pub(crate) fn require_agent(&mut self, holder: &Address) {
        self.require(Role::Agent);
        self.require_newest();
        self.meet(holder);
    }

    /// Chooses the contract of rules, before the first unit is issued; the issuer. It has to admit this token.
    pub fn set_compliance(&mut self, compliance: Address) {
        self.require(Role::Issuer);
        if self.book.total() > 0 || self.lineage.parent().is_some() {
            refuse(TokenError::UnitsExist);
        }
        self.book.set_compliance(&compliance);
        ComplianceSet { compliance }.emit();
    }

    /// Ends issuance for good; the issuer.
    pub fn finish_issuance(&mut self) {
        self.require(Role::Issuer);
        self.issuance_finished.set(&true);
    }

    /// Pauses messages of a kind, or lets them go on; a pauser.
    pub fn set_paused(&mut self, scope: Scope, paused: bool) {
        self.require(Role::Pauser);
        self.pause.set(scope as u8, paused);
    }

    /// Ends the token for good: nothing of it changes any more; the admin.
    pub fn deactivate(&mut self) {
        self.require_alive();
        self.roles.require_admin().unwrap_or_else(|error| refuse(TokenError::Admin { error }));
        self.deactivated.set(&true);
        Deactivated {}.emit();
    }

    /// Publishes the hash of a document under a name; the issuer.
    pub fn publish_document(&mut self, name: String, hash: Hash) {
        self.require(Role::Issuer);
        self.documents.set(&name, &hash);
        DocumentPublished { name, hash }.emit();
    }

    /// Gives a role or takes it; the admin, and everybody of their own roles what is taken.
    pub fn set_role(&mut self, role: Role, account: Address, has: bool) {
        self.require_alive();
        if has || env::caller() != account {
            self.roles.require_admin().unwrap_or_else(|error| refuse(TokenError::Admin { error }));
        }
        self.roles.set(role as u8, &account, has);
    }

    /// Proposes another admin, or nobody any more; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) {
        self.require_alive();
        self.admin_answer(|roles| roles.propose_admin(admin))
    }

    /// Becomes admin; who was proposed, when the delay is over.
    pub fn accept_admin(&mut self) {
        self.require_alive();
        self.admin_answer(Roles::accept_admin)
    }

    fn admin_answer(&mut self, act: impl FnOnce(&mut Roles) -> Result<(), RoleError>) {
        act(&mut self.roles).unwrap_or_else(|error| refuse(TokenError::Admin { error }));
    }
}
