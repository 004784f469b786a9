//! Sealing for a key's holder alone (HPKE, RFC 9180), and the sealed responses of tenders.
//!
//! DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, base mode.
#![no_std]

extern crate alloc;

pub mod committee;
mod seed;
pub mod tender;

use alloc::vec::Vec;
use core::fmt;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use seed::Seed;

type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;

/// A text that only the holder of a key can open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// The encapsulated key, 32 bytes.
    pub enc: [u8; 32],
    /// The text encrypted, and 16 bytes more.
    pub ciphertext: Vec<u8>,
}

/// Why sealing or opening fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealingError {
    /// The public key is none: nothing can be sealed for it.
    #[error("this is no X25519 public key")]
    Key,
    /// Sealed for another key, bound to something else, or changed.
    #[error("it does not open: sealed for another key, bound to something else, or changed")]
    DoesNotOpen,
    /// It opens, and what is in it was not committed to.
    #[error("it opens, but what is in it is not what was committed to")]
    NotCommitted,
    /// It opens, and is no parameter and salt.
    #[error("it opens, but holds no parameter")]
    NoParameter,
}

/// An X25519 secret key; wiped when dropped. `Debug` does not show it.
pub struct SecretKey(PrivateKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// The key pair of 32 secret bytes: `DeriveKeyPair` of RFC 9180.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(X25519HkdfSha256::derive_keypair(seed).0)
    }

    /// The public key.
    pub fn public_key(&self) -> [u8; 32] {
        X25519HkdfSha256::sk_to_pk(&self.0).to_bytes().into()
    }

    /// Opens what was sealed for this key, with the same `info` and bound to the same `aad`.
    ///
    /// # Errors
    /// [`SealingError::DoesNotOpen`].
    pub fn open(&self, info: &[u8], aad: &[u8], sealed: &Sealed) -> Result<Vec<u8>, SealingError> {
        let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&sealed.enc);
        let enc = enc.map_err(|_| SealingError::DoesNotOpen)?;
        let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.0,
            &enc,
            info,
            &sealed.ciphertext,
            aad,
        );
        opened.map_err(|_| SealingError::DoesNotOpen)
    }
}

/// Seals a text for the holder of a key, bound to `aad`. The seed, 32 random bytes that are used once, is all that chance has
/// to do with it: the same seed seals the same text to the same bytes.
///
/// # Errors
/// [`SealingError::Key`].
pub fn seal(
    public_key: &[u8; 32],
    info: &[u8],
    aad: &[u8],
    text: &[u8],
    seed: &[u8; 32],
) -> Result<Sealed, SealingError> {
    let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(public_key).map_err(|_| SealingError::Key)?;
    let sealed = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &key,
        info,
        text,
        aad,
        &mut Seed::new(seed),
    );
    let (enc, ciphertext) = sealed.map_err(|_| SealingError::Key)?;
    Ok(Sealed { enc: enc.to_bytes().into(), ciphertext })
}
