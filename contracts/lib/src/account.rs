//! Accounts of keys, for contracts that check signatures themselves.

use counterpart_sdk::prelude::*;

/// The account of an Ed25519 key, as the chain derives it: SHA3-256 over the name and the key, each after its length.
pub fn of_key(key: &[u8; 32]) -> Address {
    let name = b"counterpart/account/ed25519";
    let mut bytes = Vec::with_capacity(16 + name.len() + key.len());
    for part in [&name[..], &key[..]] {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part);
    }
    Address(env::sha3_256(&bytes).0)
}
