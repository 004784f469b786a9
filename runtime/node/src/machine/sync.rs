//! Catching up: blocks that were missed, singly by hash and in order by height.

use super::blocks::disagreement;
use super::{Fault, Ledger, Machine, Now, To};
use counterpart_consensus::Message;
use counterpart_ledger::{Block, Certificate, Hash, Height, Phase, PublicKey, Statement, encode};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Most blocks in an answer.
const MOST_BLOCKS: usize = 64;
/// Most bytes in an answer; one block may be more.
const MOST_BYTES: usize = 1 << 20;
/// Most views that are asked about at a time.
const MOST_SKIPS: usize = 64;
/// Before the same is asked again, in microseconds.
const PATIENCE_US: u64 = 200_000;

/// What was asked for, and when.
#[derive(Default)]
pub(super) struct Requests {
    blocks_us: Option<u64>,
    singles: BTreeMap<Hash, Single>,
    skips_us: Option<u64>,
    /// When peers were helped last.
    helped: BTreeMap<PublicKey, u64>,
}

/// A block that was asked for by its hash.
struct Single {
    asked_us: u64,
    /// What comes a second time is not looked at, and nobody is asked again at once for what was of no use.
    answered: bool,
}

impl Requests {
    /// Whether a block was asked for and did not come yet; from now on it did.
    fn answered(&mut self, block: &Hash) -> bool {
        self.singles.get_mut(block).is_some_and(|single| !std::mem::replace(&mut single.answered, true))
    }
}

impl<L: Ledger> Machine<L> {
    /// Asks for the block, or the nearest of its ancestors, that is not here.
    pub(super) fn fetch_missing(&mut self, block: Hash, now: Now) {
        let head = self.ledger.head();
        let mut missing = block;
        while let Some(block) = self.blocks.get(&missing) {
            missing = block.header.parent;
            if block.header.height.0 <= head.height.0 + 1 {
                return;
            }
        }
        if missing == head.hash || missing == Hash::ZERO {
            return;
        }
        self.requests.singles.retain(|_, single| now.us < single.asked_us + PATIENCE_US);
        if let Entry::Vacant(single) = self.requests.singles.entry(missing) {
            single.insert(Single { asked_us: now.us, answered: false });
            self.messages.push((To::All, Message::WantBlock { hash: missing }));
        }
    }

    /// Asks for the skips that its proposal has to show and that nobody remembers, perhaps because all were restarted.
    ///
    /// # Errors
    /// [`Fault`] when the node must stop.
    pub(super) fn fetch_skips(&mut self, now: Now) -> Result<(), Fault> {
        if self.requests.skips_us.is_some_and(|at| now.us < at + PATIENCE_US) {
            return Ok(());
        }
        let views = self.core.unproved_skips(MOST_SKIPS);
        if !views.is_empty() {
            self.requests.skips_us = Some(now.us);
            self.messages.push((To::All, Message::WantSkips { views: views.clone() }));
        }
        // What it said before a restart counts for itself too.
        for view in views {
            for (statement, signed) in self.own_words(view) {
                self.count(statement, signed, |_, _, _| true, now)?;
            }
        }
        Ok(())
    }

    /// Somebody is still in a view that this replica left: it may lack what this replica said there, because this one forgot the
    /// proof in a restart, or it was lost.
    pub(super) fn help(&mut self, from: PublicKey, statement: &Statement, now: Now) -> Result<(), Fault> {
        let Statement { chain, epoch, phase, view, block } = *statement;
        let here = chain == self.chain && epoch == self.set.epoch && matches!(phase, Phase::Vote | Phase::Skip);
        let left = view < self.core.view() && view >= self.core.floor() && !self.core.is_certified(view, &block);
        let lately = self.requests.helped.get(&from).is_some_and(|at| now.us < at + PATIENCE_US);
        if !here || !left || lately {
            return Ok(());
        }
        self.requests.helped.insert(from, now.us);
        self.on_want_skips(from, &[view], now)
    }

    /// Answers with the proof; or with what it said in the view, after it gave it up, late, if it may: others will do the same.
    /// A view in which somebody said a final cannot be given up, and its certificate may be lost with those who saw it: then
    /// the votes make it again.
    pub(super) fn on_want_skips(&mut self, from: PublicKey, views: &[u64], now: Now) -> Result<(), Fault> {
        let past = self.core.view();
        for view in views.iter().take(MOST_SKIPS).filter(|view| **view < past) {
            if let Some(proof) = self.core.skip_proof(*view) {
                self.messages.push((To::One(from), Message::Certificate(proof.clone())));
                continue;
            }
            if !self.core.said(*view).skipped {
                self.time_out(*view, now)?;
            }
            let words = self.own_words(*view);
            self.messages.extend(
                words.into_iter().map(|(statement, signed)| (To::One(from), Message::Signed(statement, signed))),
            );
        }
        Ok(())
    }

