//! When a view takes too long, when a leader proposes, and when things are said again.

use super::{Fault, Ledger, Machine, To};
use counterpart_consensus::{Event, Message};
use counterpart_ledger::Phase;

/// The time of a step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Now {
    /// A clock that never goes back, in microseconds from any beginning: for time-outs.
    pub us: u64,
    /// The time of day in ms since 1970: for blocks.
    pub wall_ms: u64,
}

/// How long a replica waits for what, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Between blocks without transactions.
    pub heartbeat_us: u64,
    /// The least time that a leader gets.
    pub least_timeout_us: u64,
    /// The most: time-outs never grow beyond it, so that a network is back soon after its quorum is.
    pub most_timeout_us: u64,
    /// Between repetitions of what may have been lost.
    pub repeat_us: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { heartbeat_us: 5_000_000, least_timeout_us: 50_000, most_timeout_us: 2_000_000, repeat_us: 250_000 }
    }
}

/// The least bytes of transactions that a leader tries.
const LEAST_ROOM: usize = 64 << 10;

/// The clock of the view.
pub(super) struct Clock {
    entered_us: u64,
    busy_since_us: Option<u64>,
    repeat_at_us: u64,
    status_at_us: u64,
    /// How long a view takes from its beginning to its certificate when there is work: a moving average.
    usual_us: u64,
    /// How long after the view began its proposal is said again: twice as long each time, as it may be long itself and on
    /// its way.
    proposal_after_us: u64,
    /// Whether somebody asked for a block.
    pub wanted: bool,
}

impl Clock {
    pub fn new(timing: &Timing, now: Now) -> Self {
        Self {
            entered_us: now.us,
            busy_since_us: None,
            repeat_at_us: now.us + timing.repeat_us,
            status_at_us: now.us,
            usual_us: timing.most_timeout_us / 8,
            proposal_after_us: timing.repeat_us,
            wanted: false,
        }
    }

    /// Learns from a view that succeeded.
    pub fn certified(&mut self, now: Now, timing: &Timing) {
        if let Some(since) = self.busy_since_us.take() {
            let took = now.us.saturating_sub(since.max(self.entered_us)).min(timing.most_timeout_us);
            self.usual_us = (self.usual_us * 7 + took) / 8;
        }
    }

    fn timeout_us(&self, timing: &Timing) -> u64 {
        (self.usual_us * 8).clamp(timing.least_timeout_us, timing.most_timeout_us)
    }

    /// When the view has taken too long.
    fn deadline_us(&self, timing: &Timing) -> u64 {
        let begun = match self.busy_since_us {
            Some(since) => since.max(self.entered_us),
            None => self.entered_us + timing.heartbeat_us,
        };
        begun + self.timeout_us(timing)
    }
}

