//! Events: what contracts report, and where it stands in a block.

use crate::{Address, Hash, Receipt, crypto::hash, encoding::encode, merkle_root};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// Something that a contract reports.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Event {
    /// The contract that emitted it.
    pub contract: Address,
    /// Up to four topics; the first names the event's type.
    pub topics: Vec<Hash>,
    /// SCALE-encoded fields.
    pub data: Vec<u8>,
}

/// An event and where it stands in its block.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct BlockEvent {
    /// Index of the transaction in the block.
    pub transaction: u32,
    /// Index of the event in the transaction's receipt.
    pub index: u32,
    /// What was reported.
    pub event: Event,
}

impl BlockEvent {
    /// The leaf of this event in its block's events tree.
    pub fn hash(&self) -> Hash {
        leaf(self.transaction, self.index, &self.event)
    }

    /// The leaves of a block's events, in the order in which they were emitted.
    pub fn leaves(receipts: &[Receipt]) -> Vec<Hash> {
        let events = receipts.iter().zip(0..).flat_map(|(receipt, transaction)| {
            receipt.events.iter().zip(0..).map(move |(event, index)| leaf(transaction, index, event))
        });
        events.collect()
    }

    /// The root over a block's events.
    pub fn root(receipts: &[Receipt]) -> Hash {
        merkle_root(Self::leaves(receipts))
    }
}

fn leaf(transaction: u32, index: u32, event: &Event) -> Hash {
    hash("counterpart/event/1", &[&encode(&(transaction, index, event))])
}
