//! What a currency is founded on: its terms, its roles, its classes of accounts.

use crate::{CurrencyError, refuse};
use counterpart_contracts::recovery::{MAX_UNITS, Policies, RATE_ONE};
use counterpart_sdk::prelude::*;

/// What an account is for.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// It is granted value: a person.
    Grant,
    /// It takes part without being granted value: a shop, a firm.
    NonGrant,
    /// Nothing is recovered of what it has itself: an escrow, a pool, a public till. It receives nothing from others but
    /// what stays theirs.
    Exempt,
}

/// Who may do what.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Funds the depository.
    Issuer,
    /// Grants.
    Granter,
    /// Proposes what is recovered.
    PolicyMaker,
    /// Registers accounts, changes their class, closes them.
    Registrar,
    /// Pauses and lets go on.
    Pauser,
    /// Takes units out, lets them leave and gives them back: a contract that pays for them.
    Redeemer,
}

/// What can be paused. Leaving, settling, taking back and closing cannot.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Transfers, and what enters pools.
    Transfers,
    /// Grants.
    Grants,
    /// Issuing, registering, changing class.
    Administration,
    /// Carrying out proposed policies.
    Policies,
}

/// A term that means nothing.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Term {
    /// Epochs without length.
    EpochMs,
    /// More units than can be counted.
    MaxSupply,
    /// More than everything.
    RateCap,
    /// None, or less for policies that sweep.
    NoticeEpochs,
}

/// The terms of a currency. They never change, but for the policies.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// How long an epoch lasts, in ms; the first begins when the contract is deployed.
    pub epoch_ms: u64,
    /// Units that are issued, at most: 2^94 or less.
    pub max_supply: u128,
    /// The part of an amount that one epoch takes, at most, in parts of 10^9.
    pub rate_cap: u32,
    /// Whole epochs between a policy's proposal and its beginning, at least; 1 or more.
    pub notice_epochs: u32,
    /// The same for policies that sweep.
    pub sweep_notice_epochs: u32,
    /// How long a proposed policy waits before it can be carried out, in ms.
    pub policy_delay_ms: u64,
    /// How long a proposed admin waits, in ms.
    pub admin_delay_ms: u64,
    /// Units that have to be spent at once to count as activity.
    pub min_activity: u128,
    /// Policies of grant accounts, at first.
    pub grant_policies: Policies,
    /// Policies of non-grant accounts, at first.
    pub non_grant_policies: Policies,
    /// The contract that says who an account belongs to: one person has one grant account. Without it the registrar's word
    /// is enough.
    pub identity_gate: Option<Address>,
}

impl Terms {
    /// Refuses terms that mean nothing.
    pub(crate) fn check(&self) {
        let wrong = if self.epoch_ms == 0 {
            Term::EpochMs
        } else if self.max_supply > MAX_UNITS {
            Term::MaxSupply
        } else if self.rate_cap > RATE_ONE {
            Term::RateCap
        } else if self.notice_epochs == 0 || self.sweep_notice_epochs < self.notice_epochs {
            Term::NoticeEpochs
        } else {
            return;
        };
        refuse(CurrencyError::InvalidTerms { term: wrong });
    }
}

/// Who an account belongs to; a contract that says so.
#[interface]
pub trait IdentityGate {
    /// The identity behind an account: one and the same for all accounts of a person. `None` if there is none, or none that
    /// holds any more.
    fn identity(&self, account: Address) -> Option<Hash>;
}
