//! What peers say, checked and taken in; and what a leader says.

use super::blocks::MOST_UNAPPROVED;
use super::{Fault, Ledger, Machine, Now, To, Verify};
use counterpart_consensus::{Effect, Event, Message, Proposal, Proposed};
use counterpart_ledger::{
    Block, Certificate, ClientApproval, Evidence, Hash, Phase, PublicKey, Quiet, SignedBy, SignedTransaction, Statement,
};

/// Most blocks about whose quiet words are kept.
const MOST_QUIET: usize = 64;

impl<L: Ledger> Machine<L> {
    /// A message of a peer, who is authenticated; what it says is not.
    ///
    /// # Errors
    /// [`Fault`] when the node must stop; never because of the message.
    pub fn receive(&mut self, from: PublicKey, message: Message, now: Now) -> Result<(), Fault> {
        match message {
            Message::Proposal(proposal) => self.on_proposal(from, *proposal, now),
            Message::Signed(statement, signed) => {
                self.count(statement, signed, self.verify, now)?;
                self.help(from, &statement, now)
            }
            Message::Certificate(certificate) => self.on_certificate(from, certificate, now),
            Message::Evidence(evidence) => {
                self.on_evidence(&evidence);
                Ok(())
            }
            Message::Transaction(transaction) => self.on_transaction(*transaction, now),
            Message::Status { height } => self.on_status(from, height, now),
            Message::WantBlocks { from: first } => self.on_want_blocks(from, first),
            Message::WantSkips { views } => self.on_want_skips(from, &views, now),
            Message::WantBlock { hash } => {
                let answer = match self.blocks.get(&hash) {
                    Some(block) => Message::Block(Box::new(block.clone())),
                    // It may be approved here already: whoever asks is behind, and learns by how much.
                    None => Message::Status { height: self.ledger.head().height },
                };
                self.messages.push((To::One(from), answer));
                Ok(())
            }
            Message::Block(block) => self.on_block(*block, now),
            Message::Blocks { blocks, approval } => self.on_blocks(blocks, approval, now),
            Message::Approval(approval) => self.approve(*approval).map(|_| ()),
            // Whoever drives the machine serves snapshots, beside it.
            Message::WantSnapshot { .. } | Message::Snapshot { .. } => Ok(()),
            Message::WantQuiet { view, block } => {
                let word = self.own_quiet(view, &block, now);
                self.messages.extend(word.map(|(word, signed)| (To::One(from), Message::Quiet(word, signed))));
                Ok(())
            }
            Message::Quiet(word, signed) => {
                self.on_quiet(word, signed);
                Ok(())
            }
        }
    }

    /// Proposes, if this replica leads, knows what to build on, and it is time.
    pub(super) fn lead(&mut self, now: Now) -> Result<(), Fault> {
        let Some(ground) = self.core.ground() else {
            return self.fetch_skips(now);
        };
        if self.voter.is_none() || !self.is_due(now) {
            return Ok(());
        }
        if !self.execute(&ground.parent)? {
            self.fetch_missing(ground.parent, now);
            return Ok(());
        }
        // The last block of an epoch is proposed again and again until it is approved, and so is one too far above what is.
        let highest = self.ledger.head().height.0 + MOST_UNAPPROVED;
        let again = match self.blocks.get(&ground.parent).cloned() {
            Some(parent) => {
                let last = parent.header.height.0 >= highest || self.ends_epoch(&parent.header)?;
                last.then_some(parent)
            }
            None => None,
        };
        let Some(block) = again.or_else(|| self.make_block(ground.view, &ground.parent, now)) else { return Ok(()) };
        let hash = block.hash();
        let Some(Effect::Sign { phase, view, block: Some(_) }) = self.core.propose(hash) else { return Ok(()) };
        self.clock.wanted = false;
        self.blocks.keep(block.clone(), self.ledger.head().height);
        self.sign(phase, view, hash);
        let Some((statement, signed)) = self.own.back().copied() else { return Ok(()) };
        let certificate = ground.certificate.or_else(|| self.root_approval.clone());
        let proposal = Proposal {
            statement,
            signed,
            block: block.clone(),
            parent_view: ground.parent_view,
            certificate,
            skips: ground.skips,
        };
        self.messages.push((To::All, Message::Proposal(Box::new(proposal.clone()))));
        self.proposed = Some(proposal);
        let proposed = Proposed { view, block: hash, parent_view: ground.parent_view, parent: ground.parent };
        self.vote(proposed, block, now)
    }

