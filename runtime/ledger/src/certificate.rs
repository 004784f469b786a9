//! Signed statements of replicas and the certificates made of them.

use crate::{
    BatchCheck, ChainId, Hash, Height, PublicKey, SecretKey, Signature, SignatureCheck, StateKey, crypto::hash,
    encoding::encode, system_key,
};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// Who votes, and with which quorum. At most 65 535 members.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct ValidatorSet {
    /// Number of the epoch in which this set votes.
    pub epoch: u64,
    /// Keys by index.
    pub members: Vec<PublicKey>,
    /// R, the number of votes that certify (qr * N).
    pub quorum: u16,
}

impl ValidatorSet {
    /// The hash that headers carry.
    pub fn hash(&self) -> Hash {
        hash("counterpart/validators/1", &[&encode(self)])
    }

    /// N, the number of members.
    pub fn size(&self) -> u16 {
        self.members.len() as u16
    }
}

/// The validators of an epoch as the state names them, under [`validators_key`].
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct NamedValidators {
    /// Who votes in the epoch.
    pub set: ValidatorSet,
    /// Height of the block with the change. The block after it is the last of the epoch before.
    pub named_at: Height,
}

/// Where the state keeps the validators of an epoch: from the block that changes them on.
pub fn validators_key(epoch: u64) -> StateKey {
    system_key("validators", &[&epoch.to_be_bytes()])
}

/// What a replica's signature says about a block or a view.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub enum Phase {
    /// The leader proposes the block in the view.
    Propose,
    /// First vote: R of them are a certificate.
    Vote,
    /// "I certify to clients": sent after a certificate was seen.
    Final,
    /// The view passed without a certificate; the block hash is zero.
    Skip,
}

/// Exactly what is signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub struct Statement {
    /// The chain.
    pub chain: ChainId,
    /// The epoch of the validator set.
    pub epoch: u64,
    /// What is said.
    pub phase: Phase,
    /// The view.
    pub view: u64,
    /// The block, zero for a skip.
    pub block: Hash,
}

impl Statement {
    /// The 32 bytes that are signed.
    pub fn message(&self) -> [u8; 32] {
        hash("counterpart/statement/1", &[&encode(self)]).0
    }

    /// Signs as the member with this index.
    pub fn sign(&self, signer: u16, key: &SecretKey) -> SignedBy {
        SignedBy { signer, signature: key.sign(&self.message()) }
    }
}

/// A member's signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub struct SignedBy {
    /// Index in the validator set.
    pub signer: u16,
    /// Over the statement's message.
    pub signature: Signature,
}

/// Why a set of signatures does not certify.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CertificateError {
    /// Fewer signatures than needed.
    #[error("{have} signatures, {need} needed")]
    TooFew {
        /// Signatures present.
        have: usize,
        /// Signatures needed.
        need: usize,
    },
    /// Signers are not strictly ascending, or one is not in the set.
    #[error("signer {signer} is out of order, named twice or not in the set of {members}")]
    Signer {
        /// The index.
        signer: u16,
        /// Size of the set.
        members: usize,
    },
    /// A signature does not verify.
    #[error("the signature of member {signer} does not verify")]
    Signature {
        /// The index.
        signer: u16,
    },
    /// It speaks of another chain, epoch or phase.
    #[error("the statement is for another chain, epoch or phase")]
    Statement,
}

/// R or more votes for one block in one view (or skips of one view).
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Certificate {
    /// What all of them signed.
    pub statement: Statement,
    /// In ascending order of signer.
    pub signatures: Vec<SignedBy>,
}

/// Finals for one block: c of them, where c may keep growing.
pub type Approval = Certificate;

impl Certificate {
    /// Checks that at least `need` distinct members of the set signed the statement.
    ///
    /// # Errors
    /// [`CertificateError`] naming the first thing that is wrong.
    pub fn verify(
        &self,
        set: &ValidatorSet,
        chain: ChainId,
        phase: Phase,
        need: usize,
    ) -> Result<(), CertificateError> {
        self.verify_with(&BatchCheck, set, chain, phase, need)
    }

    /// [`Certificate::verify`], with signatures checked as `check` does it: a contract lets its host do that.
    ///
    /// # Errors
    /// [`CertificateError`] naming the first thing that is wrong.
    pub fn verify_with(
        &self,
        check: &impl SignatureCheck,
        set: &ValidatorSet,
        chain: ChainId,
        phase: Phase,
        need: usize,
    ) -> Result<(), CertificateError> {
        if self.statement.chain != chain || self.statement.epoch != set.epoch || self.statement.phase != phase {
            return Err(CertificateError::Statement);
        }
        if self.signatures.len() < need {
            return Err(CertificateError::TooFew { have: self.signatures.len(), need });
        }
        let message = self.statement.message();
        let mut items = Vec::with_capacity(self.signatures.len());
        let mut least = 0;
        for SignedBy { signer, signature } in &self.signatures {
            let member = set.members.get(usize::from(*signer)).filter(|_| u32::from(*signer) >= least);
            let member = member.ok_or(CertificateError::Signer { signer: *signer, members: set.members.len() })?;
            least = u32::from(*signer) + 1;
            items.push((*member, &message[..], *signature));
        }
        match check.first_wrong(&items) {
            None => Ok(()),
            Some(wrong) => Err(CertificateError::Signature { signer: self.signatures[wrong].signer }),
        }
    }
}
