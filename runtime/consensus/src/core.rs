//! The replica's part of the protocol, as a state machine: certificates, proposals and time-outs in, signatures out.
//!
//! One core knows one epoch. What proves a certificate is opaque here and was checked by whoever brings it, so that a model
//! checker runs this very code on small numbers. Blocks are named by `B`, certificates carried as `C`.

use counterpart_ledger::Phase;
use std::collections::BTreeMap;

/// What happens to a replica.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event<B, C> {
    /// R first votes for a block in a view.
    Certified {
        /// The view.
        view: u64,
        /// The block.
        block: B,
        /// What proves it.
        proof: C,
    },
    /// R skips of a view.
    Skipped {
        /// The view.
        view: u64,
        /// What proves it.
        proof: C,
    },
    /// The leader's proposal, whose block was found valid on top of its parent.
    Proposed(Proposed<B>),
    /// The view takes too long.
    TimedOut {
        /// The view.
        view: u64,
    },
}

/// A proposal as the core sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proposed<B> {
    /// In which view.
    pub view: u64,
    /// The block.
    pub block: B,
    /// The view in which the parent was certified; 0 for the root.
    pub parent_view: u64,
    /// The parent.
    pub parent: B,
}

/// What a replica has to do, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect<B, C> {
    /// Sign, write that down durably, then send to all. The block is `None` for a skip.
    Sign {
        /// What to say.
        phase: Phase,
        /// Of which view.
        view: u64,
        /// Of which block.
        block: Option<B>,
    },
    /// Send a certificate to all, which this replica sees for the first time. The block is `None` for skips.
    Forward {
        /// Of which view.
        view: u64,
        /// Of which block.
        block: Option<B>,
        /// What proves it.
        proof: C,
    },
    /// A view begins.
    Entered {
        /// Which.
        view: u64,
    },
}

/// What a leader may propose on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ground<B, C> {
    /// The view that it leads.
    pub view: u64,
    /// The view in which the parent was certified; 0 for the root.
    pub parent_view: u64,
    /// The parent.
    pub parent: B,
    /// Its certificate; none for the root.
    pub certificate: Option<C>,
    /// One certificate of skips for every view between.
    pub skips: Vec<C>,
}

/// What this replica said in a view.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Said<B> {
    /// It proposed this.
    pub proposed: Option<B>,
    /// It voted for this.
    pub voted: Option<B>,
    /// It certified this to clients.
    pub finalized: Option<B>,
    /// It skipped the view.
    pub skipped: bool,
}

impl<B> Default for Said<B> {
    fn default() -> Self {
        Self { proposed: None, voted: None, finalized: None, skipped: false }
    }
}

/// A replica in one epoch.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Core<B, C> {
    members: u16,
    index: Option<u16>,
    view: u64,
    /// Nothing is signed below: what was said there is forgotten.
    floor: u64,
    /// Nothing is signed below, although it is still looked at: what was said there is lost.
    signs_from: u64,
    /// By view; a second block in a view shows that more lie than the quorum is made for.
    certified: BTreeMap<u64, BTreeMap<B, Option<C>>>,
    skipped: BTreeMap<u64, C>,
    said: BTreeMap<u64, Said<B>>,
}

impl<B: Copy + Ord, C: Clone> Core<B, C> {
    /// A core at the beginning of an epoch.
    ///
    /// `index` is this replica's place in the set; one without a place follows and signs nothing. `root` is the block that
    /// the epoch builds on. It counts as certified in view 0.
    pub fn new(members: u16, index: Option<u16>, root: B) -> Self {
        Self {
            members,
            index,
            view: 1,
            floor: 0,
            signs_from: 0,
            certified: BTreeMap::from([(0, BTreeMap::from([(root, None)]))]),
            skipped: BTreeMap::new(),
            said: BTreeMap::new(),
        }
    }

    /// Who leads a view.
    pub fn leader(&self, view: u64) -> u16 {
        (view % u64::from(self.members.max(1))) as u16
    }

    /// The view that it is in.
    pub fn view(&self) -> u64 {
        self.view
    }

