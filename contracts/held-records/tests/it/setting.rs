//! Four signers and a policy of three bands.

use counterpart_sdk::{Address, Hash};
use counterpart_testing::{Account, Chain, Failure, Subject};
use held_records::{
    EXPEDITE, HeldRecordsRef, HoldError, INSTRUCT, Items, Opening, Signed, Signer, Terms, VETO, Verb,
    native_heldrecords,
};
use hold_policy::{Band, HoldPolicyRef, Rules, native_holdpolicy};

pub const MINUTE_MS: u64 = 60_000;
pub const HOUR_MS: u64 = 3_600_000;
pub const TERMS: Terms = Terms {
    min_ms: MINUTE_MS,
    max_ms: 48 * HOUR_MS,
    grace_ms: 24 * HOUR_MS,
    policy_delay_ms: HOUR_MS,
    expedite_quorum: 2,
    window_ms: 24 * HOUR_MS,
    admin_delay_ms: 0,
};

/// 5 minutes up to 100, an hour up to 10 000, a day above with two who want it; nothing else counts.
pub fn rules() -> Rules {
    Rules {
        bands: vec![
            Band { up_to: 100, ms: 5 * MINUTE_MS, quorum: 1 },
            Band { up_to: 10_000, ms: HOUR_MS, quorum: 1 },
            Band { up_to: u128::MAX, ms: 24 * HOUR_MS, quorum: 2 },
        ],
        classes: Vec::new(),
        novelty_ms: 0,
        many: 1_000,
        much: u128::MAX,
        velocity_ms: 0,
        night_from: 0,
        night_until: 0,
        night_ms: 0,
        less_ms: 0,
        expedited_ms: 2 * MINUTE_MS,
    }
}

pub struct Setting {
    pub records: HeldRecordsRef,
    pub admin: Account,
    pub ida: Account,
    pub ben: Account,
    pub vera: Account,
    pub ed: Account,
    pub eve: Account,
}

pub fn policy(chain: &mut Chain, admin: &Account, rules: Rules) -> Address {
    let subject = Subject::new("hold-policy", native_holdpolicy());
    chain.deploy(admin, &subject, HoldPolicyRef::new(rules)).expect("deployed")
}

impl Setting {
    pub fn new(chain: &mut Chain, rules: Rules) -> Self {
        Self::with(chain, rules, TERMS)
    }

    pub fn with(chain: &mut Chain, rules: Rules, terms: Terms) -> Self {
        let names = ["admin", "ida", "ben", "vera", "ed", "eve"];
        let [admin, ida, ben, vera, ed, eve] = names.map(|name| chain.account(name));
        let policy = policy(chain, &admin, rules);
        let subject = Subject::new("held-records", native_heldrecords());
        let records = chain.deploy(&admin, &subject, HeldRecordsRef::new(terms, policy)).expect("deployed");
        let records = HeldRecordsRef::at(records);
        for (who, roles) in [(&ida, INSTRUCT), (&ben, INSTRUCT | EXPEDITE), (&vera, VETO), (&ed, EXPEDITE)] {
            let signer = Signer { roles, weight: 1, daily: 1_000 };
            chain.call(&admin, records.set_signer(who.public_key(), Some(signer))).expect("named");
        }
        Self { records, admin, ida, ben, vera, ed, eve }
    }

    pub fn commit(&self, chain: &Chain, opening: Opening) -> Hash {
        chain.query(self.records.commit(opening)).expect("answered")
    }

    pub fn sign(&self, chain: &Chain, who: &Account, record: Hash, verb: Verb, sequence: u64) -> Signed {
        let digest = chain.query(self.records.digest(record, verb, sequence)).expect("answered");
        Signed { key: who.public_key(), sequence, signature: who.sign(&digest.0) }
    }

    /// Anchors; answers commitment and block time.
    pub fn anchor(&self, chain: &mut Chain, opening: Opening) -> (Hash, u64) {
        let commitment = self.commit(chain, opening);
        let at_ms = chain.call(&self.eve, self.records.anchor(commitment)).expect("anchored");
        (commitment, at_ms)
    }

    /// Brings a record that these want and those let pass sooner.
    pub fn take(
        &self,
        chain: &mut Chain,
        opening: Opening,
        wanted: &[&Account],
        sooner: &[&Account],
    ) -> Result<Hash, Failure<HoldError>> {
        let commitment = self.commit(chain, opening);
        let sign = |chain: &Chain, who: &[&Account], verb| {
            who.iter().map(|who| self.sign(chain, who, commitment, verb, 1)).collect()
        };
        let (wanted, sooner) = (sign(chain, wanted, Verb::Instruct), sign(chain, sooner, Verb::Expedite));
        chain.call(&self.eve, self.records.record(opening, wanted, sooner))
    }
}

/// A record of an amount.
pub fn opening(number: u8, amount: u128) -> Opening {
    let hash = |byte| Hash([byte; 32]);
    let items = Items { subject: hash(1), class: 0, amount, destination: hash(2), payload: hash(number), after: None };
    Opening { items, salt: [number; 32] }
}

/// Moves on so that the next block has this time.
pub fn until(chain: &mut Chain, at_ms: u64) {
    let next = chain.time_ms();
    chain.advance_ms(at_ms - next);
}

pub fn error<T: std::fmt::Debug>(result: Result<T, Failure<HoldError>>) -> HoldError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}
