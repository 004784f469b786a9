//! The six checks before a record enters the queue. All that fail are told, not the first alone.

use crate::ledger::{Ledger, LedgerError};
use counterpart_sdk::Hash;
use ed25519_zebra::{Signature, VerificationKey};
use held_records::{EXPEDITE, INSTRUCT, Items, MAX_SIGNALS, Signed, Signer, VETO, Verb, signal_text};
use sha2::{Digest, Sha256};
use sha3::Sha3_256;
use std::fmt;

/// A check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Check {
    /// The record has a form that can be held: not empty, not too long, and the one that its items name.
    Record,
    /// Each signal has the form of one.
    Signals,
    /// Each signal is about this very record.
    Subject,
    /// Each signer is known.
    Known,
    /// Each signer may say what it says, and has signed it.
    Authorised,
    /// Those that want it are enough.
    Enough,
}

/// A check that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Which.
    pub check: Check,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.check, self.reason)
    }
}

/// Which roles may say something.
pub(crate) const fn roles(verb: &Verb) -> u8 {
    match verb {
        Verb::Instruct => INSTRUCT,
        Verb::Cancel | Verb::Extend { .. } => VETO,
        Verb::Supersede { .. } => INSTRUCT | VETO,
        Verb::Expedite => EXPEDITE,
    }
}

/// The signer of a signal, if it is known, may say this, and has signed it.
pub(crate) fn signer(
    ledger: &impl Ledger,
    record: &Hash,
    verb: &Verb,
    signed: &Signed,
) -> Result<Result<Signer, Failure>, LedgerError> {
    let failed = |check, reason: &str| Ok(Err(Failure { check, reason: reason.to_owned() }));
    let Some(signer) = ledger.signer(&signed.key)? else {
        return failed(Check::Known, "nobody knows this key");
    };
    if signer.roles & roles(verb) == 0 {
        return failed(Check::Authorised, "this signer may not say this");
    }
    let (chain, contract) = ledger.domain();
    let digest: [u8; 32] = Sha3_256::digest(signal_text(chain, &contract, record, verb, signed.sequence)).into();
    let key = VerificationKey::try_from(signed.key);
    let holds = key.is_ok_and(|key| key.verify(&Signature::from(signed.signature), &digest).is_ok());
    if holds { Ok(Ok(signer)) } else { failed(Check::Authorised, "the signature is not this signer's over this") }
}

/// Everything that is wrong with a record and those that want it.
pub(crate) fn all(
    ledger: &impl Ledger,
    commitment: &Hash,
    items: &Items,
    payload: &[u8],
    max_payload: usize,
    signals: &[(Hash, Verb, Signed)],
) -> Result<Vec<Failure>, LedgerError> {
    let mut failures = Vec::new();
    let mut fail = |check, reason: String| failures.push(Failure { check, reason });
    if payload.is_empty() || payload.len() > max_payload {
        fail(Check::Record, format!("a record has 1 to {max_payload} bytes"));
    }
    if Sha256::digest(payload).as_slice() != items.payload.0 {
        fail(Check::Record, "the items name another record".into());
    }
    if signals.is_empty() || signals.len() > MAX_SIGNALS {
        fail(Check::Signals, format!("1 to {MAX_SIGNALS} signals come with a record"));
    }
    let mut weight = 0_u32;
    let mut wanted = 0;
    for (at, (record, verb, signed)) in signals.iter().enumerate() {
        let subject = match verb {
            Verb::Supersede { by } => by,
            _ => record,
        };
        if subject != commitment {
            fail(Check::Subject, format!("signal {at} is about another record"));
            continue;
        }
        if signals[..at].iter().any(|(_, before, other)| other.key == signed.key && before == verb) {
            fail(Check::Signals, format!("signal {at} says again what its signer has said"));
            continue;
        }
        match signer(ledger, record, verb, signed)? {
            Err(failure) => fail(failure.check, format!("signal {at}: {}", failure.reason)),
            Ok(signer) if *verb == Verb::Instruct => {
                weight = weight.saturating_add(signer.weight);
                wanted += 1;
            }
            Ok(_) => {}
        }
    }
    let ruling = ledger.ruling(items, wanted, ledger.now_ms()?, ledger.version()?)?;
    if weight < ruling.quorum {
        fail(Check::Enough, format!("weight {weight} of {} wants it", ruling.quorum));
    }
    Ok(failures)
}
