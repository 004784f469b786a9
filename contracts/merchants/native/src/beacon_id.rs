//! What beacons send: identities that change every 2^K seconds and that only who has the key can compute (Eddystone-EID).
//!
//! Source: github.com/google/eddystone, eddystone-eid/eid-computation.md.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// Bytes of an identity.
pub const LEN: usize = 8;

/// A beacon's key and how often its identity changes. `Debug` does not show the key.
#[derive(Clone)]
pub struct IdentityKey {
    key: Zeroizing<[u8; 16]>,
    exponent: u8,
}

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityKey").field("exponent", &self.exponent).finish_non_exhaustive()
    }
}

/// Why a beacon cannot be provisioned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The exponent is above 15.
    #[error("identities change every 2^K seconds, with a K of 0 to 15")]
    Exponent,
    /// The other side's key is of small order: it would share a secret with everybody.
    #[error("the other side's public key shares no secret")]
    Key,
}

impl IdentityKey {
    /// A key that both sides have already.
    ///
    /// # Errors
    /// [`ProvisionError::Exponent`].
    pub fn new(key: [u8; 16], exponent: u8) -> Result<Self, ProvisionError> {
        if exponent > 15 {
            return Err(ProvisionError::Exponent);
        }
        Ok(Self { key: Zeroizing::new(key), exponent })
    }

    /// The key that a beacon and the service agree on: each has its own secret and the other's public key.
    ///
    /// # Errors
    /// [`ProvisionError`].
    pub fn agree(
        own: &[u8; 32],
        other: &[u8; 32],
        (service, beacon): (&[u8; 32], &[u8; 32]),
        exponent: u8,
    ) -> Result<Self, ProvisionError> {
        let shared = StaticSecret::from(*own).diffie_hellman(&PublicKey::from(*other));
        if !shared.was_contributory() {
            return Err(ProvisionError::Key);
        }
        let mut key = Zeroizing::new([0; 16]);
        let salt = [&service[..], &beacon[..]].concat();
        // 16 bytes are far below what HKDF gives at most.
        let _ = Hkdf::<Sha256>::new(Some(&salt), shared.as_bytes()).expand(&[], key.as_mut_slice());
        Self::new(*key, exponent)
    }

    /// The identity at a time of the beacon's counter, in seconds.
    pub fn identity(&self, seconds: u32) -> [u8; LEN] {
        let top = (seconds >> 16).to_be_bytes();
        let temporary = encrypt(&self.key, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, top[2], top[3]]);
        let [a, b, c, d] = (seconds >> self.exponent << self.exponent).to_be_bytes();
        let block = encrypt(&temporary, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, self.exponent, a, b, c, d]);
        let mut identity = [0; LEN];
        identity.copy_from_slice(&block[..LEN]);
        identity
    }

    /// Identities that are accepted at a time: of now, and of one period before and after, as clocks drift.
    pub fn accepted(&self, seconds: u32) -> [[u8; LEN]; 3] {
        let period = 1 << self.exponent;
        [seconds, seconds.saturating_sub(period), seconds.saturating_add(period)].map(|at| self.identity(at))
    }
}

/// The public key of a secret.
pub fn public_key(secret: &[u8; 32]) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from(*secret)).to_bytes()
}

fn encrypt(key: &[u8; 16], block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    Aes128::new(&(*key).into()).encrypt_block(&mut block);
    block.into()
}
