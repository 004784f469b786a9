//! The next version of the security token: a child that takes over its parent's holders.
//!
//! New in this version: partitions. It can be the parent of a version after it, of this code or other.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use security_token::{
    AdminChanged, AdminProposed, Allowance, Approved, Deactivated, DocumentPublished, Forced, Frozen, Heritage,
    Holding, Issued, Locked, LockedUp, Lockup, Migrated, Passage, Paused, Proposal, Ratio, Reason, Recovered, Redeemed,
    Register, Role, RoleChanged, Scope, Split, SplitBegun, SplitEnded, Standing, TokenError, Transferred, UnitsFrozen,
    UnitsSplit, UpgradeCancelled, UpgradeProposed, UpgradeRefused, Upgraded, UpgradedAddressSet, refuse,
};

/// Partitions besides the common one, at most.
pub const MAX_PARTITIONS: u32 = 16;

/// Another partition was opened.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct PartitionOpened {
    /// Its number.
    #[topic]
    pub partition: u32,
    /// What it is called.
    pub name: String,
}

/// Units of a holder went to another partition.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Converted {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// From this partition.
    pub from: u32,
    /// To this one.
    pub to: u32,
    /// How many.
    pub units: u128,
}

/// What the token keeps.
#[storage]
pub struct SecurityTokenV2 {
    partitions: Item<u32>,
    register: Register,
}

#[contract(events(
    Issued,
    Migrated,
    Transferred,
    Redeemed,
    Converted,
    PartitionOpened,
    Frozen,
    UnitsFrozen,
    Locked,
    LockedUp,
    Forced,
    Recovered,
    Approved,
    DocumentPublished,
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
impl SecurityTokenV2 {
    /// Makes a child of a token; only the parent's admin can, and is appointed to every role. Its rules,
    /// its delay before a next version and the end of its issuance hold on.
    pub fn successor(parent: Address) -> Result<Self, TokenError> {
        let mut token = Self::default();
        token.register.begin_child(parent);
        // A first version has none.
        if let Ok(Ok(count)) = SecurityTokenV2Ref::at(parent).partitions().try_call() {
            token.partitions.set(&count);
        }
        Ok(token)
    }

    /// What a next version takes over.
    pub fn heritage(&self) -> Heritage {
        self.register.heritage()
    }

    /// The next version that waits to be named.
    pub fn proposed_upgrade(&self) -> Option<Proposal> {
        self.register.lineage.proposal()
    }

    /// The name, which is the parent's.
    pub fn name(&self) -> String {
        self.register.name()
    }

    /// The symbol, which is the parent's.
    pub fn symbol(&self) -> String {
        self.register.symbol()
    }

    /// The version: one more than the parent's.
    pub fn version(&self) -> u32 {
        self.register.lineage.version()
    }

    /// The parent that this token takes over from.
    pub fn parent(&self) -> Option<Address> {
        self.register.lineage.parent()
    }

    /// Units that came, in the parent's units: as many as the parent has parked here.
    pub fn migrated_in(&self) -> u128 {
        self.register.lineage.migrated_in()
    }

    /// How many partitions there are besides the common one, which is 0.
    pub fn partitions(&self) -> u32 {
        self.partitions.get_or_default()
    }

    /// Units of a holder in a partition.
    pub fn balance_in(&self, holder: Address, partition: u32) -> u128 {
        self.register.book.holding(&holder).in_partition(partition)
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

    /// Why a transfer of the common partition would be refused: all reasons at once, none if it would be accepted.
    pub fn can_transfer(&self, from: Address, to: Address, units: u128) -> Vec<Reason> {
        self.can_transfer_in(0, from, to, units)
    }

    /// Why a transfer would be refused: all reasons at once, none if it would be accepted.
    pub fn can_transfer_in(&self, partition: u32, from: Address, to: Address, units: u128) -> Vec<Reason> {
        let passage = Passage { from, to, partition, units };
        self.register.can_transfer(passage)
    }

    /// Moves units of the common partition; the holder has to authorise it.
    pub fn transfer(&mut self, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        self.transfer_in(0, from, to, units)
    }

    /// Moves units of a partition; the holder has to authorise it.
    pub fn transfer_in(&mut self, partition: u32, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&from);
        let passage = Passage { from, to, partition, units };
        self.register.transfer(passage);
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

    /// Moves units of the common partition that somebody else may spend; the spender has to authorise it.
    pub fn transfer_from(
        &mut self,
        spender: Address,
        from: Address,
        to: Address,
        units: u128,
    ) -> Result<(), TokenError> {
        env::require_auth(&spender);
        let passage = Passage { from, to, partition: 0, units };
        self.register.transfer_from(spender, passage);
        Ok(())
    }

    /// Gives units of a partition back; the holder has to authorise it.
    pub fn redeem(&mut self, holder: Address, partition: u32, units: u128) -> Result<(), TokenError> {
        env::require_auth(&holder);
        self.register.redeem(holder, partition, units);
        Ok(())
    }

    /// Opens another partition; the issuer. Answers its number; what it is called, its event tells.
    pub fn open_partition(&mut self, name: String) -> Result<u32, TokenError> {
        self.register.require(Role::Issuer);
        let partition = self.partitions() + 1;
        if partition > MAX_PARTITIONS {
            refuse(TokenError::TooMany { most: MAX_PARTITIONS });
        }
        self.partitions.set(&partition);
        PartitionOpened { partition, name }.emit();
        Ok(partition)
    }

    /// Moves units of a holder to another partition; the issuer.
    pub fn convert(&mut self, holder: Address, from: u32, to: u32, units: u128) -> Result<(), TokenError> {
        self.register.require(Role::Issuer);
        self.register.require_newest();
        self.require_partition(to);
        let mut holding = self.register.book.holding(&holder);
        let have = holding.in_partition(from);
        if have < units {
            refuse(TokenError::TransferRefused { reasons: vec![Reason::InsufficientBalance { have, want: units }] });
        }
        holding.take(from, units);
        holding.give(to, units);
        self.register.book.enter(&holder, &holding);
        Converted { holder, from, to, units }.emit();
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

    /// Issues units of a partition to a holder; the issuer.
    pub fn issue(&mut self, to: Address, partition: u32, units: u128) -> Result<(), TokenError> {
        self.require_partition(partition);
        self.register.issue(to, partition, units);
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

    /// Enters a holder that the parent hands over; so many units are still to come.
    pub fn on_upgrade_from_parent(
        &mut self,
        holder: Address,
        holding: Holding,
        to_come: u128,
    ) -> Result<(), TokenError> {
        let last = holding.parts.last().map_or(0, |part| part.partition);
        if last > self.partitions() {
            // The parent opened it after this version was made.
            self.partitions.set(&last);
        }
        self.register.take_over(holder, holding, to_come);
        Ok(())
    }

    fn require_partition(&self, partition: u32) {
        if partition > self.partitions() {
            refuse(TokenError::NoPartition { partition });
        }
    }
}
