//! What the gateway does: takes readings in, brings them to the ledger, and delivers keys.

use crate::epcis::Event;
use crate::ledger::{KnownDevice, Ledger, LedgerError};
use crate::store::{Accepted, Entry, Store, StoreError};
use crate::vault::Vault;
use crate::wire::{Packet, ReadingText, bytes};
use counterpart_sdk::{Address, Hash};
use counterpart_service::ServiceError;
use data_market::RequestStatus;
use ed25519_zebra::{Signature, VerificationKey};
use recycling::{Submission, gap_text, reading_text};
use serde_json::Value;
use sha3::{Digest, Sha3_256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Readings in a transaction: as many as the register takes.
const BATCH: usize = recycling::MAX_READINGS as usize;
/// How long what the ledger said of a device holds when a signature fails, in ms: keys are rotated seldom, floods are not.
const REFRESH_MS: u64 = 1_000;

/// Where the gateway works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The chain.
    pub chain: u64,
    /// The register of readings.
    pub register: Address,
    /// The market of keys.
    pub market: Address,
    /// The gateway's own account.
    pub account: Address,
    /// How far a reading's time may be off the gateway's clock, in ms: what the register allows.
    pub skew_ms: u64,
}

/// What one turn did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tick {
    /// Readings and gaps that are recorded.
    pub recorded: usize,
    /// Requests that were delivered.
    pub delivered: usize,
    /// Devices whose waiting readings were put aside.
    pub refused: usize,
}

/// The gateway.
pub struct Gateway<L> {
    ledger: L,
    store: Store,
    vault: Vault,
    place: Place,
    now_ms: Box<dyn Fn() -> u64 + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether all that waits is known not to be recorded.
    sure: bool,
    /// Requests that were looked at.
    seen: u64,
    /// Those of them that can still be delivered.
    open: BTreeSet<u64>,
    /// When the ledger was last asked for a device.
    asked_ms: BTreeMap<u64, u64>,
}

impl<L: Ledger> Gateway<L> {
    /// A gateway with a clock, in ms since 1970.
    pub fn new(
        ledger: L,
        store: Store,
        vault: Vault,
        place: Place,
        now_ms: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { ledger, store, vault, place, now_ms: Box::new(now_ms), state: Mutex::default() }
    }

