//! What gas becomes, what cannot be, who gets what of it, and certificates.

use crate::setting::{CENTRE, GAS, GENERATOR, HOUR_MS, PLENTY, STANDARD, Setting, error, factors};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, contract_test};
use energy_site::{Conditions, Factors, PeriodStatus, Site, SiteError};

#[contract_test]
fn gas_becomes_what_the_regulation_says(chain: &mut Chain) {
    // 300 000 scf -> 307.8 mmBtu -> 16 331.868 kg of CO2; at 9 500 Btu a kWh 32 400 kWh, and never more than 90 211.
    let setting = Setting::new(chain);
    chain.advance_ms(HOUR_MS);
    setting.measure(chain, GAS, 300_000_000);
    setting.measure(chain, GENERATOR, 10_000_000);
    setting.measure(chain, CENTRE, 9_000_000);
    // Ten hours of a generator that gives ten megawatts at most.
    for _ in 0..3 {
        chain.advance_ms(HOUR_MS);
        setting.measure(chain, GENERATOR, 7_466_000);
        setting.measure(chain, CENTRE, 7_000_000);
    }
    let period = setting.close(chain).expect("closed");
    let found = chain.query(setting.sites.period(period)).expect("answered").expect("there");
    assert_eq!((found.standard, found.btu), (300_000_000, 307_800_000));
    assert_eq!(found.generated_wh, 32_398_000);
    assert_eq!(chain.query(setting.sites.emitted(period)), Ok(Some(16_331_868)));
    assert_eq!((found.score, found.status), (0, PeriodStatus::Closed));
    assert_eq!(chain.query(setting.sites.emitted(9)), Ok(None));
    assert_eq!(chain.query(setting.sites.factors(0)), Ok(Some(factors())));
}

#[contract_test]
fn nothing_makes_energy(chain: &mut Chain) {
    let setting = Setting::new(chain);
    assert_eq!(error(setting.close(chain)), SiteError::Nothing);
    chain.advance_ms(HOUR_MS);
    // 100 scf hold 102 600 Btu, and 30 070 Wh take 102 598 of them: one watt hour more is not in them.
    setting.measure(chain, GAS, 100_000);
    setting.measure(chain, GENERATOR, 30_071);
    setting.measure(chain, CENTRE, 30_000);
    assert_eq!(error(setting.close(chain)), SiteError::Impossible { have: 102_600, claimed: 102_602 }, "G3");
    setting.measure(chain, GAS, 100);
    let period = setting.close(chain).expect("closed");
    let found = chain.query(setting.sites.period(period)).expect("answered").expect("there");
    assert_eq!(found.status, PeriodStatus::Held, "3 415 Btu for a kWh is no engine");
    // Two percent more may be used than was generated, for what meters are off.
    chain.advance_ms(HOUR_MS);
    setting.measure(chain, GAS, 1_000_000);
    setting.measure(chain, GENERATOR, 100_000);
    setting.measure(chain, CENTRE, 102_001);
    assert_eq!(error(setting.close(chain)), SiteError::Impossible { have: 100_000, claimed: 102_001 }, "G3");
    setting.measure(chain, GENERATOR, 1);
    setting.close(chain).expect("closed");
}

