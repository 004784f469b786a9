//! What replicas and clients attest beside votes: how undisturbed a view was, and that a client took a block for final.

use crate::{
    ChainId, Hash, Height, PublicKey, SecretKey, Signature, SignatureError, SignedBy, ValidatorSet, crypto::hash,
    encoding::encode,
};
use alloc::string::String;
use borsh::{BorshDeserialize, BorshSerialize};

/// A replica's word on what it saw since it forwarded the certificate of a block to all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Quiet {
    /// The chain.
    pub chain: ChainId,
    /// The epoch of the validator set.
    pub epoch: u64,
    /// The view in which the block was certified.
    pub view: u64,
    /// The block.
    pub block: Hash,
    /// ms since it forwarded the certificate.
    pub elapsed_ms: u64,
    /// Distinct members that skipped the view.
    pub skippers: u16,
    /// Most votes for another block in the view.
    pub others: u16,
}

impl Quiet {
    /// The 32 bytes that are signed.
    pub fn message(&self) -> [u8; 32] {
        hash("counterpart/quiet/1", &[&encode(self)]).0
    }

    /// Signs as the member with this index.
    pub fn sign(&self, signer: u16, key: &SecretKey) -> SignedBy {
        SignedBy { signer, signature: key.sign(&self.message()) }
    }

    /// Checks that a member of the set says this.
    ///
    /// # Errors
    /// [`SignatureError`] when it is not in the set, the set is of another epoch, or the signature does not verify.
    pub fn verify(&self, set: &ValidatorSet, signed: &SignedBy) -> Result<(), SignatureError> {
        let member = set.members.get(usize::from(signed.signer)).filter(|_| self.epoch == set.epoch);
        member.ok_or(SignatureError)?.verify(&self.message(), &signed.signature)
    }
}

/// Most bytes of a rule in an approval.
pub const MAX_RULE_BYTES: usize = 64;

/// A client's word that a block is final under its own rule. Replicas record it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, BorshSerialize, BorshDeserialize)]
pub struct ClientApproval {
    /// The chain.
    pub chain: ChainId,
    /// The block's height.
    pub height: Height,
    /// The block.
    pub block: Hash,
    /// The client's rule as text, at most [`MAX_RULE_BYTES`].
    pub rule: String,
    /// The client.
    pub client: PublicKey,
    /// Over [`ClientApproval::message`].
    pub signature: Signature,
}

impl ClientApproval {
    /// What is signed: everything but the signature.
    pub fn message(chain: ChainId, height: Height, block: &Hash, rule: &str, client: &PublicKey) -> [u8; 32] {
        hash("counterpart/approval/1", &[&encode(&(chain, height, block, rule, client))]).0
    }

    /// Signs.
    pub fn sign(key: &SecretKey, chain: ChainId, height: Height, block: Hash, rule: String) -> Self {
        let client = key.public_key();
        let signature = key.sign(&Self::message(chain, height, &block, &rule, &client));
        Self { chain, height, block, rule, client, signature }
    }

    /// Checks that it is of this chain, short enough, and the client's own.
    ///
    /// # Errors
    /// [`SignatureError`] when it is not.
    pub fn verify(&self, chain: ChainId) -> Result<(), SignatureError> {
        if self.chain != chain || self.rule.len() > MAX_RULE_BYTES {
            return Err(SignatureError);
        }
        let message = Self::message(self.chain, self.height, &self.block, &self.rule, &self.client);
        self.client.verify(&message, &self.signature)
    }
}
