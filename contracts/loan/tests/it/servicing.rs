//! Instalments, fees, shares and default.

use crate::setting::Setting;
use counterpart_testing::{Account, Chain, Failure, Subject, contract_test};
use loan::{Due, LoanError, LoansRef, Schedule, Status, native_loans};
use tender::Phase;

pub const MONTH_MS: u64 = 30 * 86_400_000;

fn error<T: std::fmt::Debug>(result: Result<T, Failure<LoanError>>) -> LoanError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}

pub fn schedule() -> Schedule {
    Schedule {
        instalments: 12,
        period_ms: MONTH_MS,
        grace_ms: 5 * 86_400_000,
        late_ppm: 20_000,
        default_ms: 20 * 86_400_000,
        auction_ms: 86_400_000,
    }
}

/// Lenders of 200 at 4.0 %, 300 at 4.5 % and 400 at 5.0 %, in hundreds, who have paid the borrower.
pub fn tendered(chain: &mut Chain) -> (Setting, LoansRef) {
    let setting = Setting::new(chain, 4);
    let terms = tender::Terms { target: 100_000, ..setting.terms(chain) };
    setting.open(chain, terms).expect("opened");
    for (lender, partial, parameter) in [(0, 40_000, 50_000), (1, 30_000, 45_000), (2, 20_000, 40_000)] {
        setting.respond(chain, 0, lender, partial, parameter);
    }
    for response in setting.select(chain, 0).selected {
        setting.validate(chain, 0, response).expect("validated");
    }
    assert_eq!(setting.found(chain, 0).1, Phase::Done);
    let subject = Subject::new("loan", native_loans());
    let loans = chain.deploy(&setting.borrower, &subject, LoansRef::new()).expect("deployed");
    (setting, LoansRef::at(loans))
}

fn lent(chain: &mut Chain) -> (Setting, LoansRef) {
    let (setting, loans) = tendered(chain);
    assert_eq!(chain.call(&setting.borrower, loans.originate(setting.tenders.address, 0, schedule())), Ok(0));
    (setting, loans)
}

fn repay(chain: &mut Chain, setting: &Setting, loans: &LoansRef) -> Result<Due, Failure<LoanError>> {
    chain.call_consenting(&setting.borrower.clone(), loans.repay(0, setting.borrower.address))
}

fn claim(chain: &mut Chain, setting: &Setting, loans: &LoansRef, who: &Account, lines: &[u32]) -> u128 {
    for line in lines {
        chain.call(who, loans.credit_share(0, *line, who.address)).expect("anybody may");
    }
    chain.call(who, loans.claim(who.address, setting.asset())).expect("claimed")
}

#[contract_test]
fn twelve_instalments_pay_everybody_their_units_and_their_rate(chain: &mut Chain) {
    let (setting, loans) = lent(chain);
    assert_eq!(chain.query(loans.blended_rate_ppm(0)), Ok(Some(46_111)), "4.611 %");
    assert_eq!(chain.query(loans.loan_of(setting.tenders.address, 0)), Ok(Some(0)));
    assert_eq!(chain.query(loans.loan_of(setting.tenders.address, 1)), Ok(None));
    let lines = chain.query(loans.lines(0)).expect("answered");
    let lines: Vec<_> = lines.iter().map(|line| (line.lender, line.principal, line.rate_ppm)).collect();
    let lender = |lender: usize| setting.lenders[lender].address;
    assert_eq!(lines, [(lender(2), 20_000, 40_000), (lender(1), 30_000, 45_000), (lender(0), 40_000, 50_000)]);
    let mut interest = 0;
    for number in 1..=12 {
        chain.advance_ms(MONTH_MS - 1_000);
        let due = chain.query(loans.due(0)).expect("answered").expect("not yet all");
        assert_eq!((due.instalment, due.principal, due.late), (number, 7_500, 0));
        // A year's interest is 4150; a month of it on what is outstanding, rounded up.
        let expected = (41_500_000_u128 * 100 * u128::from(13 - number) * 30).div_ceil(1_000_000 * 12 * 365);
        assert_eq!(due.interest, expected);
        interest += due.interest;
        assert_eq!(repay(chain, &setting, &loans), Ok(due));
    }
    assert_eq!(chain.query(loans.due(0)), Ok(None));
    assert!(matches!(error(repay(chain, &setting, &loans)), LoanError::WrongStatus { status: Status::Repaid }));
    let shares = [(0, 2, 40_000, 20), (1, 1, 30_000, 135), (2, 0, 20_000, 80)];
    let mut paid = 0;
    for (lender, line, principal, _) in shares {
        let who = setting.lenders[lender].clone();
        let units = claim(chain, &setting, &loans, &who, &[line]);
        let rate = [50_000_u128, 45_000, 40_000][lender];
        assert_eq!(units, principal + interest * principal * rate / 4_150_000_000);
        paid += units;
    }
    let left = chain.query(setting.money.balance_of(loans.address)).expect("answered");
    assert_eq!(paid + left, 90_000 + interest);
    assert!(left <= 3, "rounding leaves a unit a lender at most: {left}");
}

