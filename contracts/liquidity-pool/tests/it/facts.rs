//! Figures that the tests of Uniswap v2 publish (`UniswapV2Pair.spec.ts` of v2-core, `swapTestCases` and
//! `optimisticTestCases`), in units of 10^18: reserves, input, and the output that is just allowed.

use crate::setting::{Setting, error, exact_in};
use counterpart_testing::{Chain, contract_test};
use liquidity_pool::PoolError;
use trading::{Kind, Quote};

#[contract_test]
fn outputs_are_those_of_the_published_cases(chain: &mut Chain) {
    // Swap amount, reserve of the one, reserve of the other, expected output.
    const CASES: [(u128, u128, u128, u128); 7] = [
        (1, 5, 10, 1_662_497_915_624_478_906),
        (1, 10, 5, 453_305_446_940_074_565),
        (2, 5, 10, 2_851_015_155_847_869_602),
        (2, 10, 5, 831_248_957_812_239_453),
        (1, 10, 10, 906_610_893_880_149_131),
        (1, 100, 100, 987_158_034_397_061_298),
        (1, 1_000, 1_000, 996_006_981_039_903_216),
    ];
    for (spend, one, other, bought) in CASES {
        let unit = 10_u128.pow(18);
        let setting = Setting::new(chain, 3_000);
        setting.add(chain, 0, one * unit, other * unit).expect("filled");
        let quote = chain.query(setting.pool.quote(setting.one(), exact_in(spend * unit)));
        assert_eq!(quote, Ok(Quote { spent: spend * unit, bought }), "{spend} into {one} and {other}");
        // The least that brings as much is no more than that.
        let back = Kind::ExactOut { buy: bought, max_spend: u128::MAX };
        let least = chain.query(setting.pool.quote(setting.one(), back)).expect("quoted").spent;
        assert!(least <= spend * unit);
        let less = chain.query(setting.pool.quote(setting.one(), exact_in(least - 1))).expect("quoted").bought;
        assert!(less < bought, "one unit less brings less");
    }
}

#[contract_test]
fn first_shares_are_the_root_of_the_product(chain: &mut Chain) {
    // `mint` of the suite: 1 and 4 units of 10^18 make 2 of 10^18 shares, 1000 of which are locked.
    let setting = Setting::new(chain, 3_000);
    let unit = 10_u128.pow(18);
    assert_eq!(setting.add(chain, 0, unit, 4 * unit), Ok(2 * unit - 1_000));
    assert_eq!(chain.query(setting.pool.total_shares()), Ok(2 * unit));
    let setting = Setting::new(chain, 3_000);
    assert_eq!(error(setting.add(chain, 0, 1_000, 1_000)), PoolError::TooLittleToBegin);
    assert_eq!(setting.add(chain, 0, 1_001, 1_001), Ok(1));
}
