//! A committee keeps everybody from looking, the initiator too, until responses are closed.

use crate::setting::{BORROWER_BOND, LENDER_BOND, PLENTY, Setting, error, salt, seed};
use counterpart_sealing::committee::Committee;
use counterpart_sealing::tender::{Opening, SealedParameter, open_parameter};
use counterpart_sealing::{Sealed, SealingError, SecretKey};
use counterpart_testing::{Chain, Failure, contract_test};
use sealing_referee::{RefereeError, Shown};
use tender::{Opened, Phase, TenderError, Terms};

const MEMBERS: usize = 4;
const THRESHOLD: u32 = 3;

fn member_seed(member: usize) -> [u8; 32] {
    [member as u8 + 200; 32]
}

fn members() -> Vec<[u8; 32]> {
    (0..MEMBERS).map(|member| SecretKey::from_seed(&member_seed(member)).public_key()).collect()
}

fn second_seal() -> Committee {
    Committee::new(&members(), THRESHOLD as usize).expect("three of four")
}

/// A tender whose committee shows its keys in the first half of the time to select.
fn opened(chain: &mut Chain) -> (Setting, Terms) {
    let setting = Setting::new(chain, 3);
    let terms = setting.terms(chain);
    let middle_ms = terms.close_ms.midpoint(terms.select_ms);
    let form = setting.referee.form(members(), THRESHOLD, terms.close_ms, middle_ms);
    assert_eq!(chain.call(&setting.borrower, form), Ok(0));
    let terms = Terms { committee: Some(0), ..terms };
    assert_eq!(setting.open(chain, terms), Ok(0));
    (setting, terms)
}

fn respond(setting: &Setting, chain: &mut Chain, lender: usize, partial: u128, parameter: u64) {
    let SealedParameter { sealed, commitment } = setting.sealed(0, lender, partial, parameter);
    let aad = setting.place(0, lender, partial).aad();
    let sealed = second_seal().seal(&aad, &sealed, &seed(lender)).expect("keys");
    setting.respond_with(chain, 0, lender, partial, SealedParameter { sealed, commitment }).expect("it comes in time");
}

fn show(setting: &Setting, chain: &mut Chain, member: usize) -> Result<u32, Failure<RefereeError>> {
    // Anybody may bring it.
    chain.call(&setting.lenders[2], setting.referee.show(0, member as u32, member_seed(member)))
}

/// What the initiator does with the keys that were shown.
fn look(setting: &Setting, chain: &Chain, lender: usize, partial: u128) -> Result<Opening, SealingError> {
    let found = chain.query(setting.tenders.response(0, lender as u32)).expect("answered").expect("there");
    let shown = chain.query(setting.referee.committee(0)).expect("answered").expect("there").shown;
    let keys: Vec<_> =
        shown.iter().map(|Shown { member, seed }| (*member as usize, SecretKey::from_seed(seed))).collect();
    let place = setting.place(0, lender, partial);
    let twice = Sealed { enc: found.enc, ciphertext: found.ciphertext };
    let sealed = second_seal().open(&place.aad(), &twice, &keys)?;
    open_parameter(&setting.key, &place, &SealedParameter { sealed, commitment: found.commitment.0 })
}

#[contract_test]
fn nobody_looks_before_the_committee_shows_its_keys(chain: &mut Chain) {
    let (setting, terms) = opened(chain);
    respond(&setting, chain, 0, 600, 50_000);
    respond(&setting, chain, 1, 400, 45_000);
    let early = show(&setting, chain, 0);
    let until_ms = terms.close_ms.midpoint(terms.select_ms);
    assert_eq!(early, Err(Failure::Error(RefereeError::WrongTime { opens_ms: terms.close_ms, until_ms })));
    setting.close(chain, 0);
    assert_eq!(look(&setting, chain, 0, 600), Err(SealingError::DoesNotOpen), "closed, and no key is shown");
    let wrong = setting.referee.show(0, 1, member_seed(2));
    assert_eq!(chain.call(&setting.borrower, wrong), Err(Failure::Error(RefereeError::WrongSeed { member: 1 })));
    let beyond = setting.referee.show(0, 4, member_seed(0));
    assert_eq!(chain.call(&setting.borrower, beyond), Err(Failure::Error(RefereeError::WrongSeed { member: 4 })));
    assert_eq!(show(&setting, chain, 3), Ok(1));
    assert_eq!(show(&setting, chain, 3), Ok(1), "once");
    assert_eq!(show(&setting, chain, 0), Ok(2));
    assert_eq!(look(&setting, chain, 0, 600), Err(SealingError::DoesNotOpen), "two of three");
    assert_eq!(show(&setting, chain, 1), Ok(3));
    let opened: Vec<_> = [(0, 600), (1, 400)]
        .into_iter()
        .map(|(lender, partial)| {
            let Opening { parameter, salt } = look(&setting, chain, lender, partial).expect("it opens");
            Opened { response: lender as u32, parameter, salt }
        })
        .collect();
    let selection = chain.call(&setting.borrower, setting.tenders.select(0, opened, vec![])).expect("selected");
    assert_eq!((selection.selected, selection.sum), (vec![1, 0], 1_000));
    assert_eq!(setting.validate(chain, 0, 0), Ok(Phase::Validating));
    assert_eq!(setting.validate(chain, 0, 1), Ok(Phase::Done));
    setting.balances(chain, 1);
}

