//! What all sides of a tender agree on: what a sealed parameter is bound to, its commitment, and who is selected.

use crate::{Sealed, SealingError, SecretKey, seal};
use alloc::vec::Vec;
use sha2::{Digest, Sha256};

/// The `info` of sealed parameters.
pub const INFO: &[u8] = b"counterpart/tender/1";
/// What commitments begin with.
const COMMITMENT: &[u8] = b"counterpart/tender-commitment/1";
/// Bytes of a parameter and its salt.
const TEXT: usize = 24;

/// What a sealed parameter belongs to, and no other: a copy of it under another name or for another amount does not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The chain's number.
    pub chain: u64,
    /// Address of the contract.
    pub contract: [u8; 32],
    /// The tender's number.
    pub tender: u64,
    /// Address of who responds.
    pub responder: [u8; 32],
    /// Units offered, for all to see.
    pub partial: u128,
}

/// A parameter and what hides it in its commitment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opening {
    /// The parameter, such as a rate in parts of a million.
    pub parameter: u64,
    /// 16 random bytes.
    pub salt: [u8; 16],
}

/// A sealed parameter and the commitment to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedParameter {
    /// The parameter and its salt, sealed.
    pub sealed: Sealed,
    /// SHA-256 of what [`Place::commitment_text`] gives.
    pub commitment: [u8; 32],
}

impl Place {
    /// What a sealed parameter is bound to: all fields in order, numbers with the least significant byte first.
    pub fn aad(&self) -> Vec<u8> {
        let numbers = (self.chain.to_le_bytes(), self.tender.to_le_bytes(), self.partial.to_le_bytes());
        [&numbers.0[..], &self.contract, &numbers.1, &self.responder, &numbers.2].concat()
    }

    /// What is hashed to a commitment.
    pub fn commitment_text(&self, opening: &Opening) -> Vec<u8> {
        [COMMITMENT, &self.aad(), &opening.text()].concat()
    }
}

impl Opening {
    /// The text that is sealed: the parameter, least significant byte first, and the salt.
    pub fn text(&self) -> [u8; TEXT] {
        let mut text = [0; TEXT];
        text[..8].copy_from_slice(&self.parameter.to_le_bytes());
        text[8..].copy_from_slice(&self.salt);
        text
    }

    fn read(text: &[u8]) -> Option<Self> {
        let (parameter, salt) = text.split_first_chunk::<8>()?;
        Some(Self { parameter: u64::from_le_bytes(*parameter), salt: salt.try_into().ok()? })
    }
}

/// Seals a parameter for the initiator's key and commits to it.
///
/// # Errors
/// [`SealingError::Key`].
pub fn seal_parameter(
    public_key: &[u8; 32],
    place: &Place,
    opening: &Opening,
    seed: &[u8; 32],
) -> Result<SealedParameter, SealingError> {
    let sealed = seal(public_key, INFO, &place.aad(), &opening.text(), seed)?;
    Ok(SealedParameter { sealed, commitment: Sha256::digest(place.commitment_text(opening)).into() })
}

/// Opens a parameter and looks whether it is what was committed to.
///
/// # Errors
/// [`SealingError`]: the response is invalid, and its responder can show that it is not, if it is not.
pub fn open_parameter(key: &SecretKey, place: &Place, response: &SealedParameter) -> Result<Opening, SealingError> {
    let text = key.open(INFO, &place.aad(), &response.sealed)?;
    let opening = Opening::read(&text).ok_or(SealingError::NoParameter)?;
    let committed = <[u8; 32]>::from(Sha256::digest(place.commitment_text(&opening))) == response.commitment;
    if committed { Ok(opening) } else { Err(SealingError::NotCommitted) }
}

/// A response as it is ranked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ranked {
    /// Its number: of equal parameters the smaller comes first.
    pub response: u32,
    /// Units offered.
    pub partial: u128,
    /// The parameter.
    pub parameter: u64,
}

/// Who is selected: the best first, each whole if it still fits the target, and passed over if it does not. Numbers of responses,
/// best first, and the sum of their units.
pub fn select(responses: &[Ranked], target: u128, lowest_first: bool) -> (Vec<u32>, u128) {
    let mut ranked = responses.to_vec();
    ranked.sort_by_key(|ranked| {
        let parameter = if lowest_first { ranked.parameter } else { u64::MAX - ranked.parameter };
        (parameter, ranked.response)
    });
    let (mut selected, mut sum) = (Vec::new(), 0u128);
    for Ranked { response, partial, .. } in ranked {
        if let Some(with) = sum.checked_add(partial).filter(|with| *with <= target) {
            sum = with;
            selected.push(response);
        }
    }
    (selected, sum)
}
