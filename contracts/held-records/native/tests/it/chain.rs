//! The real contracts on a chain in this process, as the ledger that the gatekeeper stands before.

use counterpart_sdk::codec::Decode;
use counterpart_sdk::{Address, Hash, Message};
use counterpart_testing::{Account, Chain, Failure, Mode, Subject};
use gatekeeper::{Gatekeeper, Journal, Keeper, Ledger, LedgerError, Limits, OpeningText, SignalText, Submission};
use held_records::{
    Commitment, EXPEDITE, HeldRecordsRef, HoldError, INSTRUCT, Items, Opening, Record, Ruling, Signed, Signer, Terms,
    VETO, Verb, native_heldrecords,
};
use hold_policy::{Band, HoldPolicyRef, Rules, native_holdpolicy};
use sha2::{Digest, Sha256};
use std::fmt::Debug;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub const MINUTE_MS: u64 = 60_000;
pub const GRACE_MS: u64 = 60 * MINUTE_MS;

/// The process is killed: nothing is said of it.
pub struct Killed;

fn die_if(now: bool) {
    if now {
        std::panic::resume_unwind(Box::new(Killed));
    }
}

pub struct World {
    chain: Mutex<Chain>,
    pub records: HeldRecordsRef,
    pub ida: Account,
    pub ben: Account,
    pub vera: Account,
    pub ed: Account,
    pub eve: Account,
    sequence: AtomicU64,
    /// Nobody answers.
    pub away: AtomicBool,
    /// The process is killed at this touch of the ledger; 0 for never. Odd ones come before what is asked is done, even ones after.
    pub crash_at: AtomicU64,
    pub touches: AtomicU64,
    /// Records that the ledger took.
    pub taken: AtomicU64,
}

impl World {
    pub fn new() -> Arc<Self> {
        let mut chain = Chain::new(Mode::Native);
        let names = ["admin", "ida", "ben", "vera", "ed", "eve"];
        let [admin, ida, ben, vera, ed, eve] = names.map(|name| chain.account(name));
        let band = |up_to, minutes, quorum| Band { up_to, ms: minutes * MINUTE_MS, quorum };
        let rules = Rules {
            bands: vec![band(100, 1, 1), band(1_000, 5, 1), band(10_000, 10, 1), band(u128::MAX, 30, 2)],
            classes: Vec::new(),
            novelty_ms: 0,
            many: u32::MAX,
            much: u128::MAX,
            velocity_ms: 0,
            night_from: 0,
            night_until: 0,
            night_ms: 0,
            less_ms: MINUTE_MS / 2,
            expedited_ms: MINUTE_MS,
        };
        let subject = Subject::new("hold-policy", native_holdpolicy());
        let policy = chain.deploy(&admin, &subject, HoldPolicyRef::new(rules)).expect("deployed");
        let terms = Terms {
            min_ms: MINUTE_MS / 2,
            max_ms: 100 * MINUTE_MS,
            grace_ms: GRACE_MS,
            policy_delay_ms: MINUTE_MS,
            expedite_quorum: 1,
            window_ms: GRACE_MS,
            admin_delay_ms: 0,
        };
        let subject = Subject::new("held-records", native_heldrecords());
        let records = chain.deploy(&admin, &subject, HeldRecordsRef::new(terms, policy)).expect("deployed");
        let records = HeldRecordsRef::at(records);
        for (who, roles) in [(&ida, INSTRUCT), (&ben, INSTRUCT), (&vera, VETO), (&ed, EXPEDITE)] {
            let signer = Signer { roles, weight: 1, daily: u32::MAX };
            chain.call(&admin, records.set_signer(who.public_key(), Some(signer))).expect("named");
        }
        Arc::new(Self {
            chain: Mutex::new(chain),
            records,
            ida,
            ben,
            vera,
            ed,
            eve,
            sequence: AtomicU64::new(1),
            away: AtomicBool::new(false),
            crash_at: AtomicU64::new(0),
            touches: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        })
    }

