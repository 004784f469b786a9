//! What instructors and guardians send.

use counterpart_sdk::Hash;
use counterpart_service::ServiceError;
use held_records::{Items, Opening, Signed, Verb};
use serde::{Deserialize, Serialize};

/// What a commitment opens to, in JSON; hashes and bytes in hex.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningText {
    /// Whose record it is, or what it is about.
    pub subject: String,
    /// Its class.
    pub class: u8,
    /// The amount that it moves, as a decimal.
    pub amount: String,
    /// To whom or what.
    pub destination: String,
    /// Another record that comes before it.
    #[serde(default)]
    pub after: Option<String>,
    /// 32 random bytes.
    pub salt: String,
}

/// What a signer says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerbText {
    /// Record it.
    Instruct,
    /// Do not.
    Cancel,
    /// Hold it on.
    Extend {
        /// Until then, in ms since 1970.
        until_ms: u64,
    },
    /// Let it pass sooner.
    Expedite,
    /// Record another in its place.
    Supersede {
        /// The other's commitment.
        by: String,
    },
}

/// A signal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalText {
    /// About which commitment.
    pub record: String,
    /// What is said.
    pub verb: VerbText,
    /// The signer's own number of it: each is larger than the last.
    pub sequence: u64,
    /// Whose key.
    pub key: String,
    /// The signature.
    pub signature: String,
}

/// A record with what its first signers say, and what it takes the place of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The record itself.
    pub payload: String,
    /// What is in it.
    pub opening: OpeningText,
    /// Who wants it, and who takes another back for it.
    pub signals: Vec<SignalText>,
}

impl OpeningText {
    /// An opening as text.
    pub fn of(opening: &Opening) -> Self {
        let Opening { items, salt } = opening;
        Self {
            subject: hex::encode(items.subject.0),
            class: items.class,
            amount: items.amount.to_string(),
            destination: hex::encode(items.destination.0),
            after: items.after.map(|record| hex::encode(record.0)),
            salt: hex::encode(salt),
        }
    }

    /// The opening of a record with this hash.
    ///
    /// # Errors
    /// `bad_request`.
    pub fn opening(&self, payload: Hash) -> Result<Opening, ServiceError> {
        let amount = self.amount.parse().map_err(|_| ServiceError::bad_request("an amount is a decimal number"))?;
        let items = Items {
            subject: Hash(bytes(&self.subject)?),
            class: self.class,
            amount,
            destination: Hash(bytes(&self.destination)?),
            payload,
            after: self.after.as_deref().map(bytes).transpose()?.map(Hash),
        };
        Ok(Opening { items, salt: bytes(&self.salt)? })
    }
}

impl VerbText {
    /// A verb as text.
    pub fn of(verb: &Verb) -> Self {
        match verb {
            Verb::Instruct => Self::Instruct,
            Verb::Cancel => Self::Cancel,
            Verb::Supersede { by } => Self::Supersede { by: hex::encode(by.0) },
            Verb::Extend { until_ms } => Self::Extend { until_ms: *until_ms },
            Verb::Expedite => Self::Expedite,
        }
    }
}

impl SignalText {
    /// A signal as text.
    pub fn of(record: &Hash, verb: &Verb, signed: &Signed) -> Self {
        let Signed { key, sequence, signature } = signed;
        let (key, signature) = (hex::encode(key), hex::encode(signature));
        Self { record: hex::encode(record.0), verb: VerbText::of(verb), sequence: *sequence, key, signature }
    }

    /// The signal: about which record, what, and the signature.
    ///
    /// # Errors
    /// `bad_request`.
    pub fn signal(&self) -> Result<(Hash, Verb, Signed), ServiceError> {
        let verb = match &self.verb {
            VerbText::Instruct => Verb::Instruct,
            VerbText::Cancel => Verb::Cancel,
            VerbText::Supersede { by } => Verb::Supersede { by: Hash(bytes(by)?) },
            VerbText::Extend { until_ms } => Verb::Extend { until_ms: *until_ms },
            VerbText::Expedite => Verb::Expedite,
        };
        let signed = Signed { key: bytes(&self.key)?, sequence: self.sequence, signature: bytes(&self.signature)? };
        Ok((Hash(bytes(&self.record)?), verb, signed))
    }
}

/// So many bytes in hex, with 0x or without.
pub(crate) fn bytes<const N: usize>(text: &str) -> Result<[u8; N], ServiceError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let decoded = hex::decode(digits).ok().and_then(|bytes| bytes.try_into().ok());
    decoded.ok_or_else(|| ServiceError::bad_request(format!("{N} bytes in hex are asked for")))
}
