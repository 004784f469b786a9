//! A buyer: opens what was delivered, holds it against what the ledger recorded, and says what can be disputed.

use crate::epcis::{EpcisError, Event};
use crate::ledger::{Ledger, LedgerError};
use counterpart_sdk::Address;
use counterpart_sealing::{Sealed, SecretKey};
use counterpart_service::{Client, ClientError};
use data_market::{BODY_INFO, KEY_INFO, Wrapped, commitment_text, key_aad};
use recycling::Recorded;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What a delivered key was good for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It opens the recorded body, which is the event that the device signed.
    Good {
        /// The EPCIS document.
        document: Value,
    },
    /// It is not the key that the gateway committed to: a dispute proves that.
    WrongKey,
    /// It is that key, and does not open the recorded body: a dispute with the body proves that.
    DoesNotOpen {
        /// The body.
        body: Wrapped,
    },
    /// The gateway has no body, or not the recorded one. Nothing can be proved of what it does not give out: the key is there, and
    /// whoever has the body can give it.
    NoBody,
    /// The body opens and is not the event that the device signed.
    OtherEvent {
        /// Why.
        reason: String,
    },
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum BuyerError {
    /// The ledger.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// The gateway.
    #[error("the gateway: {0}")]
    Gateway(#[from] ClientError),
    /// There is no such request, or nothing of it is delivered.
    #[error("request {request} has no delivered keys")]
    NotDelivered {
        /// Its number.
        request: u64,
    },
}

/// A buyer.
pub struct Buyer {
    gateway: Client,
    chain: u64,
    market: Address,
}

impl Buyer {
    /// A buyer of a market's keys; bodies come from a gateway.
    pub fn new(gateway: Client, chain: u64, market: Address) -> Self {
        Self { gateway, chain, market }
    }

    /// What each delivered key of a request is good for, with the seed of the request's key.
    ///
    /// # Errors
    /// [`BuyerError`].
    pub fn open(&self, ledger: &impl Ledger, request: u64, seed: &[u8; 32]) -> Result<Vec<(u64, Verdict)>, BuyerError> {
        let not = BuyerError::NotDelivered { request };
        let found = ledger.request(request)?.ok_or(not)?;
        let secret = SecretKey::from_seed(seed);
        let mut verdicts = Vec::with_capacity(found.deductions.len());
        for deduction in found.deductions {
            let wrapped = deduction.wrapped.ok_or(BuyerError::NotDelivered { request })?;
            let recorded = ledger.event(deduction.event)?.ok_or(BuyerError::NotDelivered { request })?;
            let aad = key_aad(self.chain, &self.market, request, deduction.event);
            let verdict = match committed_key(&secret, &aad, &wrapped, &recorded) {
                Some(key) => self.body(&key, &recorded)?,
                None => Verdict::WrongKey,
            };
            verdicts.push((deduction.event, verdict));
        }
        Ok(verdicts)
    }

    fn body(&self, key: &[u8; 32], recorded: &Recorded) -> Result<Verdict, BuyerError> {
        let hash = recorded.reading.hash;
        let answer = match self.gateway.call("blob", &json!({ "body": hex::encode(recorded.body.0) })) {
            Ok(answer) => answer,
            Err(ClientError::Refused(error)) if error.error == "no_blob" => return Ok(Verdict::NoBody),
            Err(error) => return Err(error.into()),
        };
        let blob = answer["blob"].as_str().and_then(|text| hex::decode(text).ok()).unwrap_or_default();
        let (Some(enc), true) = (blob.first_chunk::<32>(), Sha256::digest(&blob).as_slice() == recorded.body.0) else {
            return Ok(Verdict::NoBody);
        };
        let sealed = Sealed { enc: *enc, ciphertext: blob[32..].to_vec() };
        let Ok(text) = SecretKey::from_seed(key).open(BODY_INFO, &hash.0, &sealed) else {
            return Ok(Verdict::DoesNotOpen { body: Wrapped { enc: sealed.enc, ciphertext: sealed.ciphertext } });
        };
        let other = |reason: String| Verdict::OtherEvent { reason };
        let Ok(document) = serde_json::from_slice::<Value>(&text) else { return Ok(other("it is no JSON".into())) };
        let found = event_hash(&document);
        Ok(match found {
            Ok(found) if found == hash.0 => Verdict::Good { document },
            Ok(found) => other(format!("its hash is {}", hex::encode(found))),
            Err(error) => other(error.to_string()),
        })
    }
}

fn event_hash(document: &Value) -> Result<[u8; 32], EpcisError> {
    Event::of(document)?.hash()
}

/// The delivered key, if it is the one that was committed to.
fn committed_key(secret: &SecretKey, aad: &[u8], wrapped: &Wrapped, recorded: &Recorded) -> Option<[u8; 32]> {
    let sealed = Sealed { enc: wrapped.enc, ciphertext: wrapped.ciphertext.clone() };
    let key: [u8; 32] = secret.open(KEY_INFO, aad, &sealed).ok()?.try_into().ok()?;
    let text = commitment_text(&key, &recorded.reading.hash.0);
    (Sha256::digest(text).as_slice() == recorded.key_commitment.0).then_some(key)
}