#[contract_test]
fn conditions_make_it_standard_within_what_is_believed(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let close = |chain: &mut Chain, conditions: Conditions| {
        chain.call(&setting.operator, setting.sites.close_period(0, conditions, 0, Hash::ZERO))
    };
    for (conditions, standard) in [
        (STANDARD, 300_000),
        (Conditions { pascal: 2 * STANDARD.pascal, ..STANDARD }, 600_000),
        (Conditions { millikelvin: 2 * STANDARD.millikelvin, ..STANDARD }, 150_000),
        (Conditions { z_ppm: 750_000, ..STANDARD }, 400_000),
        (Conditions { z_ppm: 1_100_000, ..STANDARD }, 272_727),
    ] {
        chain.advance_ms(HOUR_MS);
        setting.measure(chain, GAS, 300_000);
        let period = close(chain, conditions).expect("closed");
        let found = chain.query(setting.sites.period(period)).expect("answered").expect("there");
        assert_eq!(found.standard, standard, "{conditions:?}");
    }
    chain.advance_ms(HOUR_MS);
    setting.measure(chain, GAS, 300_000);
    for wrong in [
        Conditions { z_ppm: 699_999, ..STANDARD },
        Conditions { z_ppm: 1_100_001, ..STANDARD },
        Conditions { millikelvin: 0, ..STANDARD },
    ] {
        assert_eq!(error(close(chain, wrong)), SiteError::BadConditions);
    }
    let unknown = setting.sites.close_period(0, STANDARD, 9, Hash::ZERO);
    assert_eq!(error(chain.call(&setting.operator, unknown)), SiteError::NoFactors);
    for wrong in [
        Factors { btu_per_kscf: 0, ..factors() },
        Factors { base_pascal: 0, ..factors() },
        Factors { base_millikelvin: 0, ..factors() },
        Factors { least_z_ppm: 0, ..factors() },
        Factors { least_z_ppm: 1_100_001, ..factors() },
        Factors { least_btu_per_kwh: 3_411, ..factors() },
        Factors { least_btu_per_kwh: 15_001, ..factors() },
    ] {
        assert_eq!(error(chain.call(&setting.admin, setting.sites.add_factors(wrong))), SiteError::BadTerms);
    }
    assert!(chain.call(&setting.operator, setting.sites.add_factors(factors())).is_err(), "the admin alone");
    assert_eq!(chain.call(&setting.admin, setting.sites.add_factors(factors())), Ok(1));
}

#[contract_test]
fn what_is_unusual_is_held_until_somebody_has_looked(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let status =
        |chain: &Chain, period| chain.query(setting.sites.period(period)).expect("answered").expect("there").status;
    chain.advance_ms(HOUR_MS);
    // 20 000 Btu for a kWh; and hardly anything of it is used.
    setting.measure(chain, GAS, 300_000);
    setting.measure(chain, GENERATOR, 15_390);
    setting.measure(chain, CENTRE, 1_000);
    let first = setting.close(chain).expect("closed");
    let found = chain.query(setting.sites.period(first)).expect("answered").expect("there");
    assert_eq!((found.score, found.status), (100, PeriodStatus::Held));
    let settle = |period| setting.sites.settle_period(period, setting.payer.address, 100);
    assert_eq!(error(chain.call(&setting.payer, settle(first))), SiteError::WrongStatus { status: found.status });
    let certify = setting.sites.issue_certificate(first, None);
    assert_eq!(error(chain.call(&setting.operator, certify)), SiteError::WrongStatus { status: found.status });
    let inspect = |period, good| setting.sites.inspect(setting.inspector.address, period, good);
    let self_made = setting.sites.inspect(setting.operator.address, first, true);
    assert_eq!(error(chain.call(&setting.operator, self_made)), SiteError::Stranger);
    chain.call(&setting.inspector, inspect(first, false)).expect("thrown out");
    assert_eq!(status(chain, first), PeriodStatus::Rejected);
    assert!(chain.call(&setting.inspector, inspect(first, true)).is_err());
    chain.advance_ms(HOUR_MS);
    setting.measure(chain, GAS, 300_000);
    setting.measure(chain, GENERATOR, 15_390);
    setting.measure(chain, CENTRE, 15_000);
    let second = setting.close(chain).expect("closed");
    chain.call(&setting.inspector, inspect(second, true)).expect("let go on");
    assert_eq!(status(chain, second), PeriodStatus::Closed);
    chain.call_consenting(&setting.payer, settle(second)).expect("settled");
}

