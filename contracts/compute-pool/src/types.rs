//! What the pool keeps, reports and refuses.

use counterpart_contracts::roles::RoleError;
use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// How shares are paid.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payout {
    /// At once, from the fund: units for each difficulty (full pay per share).
    PerShare {
        /// Units.
        units: u128,
    },
    /// From each reward, by the last shares: so much difficulty counts (pay per last N shares).
    LastShares {
        /// Difficulty.
        window: u64,
    },
}

/// What holds for all.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// In what work is paid.
    pub asset: Asset,
    /// How shares are paid.
    pub payout: Payout,
    /// The least difficulty of a share; 1 takes 65 536 hashes.
    pub least: u64,
    /// The largest.
    pub most: u64,
    /// How often a unit is to find a share, in ms.
    pub every_ms: u64,
    /// How long another admin waits, in ms.
    pub admin_delay_ms: u64,
}

/// A unit that computes.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unit {
    /// Who is paid for it.
    pub owner: Address,
    /// At which site it runs.
    pub site: u64,
    /// The difficulty of its shares.
    pub difficulty: u64,
    /// The one before: shares that were begun with it count still.
    pub before: u64,
    /// Difficulty that it has found in all.
    pub credit: u128,
    /// Shares since its difficulty was last looked at.
    pub shares: u32,
    /// And since when, in ms since 1970.
    pub since_ms: u64,
}

/// What is mined on: a block that is not yet found. The coinbase is head, owner, unit, extra nonce and tail.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Job {
    /// Version of the block.
    pub version: u32,
    /// Hash of the block before, in the order in which it is hashed.
    pub before: Hash,
    /// What the coinbase begins with.
    pub head: Vec<u8>,
    /// What it ends with.
    pub tail: Vec<u8>,
    /// What the coinbase is hashed with on the way to the root.
    pub branch: Vec<Hash>,
    /// The least time of a header, in s since 1970.
    pub from_s: u32,
    /// The largest.
    pub until_s: u32,
    /// The block's target, compact.
    pub bits: u32,
    /// Whether shares of it count still.
    pub live: bool,
}

/// A share: what makes a header of a job.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// Which job.
    pub job: u64,
    /// Which unit.
    pub unit: u64,
    /// The difficulty that it was looked for with.
    pub difficulty: u64,
    /// Distinguishes the unit's coinbases.
    pub extra: u64,
    /// The header's time, in s since 1970.
    pub time_s: u32,
    /// The header's nonce.
    pub nonce: u32,
}

/// What is asked for with a task.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskOrder {
    /// Hash of what it is to be computed from.
    pub input: Hash,
    /// Units of the asset for each unit whose result counts.
    pub pay: u128,
    /// How many compute it.
    pub replicas: u32,
    /// How many have to agree: more than half.
    pub quorum: u32,
    /// Until when they commit, in ms since 1970.
    pub commit_ms: u64,
    /// Until when they show their results, in ms since 1970.
    pub show_ms: u64,
}

/// Other work: a result that several units have to agree on.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Task {
    /// Who wants it.
    pub poster: Address,
    /// What is asked for.
    pub order: TaskOrder,
    /// Who has committed, and what was shown.
    pub answers: Vec<Answer>,
    /// What counted, once it is settled.
    pub result: Option<Vec<u8>>,
    /// Whether it is settled.
    pub settled: bool,
}

/// What a unit answers.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Which unit.
    pub unit: u64,
    /// SHA-256 of unit, result and salt.
    pub commitment: Hash,
    /// The result, once it is shown.
    pub result: Option<Vec<u8>>,
}

/// What is refused with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum PoolError {
    /// Terms or fields make no sense.
    BadTerms,
    /// There is no such unit.
    NoUnit,
    /// There is no such job, or its time is over.
    Stale,
    /// The header's time is not the job's.
    WrongTime,
    /// Not the difficulty that this unit looks for.
    WrongDifficulty {
        /// The one that it does.
        difficulty: u64,
    },
    /// The header's hash is above the target.
    AboveTarget,
    /// The share was paid.
    Duplicate,
    /// There is no such task, or not at this time.
    NoTask,
    /// The unit has answered, or as many have as shall.
    Answered,
    /// The result is not the one that was committed to.
    WrongResult,
    /// Nothing to pay to anybody.
    Nothing,
    /// Not for this caller.
    Role {
        /// Why.
        error: RoleError,
    },
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

impl From<AssetError> for PoolError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

impl From<RoleError> for PoolError {
    fn from(error: RoleError) -> Self {
        Self::Role { error }
    }
}

/// A unit is there, or its difficulty is another.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct UnitChanged {
    /// Which.
    #[topic]
    pub unit: u64,
    /// As it is now.
    pub now: Unit,
}

/// There is something to mine on, or no more.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct JobChanged {
    /// Which.
    #[topic]
    pub job: u64,
    /// Whether shares of it count.
    pub live: bool,
}

/// A share counts.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ShareFound {
    /// Of which unit.
    #[topic]
    pub unit: u64,
    /// Its difficulty.
    pub difficulty: u64,
    /// The header's hash.
    pub hash: Hash,
    /// Whether it makes a block.
    pub block: bool,
    /// Units that were paid for it at once.
    pub paid: u128,
}

/// A reward was split.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Rewarded {
    /// Units.
    pub units: u128,
    /// Shares that counted.
    pub shares: u32,
}

/// A task is there, or over.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct TaskChanged {
    /// Which.
    #[topic]
    pub task: u64,
    /// Units that agreed, once it is over.
    pub agreed: Option<u32>,
}