#[contract_test]
fn being_late_costs_and_is_for_the_lenders(chain: &mut Chain) {
    let (setting, loans) = lent(chain);
    let due = chain.query(loans.due(0)).expect("answered").expect("one");
    chain.advance_ms(due.due_ms + schedule().grace_ms - chain.time_ms());
    assert_eq!(chain.query(loans.due(0)).expect("answered").expect("one").late, 0, "the last ms of grace");
    chain.advance_ms(1);
    let late = (due.principal + due.interest).div_ceil(50);
    let paid = repay(chain, &setting, &loans).expect("paid");
    assert_eq!(paid, Due { late, ..due });
    let found = chain.query(loans.loan(0)).expect("answered").expect("there");
    assert_eq!((found.returned, found.interest), (due.principal, due.interest + late));
}

#[contract_test]
fn shares_change_hands_and_what_was_earned_stays(chain: &mut Chain) {
    let (setting, loans) = lent(chain);
    let [first, other] = [0, 3].map(|lender: usize| setting.lenders[lender].clone());
    repay(chain, &setting, &loans).expect("paid");
    let few = chain.call(&first, loans.transfer_share(0, 2, first.address, other.address, 40_001));
    assert_eq!(error(few), LoanError::TooFewShares { have: 40_000, want: 40_001 });
    assert!(chain.call(&other, loans.transfer_share(0, 2, first.address, other.address, 1)).is_err(), "not its own");
    chain.call(&first, loans.transfer_share(0, 2, first.address, other.address, 10_000)).expect("handed on");
    let before = claim(chain, &setting, &loans, &first, &[2]);
    assert_eq!(claim(chain, &setting, &loans, &other, &[2]), 0, "what was earned before is not its");
    let found = chain.query(loans.loan(0)).expect("answered").expect("there");
    assert_eq!(before, 40_000 * found.returned / 90_000 + found.interest * 2_000_000_000 / 4_150_000_000);
    repay(chain, &setting, &loans).expect("paid");
    let (more, less) = (claim(chain, &setting, &loans, &first, &[2]), claim(chain, &setting, &loans, &other, &[2]));
    // Each side is rounded four times, and one of them counts three times.
    assert!(more.abs_diff(3 * less) <= 12, "three to one: {more} {less}");
}