    pub fn chain(&self) -> MutexGuard<'_, Chain> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn ask<T: Decode, E: Decode + Debug>(&self, message: Message<T, E>) -> T {
        self.chain().query(message).expect("answered")
    }

    pub fn now_ms(&self) -> u64 {
        self.chain().time_ms()
    }

    /// Moves on so that the ledger's time is this.
    pub fn until(&self, at_ms: u64) {
        let now = self.now_ms();
        self.chain().advance_ms(at_ms.checked_sub(now).expect("time goes on"));
    }

    pub fn open(self: &Arc<Self>, folder: &Path) -> Gatekeeper<At> {
        self.open_with(folder, Limits::default())
    }

    pub fn open_with(self: &Arc<Self>, folder: &Path, limits: Limits) -> Gatekeeper<At> {
        let journal = Journal::open(&folder.join("journal")).expect("opened");
        let keeper = Keeper::open(&folder.join("keeper.key")).expect("a key");
        Gatekeeper::open(At(self.clone()), journal, keeper, limits).expect("read")
    }

    /// What a signer says, with its next number.
    pub fn say(&self, who: &Account, record: Hash, verb: Verb) -> SignalText {
        self.say_numbered(who, record, verb, self.sequence.fetch_add(1, Ordering::SeqCst))
    }

    pub fn say_numbered(&self, who: &Account, record: Hash, verb: Verb, sequence: u64) -> SignalText {
        let digest = self.ask(self.records.digest(record, verb, sequence));
        SignalText::of(&record, &verb, &Signed { key: who.public_key(), sequence, signature: who.sign(&digest.0) })
    }

    pub fn opening(&self, text: &str, amount: u128, after: Option<Hash>) -> Opening {
        let payload = Hash(Sha256::digest(text).into());
        let items = Items { subject: Hash([1; 32]), class: 0, amount, destination: Hash([2; 32]), payload, after };
        Opening { items, salt: Sha256::digest(payload.0).into() }
    }

    pub fn commitment(&self, opening: Opening) -> Hash {
        self.ask(self.records.commit(opening))
    }

    /// A record that these want.
    pub fn submission(&self, text: &str, amount: u128, wanted: &[&Account]) -> (Hash, Submission) {
        self.submission_after(text, amount, wanted, None)
    }

    pub fn submission_after(
        &self,
        text: &str,
        amount: u128,
        wanted: &[&Account],
        after: Option<Hash>,
    ) -> (Hash, Submission) {
        let opening = self.opening(text, amount, after);
        let record = self.commitment(opening);
        let signals = wanted.iter().map(|who| self.say(who, record, Verb::Instruct)).collect();
        let payload = hex::encode(text);
        (record, Submission { payload, opening: OpeningText::of(&opening), signals })
    }

    pub fn recorded(&self, record: Hash) -> Option<Record> {
        self.ask(self.records.record_of(record))
    }
}

/// The chain as a ledger.
pub struct At(pub Arc<World>);

impl At {
    /// Asks or does something, unless the process dies before or after.
    fn touch<T>(&self, act: impl FnOnce(&mut Chain) -> T) -> Result<T, LedgerError> {
        if self.0.away.load(Ordering::SeqCst) {
            return Err(LedgerError::Unreachable("away".into()));
        }
        let crash_at = self.0.crash_at.load(Ordering::SeqCst);
        let before = self.0.touches.fetch_add(2, Ordering::SeqCst) + 1;
        die_if(before == crash_at);
        let done = act(&mut self.0.chain());
        die_if(before + 1 == crash_at);
        Ok(done)
    }

    fn ask<T: Decode, E: Decode + Debug>(&self, message: Message<T, E>) -> Result<T, LedgerError> {
        self.touch(|chain| chain.query(message).expect("answered"))
    }

    fn act<T: Decode>(&self, message: Message<T, HoldError>) -> Result<(), LedgerError> {
        read(self.touch(|chain| chain.call(&self.0.eve, message))?)
    }
}

fn read<T>(done: Result<T, Failure<HoldError>>) -> Result<(), LedgerError> {
    done.map(drop).map_err(|failure| match failure {
        Failure::Error(HoldError::TooEarly { ready_ms }) => LedgerError::TooEarly { ready_ms },
        Failure::Error(HoldError::Expired { .. }) => LedgerError::Expired,
        Failure::Error(error @ (HoldError::After { .. } | HoldError::Quota { .. } | HoldError::NotHeld)) => {
            LedgerError::NotNow(format!("{error:?}"))
        }
        other => LedgerError::Refused(format!("{other:?}")),
    })
}

impl Ledger for At {
    fn domain(&self) -> (u64, Address) {
        (1, self.0.records.address)
    }

    fn now_ms(&self) -> Result<u64, LedgerError> {
        self.touch(|chain| chain.time_ms())
    }

    fn signer(&self, key: &[u8; 32]) -> Result<Option<Signer>, LedgerError> {
        self.ask(self.0.records.signer(*key))
    }

    fn version(&self) -> Result<u32, LedgerError> {
        Ok(self.ask(self.0.records.policy())?.0)
    }

    fn ruling(&self, items: &Items, signals: u32, at_ms: u64, version: u32) -> Result<Ruling, LedgerError> {
        self.ask(self.0.records.ruling(*items, signals, at_ms, version))
    }

    fn expedite_quorum(&self) -> Result<u32, LedgerError> {
        Ok(self.ask(self.0.records.terms())?.expect("terms").expedite_quorum)
    }

    fn commitment(&self, commitment: &Hash) -> Result<Option<Commitment>, LedgerError> {
        self.ask(self.0.records.commitment(*commitment))
    }

    fn anchor(&self, commitment: &Hash) -> Result<(), LedgerError> {
        self.act(self.0.records.anchor(*commitment))
    }

    fn say(&self, commitment: &Hash, verb: &Verb, signed: &Signed) -> Result<(), LedgerError> {
        match verb {
            Verb::Cancel => self.act(self.0.records.cancel(*commitment, *signed)),
            Verb::Supersede { by } => self.act(self.0.records.supersede(*commitment, *by, *signed)),
            Verb::Extend { until_ms } => self.act(self.0.records.extend(*commitment, *until_ms, *signed)),
            Verb::Instruct | Verb::Expedite => Ok(()),
        }
    }

    fn record(&self, opening: &Opening, wanted: &[Signed], sooner: &[Signed]) -> Result<(), LedgerError> {
        let record = self.0.records.record(*opening, wanted.to_vec(), sooner.to_vec());
        let done = self.touch(|chain| {
            let done = chain.call(&self.0.eve, record);
            self.0.taken.fetch_add(u64::from(done.is_ok()), Ordering::SeqCst);
            done
        })?;
        read(done)
    }
}