#[contract_test]
fn revenue_is_split_to_the_unit_and_each_period_once(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.hour(chain);
    let period = setting.close(chain).expect("closed");
    let found = chain.query(setting.sites.period(period)).expect("answered").expect("there");
    assert_eq!((found.btu, found.generated_wh, found.used_wh, found.score), (307_800, 32_400, 32_000, 0));
    assert_eq!(found.setpoints, Hash([3; 32]));
    let settle = |units| setting.sites.settle_period(period, setting.payer.address, units);
    chain.call_consenting(&setting.payer, settle(1_001)).expect("settled");
    let held: Vec<u128> = setting.owners.iter().map(|owner| setting.held(chain, owner.address)).collect();
    assert_eq!(held, [500, 300, 201], "G5: what rounding leaves is the last one's");
    assert_eq!(setting.held(chain, setting.sites.address), 0);
    let again = error(chain.call(&setting.payer, settle(1)));
    assert_eq!(again, SiteError::WrongStatus { status: PeriodStatus::Settled }, "G4");
    assert_eq!(setting.held(chain, setting.payer.address), PLENTY - 1_001);
    // Nothing was measured since: no reading backs two periods.
    assert_eq!(error(setting.close(chain)), SiteError::Nothing, "G4");
    let split = |parts: Vec<u32>| {
        let parts = parts.into_iter().zip(&setting.owners).map(|(ppm, who)| (who.address, ppm)).collect();
        setting.sites.set_split(0, parts)
    };
    for wrong in [vec![], vec![999_999], vec![500_000, 500_001]] {
        assert_eq!(error(chain.call(&setting.operator, split(wrong))), SiteError::BadTerms);
    }
    assert!(chain.call(&setting.payer, split(vec![1_000_000])).is_err(), "the operator alone");
    chain.call(&setting.operator, split(vec![1_000_000])).expect("split otherwise");
    setting.hour(chain);
    let period = setting.close(chain).expect("closed");
    let settle = setting.sites.settle_period(period, setting.payer.address, 99);
    chain.call_consenting(&setting.payer, settle).expect("settled");
    assert_eq!(setting.held(chain, setting.owners[0].address), 599);
    let nine = (0..9).map(|_| (setting.payer.address, 1)).collect();
    let many = Site { operator: setting.operator.address, split: nine, pool: None };
    assert_eq!(error(chain.call(&setting.operator, setting.sites.register_site(many))), SiteError::BadTerms);
}

#[contract_test]
fn a_certificate_is_issued_once_anywhere_and_used_up_once(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.hour(chain);
    let first = setting.close(chain).expect("closed");
    setting.hour(chain);
    let second = setting.close(chain).expect("closed");
    let id = Some(Hash([8; 32]));
    let issue = |period, id| setting.sites.issue_certificate(period, id);
    assert!(chain.call(&setting.payer, issue(first, id)).is_err(), "the operator alone");
    assert_eq!(error(chain.call(&setting.operator, issue(9, id))), SiteError::NoPeriod);
    assert_eq!(chain.call(&setting.operator, issue(first, id)), Ok(0));
    assert_eq!(error(chain.call(&setting.operator, issue(first, None))), SiteError::Certified, "G4");
    assert_eq!(error(chain.call(&setting.operator, issue(second, id))), SiteError::Certified, "sold elsewhere");
    assert_eq!(chain.call(&setting.operator, issue(second, None)), Ok(1));
    let found = chain.query(setting.sites.certificate(0)).expect("answered").expect("there");
    // 0.3078 mmBtu at 11 000 grams each.
    assert_eq!((found.grams, found.owner), (3_385, setting.operator.address));
    let (transfer, retire) =
        (setting.sites.transfer_certificate(0, setting.payer.address), setting.sites.retire_certificate(0));
    assert!(chain.call(&setting.payer, transfer.clone()).is_err());
    chain.call(&setting.operator, transfer.clone()).expect("handed over");
    assert!(chain.call(&setting.operator, transfer.clone()).is_err(), "it is another's");
    assert!(chain.call(&setting.operator, retire.clone()).is_err());
    chain.call(&setting.payer, retire.clone()).expect("used up");
    assert_eq!(error(chain.call(&setting.payer, retire)), SiteError::NoCertificate);
    assert_eq!(error(chain.call(&setting.payer, transfer)), SiteError::NoCertificate);
}
