//! A tender of money: sealed parameters, locked funds, a selection that the contract checks and all selected validate.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod rounds;
mod types;

use counterpart_sdk::prelude::*;
use counterpart_sealing::committee::{Committee as SecondSeal, MAX_MEMBERS};
use counterpart_sealing::tender::{INFO, Opening, Place};
use sealing_referee::{Committee, SealingRefereeRef};
use trading::{Asset, fee};
pub use types::{
    Disclosed, Ended, Opened, Phase, Responded, Response, ResponseChanged, Selected, Selection, Slashed, Status,
    Tender, TenderError, TenderOpened, Terms, Validated,
};

/// Responses to a tender, at most: one message opens all of them.
pub const MAX_RESPONSES: u32 = 40;
/// Bytes of a sealed parameter, at most.
const MAX_CIPHERTEXT: usize = 64;
/// Rounds of validation, at most.
const MAX_ROUNDS: u32 = 16;

/// What the contract keeps.
#[storage]
pub struct Tenders {
    referee: Item<Address>,
    tenders: Map<u64, Tender>,
    responses: Map<(u64, u32), Response>,
    next: Item<u64>,
    claims: Map<(Address, Asset), u128>,
}

#[contract(events(TenderOpened, Responded, ResponseChanged, Selected, Validated, Ended, Slashed))]
impl Tenders {
    /// Makes a contract without tenders, whose disputes a sealing referee settles.
    pub fn new(referee: Address) -> Self {
        let mut this = Self::default();
        this.referee.set(&referee);
        this
    }

    /// A tender, with the phase that it is in now.
    pub fn tender(&self, tender: u64) -> Option<Tender> {
        self.tenders.get(&tender).map(|found| Tender { phase: found.phase_now(), ..found })
    }

    /// A response.
    pub fn response(&self, tender: u64, response: u32) -> Option<Response> {
        self.responses.get(&(tender, response))
    }

    /// What the selected validate: all their partials and parameters, the best first.
    pub fn disclosed(&self, tender: u64) -> Vec<Disclosed> {
        let selection = self.tenders.get(&tender).and_then(|found| found.selection);
        selection.map_or_else(Vec::new, |selection| self.disclose(tender, &selection.selected))
    }

    /// What an account can take out.
    pub fn claim_of(&self, account: Address, asset: Asset) -> u128 {
        self.claims.get_or_default(&(account, asset))
    }

    /// Opens a tender; the initiator authorises the transfer of its bond. Answers the tender's number.
    pub fn open(&mut self, terms: Terms) -> Result<u64, TenderError> {
        env::require_auth(&terms.initiator);
        let threshold = fee::up(terms.target, terms.threshold_ppm).ok_or(TenderError::BadTerms)?;
        let sizes = threshold > 0 && (1..=terms.target).contains(&terms.min_partial);
        let counts = (1..=MAX_RESPONSES).contains(&terms.max_responses) && (1..=MAX_ROUNDS).contains(&terms.max_rounds);
        let times = env::block_time_ms() < terms.close_ms && terms.close_ms < terms.select_ms && terms.validate_ms > 0;
        let committee = terms.committee.map(|committee| self.committee(committee)).transpose()?;
        let shows = |committee: Committee| terms.close_ms <= committee.opens_ms && committee.until_ms < terms.select_ms;
        let times = times && committee.is_none_or(shows);
        if !sizes || !counts || !times || terms.min_parameter > terms.max_parameter {
            return Err(TenderError::BadTerms);
        }
        terms.asset.transfer(terms.initiator, env::self_address(), terms.initiator_bond)?;
        let tender = self.next.get_or_default();
        self.next.set(&(tender + 1));
        let bond = terms.initiator_bond;
        self.tenders.set(&tender, &Tender { terms, phase: Phase::Open, responses: 0, selection: None, bond });
        TenderOpened { tender, initiator: terms.initiator, target: terms.target }.emit();
        Ok(tender)
    }