    /// Votes for a proposal that was examined, if it still may; the block is kept with the vote.
    fn vote(&mut self, proposed: Proposed<Hash>, block: Block, now: Now) -> Result<(), Fault> {
        let effects = self.core.step(Event::Proposed(proposed));
        if effects.iter().any(|effect| matches!(effect, Effect::Sign { phase: Phase::Vote, .. })) {
            self.voted_blocks.push(block);
        }
        self.carry_out(effects, now)
    }

    fn on_proposal(&mut self, from: PublicKey, proposal: Proposal, now: Now) -> Result<(), Fault> {
        let Proposal { statement, signed, .. } = &proposal;
        let Statement { phase, view, block, .. } = *statement;
        if statement.epoch > self.set.epoch {
            self.ask_for_blocks(from, now);
        }
        let by_leader = phase == Phase::Propose && signed.signer == self.core.leader(view);
        if !by_leader || view < self.core.view() || proposal.block.hash() != block {
            return Ok(());
        }
        let verify = self.verify;
        match self.collector.add(statement, signed, verify) {
            Ok(collected) => {
                self.away.remove(&signed.signer);
                self.accuse(collected.evidence);
            }
            Err(_) => return Ok(()),
        }
        if proposal.parent_view > 0 {
            let votes = proposal.certificate.clone();
            let about = |votes: &Certificate| votes.statement.view == proposal.parent_view && Self::is_votes(votes);
            let Some(votes) = votes.filter(about) else { return Ok(()) };
            self.on_certificate(from, votes, now)?;
        }
        for skips in &proposal.skips {
            self.on_certificate(from, skips.clone(), now)?;
        }
        self.blocks.keep(proposal.block.clone(), self.ledger.head().height);
        self.busy(now);
        self.consider(proposal, now)
    }

    /// Votes for a proposal that is justified and valid; keeps it for later when its parent is not here yet.
    pub(super) fn consider(&mut self, proposal: Proposal, now: Now) -> Result<(), Fault> {
        let Statement { view, block, .. } = proposal.statement;
        let header = &proposal.block.header;
        let again = header.view < view;
        let parent = if again { block } else { header.parent };
        let proposed = Proposed { view, block, parent_view: proposal.parent_view, parent };
        if view >= self.core.view() && !self.core.is_certified(proposal.parent_view, &parent)
            || !self.core.would_vote(&proposed)
        {
            if view > self.core.view() {
                self.early.insert(view, proposal);
            }
            return Ok(());
        }
        let ready = self.execute(&if again { block } else { header.parent })?;
        if !ready {
            self.fetch_missing(header.parent, now);
            self.early.insert(view, proposal);
            return Ok(());
        }
        // What was certified may be proposed again: nothing contradicts itself.
        let flaw = if again {
            None
        } else if header.view != view {
            Some("it is of another view")
        } else {
            self.flaw(&proposal.block, now)?
        };
        if let Some(flaw) = flaw {
            tracing::warn!(view, %block, flaw, "a proposal is refused");
            return Ok(());
        }
        self.vote(proposed, proposal.block, now)
    }

    /// Counts a signature, and draws the conclusions.
    pub(super) fn count(
        &mut self,
        statement: Statement,
        signed: SignedBy,
        verify: Verify,
        now: Now,
    ) -> Result<(), Fault> {
        let counted = self.collector.add(&statement, &signed, verify);
        let Ok(collected) = counted else { return Ok(()) };
        if !collected.new {
            return Ok(());
        }
        self.away.remove(&signed.signer);
        self.accuse(collected.evidence);
        if collected.count < self.set.quorum {
            return Ok(());
        }
        let Statement { phase, view, block, .. } = statement;
        match phase {
            Phase::Vote if !self.core.is_certified(view, &block) => {
                let certificate = self.collector.certificate(&statement);
                self.certified(view, block, certificate, now)
            }
            Phase::Skip if !self.core.is_skipped(view) => {
                let certificate = self.collector.certificate(&statement);
                self.skipped(view, certificate, now)
            }
            Phase::Final => self.on_finals(self.collector.certificate(&statement), now),
            Phase::Propose | Phase::Vote | Phase::Skip => Ok(()),
        }
    }

