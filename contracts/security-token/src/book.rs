//! The table of holders, which every version of the token has.

use crate::types::{Holding, Reason, TokenError};
use compliance::{ComplianceError, ComplianceRef, Movement};
use counterpart_sdk::prelude::*;

/// Holders with their units, freezes and locks.
#[storage]
pub struct HolderBook {
    total: Item<u128>,
    holdings: Map<Address, Holding>,
    /// Those with at least one unit.
    holders: Set<Address>,
    count: Item<u32>,
    compliance: Item<Address>,
}

impl HolderBook {
    /// All units.
    pub fn total(&self) -> u128 {
        self.total.get_or_default()
    }

    /// Adds to all units.
    pub fn add_to_total(&mut self, units: u128) -> Result<(), TokenError> {
        let total = self.total().checked_add(units).ok_or(TokenError::Overflow)?;
        self.total.set(&total);
        Ok(())
    }

    /// The contract of rules, if there is one.
    pub fn compliance(&self) -> Option<Address> {
        self.compliance.get()
    }

    /// Chooses a contract of rules.
    pub fn set_compliance(&mut self, compliance: &Address) {
        self.compliance.set(compliance);
    }

    /// Every rule that a movement would break. A contract of rules that does not answer lets nothing move.
    pub fn broken_rules(&self, movement: Movement) -> Vec<Reason> {
        let Some(compliance) = self.compliance() else { return Vec::new() };
        match ComplianceRef::at(compliance).refusals(movement).try_call() {
            Ok(Ok(refusals)) => refusals.into_iter().map(|refusal| Reason::Rule { refusal }).collect(),
            _ => vec![Reason::RulesFailed],
        }
    }

