//! Accounts whose keys are made from their names.

use counterpart_ledger::{Address, SecretKey, account_address};
use counterpart_sdk::codec::Encode;

/// An account of a test.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its address.
    pub address: Address,
    pub(crate) key: SecretKey,
}

impl Account {
    /// The account with a name; the same name always has the same key.
    pub fn named(name: &str) -> Self {
        let mut seed = [0u8; 32];
        // Any injective map of short names would do; test keys guard nothing.
        for (index, byte) in ("test account ", name).encode().into_iter().enumerate() {
            seed[index % 32] = seed[index % 32].rotate_left(3) ^ byte;
        }
        let key = SecretKey::from_seed(seed);
        Self { name: name.to_owned(), address: account_address(&key.public_key()), key }
    }

    /// Its Ed25519 key, 32 bytes.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.public_key().0
    }

    /// Its signature over a message, 64 bytes: for contracts that check signatures themselves.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).0
    }
}
