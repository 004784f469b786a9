//! What the gateway and buyers need of a ledger.

use data_market::{Request, Wrapped};
use parity_scale_codec::{Decode, Encode};
use recycling::{Recorded, Submission};

/// A device as the ledger knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct KnownDevice {
    /// Its Ed25519 key.
    pub key: [u8; 32],
    /// The number of its next event.
    pub next: u64,
    /// When its last event was, in ms since 1970.
    pub last_ms: u64,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// Why a ledger did not do something.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LedgerError {
    /// A contract refuses.
    #[error("refused: {reason}")]
    Refused {
        /// Which device it is about, if it is about one.
        device: Option<u64>,
        /// Why.
        reason: String,
    },
    /// Nobody knows whether it was done.
    #[error("the ledger does not answer: {0}")]
    Unreachable(String),
}

/// A ledger with a register of readings and a market of their keys.
pub trait Ledger: Send + Sync {
    /// What a device is.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn device(&self, device: u64) -> Result<Option<KnownDevice>, LedgerError>;

    /// Records readings, all or none, and waits until that is final.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn submit(&self, readings: Vec<Submission>) -> Result<(), LedgerError>;

    /// Declares numbers of a device as skipped.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn declare_gap(&self, device: u64, until: u64, signature: [u8; 64]) -> Result<(), LedgerError>;

    /// An event.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn event(&self, event: u64) -> Result<Option<Recorded>, LedgerError>;

    /// How many requests there are.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn requests(&self) -> Result<u64, LedgerError>;

    /// A request.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn request(&self, request: u64) -> Result<Option<Request>, LedgerError>;

    /// Delivers a request's keys.
    ///
    /// # Errors
    /// [`LedgerError`].
    fn deliver(&self, request: u64, keys: Vec<Wrapped>) -> Result<(), LedgerError>;
}
