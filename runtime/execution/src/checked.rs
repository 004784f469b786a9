//! What follows from a transaction's bytes alone, worked out once and ahead of its turn.

use counterpart_ledger::{Address, Hash, SignedTransaction, Transaction, verify_batch};

/// Transactions whose signatures are checked together.
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

    /// Checks the signatures of many transactions together; each comes out as [`CheckedTransaction::new`] has it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use counterpart_ledger::{Action, Authorization, ChainId, Gas, Height, SecretKey};

    #[test]
    fn transactions_that_are_checked_together_are_told_apart() {
        let key = SecretKey::from_seed([5; 32]);
        let mut signed: Vec<SignedTransaction> = (0..2 * BATCH as u64 + 7)
            .map(|nonce| {
                let consent = Authorization::sign(&key, ChainId(3), Address([1; 32]), Hash([2; 32]), nonce, Height(9));
                let transaction = Transaction {
                    chain: ChainId(3),
                    sender: key.public_key(),
                    nonce,
                    gas_limit: Gas(1),
                    gas_price: 1,
                    expires_at: Height(9),
                    actions: vec![Action::Transfer { to: Address([1; 32]), amount: 1 }],
                    authorizations: if nonce % 3 == 0 { vec![consent] } else { Vec::new() },
                };
                transaction.sign(&key)
            })
            .collect();
        // A signature, and a consent that the sender has signed over.
        let wrong = [0, 4, BATCH - 1, BATCH + 8, 2 * BATCH + 6];
        for index in wrong {
            signed[index].signature.0[7] ^= 1;
        }
        signed[9].transaction.authorizations[0].signature.0[7] ^= 1;
        let resigned = signed[9].transaction.clone().sign(&key);
        signed[9] = resigned;
        let together = CheckedTransaction::all(&signed);
        for (index, (together, signed)) in together.iter().zip(&signed).enumerate() {
            let alone = CheckedTransaction::new(signed);
            assert_eq!((together.signed, together.hash, together.sender), (alone.signed, alone.hash, alone.sender));
            assert_eq!(together.signed, !wrong.contains(&index) && index != 9, "transaction {index}");
        }
    }
}
