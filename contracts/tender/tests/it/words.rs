//! Nobody's word is taken: what the initiator opens, what it calls invalid, what lenders seal, what they validate.

use crate::setting::{BORROWER_BOND, LENDER_BOND, Setting, error, salt, seed};
use counterpart_sdk::Hash;
use counterpart_sealing::tender::{Opening, seal_parameter};
use counterpart_testing::{Chain, contract_test};
use tender::{Opened, Phase, Status, TenderError};

fn stocked(chain: &mut Chain) -> Setting {
    let setting = Setting::new(chain, 4);
    let terms = setting.terms(chain);
    setting.open(chain, terms).expect("opened");
    for (lender, partial, parameter) in [(0, 500, 50_000), (1, 400, 45_000), (2, 450, 60_000)] {
        setting.respond(chain, 0, lender, partial, parameter);
    }
    setting
}

#[contract_test]
fn a_parameter_cannot_be_misreported_nor_a_response_left_out(chain: &mut Chain) {
    let setting = stocked(chain);
    let early = setting.openings(chain, 0);
    assert!(matches!(
        error(chain.call(&setting.borrower, setting.tenders.select(0, early.0, early.1))),
        TenderError::WrongPhase { phase: Phase::Open }
    ));
    setting.close(chain, 0);
    let (opened, invalid) = setting.openings(chain, 0);
    assert_eq!((opened.len(), invalid.len()), (3, 0));
    let mut select = |opened: Vec<Opened>, invalid: Vec<u32>| {
        error(chain.call(&setting.borrower, setting.tenders.select(0, opened, invalid)))
    };
    let mut lied = opened.clone();
    lied[0].parameter += 1;
    assert_eq!(select(lied, vec![]), TenderError::NotCommitted { response: 0 });
    let mut salted = opened.clone();
    salted[1].salt[0] ^= 1;
    assert_eq!(select(salted, vec![]), TenderError::NotCommitted { response: 1 });
    assert_eq!(select(opened[..2].to_vec(), vec![]), TenderError::NotAll { response: 2 });
    assert_eq!(select(opened.clone(), vec![1]), TenderError::NotAll { response: 1 }, "both");
    assert_eq!(select([&opened[..], &opened[..1]].concat(), vec![]), TenderError::NotAll { response: 0 });
    assert_eq!(select(opened.clone(), vec![7]), TenderError::NotAll { response: 7 });
    let (lender, bundle) = (setting.lenders[0].clone(), Hash([1; 32]));
    assert!(chain.call(&lender, setting.tenders.select(0, opened, vec![])).is_err(), "not the initiator");
    let selection = setting.select(chain, 0);
    assert_eq!(selection.selected, vec![1, 0]);
    let other = chain.call(&lender, setting.tenders.validate(0, 0, bundle));
    assert_eq!(error(other), TenderError::OtherBundle { bundle: selection.bundle });
    setting.validate(chain, 0, 0).expect("validated");
    assert_eq!(error(setting.validate(chain, 0, 0)), TenderError::NotSelected { response: 0 });
    assert_eq!(error(setting.validate(chain, 0, 2)), TenderError::NotSelected { response: 2 });
}

#[contract_test]
fn a_good_response_that_is_called_invalid_comes_back_with_the_bond(chain: &mut Chain) {
    let setting = stocked(chain);
    setting.close(chain, 0);
    let (mut opened, _) = setting.openings(chain, 0);
    let best = opened.remove(1);
    let selected = chain.call(&setting.borrower, setting.tenders.select(0, opened, vec![1])).expect("it claims so");
    assert_eq!((selected.selected.as_slice(), selected.sum), (&[0, 2][..], 950));
    // The two validate at once, and yet the funds wait for who was called invalid.
    assert_eq!(setting.validate(chain, 0, 0), Ok(Phase::Validating));
    assert_eq!(setting.validate(chain, 0, 2), Ok(Phase::Validating));
    let lender = setting.lenders[1].clone();
    let wrong_seed = chain.call(&lender, setting.tenders.dispute(0, best, [9; 32]));
    assert_eq!(error(wrong_seed), TenderError::NotSealed { response: 1 });
    let other = Opened { parameter: best.parameter - 1, ..best };
    assert_eq!(
        error(chain.call(&lender, setting.tenders.dispute(0, other, seed(1)))),
        TenderError::NotSealed { response: 1 }
    );
    assert_eq!(chain.call(&lender, setting.tenders.dispute(0, best, seed(1))), Ok(Phase::Validating));
    setting.balances(chain, 1);
    let selection = setting.found(chain, 0).2.expect("a selection");
    assert_eq!((selection.round, selection.selected.as_slice(), selection.sum), (1, &[1, 0][..], 900));
    assert_eq!(setting.claim(chain, &lender), BORROWER_BOND);
    assert_eq!(
        error(chain.call(&lender, setting.tenders.dispute(0, best, seed(1)))),
        TenderError::NoResponse { response: 1 }
    );
    setting.validate(chain, 0, 1).expect("validated");
    assert_eq!(setting.validate(chain, 0, 0), Ok(Phase::Done));
    setting.balances(chain, 1);
    let borrower = setting.borrower.clone();
    assert_eq!(setting.claim(chain, &borrower), 0, "its bond is lost");
}

