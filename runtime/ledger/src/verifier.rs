//! The verifier: what somebody who knows the validators, and trusts nobody else, has to check.
//!
//! A certified header carries the roots of its *parent's* results. A receipt, an event or an entry of the state is proved
//! by the header of the block after the one that it comes from, the votes for that header, and a path to the root.

use crate::{
    BlockEvent, Certificate, CertificateError, ChainId, Hash, Header, MerkleProof, Phase, ProofError, Receipt,
    StateProof, ValidatorSet,
};

/// What a client knows: its chain and who certifies it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verifier {
    /// The chain.
    pub chain: ChainId,
    /// The validators that certify it.
    pub validators: ValidatorSet,
}

/// Why something is not proved.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum VerifierError {
    /// The header is of another chain.
    #[error("the header is of chain {found}, not of chain {expected}")]
    Chain {
        /// The header's.
        found: u64,
        /// The one that was asked for.
        expected: u64,
    },
    /// Another set of validators certifies the block.
    #[error("the header names validator set {found}, not {expected}")]
    Validators {
        /// The header's.
        found: Hash,
        /// The known one.
        expected: Hash,
    },
    /// The votes are for another block.
    #[error("the votes are for block {found}, not for {expected}")]
    Block {
        /// What was voted for.
        found: Hash,
        /// The header's hash.
        expected: Hash,
    },
    /// The votes do not hold.
    #[error("the votes do not hold: {0}")]
    Votes(#[from] CertificateError),
    /// The path does not lead to the root that the header carries.
    #[error("the path does not lead to the root in the header")]
    Path,
    /// The entry of the state is not proved.
    #[error("the entry is not proved: {0}")]
    State(#[from] ProofError),
}

/// A header that enough validators voted for; made by [`Verifier::header`] alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Certified<'a>(&'a Header);

impl Verifier {
    /// Checks that the quorum voted for a header of this chain.
    ///
    /// # Errors
    /// [`VerifierError`] for the first thing that does not hold.
    pub fn header<'a>(&self, header: &'a Header, votes: &Certificate) -> Result<Certified<'a>, VerifierError> {
        let set = &self.validators;
        if header.chain != self.chain {
            return Err(VerifierError::Chain { found: header.chain.0, expected: self.chain.0 });
        }
        if header.validator_set != set.hash() {
            return Err(VerifierError::Validators { found: header.validator_set, expected: set.hash() });
        }
        let expected = header.hash();
        // The last block of an epoch may be certified in a later view than its own.
        if votes.statement.block != expected || votes.statement.view < header.view {
            return Err(VerifierError::Block { found: votes.statement.block, expected });
        }
        votes.verify(set, self.chain, Phase::Vote, usize::from(set.quorum))?;
        Ok(Certified(header))
    }
}

impl<'a> Certified<'a> {
    /// The header.
    pub fn header(&self) -> &'a Header {
        self.0
    }

    /// Checks that a receipt is one of the parent's.
    ///
    /// # Errors
    /// [`VerifierError::Path`].
    pub fn receipt(&self, receipt: &Receipt, path: &MerkleProof) -> Result<(), VerifierError> {
        holds(path.verify(&self.0.parent_receipts_root, receipt.hash()))
    }

    /// Checks that an event, in its place, is one of the parent's.
    ///
    /// # Errors
    /// [`VerifierError::Path`].
    pub fn event(&self, event: &BlockEvent, path: &MerkleProof) -> Result<(), VerifierError> {
        holds(path.verify(&self.0.parent_events_root, event.hash()))
    }

    /// Checks that the state after the parent has this value at a key, or none.
    ///
    /// # Errors
    /// [`VerifierError::State`].
    pub fn state(&self, key: &[u8], value: Option<&[u8]>, proof: &StateProof) -> Result<(), VerifierError> {
        Ok(proof.verify(&self.0.parent_state_root, key, value)?)
    }
}

fn holds(proved: bool) -> Result<(), VerifierError> {
    if proved { Ok(()) } else { Err(VerifierError::Path) }
}