impl<L: Ledger> Machine<L> {
    /// When [`Machine::tick`] has to be called at the latest.
    pub fn wake_us(&self) -> u64 {
        let clock = &self.clock;
        let proposes = self.core.ground().map(|_| clock.entered_us + self.timing.heartbeat_us);
        let own = self.core.said(self.core.view());
        let late = (!own.skipped && own.finalized.is_none()).then(|| clock.deadline_us(&self.timing));
        let times = [Some(clock.repeat_at_us), Some(clock.status_at_us), proposes, late];
        times.into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    /// Time has passed.
    ///
    /// # Errors
    /// [`Fault`] when the node must stop.
    pub fn tick(&mut self, now: Now) -> Result<(), Fault> {
        if self.has_work() {
            self.busy(now);
        }
        self.lead(now)?;
        let view = self.core.view();
        if now.us >= self.clock.deadline_us(&self.timing) && !self.core.said(view).skipped {
            let leader = self.core.leader(view);
            if !self.collector.heard(view, leader) && Some(leader) != self.index {
                self.away.insert(leader);
            }
            self.time_out(view, now)?;
        }
        if now.us >= self.clock.repeat_at_us {
            self.clock.repeat_at_us = now.us + self.timing.repeat_us;
            self.tell_again(now);
            if now.us >= self.clock.entered_us + self.timing.repeat_us
                && (self.has_work() || self.core.said(view).skipped)
            {
                self.repeat(now)?;
            }
        }
        if now.us >= self.clock.status_at_us {
            self.clock.status_at_us = now.us + 4 * self.timing.repeat_us;
            let height = self.ledger.head().height;
            self.messages.push((To::All, Message::Status { height }));
        }
        Ok(())
    }

    /// Asks for a block although no transaction waits.
    ///
    /// # Errors
    /// As [`Machine::tick`].
    pub fn want_block(&mut self, now: Now) -> Result<(), Fault> {
        self.clock.wanted = true;
        self.busy(now);
        self.lead(now)
    }

    /// There is something to decide: the leader's time runs from now.
    pub(super) fn busy(&mut self, now: Now) {
        self.clock.busy_since_us.get_or_insert(now.us);
    }

    pub(super) fn time_out(&mut self, view: u64, now: Now) -> Result<(), Fault> {
        // What was too much for the links in the time of a view will be again: half of it may not be.
        if self.proposed.as_ref().is_some_and(|own| own.statement.view == view) {
            self.room = (self.room / 2).max(LEAST_ROOM);
        }
        let effects = self.core.step(Event::TimedOut { view });
        self.carry_out(effects, now)
    }

    /// A view begins.
    pub(super) fn entered(&mut self, view: u64, now: Now) -> Result<(), Fault> {
        self.collector.enter(view);
        self.clock.entered_us = now.us;
        self.clock.busy_since_us = None;
        self.clock.proposal_after_us = self.timing.repeat_us;
        if self.has_work() {
            self.busy(now);
        }
        // Whose leader is known to be away is given up at once, and the view after it ahead of time, so that it costs nothing.
        for view in [view, view + 1] {
            if self.away.contains(&self.core.leader(view)) && self.core.view() <= view {
                self.time_out(view, now)?;
            }
        }
        Ok(())
    }

    /// Says again what may have been lost: its own words in this view, the newest certificate, and the skips after it.
    fn repeat(&mut self, now: Now) -> Result<(), Fault> {
        /// Certificates of skips that are repeated at a time.
        const MOST_SKIPS: usize = 32;
        let view = self.core.view();
        let mut repeated = Vec::new();
        for (statement, signed) in self.own_words(view) {
            repeated.push(Message::Signed(statement, signed));
            // What it said before a restart counts for itself too.
            self.count(statement, signed, |_, _, _| true, now)?;
        }
        if let Some((above, block, Some(certificate))) =
            self.core.best().map(|(view, block, proof)| (view, block, proof.cloned()))
        {
            repeated.push(Message::Certificate(certificate));
            repeated.extend(
                self.core.skips_above(above).take(MOST_SKIPS).map(|(_, proof)| Message::Certificate(proof.clone())),
            );
            // Its own final for it may be what others lack.
            if let Some(voter) = self.voter.as_mut().filter(|_| self.core.said(above).finalized == Some(block))
                && let Ok((_, signed)) = voter.sign(Phase::Final, above, block)
            {
                repeated.push(Message::Signed(voter.statement(Phase::Final, above, block), signed));
            }
        } else {
            repeated.extend(
                self.core.skips_above(0).take(MOST_SKIPS).map(|(_, proof)| Message::Certificate(proof.clone())),
            );
        }
        if let Some(proposal) = self.proposed.as_ref().filter(|proposal| proposal.statement.view == view)
            && now.us >= self.clock.entered_us + self.clock.proposal_after_us
        {
            self.clock.proposal_after_us *= 2;
            repeated.push(Message::Proposal(Box::new(proposal.clone())));
        }
        self.messages.extend(repeated.into_iter().map(|message| (To::All, message)));
        Ok(())
    }

    /// Whether the leader of this view has waited long enough to propose.
    pub(super) fn is_due(&self, now: Now) -> bool {
        self.has_work() || now.us >= self.clock.entered_us + self.timing.heartbeat_us
    }
}