#[contract_test]
fn a_loan_in_default_is_sold_to_the_best_bid(chain: &mut Chain) {
    let (setting, loans) = lent(chain);
    let [one, two] = [2, 3].map(|lender: usize| setting.lenders[lender].clone());
    repay(chain, &setting, &loans).expect("paid");
    let due = chain.query(loans.due(0)).expect("answered").expect("one");
    let until_ms = due.due_ms + schedule().default_ms;
    chain.advance_ms(until_ms - chain.time_ms());
    assert_eq!(error(chain.call(&one, loans.declare_default(0))), LoanError::NotYet { until_ms });
    chain.advance_ms(1);
    assert_eq!(error(chain.call_consenting(&one, loans.bid_default(0, one.address, 5))), LoanError::LowBid { best: 0 });
    chain.call(&one, loans.declare_default(0)).expect("anybody");
    assert!(matches!(error(repay(chain, &setting, &loans)), LoanError::WrongStatus { status: Status::Auctioned }));
    chain.call_consenting(&one, loans.bid_default(0, one.address, 50_000)).expect("a bid");
    assert_eq!(
        error(chain.call_consenting(&two, loans.bid_default(0, two.address, 50_000))),
        LoanError::LowBid { best: 50_000 }
    );
    chain.call_consenting(&two, loans.bid_default(0, two.address, 60_000)).expect("a better one");
    assert_eq!(claim(chain, &setting, &loans, &one, &[]), 50_000, "outbid");
    let bids_until_ms = chain.query(loans.loan(0)).expect("answered").expect("there").bids_until_ms;
    assert_eq!(error(chain.call(&one, loans.close_auction(0))), LoanError::NotYet { until_ms: bids_until_ms });
    chain.advance_ms(bids_until_ms - chain.time_ms());
    assert_eq!(
        error(chain.call_consenting(&one, loans.bid_default(0, one.address, 70_000))),
        LoanError::LowBid { best: 60_000 }
    );
    chain.call(&one, loans.close_auction(0)).expect("closed");
    let first = setting.lenders[0].clone();
    let found = chain.query(loans.loan(0)).expect("answered").expect("there");
    assert_eq!((found.status, found.returned), (Status::Defaulted, 67_500));
    assert_eq!(claim(chain, &setting, &loans, &first, &[2]), 30_000 + found.interest * 2_000_000_000 / 4_150_000_000);
    // What the borrower pays later is for who bought it.
    let paid = repay(chain, &setting, &loans).expect("it may still pay");
    assert!(paid.late > 0);
    assert_eq!(claim(chain, &setting, &loans, &two, &[]), paid.principal + paid.interest + paid.late);
    assert_eq!(claim(chain, &setting, &loans, &first, &[2]), 0);
}

#[contract_test]
fn a_default_that_nobody_bids_for_waits_for_the_borrower(chain: &mut Chain) {
    let (setting, loans) = lent(chain);
    let anybody = setting.lenders[3].clone();
    let due = chain.query(loans.due(0)).expect("answered").expect("one");
    chain.advance_ms(due.due_ms + schedule().default_ms + 1 - chain.time_ms());
    chain.call(&anybody, loans.declare_default(0)).expect("anybody");
    chain.advance_ms(schedule().auction_ms);
    assert_eq!(chain.call(&anybody, loans.close_auction(0)), Ok(None));
    assert!(matches!(error(chain.call(&anybody, loans.close_auction(0))), LoanError::WrongStatus { .. }));
    let paid = repay(chain, &setting, &loans).expect("paid");
    assert_eq!(chain.query(loans.loan(0)).expect("answered").expect("there").returned, paid.principal);
}

#[contract_test]
fn loans_begin_once_by_their_borrower_and_make_sense(chain: &mut Chain) {
    let (setting, loans) = tendered(chain);
    let good = schedule();
    let (borrower, stranger) = (setting.borrower.clone(), setting.lenders[0].clone());
    let mut originate =
        |who: &Account, tender, schedule| chain.call(who, loans.originate(setting.tenders.address, tender, schedule));
    for wrong in [
        Schedule { instalments: 0, ..good },
        Schedule { instalments: 121, ..good },
        Schedule { period_ms: 0, ..good },
        Schedule { late_ppm: 1_000_001, ..good },
        Schedule { default_ms: good.grace_ms - 1, ..good },
        Schedule { auction_ms: 0, ..good },
    ] {
        assert_eq!(error(originate(&borrower, 0, wrong)), LoanError::BadSchedule, "{wrong:?}");
    }
    assert_eq!(error(originate(&borrower, 1, good)), LoanError::BadTender);
    assert!(originate(&stranger, 0, good).is_err(), "not the borrower");
    assert_eq!(originate(&borrower, 0, good), Ok(0));
    assert_eq!(error(originate(&borrower, 0, good)), LoanError::BadTender, "a second time");
}
