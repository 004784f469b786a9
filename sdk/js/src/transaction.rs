//! Transactions: put together, simulated, consented to, signed.

use crate::error::{bytes, bytes32, failure, hex_of};
use crate::keys::Key;
use borsh::BorshDeserialize;
use counterpart_ledger::{
    Action, Address, Authorization, ChainId, Gas, Hash, Height, PublicKey, Transaction, contract_address, encode,
};
use sha3::{Digest, Sha3_256};
use wasm_bindgen::prelude::*;

/// A transaction that is not yet signed.
#[wasm_bindgen]
pub struct TransactionDraft {
    transaction: Transaction,
}

#[wasm_bindgen]
impl TransactionDraft {
    /// A transaction without actions.
    ///
    /// # Errors
    /// `bad_hex` when the sender is not a public key.
    #[wasm_bindgen(constructor)]
    pub fn new(
        chain: u64,
        sender_public_key: &str,
        nonce: u64,
        gas_price: u64,
        expires_at: u64,
    ) -> Result<TransactionDraft, JsValue> {
        let sender = PublicKey(bytes32("sender", sender_public_key)?);
        let (chain, expires_at) = (ChainId(chain), Height(expires_at));
        let (actions, authorizations) = (Vec::new(), Vec::new());
        let gas_limit = Gas(0);
        let transaction =
            Transaction { chain, sender, nonce, gas_limit, gas_price, expires_at, actions, authorizations };
        Ok(Self { transaction })
    }

    /// Sets the most gas that it may use.
    #[wasm_bindgen(js_name = setGasLimit)]
    pub fn set_gas_limit(&mut self, gas: u64) {
        self.transaction.gas_limit = Gas(gas);
    }

    /// Adds a call, with native currency that goes with it as a decimal string.
    ///
    /// # Errors
    /// `bad_hex` or `bad_amount`.
    pub fn call(&mut self, contract: &str, input: &str, value: &str) -> Result<(), JsValue> {
        let contract = Address(bytes32("contract", contract)?);
        let (input, value) = (bytes("input", input)?, amount(value)?);
        self.transaction.actions.push(Action::Call { contract, input, value });
        Ok(())
    }

    /// Adds a transfer of native currency.
    ///
    /// # Errors
    /// `bad_hex` or `bad_amount`.
    pub fn transfer(&mut self, to: &str, value: &str) -> Result<(), JsValue> {
        let (to, amount) = (Address(bytes32("to", to)?), amount(value)?);
        self.transaction.actions.push(Action::Transfer { to, amount });
        Ok(())
    }

    /// Adds an upload of code.
    pub fn upload(&mut self, code: &[u8]) {
        self.transaction.actions.push(Action::Upload { code: code.to_vec() });
    }

    /// Adds a deployment of uploaded code; answers the address that the contract will have.
    ///
    /// # Errors
    /// `bad_hex` or `bad_amount`.
    pub fn deploy(&mut self, code_hash: &str, salt: &str, input: &str, value: &str) -> Result<String, JsValue> {
        let (code_hash, salt) = (Hash(bytes32("code hash", code_hash)?), Hash(bytes32("salt", salt)?));
        let (input, value) = (bytes("input", input)?, amount(value)?);
        self.transaction.actions.push(Action::Deploy { code_hash, salt, input, value });
        Ok(contract_address(&self.transaction.sender_address(), &code_hash, &salt).to_string())
    }

    /// Consents, as the holder of `key`, to one call that the simulation asked about.
    ///
    /// The number has to be one that this account never used for a consent.
    ///
    /// # Errors
    /// `bad_hex`.
    pub fn consent(&mut self, key: &Key, contract: &str, input_hash: &str, number: u64) -> Result<(), JsValue> {
        let contract = Address(bytes32("contract", contract)?);
        let input_hash = Hash(bytes32("input hash", input_hash)?);
        let Transaction { chain, expires_at, .. } = self.transaction;
        let consent = Authorization::sign(&key.secret, chain, contract, input_hash, number, expires_at);
        self.transaction.authorizations.push(consent);
        Ok(())
    }

    /// The bytes that `tx_simulate` takes, as hex.
    pub fn unsigned(&self) -> String {
        hex_of(encode(&self.transaction))
    }

    /// The transaction's hash, as hex.
    pub fn hash(&self) -> String {
        self.transaction.hash().to_string()
    }

    /// The bytes that `tx_send` takes, as hex.
    ///
    /// # Errors
    /// `wrong_key` when another account is the sender.
    pub fn sign(&self, key: &Key) -> Result<String, JsValue> {
        if key.secret.public_key() != self.transaction.sender {
            return Err(failure("wrong_key", "the key is not the sender's", "sign with the key that the draft names"));
        }
        Ok(hex_of(encode(&self.transaction.clone().sign(&key.secret))))
    }
}

fn amount(text: &str) -> Result<u128, JsValue> {
    text.parse()
        .map_err(|error| failure("bad_amount", format!("{text:?}: {error}"), "give atomic units as a decimal number"))
}

/// The hash that a contract's code is known by (SHA3-256), as hex.
#[wasm_bindgen(js_name = codeHash)]
pub fn code_hash(code: &[u8]) -> String {
    hex_of(Sha3_256::digest(code))
}

/// Decodes exactly one value.
pub fn value<T: BorshDeserialize + borsh::BorshSerialize>(name: &'static str, text: &str) -> Result<T, JsValue> {
    let hint = "pass on the `raw` field of the node's answer";
    counterpart_ledger::decode(name, &bytes(name, text)?).map_err(|error| failure("bad_encoding", error, hint))
}
