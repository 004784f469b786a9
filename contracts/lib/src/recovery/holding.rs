//! An amount with its age.

use super::policy::{Checkpoint, Policies};
use super::tiers::{Held, Tier, Tiers, and_then};
use alloc::vec;
use alloc::vec::Vec;
use counterpart_sdk::prelude::Abi;

/// Epochs that one settlement takes at once, at most: a clock that jumps empties no account in one step.
pub const MAX_EPOCHS: u64 = 1_000;
/// Changes of policy that one settlement passes, at most.
pub const MAX_CHECKPOINTS: u32 = 8;

/// A part of an amount that was received in one epoch.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lot {
    /// When.
    pub epoch: u64,
    /// How much, in 2^-32 units.
    pub parts: u128,
}

/// An amount, the epochs that it was charged for, and its age.
#[derive(Abi, Clone, PartialEq, Eq, Debug, Default)]
pub struct Holding {
    /// All of it.
    pub held: Held,
    /// The first epoch that it was not charged for yet.
    pub epoch: u64,
    /// The epoch in which something was spent last, or it began.
    pub active_epoch: u64,
    /// Which of the checkpoints of its class applies in [`Self::epoch`].
    pub checkpoint: u32,
    /// Its parts by age, the oldest first, where a policy looks at age; else none.
    pub lots: Vec<Lot>,
}

/// What was taken out of a holding, by age: none where no age is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moved {
    parts: u128,
    lots: Vec<Lot>,
}

impl Moved {
    /// So much that has no age yet.
    pub fn new(held: Held) -> Self {
        Self { parts: held.parts, lots: Vec::new() }
    }
}

impl Holding {
    /// An empty one that begins in an epoch, with the checkpoint that applies in it.
    pub fn begin(epoch: u64, checkpoint: u32) -> Self {
        Self { epoch, active_epoch: epoch, checkpoint, ..Self::default() }
    }

    /// Charges for all epochs before one, as far as a settlement goes; whether it went so far. `checkpoint_at` answers the
    /// checkpoints of the class by number; the one that applies now has to be there.
    pub fn settle(&mut self, to_epoch: u64, checkpoint_at: &dyn Fn(u32) -> Option<Checkpoint>) -> bool {
        let within = to_epoch.min(self.epoch.saturating_add(MAX_EPOCHS));
        self.run(within, MAX_CHECKPOINTS, checkpoint_at) && within >= to_epoch
    }

    /// What [`Self::settle`] comes to when it is repeated as often as it takes.
    pub fn project(&mut self, to_epoch: u64, checkpoint_at: &dyn Fn(u32) -> Option<Checkpoint>) {
        self.run(to_epoch, u32::MAX, checkpoint_at);
    }

    fn run(&mut self, to_epoch: u64, checkpoints: u32, checkpoint_at: &dyn Fn(u32) -> Option<Checkpoint>) -> bool {
        let mut passed = 0;
        while self.epoch < to_epoch {
            let next = checkpoint_at(self.checkpoint + 1);
            let until = next.as_ref().map_or(to_epoch, |next| next.from_epoch.min(to_epoch));
            if self.held.parts > 0 && self.epoch < until {
                let now = checkpoint_at(self.checkpoint).expect("the checkpoint that applies is kept");
                self.charge(&now.policies, until);
            }
            self.epoch = until;
            match next {
                Some(next) if next.from_epoch <= to_epoch => {
                    if passed == checkpoints {
                        return false;
                    }
                    passed += 1;
                    self.checkpoint += 1;
                    self.enter(&next.policies);
                }
                _ => break,
            }
        }
        true
    }

    /// Begins an epoch from which other policies apply: everything is swept if they say so.
    fn enter(&mut self, policies: &Policies) {
        if policies.sweep {
            self.held = Held::default();
        }
        self.join(policies);
    }

    /// Is charged by other policies from here on. Value whose age nobody looked at is new.
    pub fn join(&mut self, policies: &Policies) {
        if policies.expiry.is_none() || self.held.parts == 0 {
            self.lots.clear();
        } else if self.lots.is_empty() {
            self.lots = vec![Lot { epoch: self.epoch, parts: self.held.parts }];
        }
    }

    /// Charges for all epochs before one by the same policies.
    fn charge(&mut self, policies: &Policies, to_epoch: u64) {
        while self.epoch < to_epoch && self.held.parts > 0 {
            let mut until = to_epoch;
            if let (Some(expiry), Some(oldest)) = (policies.expiry, self.lots.first()) {
                until = until.min((oldest.epoch + u64::from(expiry.after_epochs)).max(self.epoch + 1));
            }
            let (mut tiers, with_idle): (&[Tier], Vec<Tier>);
            tiers = &policies.tiers;
            if let Some(idle) = policies.idle {
                let idle_from = self.active_epoch + u64::from(idle.after_epochs);
                if self.epoch >= idle_from {
                    with_idle = and_then(tiers, idle.rate);
                    tiers = &with_idle;
                } else {
                    until = until.min(idle_from);
                }
            }
            let left = Tiers::checked(tiers).after(self.held, until - self.epoch);
            take_oldest(&mut self.lots, self.held.parts - left.parts);
            self.held = left;
            self.epoch = until;
            if let Some(expiry) = policies.expiry {
                let young = |lot: &&Lot| lot.epoch + u64::from(expiry.after_epochs) > until;
                self.lots = self.lots.iter().filter(young).copied().collect();
                self.held = Held { parts: self.lots.iter().map(|lot| lot.parts).sum() };
            }
        }
    }

    /// Takes units out, the oldest first; `None` when there are not so many. What was taken has an age if the policies say that
    /// value keeps it.
    pub fn take(&mut self, units: u128, policies: &Policies) -> Option<Moved> {
        if units > self.held.units() {
            return None;
        }
        let moved = Held::from_units(units)?;
        let lots = take_oldest(&mut self.lots, moved.parts);
        self.held.parts -= moved.parts;
        let keeps = policies.expiry.is_some_and(|expiry| expiry.keep_age);
        Some(Moved { parts: moved.parts, lots: if keeps { lots } else { Vec::new() } })
    }

    /// Adds what was taken elsewhere. The holding has to be settled.
    pub fn add(&mut self, moved: Moved, policies: &Policies) {
        self.held.parts += moved.parts;
        if policies.expiry.is_none() {
            return;
        }
        let fresh = [Lot { epoch: self.epoch, parts: moved.parts }];
        for lot in if moved.lots.is_empty() { &fresh[..] } else { &moved.lots } {
            let at = self.lots.partition_point(|own| own.epoch < lot.epoch);
            match self.lots.get_mut(at) {
                Some(own) if own.epoch == lot.epoch => own.parts += lot.parts,
                _ if lot.parts > 0 => self.lots.insert(at, *lot),
                _ => {}
            }
        }
    }

    /// Notes that something was spent in this epoch.
    pub fn spent(&mut self) {
        self.active_epoch = self.epoch;
    }
}

/// Takes so much out of lots, the oldest first; answers what was taken.
fn take_oldest(lots: &mut Vec<Lot>, mut parts: u128) -> Vec<Lot> {
    let mut taken = Vec::new();
    while parts > 0 && !lots.is_empty() {
        let some = lots[0].parts.min(parts);
        taken.push(Lot { epoch: lots[0].epoch, parts: some });
        parts -= some;
        lots[0].parts -= some;
        if lots[0].parts == 0 {
            lots.remove(0);
        }
    }
    taken
}
