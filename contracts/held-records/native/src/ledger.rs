//! What the gatekeeper needs of the ledger that it stands before. Any ledger can be one that does this.

use counterpart_sdk::{Address, Hash};
use held_records::{Commitment, Items, Opening, Ruling, Signed, Signer, Verb};

/// Why a ledger did not do something.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LedgerError {
    /// The record is not ready yet.
    #[error("the record is not ready before {ready_ms}")]
    TooEarly {
        /// From when on it is, in ms since 1970.
        ready_ms: u64,
    },
    /// The record's time is over.
    #[error("the record's time is over")]
    Expired,
    /// It is refused for now: what it comes after is missing, or a signer's day is full.
    #[error("not now: {0}")]
    NotNow(String),
    /// It is refused for good.
    #[error("refused: {0}")]
    Refused(String),
    /// Nobody knows whether it was done.
    #[error("the ledger does not answer: {0}")]
    Unreachable(String),
}

/// A ledger that takes records only when they were held.
pub trait Ledger: Send + Sync {
    /// Its chain and the contract that takes records: what signatures are bound to.
    fn domain(&self) -> (u64, Address);

    /// Its time, in ms since 1970.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn now_ms(&self) -> Result<u64, LedgerError>;

    /// What a key may.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn signer(&self, key: &[u8; 32]) -> Result<Option<Signer>, LedgerError>;

    /// The version of the policy that holds for what is anchored now.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn version(&self) -> Result<u32, LedgerError>;

    /// What the policy of a version says about a record that was anchored at a time and that so many want.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn ruling(&self, items: &Items, signals: u32, at_ms: u64, version: u32) -> Result<Ruling, LedgerError>;

    /// The weight of those that let a record pass sooner.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn expedite_quorum(&self) -> Result<u32, LedgerError>;

    /// A commitment.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn commitment(&self, commitment: &Hash) -> Result<Option<Commitment>, LedgerError>;

    /// Anchors a commitment.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn anchor(&self, commitment: &Hash) -> Result<(), LedgerError>;

    /// Brings what a signer said about a commitment: that it is withdrawn, superseded, or held on.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn say(&self, commitment: &Hash, verb: &Verb, signed: &Signed) -> Result<(), LedgerError>;

    /// Records.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn record(&self, opening: &Opening, wanted: &[Signed], sooner: &[Signed]) -> Result<(), LedgerError>;
}
