//! What snapshots are made of.

use crate::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

/// A part of a snapshot: who starts anew begins with one and not with the first block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, BorshSerialize, BorshDeserialize)]
pub enum SnapshotPart {
    /// What it is of, with all that proves it.
    Manifest,
    /// Part of the state, by its place.
    Chunk(u32),
    /// A contract's code, by its hash.
    Code(Hash),
}
