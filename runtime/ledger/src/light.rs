//! A light client: knows the chain's number and its validators, and follows their changes epoch by epoch.

use crate::{
    BatchCheck, Certificate, CertificateError, ChainId, DecodeError, Genesis, Hash, Header, Height, NamedValidators,
    Phase, ProofError, SignatureCheck, StateProof, ValidatorSet, Verifier, decode, encode, validators_key,
};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// What proves that an epoch ended and who votes in the next: one approval for each epoch is all that a light client checks.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Handover {
    /// The last block of the epoch.
    pub header: Header,
    /// R or more finals for it.
    pub approval: Certificate,
    /// Who votes from the next block on.
    pub next: ValidatorSet,
    /// Height of the block that named them: the header's parent.
    pub named_at: Height,
    /// That the state after the block's parent names them.
    pub proof: StateProof,
}

/// Why a light client does not follow.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LightError {
    /// The header is of another chain, or of a set of validators that this client does not know.
    #[error("the header is of another chain or of other validators than epoch {epoch} has")]
    Elsewhere {
        /// The client's epoch.
        epoch: u64,
    },
    /// The finals are for another block.
    #[error("the finals are for another block than {0}")]
    Block(Hash),
    /// The finals do not hold.
    #[error("the finals do not hold: {0}")]
    Finals(#[from] CertificateError),
    /// The next set is not that of the following epoch.
    #[error("the next set is of epoch {found}, not {expected}")]
    Epoch {
        /// The set's.
        found: u64,
        /// The one that follows.
        expected: u64,
    },
    /// The block is not the one after that which named the next set.
    #[error("block {0} does not end the epoch")]
    Height(Height),
    /// The state does not name the next set.
    #[error("the state does not name the next validators: {0}")]
    State(#[from] ProofError),
}

/// Follows a chain from its genesis or from any trusted set. Its bytes ([`LightClient::to_bytes`]) are all that has to be kept.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct LightClient {
    chain: ChainId,
    set: ValidatorSet,
    /// Height and hash of the newest block that this client took for final.
    newest: (Height, Hash),
}

impl LightClient {
    /// Begins at genesis.
    pub fn new(genesis: &Genesis) -> Self {
        Self { chain: genesis.chain, set: genesis.validators.clone(), newest: (Height(0), genesis.hash()) }
    }

    /// Begins with a set that is trusted for other reasons.
    pub fn trusting(chain: ChainId, set: ValidatorSet) -> Self {
        Self { chain, set, newest: (Height(0), Hash::ZERO) }
    }

    /// The chain.
    pub fn chain(&self) -> ChainId {
        self.chain
    }

    /// Who votes now.
    pub fn validators(&self) -> &ValidatorSet {
        &self.set
    }

    /// Height and hash of the newest block that it took for final.
    pub fn newest(&self) -> (Height, Hash) {
        self.newest
    }

    /// What checks receipts, events and state against headers of this epoch.
    pub fn verifier(&self) -> Verifier {
        Verifier { chain: self.chain, validators: self.set.clone() }
    }

    /// Takes a block for final on `need` finals, never fewer than R.
    ///
    /// # Errors
    /// [`LightError`] for the first thing that does not hold; nothing has changed then.
    pub fn take(&mut self, header: &Header, approval: &Certificate, need: u16) -> Result<(), LightError> {
        self.take_with(&BatchCheck, header, approval, need)
    }

    /// [`LightClient::take`], with signatures checked as `check` does it.
    ///
    /// # Errors
    /// [`LightError`] for the first thing that does not hold; nothing has changed then.
    pub fn take_with(
        &mut self,
        check: &impl SignatureCheck,
        header: &Header,
        approval: &Certificate,
        need: u16,
    ) -> Result<(), LightError> {
        let elsewhere = header.chain != self.chain || header.validator_set != self.set.hash();
        if elsewhere {
            return Err(LightError::Elsewhere { epoch: self.set.epoch });
        }
        let hash = header.hash();
        if approval.statement.block != hash || approval.statement.view < header.view {
            return Err(LightError::Block(hash));
        }
        let need = usize::from(need.max(self.set.quorum));
        approval.verify_with(check, &self.set, self.chain, Phase::Final, need)?;
        if header.height > self.newest.0 {
            self.newest = (header.height, hash);
        }
        Ok(())
    }

    /// Follows a change of validators.
    ///
    /// # Errors
    /// [`LightError`] for the first thing that does not hold; nothing has changed then.
    pub fn hand_over(&mut self, handover: &Handover) -> Result<(), LightError> {
        self.hand_over_with(&BatchCheck, handover)
    }

    /// [`LightClient::hand_over`], with signatures checked as `check` does it.
    ///
    /// # Errors
    /// [`LightError`] for the first thing that does not hold; nothing has changed then.
    pub fn hand_over_with(&mut self, check: &impl SignatureCheck, handover: &Handover) -> Result<(), LightError> {
        let expected = self.set.epoch + 1;
        if handover.next.epoch != expected {
            return Err(LightError::Epoch { found: handover.next.epoch, expected });
        }
        if handover.named_at.0 + 1 != handover.header.height.0 {
            return Err(LightError::Height(handover.header.height));
        }
        let next = encode(&NamedValidators { set: handover.next.clone(), named_at: handover.named_at });
        let root = &handover.header.parent_state_root;
        let mut followed = self.clone();
        followed.take_with(check, &handover.header, &handover.approval, 0)?;
        handover.proof.verify(root, &validators_key(expected), Some(&next))?;
        followed.set = handover.next.clone();
        *self = followed;
        Ok(())
    }

    /// All that has to be kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Goes on from what was kept.
    ///
    /// # Errors
    /// [`DecodeError`] for other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode("light client", bytes)
    }
}
