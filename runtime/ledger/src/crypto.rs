//! Hashing and signing. Ed25519 under the ZIP-215 rule everywhere: a batch accepts exactly what single checks accept.

use borsh::{BorshDeserialize, BorshSerialize};
use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use core::fmt;
use counterpart_host_functions::Hash;
use sha3::{Digest, Sha3_256};

/// SHA3-256 over a domain tag and parts, each preceded by its length, so that no two inputs share a preimage.
pub(crate) fn hash(domain: &str, parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha3_256::new();
    for part in core::iter::once(&domain.as_bytes()).chain(parts) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

/// An Ed25519 public key, 32 bytes; it may be malformed, then no signature verifies under it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct PublicKey(pub [u8; 32]);

/// An Ed25519 signature, 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct Signature(pub [u8; 64]);

// By hand, as for hashes: what is derived for an array is longer, and contracts decode these.
impl BorshDeserialize for PublicKey {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        Hash::deserialize_reader(reader).map(|bytes| Self(bytes.0))
    }
}

impl BorshDeserialize for Signature {
    fn deserialize_reader<R: borsh::io::Read>(reader: &mut R) -> borsh::io::Result<Self> {
        let mut bytes = [0; 64];
        reader.read_exact(&mut bytes)?;
        Ok(Self(bytes))
    }
}

/// A signature that does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signature does not verify")]
pub struct SignatureError;

impl PublicKey {
    /// Checks a signature over a message.
    ///
    /// # Errors
    /// [`SignatureError`] when it does not verify under ZIP-215.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let key = ed25519_zebra::VerificationKey::try_from(self.0).map_err(|_| SignatureError)?;
        key.verify(&signature.0.into(), message).map_err(|_| SignatureError)
    }
}

/// Checks many signatures at once; `Ok` exactly when each of them verifies alone, as ZIP-215 has it.
///
/// The factors that keep errors from cancelling each other out come from a hash of the whole batch, so that everybody gets
/// the same answer: whoever makes a batch cannot choose the factors without choosing the batch.
///
/// # Errors
/// [`SignatureError`] when at least one does not verify.
pub fn verify_batch(items: &[(PublicKey, &[u8], Signature)]) -> Result<(), SignatureError> {
    if let [(key, message, signature)] = items {
        return key.verify(message, signature);
    }
    let mut seed = Sha3_256::new();
    seed.update(b"counterpart/batch/1");
    let mut batch = ed25519_zebra::batch::Verifier::new();
    for (key, message, signature) in items {
        seed.update(key.0);
        seed.update((message.len() as u64).to_le_bytes());
        seed.update(message);
        seed.update(signature.0);
        let (key, signature) = (ed25519_zebra::VerificationKeyBytes::from(key.0), signature.0.into());
        batch.queue((key, signature, message));
    }
    batch.verify(ChaCha20Rng::from_seed(seed.finalize().into())).map_err(|_| SignatureError)
}

/// Checks signatures over messages under the ZIP-215 rule.
pub trait SignatureCheck {
    /// Index of the first signature that does not verify.
    fn first_wrong(&self, items: &[(PublicKey, &[u8], Signature)]) -> Option<usize>;
}

/// Checks all signatures at once, and one by one when that fails.
#[derive(Clone, Copy, Debug)]
pub struct BatchCheck;

impl SignatureCheck for BatchCheck {
    fn first_wrong(&self, items: &[(PublicKey, &[u8], Signature)]) -> Option<usize> {
        if verify_batch(items).is_ok() {
            return None;
        }
        items.iter().position(|(key, message, signature)| key.verify(message, signature).is_err())
    }
}

/// An Ed25519 secret key. Neither `Debug` nor `Display` shows it.
#[derive(Clone)]
pub struct SecretKey(ed25519_zebra::SigningKey);

impl SecretKey {
    /// The key with this seed, 32 secret bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ed25519_zebra::SigningKey::from(seed))
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(ed25519_zebra::VerificationKey::from(&self.0).into())
    }

    /// Signs a message; deterministic (RFC 8032).
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).into())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    f.write_str("0x")?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}
