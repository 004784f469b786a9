//! What the currency reports: each change, so that the books can be kept anew from it.

use crate::policies::Proposal;
use crate::terms::Class;
use counterpart_sdk::prelude::*;

/// The depository received new units.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Funded {
    /// How many.
    pub units: u128,
}

/// An account takes part, or belongs to another class from now on.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Registered {
    /// Which.
    #[topic]
    pub account: Address,
    /// Its class.
    pub class: Class,
    /// Its group, by which schedules tell amounts.
    pub group: u16,
}

/// A grant was paid.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Granted {
    /// To whom.
    #[topic]
    pub account: Address,
    /// The id that the granter chose.
    #[topic]
    pub id: Hash,
    /// How many units.
    pub units: u128,
    /// What for.
    pub memo: Vec<u8>,
}

/// Units moved.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Transferred {
    /// Who had them.
    #[topic]
    pub from: Address,
    /// Who has them.
    #[topic]
    pub to: Address,
    /// Who moved them, if not who had them.
    pub spender: Option<Address>,
    /// How many.
    pub units: u128,
    /// What for.
    pub memo: Vec<u8>,
}

/// An account set what somebody may spend.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Approved {
    /// Whose units.
    #[topic]
    pub owner: Address,
    /// Who may spend.
    #[topic]
    pub spender: Address,
    /// How many.
    pub units: u128,
    /// Until when, in ms since 1970.
    pub expires_ms: u64,
}

/// The depository recovered units.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// Whose they were.
    #[topic]
    pub account: Address,
    /// The pool in which they lay, if in one.
    pub pool: Option<Address>,
    /// How many.
    pub units: u128,
    /// The first epoch that was charged.
    pub from_epoch: u64,
    /// The first epoch that was not.
    pub to_epoch: u64,
}

/// Units entered a pool and stay their owner's.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Deposited {
    /// The pool.
    #[topic]
    pub pool: Address,
    /// Whose they are.
    #[topic]
    pub account: Address,
    /// How many.
    pub units: u128,
}

/// A pool gave units out.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Released {
    /// The pool.
    #[topic]
    pub pool: Address,
    /// Whose they were.
    #[topic]
    pub account: Address,
    /// Who has them.
    #[topic]
    pub to: Address,
    /// How many.
    pub units: u128,
}

/// Policies were proposed.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct PolicyProposed {
    /// For which class.
    #[topic]
    pub class: Class,
    /// Which, from when on.
    pub proposal: Proposal,
}

/// Proposed policies were taken back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct PolicyCancelled {
    /// For which class.
    #[topic]
    pub class: Class,
}

/// Proposed policies will apply.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct PolicyApplied {
    /// For which class.
    #[topic]
    pub class: Class,
    /// From which epoch on.
    pub from_epoch: u64,
    /// The number of the checkpoint.
    pub checkpoint: u32,
}

/// Units were taken out, to leave the currency.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct TakenOut {
    /// Whose they were.
    #[topic]
    pub account: Address,
    /// How many.
    pub units: u128,
}

/// Units that were taken out left the currency.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Left {
    /// Whose they were.
    #[topic]
    pub account: Address,
    /// How many left.
    pub units: u128,
    /// How many the depository keeps.
    pub fee: u128,
}

/// Units that were taken out came back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct PutBack {
    /// Whose they are.
    #[topic]
    pub account: Address,
    /// How many.
    pub units: u128,
}

/// An account takes part no more.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Closed {
    /// Which.
    #[topic]
    pub account: Address,
    /// Units that were left, for the depository.
    pub residue: u128,
}
