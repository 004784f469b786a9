//! Random days of a site against books kept beside: G1 to G5 of the suite.

use crate::setting::{CENTRE, GAS, GENERATOR, HOUR_MS, PLENTY, Setting};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Random, contract_test, from_environment};
use energy_site::{Batch, PeriodStatus};

#[contract_test]
fn what_is_counted_was_measured_and_is_counted_once(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let mut random = Random::from_environment();
    let mut measured = [0_u128; 3];
    let mut counted = [0_u128; 3];
    let (mut periods, mut settled, mut certificates, mut paid) = (0, 0, 0, 0);
    for _ in 0..from_environment("COUNTERPART_STEPS").unwrap_or(500) {
        match random.below(10) {
            0..=4 => {
                let device = *random.pick(&[GAS, GENERATOR, CENTRE]);
                chain.advance_ms(random.below(HOUR_MS));
                let most = [400_000, 33_000, 32_000][device as usize];
                let good = setting.next(chain, device, random.below(most));
                // One in four is not what it should be.
                let batch = match random.below(12) {
                    0 => Batch { from: good.from + random.below(2) + 1, ..good },
                    1 => Batch { at_ms: good.at_ms.saturating_sub(random.below(400) * HOUR_MS), ..good },
                    2 => Batch { totaliser: random.below(good.totaliser + 1), ..good },
                    _ => good,
                };
                let before = chain.query(setting.sites.device(device)).expect("answered").expect("there");
                let taken = setting.submit(chain, batch).is_ok();
                if taken {
                    assert_eq!(batch.from, before.next, "G1");
                    assert!(batch.totaliser >= before.totaliser, "G2");
                    measured[device as usize] += u128::from(batch.totaliser - before.totaliser);
                }
            }
            5 | 6 => {
                if let Ok(period) = setting.close(chain) {
                    let found = chain.query(setting.sites.period(period)).expect("answered").expect("there");
                    assert!(found.generated_wh * 3_412 / 1_000 <= found.btu, "G3");
                    assert!(found.used_wh <= found.generated_wh * 102 / 100, "G3");
                    for (at, amount) in [found.actual, found.generated_wh, found.used_wh].into_iter().enumerate() {
                        counted[at] += amount;
                    }
                    periods += 1;
                }
            }
            7 if periods > 0 => {
                let (period, revenue) = (random.below(periods), u128::from(random.below(500)));
                let before = chain.query(setting.sites.period(period)).expect("answered").expect("there").status;
                let settle = setting.sites.settle_period(period, setting.payer.address, revenue);
                let done = chain.call_consenting(&setting.payer, settle).is_ok();
                assert_eq!(done, before == PeriodStatus::Closed, "G4");
                if done {
                    settled += 1;
                    paid += revenue;
                }
            }
            8 if periods > 0 => {
                let period = random.below(periods);
                let before = chain.query(setting.sites.period(period)).expect("answered").expect("there");
                let outside = random.one_in(2).then(|| Hash([random.below(4) as u8; 32]));
                if chain.call(&setting.operator, setting.sites.issue_certificate(period, outside)).is_ok() {
                    assert_eq!(before.certificate, None, "G4");
                    certificates += 1;
                }
            }
            _ if periods > 0 => {
                let inspect = setting.sites.inspect(setting.inspector.address, random.below(periods), random.one_in(2));
                let _ = chain.call(&setting.inspector, inspect);
            }
            _ => {}
        }
    }
    // What is left over is what no period has counted.
    for (at, device) in [GAS, GENERATOR, CENTRE].into_iter().enumerate() {
        let found = chain.query(setting.sites.device(device)).expect("answered").expect("there");
        assert_eq!((found.total, found.counted), (measured[at], counted[at]), "G4");
    }
    let held: u128 = setting.owners.iter().map(|owner| setting.held(chain, owner.address)).sum();
    assert_eq!(held, paid, "G5");
    assert_eq!(setting.held(chain, setting.payer.address), PLENTY - paid, "G5");
    assert!(periods > 5 && settled > 0 && certificates > 0, "{periods} periods, {settled}, {certificates}");
}
