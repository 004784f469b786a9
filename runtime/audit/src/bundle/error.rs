//! Why a bundle is refused.

use super::FORMAT;
use counterpart_execution::ExecutionFault;
use counterpart_ledger::{CertificateError, DecodeError, Hash, StateKey};

/// Why a bundle is not what it claims to be.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The bytes are not a bundle.
    #[error(transparent)]
    Encoding(#[from] DecodeError),
    /// It has another format.
    #[error("the bundle has format {0}; this version reads format {FORMAT}")]
    Format(u8),
    /// It is of another chain.
    #[error("the bundle is of the chain that begins with {found}, not {expected}")]
    Genesis {
        /// Hash of the bundle's genesis document.
        found: Hash,
        /// The one that was asked for.
        expected: Hash,
    },
    /// Its parts do not belong together.
    #[error("the bundle's parts do not belong together: {0}")]
    Inconsistent(&'static str),
    /// The votes do not certify.
    #[error("the votes for block {height} do not hold: {cause}")]
    Certificate {
        /// The block's height.
        height: u64,
        /// What is wrong.
        cause: CertificateError,
    },
    /// An entry is not what the state had.
    #[error("the entry 0x{} is not proved: {cause}", hex(key))]
    Entry {
        /// The entry's key.
        key: StateKey,
        /// What is wrong.
        cause: counterpart_ledger::WitnessError,
    },
    /// The execution asks for what is not there, or the engine failed.
    #[error("the bundle cannot be executed: {0}")]
    Execution(ExecutionFault),
    /// The execution has other receipts than were certified.
    #[error("the receipts have root {replayed}, {certified} was certified")]
    Receipts {
        /// As executed.
        replayed: Hash,
        /// As certified.
        certified: Hash,
    },
    /// The execution has other events than were certified.
    #[error("the events have root {replayed}, {certified} was certified")]
    Events {
        /// As executed.
        replayed: Hash,
        /// As certified.
        certified: Hash,
    },
    /// The execution leads to another state than was certified.
    #[error("the state root is {replayed}, {certified} was certified")]
    State {
        /// As executed.
        replayed: Hash,
        /// As certified.
        certified: Hash,
    },
}

impl BundleError {
    /// The stable name for machines.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Encoding(_) => "bad_bundle",
            Self::Format(_) => "bundle_format",
            Self::Genesis { .. } => "other_chain",
            Self::Inconsistent(_) => "inconsistent_bundle",
            Self::Certificate { .. } => "bad_certificate",
            Self::Entry { .. } => "bad_proof",
            Self::Execution(_) => "cannot_execute",
            Self::Receipts { .. } => "receipts_differ",
            Self::Events { .. } => "events_differ",
            Self::State { .. } => "state_differs",
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
