//! Shows what a sealed text holds, to whoever is given the seed that it was sealed with.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use counterpart_sealing::seal;

/// What sealing came to.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Resealed {
    /// The encapsulated key.
    pub enc: [u8; 32],
    /// The sealed text.
    pub ciphertext: Vec<u8>,
}

/// Why nothing was sealed.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum RefereeError {
    /// The public key is none.
    BadKey,
}

/// Nothing is kept.
#[storage]
pub struct SealingReferee {}

#[contract(events())]
impl SealingReferee {
    /// Makes a referee.
    pub fn new() -> Self {
        Self::default()
    }

    /// Seals a text for a key, bound to `aad`, with a seed: whoever compares the bytes knows what the other text holds.
    pub fn seal(
        &self,
        public_key: [u8; 32],
        info: Vec<u8>,
        aad: Vec<u8>,
        text: Vec<u8>,
        seed: [u8; 32],
    ) -> Result<Resealed, RefereeError> {
        let sealed = seal(&public_key, &info, &aad, &text, &seed).map_err(|_| RefereeError::BadKey)?;
        Ok(Resealed { enc: sealed.enc, ciphertext: sealed.ciphertext })
    }
}
