//! From the first response to the last claim.

use crate::setting::{BORROWER_BOND, LENDER_BOND, PLENTY, Setting, error};
use counterpart_testing::{Chain, contract_test};
use tender::{Phase, Status, TenderError};

/// 400 at 5.0, 300 at 4.5, 200 at 4.0, 200 at 5.5.
fn stocked(chain: &mut Chain) -> Setting {
    let setting = Setting::new(chain, 5);
    let terms = setting.terms(chain);
    assert_eq!(setting.open(chain, terms), Ok(0));
    for (lender, partial, parameter) in [(0, 400, 50_000), (1, 300, 45_000), (2, 200, 40_000), (3, 200, 55_000)] {
        assert_eq!(setting.respond(chain, 0, lender, partial, parameter), lender as u32);
    }
    setting
}

fn status(chain: &Chain, setting: &Setting, response: u32) -> Status {
    chain.query(setting.tenders.response(0, response)).expect("answered").expect("there").status
}

#[contract_test]
fn the_best_are_selected_validate_and_pay(chain: &mut Chain) {
    let setting = stocked(chain);
    setting.balances(chain, 1);
    assert_eq!(setting.held(chain, &setting.lenders[0]), PLENTY - 400 - LENDER_BOND);
    let selection = setting.select(chain, 0);
    assert_eq!((selection.round, selection.selected.as_slice(), selection.sum), (1, &[2, 1, 0][..], 900));
    let disclosed = chain.query(setting.tenders.disclosed(0)).expect("answered");
    let lines: Vec<_> = disclosed.iter().map(|line| (line.response, line.partial, line.parameter)).collect();
    assert_eq!(lines, vec![(2, 200, 40_000), (1, 300, 45_000), (0, 400, 50_000)]);
    assert_eq!(setting.validate(chain, 0, 1), Ok(Phase::Validating));
    assert_eq!(setting.validate(chain, 0, 0), Ok(Phase::Validating));
    let before = setting.held(chain, &setting.borrower);
    assert_eq!(setting.validate(chain, 0, 2), Ok(Phase::Done));
    setting.balances(chain, 1);
    assert_eq!(setting.held(chain, &setting.borrower), before + 900);
    // What was not selected goes back, and so do all bonds.
    let borrower = setting.borrower.clone();
    assert_eq!(setting.claim(chain, &borrower), BORROWER_BOND);
    let owed = [LENDER_BOND, LENDER_BOND, LENDER_BOND, 200 + LENDER_BOND, 0];
    for (lender, units) in setting.lenders.clone().iter().zip(owed) {
        assert_eq!(setting.claim(chain, lender), units);
        assert_eq!(setting.claim(chain, lender), 0);
    }
    assert_eq!(
        [0, 1, 2, 3].map(|response| status(chain, &setting, response)),
        [Status::Spent, Status::Spent, Status::Spent, Status::Returned]
    );
    setting.balances(chain, 1);
}

#[contract_test]
fn who_refuses_or_says_nothing_is_dropped_and_another_round_begins(chain: &mut Chain) {
    let setting = stocked(chain);
    setting.select(chain, 0);
    let refusing = setting.lenders[1].clone();
    let stranger = setting.lenders[4].clone();
    assert!(chain.call(&stranger, setting.tenders.reject(0, 1)).is_err());
    assert_eq!(chain.call(&refusing, setting.tenders.reject(0, 1)), Ok(Phase::Validating));
    setting.balances(chain, 1);
    // Without the 300 at 4.5, the 200 at 5.5 fit.
    let selection = setting.found(chain, 0).2.expect("a selection");
    assert_eq!((selection.round, selection.selected.as_slice(), selection.sum), (2, &[2, 0, 3][..], 800));
    assert_eq!(selection.validated, Vec::<u32>::new(), "what was validated before was another bundle");
    for response in [2, 0] {
        setting.validate(chain, 0, response).expect("validated");
    }
    assert_eq!(
        error(chain.call(&stranger, setting.tenders.time_out(0))),
        TenderError::NotYet { until_ms: selection.until_ms }
    );
    chain.advance_ms(selection.until_ms - chain.time_ms());
    assert!(matches!(error(setting.validate(chain, 0, 3)), TenderError::WrongPhase { .. }), "its time is over");
    // 600 are less than 800: nothing comes of it.
    assert_eq!(chain.call(&stranger, setting.tenders.time_out(0)), Ok(Phase::Failed));
    setting.balances(chain, 1);
    let borrower = setting.borrower.clone();
    assert_eq!(setting.claim(chain, &borrower), BORROWER_BOND + 2 * LENDER_BOND, "two bonds were lost");
    let owed = [400 + LENDER_BOND, 300, 200 + LENDER_BOND, 200];
    for (lender, units) in setting.lenders.clone().iter().zip(owed) {
        assert_eq!(setting.claim(chain, lender), units);
    }
    assert_eq!(chain.query(setting.money.balance_of(setting.tenders.address)), Ok(0));
}

