//! What a client asks for and who signs it.

use counterpart_ledger::{Action, Address, Gas, SecretKey, account_address};

/// Somebody who signs.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The key.
    pub key: SecretKey,
}

impl Signer {
    /// With a key.
    pub const fn new(key: SecretKey) -> Self {
        Self { key }
    }

    /// The account that the key controls.
    pub fn address(&self) -> Address {
        account_address(&self.key.public_key())
    }
}

/// A transaction that is not made yet.
#[derive(Clone, Debug)]
pub struct TransactionRequest<'a> {
    /// Who sends and pays.
    pub sender: &'a Signer,
    /// Who else may be asked to consent.
    pub signers: &'a [Signer],
    /// What to do.
    pub actions: Vec<Action>,
    /// The most gas; found by simulation if `None`.
    pub gas_limit: Option<Gas>,
    /// The nonce; the account's next if `None`.
    pub nonce: Option<u64>,
}

impl<'a> TransactionRequest<'a> {
    /// With what the node finds out.
    pub fn new(sender: &'a Signer, actions: Vec<Action>) -> Self {
        Self { sender, signers: &[], actions, gas_limit: None, nonce: None }
    }
}
