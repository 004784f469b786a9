//! The table of holders, which every version of the token has.

use crate::holding::{Holding, Lockup, Ratio};
use crate::types::{Reason, TokenError, refuse};
use compliance::{ComplianceError, ComplianceRef, Movement};
use counterpart_sdk::prelude::*;

/// What a contract of rules is told. It does not judge it.
#[interface]
pub trait Rules {
    /// An account is frozen, or is no more.
    fn account_frozen(&mut self, account: Address, frozen: bool);

    /// Units begin to be split.
    fn begin_split(&mut self);

    /// An account has so many units after a split.
    fn resized(&mut self, account: Address, before: u128, after: u128);

    /// All units are split.
    fn end_split(&mut self);
}

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
    pub fn add_to_total(&mut self, units: u128) {
        let total = self.total().checked_add(units).unwrap_or_else(|| refuse(TokenError::Overflow));
        self.total.set(&total);
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
    pub fn tell_rules(&self, movement: Movement) {
        let Some(compliance) = self.compliance() else { return };
        let reasons = match ComplianceRef::at(compliance).moved(movement).try_call() {
            Ok(Ok(())) => return,
            Ok(Err(ComplianceError::Refused { refusals })) => {
                refusals.into_iter().map(|refusal| Reason::Rule { refusal }).collect()
            }
            _ => vec![Reason::RulesFailed],
        };
        refuse(TokenError::TransferRefused { reasons })
    }

    /// Tells the contract of rules something that it does not judge; without its answer nothing happens.
    pub fn tell(&self, message: impl FnOnce(RulesRef) -> Message<(), counterpart_sdk::NoError>) {
        let Some(compliance) = self.compliance() else { return };
        if !matches!(message(RulesRef::at(compliance)).try_call(), Ok(Ok(()))) {
            refuse(TokenError::TransferRefused { reasons: vec![Reason::RulesFailed] });
        }
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

    /// Why a transfer of one holding to another would be refused.
    pub fn refusals(from: &Holding, to: &Holding, partition: u32, units: u128) -> Vec<Reason> {
        let mut reasons = Self::sender_refusals(from, partition, units);
        if to.frozen {
            reasons.push(Reason::ReceiverFrozen);
        }
        reasons
    }

    /// Why it would be refused that units leave a holding.
    pub fn sender_refusals(from: &Holding, partition: u32, units: u128) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let (now, have) = (env::block_time_ms(), from.in_partition(partition));
        if units == 0 {
            reasons.push(Reason::NoUnits);
        }
        if have < units {
            reasons.push(Reason::InsufficientBalance { have, want: units });
        } else {
            if from.free() < units {
                reasons.push(Reason::UnitsFrozen { free: from.free(), want: units });
            }
            if from.unlocked(now) < units {
                reasons.push(Reason::UnitsLocked { free: from.unlocked(now), want: units });
            }
        }
        if from.frozen {
            reasons.push(Reason::SenderFrozen);
        }
        if from.locked_until_ms > now {
            reasons.push(Reason::LockedUntil { time_ms: from.locked_until_ms });
        }
        reasons
    }

    /// Gives units to a holder.
    pub fn credit(&mut self, holder: &Address, partition: u32, units: u128) {
        let mut holding = self.holding(holder);
        holding.give(partition, units);
        self.enter(holder, &holding);
    }

    /// Moves units within a partition, whatever the rules say.
    pub fn move_units(&mut self, from: &Address, to: &Address, partition: u32, units: u128) {
        let mut sender = self.holding(from);
        sender.take(partition, units);
        self.enter(from, &sender);
        self.credit(to, partition, units)
    }

    /// Takes units of a holder out of the book.
    pub fn debit(&mut self, holder: &Address, partition: u32, units: u128) {
        let mut holding = self.holding(holder);
        holding.take(partition, units);
        self.enter(holder, &holding);
        let total = self.total().checked_sub(units).unwrap_or_else(|| refuse(TokenError::Overflow));
        self.total.set(&total);
    }

    /// Lets no more units be frozen than a holder has; answers how many are frozen no more.
    pub fn thaw(&mut self, holder: &Address) -> u128 {
        let mut holding = self.holding(holder);
        let thawed = holding.frozen_units.saturating_sub(holding.units);
        if thawed > 0 {
            holding.frozen_units = holding.units;
            self.enter(holder, &holding);
        }
        thawed
    }

    /// Moves all that is known of a holder to another account.
    pub fn hand_over(&mut self, lost: &Address, new: &Address) {
        let mut holding = self.holding(new);
        let given = self.holding(lost);
        holding.join(&given);
        // Units of a version before may still come to the lost account, and are frozen and locked then as well.
        let Holding { frozen, locked_until_ms, .. } = given;
        self.enter(lost, &Holding { frozen, locked_until_ms, ..Holding::default() });
        self.enter(new, &holding);
    }

    /// Changes what is known of a holder otherwise.
    pub fn change(&mut self, holder: &Address, change: impl FnOnce(&mut Holding)) {
        let mut holding = self.holding(holder);
        change(&mut holding);
        self.enter(holder, &holding);
    }

    /// Prolongs a holder's lock.
    pub fn lock_until(&mut self, holder: &Address, time_ms: u64) {
        let mut holding = self.holding(holder);
        if time_ms < holding.locked_until_ms {
            refuse(TokenError::LockShortened { locked_until_ms: holding.locked_until_ms });
        }
        holding.locked_until_ms = time_ms;
        self.enter(holder, &holding);
    }

    /// Locks units of a holder up.
    pub fn lock_up(&mut self, holder: &Address, lockup: Lockup) {
        let mut holding = self.holding(holder);
        holding.lock(lockup, env::block_time_ms());
        self.enter(holder, &holding);
    }

    /// Takes over what a parent knows of a holder.
    pub fn take_over(&mut self, holder: &Address, from_parent: &Holding) {
        let mut holding = self.holding(holder);
        holding.join(from_parent);
        self.enter(holder, &holding);
        self.add_to_total(from_parent.units)
    }

    /// Splits what a holder has. Answers units after, and what remains.
    pub fn split(&mut self, holder: &Address, ratio: Ratio) -> (u128, u128) {
        let before = self.holding(holder);
        let (after, remains) = before.split(ratio);
        self.enter(holder, &after);
        let total = self.total().checked_sub(before.units).and_then(|total| total.checked_add(after.units));
        self.total.set(&total.unwrap_or_else(|| refuse(TokenError::Overflow)));
        (after.units, remains)
    }

    /// Writes a holding and keeps the list of holders.
    pub fn enter(&mut self, holder: &Address, holding: &Holding) {
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
