//! Counting signatures on one statement.

use counterpart_ledger::{Certificate, SignedBy, Statement, ValidatorSet};
use std::collections::BTreeMap;

/// Why a signature does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TallyError {
    /// The signer is not in the set.
    #[error("signer {0} is not in the set")]
    Unknown(u16),
    /// The signature does not verify.
    #[error("the signature of member {0} does not verify")]
    Signature(u16),
}

/// Signatures on one statement, each checked as it comes in.
#[derive(Clone, Debug)]
pub struct Tally {
    statement: Statement,
    signatures: BTreeMap<u16, SignedBy>,
}

impl Tally {
    /// Without signatures.
    pub fn new(statement: Statement) -> Self {
        Self { statement, signatures: BTreeMap::new() }
    }

    /// Counts a signature; again changes nothing. Answers how many there are.
    ///
    /// # Errors
    /// [`TallyError`] when it does not count.
    pub fn add(&mut self, set: &ValidatorSet, signed: SignedBy) -> Result<usize, TallyError> {
        let member = set.members.get(usize::from(signed.signer)).ok_or(TallyError::Unknown(signed.signer))?;
        member
            .verify(&self.statement.message(), &signed.signature)
            .map_err(|_| TallyError::Signature(signed.signer))?;
        self.signatures.insert(signed.signer, signed);
        Ok(self.signatures.len())
    }

    /// How many members signed.
    pub fn count(&self) -> usize {
        self.signatures.len()
    }

    /// All signatures, as one object.
    pub fn certificate(&self) -> Certificate {
        Certificate { statement: self.statement, signatures: self.signatures.values().copied().collect() }
    }
}
