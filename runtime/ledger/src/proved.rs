//! What happened on a chain, with all that convinces somebody who knows nothing of it but who its validators are: each
//! proof is one value that a relayer, whom nobody trusts, carries to another chain.

use crate::{Approval, BlockEvent, Handover, Header, MerkleProof, ProofError, StateProof};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// That a block is final, to whoever believes that fewer finals than these are never given for two.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Finality {
    /// The block's header.
    pub header: Header,
    /// R or more finals for it.
    pub approval: Approval,
}

/// That a block reported an event. The header after the block carries the root.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct EventProof {
    /// The block after the event's.
    pub finality: Finality,
    /// Header of the event's block.
    pub block: Header,
    /// The event and its place.
    pub event: BlockEvent,
    /// The way from the event to the root.
    pub path: MerkleProof,
}

/// That the state after a block has an entry, or has none.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct EntryProof {
    /// The block after the one.
    pub finality: Finality,
    /// Header of the block after which the state is meant.
    pub block: Header,
    /// Whole key.
    pub key: Vec<u8>,
    /// The value; none if there is no entry.
    pub value: Option<Vec<u8>>,
    /// The way from the entry to the root.
    pub proof: StateProof,
}

/// Any proof of what happened on a chain.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum ChainProof {
    /// That a block is final.
    Finality(Finality),
    /// That others vote from now on.
    Handover(Handover),
    /// That an event was reported.
    Event(EventProof),
    /// That the state has an entry, or has none.
    Entry(EntryProof),
}

/// Why a proof does not convince.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProvedError {
    /// The block is not the parent of the final one.
    #[error("the block is not the one before the final one")]
    Block,
    /// The path does not lead to the root that the header carries.
    #[error("the event's path does not lead to the root in the header")]
    Event,
    /// The entry of the state is not proved.
    #[error("the entry is not proved: {0}")]
    Entry(#[from] ProofError),
}

impl Finality {
    fn parent(&self, block: &Header) -> Result<(), ProvedError> {
        if self.header.parent == block.hash() { Ok(()) } else { Err(ProvedError::Block) }
    }
}

impl EventProof {
    /// Checks everything but the finals: [`LightClient::take`](crate::LightClient::take) does that.
    ///
    /// # Errors
    /// [`ProvedError`] for the first thing that does not hold.
    pub fn verify_inclusion(&self) -> Result<(), ProvedError> {
        self.finality.parent(&self.block)?;
        let root = &self.finality.header.parent_events_root;
        if self.path.verify(root, self.event.hash()) { Ok(()) } else { Err(ProvedError::Event) }
    }
}

impl EntryProof {
    /// Checks everything but the finals: [`LightClient::take`](crate::LightClient::take) does that.
    ///
    /// # Errors
    /// [`ProvedError`] for the first thing that does not hold.
    pub fn verify_inclusion(&self) -> Result<(), ProvedError> {
        self.finality.parent(&self.block)?;
        Ok(self.proof.verify(&self.finality.header.parent_state_root, &self.key, self.value.as_deref())?)
    }
}
