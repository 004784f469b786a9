//! Random shares, rewards and claims against books kept beside: G6 and G7 of the suite.

use crate::setting::{EVERY_MS, PLENTY, SITE, Setting};
use compute_pool::{Payout, Share};
use counterpart_testing::{Chain, Random, contract_test, from_environment};
use std::collections::BTreeSet;

fn play(chain: &mut Chain, payout: Payout) {
    let setting = Setting::new(chain, payout);
    let mut random = Random::from_environment();
    let mut seen: BTreeSet<(u64, u64, u32)> = BTreeSet::new();
    let (mut credits, mut paid_in, mut taken, mut extra) = ([0_u128; 3], 0, 0, 0);
    for _ in 0..from_environment("COUNTERPART_STEPS").unwrap_or(60) {
        match random.below(8) {
            0..=4 => {
                let unit = random.below(3);
                extra += 1;
                let share = setting.found(chain, 0, unit, extra);
                // Somebody claims it as its own, with a difficulty that it has not.
                let changed = match random.below(6) {
                    0 => Share { unit: (unit + 1) % 3, ..share },
                    1 => Share { difficulty: share.difficulty * 2, ..share },
                    2 => Share { nonce: share.nonce ^ 1, ..share },
                    _ => share,
                };
                let done = setting.submit(chain, changed).is_ok();
                assert!(done || changed != share, "a good share counts");
                if done {
                    assert!(seen.insert((changed.unit, changed.extra, changed.nonce)), "G6");
                    credits[changed.unit as usize] += u128::from(changed.difficulty);
                    assert!(setting.submit(chain, changed).is_err(), "G6: once");
                }
            }
            5 => chain.advance_ms(random.below(20 * EVERY_MS)),
            6 => {
                let units = u128::from(random.below(1_000));
                let pay = match payout {
                    Payout::PerShare { .. } => setting.pool.put_fund(setting.payer.address, units),
                    Payout::LastShares { .. } => setting.pool.reward(setting.payer.address, units),
                };
                if chain.call_consenting(&setting.payer, pay).is_ok() {
                    paid_in += units;
                }
            }
            _ => {
                let owner = random.pick(&setting.owners);
                taken += chain.call(owner, setting.pool.claim(owner.address)).expect("taken out");
            }
        }
    }
    for (unit, credit) in credits.into_iter().enumerate() {
        assert_eq!(setting.unit(chain, unit as u64).credit, credit, "G7");
    }
    let all: u128 = credits.iter().sum();
    assert_eq!(chain.query(setting.pool.hashes_of(SITE)), Ok(all << 16), "G7");
    let claims: u128 = setting.owners.iter().map(|owner| setting.claim_of(chain, owner)).sum();
    let fund = chain.query(setting.pool.fund()).expect("answered");
    assert_eq!(claims + fund + taken, paid_in, "to the unit");
    assert_eq!(setting.held(chain, setting.pool.address), claims + fund);
    assert_eq!(setting.held(chain, setting.payer.address), PLENTY - paid_in);
}

#[contract_test]
fn every_share_counts_once_and_units_are_where_they_belong(chain: &mut Chain) {
    play(chain, Payout::PerShare { units: 7 });
}

#[contract_test]
fn rewards_are_split_to_the_unit(chain: &mut Chain) {
    play(chain, Payout::LastShares { window: 6 });
}
