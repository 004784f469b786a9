//! How addresses are made.

use crate::crypto::{PublicKey, hash};
use counterpart_host_functions::{Address, Hash};

/// The address of the account that an Ed25519 key controls.
pub fn account_address(key: &PublicKey) -> Address {
    Address(hash("counterpart/account/ed25519", &[&key.0]).0)
}

/// The address of a contract: a function of who makes it, from which code and with which salt.
pub fn contract_address(creator: &Address, code_hash: &Hash, salt: &Hash) -> Address {
    Address(hash("counterpart/contract", &[&creator.0, &code_hash.0, &salt.0]).0)
}
