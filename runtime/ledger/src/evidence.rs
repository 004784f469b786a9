//! Two signatures of one member that no honest replica gives.

use crate::{Certificate, ChainId, Phase, SignedBy, Statement, ValidatorSet};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// A contradiction, complete and checkable by anyone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    /// One statement.
    pub first: (Statement, SignedBy),
    /// The other.
    pub second: (Statement, SignedBy),
}

/// Why evidence does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The statements are by different members, or of different views, epochs or chains.
    #[error("the statements are not by one member in one view of this chain")]
    Unrelated,
    /// An honest replica may sign both.
    #[error("the statements do not contradict each other")]
    Compatible,
    /// A signature does not verify.
    #[error("a signature does not verify")]
    Signature,
}

impl Evidence {
    /// Checks it; answers the member that it names.
    ///
    /// # Errors
    /// [`EvidenceError`] when it proves nothing.
    pub fn verify(&self, set: &ValidatorSet, chain: ChainId) -> Result<u16, EvidenceError> {
        let ((one, by), (other, by_other)) = (&self.first, &self.second);
        let related = by.signer == by_other.signer
            && (one.chain, one.epoch, one.view) == (other.chain, other.epoch, other.view)
            && one.chain == chain
            && one.epoch == set.epoch;
        if !related {
            return Err(EvidenceError::Unrelated);
        }
        if !self.contradicts() {
            return Err(EvidenceError::Compatible);
        }
        let key = set.members.get(usize::from(by.signer)).ok_or(EvidenceError::Unrelated)?;
        let signed = |(statement, by): &(Statement, SignedBy)| key.verify(&statement.message(), &by.signature);
        signed(&self.first).and(signed(&self.second)).map_err(|_| EvidenceError::Signature)?;
        Ok(by.signer)
    }

    /// Whether no honest replica signs both statements; the signatures are not looked at.
    pub fn contradicts(&self) -> bool {
        let (one, other) = (&self.first.0, &self.second.0);
        contradict(one, other) || contradict(other, one)
    }

    /// The members that signed both of two certificates which contradict each other.
    pub fn between(one: &Certificate, other: &Certificate) -> Vec<Self> {
        if !contradict(&one.statement, &other.statement) && !contradict(&other.statement, &one.statement) {
            return Vec::new();
        }
        let second = |signer: u16| other.signatures.iter().find(|signed| signed.signer == signer);
        let pair = |first: &SignedBy| {
            let second = second(first.signer)?;
            Some(Self { first: (one.statement, *first), second: (other.statement, *second) })
        };
        one.signatures.iter().filter_map(pair).collect()
    }
}

fn contradict(one: &Statement, other: &Statement) -> bool {
    let same_place = (one.chain, one.epoch, one.view) == (other.chain, other.epoch, other.view);
    let differ = one.block != other.block;
    same_place
        && match (one.phase, other.phase) {
            (Phase::Propose, Phase::Propose) | (Phase::Vote, Phase::Vote) | (Phase::Final, Phase::Final) => differ,
            (Phase::Final, Phase::Vote) => differ,
            (Phase::Final, Phase::Skip) => true,
            _ => false,
        }
}
