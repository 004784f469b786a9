//! The gatekeeper: takes records and signals, each decision on the disk before it is told.

use crate::checks;
use crate::journal::{Change, Held, Journal, JournalError, Kept, State};
use crate::ledger::{Ledger, LedgerError};
use crate::receipts::{Keeper, Receipt, What};
use crate::wire::{OpeningText, SignalText, Submission};
use counterpart_sdk::Hash;
use counterpart_service::ServiceError;
use held_records::{Opening, Ruling, Signed, Verb, commitment_text};
use sha2::{Digest, Sha256};
use sha3::Sha3_256;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the gatekeeper keeps at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of a record.
    pub payload: usize,
    /// Records of one signer that wait; another's are not held up by them.
    pub of_signer: usize,
    /// Records that wait together.
    pub together: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { payload: 64 * 1024, of_signer: 256, together: 100_000 }
    }
}

/// Where a record stands, for who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Where it stands.
    pub state: State,
    /// When it was anchored, in ms since 1970.
    pub anchored_ms: Option<u64>,
    /// In whose place it came.
    pub before: Option<Hash>,
    /// How many want it.
    pub wanted: usize,
}

/// The gatekeeper.
pub struct Gatekeeper<L> {
    pub(crate) ledger: L,
    pub(crate) journal: Journal,
    keeper: Keeper,
    limits: Limits,
    /// Every decision is made under this lock: of a withdrawal and a release one is first.
    kept: Mutex<Kept>,
}

pub(crate) fn away(error: &LedgerError) -> ServiceError {
    ServiceError::new("ledger", error).with_status(503)
}

fn failed(error: JournalError) -> ServiceError {
    ServiceError::new("failed", error).with_status(500)
}

