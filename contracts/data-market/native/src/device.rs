//! A sensor: counts, signs, and says when it has lost count. Stands where hardware would.

use crate::epcis::{EpcisError, Event};
use crate::wire::{Packet, ReadingText};
use counterpart_sdk::{Address, Hash};
use ed25519_zebra::{SigningKey, VerificationKey};
use recycling::{Reading, gap_text, reading_text};
use serde_json::{Value, json};
use sha3::{Digest, Sha3_256};

/// A device.
pub struct Device {
    key: SigningKey,
    /// Its number in the register.
    pub number: u64,
    /// The number of its next reading.
    pub next: u64,
    chain: u64,
    register: Address,
}

impl Device {
    /// A device of a register on a chain, with the seed of its key.
    pub fn new(seed: [u8; 32], number: u64, chain: u64, register: Address) -> Self {
        Self { key: SigningKey::from(seed), number, next: 0, chain, register }
    }

    /// The public key of a seed.
    pub fn public_key(seed: [u8; 32]) -> [u8; 32] {
        VerificationKey::from(&SigningKey::from(seed)).into()
    }

    /// Signs an event and counts it.
    ///
    /// # Errors
    /// [`EpcisError`] when the document has no event that can be hashed.
    pub fn read(
        &mut self,
        document: Value,
        class: u8,
        grams: u64,
        depositor: Option<Address>,
    ) -> Result<Packet, EpcisError> {
        let event = Event::of(&document)?;
        let (at_ms, hash) = (event.time_ms()?, Hash(event.hash()?));
        let reading = Reading { device: self.number, counter: self.next, at_ms, class, hash, grams, depositor };
        self.next += 1;
        let signature = self.sign(&reading_text(self.chain, &self.register, &reading));
        Ok(Packet::Reading { reading: ReadingText::of(&reading), signature, document })
    }

    /// Goes on at a later number and says so.
    pub fn skip(&mut self, until: u64) -> Packet {
        let (device, from) = (self.number, self.next);
        self.next = until;
        let signature = self.sign(&gap_text(self.chain, &self.register, device, from, until));
        Packet::Gap { device, from, until, signature }
    }

    fn sign(&self, text: &[u8]) -> String {
        let signature: [u8; 64] = self.key.sign(Sha3_256::digest(text).as_slice()).into();
        hex::encode(signature)
    }
}

/// What a bin's scale measured as an EPCIS document: the bin's identifier, and grams that lie in it.
pub fn weighed(bin: &str, at_ms: u64, grams: u64) -> Value {
    // Times that no calendar has stand as the first one.
    let time = i64::try_from(at_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "epcisBody": { "eventList": [{
            "type": "ObjectEvent",
            "eventTime": time.to_string(),
            "eventTimeZoneOffset": "+00:00",
            "epcList": [bin],
            "action": "OBSERVE",
            "bizStep": "collecting",
            "sensorElementList": [{ "sensorReport": [{ "type": "Mass", "value": grams, "uom": "GRM" }] }],
        }] },
    })
}
