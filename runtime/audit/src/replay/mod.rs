//! Re-execution of blocks, compared with what is stored and certified.
//!
//! A span of blocks is replayed for itself: it begins with the genesis document or with the stored state whose root the
//! first block's certified header carries, so that spans can be replayed in any order and on any number of machines. Spans
//! that cover the chain say as much as one replay from genesis.

mod check;
mod life;
mod parallel;
mod span;

pub use check::Difference;
pub use life::{Touch, replay_blocks, touches};
pub use parallel::{join, plan, replay_spans};
pub use span::{replay, replay_span};

use counterpart_execution::ExecutionFault;
use counterpart_ledger::{Hash, Height};
use counterpart_storage::StoreError;

/// The replay cannot go on; says nothing about the chain.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Execution(#[from] ExecutionFault),
    /// There are no such blocks.
    #[error("there are no blocks {0} to {1} in this ledger")]
    NoBlocks(Height, Height),
}

/// Blocks from one height to another, both included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Span {
    /// The first.
    pub from: Height,
    /// The last.
    pub to: Height,
}

/// The first block whose replay differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Divergence {
    /// Its height.
    pub height: Height,
    /// What differs.
    pub difference: Difference,
}

/// What a replay found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The engine that executed.
    pub engine: &'static str,
    /// The blocks that were asked for.
    pub span: Span,
    /// Blocks replayed; fewer than asked for when one differs.
    pub blocks: u64,
    /// Transactions in them.
    pub transactions: u64,
    /// Gas that they used.
    pub gas: u64,
    /// The state root that the first block begins with.
    pub start_root: Hash,
    /// The state root after the last block that was replayed.
    pub state_root: Hash,
    /// The first difference; `None` when all came out equal.
    pub divergence: Option<Divergence>,
}

impl Report {
    /// Nothing replayed yet.
    fn begin(engine: &'static str, span: Span) -> Self {
        let (start_root, state_root) = (Hash::ZERO, Hash::ZERO);
        Self { engine, span, blocks: 0, transactions: 0, gas: 0, start_root, state_root, divergence: None }
    }
}