    /// A certificate as one object: whoever voted twice cannot spoil it.
    fn on_certificate(&mut self, from: PublicKey, certificate: Certificate, now: Now) -> Result<(), Fault> {
        let Statement { chain, epoch, phase, view, block } = certificate.statement;
        if chain == self.chain && epoch > self.set.epoch {
            self.ask_for_blocks(from, now);
        }
        let known = match phase {
            Phase::Vote => self.core.is_certified(view, &block),
            Phase::Skip => self.core.is_skipped(view),
            Phase::Final => self.collector.count(&certificate.statement) as usize >= certificate.signatures.len(),
            Phase::Propose => true,
        };
        if known || !self.holds(&certificate) {
            return Ok(());
        }
        for signed in &certificate.signatures {
            if let Ok(collected) = self.collector.add(&certificate.statement, signed, |_, _, _| true) {
                self.accuse(collected.evidence);
            }
        }
        match phase {
            Phase::Vote => self.certified(view, block, certificate, now),
            Phase::Skip => self.skipped(view, certificate, now),
            Phase::Final => self.on_finals(certificate, now),
            Phase::Propose => Ok(()),
        }
    }

    /// Whether R members of the set signed.
    pub(super) fn holds(&self, certificate: &Certificate) -> bool {
        let Certificate { statement, signatures } = certificate;
        let whole = statement.chain == self.chain
            && statement.epoch == self.set.epoch
            && signatures.len() >= usize::from(self.set.quorum)
            && signatures.is_sorted_by(|one, other| one.signer < other.signer)
            && (statement.phase != Phase::Skip || statement.block == Hash::ZERO);
        let message = statement.message();
        whole
            && signatures.iter().all(|signed| {
                let member = self.set.members.get(usize::from(signed.signer));
                member.is_some_and(|key| (self.verify)(key, &message, &signed.signature))
            })
    }

    /// Finals: enough of them approve a block and its ancestors; more are recorded as they come.
    pub(super) fn on_finals(&mut self, finals: Certificate, now: Now) -> Result<(), Fault> {
        let head = self.ledger.head();
        if finals.statement.block == head.hash {
            let known = self.ledger.approval(head.height)?;
            if known.is_none_or(|known| {
                known.statement == finals.statement && known.signatures.len() < finals.signatures.len()
            }) {
                self.ledger.grow_approval(head.height, &finals)?;
            }
            return Ok(());
        }
        if finals.signatures.len() < usize::from(self.approve_at.max(self.set.quorum)) {
            return Ok(());
        }
        let view = finals.statement.view;
        if self.approved.as_ref().is_some_and(|approved| approved.statement.view > view) {
            return Ok(());
        }
        self.finals_us = now.us;
        self.approved = Some(finals);
        self.settle(now)
    }

    /// Commits what is approved, as far as it is here.
    pub(super) fn settle(&mut self, now: Now) -> Result<(), Fault> {
        let Some(finals) = self.approved.clone() else { return Ok(()) };
        let (view, block) = (finals.statement.view, finals.statement.block);
        let before = self.ledger.head().height;
        if !self.commit(&finals)? {
            self.fetch_missing(block, now);
            return Ok(());
        }
        self.approved = None;
        self.committed(view, before, finals, now)
    }

    /// Draws the conclusions of a commit: what is older is forgotten, and an epoch may be over.
    pub(super) fn committed(
        &mut self,
        view: u64,
        before: counterpart_ledger::Height,
        finals: Certificate,
        now: Now,
    ) -> Result<(), Fault> {
        /// Views below the approved one whose single signatures are still counted: for growing approvals and evidence.
        const KEPT: u64 = 8;
        let head = self.ledger.head();
        if head.height <= before {
            return Ok(());
        }
        let next = super::epoch::named(&self.ledger, self.set.epoch + 1)?;
        if let Some(next) = next.filter(|next| next.named_at < head.height) {
            return self.begin_epoch(next.set, finals, now);
        }
        let floor = view.saturating_sub(KEPT);
        self.core.forget_below(view);
        self.collector.forget_below(floor);
        self.observer.forget_below(floor);
        if let Some(voter) = self.voter.as_mut() {
            voter.forget_below(view);
        }
        self.retry_early(now)
    }

