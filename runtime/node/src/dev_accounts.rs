//! Accounts of development networks. Their keys are made from their names, so everyone has them: they guard nothing.

use counterpart_ledger::SecretKey;
use sha3::{Digest, Sha3_256};

/// The name of the account that has all native currency of a new devnet.
pub const FAUCET: &str = "faucet";

/// The key of a development account. Never use it on a network that matters.
pub fn dev_account(name: &str) -> SecretKey {
    let mut hasher = Sha3_256::new();
    hasher.update(b"counterpart development account: ");
    hasher.update(name.as_bytes());
    SecretKey::from_seed(hasher.finalize().into())
}