#[contract_test]
fn what_is_sealed_twice_is_shown_by_its_seed_too(chain: &mut Chain) {
    let (setting, _) = opened(chain);
    respond(&setting, chain, 0, 600, 50_000);
    respond(&setting, chain, 1, 400, 45_000);
    setting.close(chain, 0);
    let open = Opened { response: 1, parameter: 45_000, salt: salt(1) };
    chain.call(&setting.borrower, setting.tenders.select(0, vec![open], vec![0])).expect("it claims so");
    let lender = setting.lenders[0].clone();
    let other = Opened { response: 0, parameter: 49_999, salt: salt(0) };
    assert_eq!(
        error(chain.call(&lender, setting.tenders.dispute(0, other, seed(0)))),
        TenderError::NotSealed { response: 0 }
    );
    let open = Opened { response: 0, parameter: 50_000, salt: salt(0) };
    assert_eq!(chain.call(&lender, setting.tenders.dispute(0, open, seed(0))), Ok(Phase::Validating));
    assert_eq!(setting.claim(chain, &lender), BORROWER_BOND);
    setting.balances(chain, 1);
}

#[contract_test]
fn a_committee_that_stays_away_costs_the_initiator_nothing(chain: &mut Chain) {
    let (setting, terms) = opened(chain);
    respond(&setting, chain, 0, 600, 50_000);
    setting.close(chain, 0);
    show(&setting, chain, 0).expect("in time");
    show(&setting, chain, 1).expect("in time");
    let anybody = setting.lenders[1].clone();
    let waits = error(chain.call(&anybody, setting.tenders.time_out(0)));
    assert_eq!(waits, TenderError::NotYet { until_ms: terms.select_ms });
    let until_ms = terms.close_ms.midpoint(terms.select_ms);
    chain.advance_ms(until_ms - chain.time_ms());
    let late = show(&setting, chain, 2);
    assert_eq!(late, Err(Failure::Error(RefereeError::WrongTime { opens_ms: terms.close_ms, until_ms })));
    assert_eq!(chain.call(&anybody, setting.tenders.time_out(0)), Ok(Phase::Failed));
    let (borrower, lender) = (setting.borrower.clone(), setting.lenders[0].clone());
    assert_eq!((setting.claim(chain, &borrower), setting.claim(chain, &lender)), (BORROWER_BOND, 600 + LENDER_BOND));
    assert_eq!((setting.held(chain, &borrower), setting.held(chain, &lender)), (PLENTY, PLENTY));
}

#[contract_test]
fn committees_and_their_times_make_sense_or_are_refused(chain: &mut Chain) {
    let setting = Setting::new(chain, 1);
    let terms = setting.terms(chain);
    let (close_ms, select_ms) = (terms.close_ms, terms.select_ms);
    let mut form = |members: Vec<[u8; 32]>, threshold, opens_ms, until_ms| {
        chain.call(&setting.borrower, setting.referee.form(members, threshold, opens_ms, until_ms))
    };
    let twice = vec![members()[0], members()[0]];
    for (members, threshold, opens_ms, until_ms) in [
        (vec![], 1, close_ms, select_ms),
        (twice, 1, close_ms, select_ms),
        (members(), 0, close_ms, select_ms),
        (members(), 5, close_ms, select_ms),
        (members(), 3, close_ms, close_ms),
        (members(), 3, 5, close_ms),
    ] {
        let refused = form(members, threshold, opens_ms, until_ms);
        assert_eq!(refused, Err(Failure::Error(RefereeError::BadCommittee)));
    }
    // Keys that are shown before the close, or until after the time to select.
    assert_eq!(form(members(), 3, close_ms - 1, select_ms - 1), Ok(0));
    assert_eq!(form(members(), 3, close_ms, select_ms), Ok(1));
    for (committee, want) in
        [(0, TenderError::BadTerms), (1, TenderError::BadTerms), (2, TenderError::NoCommittee { committee: 2 })]
    {
        let terms = Terms { committee: Some(committee), ..terms };
        assert_eq!(error(setting.open(chain, terms)), want);
    }
    let show = chain.call(&setting.borrower, setting.referee.show(7, 0, [0; 32]));
    assert_eq!(show, Err(Failure::Error(RefereeError::NoCommittee { committee: 7 })));
}
