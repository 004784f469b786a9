//! Host functions that hash and check signatures.

use crate::gas::{charge, per_byte};
use crate::memory::Memory;
use crate::work::answer;
use counterpart_host_functions::{HostError, HostFunction, Stop, limits};
use counterpart_ledger::{PublicKey, Signature};
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use sha3::Digest;

pub(crate) fn call(function: HostFunction, a: &[u64], memory: &mut Memory<'_>, gas: &mut i64) -> Result<i64, Stop> {
    use HostFunction::{blake3, ed25519_verify, keccak_256, secp256k1_recover, secp256k1_verify, sha2_256, sha3_256};
    match function {
        sha3_256 | keccak_256 | sha2_256 | blake3 => {
            charge(gas, per_byte(function, a[1]))?;
            let data = memory.read_at_most(a[0], a[1], limits::MAX_MESSAGE_BYTES)?;
            let hash: [u8; 32] = match function {
                sha3_256 => sha3::Sha3_256::digest(data).into(),
                keccak_256 => sha3::Keccak256::digest(data).into(),
                sha2_256 => sha2::Sha256::digest(data).into(),
                _ => *::blake3::hash(data).as_bytes(),
            };
            memory.write(a[2], &hash)?;
            Ok(0)
        }
        ed25519_verify => {
            charge(gas, per_byte(function, a[2]))?;
            let key = PublicKey(memory.array(a[0])?);
            let signature = Signature(memory.array(a[3])?);
            let message = memory.read_at_most(a[1], a[2], limits::MAX_MESSAGE_BYTES)?;
            Ok(i64::from(key.verify(message, &signature).is_ok()))
        }
        secp256k1_verify => {
            let (key, digest, signature): ([u8; 33], [u8; 32], [u8; 64]) =
                (memory.array(a[0])?, memory.array(a[1])?, memory.array(a[2])?);
            let valid = || {
                let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(&key).ok()?;
                let signature = low_s(&signature)?;
                key.verify_prehash(&digest, &signature).ok()
            };
            Ok(i64::from(valid().is_some()))
        }
        secp256k1_recover => {
            let (digest, signature): ([u8; 32], [u8; 64]) = (memory.array(a[0])?, memory.array(a[1])?);
            let recovered = || {
                let id = k256::ecdsa::RecoveryId::from_byte(u8::try_from(a[2]).ok()?)?;
                let signature = low_s(&signature)?;
                let key = k256::ecdsa::VerifyingKey::recover_from_prehash(&digest, &signature, id).ok()?;
                Some(key.to_sec1_point(true))
            };
            match recovered() {
                Some(point) => memory.write(a[3], point.as_bytes()).map(|()| 0),
                None => Ok(answer(HostError::InvalidSignature)),
            }
        }
        _ => {
            let (key, digest, signature): ([u8; 33], [u8; 32], [u8; 64]) =
                (memory.array(a[0])?, memory.array(a[1])?, memory.array(a[2])?);
            let valid = || {
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&key).ok()?;
                let signature = p256::ecdsa::Signature::from_slice(&signature).ok()?;
                key.verify_prehash(&digest, &signature).ok()
            };
            Ok(i64::from(valid().is_some()))
        }
    }
}

/// A signature whose `s` is in the lower half, so that none can be turned into a second valid one.
fn low_s(bytes: &[u8; 64]) -> Option<k256::ecdsa::Signature> {
    let signature = k256::ecdsa::Signature::from_slice(bytes).ok()?;
    (signature.normalize_s() == signature).then_some(signature)
}
