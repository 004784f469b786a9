//! Keys of bodies: one for each event, derived from the gateway's secret, so that nothing but that secret has to be kept.

use counterpart_sdk::{Address, Hash};
use counterpart_sealing::{SealingError, SecretKey, seal};
use counterpart_service::secret_file;
use data_market::{BODY_INFO, KEY_INFO, Wrapped, commitment_text, key_aad};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use std::path::Path;
use zeroize::Zeroizing;

/// Why a key or body cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Something does not seal.
    #[error("{0}")]
    Sealing(#[from] SealingError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
    /// The file with the secret cannot be read or written, or is none.
    #[error("the gateway's secret: {0}")]
    Secret(#[from] std::io::Error),
}

/// An encrypted body and what the ledger is told of it.
pub struct Sealed {
    /// Encapsulated key and ciphertext.
    pub blob: Vec<u8>,
    /// SHA-256 of that.
    pub body: Hash,
    /// The commitment to the key.
    pub key_commitment: Hash,
}

/// The gateway's secret.
pub struct Vault {
    secret: Zeroizing<[u8; 32]>,
}

impl Vault {
    /// A vault of a secret.
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret: Zeroizing::new(secret) }
    }

    /// The vault whose secret lies in a file; made with a new one where there is none. Only the file's owner reads it.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn open(path: &Path) -> Result<Self, VaultError> {
        Ok(Self { secret: secret_file(path)? })
    }

    /// The key of an event's body.
    fn key(&self, hash: &Hash) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let derived = Hkdf::<Sha256>::new(None, self.secret.as_slice())
            .expand_multi_info(&[b"counterpart/gateway-key/1", &hash.0], key.as_mut_slice());
        // The length is fixed and far below what HKDF gives.
        debug_assert!(derived.is_ok());
        key
    }

    /// Encrypts the body of an event.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn seal(&self, hash: &Hash, body: &[u8]) -> Result<Sealed, VaultError> {
        let key = self.key(hash);
        let sealed = seal(&SecretKey::from_seed(&key).public_key(), BODY_INFO, &hash.0, body, &*random()?)?;
        let blob = [&sealed.enc[..], &sealed.ciphertext].concat();
        let body = Hash(Sha256::digest(&blob).into());
        let key_commitment = Hash(Sha256::digest(commitment_text(&key, &hash.0)).into());
        Ok(Sealed { blob, body, key_commitment })
    }

    /// The key of an event, sealed for a request's key and bound to the request.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn wrap(
        &self,
        hash: &Hash,
        reader: &[u8; 32],
        (chain, market): (u64, &Address),
        (request, event): (u64, u64),
    ) -> Result<Wrapped, VaultError> {
        let aad = key_aad(chain, market, request, event);
        let sealed = seal(reader, KEY_INFO, &aad, self.key(hash).as_slice(), &*random()?)?;
        Ok(Wrapped { enc: sealed.enc, ciphertext: sealed.ciphertext })
    }
}

fn random() -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|_| VaultError::NoRandomness)?;
    Ok(seed)
}
