//! Splitting: through all holders of this version and of those before it, in pages.

use crate::events::{SplitBegun, SplitEnded, UnitsSplit};
use crate::holding::Ratio;
use crate::lineage::ParentRef;
use crate::migration::require_page;
use crate::register::Register;
use crate::splits::Split;
use crate::types::{Role, TokenError, refuse};
use counterpart_sdk::prelude::*;

impl Register {
    /// Begins a split; the issuer. Nothing else moves until it has gone through all holders. Answers its number.
    pub fn begin_split(&mut self, ratio: Ratio) -> u32 {
        self.require(Role::Issuer);
        self.require_newest();
        self.lineage.require_named();
        let split = self.splits.begin(ratio, self.outstanding());
        self.book.tell(|rules| rules.begin_split());
        SplitBegun { split, ratio }.emit();
        split
    }

    /// Splits the units of holders, in this version and those before it; anybody. Answers units that are left.
    pub fn split_page(&mut self, holders: Vec<Address>) -> u128 {
        self.require_alive();
        let number = self.splits.ended();
        let going_on = self.splits.get(number).filter(|_| self.splits.go_on());
        let mut split = going_on.unwrap_or_else(|| refuse(TokenError::NotSplitting));
        require_page(&holders);
        for holder in holders {
            if self.splits.enter(&holder) {
                self.split_holder(&mut split, holder);
            }
        }
        let left = self.splits.advance(&mut split);
        if left == 0 {
            self.lineage.set_to_come(split.to_come);
            self.book.tell(|rules| rules.end_split());
            let Split { before, after, remains, .. } = split;
            SplitEnded { split: number, before, after, remains }.emit();
        }
        left
    }

    fn split_holder(&mut self, split: &mut Split, holder: Address) {
        let mut before = self.book.balance(&holder);
        let (mut after, mut remains) = self.book.split(&holder, split.ratio);
        if let Some(parent) = self.lineage.parent() {
            // What lies in versions before is not touched: it is split when it comes, to the same.
            for units in self.as_here(ParentRef::at(parent).standing(holder).call().pieces) {
                let (whole, rest) = split.ratio.of(units).unwrap_or((0, 0));
                before += units;
                after += whole;
                remains += rest;
                split.to_come += whole;
            }
        }
        if before > 0 {
            self.splits.note_remains(&holder, remains);
            self.book.tell(|rules| rules.resized(holder, before, after));
            split.before += before;
            split.after += after;
            split.remains += remains;
            UnitsSplit { holder, before, after, remains }.emit();
        }
    }
}