    /// Responds: units for all to see, a sealed parameter, and the commitment to it. The responder authorises the transfer of the
    /// units and its bond, which are locked until the tender is over or the response is taken back.
    pub fn respond(
        &mut self,
        tender: u64,
        responder: Address,
        partial: u128,
        enc: [u8; 32],
        ciphertext: Vec<u8>,
        commitment: Hash,
    ) -> Result<u32, TenderError> {
        env::require_auth(&responder);
        let mut found = self.in_phase(tender, Phase::Open)?;
        let terms = found.terms;
        let most = match terms.committee {
            None => MAX_CIPHERTEXT,
            Some(_) => SecondSeal::sealed_len(MAX_MEMBERS, MAX_CIPHERTEXT),
        };
        if !(terms.min_partial..=terms.target).contains(&partial) || ciphertext.len() > most {
            return Err(TenderError::BadResponse);
        }
        if found.responses >= terms.max_responses {
            return Err(TenderError::Full);
        }
        let locked = partial.checked_add(terms.responder_bond).ok_or(TenderError::BadResponse)?;
        terms.asset.transfer(responder, env::self_address(), locked)?;
        let number = found.responses;
        found.responses += 1;
        self.tenders.set(&tender, &found);
        let status = Status::Locked;
        let response = Response { responder, partial, enc, ciphertext, commitment, parameter: None, status };
        self.responses.set(&(tender, number), &response);
        Responded { tender, responder, response: number, partial }.emit();
        Ok(number)
    }

    /// Takes a response back while responses come.
    pub fn withdraw(&mut self, tender: u64, response: u32) -> Result<(), TenderError> {
        let found = self.in_phase(tender, Phase::Open)?;
        let withdrawn = self.with_status(tender, response, &[Status::Locked])?;
        env::require_auth(&withdrawn.responder);
        self.release(tender, response, &withdrawn, Status::Withdrawn, &found.terms);
        Ok(())
    }

    /// Opens every response that was not taken back, or calls it invalid; the initiator, between closing and its time. The contract
    /// ranks and selects; the first round of validation begins.
    pub fn select(&mut self, tender: u64, opened: Vec<Opened>, invalid: Vec<u32>) -> Result<Selection, TenderError> {
        let found = self.in_phase(tender, Phase::Selecting)?;
        env::require_auth(&found.terms.initiator);
        let mut left: Vec<u32> = (0..found.responses).filter(|number| self.is_locked(tender, *number)).collect();
        let mut take = |response: u32| {
            let place = left.iter().position(|number| *number == response);
            place.map(|place| _ = left.swap_remove(place)).ok_or(TenderError::NotAll { response })
        };
        for opening in opened {
            take(opening.response)?;
            self.open_response(tender, &found.terms, &opening)?;
        }
        for response in invalid {
            take(response)?;
            self.set_status(tender, response, Status::Invalid);
        }
        if let Some(response) = left.first() {
            return Err(TenderError::NotAll { response: *response });
        }
        self.begin_round(tender, found, 1, true)
    }

    /// Validates what is disclosed, by its hash; a selected responder. The last one moves the funds, or the end of the round does if
    /// a response was called invalid.
    pub fn validate(&mut self, tender: u64, response: u32, bundle: Hash) -> Result<Phase, TenderError> {
        let mut found = self.in_phase(tender, Phase::Validating)?;
        let mut selection = self.selection_with(&found, response)?;
        env::require_auth(&self.with_status(tender, response, &[Status::Locked])?.responder);
        if env::block_time_ms() >= selection.until_ms {
            return Err(TenderError::WrongPhase { phase: Phase::Validating });
        }
        if bundle != selection.bundle {
            return Err(TenderError::OtherBundle { bundle: selection.bundle });
        }
        selection.validated.push(response);
        Validated { tender, response }.emit();
        let all = selection.validated.len() == selection.selected.len();
        found.selection = Some(selection);
        // Whoever was called invalid has the whole round to show that it is not.
        if all && !self.has_invalid(tender, &found) {
            return self.finish(tender, found);
        }
        self.tenders.set(&tender, &found);
        Ok(Phase::Validating)
    }

