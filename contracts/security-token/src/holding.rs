//! What is known of a holder.

use crate::lineage::Standing;
use crate::types::{TokenError, refuse};
use counterpart_sdk::prelude::*;

/// Lock-ups that a holder can have at a time.
pub const MAX_LOCKUPS: usize = 16;

/// Units that are locked until a time. They are counted, not marked: a holder with more than are locked can move the others.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lockup {
    /// How many.
    pub units: u128,
    /// Until when, in ms since 1970.
    pub until_ms: u64,
}

/// Units in a partition other than the common one.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// Which; 1 or more.
    pub partition: u32,
    /// How many; at least one.
    pub units: u128,
}

/// A ratio of a split: of so many old units, so many new ones.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ratio {
    /// New units.
    pub new: u32,
    /// For so many old ones.
    pub old: u32,
}

impl Ratio {
    /// Units after several splits. None is too large: a split that would make one so does not begin.
    pub fn all(ratios: &[Ratio], units: u128) -> u128 {
        ratios.iter().fold(units, |units, ratio| ratio.of(units).map_or(u128::MAX, |(whole, _)| whole))
    }

    /// Whole new units for old ones, and what remains, in parts of `old`; `None` when it is too large.
    pub fn of(self, units: u128) -> Option<(u128, u128)> {
        let (new, old) = (u128::from(self.new), u128::from(self.old));
        // Below 2^64, because both are below 2^32.
        let rest = (units % old) * new;
        let whole = (units / old).checked_mul(new)?.checked_add(rest / old)?;
        Some((whole, rest % old))
    }
}

/// What is known of a holder; it moves along in a migration as a whole.
#[derive(Abi, Clone, PartialEq, Eq, Debug, Default)]
pub struct Holding {
    /// Units held, in all partitions.
    pub units: u128,
    /// Whether the holder is frozen.
    pub frozen: bool,
    /// Until when all units are locked, in ms since 1970.
    pub locked_until_ms: u64,
    /// Units that are frozen, maybe more than are held.
    pub frozen_units: u128,
    /// Units that are locked, each until its own time; at most 16.
    pub lockups: Vec<Lockup>,
    /// Units in partitions other than the common one, by their numbers.
    pub parts: Vec<Part>,
}

impl Holding {
    /// Whether nothing is known.
    pub fn is_nothing(&self) -> bool {
        let units = self.units | self.frozen_units | u128::from(self.locked_until_ms);
        units == 0 && !self.frozen && self.lockups.is_empty()
    }

    /// Units that are not frozen.
    pub fn free(&self) -> u128 {
        self.units.saturating_sub(self.frozen_units)
    }

    /// Units whose lock-up has ended, or that never had one.
    pub fn unlocked(&self, now_ms: u64) -> u128 {
        let running = self.lockups.iter().filter(|lockup| lockup.until_ms > now_ms);
        running.fold(self.units, |left, lockup| left.saturating_sub(lockup.units))
    }

    /// Units in a partition; 0 is the common one, where all units are that are in no other.
    pub fn in_partition(&self, partition: u32) -> u128 {
        if partition == 0 {
            return self.parts.iter().fold(self.units, |left, part| left.saturating_sub(part.units));
        }
        self.parts.iter().find(|part| part.partition == partition).map_or(0, |part| part.units)
    }

    /// Adds units to a partition.
    pub fn give(&mut self, partition: u32, units: u128) {
        self.units = self.units.checked_add(units).unwrap_or_else(|| refuse(TokenError::Overflow));
        if partition == 0 || units == 0 {
            return;
        }
        // It cannot be more than all units.
        match self.parts.iter_mut().find(|part| part.partition == partition) {
            Some(part) => part.units += units,
            None => {
                let place = self.parts.iter().take_while(|part| part.partition < partition).count();
                self.parts.insert(place, Part { partition, units });
            }
        }
    }

    /// Takes units out of a partition.
    pub fn take(&mut self, partition: u32, units: u128) {
        if self.in_partition(partition) < units {
            refuse(TokenError::Overflow);
        }
        self.units -= units;
        for part in self.parts.iter_mut().filter(|part| part.partition == partition) {
            part.units -= units;
        }
        self.parts.retain(|part| part.units > 0);
    }

    /// Where so many units are taken from when nobody says it: the common partition first, the others by their numbers.
    pub fn pieces(&self, units: u128) -> Vec<Part> {
        let mut left = units;
        let mut pieces = Vec::new();
        let common = Part { partition: 0, units: self.in_partition(0) };
        for part in core::iter::once(&common).chain(&self.parts) {
            let units = part.units.min(left);
            if units > 0 {
                pieces.push(Part { partition: part.partition, units });
                left -= units;
            }
        }
        pieces
    }

    /// What holds of the holder in versions before holds here as well.
    pub fn heed(&mut self, before: &Standing) {
        self.frozen |= before.frozen;
        self.locked_until_ms = self.locked_until_ms.max(before.locked_until_ms);
    }

    /// Units of each partition, the common one first.
    pub fn by_partition(&self) -> Vec<u128> {
        core::iter::once(self.in_partition(0)).chain(self.parts.iter().map(|part| part.units)).collect()
    }

    /// Locks units; those whose time is over are forgotten.
    pub fn lock(&mut self, lockup: Lockup, now_ms: u64) {
        self.lockups.retain(|lockup| lockup.until_ms > now_ms);
        if self.lockups.len() >= MAX_LOCKUPS {
            refuse(TokenError::TooMany { most: MAX_LOCKUPS as u32 });
        }
        self.lockups.push(lockup);
    }

    /// Adds another holding of the same holder: units, frozen units and lock-ups are added, the stricter freeze and lock hold.
    pub fn join(&mut self, other: &Holding) {
        self.frozen |= other.frozen;
        self.locked_until_ms = self.locked_until_ms.max(other.locked_until_ms);
        self.frozen_units = self.frozen_units.saturating_add(other.frozen_units);
        self.give(0, other.in_partition(0));
        other.parts.iter().for_each(|part| self.give(part.partition, part.units));
        for lockup in &other.lockups {
            let full = self.lockups.len() >= MAX_LOCKUPS;
            match self.lockups.last_mut().filter(|_| full) {
                // Nobody gets units earlier because there were too many lock-ups to tell apart.
                Some(last) => {
                    last.units = last.units.saturating_add(lockup.units);
                    last.until_ms = last.until_ms.max(lockup.until_ms);
                }
                None => self.lockups.push(*lockup),
            }
        }
    }

    /// The holding after a split, and what remains of its units in parts of the ratio's old units. Each partition is split by itself.
    pub fn split(&self, ratio: Ratio) -> (Holding, u128) {
        let most = |units| ratio.of(units).map_or(u128::MAX, |(whole, _)| whole);
        let mut after = Holding {
            units: 0,
            parts: Vec::new(),
            frozen_units: most(self.frozen_units),
            lockups: self.lockups.iter().map(|lock| Lockup { units: most(lock.units), ..*lock }).collect(),
            ..*self
        };
        let mut remains = 0;
        let common = Part { partition: 0, units: self.in_partition(0) };
        for part in core::iter::once(&common).chain(&self.parts) {
            let (units, rest) = ratio.of(part.units).unwrap_or_else(|| refuse(TokenError::Overflow));
            after.give(part.partition, units);
            remains += rest;
        }
        (after, remains)
    }
}