impl<L: Ledger> Gatekeeper<L> {
    /// A gatekeeper that goes on from its journal.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(ledger: L, journal: Journal, keeper: Keeper, limits: Limits) -> Result<Self, JournalError> {
        let kept = Mutex::new(journal.read()?);
        Ok(Self { ledger, journal, keeper, limits, kept })
    }

    /// The ledger that it stands before.
    pub fn ledger(&self) -> &L {
        &self.ledger
    }

    /// The key of its receipts.
    pub fn public_key(&self) -> [u8; 32] {
        self.keeper.public_key()
    }

    /// The commitment to an opening.
    pub fn commitment(&self, opening: &Opening) -> Hash {
        let (chain, contract) = self.ledger.domain();
        Hash(Sha3_256::digest(commitment_text(chain, &contract, opening)).into())
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        // A change is in memory only after it is on the disk: a panic elsewhere spoils nothing.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ledger's time; a ledger that is away has the time that was last seen, and time does not go back.
    pub(crate) fn now_ms(&self, kept: &Kept) -> u64 {
        self.ledger.now_ms().map_or(kept.now_ms, |now| now.max(kept.now_ms))
    }

    /// Makes a decision durable, then true, and answers its receipts.
    pub(crate) fn decide(
        &self,
        kept: &mut Kept,
        records: Vec<(Hash, Held)>,
        sequences: Vec<([u8; 32], u64)>,
        told: &[(Hash, What)],
        now_ms: u64,
    ) -> Result<Vec<Receipt>, ServiceError> {
        let sign = |(number, (record, what)): (u64, &(Hash, What))| self.keeper.sign(number, *record, *what, now_ms);
        let receipts: Vec<Receipt> = (kept.receipts..).zip(told).map(sign).collect();
        let change = Change { records, sequences, receipts, now_ms };
        self.journal.write(&change).map_err(failed)?;
        kept.receipts += change.receipts.len() as u64;
        kept.now_ms = now_ms;
        kept.sequences.extend(change.sequences);
        for (hash, held) in change.records {
            kept.places = kept.places.max(held.place + 1);
            kept.records.insert(hash, held);
        }
        Ok(change.receipts)
    }

    /// Takes a record with what its signers say, if all six checks pass. The same again is told that it is there.
    ///
    /// # Errors
    /// A coded refusal: `rejected` names every check that failed. Nothing of it is kept then.
    pub fn submit(&self, submission: &Submission) -> Result<Vec<Receipt>, ServiceError> {
        let payload = hex::decode(submission.payload.trim_start_matches("0x"))
            .map_err(|_| ServiceError::bad_request("a record is given in hex"))?;
        let opening = submission.opening.opening(Hash(Sha256::digest(&payload).into()))?;
        let signals = submission.signals.iter().map(SignalText::signal).collect::<Result<Vec<_>, _>>()?;
        let commitment = self.commitment(&opening);
        let items = opening.items;
        let failures = checks::all(&self.ledger, &commitment, &items, &payload, self.limits.payload, &signals);
        let failures = failures.map_err(|error| away(&error))?;
        if !failures.is_empty() {
            let reasons: Vec<String> = failures.iter().map(ToString::to_string).collect();
            return Err(ServiceError::new("rejected", reasons.join("; ")));
        }
        let mut kept = self.kept();
        let now_ms = self.now_ms(&kept);
        if kept.records.contains_key(&commitment) {
            return Err(ServiceError::new("known", "this record is in the queue or was").hint("ask for its status"));
        }
        let sequences = fresh(&kept, signals.iter().map(|(_, _, signed)| signed))?;
        let waits = |held: &&Held| !held.state.is_over();
        let waiting: Vec<&Held> = kept.records.values().filter(waits).collect();
        let full = signals.iter().any(|(_, _, signed)| {
            let own = |held: &&&Held| held.wanted.iter().any(|wanted| wanted.key == signed.key);
            waiting.iter().filter(own).count() >= self.limits.of_signer
        });
        if full || waiting.len() >= self.limits.together {
            return Err(ServiceError::new("quota", "as many records of this signer wait as may").with_status(429));
        }
        let mut records = Vec::new();
        let mut told = vec![(commitment, What::Received)];
        let mut held = Held {
            place: kept.places,
            opening,
            payload,
            wanted: Vec::new(),
            sooner: Vec::new(),
            anchored: None,
            until_ms: 0,
            before: None,
            owed: Vec::new(),
            state: State::Received,
        };
        for (record, verb, signed) in signals {
            match verb {
                Verb::Instruct => held.wanted.push(signed),
                Verb::Expedite => held.sooner.push(signed),
                Verb::Supersede { .. } if held.before.is_none() => {
                    let mut old = in_time(&kept, &record, now_ms)?;
                    old.state = State::Superseded(commitment);
                    old.owed.push((verb, signed));
                    held.before = Some(record);
                    told.push((record, What::Superseded(commitment)));
                    records.push((record, old));
                }
                _ => return Err(ServiceError::bad_request("a record comes with those that want it")),
            }
        }
        records.push((commitment, held));
        self.decide(&mut kept, records, sequences, &told, now_ms)
    }

    /// Takes what a signer says about a record that is held.
    ///
    /// # Errors
    /// A coded refusal: `too_late` from the millisecond on at which the record is ready.
    pub fn signal(&self, signal: &SignalText) -> Result<Receipt, ServiceError> {
        let (record, verb, signed) = signal.signal()?;
        let signer = checks::signer(&self.ledger, &record, &verb, &signed).map_err(|error| away(&error))?;
        signer.map_err(|failure| ServiceError::new("rejected", failure))?;
        let mut kept = self.kept();
        let now_ms = self.now_ms(&kept);
        let sequences = fresh(&kept, std::iter::once(&signed))?;
        let mut held = in_time(&kept, &record, now_ms)?;
        let said = |list: &[Signed]| list.iter().any(|before| before.key == signed.key);
        let what = match verb {
            Verb::Cancel => {
                held.state = State::Cancelled;
                held.owed.push((verb, signed));
                What::Cancelled
            }
            Verb::Extend { until_ms } => {
                if until_ms <= held.until_ms || until_ms <= now_ms {
                    return Err(ServiceError::new("not_later", "a record is held on, never shorter"));
                }
                held.until_ms = until_ms;
                held.owed.push((verb, signed));
                if let State::Held(ready_ms) = held.state {
                    held.state = State::Held(ready_ms.max(until_ms));
                }
                What::Extended(until_ms)
            }
            Verb::Instruct if !said(&held.wanted) => {
                held.wanted.push(signed);
                What::Wanted
            }
            Verb::Expedite if !said(&held.sooner) => {
                held.sooner.push(signed);
                What::Expedited
            }
            Verb::Instruct | Verb::Expedite => {
                return Err(ServiceError::new("said", "this signer has said this"));
            }
            Verb::Supersede { .. } => {
                return Err(ServiceError::bad_request("what comes in a record's place is submitted with it"));
            }
        };
        // Those that want it, and those that let it pass sooner, change when it is ready.
        if matches!(what, What::Wanted | What::Expedited) && matches!(held.state, State::Held(_)) {
            let ready_ms = self.ready_ms(&held).map_err(|error| away(&error))?;
            held.state = State::Held(ready_ms.unwrap_or(u64::MAX));
        }
        let receipts = self.decide(&mut kept, vec![(record, held)], sequences, &[(record, what)], now_ms)?;
        receipts.into_iter().next().ok_or_else(|| ServiceError::new("failed", "no receipt").with_status(500))
    }

    /// From when on a record that is anchored is ready, as the ledger says now.
    pub(crate) fn ready_ms(&self, held: &Held) -> Result<Option<u64>, LedgerError> {
        let Some((at_ms, version)) = held.anchored else { return Ok(None) };
        let ruling = self.ledger.ruling(&held.opening.items, held.wanted.len() as u32, at_ms, version)?;
        let mut weight = 0_u32;
        for signed in &held.sooner {
            weight = weight.saturating_add(self.ledger.signer(&signed.key)?.map_or(0, |signer| signer.weight));
        }
        let sooner = weight >= self.ledger.expedite_quorum()?;
        let delay_ms = if sooner { ruling.expedited_ms } else { ruling.delay_ms };
        Ok(Some(at_ms.saturating_add(delay_ms).max(held.until_ms)))
    }

    /// Where a record stands.
    pub fn status(&self, record: &Hash) -> Option<Standing> {
        let kept = self.kept();
        let held = kept.records.get(record)?;
        let anchored_ms = held.anchored.map(|(at_ms, _)| at_ms);
        Some(Standing { state: held.state, anchored_ms, before: held.before, wanted: held.wanted.len() })
    }

    /// How long a record would be held, and why; a dry run.
    ///
    /// # Errors
    /// `ledger`.
    pub fn simulate(&self, opening: &OpeningText, signals: u32) -> Result<Ruling, ServiceError> {
        let items = opening.opening(Hash::ZERO)?.items;
        let rule = |ledger: &L| ledger.ruling(&items, signals, ledger.now_ms()?, ledger.version()?);
        rule(&self.ledger).map_err(|error| away(&error))
    }

    /// Receipts from a number on: what a watch-tower reads.
    ///
    /// # Errors
    /// `failed`.
    pub fn receipts(&self, from: u64, limit: usize) -> Result<Vec<Receipt>, ServiceError> {
        self.journal.receipts(from, limit).map_err(failed)
    }
}