    /// What it keeps.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The ledger that it works with.
    pub fn ledger(&self) -> &L {
        &self.ledger
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole before anything can fail: a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a device sends, once; answers when it is on the disk.
    ///
    /// # Errors
    /// A coded refusal: nothing of it is kept then.
    pub fn accept(&self, packet: &Packet) -> Result<Accepted, ServiceError> {
        match packet {
            Packet::Reading { reading, signature, document } => self.accept_reading(reading, signature, document),
            Packet::Gap { device, from, until, signature } => {
                let signature = bytes(signature)?;
                if until <= from {
                    return Err(ServiceError::bad_request("a gap ends after it begins"));
                }
                let text = gap_text(self.place.chain, &self.place.register, *device, *from, *until);
                self.verify(*device, &text, &signature)?;
                let gap = Entry::Gap { device: *device, from: *from, until: *until, signature };
                self.store.take(gap, None).map_err(refused)
            }
        }
    }

    fn accept_reading(&self, text: &ReadingText, signature: &str, document: &Value) -> Result<Accepted, ServiceError> {
        let (reading, signature) = (text.reading()?, bytes(signature)?);
        let event = Event::of(document).map_err(|error| ServiceError::new("no_event", error))?;
        let hash = event.hash().map_err(|error| ServiceError::new("no_event", error))?;
        if hash != reading.hash.0 {
            let other = ServiceError::new("other_event", format!("the event's hash is {}", hex::encode(hash)));
            return Err(other.hint("hash the canonical text by the rules of CBV 2.0"));
        }
        if event.time_ms().map_err(|error| ServiceError::new("no_event", error))? != reading.at_ms {
            return Err(ServiceError::new("other_time", "the reading's time is not that of its event"));
        }
        self.verify(reading.device, &reading_text(self.place.chain, &self.place.register, &reading), &signature)?;
        if reading.at_ms.abs_diff((self.now_ms)()) > self.place.skew_ms {
            return Err(ServiceError::new("wrong_time", "the reading's time is too far from now"));
        }
        let body = serde_json::to_vec(document).map_err(ServiceError::bad_request)?;
        let sealed = self.vault.seal(&reading.hash, &body).map_err(failed)?;
        let submission = Submission { reading, signature, body: sealed.body, key_commitment: sealed.key_commitment };
        self.store.take(Entry::Reading(submission), Some((sealed.body, sealed.blob))).map_err(refused)
    }

    /// Whether a device signed a text. The ledger is asked about devices that are not known, and again when a key does not fit.
    fn verify(&self, device: u64, text: &[u8], signature: &[u8; 64]) -> Result<(), ServiceError> {
        let digest: [u8; 32] = Sha3_256::digest(text).into();
        let fits = |known: &KnownDevice| {
            let key = VerificationKey::try_from(known.key);
            key.is_ok_and(|key| key.verify(&Signature::from(*signature), &digest).is_ok())
        };
        let before = self.store.device(device).map_err(refused)?;
        if before.is_some_and(|known| !known.revoked && fits(&known)) {
            return Ok(());
        }
        let now = (self.now_ms)();
        let asked = self.state().asked_ms.insert(device, now);
        let known = match before {
            Some(known) if asked.is_some_and(|asked| now.saturating_sub(asked) < REFRESH_MS) => known,
            _ => {
                let found = self.ledger.device(device).map_err(|error| unavailable(&error))?;
                let found = found.ok_or_else(|| ServiceError::new("no_device", "the register has no such device"))?;
                self.store.know(device, found).map_err(refused)?;
                found
            }
        };
        if known.revoked {
            return Err(ServiceError::new("revoked", "the device was revoked"));
        }
        if fits(&known) { Ok(()) } else { Err(ServiceError::new("bad_signature", "the signature is not the device's")) }
    }

    /// One turn: brings what waits to the ledger, a transaction's worth, and delivers what was asked for.
    ///
    /// # Errors
    /// [`ServiceError`]: the ledger is away, or the disk fails. The next turn goes on from there.
    pub fn tick(&self) -> Result<Tick, ServiceError> {
        let mut tick = self.upload()?;
        tick.delivered = self.deliver()?;
        Ok(tick)
    }

    fn upload(&self) -> Result<Tick, ServiceError> {
        let mut waiting = self.store.waiting(BATCH).map_err(refused)?;
        let mut tick = Tick::default();
        if waiting.is_empty() {
            return Ok(tick);
        }
        if !self.state().sure {
            waiting = self.not_recorded(waiting)?;
        }
        // Transactions follow each other in the order of arrival: readings together, gaps alone.
        let readings: Vec<(u64, Submission)> = waiting
            .iter()
            .map_while(|(place, entry)| match entry {
                Entry::Reading(submission) => Some((*place, *submission)),
                Entry::Gap { .. } => None,
            })
            .collect();
        let (places, done) = match (readings.is_empty(), waiting.first()) {
            (false, _) => {
                let (places, submissions): (Vec<u64>, Vec<Submission>) = readings.into_iter().unzip();
                (places, self.ledger.submit(submissions))
            }
            (true, Some((place, Entry::Gap { device, until, signature, .. }))) => {
                (vec![*place], self.ledger.declare_gap(*device, *until, *signature))
            }
            (true, _) => return Ok(tick),
        };
        match done {
            Ok(()) => {
                self.store.recorded(&places).map_err(refused)?;
                self.state().sure = true;
                tick.recorded = places.len();
                Ok(tick)
            }
            Err(LedgerError::Refused { device: Some(device), reason }) => {
                self.state().sure = false;
                let known = self.ledger.device(device).map_err(|error| unavailable(&error))?;
                let known = known.ok_or_else(|| failed("the register has lost a device"))?;
                // It may be that another transaction of this gateway was faster: then nothing is wrong.
                let stale = waiting.iter().any(|(_, entry)| entry.device() == device && entry.range().0 < known.next);
                if !stale {
                    self.store.refuse(device, known, reason).map_err(refused)?;
                    tick.refused = 1;
                }
                Ok(tick)
            }
            Err(error) => {
                self.state().sure = false;
                Err(unavailable(&error))
            }
        }
    }

    /// Leaves out what the ledger has already: after a start, or when an answer was lost.
    fn not_recorded(&self, waiting: Vec<(u64, Entry)>) -> Result<Vec<(u64, Entry)>, ServiceError> {
        let mut next = BTreeMap::new();
        for device in waiting.iter().map(|(_, entry)| entry.device()).collect::<BTreeSet<_>>() {
            let known = self.ledger.device(device).map_err(|error| unavailable(&error))?;
            next.insert(device, known.map_or(0, |known| known.next));
        }
        let recorded = |entry: &Entry| entry.range().0 < next.get(&entry.device()).copied().unwrap_or(0);
        let (there, missing): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, entry)| recorded(entry));
        let places: Vec<u64> = there.into_iter().map(|(place, _)| place).collect();
        self.store.recorded(&places).map_err(refused)?;
        Ok(missing)
    }

    /// Delivers the keys of open requests; answers how many.
    fn deliver(&self) -> Result<usize, ServiceError> {
        let count = self.ledger.requests().map_err(|error| unavailable(&error))?;
        let open: Vec<u64> = {
            let mut state = self.state();
            let new = state.seen..count;
            state.open.extend(new);
            state.seen = count.max(state.seen);
            state.open.iter().copied().collect()
        };
        let mut delivered = 0;
        for request in open {
            let away = |error: LedgerError| unavailable(&error);
            let found = self.ledger.request(request).map_err(away)?;
            let mine = found.filter(|found| {
                found.status == RequestStatus::Open
                    && found.gateway == self.place.account
                    && (self.now_ms)() < found.until_ms
            });
            if let Some(found) = mine {
                let mut keys = Vec::with_capacity(found.deductions.len());
                for deduction in &found.deductions {
                    let recorded = self.ledger.event(deduction.event).map_err(away)?;
                    let recorded = recorded.ok_or_else(|| failed("a request for an event that is not there"))?;
                    let at = (self.place.chain, &self.place.market);
                    let of = (request, deduction.event);
                    keys.push(self.vault.wrap(&recorded.reading.hash, &found.key, at, of).map_err(failed)?);
                }
                match self.ledger.deliver(request, keys) {
                    Ok(()) => delivered += 1,
                    // Too late, or done before: the next look at it tells.
                    Err(LedgerError::Refused { reason, .. }) => tracing::warn!(request, reason, "not delivered"),
                    Err(error) => return Err(unavailable(&error)),
                }
            }
            self.state().open.remove(&request);
        }
        Ok(delivered)
    }

    /// The encrypted body with the hash that the ledger has recorded.
    ///
    /// # Errors
    /// `no_blob`.
    pub fn blob(&self, body: &Hash) -> Result<Vec<u8>, ServiceError> {
        let blob = self.store.blob(body).map_err(refused)?;
        blob.ok_or_else(|| ServiceError::new("no_blob", "no body with this hash is kept here").with_status(404))
    }
}

fn refused(error: StoreError) -> ServiceError {
    match &error {
        StoreError::Replayed { .. } => ServiceError::new("replayed", error),
        StoreError::Missing { .. } => {
            ServiceError::new("missing", error).hint("send what is missing, or sign that it was skipped")
        }
        StoreError::BackDated { .. } => ServiceError::new("back_dated", error),
        StoreError::Disk(_) => failed(error),
    }
}

fn failed(error: impl std::fmt::Display) -> ServiceError {
    ServiceError::new("failed", error).with_status(500)
}

fn unavailable(error: &LedgerError) -> ServiceError {
    ServiceError::new("ledger", error).with_status(503)
}