    /// Tells the contract of rules that units move: it checks and counts in one.
    pub fn tell_rules(&self, movement: Movement) -> Result<(), TokenError> {
        let Some(compliance) = self.compliance() else { return Ok(()) };
        let reasons = match ComplianceRef::at(compliance).moved(movement).try_call() {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(ComplianceError::Refused { refusals })) => {
                refusals.into_iter().map(|refusal| Reason::Rule { refusal }).collect()
            }
            _ => vec![Reason::RulesFailed],
        };
        Err(TokenError::TransferRefused { reasons })
    }

    /// Units of a holder.
    pub fn balance(&self, holder: &Address) -> u128 {
        self.holding(holder).units
    }

    /// What is known of a holder.
    pub fn holding(&self, holder: &Address) -> Holding {
        self.holdings.get_or_default(holder)
    }

    /// How many holders have units.
    pub fn count(&self) -> u32 {
        self.count.get_or_default()
    }

    /// Holders with units, after one or from the beginning.
    pub fn holders(&self, after: Option<&Address>, limit: u32) -> Vec<Address> {
        self.holders.page(after, limit)
    }

    /// Why the book would refuse a transfer.
    pub fn refusals(&self, from: &Address, to: &Address, units: u128) -> Vec<Reason> {
        let mut reasons = self.sender_refusals(from, units);
        if from == to {
            reasons.push(Reason::SameHolder);
        }
        if self.holding(to).frozen {
            reasons.push(Reason::ReceiverFrozen);
        }
        reasons
    }

    /// Why the book would refuse that units leave a holder.
    pub fn sender_refusals(&self, from: &Address, units: u128) -> Vec<Reason> {
        let sender = self.holding(from);
        let mut reasons = Vec::new();
        if units == 0 {
            reasons.push(Reason::NoUnits);
        }
        if sender.units < units {
            reasons.push(Reason::InsufficientBalance { have: sender.units, want: units });
        } else if sender.free() < units {
            reasons.push(Reason::UnitsFrozen { free: sender.free(), want: units });
        }
        if sender.frozen {
            reasons.push(Reason::SenderFrozen);
        }
        if sender.locked_until_ms > env::block_time_ms() {
            reasons.push(Reason::LockedUntil { time_ms: sender.locked_until_ms });
        }
        reasons
    }

    /// Gives units to a holder.
    pub fn credit(&mut self, holder: &Address, units: u128) -> Result<(), TokenError> {
        let mut holding = self.holding(holder);
        holding.units = holding.units.checked_add(units).ok_or(TokenError::Overflow)?;
        self.enter(holder, &holding);
        Ok(())
    }

    /// Moves units, whatever the rules say.
    pub fn move_units(&mut self, from: &Address, to: &Address, units: u128) -> Result<(), TokenError> {
        let mut sender = self.holding(from);
        sender.units = sender.units.checked_sub(units).ok_or(TokenError::Overflow)?;
        self.enter(from, &sender);
        self.credit(to, units)
    }

    /// Takes units of a holder out of the book.
    pub fn debit(&mut self, holder: &Address, units: u128) -> Result<(), TokenError> {
        let mut holding = self.holding(holder);
        holding.units = holding.units.checked_sub(units).ok_or(TokenError::Overflow)?;
        self.enter(holder, &holding);
        let total = self.total().checked_sub(units).ok_or(TokenError::Overflow)?;
        self.total.set(&total);
        Ok(())
    }

    /// Lets no more units be frozen than a holder has; answers how many are frozen no more.
    pub fn thaw(&mut self, holder: &Address) -> u128 {
        let holding = self.holding(holder);
        let thawed = holding.frozen_units.saturating_sub(holding.units);
        if thawed > 0 {
            self.enter(holder, &Holding { frozen_units: holding.units, ..holding });
        }
        thawed
    }

    /// Freezes so many of a holder's units.
    pub fn set_frozen_units(&mut self, holder: &Address, units: u128) {
        let holding = Holding { frozen_units: units, ..self.holding(holder) };
        self.enter(holder, &holding);
    }

    /// Moves all that is known of a holder to another account.
    pub fn hand_over(&mut self, lost: &Address, new: &Address) -> Result<(), TokenError> {
        let joined = joined(&self.holding(new), &self.holding(lost))?;
        self.enter(lost, &Holding::default());
        self.enter(new, &joined);
        Ok(())
    }

    /// Freezes or releases a holder.
    pub fn set_frozen(&mut self, holder: &Address, frozen: bool) {
        let holding = Holding { frozen, ..self.holding(holder) };
        self.enter(holder, &holding);
    }

    /// Prolongs a holder's lock.
    pub fn lock_until(&mut self, holder: &Address, time_ms: u64) -> Result<(), TokenError> {
        let holding = self.holding(holder);
        if time_ms < holding.locked_until_ms {
            return Err(TokenError::LockShortened { locked_until_ms: holding.locked_until_ms });
        }
        self.enter(holder, &Holding { locked_until_ms: time_ms, ..holding });
        Ok(())
    }

    /// Takes over what a parent knows of a holder.
    pub fn take_over(&mut self, holder: &Address, from_parent: &Holding) -> Result<(), TokenError> {
        let holding = joined(&self.holding(holder), from_parent)?;
        self.enter(holder, &holding);
        self.add_to_total(from_parent.units)
    }

    /// Writes a holding and keeps the list of holders.
    fn enter(&mut self, holder: &Address, holding: &Holding) {
        let listed = self.holders.contains(holder);
        if holding.units > 0 && !listed {
            self.holders.insert(holder);
            self.count.set(&(self.count() + 1));
        } else if holding.units == 0 && listed {
            self.holders.remove(holder);
            self.count.set(&(self.count() - 1));
        }
        self.holdings.set(holder, holding);
    }
}

/// Two holdings of one holder: units and frozen units are added, the stricter freeze and lock hold.
fn joined(one: &Holding, other: &Holding) -> Result<Holding, TokenError> {
    let sum = |one: u128, other: u128| one.checked_add(other).ok_or(TokenError::Overflow);
    Ok(Holding {
        units: sum(one.units, other.units)?,
        frozen: one.frozen || other.frozen,
        locked_until_ms: one.locked_until_ms.max(other.locked_until_ms),
        frozen_units: sum(one.frozen_units, other.frozen_units)?,
    })
}
