//! What follows from a transaction's bytes alone, worked out once and ahead of its turn.

use counterpart_ledger::{Address, Hash, SignedTransaction, Transaction};

/// A transaction whose hash, sender, length and signatures are known.
///
/// None of it depends on the state, so it can be worked out before the block's turn; [`crate::Executor::execute_block`]
/// does it for whoever has not.
#[derive(Clone, Copy, Debug)]
pub struct CheckedTransaction<'a> {
    pub(crate) transaction: &'a Transaction,
    pub(crate) hash: Hash,
    pub(crate) sender: Address,
    pub(crate) bytes: usize,
    pub(crate) signed: bool,
}

impl<'a> CheckedTransaction<'a> {
    /// Checks the signatures; a transaction with a bad one can be executed and is rejected then.
    pub fn new(signed: &'a SignedTransaction) -> Self {
        let unsigned = Self::unsigned(&signed.transaction);
        Self { signed: signed.verify_hashed(&unsigned.hash).is_ok(), ..unsigned }
    }

    /// Takes the signatures as given: for simulations, and for chains of tests, to which nobody sends anything.
    pub fn unsigned(transaction: &'a Transaction) -> Self {
        let (hash, bytes) = transaction.hash_and_length();
        Self { transaction, hash, sender: transaction.sender_address(), bytes, signed: true }
    }
}
