//! A security token: units whose transfer is restricted, and that move to a child contract by lineage.
//!
//! There is no proxy. When the issuer publishes a next version, the parent stays deployed and can still be read; its
//! upgraded address names the child, once and for ever. Each holder's units are moved inside the parent's own table to
//! the child's entry, and the child enters them for the holder: the parent keeps the trail for good.
//!
//! - `register`: who may do what, and what stops it; every version has one,
//! - `book` and `holding`: the table of holders, and the contract of rules that is asked,
//! - `movements`: how units move,
//! - `lineage` and `migration`: from version to version,
//! - `splits` and `splitting`: of so many old units, so many new ones,
//! - `types` and `events`: reasons, errors, and what is reported.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod book;
mod events;
mod holding;
mod lineage;
mod migration;
mod movements;
mod register;
mod splits;
mod splitting;
mod types;

pub use book::HolderBook;
pub use counterpart_contracts::allowance::{Allowance, AllowanceError};
pub use counterpart_contracts::pause::Paused;
pub use counterpart_contracts::roles::{AdminChanged, AdminProposed, RoleChanged, RoleError};
pub use events::{
    Approved, ComplianceSet, Deactivated, DocumentPublished, Forced, Frozen, Issued, Locked, LockedUp, Migrated,
    Recovered, Redeemed, SplitBegun, SplitEnded, Transferred, UnitsFrozen, UnitsSplit, UpgradeCancelled,
    UpgradeProposed, UpgradeRefused, Upgraded, UpgradedAddressSet,
};
pub use holding::{Holding, Lockup, MAX_LOCKUPS, Part, Ratio};
pub use lineage::{ChildRef, Heritage, Lineage, MAX_VERSIONS, ParentRef, Proposal, Standing};
pub use migration::MAX_PAGE;
pub use movements::Passage;
pub use register::{ADMIN_DELAY_MS, Register};
pub use splits::{MAX_SPLITS, Split, Splits};
pub use types::{Reason, Role, Scope, TokenError, refuse};

use counterpart_sdk::prelude::*;

/// What the token keeps.
#[storage]
pub struct SecurityToken {
    register: Register,
}

#[contract(events(
    Issued,
    Transferred,
    Redeemed,
    Frozen,
    UnitsFrozen,
    Locked,
    LockedUp,
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
    UpgradeProposed,
    UpgradeCancelled,
    UpgradedAddressSet,
    Upgraded,
    UpgradeRefused,
    SplitBegun,
    UnitsSplit,
    SplitEnded
))]
impl SecurityToken {
    /// Makes a token without units; whoever deploys it is the admin, and is appointed to every role. A next version waits for so many
    /// ms between being proposed and being named; none has to be proposed if that is 0.
    pub fn new(name: String, symbol: String, upgrade_delay_ms: u64) -> Self {
        let mut token = Self::default();
        token.register.begin(&name, &symbol, upgrade_delay_ms);
        token
    }

    /// What a next version takes over.
    pub fn heritage(&self) -> Heritage {
        self.register.heritage()
    }

    /// The next version that waits to be named.
    pub fn proposed_upgrade(&self) -> Option<Proposal> {
        self.register.lineage.proposal()
    }

    /// The name.
    pub fn name(&self) -> String {
        self.register.name()
    }

    /// The symbol.
    pub fn symbol(&self) -> String {
        self.register.symbol()
    }

    /// The version: 1 for a token that has no parent.
    pub fn version(&self) -> u32 {
        self.register.lineage.version()
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
        self.register.holding(&holder)
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
        self.register.can_transfer(Passage { from, to, partition: 0, units })
    }

