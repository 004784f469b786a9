//! The synchronous rule: what somebody may conclude who forwarded a certificate and then waited.

use counterpart_ledger::{Hash, Quiet, SignatureError, SignedBy, ValidatorSet};
use std::collections::BTreeMap;

/// What was seen of a view since the certificate of its block was forwarded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sight {
    /// ms since the certificate was forwarded to all.
    pub elapsed_ms: u64,
    /// Distinct members that skipped the view.
    pub skippers: u16,
    /// Most votes for another block in the view.
    pub others: u16,
}

impl Sight {
    /// Liars that cannot undo the block, T2 = R - 1 - max(skippers, others), if messages between honest parties take at most
    /// `delta_ms`; `None` before 2 * Delta has passed, or when as many contradict as the quorum.
    pub fn tolerated(&self, set: &ValidatorSet, delta_ms: u64) -> Option<u16> {
        let waited = self.elapsed_ms >= delta_ms.saturating_mul(2);
        set.quorum.checked_sub(1)?.checked_sub(self.skippers.max(self.others)).filter(|_| waited)
    }

    /// What a client concludes that has no links of its own: from the words of R replicas on one block, the shortest wait and
    /// the worst disturbance among them. `None` when fewer than R members say anything that verifies.
    pub fn of_replicas(set: &ValidatorSet, words: &[(Quiet, SignedBy)], view: u64, block: &Hash) -> Option<Self> {
        let about = |word: &Quiet| word.view == view && word.block == *block;
        let mut best: BTreeMap<u16, Quiet> = BTreeMap::new();
        for (word, signed) in words {
            let known = best.get(&signed.signer).map_or(0, |word| word.elapsed_ms);
            if about(word) && word.elapsed_ms >= known && checked(set, word, signed).is_ok() {
                best.insert(signed.signer, *word);
            }
        }
        // The longest waits first: those beyond R add nothing but disturbance that was seen, which counts all the same.
        let mut waits: Vec<u64> = best.values().map(|word| word.elapsed_ms).collect();
        waits.sort_unstable_by(|one, other| other.cmp(one));
        let elapsed_ms = *waits.get(usize::from(set.quorum).checked_sub(1)?)?;
        let worst = |of: fn(&Quiet) -> u16| best.values().map(of).max().unwrap_or(0);
        Some(Self { elapsed_ms, skippers: worst(|word| word.skippers), others: worst(|word| word.others) })
    }
}

fn checked(set: &ValidatorSet, word: &Quiet, signed: &SignedBy) -> Result<(), SignatureError> {
    word.verify(set, signed)
}

/// Remembers when certificates were forwarded. The clock is the caller's, in ms from any beginning.
#[derive(Clone, Debug, Default)]
pub struct Observer {
    forwarded: BTreeMap<(u64, Hash), u64>,
}

impl Observer {
    /// Notes that a certificate was sent to all at this time; again changes nothing.
    pub fn forwarded(&mut self, view: u64, block: Hash, now_ms: u64) {
        self.forwarded.entry((view, block)).or_insert(now_ms);
    }

    /// What was seen of a block's view since; `disturbance` is how many skipped it and how many voted otherwise.
    pub fn sight(&self, view: u64, block: &Hash, now_ms: u64, (skippers, others): (u16, u16)) -> Option<Sight> {
        let since = self.forwarded.get(&(view, *block))?;
        Some(Sight { elapsed_ms: now_ms.saturating_sub(*since), skippers, others })
    }

    /// Forgets views below one.
    pub fn forget_below(&mut self, view: u64) {
        self.forwarded = self.forwarded.split_off(&(view, Hash::ZERO));
    }
}
