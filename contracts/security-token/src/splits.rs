//! Splits: of so many old units, so many new ones.
//!
//! A split goes through all holders in pages, and nothing else moves meanwhile. Whoever sends a page names the holders; the split has
//! ended when all units have been split, and a holder's are split once. What remains of a holder's units is no unit any more: it is
//! noted in parts, exactly, and paid in money by a desk.

use crate::holding::Ratio;
use crate::types::{TokenError, refuse};
use counterpart_sdk::prelude::*;

/// Splits of one version, at most: units that come later go through all of them.
pub const MAX_SPLITS: u32 = 64;

/// A split.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Split {
    /// Its ratio.
    pub ratio: Ratio,
    /// When it ended, in ms since 1970; nothing while it goes on.
    pub ended_ms: Option<u64>,
    /// Units that were to be split when it began, in this version and all before it.
    pub outstanding: u128,
    /// Those of them that have been.
    pub before: u128,
    /// What they have become: `before * new = after * old + remains`, exactly.
    pub after: u128,
    /// How many of the new units belong to holders who are still in versions before this one.
    pub to_come: u128,
    /// What remains of all holders, in parts of the ratio's old units.
    pub remains: u128,
}

/// The splits of a version.
#[storage]
pub struct Splits {
    splits: Map<u32, Split>,
    ended: Item<u32>,
    going_on: Item<bool>,
    /// The number of the last split that an account has gone through, and one more.
    through: Map<Address, u32>,
    remains: Map<(u32, Address), u128>,
}

impl Splits {
    /// How many have ended; they are numbered from 0.
    pub fn ended(&self) -> u32 {
        self.ended.get_or_default()
    }

    /// Whether one goes on.
    pub fn go_on(&self) -> bool {
        self.going_on.get_or_default()
    }

    /// A split.
    pub fn get(&self, split: u32) -> Option<Split> {
        self.splits.get(&split)
    }

    /// What remained of a holder's units, in parts of the ratio's old units.
    pub fn remains(&self, split: u32, holder: &Address) -> u128 {
        self.remains.get_or_default(&(split, *holder))
    }

    /// The ratios of those that have ended.
    pub fn ratios(&self) -> Vec<Ratio> {
        (0..self.ended()).filter_map(|number| Some(self.get(number)?.ratio)).collect()
    }

    /// Begins a split of so many units. Answers its number.
    pub fn begin(&mut self, ratio: Ratio, outstanding: u128) -> u32 {
        let number = self.ended();
        if number >= MAX_SPLITS {
            refuse(TokenError::TooMany { most: MAX_SPLITS });
        }
        // No holder's units become too large if all together do not.
        if ratio.new == 0 || ratio.old == 0 || ratio.new == ratio.old || ratio.of(outstanding).is_none() {
            refuse(TokenError::BadRatio);
        }
        let split = Split { ratio, ended_ms: None, outstanding, before: 0, after: 0, to_come: 0, remains: 0 };
        self.splits.set(&number, &split);
        self.going_on.set(&true);
        number
    }

    /// Whether an account goes through the split for the first time; notes that it does.
    pub fn enter(&mut self, holder: &Address) -> bool {
        let through = self.ended() + 1;
        let first = self.through.get_or_default(holder) != through;
        if first {
            self.through.set(holder, &through);
        }
        first
    }

    /// Notes what remains of a holder's units.
    pub fn note_remains(&mut self, holder: &Address, remains: u128) {
        if remains > 0 {
            self.remains.set(&(self.ended(), *holder), &remains);
        }
    }

    /// Notes how far the split has come, and ends it when nothing is left. Answers units that are left.
    pub fn advance(&mut self, split: &mut Split) -> u128 {
        let (number, left) = (self.ended(), split.outstanding - split.before);
        if left == 0 {
            split.ended_ms = Some(env::block_time_ms());
            self.ended.set(&(number + 1));
            self.going_on.set(&false);
        }
        self.splits.set(&number, split);
        left
    }
}
