//! What leaves a replica, what liars make of it, and what clients beside the replicas see.

use super::traffic::made;
use super::{What, World};
use crate::liar::Half;
use counterpart_consensus::Message;
use counterpart_ledger::{Hash, SignedBy, Statement};
use std::sync::Arc;

impl World {
    /// What becomes of a message of a replica's machine: a liar changes it.
    fn variants(&mut self, from: usize, message: Message) -> Vec<(Half, Message)> {
        match self.replicas[from].liar.as_mut() {
            Some(liar) => liar.send(message),
            None => vec![(Half::All, message)],
        }
    }

    /// What a replica's machine sends to all.
    pub(super) fn broadcast_as(&mut self, from: usize, message: Message) {
        for (half, message) in self.variants(from, message) {
            self.broadcast(from, half, message);
        }
    }

    /// What a replica's machine sends to one.
    pub(super) fn send_as(&mut self, from: usize, to: usize, message: Message) {
        for (_, message) in self.variants(from, message) {
            self.send(from, to, Arc::new(message));
        }
    }

    pub(super) fn broadcast(&mut self, from: usize, half: Half, message: Message) {
        self.witness(from, &message);
        let message = Arc::new(message);
        for to in (0..self.replicas.len()).filter(|to| half.includes(*to)) {
            self.send(from, to, message.clone());
        }
    }

    /// The watcher sees signatures when they leave.
    fn witness(&mut self, from: usize, message: &Message) {
        match message {
            Message::Proposal(proposal) => {
                self.watcher.header(&proposal.block.header);
                self.remember(from, &proposal.statement, &proposal.signed);
                self.watcher.signed(&proposal.statement, &proposal.signed);
                self.proposed_us.entry(proposal.statement.block).or_insert(self.now_us);
            }
            Message::Signed(statement, signed) => {
                self.remember(from, statement, signed);
                self.watcher.signed(statement, signed);
            }
            Message::Certificate(certificate) if certificate.statement.phase == counterpart_ledger::Phase::Vote => {
                let faults = &self.plan.faults;
                // Time without a contradiction means something only where messages arrive in time.
                let synchronous = faults.loss == 0 && !faults.partitions && !faults.crashes;
                if synchronous && self.replicas[from].liar.is_none() {
                    let (view, block) = (certificate.statement.view, certificate.statement.block);
                    let when_us = self.now_us + 2 * self.delta_us() + 1_000;
                    self.at(when_us, What::Quiet { replica: from, view, block });
                }
            }
            _ => {}
        }
    }

    /// What an honest replica says of itself need not be verified: it signed it.
    fn remember(&self, from: usize, statement: &Statement, signed: &SignedBy) {
        let own = &self.replicas[from];
        if own.liar.is_none() && own.machine.as_ref().is_some_and(|machine| machine.index() == Some(signed.signer)) {
            made(&own.key.public_key(), statement.message(), signed.signature);
        }
    }

    fn delta_us(&self) -> u64 {
        self.plan.faults.latency_us + self.plan.faults.jitter_us
    }

    /// A client beside a replica decides by time: the block counts if it survives as many liars as there are.
    pub(super) fn quiet(&mut self, replica: usize, view: u64, block: &Hash) {
        let now = self.now(replica);
        let delta_ms = self.delta_us().div_ceil(1_000);
        let Some(machine) = self.replicas[replica].machine.as_mut() else { return };
        let Some(sight) = machine.sight(view, block, now) else { return };
        let liars = self.plan.faults.liars.len() as u16;
        if sight.tolerated(machine.validators(), delta_ms).is_some_and(|tolerated| tolerated >= liars) {
            self.synchronous += 1;
            self.watcher.synchronous(view, block);
        }
    }

    fn send(&mut self, from: usize, to: usize, message: Arc<Message>) {
        if from == to || self.replicas[to].silent {
            return;
        }
        let apart = self.split && self.replicas[from].side != self.replicas[to].side;
        if apart || self.random.happens(self.plan.faults.loss) {
            return;
        }
        let copies = 1 + u64::from(self.random.happens(self.plan.faults.duplicates));
        for _ in 0..copies {
            let delay = self.plan.faults.latency_us + self.random.below(self.plan.faults.jitter_us + 1);
            let slot = self.free.pop().unwrap_or_else(|| {
                self.flying.push(None);
                self.flying.len() - 1
            });
            self.flying[slot] = Some(message.clone());
            self.at(self.now_us + delay, What::Deliver { to, from, slot });
        }
    }
}
