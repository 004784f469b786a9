//! Taking a record: whether it was held, for how long, and who wants it.

use crate::types::{
    Commitment, EXPEDITE, HoldError, INSTRUCT, Items, Opening, Record, Recorded, Ruling, Seen, Signed, Signer, Status,
    Verb,
};
use crate::{DAY_MS, HeldRecords, HoldPolicyRef, MAX_SIGNALS};
use counterpart_sdk::prelude::*;

/// Records of a subject that are looked at; beyond them the count stands still, and that is many.
const MAX_RECENT: u32 = 64;

impl HeldRecords {
    /// Refuses unless a signer with one of these roles has said this.
    pub(crate) fn require_signed(
        &self,
        record: &Hash,
        verb: Verb,
        signed: &Signed,
        roles: u8,
    ) -> Result<Signer, HoldError> {
        let digest = self.digest(*record, verb, signed.sequence);
        let signer = self.signer(signed.key).filter(|signer| signer.roles & roles != 0);
        let signer = signer.ok_or(HoldError::BadSignal { index: 0 })?;
        if env::ed25519_verify(&signed.key, &digest.0, &signed.signature) {
            Ok(signer)
        } else {
            Err(HoldError::BadSignal { index: 0 })
        }
    }

    /// The weight of those that say something, each counted once.
    fn weight(&self, record: &Hash, verb: Verb, signals: &[Signed], role: u8) -> Result<u32, HoldError> {
        if signals.len() > MAX_SIGNALS {
            return Err(HoldError::BadSignal { index: MAX_SIGNALS as u32 });
        }
        let mut weight = 0_u32;
        for (at, signed) in signals.iter().enumerate() {
            let index = at as u32;
            let twice = signals[..at].iter().any(|before| before.key == signed.key);
            let signer = self.require_signed(record, verb, signed, role).map_err(|_| HoldError::BadSignal { index })?;
            if twice {
                return Err(HoldError::BadSignal { index });
            }
            weight = weight.saturating_add(signer.weight);
        }
        Ok(weight)
    }

    /// What the policy of a version says, within the bounds of the terms.
    pub(crate) fn rule(&self, items: &Items, signals: u32, at_ms: u64, version: u32) -> Result<Ruling, HoldError> {
        let terms = self.known_terms()?;
        let policy = self.policies.get(&version).ok_or(HoldError::NoPolicy)?;
        let since = env::block_time_ms().saturating_sub(terms.window_ms);
        let after = (items.subject, since, Hash::ZERO);
        let page = self.recent.page(Some(&after), MAX_RECENT);
        let amounts: Vec<u128> =
            page.into_iter().take_while(|((of, ..), _)| *of == items.subject).map(|(_, amount)| amount).collect();
        let seen = Seen {
            destination: self.known.contains(&(items.subject, items.destination)),
            count: amounts.len() as u32,
            amount: amounts.into_iter().fold(0, u128::saturating_add),
            signals,
            at_ms,
        };
        let ruling = HoldPolicyRef::at(policy).ruling(*items, seen).code_only().try_call();
        let ruling = ruling.ok().and_then(Result::ok).ok_or(HoldError::NoPolicy)?;
        let bounded = |ms: u64| ms.clamp(terms.min_ms, terms.max_ms);
        let delay_ms = bounded(ruling.delay_ms);
        Ok(Ruling { delay_ms, expedited_ms: bounded(ruling.expedited_ms).min(delay_ms), ..ruling })
    }

    pub(crate) fn take(&mut self, opening: &Opening, wanted: &[Signed], sooner: &[Signed]) -> Result<Hash, HoldError> {
        let commitment = self.commit(*opening);
        let found = self.held(&commitment)?;
        let items = opening.items;
        if let Some(record) = items.after.filter(|record| !self.records.contains(record)) {
            return Err(HoldError::After { record });
        }
        let weight = self.weight(&commitment, Verb::Instruct, wanted, INSTRUCT)?;
        let ruling = self.rule(&items, wanted.len() as u32, found.at_ms, found.version)?;
        if weight < ruling.quorum {
            return Err(HoldError::TooFew { weight, quorum: ruling.quorum });
        }
        let terms = self.known_terms()?;
        let pass = self.weight(&commitment, Verb::Expedite, sooner, EXPEDITE)? >= terms.expedite_quorum;
        let delay_ms = if pass { ruling.expedited_ms } else { ruling.delay_ms };
        // Whoever holds a record on holds it on for those too who let it pass sooner.
        let ready_ms = found.at_ms.saturating_add(delay_ms).max(found.until_ms);
        let (now, until_ms) = (env::block_time_ms(), ready_ms.saturating_add(terms.grace_ms));
        if now < ready_ms {
            return Err(HoldError::TooEarly { ready_ms });
        }
        if now > until_ms {
            return Err(HoldError::Expired { until_ms });
        }
        self.count_wishes(wanted, now)?;
        self.stand(commitment, &Commitment { status: Status::Recorded, ..found });
        let record = Record { items, at_ms: now, ready_ms, weight };
        self.records.set(&commitment, &record);
        self.known.set(&(items.subject, items.destination), &());
        self.recent.set(&(items.subject, now, commitment), &items.amount);
        Recorded { commitment, subject: items.subject, record }.emit();
        Ok(commitment)
    }

    fn count_wishes(&mut self, wanted: &[Signed], now: u64) -> Result<(), HoldError> {
        for (at, signed) in wanted.iter().enumerate() {
            let day = (signed.key, now / DAY_MS);
            let count = self.wanted.get_or_default(&day);
            let daily = self.signer(signed.key).map_or(0, |signer| signer.daily);
            if count >= daily {
                return Err(HoldError::Quota { index: at as u32 });
            }
            self.wanted.set(&day, &(count + 1));
        }
        Ok(())
    }
}