/// A record that can still be spoken about: a withdrawal at `ready - 1 ms` wins, at `ready` it is too late.
fn in_time(kept: &Kept, record: &Hash, now_ms: u64) -> Result<Held, ServiceError> {
    let none = || ServiceError::new("no_record", "no such record is held here").with_status(404);
    let held = kept.records.get(record).ok_or_else(none)?;
    let late = |what: &str| Err(ServiceError::new("too_late", what));
    match held.state {
        State::Received => Ok(held.clone()),
        State::Held(ready_ms) if now_ms < ready_ms => Ok(held.clone()),
        State::Held(_) => late("the record is ready"),
        State::Releasing => late("the record is on its way to the ledger"),
        State::Recorded => late("the record is on the ledger"),
        State::Cancelled | State::Superseded(_) | State::Expired | State::Rejected => {
            Err(ServiceError::new("over", "nothing becomes of this record any more"))
        }
    }
}

/// The signers' new numbers: each is larger than the last.
fn fresh<'a>(kept: &Kept, signals: impl Iterator<Item = &'a Signed>) -> Result<Vec<([u8; 32], u64)>, ServiceError> {
    let mut last: Vec<([u8; 32], u64)> = Vec::new();
    for signed in signals {
        let here = last.iter().rev().find(|(key, _)| *key == signed.key).map(|(_, sequence)| *sequence);
        let before = here.or_else(|| kept.sequences.get(&signed.key).copied());
        if before.is_some_and(|before| signed.sequence <= before) {
            let old = ServiceError::new("old", "the signer has used this number or a larger one");
            return Err(old.hint("sign it again with a larger number"));
        }
        last.push((signed.key, signed.sequence));
    }
    Ok(last)
}
