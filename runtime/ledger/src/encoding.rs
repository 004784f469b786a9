//! Canonical Borsh: what decodes also encodes back to the same bytes.

use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// Bytes that are not the canonical encoding of a value.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end too early, go on too long or hold a value out of range.
    #[error("not a valid {name}: {cause}")]
    Malformed {
        /// What was expected.
        name: &'static str,
        /// What the codec says.
        cause: borsh::io::Error,
    },
    /// The bytes decode, but the value encodes differently.
    #[error("not the canonical encoding of a {name}")]
    NotCanonical {
        /// What was expected.
        name: &'static str,
    },
}

/// The canonical encoding of a value.
pub fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    // Not `expect`: it would link the printing of errors into every contract that encodes.
    let Ok(bytes) = borsh::to_vec(value) else { unreachable!("writing to a vector does not fail") };
    bytes
}

/// Decodes canonical bytes and consumes all of them.
///
/// # Errors
/// [`DecodeError`] for anything but the one encoding of a value.
pub fn decode<T: BorshSerialize + BorshDeserialize>(name: &'static str, bytes: &[u8]) -> Result<T, DecodeError> {
    let value: T = decode_any(name, bytes)?;
    if encode(&value) == bytes { Ok(value) } else { Err(DecodeError::NotCanonical { name }) }
}

/// Decodes all bytes, canonical or not: for a value that is looked at and neither hashed as bytes nor kept.
///
/// # Errors
/// [`DecodeError::Malformed`].
pub fn decode_any<T: BorshDeserialize>(name: &'static str, bytes: &[u8]) -> Result<T, DecodeError> {
    borsh::from_slice(bytes).map_err(|cause| DecodeError::Malformed { name, cause })
}
