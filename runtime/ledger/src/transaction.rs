//! Transactions: what an account asks the chain to do.

use crate::{
    Address, Evidence, Gas, Hash, Height, PublicKey, SecretKey, Signature, SignatureError, ValidatorChange,
    ValidatorSet, account_address, crypto::hash, encoding::encode,
};
use alloc::boxed::Box;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// The number of a chain; part of everything that is signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, BorshSerialize, BorshDeserialize)]
pub struct ChainId(pub u64);

/// One step of a transaction.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Action {
    /// Checks and stores contract code under its hash; code that is there already is accepted again.
    Upload {
        /// A Wasm module.
        code: Vec<u8>,
    },
    /// Makes a contract and runs its constructor.
    Deploy {
        /// The hash of uploaded code.
        code_hash: Hash,
        /// Makes the address unique among those of the same creator and code.
        salt: Hash,
        /// Constructor selector and arguments.
        input: Vec<u8>,
        /// Native amount handed to the contract.
        value: u128,
    },
    /// Calls a contract.
    Call {
        /// The callee.
        contract: Address,
        /// Method selector and arguments.
        input: Vec<u8>,
        /// Native amount handed to the contract.
        value: u128,
    },
    /// Sends native currency; runs no code.
    Transfer {
        /// The receiver.
        to: Address,
        /// Atomic units.
        amount: u128,
    },
    /// Names the validators of the next epoch. The block after this one is the last of the present epoch.
    ChangeValidators {
        /// The present ones, the next ones, and the consent of R of the present ones.
        change: Box<ValidatorChange>,
    },
    /// Records that a validator contradicted itself.
    Accuse {
        /// The validators of the epoch in question.
        set: ValidatorSet,
        /// Two statements of one of them that contradict each other.
        evidence: Box<Evidence>,
    },
}

/// Consent of an account to one call that another account's transaction, or a contract in it, makes.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Authorization {
    /// Whose consent it is.
    pub signer: PublicKey,
    /// The contract that may be called.
    pub contract: Address,
    /// SHA3-256 of the exact input of that call.
    pub input_hash: Hash,
    /// Any number that this signer has not used before; used once.
    pub nonce: u64,
    /// The last height at which it counts.
    pub expires_at: Height,
    /// Over [`Authorization::message`].
    pub signature: Signature,
}

impl Authorization {
    /// What is signed: chain, contract, input, nonce and expiry.
    pub fn message(chain: ChainId, contract: &Address, input_hash: &Hash, nonce: u64, expires_at: Height) -> [u8; 32] {
        hash(
            "counterpart/authorization/1",
            &[&chain.0.to_le_bytes(), &contract.0, &input_hash.0, &nonce.to_le_bytes(), &expires_at.0.to_le_bytes()],
        )
        .0
    }

    /// Signs consent to one call.
    pub fn sign(
        key: &SecretKey,
        chain: ChainId,
        contract: Address,
        input_hash: Hash,
        nonce: u64,
        expires_at: Height,
    ) -> Self {
        let signature = key.sign(&Self::message(chain, &contract, &input_hash, nonce, expires_at));
        Self { signer: key.public_key(), contract, input_hash, nonce, expires_at, signature }
    }

    /// The message that this consent signs on a chain.
    pub fn signed_message(&self, chain: ChainId) -> [u8; 32] {
        Self::message(chain, &self.contract, &self.input_hash, self.nonce, self.expires_at)
    }

    /// Checks the signature for this chain.
    ///
    /// # Errors
    /// [`SignatureError`] when it does not verify.
    pub fn verify(&self, chain: ChainId) -> Result<(), SignatureError> {
        self.signer.verify(&self.signed_message(chain), &self.signature)
    }
}

/// What an account signs.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// The chain it is for.
    pub chain: ChainId,
    /// Who sends it and pays for it.
    pub sender: PublicKey,
    /// The sender's next number, counted from 0 without gaps.
    pub nonce: u64,
    /// The most gas it may use.
    pub gas_limit: Gas,
    /// Native atomic units for each unit of gas.
    pub gas_price: u64,
    /// The last height at which it may be included.
    pub expires_at: Height,
    /// Steps that succeed or fail together, in order.
    pub actions: Vec<Action>,
    /// Consent of others to calls inside this transaction.
    pub authorizations: Vec<Authorization>,
}

impl Transaction {
    /// The hash that is signed and by which the transaction is known.
    pub fn hash(&self) -> Hash {
        self.hash_and_length().0
    }

    /// Its hash, and how many bytes its encoding has.
    pub fn hash_and_length(&self) -> (Hash, usize) {
        let bytes = encode(self);
        (hash("counterpart/transaction/1", &[&bytes]), bytes.len())
    }

    /// The sender's address.
    pub fn sender_address(&self) -> Address {
        account_address(&self.sender)
    }

    /// Signs with the sender's key.
    ///
    /// # Panics
    /// If `key` is not the key of `sender`.
    pub fn sign(self, key: &SecretKey) -> SignedTransaction {
        assert_eq!(key.public_key(), self.sender, "the sender signs");
        let signature = key.sign(&self.hash().0);
        SignedTransaction { transaction: self, signature }
    }
}

/// A transaction with its sender's signature over its hash.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct SignedTransaction {
    /// What is signed.
    pub transaction: Transaction,
    /// Over [`Transaction::hash`].
    pub signature: Signature,
}

impl SignedTransaction {
    /// The transaction's hash; the signature is not part of it.
    pub fn hash(&self) -> Hash {
        self.transaction.hash()
    }

    /// Checks the sender's signature and those of all authorisations.
    ///
    /// # Errors
    /// [`SignatureError`] when one does not verify.
    pub fn verify(&self) -> Result<(), SignatureError> {
        self.verify_hashed(&self.hash())
    }

    /// [`SignedTransaction::verify`] for whoever has the transaction's hash already.
    ///
    /// # Errors
    /// As there.
    pub fn verify_hashed(&self, hash: &Hash) -> Result<(), SignatureError> {
        let transaction = &self.transaction;
        transaction.sender.verify(&hash.0, &self.signature)?;
        transaction.authorizations.iter().try_for_each(|authorization| authorization.verify(transaction.chain))
    }
}
