//! The newest block.

use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_ledger::{Hash, Height};

/// The newest block and what is known after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Head {
    /// Its height; 0 for genesis.
    pub height: Height,
    /// Its hash; for genesis the hash of the genesis document.
    pub hash: Hash,
    /// The state root after it.
    pub state_root: Hash,
    /// The root of its receipts.
    pub receipts_root: Hash,
    /// The root of its events.
    pub events_root: Hash,
    /// Its time, in ms since 1970.
    pub time_ms: u64,
}