#[contract_test]
fn calling_all_invalid_does_not_end_a_tender(chain: &mut Chain) {
    let setting = stocked(chain);
    setting.close(chain, 0);
    let (opened, _) = setting.openings(chain, 0);
    let selected =
        chain.call(&setting.borrower, setting.tenders.select(0, vec![], vec![0, 1, 2])).expect("it claims so");
    assert_eq!(setting.found(chain, 0).1, Phase::Validating);
    for (number, lender) in [(0, 0), (1, 1)] {
        let who = setting.lenders[lender].clone();
        chain.call(&who, setting.tenders.dispute(0, opened[number], seed(lender))).expect("it opens");
    }
    let selection = setting.found(chain, 0).2.expect("a selection");
    assert_eq!((selection.selected.as_slice(), selection.sum), (&[1, 0][..], 900));
    assert_eq!(selection.round, selected.round, "lies use up no rounds");
    for response in [0, 1] {
        setting.validate(chain, 0, response).expect("validated");
    }
    // The third may show that it is valid until the round is over.
    assert_eq!(setting.found(chain, 0).1, Phase::Validating);
    chain.advance_ms(selection.until_ms - chain.time_ms());
    assert_eq!(chain.call(&setting.lenders[3], setting.tenders.time_out(0)), Ok(Phase::Done));
    setting.balances(chain, 1);
}

#[contract_test]
fn what_does_not_open_as_committed_is_out_and_cannot_come_back(chain: &mut Chain) {
    let setting = stocked(chain);
    // Another's ciphertext under one's own name; a commitment to something else; a parameter out of range.
    let copied = setting.sealed(0, 1, 400, 45_000);
    assert_eq!(setting.respond_with(chain, 0, 3, 400, copied), Ok(3));
    let mut lying = setting.sealed(0, 3, 100, 1);
    lying.commitment = setting.sealed(0, 3, 100, 2).commitment;
    assert_eq!(setting.respond_with(chain, 0, 3, 100, lying), Ok(4));
    let place = setting.place(0, 3, 120);
    let far = Opening { parameter: 200_001, salt: salt(3) };
    let far = seal_parameter(&setting.key.public_key(), &place, &far, &seed(3)).expect("a key");
    assert_eq!(setting.respond_with(chain, 0, 3, 120, far), Ok(5));
    setting.close(chain, 0);
    let (opened, invalid) = setting.openings(chain, 0);
    assert_eq!(invalid, vec![3, 4, 5]);
    let ranged = Opened { response: 5, parameter: 200_001, salt: salt(3) };
    let mut all = opened.clone();
    all.push(ranged);
    let refused = chain.call(&setting.borrower, setting.tenders.select(0, all, vec![3, 4]));
    assert_eq!(error(refused), TenderError::OutOfRange { response: 5 });
    chain.call(&setting.borrower, setting.tenders.select(0, opened, invalid)).expect("selected");
    let cheat = setting.lenders[3].clone();
    let mut dispute = |opened, seed| error(chain.call(&cheat, setting.tenders.dispute(0, opened, seed)));
    let copied = Opened { response: 3, parameter: 45_000, salt: salt(1) };
    assert_eq!(dispute(copied, seed(1)), TenderError::NotSealed { response: 3 });
    let sealed_one = Opened { response: 4, parameter: 1, salt: salt(3) };
    assert_eq!(dispute(sealed_one, seed(3)), TenderError::NotCommitted { response: 4 });
    assert_eq!(dispute(ranged, seed(3)), TenderError::OutOfRange { response: 5 });
    for response in [0, 1] {
        setting.validate(chain, 0, response).expect("validated");
    }
    let until_ms = setting.found(chain, 0).2.expect("a selection").until_ms;
    chain.advance_ms(until_ms - chain.time_ms());
    assert_eq!(chain.call(&cheat, setting.tenders.time_out(0)), Ok(Phase::Done));
    // A lie costs the lock and nothing more: it may have been a mistake.
    assert_eq!(setting.claim(chain, &cheat), 400 + 100 + 120 + 3 * LENDER_BOND);
    let third = chain.query(setting.tenders.response(0, 3)).expect("answered").expect("there");
    assert_eq!(third.status, Status::Returned);
    setting.balances(chain, 1);
}
