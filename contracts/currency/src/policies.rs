//! Which policies apply to a class, in which epochs, and which wait.

use crate::event::{PolicyApplied, PolicyCancelled, PolicyProposed};
use crate::terms::{Class, Terms};
use crate::{CurrencyError, refuse};
use counterpart_contracts::recovery::{Checkpoint, MAX_EPOCHS, Policies};
use counterpart_sdk::prelude::*;

/// Policies that wait.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Proposal {
    /// They, with the epoch from which they would apply.
    pub checkpoint: Checkpoint,
    /// From when they can be carried out, in ms since 1970.
    pub ready_ms: u64,
}

/// All checkpoints of each class, and at most one proposal.
#[storage]
pub struct PolicyBook {
    count: Map<u8, u32>,
    checkpoints: Map<(u8, u32), Checkpoint>,
    proposals: Map<u8, Proposal>,
}

impl PolicyBook {
    /// Notes the policies of a class from the first epoch on.
    pub fn begin(&mut self, class: Class, policies: Policies, rate_cap: u32) {
        check(&policies, rate_cap);
        self.push(class, &Checkpoint { from_epoch: 0, policies });
    }

    /// A checkpoint of a class.
    pub fn checkpoint(&self, class: Class, number: u32) -> Option<Checkpoint> {
        self.checkpoints.get(&(class as u8, number))
    }

    /// How many checkpoints a class has.
    pub fn count(&self, class: Class) -> u32 {
        self.count.get_or_default(&(class as u8))
    }

    /// The checkpoint that applies in an epoch: its number. The newest are looked at first.
    pub fn number_in(&self, class: Class, epoch: u64) -> u32 {
        let applies = |number: &u32| self.checkpoint(class, *number).is_some_and(|found| found.from_epoch <= epoch);
        (0..self.count(class)).rev().find(applies).unwrap_or(0)
    }

    /// The policies of a checkpoint.
    pub fn policies(&self, class: Class, number: u32) -> Policies {
        self.checkpoint(class, number).unwrap_or_default().policies
    }

    /// What waits.
    pub fn proposal(&self, class: Class) -> Option<Proposal> {
        self.proposals.get(&(class as u8))
    }

    /// Proposes policies: checked now, so that what waits can be carried out.
    pub fn propose(&mut self, class: Class, policies: Policies, from_epoch: u64, epoch: u64, terms: &Terms) {
        if class == Class::Exempt {
            refuse(CurrencyError::NoPolicies);
        }
        if self.proposal(class).is_some() {
            refuse(CurrencyError::ProposalPending);
        }
        check(&policies, terms.rate_cap);
        let notice = if policies.sweep { terms.sweep_notice_epochs } else { terms.notice_epochs };
        let last = self.checkpoint(class, self.count(class).saturating_sub(1)).unwrap_or_default();
        // The epoch that runs is not a whole one any more.
        let earliest = (epoch + 1 + u64::from(notice)).max(last.from_epoch + 1);
        // Policies of a far future would leave no room for others before them.
        let latest = earliest + MAX_EPOCHS;
        if !(earliest..=latest).contains(&from_epoch) {
            refuse(CurrencyError::Notice { earliest, latest });
        }
        let ready_ms = env::block_time_ms().saturating_add(terms.policy_delay_ms);
        let proposal = Proposal { checkpoint: Checkpoint { from_epoch, policies }, ready_ms };
        self.proposals.set(&(class as u8), &proposal);
        PolicyProposed { class, proposal }.emit();
    }

    /// Takes a proposal back.
    pub fn cancel(&mut self, class: Class) {
        if !self.proposals.remove(&(class as u8)) {
            refuse(CurrencyError::NoProposal);
        }
        PolicyCancelled { class }.emit();
    }

    /// Carries a proposal out, from its epoch on, or from the next when that has begun: no epoch is charged by policies that
    /// were carried out later.
    pub fn apply(&mut self, class: Class, epoch: u64) {
        let proposal = self.proposal(class).unwrap_or_else(|| refuse(CurrencyError::NoProposal));
        let Proposal { mut checkpoint, ready_ms } = proposal;
        if env::block_time_ms() < ready_ms {
            refuse(CurrencyError::TooEarly { from_ms: ready_ms });
        }
        checkpoint.from_epoch = checkpoint.from_epoch.max(epoch + 1);
        self.proposals.remove(&(class as u8));
        let number = self.push(class, &checkpoint);
        PolicyApplied { class, from_epoch: checkpoint.from_epoch, checkpoint: number }.emit();
    }

    fn push(&mut self, class: Class, checkpoint: &Checkpoint) -> u32 {
        let number = self.count(class);
        self.checkpoints.set(&(class as u8, number), checkpoint);
        self.count.set(&(class as u8), &(number + 1));
        number
    }
}

fn check(policies: &Policies, rate_cap: u32) {
    if let Err(error) = policies.check(rate_cap) {
        refuse(CurrencyError::InvalidPolicies { error });
    }
}
