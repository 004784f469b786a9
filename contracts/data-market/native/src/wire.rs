//! Readings as devices send them.

use counterpart_sdk::{Address, Hash};
use counterpart_service::ServiceError;
use recycling::Reading;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A reading in JSON.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadingText {
    /// Which device.
    pub device: u64,
    /// Its number.
    pub counter: u64,
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// Its class.
    pub class: u8,
    /// The EPCIS event hash, in hex.
    pub hash: String,
    /// Grams that were deposited.
    #[serde(default)]
    pub grams: u64,
    /// Whose account is rewarded, in hex.
    #[serde(default)]
    pub depositor: Option<String>,
}

/// What a device sends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Packet {
    /// A reading with the event that it is about.
    Reading {
        /// What was signed.
        reading: ReadingText,
        /// The signature, in hex.
        signature: String,
        /// An EPCIS document with one event.
        document: Value,
    },
    /// Numbers that were skipped.
    Gap {
        /// Which device.
        device: u64,
        /// The first that is missing.
        from: u64,
        /// The first that is not.
        until: u64,
        /// The signature, in hex.
        signature: String,
    },
}

impl ReadingText {
    /// A reading as text.
    pub fn of(reading: &Reading) -> Self {
        let Reading { device, counter, at_ms, class, hash, grams, depositor } = reading;
        Self {
            device: *device,
            counter: *counter,
            at_ms: *at_ms,
            class: *class,
            hash: hex::encode(hash.0),
            grams: *grams,
            depositor: depositor.map(|account| hex::encode(account.0)),
        }
    }

    /// The reading.
    ///
    /// # Errors
    /// `bad_request` when a hash or account is no hex of 32 bytes.
    pub fn reading(&self) -> Result<Reading, ServiceError> {
        let depositor = self.depositor.as_deref().map(bytes::<32>).transpose()?.map(Address);
        Ok(Reading {
            device: self.device,
            counter: self.counter,
            at_ms: self.at_ms,
            class: self.class,
            hash: Hash(bytes(&self.hash)?),
            grams: self.grams,
            depositor,
        })
    }
}

/// So many bytes in hex, with 0x or without.
pub(crate) fn bytes<const N: usize>(text: &str) -> Result<[u8; N], ServiceError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let decoded = hex::decode(digits).ok().and_then(|bytes| bytes.try_into().ok());
    decoded.ok_or_else(|| ServiceError::bad_request(format!("{N} bytes in hex are asked for")))
}
