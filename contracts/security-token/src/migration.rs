//! From version to version: proposing a child, naming it, moving holders to it, and taking them over.

use crate::events::{Migrated, UpgradeCancelled, UpgradeProposed, UpgradeRefused, Upgraded, UpgradedAddressSet};
use crate::holding::{Holding, Ratio};
use crate::lineage::{ChildRef, ParentRef, Standing};
use crate::register::Register;
use crate::types::{Role, TokenError, refuse};
use counterpart_sdk::prelude::*;

/// Holders that one message moves or splits, at most.
pub const MAX_PAGE: u32 = 50;

impl Register {
    /// Proposes a next version; an upgrader.
    pub fn propose_upgrade(&mut self, child: Address) {
        self.require(Role::Upgrader);
        self.require_newest();
        let (from_ms, code_hash) = self.lineage.propose(child);
        UpgradeProposed { child, code_hash, from_ms }.emit();
    }

    /// Takes a proposal back; an upgrader or the admin.
    pub fn cancel_upgrade(&mut self) {
        if env::caller() != self.admin() {
            self.require(Role::Upgrader);
        }
        self.require_alive();
        let child = self.lineage.cancel().child;
        UpgradeCancelled { child }.emit();
    }

    /// Names the child; an upgrader.
    pub fn set_upgraded_address(&mut self, child: Address) {
        self.require(Role::Upgrader);
        self.require_newest();
        self.lineage.name_child(child);
        UpgradedAddressSet { child }.emit();
    }

    /// Moves a holder to the newest version, with everything that is known of it. Answers how many units.
    pub fn migrate(&mut self, holder: Address) -> u128 {
        self.require_alive();
        let child = self.lineage.child().unwrap_or_else(|| refuse(TokenError::NotUpgraded));
        let holding = self.book.holding(&holder);
        if holder == child || holding.is_nothing() {
            refuse(TokenError::NothingToMove { holder });
        }
        let units = holding.units;
        self.try_migrate(child, holder, holding).unwrap_or_else(|code| refuse(TokenError::ChildFailed { child, code }));
        units
    }

    /// Moves a holder, or leaves everything as it was if the child does not take it, and tells the code that it refused with.
    fn try_migrate(&mut self, child: Address, holder: Address, holding: Holding) -> Result<(), u32> {
        let (parked, units) = (self.book.holding(&child), holding.units);
        // Before the child is called, so that nobody finds the units in both.
        self.book.enter(&holder, &Holding::default());
        self.book.credit(&child, 0, units);
        let taken = self.hand_on(child, holder, &holding);
        if taken.is_err() {
            self.book.enter(&child, &parked);
            self.book.enter(&holder, &holding);
        }
        taken
    }

    /// Gives a holder to the child, which may give it on. Tells the code that it refused with.
    fn hand_on(&self, child: Address, holder: Address, holding: &Holding) -> Result<(), u32> {
        let to_come = self.outstanding();
        let taken = ChildRef::at(child).on_upgrade_from_parent(holder, holding.clone(), to_come).try_call();
        match taken {
            Ok(Ok(())) => {
                Upgraded { holder, units: holding.units, child }.emit();
                Ok(())
            }
            Err(CallFailure::Reverted(code)) => Err(code),
            _ => Err(0),
        }
    }

    /// Moves a holder who does not do it; an agent.
    pub fn upgrade_for(&mut self, holder: Address) -> u128 {
        self.require(Role::Agent);
        self.migrate(holder)
    }

    /// Moves holders; an upgrader. Those whom the child does not take, and those of whom nothing is known, stay and hold nobody up.
    /// Answers how many moved.
    pub fn upgrade_page(&mut self, holders: &[Address]) -> u32 {
        self.require(Role::Upgrader);
        require_page(holders);
        let child = self.lineage.child().unwrap_or_else(|| refuse(TokenError::NotUpgraded));
        let mut moved = 0;
        for holder in holders.iter().filter(|holder| **holder != child) {
            let holding = self.book.holding(holder);
            if holding.is_nothing() {
                continue;
            }
            if self.try_migrate(child, *holder, holding).is_ok() {
                moved += 1;
            } else {
                UpgradeRefused { holder: *holder }.emit();
            }
        }
        moved
    }

    /// Takes a holder over from the parent, or gives it on to a child of its own: whoever comes late still comes to the newest.
    pub fn take_over(&mut self, holder: Address, holding: Holding, to_come: u128) {
        self.require_alive();
        if Some(env::caller()) != self.lineage.parent() {
            refuse(TokenError::NotParent);
        }
        if self.splits.go_on() {
            refuse(TokenError::Splitting);
        }
        let (parent_units, mut holding) = (holding.units, holding);
        let ratios = self.splits.ratios();
        for ratio in &ratios {
            (holding, _) = holding.split(*ratio);
        }
        let units = holding.units;
        // What the parent counts is in its own units.
        let left = if ratios.is_empty() { to_come } else { self.lineage.to_come().saturating_sub(units) };
        self.lineage.set_to_come(left);
        self.lineage.note_arrival(parent_units);
        Migrated { holder, parent_units, units }.emit();
        if self.lineage.has_met(&holder) {
            // An agent may have released the account since.
            holding.frozen = false;
            holding.locked_until_ms = 0;
        }
        if let Some(child) = self.lineage.child() {
            // What is known here goes ahead, or units would pass by what they are frozen by.
            if !self.book.holding(&holder).is_nothing() {
                self.migrate(holder);
            }
            self.book.credit(&child, 0, units);
            self.book.add_to_total(units);
            let taken = self.hand_on(child, holder, &holding);
            taken.unwrap_or_else(|code| refuse(TokenError::ChildFailed { child, code }));
            return;
        }
        self.lineage.meet(&holder);
        self.book.take_over(&holder, &holding);
    }

    /// What holds of an account in this version and all before it.
    pub fn standing(&self, account: &Address) -> Standing {
        let mut holding = self.book.holding(account);
        // What is parked at a child is there.
        let mut pieces = if self.lineage.child() == Some(*account) { Vec::new() } else { holding.by_partition() };
        if let Some(parent) = self.lineage.parent() {
            let before = ParentRef::at(parent).standing(*account).call();
            if !self.lineage.has_met(account) {
                holding.heed(&before);
            }
            pieces.extend(self.as_here(before.pieces));
        }
        let Holding { frozen, locked_until_ms, .. } = holding;
        Standing { frozen, locked_until_ms, pieces }
    }

    /// Units of the parent as they would arrive here.
    pub(crate) fn as_here(&self, mut units: Vec<u128>) -> Vec<u128> {
        let ratios = self.splits.ratios();
        units.iter_mut().for_each(|units| *units = Ratio::all(&ratios, *units));
        units
    }

    /// Units in this version and all before it, none twice, as they would arrive here.
    pub fn outstanding(&self) -> u128 {
        let parked = self.lineage.child().map_or(0, |child| self.book.balance(&child));
        self.book.total().saturating_sub(parked).saturating_add(self.lineage.to_come())
    }
}

/// Refuses a page that names too many holders.
pub(crate) fn require_page(holders: &[Address]) {
    if holders.len() > MAX_PAGE as usize {
        refuse(TokenError::TooMany { most: MAX_PAGE });
    }
}
