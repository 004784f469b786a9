//! What follows from a transaction's bytes alone, worked out once and ahead of its turn.

use counterpart_ledger::{Address, Hash, SignedTransaction, Transaction, account_address, encode};

/// A transaction whose hash, sender, length and signatures are known.
///
/// None of it depends on the state, so a node does it while other blocks are executed, for many transactions at once.
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
        Self { signed: signed.verify().is_ok(), ..Self::unsigned(&signed.transaction) }
    }

    /// Takes the signatures as given, for simulations.
    pub(crate) fn unsigned(transaction: &'a Transaction) -> Self {
        Self {
            transaction,
            hash: transaction.hash(),
            sender: account_address(&transaction.sender),
            bytes: encode(transaction).len(),
            signed: true,
        }
    }
}
