//! Why the store refuses or fails.

use counterpart_ledger::{Hash, Height, StateFault};
use std::path::PathBuf;

/// An error of the store; each has a stable name.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder holds no ledger.
    #[error("{}: there is no ledger here", .0.display())]
    Missing(PathBuf),
    /// The folder holds a ledger already.
    #[error("{}: there is a ledger here already", .0.display())]
    Exists(PathBuf),
    /// Another process has it open.
    #[error("{}: another process has this ledger open", .0.display())]
    Locked(PathBuf),
    /// It was written by another version.
    #[error("the ledger has format {found}, this program reads format {expected}")]
    Format {
        /// On disk.
        found: u32,
        /// Of this program.
        expected: u32,
    },
    /// What is on disk contradicts itself: never repaired in silence.
    #[error("the ledger is damaged: {0}")]
    Corrupt(String),
    /// The block does not follow the head.
    #[error("block {height} does not follow the head {head} ({hash})")]
    NotNext {
        /// Height of the block.
        height: Height,
        /// Height of the head.
        head: Height,
        /// Hash of the head.
        hash: Hash,
    },
    /// The height is above the head.
    #[error("height {height} is above the head {head}")]
    AboveHead {
        /// Asked for.
        height: Height,
        /// The newest.
        head: Height,
    },
    /// The height was pruned.
    #[error("height {height} was pruned: the ledger begins at {floor}")]
    Pruned {
        /// Asked for.
        height: Height,
        /// The lowest that is kept.
        floor: Height,
    },
    /// A snapshot or backup is not what it claims to be.
    #[error("the snapshot does not hold: {0}")]
    Snapshot(String),
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// A commit failed before: what is on disk is known again only after a restart.
    #[error("an earlier commit failed; the store has to be opened again")]
    Poisoned,
    /// The disk or the database fails. After a failed sync nothing is retried.
    #[error("the store fails: {0}")]
    Store(String),
}

impl StoreError {
    /// The stable name for machines.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Missing(_) => "ledger_missing",
            Self::Exists(_) => "ledger_exists",
            Self::Locked(_) => "ledger_locked",
            Self::Format { .. } => "ledger_format",
            Self::Corrupt(_) => "ledger_corrupt",
            Self::NotNext { .. } => "block_not_next",
            Self::AboveHead { .. } => "height_above_head",
            Self::Pruned { .. } => "height_pruned",
            Self::Snapshot(_) => "bad_snapshot",
            Self::File { .. } => "file",
            Self::Poisoned => "store_poisoned",
            Self::Store(_) => "store_failed",
        }
    }
}

impl From<fjall::Error> for StoreError {
    fn from(error: fjall::Error) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<StoreError> for StateFault {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}
