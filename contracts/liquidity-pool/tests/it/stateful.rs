//! Random fillings, takings and swaps: the product never falls by a swap (T4), nothing comes from nowhere (T2), what is quoted is
//! done (T11), and no share is worth less than before.

use crate::setting::Setting;
use counterpart_testing::{Chain, Failure, Random, contract_test, from_environment};
use trading::Kind;

#[contract_test]
fn the_product_of_the_reserves_for_a_share_never_falls(chain: &mut Chain) {
    let setting = Setting::new(chain, 3_000);
    setting.add(chain, 0, 5_000_000, 7_000_000).expect("filled");
    let mut random = Random::from_environment();
    let everybody = |chain: &Chain| {
        let accounts = setting.people.iter().map(|person| person.address).chain([setting.pool.address]);
        accounts.map(|account| setting.held(chain, account)).fold((0, 0), |sum, held| (sum.0 + held.0, sum.1 + held.1))
    };
    let all = everybody(chain);
    let (mut swaps, mut before) = (0, worth(chain, &setting));
    for _ in 0..from_environment("COUNTERPART_STEPS").unwrap_or(250) {
        let who = random.below(3) as usize;
        match random.below(5) {
            0 => _ = setting.add(chain, who, random.sized(1_000_000), random.sized(1_000_000)),
            1 => {
                let have = chain.query(setting.pool.shares_of(setting.people[who].address)).expect("answered");
                _ = setting.remove(chain, who, random.sized(have));
            }
            _ => {
                let sell = *random.pick(&[setting.one(), setting.other()]);
                let amount = random.sized(9_000_000);
                let kind = *random.pick(&[
                    Kind::ExactIn { spend: amount, min_buy: 0 },
                    Kind::ExactOut { buy: amount, max_spend: u128::MAX },
                ]);
                let product = product(chain, &setting);
                let quote = chain.query(setting.pool.quote(sell, kind));
                match setting.swap(chain, who, sell, kind) {
                    Ok(done) => {
                        swaps += 1;
                        assert_eq!(quote, Ok(done));
                        assert!(crate::stateful::product(chain, &setting) >= product, "{kind:?}");
                    }
                    Err(Failure::Error(_) | Failure::NeedlessSignature { .. }) => {}
                    Err(failure) => panic!("{failure:?}"),
                }
            }
        }
        let after = worth(chain, &setting);
        // Compared as fractions: root of the product for a share. Both below 2^126.
        assert!(at_least(after, before), "{before:?} {after:?}");
        before = after;
        assert_eq!(everybody(chain), all);
        assert_eq!(setting.reserves(chain), setting.held(chain, setting.pool.address));
    }
    assert!(swaps > 50, "the run traded: {swaps}");
}

fn product(chain: &Chain, setting: &Setting) -> u128 {
    let (one, other) = setting.reserves(chain);
    one * other
}

/// Product of the reserves, and shares.
fn worth(chain: &Chain, setting: &Setting) -> (u128, u128) {
    (product(chain, setting), chain.query(setting.pool.total_shares()).expect("answered"))
}

/// Whether the root of the product is worth as much for a share as before, within the rounding of the root: exact on squares.
fn at_least(after: (u128, u128), before: (u128, u128)) -> bool {
    use std::cmp::Ordering::Less;
    // product_a / shares_a^2 >= product_b / shares_b^2, in 256 bits.
    let wide = |product: u128, shares: u128| {
        let square = shares * shares;
        let (high, low) = (product >> 64, product & u128::from(u64::MAX));
        let middle = high * (square >> 64);
        let cross = high * (square & u128::from(u64::MAX));
        let other = low * (square >> 64);
        let bottom = low * (square & u128::from(u64::MAX));
        let carry = (cross & u128::from(u64::MAX)) + (other & u128::from(u64::MAX)) + (bottom >> 64);
        (middle + (cross >> 64) + (other >> 64) + (carry >> 64), (carry << 64) | (bottom & u128::from(u64::MAX)))
    };
    wide(after.0, before.1).cmp(&wide(before.0, after.1)) != Less
}