    fn accuse(&mut self, evidence: Option<Evidence>) {
        let Some(evidence) = evidence else { return };
        let (statement, signed) = evidence.first;
        if self.accused.insert((statement.epoch, signed.signer), evidence).is_none() {
            tracing::warn!(member = signed.signer, view = statement.view, "a member contradicts itself");
            self.messages.push((To::All, Message::Evidence(Box::new(evidence))));
        }
    }

    fn on_evidence(&mut self, evidence: &Evidence) {
        let known = self.accused.contains_key(&(evidence.first.0.epoch, evidence.first.1.signer));
        if !known && evidence.verify(&self.set, self.chain).is_ok() {
            self.accuse(Some(*evidence));
        }
    }

    fn on_transaction(&mut self, transaction: SignedTransaction, now: Now) -> Result<(), Fault> {
        if self.mempool.lock().contains(&transaction.hash()) {
            return Ok(());
        }
        let context = self.next_context(now);
        let state = self.ledger.state();
        let taken = self.mempool.lock().submit(transaction, &context, &self.executor, &*state);
        match taken {
            Ok(_) => {
                self.busy(now);
                self.lead(now)
            }
            Err(_) => Ok(()),
        }
    }

    /// What contracts would see of the next block.
    fn next_context(&self, now: Now) -> counterpart_execution::BlockContext {
        crate::replica::context_after(self.ledger.genesis(), &self.ledger.head(), now.wall_ms, self.set.hash())
    }

    /// Records a client's approval of an approved block, and tells peers of it once; answers whether it was new.
    ///
    /// # Errors
    /// [`Fault`] when the disk fails.
    pub fn approve(&mut self, approval: ClientApproval) -> Result<bool, Fault> {
        let block = self.ledger.block(approval.height)?.map(|block| block.hash());
        if block != Some(approval.block) || approval.verify(self.chain).is_err() {
            return Ok(false);
        }
        let new = self.ledger.put_client_approval(&approval)?;
        if new {
            self.messages.push((To::All, Message::Approval(Box::new(approval))));
        }
        Ok(new)
    }

    /// Takes a transaction of a client; [`Machine::submitted`] tells the others.
    ///
    /// # Errors
    /// [`crate::SubmitError`] when it would be rejected or is known.
    pub fn take(&mut self, transaction: SignedTransaction, now_ms: u64) -> Result<Hash, crate::SubmitError> {
        let context =
            crate::replica::context_after(self.ledger.genesis(), &self.ledger.head(), now_ms, self.set.hash());
        let state = self.ledger.state();
        self.mempool.lock().submit(transaction, &context, &self.executor, &*state)
    }

    /// What this replica saw of a block's view since it forwarded its certificate.
    pub fn sight(&self, view: u64, block: &Hash, now: Now) -> Option<counterpart_consensus::Sight> {
        let disturbance = self.collector.disturbance(view, block);
        self.observer.sight(view, block, now.us / 1_000, disturbance)
    }

    /// Asks all replicas for their word on the quiet of a block's view, and gives its own.
    pub fn ask_quiet(&mut self, view: u64, block: Hash, now: Now) {
        if let Some((word, signed)) = self.own_quiet(view, &block, now) {
            self.on_quiet(word, signed);
        }
        self.messages.push((To::All, Message::WantQuiet { view, block }));
    }

    fn own_quiet(&self, view: u64, block: &Hash, now: Now) -> Option<(Quiet, SignedBy)> {
        let sight = self.sight(view, block, now)?;
        let word = Quiet {
            chain: self.chain,
            epoch: self.set.epoch,
            view,
            block: *block,
            elapsed_ms: sight.elapsed_ms,
            skippers: sight.skippers,
            others: sight.others,
        };
        let index = self.voter.as_ref()?.index();
        Some((word, word.sign(index, &self.key)))
    }

    fn on_quiet(&mut self, word: Quiet, signed: SignedBy) {
        let member = self.set.members.get(usize::from(signed.signer)).filter(|_| word.epoch == self.set.epoch);
        let holds = member.is_some_and(|key| (self.verify)(key, &word.message(), &signed.signature));
        if !holds || word.chain != self.chain {
            return;
        }
        while self.quiet.len() >= MOST_QUIET {
            self.quiet.pop_first();
        }
        self.quiet.entry((word.view, word.block)).or_default().insert(signed.signer, (word, signed));
    }
}
