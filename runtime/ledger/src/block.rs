//! Blocks. A header carries the roots of the state *after its parent*, so that a certificate for a block certifies
//! its parent's results.

use crate::{ChainId, Hash, Height, SignedTransaction, crypto::hash, encoding::encode, merkle_root};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// What replicas vote on.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// The chain.
    pub chain: ChainId,
    /// One more than the parent's; genesis is 0.
    pub height: Height,
    /// The consensus view in which it was proposed.
    pub view: u64,
    /// The hash of the parent's header.
    pub parent: Hash,
    /// Proposer's clock in ms since 1970; greater than the parent's.
    pub time_ms: u64,
    /// Index of the proposer in the validator set.
    pub proposer: u16,
    /// Rules under which this block's transactions are executed.
    pub profile: Hash,
    /// Hash of the validator set that certifies this block.
    pub validator_set: Hash,
    /// Merkle root of this block's transactions.
    pub transactions_root: Hash,
    /// State root after the parent was executed.
    pub parent_state_root: Hash,
    /// Merkle root of the parent's receipts.
    pub parent_receipts_root: Hash,
    /// Merkle root of the parent's events.
    pub parent_events_root: Hash,
}

impl Header {
    /// The hash by which the block is known and voted on.
    pub fn hash(&self) -> Hash {
        hash("counterpart/header/1", &[&encode(self)])
    }
}

/// A header with the transactions that it commits to.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Block {
    /// What is voted on.
    pub header: Header,
    /// In the order of execution.
    pub transactions: Vec<SignedTransaction>,
}

impl Block {
    /// The header's hash.
    pub fn hash(&self) -> Hash {
        self.header.hash()
    }

    /// Whether the transactions are those that the header names.
    pub fn is_whole(&self) -> bool {
        self.header.transactions_root == Self::transactions_root(&self.transactions)
    }

    /// The root that the header must carry for these transactions. It covers the signatures too.
    pub fn transactions_root(transactions: &[SignedTransaction]) -> Hash {
        merkle_root(transactions.iter().map(|transaction| hash("counterpart/signed/1", &[&encode(transaction)])))
    }
}