    /// The view below which it signs nothing any more.
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// What it said in a view.
    pub fn said(&self, view: u64) -> Said<B> {
        self.said.get(&view).copied().unwrap_or_default()
    }

    /// Whether it knows the certificate of a block in a view.
    pub fn is_certified(&self, view: u64, block: &B) -> bool {
        self.certified.get(&view).is_some_and(|blocks| blocks.contains_key(block))
    }

    /// Whether it knows that a view was skipped.
    pub fn is_skipped(&self, view: u64) -> bool {
        self.skipped.contains_key(&view)
    }

    /// The proof that a view was skipped, if it is here.
    pub fn skip_proof(&self, view: u64) -> Option<&C> {
        self.skipped.get(&view)
    }

    /// The certified block of the highest view, that view, and its certificate.
    pub fn best(&self) -> Option<(u64, B, Option<&C>)> {
        let (view, blocks) = self.certified.last_key_value()?;
        let (block, proof) = blocks.first_key_value()?;
        Some((*view, *block, proof.as_ref()))
    }

    /// The certificates of skips of views above one.
    pub fn skips_above(&self, view: u64) -> impl Iterator<Item = (u64, &C)> {
        self.skipped.range(view + 1..).map(|(view, proof)| (*view, proof))
    }

    /// Remembers what was signed before a restart, in any order, and goes on in no earlier view.
    pub fn recall(&mut self, phase: Phase, view: u64, block: B) {
        let said = self.said.entry(view).or_default();
        match phase {
            Phase::Propose => said.proposed = Some(block),
            Phase::Vote => said.voted = Some(block),
            Phase::Final => said.finalized = Some(block),
            Phase::Skip => said.skipped = true,
        }
        // A view may be skipped ahead, in the one before it: that is no proof that this one was left.
        let entered = if phase == Phase::Skip { view.saturating_sub(1) } else { view };
        self.view = self.view.max(entered);
    }

    /// Signs nothing below a view, because it does not know any more what it said there.
    pub fn sign_from(&mut self, view: u64) {
        self.signs_from = self.signs_from.max(view);
    }

    /// Whether anything may be signed in a view.
    fn may_sign(&self, view: u64) -> bool {
        self.index.is_some() && view >= self.floor.max(self.signs_from).max(1)
    }

    /// Refuses to sign below a view, and forgets what was said there; what is certified or skipped below is forgotten but for
    /// the newest certificate.
    pub fn forget_below(&mut self, view: u64) {
        self.floor = self.floor.max(view);
        self.view = self.view.max(self.floor);
        self.said = self.said.split_off(&self.floor);
        self.skipped = self.skipped.split_off(&self.floor);
        let newest = self.certified.last_key_value().map_or(0, |(view, _)| *view);
        self.certified = self.certified.split_off(&self.floor.min(newest));
    }

    /// Takes what happened; answers what to do.
    pub fn step(&mut self, event: Event<B, C>) -> Vec<Effect<B, C>> {
        let mut effects = Vec::new();
        match event {
            Event::Certified { view, block, proof } => self.on_certified(view, block, proof, &mut effects),
            Event::Skipped { view, proof } => self.on_skipped(view, proof, &mut effects),
            Event::Proposed(proposed) => self.on_proposed(proposed, &mut effects),
            Event::TimedOut { view } => self.on_timeout(view, &mut effects),
        }
        effects
    }

    /// What this replica may propose on, if it leads its view, has proposed nothing in it and knows all that justifies it.
    pub fn ground(&self) -> Option<Ground<B, C>> {
        let view = self.view;
        let leads = self.index == Some(self.leader(view)) && self.may_sign(view);
        if !leads || self.said(view).proposed.is_some() || self.certified.contains_key(&view) {
            return None;
        }
        let (&parent_view, blocks) = self.certified.range(..view).next_back()?;
        let (&parent, proof) = blocks.first_key_value()?;
        let skips: Vec<C> = (parent_view + 1..view).map_while(|view| self.skipped.get(&view).cloned()).collect();
        let whole = skips.len() as u64 == view - parent_view - 1;
        whole.then(|| Ground { view, parent_view, parent, certificate: proof.clone(), skips })
    }

