//! Keys of accounts.

use crate::error::{bytes, bytes32, failure, hex_of};
use counterpart_ledger::{PublicKey, SecretKey, Signature, account_address};
use wasm_bindgen::prelude::*;

/// An Ed25519 key. The seed stays inside the module's memory.
#[wasm_bindgen]
pub struct Key {
    pub(crate) secret: SecretKey,
}

#[wasm_bindgen]
impl Key {
    /// A key from 32 random bytes; take them from `crypto.getRandomValues`.
    ///
    /// # Errors
    /// `bad_seed` unless there are 32 bytes.
    #[wasm_bindgen(js_name = fromSeed)]
    pub fn from_seed(seed: &[u8]) -> Result<Key, JsValue> {
        let wrong = |_| failure("bad_seed", format!("the seed has {} bytes", seed.len()), "give 32 random bytes");
        Ok(Self { secret: SecretKey::from_seed(seed.try_into().map_err(wrong)?) })
    }

    /// The public key, as hex.
    #[wasm_bindgen(getter, js_name = publicKey)]
    pub fn public_key(&self) -> String {
        hex_of(self.secret.public_key().0)
    }

    /// The account's address, as hex.
    #[wasm_bindgen(getter)]
    pub fn address(&self) -> String {
        account_address(&self.secret.public_key()).to_string()
    }

    /// Signs bytes; answers 64 bytes as hex.
    pub fn sign(&self, message: &[u8]) -> String {
        hex_of(self.secret.sign(message).0)
    }
}

/// Whether a signature of a public key verifies, under the rule that the chain has (ZIP-215).
///
/// # Errors
/// `bad_hex` when key or signature is not hex of its length.
#[wasm_bindgen(js_name = verifySignature)]
pub fn verify_signature(public_key: &str, message: &[u8], signature: &str) -> Result<bool, JsValue> {
    let key = PublicKey(bytes32("public key", public_key)?);
    let length = |bytes: Vec<u8>| failure("bad_hex", format!("signature has {} bytes", bytes.len()), "give 64 bytes");
    let signature = Signature(bytes("signature", signature)?.try_into().map_err(length)?);
    Ok(key.verify(message, &signature).is_ok())
}