    /// Refuses to validate; a selected responder, which loses its bond. The next round begins without it.
    pub fn reject(&mut self, tender: u64, response: u32) -> Result<Phase, TenderError> {
        let found = self.in_phase(tender, Phase::Validating)?;
        self.selection_with(&found, response)?;
        env::require_auth(&self.with_status(tender, response, &[Status::Locked])?.responder);
        self.next_round(tender, found, &[response])
    }

    /// Ends what had time enough; anybody: a round, with or without those who did not validate, a tender whose initiator did not
    /// select, or one that its committee left shut, which is nobody's fault here.
    pub fn time_out(&mut self, tender: u64) -> Result<Phase, TenderError> {
        let found = self.tender(tender).ok_or(TenderError::NoTender { tender })?;
        let now = env::block_time_ms();
        match (found.phase, &found.selection) {
            (Phase::Selecting, _) if self.stays_shut(&found.terms, now)? => self.fail(tender, found),
            (Phase::Selecting, _) if now >= found.terms.select_ms => {
                self.slash_initiator(tender, found.clone(), None)?;
                let found = self.tender(tender).ok_or(TenderError::NoTender { tender })?;
                self.fail(tender, found)
            }
            (Phase::Selecting, _) => Err(TenderError::NotYet { until_ms: found.terms.select_ms }),
            (Phase::Validating, Some(selection)) if now >= selection.until_ms => {
                let silent = selection.selected.iter().filter(|response| !selection.validated.contains(response));
                let silent: Vec<u32> = silent.copied().collect();
                if silent.is_empty() && !selection.selected.is_empty() {
                    return self.finish(tender, found);
                }
                self.next_round(tender, found, &silent)
            }
            (Phase::Validating, Some(selection)) => Err(TenderError::NotYet { until_ms: selection.until_ms }),
            (phase, _) => Err(TenderError::WrongPhase { phase }),
        }
    }

    /// Shows that a response which the initiator called invalid opens to a parameter within bounds: with the seed that it was
    /// sealed with, anybody can seal it again. The initiator loses its bond to the responder, and the round begins anew.
    pub fn dispute(&mut self, tender: u64, opened: Opened, seed: [u8; 32]) -> Result<Phase, TenderError> {
        let found = self.in_phase(tender, Phase::Validating)?;
        let response = opened.response;
        let disputed = self.with_status(tender, response, &[Status::Invalid])?;
        let place = self.place(tender, &disputed);
        let text = opening(&opened).text().to_vec();
        let referee = SealingRefereeRef::at(self.referee.get_or_default());
        let (key, aad) = (found.terms.key, place.aad());
        let resealed = match found.terms.committee {
            None => referee.seal(key, INFO.to_vec(), aad, text, seed).try_call(),
            Some(committee) => referee.seal_twice(committee, key, INFO.to_vec(), aad, text, seed).try_call(),
        };
        let holds = match resealed {
            Ok(Ok(sealed)) => sealed.enc == disputed.enc && sealed.ciphertext == disputed.ciphertext,
            _ => false,
        };
        if !holds {
            return Err(TenderError::NotSealed { response });
        }
        self.set_status(tender, response, Status::Locked);
        self.open_response(tender, &found.terms, &opened)?;
        self.slash_initiator(tender, found, Some(disputed.responder))?;
        let found = self.tender(tender).ok_or(TenderError::NoTender { tender })?;
        // The same round: a lie of the initiator uses up none.
        let round = found.selection.as_ref().map_or(1, |selection| selection.round);
        self.begin_round(tender, found, round, true)?;
        Ok(self.tender(tender).map_or(Phase::Failed, |found| found.phase))
    }

