//! Requests that only the service can open, and answers that only who asked can.

use counterpart_sealing::{Sealed, SealingError, SecretKey, seal};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The `info` of requests, and of answers.
const REQUEST: &[u8] = b"counterpart/service-request/1";
const ANSWER: &[u8] = b"counterpart/service-answer/1";

/// A sealed request or answer, as it is sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// The encapsulated key, in hex.
    pub enc: String,
    /// The sealed text, in hex.
    pub ciphertext: String,
}

/// Why an envelope cannot be made or opened.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It is no hex of the right length.
    #[error("it is no envelope")]
    Malformed,
    /// Sealed for another key, or changed.
    #[error("{0}")]
    Sealing(#[from] SealingError),
    /// It opens, and is no request.
    #[error("it opens, but holds no request")]
    NoRequest,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

/// What is in a request.
#[derive(Serialize, Deserialize)]
struct Request {
    method: String,
    parameters: Value,
    /// For whom the answer is sealed.
    answer_to: String,
}

/// An opened request: what was asked, and how to answer.
pub(crate) struct Opened {
    pub method: String,
    pub parameters: Value,
    answer_to: [u8; 32],
    /// The answer is bound to the request.
    bound: [u8; 32],
}

fn random() -> Result<Zeroizing<[u8; 32]>, EnvelopeError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(|_| EnvelopeError::NoRandomness)?;
    Ok(seed)
}

impl Envelope {
    /// Seals a call for a service; answers the envelope and what opens its answer.
    pub(crate) fn request(
        service: &[u8; 32],
        method: &str,
        parameters: &Value,
    ) -> Result<(Self, SecretKey), EnvelopeError> {
        let own = SecretKey::from_seed(&*random()?);
        let request = Request {
            method: method.to_owned(),
            parameters: parameters.clone(),
            answer_to: hex::encode(own.public_key()),
        };
        let text = Zeroizing::new(serde_json::to_vec(&request).map_err(|_| EnvelopeError::NoRequest)?);
        Ok((Self::of(&seal(service, REQUEST, &[], &text, &*random()?)?), own))
    }

    /// Opens a call.
    pub(crate) fn open(&self, key: &SecretKey) -> Result<Opened, EnvelopeError> {
        let sealed = self.sealed()?;
        let text = Zeroizing::new(key.open(REQUEST, &[], &sealed)?);
        let Request { method, parameters, answer_to } =
            serde_json::from_slice(&text).map_err(|_| EnvelopeError::NoRequest)?;
        let answer_to = bytes(&answer_to).and_then(|bytes| bytes.try_into().ok()).ok_or(EnvelopeError::NoRequest)?;
        Ok(Opened { method, parameters, answer_to, bound: self.hash() })
    }

    /// Opens an answer to a request.
    pub(crate) fn open_answer(&self, own: &SecretKey, request: &Self) -> Result<Value, EnvelopeError> {
        let text = Zeroizing::new(own.open(ANSWER, &request.hash(), &self.sealed()?)?);
        serde_json::from_slice(&text).map_err(|_| EnvelopeError::NoRequest)
    }

    fn of(sealed: &Sealed) -> Self {
        Self { enc: hex::encode(sealed.enc), ciphertext: hex::encode(&sealed.ciphertext) }
    }

    fn sealed(&self) -> Result<Sealed, EnvelopeError> {
        let enc = bytes(&self.enc).and_then(|bytes| bytes.try_into().ok()).ok_or(EnvelopeError::Malformed)?;
        Ok(Sealed { enc, ciphertext: bytes(&self.ciphertext).ok_or(EnvelopeError::Malformed)? })
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::new().chain_update(&self.enc).chain_update(&self.ciphertext).finalize().into()
    }
}

impl Opened {
    /// Seals the answer for who asked.
    pub fn answer(&self, answer: &Value) -> Result<Envelope, EnvelopeError> {
        let text = Zeroizing::new(serde_json::to_vec(answer).map_err(|_| EnvelopeError::NoRequest)?);
        Ok(Envelope::of(&seal(&self.answer_to, ANSWER, &self.bound, &text, &*random()?)?))
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text).ok()
}
