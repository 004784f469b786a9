//! Random repayments, hand-overs and claims: payouts never exceed what was paid, and rounding keeps no more than a unit for each
//! change of a share (L7).

use crate::servicing::{schedule, tendered};
use counterpart_testing::{Chain, Random, contract_test, from_environment};

#[contract_test]
fn payouts_are_what_was_paid_but_for_rounding(chain: &mut Chain) {
    let (setting, loans) = tendered(chain);
    chain.call(&setting.borrower, loans.originate(setting.tenders.address, 0, schedule())).expect("begun");
    let mut random = Random::from_environment();
    let (mut paid, mut taken, mut changes) = (0_u128, 0_u128, 3_u128);
    let asset = setting.asset();
    for _ in 0..from_environment("COUNTERPART_STEPS").unwrap_or(120) {
        let who = setting.lenders[random.below(4) as usize].clone();
        let line = random.below(3) as u32;
        match random.below(5) {
            0 => {
                chain.advance_ms(random.below(40) * 86_400_000);
                let borrower = setting.borrower.clone();
                if let Ok(due) = chain.call_consenting(&borrower, loans.repay(0, borrower.address)) {
                    paid += due.principal + due.interest + due.late;
                }
            }
            1 | 2 => {
                let have = chain.query(loans.share(0, line, who.address)).expect("answered").units;
                let to = setting.lenders[random.below(4) as usize].address;
                let units = random.sized(have);
                chain.call(&who, loans.transfer_share(0, line, who.address, to, units)).expect("its own");
                changes += 2;
            }
            3 => _ = chain.call(&who, loans.credit_share(0, line, who.address)).expect("anybody"),
            _ => taken += chain.call(&who, loans.claim(who.address, asset)).expect("claimed"),
        }
        let held = chain.query(setting.money.balance_of(loans.address)).expect("answered");
        assert_eq!(held + taken, paid, "nothing comes from nowhere");
        let lines = [0, 1, 2].map(|line| {
            let of = |lender: &counterpart_testing::Account| {
                chain.query(loans.share(0, line, lender.address)).expect("answered").units
            };
            setting.lenders.iter().map(of).sum::<u128>()
        });
        assert_eq!(lines, [20_000, 30_000, 40_000]);
    }
    for lender in setting.lenders.clone() {
        for line in 0..3 {
            chain.call(&lender, loans.credit_share(0, line, lender.address)).expect("anybody");
        }
        taken += chain.call(&lender, loans.claim(lender.address, asset)).expect("claimed");
    }
    assert!(paid > 0 && taken <= paid && paid - taken <= 2 * changes, "{paid} {taken} {changes}");
}
