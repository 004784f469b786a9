//! What the gatekeeper says about a record, signed: for those that asked, and for watch-towers.

use counterpart_sdk::Hash;
use counterpart_service::secret_file;
use ed25519_zebra::{SigningKey, VerificationKey};
use parity_scale_codec::{Decode, Encode};
use serde_json::{Value, json};
use sha3::{Digest, Sha3_256};
use std::path::Path;

/// What became of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum What {
    /// It is in the queue.
    Received,
    /// It ages on the ledger until then, in ms since 1970.
    Held(u64),
    /// It is held on until then, in ms since 1970.
    Extended(u64),
    /// It may pass sooner if enough say so.
    Expedited,
    /// It is wanted by one more.
    Wanted,
    /// It was withdrawn in time.
    Cancelled,
    /// Another took its place in time.
    Superseded(Hash),
    /// It is on the ledger.
    Recorded,
    /// Its time was over.
    Expired,
    /// The ledger refuses it for good.
    Rejected,
}

/// A word of the gatekeeper's.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Receipt {
    /// Its number: without gaps.
    pub number: u64,
    /// About which commitment.
    pub record: Hash,
    /// What.
    pub what: What,
    /// When by the ledger's time, in ms since 1970.
    pub at_ms: u64,
    /// Over the rest.
    pub signature: [u8; 64],
}

impl Receipt {
    /// What is signed the SHA3-256 of.
    fn text(number: u64, record: &Hash, what: What, at_ms: u64) -> Vec<u8> {
        (*b"counterpart/held-receipt/1", number, *record, what, at_ms).encode()
    }

    /// Whether a gatekeeper with this key has said so.
    pub fn holds(&self, key: &[u8; 32]) -> bool {
        let digest = Sha3_256::digest(Self::text(self.number, &self.record, self.what, self.at_ms));
        let key = VerificationKey::try_from(*key);
        key.is_ok_and(|key| key.verify(&self.signature.into(), &digest).is_ok())
    }

    /// A receipt from JSON, if it is one.
    pub fn of_json(value: &Value) -> Option<Self> {
        let more = || value["more"].as_u64();
        let hash = |value: &Value| Some(Hash(hex::decode(value.as_str()?).ok()?.try_into().ok()?));
        let what = match value["what"].as_str()? {
            "received" => What::Received,
            "held" => What::Held(more()?),
            "extended" => What::Extended(more()?),
            "expedited" => What::Expedited,
            "wanted" => What::Wanted,
            "cancelled" => What::Cancelled,
            "superseded" => What::Superseded(hash(&value["more"])?),
            "recorded" => What::Recorded,
            "expired" => What::Expired,
            "rejected" => What::Rejected,
            _ => return None,
        };
        let signature = hex::decode(value["signature"].as_str()?).ok()?.try_into().ok()?;
        let (number, at_ms) = (value["number"].as_u64()?, value["at_ms"].as_u64()?);
        Some(Self { number, record: hash(&value["record"])?, what, at_ms, signature })
    }

    /// The same in JSON.
    pub fn to_json(&self) -> Value {
        let (what, more) = match self.what {
            What::Received => ("received", Value::Null),
            What::Held(ready_ms) => ("held", json!(ready_ms)),
            What::Extended(until_ms) => ("extended", json!(until_ms)),
            What::Expedited => ("expedited", Value::Null),
            What::Wanted => ("wanted", Value::Null),
            What::Cancelled => ("cancelled", Value::Null),
            What::Superseded(by) => ("superseded", json!(hex::encode(by.0))),
            What::Recorded => ("recorded", Value::Null),
            What::Expired => ("expired", Value::Null),
            What::Rejected => ("rejected", Value::Null),
        };
        let (record, signature) = (hex::encode(self.record.0), hex::encode(self.signature));
        json!({ "number": self.number, "record": record, "what": what, "more": more, "at_ms": self.at_ms, "signature": signature })
    }
}

/// The gatekeeper's key.
pub struct Keeper(SigningKey);

impl Keeper {
    /// A keeper with the seed of its key.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(SigningKey::from(seed))
    }

    /// The keeper whose seed lies in a file; made with a new one where there is none. Only the file's owner reads it.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is none.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Self::new(*secret_file(path)?))
    }

    /// Its public key.
    pub fn public_key(&self) -> [u8; 32] {
        VerificationKey::from(&self.0).into()
    }

    pub(crate) fn sign(&self, number: u64, record: Hash, what: What, at_ms: u64) -> Receipt {
        let digest = Sha3_256::digest(Receipt::text(number, &record, what, at_ms));
        Receipt { number, record, what, at_ms, signature: self.0.sign(&digest).into() }
    }
}