    pub(super) fn ask_for_blocks(&mut self, from: PublicKey, now: Now) {
        if self.requests.blocks_us.is_some_and(|at| now.us < at + PATIENCE_US) {
            return;
        }
        self.requests.blocks_us = Some(now.us);
        let first = Height(self.ledger.head().height.0 + 1);
        self.messages.push((To::One(from), Message::WantBlocks { from: first }));
    }

    pub(super) fn on_status(&mut self, from: PublicKey, height: Height, now: Now) -> Result<(), Fault> {
        if height > self.ledger.head().height {
            self.ask_for_blocks(from, now);
        }
        Ok(())
    }

    /// Answers with approved blocks of one epoch, up to one whose finals are recorded.
    pub(super) fn on_want_blocks(&mut self, from: PublicKey, first: Height) -> Result<(), Fault> {
        let head = self.ledger.head().height;
        let (mut blocks, mut bytes) = (Vec::new(), 0);
        let mut whole = (0, None);
        let mut height = first;
        while height.0 >= 1 && height <= head && blocks.len() < MOST_BLOCKS && (bytes < MOST_BYTES || whole.0 == 0) {
            let (Some(block), Some(certificate)) = (self.ledger.block(height)?, self.ledger.certificate(height)?)
            else {
                break;
            };
            let other_epoch =
                |(first, _): &(Block, Certificate)| first.header.validator_set != block.header.validator_set;
            if blocks.first().is_some_and(other_epoch) {
                break;
            }
            bytes += encode(&block).len();
            blocks.push((block, certificate));
            if let Some(approval) = self.ledger.approval(height)? {
                whole = (blocks.len(), Some(approval));
            }
            height = Height(height.0 + 1);
        }
        blocks.truncate(whole.0);
        if !blocks.is_empty() {
            self.messages.push((To::One(from), Message::Blocks { blocks, approval: whole.1 }));
        }
        Ok(())
    }

    pub(super) fn on_blocks(
        &mut self,
        blocks: Vec<(Block, Certificate)>,
        approval: Option<Certificate>,
        now: Now,
    ) -> Result<(), Fault> {
        let Some(approval) = approval.filter(|approval| approval.statement.phase == Phase::Final) else {
            return Ok(());
        };
        let before = self.ledger.head();
        let fresh = blocks.iter().skip_while(|(block, _)| block.header.height <= before.height);
        let fresh: Vec<&(Block, Certificate)> = fresh.take(MOST_BLOCKS).collect();
        let Some((last, _)) = fresh.last() else { return Ok(()) };
        let mut parent = before.hash;
        for (block, certificate) in &fresh {
            let hash = block.hash();
            let follows =
                block.header.parent == parent && certificate.statement.block == hash && Self::is_votes(certificate);
            if !follows || !block.is_whole() || !self.holds(certificate) {
                return Ok(());
            }
            parent = hash;
        }
        if approval.statement.block != last.hash() || !self.holds(&approval) {
            return Ok(());
        }
        self.requests.blocks_us = None;
        for (block, certificate) in fresh {
            self.blocks.keep(block.clone(), before.height);
            self.blocks.certify(block.hash(), certificate);
        }
        if !self.commit(&approval)? {
            return Ok(());
        }
        let (view, block) = (approval.statement.view, approval.statement.block);
        let newest = self.ledger.certificate(self.ledger.head().height)?;
        self.committed(view, before.height, approval, now)?;
        match newest.filter(|votes| votes.statement.epoch == self.set.epoch && votes.statement.block == block) {
            Some(votes) => self.certified(votes.statement.view, block, votes, now),
            None => Ok(()),
        }
    }

    /// A block that was asked for by its hash; who sends others gains nothing.
    pub(super) fn on_block(&mut self, block: Block, now: Now) -> Result<(), Fault> {
        let hash = block.hash();
        if !block.is_whole() || !self.requests.answered(&hash) {
            return Ok(());
        }
        let (height, parent) = (block.header.height, block.header.parent);
        let head = self.ledger.head();
        if height <= head.height {
            let approved = self.approved.as_ref().is_some_and(|finals| finals.statement.block == hash);
            let own = self.ledger.block(height)?.map(|block| block.hash());
            return match own.filter(|own| approved && *own != hash) {
                Some(own) => Err(disagreement(height, &hash, &own)),
                None => Ok(()),
            };
        }
        self.blocks.keep(block, head.height);
        self.fetch_missing(parent, now);
        self.settle(now)?;
        self.retry_early(now)
    }
}