    /// Moves units; the holder has to authorise it.
    pub fn transfer(&mut self, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&from);
        self.register.transfer(Passage { from, to, partition: 0, units });
        Ok(())
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
        self.register.approve(&holder, &spender, expected, Allowance { units, expires_ms });
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
        self.register.transfer_from(spender, Passage { from, to, partition: 0, units });
        Ok(())
    }

    /// Gives units back; the holder has to authorise it.
    pub fn redeem(&mut self, holder: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&holder);
        self.register.redeem(holder, 0, units);
        Ok(())
    }

    /// Freezes or releases a holder; an agent.
    pub fn set_frozen(&mut self, holder: Address, frozen: bool) -> Result<(), TokenError> {
        self.register.set_frozen(holder, frozen);
        Ok(())
    }

    /// Freezes so many of a holder's units, maybe more than it has; an agent.
    pub fn set_frozen_units(&mut self, holder: Address, units: u128) -> Result<(), TokenError> {
        self.register.set_frozen_units(holder, units);
        Ok(())
    }

    /// Locks a holder's units until a time, in ms since 1970; a lock can be prolonged, never shortened; an agent.
    pub fn lock_until(&mut self, holder: Address, time_ms: u64) -> Result<(), TokenError> {
        self.register.lock_until(holder, time_ms);
        Ok(())
    }

    /// Locks so many of a holder's units up until a time, besides those that are locked up already; at most 16 of a holder; an agent.
    pub fn lock_up(&mut self, holder: Address, units: u128, until_ms: u64) -> Result<(), TokenError> {
        self.register.lock_up(holder, Lockup { units, until_ms });
        Ok(())
    }

    /// Moves units whatever their holder says; an agent.
    pub fn forced_transfer(&mut self, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        self.register.forced_transfer(from, to, units);
        Ok(())
    }

    /// Moves all that is known of a holder to another account of theirs; an agent. Answers how many units.
    pub fn recover(&mut self, lost: Address, new: Address) -> Result<u128, TokenError> {
        Ok(self.register.recover(lost, new))
    }

    /// Pauses messages of a kind, or lets them go on; a pauser.
    pub fn set_paused(&mut self, scope: Scope, paused: bool) -> Result<(), TokenError> {
        self.register.set_paused(scope, paused);
        Ok(())
    }

    /// Ends the token for good: nothing of it changes any more; the admin.
    pub fn deactivate(&mut self) -> Result<(), TokenError> {
        self.register.deactivate();
        Ok(())
    }

    /// Publishes the hash of a document under a name; the issuer.
    pub fn publish_document(&mut self, name: String, hash: Hash) -> Result<(), TokenError> {
        self.register.publish_document(name, hash);
        Ok(())
    }

    /// Gives a role or takes it; the admin, and everybody of their own roles what is taken.
    pub fn set_role(&mut self, role: Role, account: Address, has: bool) -> Result<(), TokenError> {
        self.register.set_role(role, account, has);
        Ok(())
    }

    /// Proposes another admin, or nobody any more; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), TokenError> {
        self.register.propose_admin(admin);
        Ok(())
    }

    /// Becomes admin; who was proposed, when the delay is over.
    pub fn accept_admin(&mut self) -> Result<(), TokenError> {
        self.register.accept_admin();
        Ok(())
    }

    /// Chooses the contract of rules, before the first unit is issued; the issuer. It has to admit this token.
    pub fn set_compliance(&mut self, compliance: Address) -> Result<(), TokenError> {
        self.register.set_compliance(compliance);
        Ok(())
    }

    /// Issues units to a holder; the issuer.
    pub fn issue(&mut self, to: Address, units: u128) -> Result<(), TokenError> {
        self.register.issue(to, 0, units);
        Ok(())
    }

    /// Ends issuance for good; the issuer.
    pub fn finish_issuance(&mut self) -> Result<(), TokenError> {
        self.register.finish_issuance();
        Ok(())
    }

    /// Begins a split, of so many old units so many new ones; the issuer. Nothing moves until it has gone through all holders, and
    /// allowances of before are of no use any more. Answers its number.
    pub fn begin_split(&mut self, ratio: Ratio) -> Result<u32, TokenError> {
        Ok(self.register.begin_split(ratio))
    }

    /// Splits the units of holders, at most 50, in this version and those before it; anybody. Whoever is named twice is split once.
    /// Answers units that are left: none when the split has ended.
    pub fn split_page(&mut self, holders: Vec<Address>) -> Result<u128, TokenError> {
        Ok(self.register.split_page(holders))
    }

    /// How many splits have ended, and whether another goes on.
    pub fn splits(&self) -> (u32, bool) {
        (self.register.splits.ended(), self.register.splits.go_on())
    }

    /// A split; they are numbered from 0.
    pub fn split(&self, number: u32) -> Option<Split> {
        self.register.splits.get(number)
    }

    /// What remained of a holder's units after a split, in parts of the ratio's old units.
    pub fn split_remains(&self, number: u32, holder: Address) -> u128 {
        self.register.splits.remains(number, &holder)
    }

    /// The child that takes over, if there is one.
    pub fn upgraded_address(&self) -> Option<Address> {
        self.register.lineage.child()
    }

    /// What holds of an account in this version and all before it.
    pub fn standing(&self, account: Address) -> Standing {
        self.register.standing(&account)
    }

    /// Units in this version and all before it, none twice.
    pub fn outstanding(&self) -> u128 {
        self.register.outstanding()
    }

    /// Proposes a next version, in place of another that waits; an upgrader. It has to name this contract as its parent.
    pub fn propose_upgrade(&mut self, child: Address) -> Result<(), TokenError> {
        self.register.propose_upgrade(child);
        Ok(())
    }

    /// Takes a proposal back; an upgrader or the admin.
    pub fn cancel_upgrade(&mut self) -> Result<(), TokenError> {
        self.register.cancel_upgrade();
        Ok(())
    }

    /// Names the child: once, one that names this contract as its parent, was proposed and has waited; an upgrader.
    pub fn set_upgraded_address(&mut self, child: Address) -> Result<(), TokenError> {
        self.register.set_upgraded_address(child);
        Ok(())
    }

    /// Moves a holder to the newest version; the holder has to authorise it. Answers how many units.
    pub fn upgrade(&mut self, holder: Address) -> Result<u128, TokenError> {
        env::require_auth(&holder);
        Ok(self.register.migrate(holder))
    }

    /// Moves a holder who does not do it to the newest version; an agent. Answers how many units.
    pub fn upgrade_for(&mut self, holder: Address) -> Result<u128, TokenError> {
        Ok(self.register.upgrade_for(holder))
    }

    /// Moves holders to the newest version, at most 50; an upgrader. Those whom the child does not take stay, and hold nobody up.
    /// Answers how many moved.
    pub fn upgrade_page(&mut self, holders: Vec<Address>) -> Result<u32, TokenError> {
        Ok(self.register.upgrade_page(&holders))
    }
}
