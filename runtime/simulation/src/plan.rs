//! What to run, and what a run showed.

use crate::faults::Faults;
use crate::watcher::Violation;
use counterpart_node::machine::Timing;
use serde::Serialize;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Chance.
    pub seed: u64,
    /// N.
    pub replicas: u16,
    /// R.
    pub quorum: u16,
    /// Finals on which nodes execute for good.
    pub approve_at: u16,
    /// Heights after which the run ends.
    pub heights: u64,
    /// What goes wrong.
    pub faults: Faults,
    /// Transactions a second; without any, blocks are heartbeats.
    pub transactions: u64,
    /// How long replicas wait.
    pub timing: Timing,
}

impl Plan {
    /// Honest replicas on a network without faults.
    pub fn new(seed: u64, replicas: u16, quorum: u16, heights: u64) -> Self {
        let (faults, timing) = (Faults::default(), Timing::default());
        Self { seed, replicas, quorum, approve_at: quorum, heights, faults, transactions: 200, timing }
    }
}

/// What a run showed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// Height of the highest honest replica.
    pub height: u64,
    /// Height of the lowest honest replica.
    pub lowest: u64,
    /// Highest view.
    pub view: u64,
    /// Highest epoch.
    pub epoch: u64,
    /// Virtual milliseconds.
    pub elapsed_ms: u64,
    /// Messages delivered.
    pub messages: u64,
    /// Restarts after a crash.
    pub crashes: u64,
    /// Promises that were not kept.
    pub violations: Vec<Violation>,
    /// Conflicting approvals by clients whose assumptions did not hold.
    pub conflicts: u64,
    /// Members that the evidence names.
    pub named: Vec<u16>,
    /// How many names the conflicts promise at least.
    pub promised: u16,
    /// Approvals by synchronous clients.
    pub synchronous: u64,
    /// Mean microseconds from a block's proposal to R finals at its proposer, and between blocks.
    pub approval_us: u64,
    /// Mean microseconds between approved blocks.
    pub block_us: u64,
    /// Hash of every delivery: equal for equal seeds.
    pub trace: String,
}