#[contract_test]
fn a_borrower_who_does_not_select_pays_for_the_waiting(chain: &mut Chain) {
    let setting = stocked(chain);
    let anybody = setting.lenders[4].clone();
    assert!(matches!(
        error(chain.call(&anybody, setting.tenders.time_out(0))),
        TenderError::WrongPhase { phase: Phase::Open }
    ));
    setting.close(chain, 0);
    let (terms, phase, _) = setting.found(chain, 0);
    assert_eq!(phase, Phase::Selecting);
    assert_eq!(
        error(chain.call(&anybody, setting.tenders.time_out(0))),
        TenderError::NotYet { until_ms: terms.select_ms }
    );
    chain.advance_ms(terms.select_ms - chain.time_ms());
    let (opened, invalid) = setting.openings(chain, 0);
    let late = chain.call(&setting.borrower, setting.tenders.select(0, opened, invalid));
    assert!(matches!(error(late), TenderError::WrongPhase { .. }));
    assert_eq!(chain.call(&anybody, setting.tenders.time_out(0)), Ok(Phase::Failed));
    setting.balances(chain, 1);
    // 50 among four: twelve each, and two more for the first.
    let owed = [400 + LENDER_BOND + 14, 300 + LENDER_BOND + 12, 200 + LENDER_BOND + 12, 200 + LENDER_BOND + 12];
    for (lender, units) in setting.lenders.clone().iter().zip(owed) {
        assert_eq!(setting.claim(chain, lender), units);
    }
    let borrower = setting.borrower.clone();
    assert_eq!(setting.claim(chain, &borrower), 0);
}

#[contract_test]
fn rounds_come_to_an_end(chain: &mut Chain) {
    let setting = Setting::new(chain, 6);
    let terms = tender::Terms { threshold_ppm: 10_000, ..setting.terms(chain) };
    setting.open(chain, terms).expect("opened");
    for lender in 0..6 {
        setting.respond(chain, 0, lender, 150, 40_000);
    }
    setting.select(chain, 0);
    for round in 1..=3 {
        let selection = setting.found(chain, 0).2.expect("a selection");
        assert_eq!(selection.round, round);
        let first = selection.selected[0];
        let lender = setting.lender_of(chain, 0, first).clone();
        let phase = chain.call(&lender, setting.tenders.reject(0, first)).expect("rejected");
        assert_eq!(phase, if round < 3 { Phase::Validating } else { Phase::Failed }, "round {round}");
    }
    setting.balances(chain, 1);
}

#[contract_test]
fn responses_come_in_time_within_bounds_and_can_be_taken_back(chain: &mut Chain) {
    let setting = stocked(chain);
    let sealed = setting.sealed(0, 4, 100, 1);
    for partial in [9, 1_001] {
        let refused = setting.respond_with(chain, 0, 4, partial, sealed.clone());
        assert_eq!(error(refused), TenderError::BadResponse);
    }
    let mut long = sealed.clone();
    long.sealed.ciphertext = vec![0; 65];
    assert_eq!(error(setting.respond_with(chain, 0, 4, 100, long)), TenderError::BadResponse);
    assert_eq!(error(setting.respond_with(chain, 9, 4, 100, sealed.clone())), TenderError::NoTender { tender: 9 });
    let lender = setting.lenders[3].clone();
    assert!(chain.call(&setting.lenders[4], setting.tenders.withdraw(0, 3)).is_err());
    assert_eq!(chain.call(&lender, setting.tenders.withdraw(0, 3)), Ok(()));
    assert_eq!(error(chain.call(&lender, setting.tenders.withdraw(0, 3))), TenderError::NoResponse { response: 3 });
    assert_eq!(setting.claim(chain, &lender), 200 + LENDER_BOND);
    setting.close(chain, 0);
    assert!(matches!(error(setting.respond_with(chain, 0, 4, 100, sealed)), TenderError::WrongPhase { .. }));
    let other = setting.lenders[2].clone();
    assert!(matches!(error(chain.call(&other, setting.tenders.withdraw(0, 2))), TenderError::WrongPhase { .. }));
    setting.balances(chain, 1);
}

#[contract_test]
fn terms_make_sense_or_are_refused(chain: &mut Chain) {
    let setting = Setting::new(chain, 1);
    let good = setting.terms(chain);
    let wrong = [
        tender::Terms { target: 0, ..good },
        tender::Terms { threshold_ppm: 0, ..good },
        tender::Terms { threshold_ppm: 1_000_001, ..good },
        tender::Terms { min_partial: 0, ..good },
        tender::Terms { min_partial: 1_001, ..good },
        tender::Terms { max_responses: 0, ..good },
        tender::Terms { max_responses: 41, ..good },
        tender::Terms { max_rounds: 0, ..good },
        tender::Terms { max_rounds: 17, ..good },
        tender::Terms { close_ms: 0, ..good },
        tender::Terms { select_ms: good.close_ms, ..good },
        tender::Terms { validate_ms: 0, ..good },
        tender::Terms { min_parameter: 200_001, ..good },
    ];
    for terms in wrong {
        assert_eq!(error(setting.open(chain, terms)), TenderError::BadTerms, "{terms:?}");
    }
    let now = tender::Terms { close_ms: chain.time_ms(), ..good };
    assert_eq!(error(setting.open(chain, now)), TenderError::BadTerms);
    let few = tender::Terms { max_responses: 1, min_parameter: 5, max_parameter: 5, ..good };
    setting.open(chain, few).expect("opened");
    let longest = |len: usize| {
        let mut sealed = setting.sealed(0, 0, 100, 5);
        sealed.sealed.ciphertext.resize(len, 0);
        sealed
    };
    assert_eq!(error(setting.respond_with(chain, 0, 0, 100, longest(65))), TenderError::BadResponse);
    assert_eq!(setting.respond_with(chain, 0, 0, 100, longest(64)), Ok(0));
    let sealed = setting.sealed(0, 0, 100, 5);
    assert_eq!(error(setting.respond_with(chain, 0, 0, 100, sealed)), TenderError::Full);
}
