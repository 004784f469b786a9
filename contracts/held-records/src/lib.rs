//! Records that are taken only when they were held: anchored as a commitment, aged, wanted by enough, not withdrawn.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod taking;
mod types;

use counterpart_contracts::roles::{AdminChanged, AdminProposed, Roles};
use counterpart_sdk::prelude::*;
pub use types::{
    Commitment, CommitmentChanged, EXPEDITE, HoldError, INSTRUCT, Items, Opening, PolicyChanged, Reason, Record,
    Recorded, Ruling, Seen, Signed, Signer, SignerChanged, Status, Terms, VETO, Verb,
};

/// Signatures in a message, at most.
pub const MAX_SIGNALS: usize = 16;
/// A day of block time, in ms.
const DAY_MS: u64 = 86_400_000;

/// How long a record is held.
#[interface]
pub trait HoldPolicy {
    /// What a policy says about a record.
    fn ruling(&self, items: Items, seen: Seen) -> Ruling;
}

/// What a signer signs the SHA3-256 of: SCALE of tag, chain, contract, record, verb and the signer's own number.
pub fn signal_text(chain: u64, contract: &Address, record: &Hash, verb: &Verb, sequence: u64) -> Vec<u8> {
    (*b"counterpart/record-signal/1", chain, *contract, *record, *verb, sequence).encode()
}

/// What a commitment is the SHA3-256 of: SCALE of tag, chain, contract and opening.
pub fn commitment_text(chain: u64, contract: &Address, opening: &Opening) -> Vec<u8> {
    (*b"counterpart/held-record/1", chain, *contract, *opening).encode()
}

/// What the contract keeps.
#[storage]
pub struct HeldRecords {
    terms: Item<Terms>,
    roles: Roles,
    signers: Map<[u8; 32], Signer>,
    policies: Map<u32, Address>,
    version: Item<u32>,
    /// A policy that waits, and from when on it can be adopted.
    waiting: Item<Option<(Address, u64)>>,
    commitments: Map<Hash, Commitment>,
    next: Item<u64>,
    records: Map<Hash, Record>,
    /// Subjects and destinations that were recorded together.
    known: Map<(Hash, Hash), ()>,
    /// Records of a subject by when, for the window.
    recent: OrdMap<(Hash, u64, Hash), u128>,
    /// Records that a signer wanted on a day.
    wanted: Map<([u8; 32], u64), u32>,
}

#[contract(events(CommitmentChanged, Recorded, SignerChanged, PolicyChanged, AdminProposed, AdminChanged))]
impl HeldRecords {
    /// Makes a ledger of held records with a first policy; whoever deploys it is the admin, who names signers.
    pub fn new(terms: Terms, policy: Address) -> Result<Self, HoldError> {
        if terms.min_ms > terms.max_ms || terms.grace_ms == 0 || terms.expedite_quorum == 0 {
            return Err(HoldError::BadTerms);
        }
        let mut this = Self::default();
        this.terms.set(&terms);
        this.policies.set(&0, &policy);
        this.roles.begin(&env::caller(), terms.admin_delay_ms);
        Ok(this)
    }

    /// What holds for all.
    pub fn terms(&self) -> Option<Terms> {
        self.terms.get()
    }

    /// The time that a call would see now, in ms since 1970.
    pub fn time_ms(&self) -> u64 {
        env::block_time_ms()
    }

    /// Who names signers.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// What a key may.
    pub fn signer(&self, key: [u8; 32]) -> Option<Signer> {
        self.signers.get(&key)
    }

    /// The policy that holds for what is anchored now, and its version.
    pub fn policy(&self) -> (u32, Address) {
        let version = self.version.get_or_default();
        (version, self.policies.get_or_default(&version))
    }

    /// A commitment: also the proof that a record was withdrawn.
    pub fn commitment(&self, commitment: Hash) -> Option<Commitment> {
        self.commitments.get(&commitment)
    }

    /// A record.
    pub fn record_of(&self, commitment: Hash) -> Option<Record> {
        self.records.get(&commitment)
    }

    /// The commitment to an opening.
    pub fn commit(&self, opening: Opening) -> Hash {
        env::sha3_256(&commitment_text(env::chain_id(), &env::self_address(), &opening))
    }

    /// The 32 bytes that a signer signs.
    pub fn digest(&self, record: Hash, verb: Verb, sequence: u64) -> Hash {
        env::sha3_256(&signal_text(env::chain_id(), &env::self_address(), &record, &verb, sequence))
    }

    /// What would be said about a record that so many want, if it were anchored at a time; a dry run, and the answer for one that
    /// is anchored.
    pub fn ruling(&self, items: Items, signals: u32, at_ms: u64, version: u32) -> Result<Ruling, HoldError> {
        self.rule(&items, signals, at_ms, version)
    }

    /// Names a signer, or takes its roles away; the admin.
    pub fn set_signer(&mut self, key: [u8; 32], signer: Option<Signer>) -> Result<(), HoldError> {
        self.roles.require_admin()?;
        match &signer {
            Some(signer) => self.signers.set(&key, signer),
            None => drop(self.signers.remove(&key)),
        }
        SignerChanged { key, now: signer }.emit();
        Ok(())
    }