    /// Views that the leader of this view cannot show to be skipped, oldest first; none for others.
    pub fn unproved_skips(&self, most: usize) -> Vec<u64> {
        let leads = self.index == Some(self.leader(self.view)) && self.said(self.view).proposed.is_none();
        let newest = self.certified.range(..self.view).next_back().map(|(view, _)| *view);
        let Some(newest) = newest.filter(|_| leads) else { return Vec::new() };
        (newest + 1..self.view).filter(|view| !self.is_skipped(*view)).take(most).collect()
    }

    /// Proposes a block on its ground: the signature to give.
    pub fn propose(&mut self, block: B) -> Option<Effect<B, C>> {
        let view = self.ground()?.view;
        self.said.entry(view).or_default().proposed = Some(block);
        Some(Effect::Sign { phase: Phase::Propose, view, block: Some(block) })
    }

    /// Whether a vote for a proposal could still be given: so that nobody examines blocks in vain.
    pub fn would_vote(&self, proposed: &Proposed<B>) -> bool {
        let said = self.said(proposed.view);
        let justified = self.is_certified(proposed.parent_view, &proposed.parent)
            && proposed.parent_view < proposed.view
            && (proposed.parent_view + 1..proposed.view).all(|view| self.is_skipped(view));
        self.may_sign(proposed.view)
            && proposed.view == self.view
            && said.voted.is_none()
            && said.finalized.is_none()
            && justified
    }

    fn on_certified(&mut self, view: u64, block: B, proof: C, effects: &mut Vec<Effect<B, C>>) {
        if view == 0 || self.is_certified(view, &block) {
            return;
        }
        self.certified.entry(view).or_default().insert(block, Some(proof.clone()));
        effects.push(Effect::Forward { view, block: Some(block), proof });
        let said = self.said(view);
        let agrees = [said.voted, said.finalized].into_iter().flatten().all(|voted| voted == block);
        if self.may_sign(view) && !said.skipped && said.finalized.is_none() && agrees {
            self.said.entry(view).or_default().finalized = Some(block);
            effects.push(Effect::Sign { phase: Phase::Final, view, block: Some(block) });
        }
        self.advance(view, effects);
    }

    fn on_skipped(&mut self, view: u64, proof: C, effects: &mut Vec<Effect<B, C>>) {
        if view == 0 || view < self.floor || self.is_skipped(view) {
            return;
        }
        self.skipped.insert(view, proof.clone());
        effects.push(Effect::Forward { view, block: None, proof });
        // A view after this one may be given up before it begins, when its leader is known to be away. That is no reason to
        // leave this one, which may still succeed.
        if view != self.view + 1 {
            self.advance(view, effects);
        }
    }

    fn on_proposed(&mut self, proposed: Proposed<B>, effects: &mut Vec<Effect<B, C>>) {
        if self.would_vote(&proposed) {
            self.said.entry(proposed.view).or_default().voted = Some(proposed.block);
            effects.push(Effect::Sign { phase: Phase::Vote, view: proposed.view, block: Some(proposed.block) });
        }
    }

    fn on_timeout(&mut self, view: u64, effects: &mut Vec<Effect<B, C>>) {
        let said = self.said(view);
        // The next view may be given up ahead, when its leader is known to be away. A past one may be given up late, for a
        // leader who lacks the proof that it was skipped.
        let now = view <= self.view + 1 && self.may_sign(view);
        let open = !self.certified.contains_key(&view) && said.finalized.is_none() && !said.skipped;
        if !now || !open {
            return;
        }
        self.said.entry(view).or_default().skipped = true;
        effects.push(Effect::Sign { phase: Phase::Skip, view, block: None });
    }

    /// Leaves a view that is over, and the following ones that are over too.
    fn advance(&mut self, over: u64, effects: &mut Vec<Effect<B, C>>) {
        if over < self.view {
            return;
        }
        self.view = over + 1;
        while self.is_skipped(self.view) || self.certified.contains_key(&self.view) {
            self.view += 1;
        }
        effects.push(Effect::Entered { view: self.view });
    }
}