    /// Takes out what an account has here; the account.
    pub fn claim(&mut self, account: Address, asset: Asset) -> Result<u128, TenderError> {
        env::require_auth(&account);
        let units = self.claim_of(account, asset);
        self.claims.remove(&(account, asset));
        asset.transfer(env::self_address(), account, units)?;
        Ok(units)
    }

    fn committee(&self, committee: u64) -> Result<Committee, TenderError> {
        let answer = SealingRefereeRef::at(self.referee.get_or_default()).committee(committee).try_call();
        answer.ok().and_then(Result::ok).flatten().ok_or(TenderError::NoCommittee { committee })
    }

    /// Whether too few of the committee have shown their keys in time, so that nobody can open anything.
    fn stays_shut(&self, terms: &Terms, now: u64) -> Result<bool, TenderError> {
        let committee = terms.committee.map(|committee| self.committee(committee)).transpose()?;
        Ok(committee.is_some_and(|found| now >= found.until_ms && (found.shown.len() as u32) < found.threshold))
    }

    fn in_phase(&self, tender: u64, phase: Phase) -> Result<Tender, TenderError> {
        let found = self.tender(tender).ok_or(TenderError::NoTender { tender })?;
        let in_time = phase != Phase::Selecting || env::block_time_ms() < found.terms.select_ms;
        if found.phase == phase && in_time { Ok(found) } else { Err(TenderError::WrongPhase { phase: found.phase }) }
    }

    fn with_status(&self, tender: u64, response: u32, among: &[Status]) -> Result<Response, TenderError> {
        let found = self.responses.get(&(tender, response)).filter(|found| among.contains(&found.status));
        found.ok_or(TenderError::NoResponse { response })
    }

    fn is_locked(&self, tender: u64, response: u32) -> bool {
        self.with_status(tender, response, &[Status::Locked]).is_ok()
    }

    fn set_status(&mut self, tender: u64, response: u32, status: Status) {
        if let Some(found) = self.responses.get(&(tender, response)) {
            self.responses.set(&(tender, response), &Response { status, ..found });
            ResponseChanged { tender, response, status }.emit();
        }
    }

    fn selection_with(&self, found: &Tender, response: u32) -> Result<Selection, TenderError> {
        let selection = found
            .selection
            .clone()
            .filter(|selection| selection.selected.contains(&response) && !selection.validated.contains(&response));
        selection.ok_or(TenderError::NotSelected { response })
    }

    fn place(&self, tender: u64, response: &Response) -> Place {
        let Response { responder, partial, .. } = response;
        let (chain, contract) = (env::chain_id(), env::self_address().0);
        Place { chain, contract, tender, responder: responder.0, partial: *partial }
    }

    fn open_response(&mut self, tender: u64, terms: &Terms, opened: &Opened) -> Result<(), TenderError> {
        let Opened { response, parameter, .. } = *opened;
        let found = self.with_status(tender, response, &[Status::Locked])?;
        let text = self.place(tender, &found).commitment_text(&opening(opened));
        if env::sha2_256(&text) != found.commitment {
            return Err(TenderError::NotCommitted { response });
        }
        if !(terms.min_parameter..=terms.max_parameter).contains(&parameter) {
            return Err(TenderError::OutOfRange { response });
        }
        self.responses.set(&(tender, response), &Response { parameter: Some(parameter), ..found });
        Ok(())
    }
}

fn opening(opened: &Opened) -> Opening {
    Opening { parameter: opened.parameter, salt: opened.salt }
}

impl Tender {
    /// A tender that was open is closed as soon as its time is over.
    fn phase_now(&self) -> Phase {
        match self.phase {
            Phase::Open if env::block_time_ms() >= self.terms.close_ms => Phase::Selecting,
            phase => phase,
        }
    }
}
