//! What follows from a transaction's bytes alone, worked out once and ahead of its turn.

use counterpart_ledger::{Address, Hash, SignedTransaction, Transaction, verify_batch};

/// Transactions whose signatures are checked together; more gain little.
const BATCH: usize = 256;

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

    /// Checks the signatures of many transactions together, which takes about half of the time.
    pub fn all(signed: &'a [SignedTransaction]) -> Vec<Self> {
        signed.chunks(BATCH).flat_map(Self::batch).collect()
    }

    fn batch(signed: &'a [SignedTransaction]) -> Vec<Self> {
        let mut checked: Vec<Self> = signed.iter().map(|signed| Self::unsigned(&signed.transaction)).collect();
        let messages: Vec<[u8; 32]> = signed
            .iter()
            .flat_map(|signed| {
                let transaction = &signed.transaction;
                transaction.authorizations.iter().map(|consent| consent.signed_message(transaction.chain))
            })
            .collect();
        let consents = signed.iter().flat_map(|signed| &signed.transaction.authorizations);
        let consents =
            consents.zip(&messages).map(|(consent, message)| (consent.signer, &message[..], consent.signature));
        let own = signed
            .iter()
            .zip(&checked)
            .map(|(signed, checked)| (signed.transaction.sender, &checked.hash.0[..], signed.signature));
        let items: Vec<_> = own.chain(consents).collect();
        // Only where something is wrong does it matter which.
        if verify_batch(&items).is_err() {
            for (signed, checked) in signed.iter().zip(&mut checked) {
                checked.signed = signed.verify_hashed(&checked.hash).is_ok();
            }
        }
        checked
    }

    /// Takes the signatures as given: for simulations, and for chains of tests, to which nobody sends anything.
    pub fn unsigned(transaction: &'a Transaction) -> Self {
        let (hash, bytes) = transaction.hash_and_length();
        Self { transaction, hash, sender: transaction.sender_address(), bytes, signed: true }
    }
}
