//! A security token: units whose transfer is restricted, and that move to a child contract by lineage.
//!
//! There is no proxy. When the issuer publishes a next version, the parent stays deployed and can still be read; its
//! upgraded address names the child, once and for ever. Each holder's units are moved inside the parent's own table to
//! the child's entry, and the child enters them for the holder: the parent keeps the trail for good.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod book;
mod types;

pub use book::HolderBook;
pub use types::{
    ChildRef, ComplianceSet, Frozen, Holding, Issued, Locked, Reason, TokenError, Transferred, Upgraded,
    UpgradedAddressSet,
};

use counterpart_sdk::prelude::*;

/// What the token keeps.
#[storage]
pub struct SecurityToken {
    name: Item<String>,
    symbol: Item<String>,
    issuer: Item<Address>,
    issuance_finished: Item<bool>,
    upgraded_address: Item<Address>,
    book: HolderBook,
}

#[contract(events(Issued, Transferred, Frozen, Locked, ComplianceSet, UpgradedAddressSet, Upgraded))]
impl SecurityToken {
    /// Makes a token without units; whoever deploys it is the issuer.
    pub fn new(name: String, symbol: String) -> Self {
        let mut token = Self::default();
        token.name.set(&name);
        token.symbol.set(&symbol);
        token.issuer.set(&env::caller());
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

    /// Who may issue, freeze, lock and upgrade.
    pub fn issuer(&self) -> Address {
        self.issuer.get_or_default()
    }

    /// All units in this version's table, those parked at a child included.
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

    /// Holders after one, or from the beginning; at most 100 at a time.
    pub fn holders(&self, after: Option<Address>, limit: u32) -> Vec<Address> {
        self.book.holders(after.as_ref(), limit.min(100))
    }

    /// The contract of rules that is asked before units move, if there is one.
    pub fn compliance(&self) -> Option<Address> {
        self.book.compliance()
    }

    /// Why a transfer would be refused: all reasons at once, none if it would be accepted.
    pub fn can_transfer(&self, from: Address, to: Address, units: u128) -> Vec<Reason> {
        let mut reasons = self.own_refusals(&from, &to, units);
        reasons.extend(self.book.broken_rules(self.book.movement(Some(&from), &to, units, |_| 0)));
        reasons
    }

    /// Chooses the contract of rules, before the first unit is issued; it has to admit this token.
    pub fn set_compliance(&mut self, compliance: Address) -> Result<(), TokenError> {
        self.require_issuer()?;
        if self.book.total() > 0 {
            return Err(TokenError::UnitsExist);
        }
        self.book.set_compliance(&compliance);
        ComplianceSet { compliance }.emit();
        Ok(())
    }
    /// Issues units to a holder.
    pub fn issue(&mut self, to: Address, units: u128) -> Result<(), TokenError> {
        self.require_issuer()?;
        if self.issuance_finished.get_or_default() || self.upgraded_address.get().is_some() {
            return Err(TokenError::IssuanceFinished);
        }
        self.book.tell_rules(self.book.movement(None, &to, units, |_| 0))?;
        self.book.credit(&to, units)?;
        self.book.add_to_total(units)?;
        Issued { to, units }.emit();
        Ok(())
    }

    /// Ends issuance for good.
    pub fn finish_issuance(&mut self) -> Result<(), TokenError> {
        self.require_issuer()?;
        self.issuance_finished.set(&true);
        Ok(())
    }

    /// Moves units; the holder has to authorise it.
    pub fn transfer(&mut self, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&from);
        if !self.own_refusals(&from, &to, units).is_empty() {
            return Err(TokenError::TransferRefused { reasons: self.can_transfer(from, to, units) });
        }
        self.book.tell_rules(self.book.movement(Some(&from), &to, units, |_| 0))?;
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

    /// The child that takes over, if there is one.
    pub fn upgraded_address(&self) -> Option<Address> {
        self.upgraded_address.get()
    }

    /// Names the child: once, and only one that names this contract as its parent.
    pub fn set_upgraded_address(&mut self, child: Address) -> Result<(), TokenError> {
        self.require_issuer()?;
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
        self.require_issuer()?;
        let child = self.upgraded_address.get().ok_or(TokenError::NotUpgraded)?;
        let mut moved = 0;
        for holder in self.book.holders(None, limit.min(50).saturating_add(1)) {
            if holder != child && moved < limit.min(50) {
                self.migrate(holder)?;
                moved += 1;
            }
        }
        Ok(moved)
    }

    /// Why this contract would refuse a transfer, whatever the rules say.
    fn own_refusals(&self, from: &Address, to: &Address, units: u128) -> Vec<Reason> {
        let mut reasons = self.book.refusals(from, to, units);
        if let Some(child) = self.upgraded_address.get() {
            reasons.push(Reason::Upgraded { child });
        }
        reasons
    }

    fn require_issuer(&self) -> Result<(), TokenError> {
        if env::is_authorized(&self.issuer()) { Ok(()) } else { Err(TokenError::NotIssuer) }
    }

    fn migrate(&mut self, holder: Address) -> Result<u128, TokenError> {
        let child = self.upgraded_address.get().ok_or(TokenError::NotUpgraded)?;
        let holding = self.book.holding(&holder);
        if holder == child || holding.units == 0 {
            return Err(TokenError::NothingToMove { holder });
        }
        self.book.move_units(&holder, &child, holding.units)?;
        match ChildRef::at(child).on_upgrade_from_parent(holder, holding).try_call() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(TokenError::ChildFailed { child }),
        }
        Upgraded { holder, units: holding.units, child }.emit();
        Ok(holding.units)
    }
}