    /// Proposes another policy, or the present one again to take a proposal back; the admin.
    pub fn propose_policy(&mut self, policy: Address) -> Result<(), HoldError> {
        self.roles.require_admin()?;
        let from_ms = env::block_time_ms().saturating_add(self.known_terms()?.policy_delay_ms);
        self.waiting.set(&Some((policy, from_ms)));
        PolicyChanged { policy, from_ms, version: None }.emit();
        Ok(())
    }

    /// Adopts a policy whose time has come, for what is anchored from now on; anybody.
    pub fn adopt_policy(&mut self) -> Result<u32, HoldError> {
        let (policy, from_ms) = self.waiting.get().flatten().ok_or(HoldError::NoPolicy)?;
        if env::block_time_ms() < from_ms {
            return Err(HoldError::TooEarly { ready_ms: from_ms });
        }
        self.waiting.set(&None);
        let version = self.version.get_or_default() + 1;
        self.version.set(&version);
        self.policies.set(&version, &policy);
        PolicyChanged { policy, from_ms, version: Some(version) }.emit();
        Ok(version)
    }

    /// Anchors a commitment: it ages from this block on; anybody, as it says nothing and is worth nothing by itself.
    pub fn anchor(&mut self, commitment: Hash) -> Result<u64, HoldError> {
        if self.commitments.contains(&commitment) {
            return Err(HoldError::Anchored);
        }
        let at_ms = env::block_time_ms();
        let version = self.version.get_or_default();
        let number = self.next.get_or_default();
        self.next.set(&(number + 1));
        let made = Commitment { number, at_ms, version, until_ms: 0, before: None, status: Status::Held };
        self.stand(commitment, &made);
        Ok(at_ms)
    }

    /// Withdraws a record for good: the tombstone. Whoever brings it, a signer with the role has signed it.
    pub fn cancel(&mut self, commitment: Hash, signed: Signed) -> Result<(), HoldError> {
        self.require_signed(&commitment, Verb::Cancel, &signed, VETO)?;
        let found = self.held(&commitment)?;
        self.stand(commitment, &Commitment { status: Status::Cancelled, ..found });
        Ok(())
    }

    /// Puts another record in the place of one, which has its own whole time to wait.
    pub fn supersede(&mut self, commitment: Hash, by: Hash, signed: Signed) -> Result<(), HoldError> {
        self.require_signed(&commitment, Verb::Supersede { by }, &signed, INSTRUCT | VETO)?;
        let found = self.held(&commitment)?;
        // It may have been withdrawn or superseded itself meanwhile: neither of them is recorded then.
        let next = self.commitments.get(&by).ok_or(HoldError::NotHeld)?;
        // What came in a place already does not come in another, and a younger one only comes in an older one's: what came of what
        // is a tree with one leaf that lives.
        if next.before.is_some() || next.number <= found.number {
            return Err(HoldError::WrongStatus { status: next.status });
        }
        self.stand(commitment, &Commitment { status: Status::Superseded(by), ..found });
        self.stand(by, &Commitment { before: Some(commitment), ..next });
        Ok(())
    }

    /// Holds a record on: later, never sooner.
    pub fn extend(&mut self, commitment: Hash, until_ms: u64, signed: Signed) -> Result<(), HoldError> {
        self.require_signed(&commitment, Verb::Extend { until_ms }, &signed, VETO)?;
        let found = self.held(&commitment)?;
        if until_ms <= found.until_ms {
            return Err(HoldError::NotLater);
        }
        self.stand(commitment, &Commitment { until_ms, ..found });
        Ok(())
    }

    /// Records what was held long enough and is wanted by enough; anybody brings it. `wanted` are the signatures of those that want
    /// it, `sooner` of those that let it pass sooner.
    pub fn record(&mut self, opening: Opening, wanted: Vec<Signed>, sooner: Vec<Signed>) -> Result<Hash, HoldError> {
        self.take(&opening, &wanted, &sooner)
    }

    /// Proposes another admin, or takes the proposal back; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), HoldError> {
        Ok(self.roles.propose_admin(admin)?)
    }

    /// Takes over; who was proposed, after the delay.
    pub fn accept_admin(&mut self) -> Result<(), HoldError> {
        Ok(self.roles.accept_admin()?)
    }

    fn known_terms(&self) -> Result<Terms, HoldError> {
        self.terms.get().ok_or(HoldError::BadTerms)
    }

    fn held(&self, commitment: &Hash) -> Result<Commitment, HoldError> {
        let found = self.commitments.get(commitment).ok_or(HoldError::NotHeld)?;
        match found.status {
            Status::Held => Ok(found),
            status => Err(HoldError::WrongStatus { status }),
        }
    }

    fn stand(&mut self, commitment: Hash, now: &Commitment) {
        self.commitments.set(&commitment, now);
        CommitmentChanged { commitment, now: *now }.emit();
    }
}
