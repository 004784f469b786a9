//! Rounds of validation, and how a tender ends: every lock ends exactly once, spent, returned or slashed.

use crate::Tenders;
use crate::types::{
    Disclosed, Ended, Phase, Response, Selected, Selection, Slashed, Status, Tender, TenderError, Terms,
};
use counterpart_sdk::prelude::*;
use counterpart_sealing::tender::{Ranked, select};
use trading::fee;

impl Tenders {
    /// What the selected validate.
    pub(crate) fn disclose(&self, tender: u64, selected: &[u32]) -> Vec<Disclosed> {
        let line = |response: &u32| {
            let found = self.responses.get(&(tender, *response))?;
            let (responder, partial, parameter) = (found.responder, found.partial, found.parameter?);
            Some(Disclosed { response: *response, responder, partial, parameter })
        };
        selected.iter().filter_map(line).collect()
    }

    /// Selects among what is open and locked; without enough of it the tender fails.
    /// While a response is called invalid, what is too little may wait for its responder, for the time of one round.
    pub(crate) fn begin_round(
        &mut self,
        tender: u64,
        mut found: Tender,
        round: u32,
        may_wait: bool,
    ) -> Result<Selection, TenderError> {
        let terms = found.terms;
        let mut ranked = Vec::new();
        for response in 0..found.responses {
            if let Some(Response { partial, parameter: Some(parameter), status: Status::Locked, .. }) =
                self.responses.get(&(tender, response))
            {
                ranked.push(Ranked { response, partial, parameter });
            }
        }
        let (selected, sum) = select(&ranked, terms.target, terms.lowest_first);
        let least = fee::up(terms.target, terms.threshold_ppm).ok_or(TenderError::BadTerms)?;
        let until_ms = env::block_time_ms().saturating_add(terms.validate_ms);
        let disclosed = self.disclose(tender, &selected);
        let bundle =
            env::sha2_256(&(*b"counterpart/tender-bundle/1", env::self_address(), tender, round, &disclosed).encode());
        let selection = Selection { round, until_ms, selected, sum, bundle, validated: Vec::new() };
        found.selection = Some(selection.clone());
        let waits = may_wait && self.has_invalid(tender, &found);
        if round > terms.max_rounds || sum < least && !waits {
            self.fail(tender, found)?;
            return Ok(selection);
        }
        if sum < least {
            // Nobody has to validate what is too little, but who was called invalid may show that there is more.
            found.selection = Some(Selection { selected: Vec::new(), sum: 0, ..selection.clone() });
        }
        found.phase = Phase::Validating;
        self.tenders.set(&tender, &found);
        Selected { tender, selection: selection.clone() }.emit();
        Ok(selection)
    }

    /// Whether a response was called invalid, and its responder has not shown otherwise.
    pub(crate) fn has_invalid(&self, tender: u64, found: &Tender) -> bool {
        (0..found.responses).any(|number| self.with_status(tender, number, &[Status::Invalid]).is_ok())
    }

    /// Drops who did not validate, at the cost of its bond, and begins the next round.
    pub(crate) fn next_round(&mut self, tender: u64, found: Tender, dropped: &[u32]) -> Result<Phase, TenderError> {
        let terms = found.terms;
        for number in dropped {
            let response = self.with_status(tender, *number, &[Status::Locked])?;
            self.set_status(tender, *number, Status::Dropped);
            self.credit(response.responder, &terms, response.partial);
            if terms.responder_bond > 0 {
                self.credit(terms.initiator, &terms, terms.responder_bond);
                Slashed { tender, from: response.responder, units: terms.responder_bond }.emit();
            }
        }
        let before = found.selection.as_ref();
        let (round, waited) = before.map_or((0, true), |before| (before.round, before.selected.is_empty()));
        self.begin_round(tender, found, round + 1, !waited)?;
        Ok(self.tender(tender).map_or(Phase::Failed, |found| found.phase))
    }

    /// All selected validated the same: their funds go to the initiator, everything else back.
    pub(crate) fn finish(&mut self, tender: u64, mut found: Tender) -> Result<Phase, TenderError> {
        let terms = found.terms;
        let selection = found.selection.clone().ok_or(TenderError::WrongPhase { phase: found.phase })?;
        for number in &selection.selected {
            let response = self.with_status(tender, *number, &[Status::Locked])?;
            self.set_status(tender, *number, Status::Spent);
            self.credit(response.responder, &terms, terms.responder_bond);
        }
        self.return_all(tender, &found);
        self.credit(terms.initiator, &terms, found.bond);
        (found.phase, found.bond) = (Phase::Done, 0);
        self.tenders.set(&tender, &found);
        Ended { tender, sum: Some(selection.sum) }.emit();
        terms.asset.transfer(env::self_address(), terms.initiator, selection.sum)?;
        Ok(Phase::Done)
    }

    /// Nothing comes of it: everything goes back.
    pub(crate) fn fail(&mut self, tender: u64, mut found: Tender) -> Result<Phase, TenderError> {
        self.return_all(tender, &found);
        self.credit(found.terms.initiator, &found.terms, found.bond);
        (found.phase, found.bond) = (Phase::Failed, 0);
        self.tenders.set(&tender, &found);
        Ended { tender, sum: None }.emit();
        Ok(Phase::Failed)
    }

    /// The initiator's bond goes to whom it lied about, or to all who wait in equal parts, the rest of the division to the first.
    pub(crate) fn slash_initiator(
        &mut self,
        tender: u64,
        mut found: Tender,
        to: Option<Address>,
    ) -> Result<(), TenderError> {
        let (terms, bond) = (found.terms, found.bond);
        found.bond = 0;
        self.tenders.set(&tender, &found);
        if bond == 0 {
            return Ok(());
        }
        let waiting: Vec<Address> = match to {
            Some(responder) => vec![responder],
            None => (0..found.responses)
                .filter_map(|number| self.with_status(tender, number, &[Status::Locked]).ok())
                .map(|response| response.responder)
                .collect(),
        };
        let Some(first) = waiting.first() else {
            // Nobody was kept waiting.
            self.credit(terms.initiator, &terms, bond);
            return Ok(());
        };
        let count = waiting.len() as u128;
        self.credit(*first, &terms, bond % count);
        for responder in &waiting {
            self.credit(*responder, &terms, bond / count);
        }
        Slashed { tender, from: terms.initiator, units: bond }.emit();
        Ok(())
    }

    fn return_all(&mut self, tender: u64, found: &Tender) {
        for number in 0..found.responses {
            if let Ok(response) = self.with_status(tender, number, &[Status::Locked, Status::Invalid]) {
                self.release(tender, number, &response, Status::Returned, &found.terms);
            }
        }
    }

    /// What a response locked is its responder's again.
    pub(crate) fn release(&mut self, tender: u64, number: u32, response: &Response, status: Status, terms: &Terms) {
        self.set_status(tender, number, status);
        // Their sum was locked, so it can be counted.
        self.credit(response.responder, terms, response.partial + terms.responder_bond);
    }

    fn credit(&mut self, account: Address, terms: &Terms, units: u128) {
        if units > 0 {
            let key = (account, terms.asset);
            self.claims.set(&key, &(self.claims.get_or_default(&key) + units));
        }
    }
}
