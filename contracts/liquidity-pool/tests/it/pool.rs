//! Who gets what of the pool, and who cannot take it apart.

use crate::setting::{Setting, error, exact_in};
use counterpart_sdk::Address;
use counterpart_testing::{Chain, Subject, contract_test};
use liquidity_pool::{LOCKED_SHARES, LiquidityPoolRef, PoolError, Terms, native_liquiditypool};
use trading::{Asset, AssetError, Kind, Quote};

#[contract_test]
fn bounds_and_deadlines_hold(chain: &mut Chain) {
    let setting = Setting::new(chain, 3_000);
    assert_eq!(error(setting.swap_alone(chain, exact_in(5))), PoolError::Empty);
    setting.add(chain, 0, 1_000_000, 2_000_000).expect("filled");
    let little = Kind::ExactIn { spend: 1_000, min_buy: 1_993 };
    // 1000 * 0.997 * 2000000 / (1000000 + 997) = 1992.01..
    assert_eq!(error(setting.swap_alone(chain, little)), PoolError::Limit { spent: 1_000, bought: 1_992 });
    let dear = Kind::ExactOut { buy: 1_992, max_spend: 999 };
    assert_eq!(error(setting.swap_alone(chain, dear)), PoolError::Limit { spent: 1_000, bought: 1_992 });
    let all = Kind::ExactOut { buy: 2_000_000, max_spend: u128::MAX };
    assert_eq!(error(setting.swap_alone(chain, all)), PoolError::TooMuch);
    assert_eq!(error(setting.swap_alone(chain, exact_in(u128::MAX))), PoolError::TooMuch);
    assert_eq!(error(setting.swap_alone(chain, exact_in(0))), PoolError::Limit { spent: 0, bought: 0 });
    let alice = setting.people[0].clone();
    let stranger = Asset::Token(Address([7; 32]));
    assert_eq!(
        error(chain.call(&alice, setting.pool.swap(stranger, exact_in(5), alice.address))),
        PoolError::WrongAsset
    );
    let late = chain.time_ms() - 1;
    assert_eq!(error(chain.call(&alice, setting.pool.add(alice.address, 5, 5, 1, late))), PoolError::Late);
    assert_eq!(error(chain.call(&alice, setting.pool.remove(alice.address, 5, 0, 0, late))), PoolError::Late);
    let many = setting.pool.remove(alice.address, 1_000, 0, 2_000, u64::MAX);
    assert_eq!(error(chain.call(&alice, many)), PoolError::TooFew { have: 1_414, want: 2_000 });
    let few = setting.pool.add(alice.address, 1_000, 2_000, 1_415, u64::MAX);
    assert_eq!(error(chain.call(&alice, few)), PoolError::TooFew { have: 1_414, want: 1_415 });
    // Without the consent of who swaps, the token refuses.
    assert!(matches!(
        error(setting.swap_alone(chain, exact_in(500))),
        PoolError::Asset { error: AssetError::Refused { .. } }
    ));
}

impl Setting {
    /// A swap that nobody consents to beside its sender's call.
    fn swap_alone(&self, chain: &mut Chain, kind: Kind) -> Result<Quote, counterpart_testing::Failure<PoolError>> {
        let alice = &self.people[0];
        chain.call(alice, self.pool.swap(self.one(), kind, alice.address))
    }
}

#[contract_test]
fn shares_get_their_part_of_fees_and_of_gifts(chain: &mut Chain) {
    let setting = Setting::new(chain, 3_000);
    setting.add(chain, 0, 1_000_000, 1_000_000).expect("filled");
    let shares = setting.add(chain, 1, 500_000, 900_000).expect("in proportion");
    assert_eq!((shares, setting.reserves(chain)), (500_000, (1_500_000, 1_500_000)));
    let before = setting.held(chain, setting.people[1].address);
    for _ in 0..10 {
        let bought = setting.swap(chain, 2, setting.one(), exact_in(100_000)).expect("swapped").bought;
        setting.swap(chain, 2, setting.other(), exact_in(bought)).expect("and back");
    }
    let units = setting.remove(chain, 1, shares).expect("taken out");
    assert!(units.0 > 500_000 && units.1 >= 500_000, "fees are theirs: {units:?}");
    let after = setting.held(chain, setting.people[1].address);
    assert_eq!((after.0 - before.0, after.1 - before.1), units);
    // A gift counts once it is looked at.
    let carol = setting.people[2].clone();
    let reserves = setting.reserves(chain);
    chain.call(&carol, setting.apples.transfer(carol.address, setting.pool.address, 777)).expect("given");
    assert_eq!(setting.reserves(chain), reserves);
    chain.call(&carol, setting.pool.sync()).expect("anybody");
    assert_eq!(setting.reserves(chain), (reserves.0 + 777, reserves.1));
    assert_eq!(error(setting.remove(chain, 1, 1)), PoolError::TooFewShares { have: 0, want: 1 });
    assert_eq!(error(setting.remove(chain, 0, 0)), PoolError::TooFewShares { have: 999_000, want: 0 });
    let alice = setting.people[0].clone();
    chain.call(&alice, setting.pool.transfer(alice.address, carol.address, 9_000)).expect("moved");
    assert_eq!(chain.query(setting.pool.shares_of(carol.address)), Ok(9_000));
    assert_eq!(chain.query(setting.pool.shares_of(alice.address)), Ok(990_000));
    assert!(chain.call(&carol, setting.pool.transfer(alice.address, carol.address, 1)).is_err());
}

#[contract_test]
fn who_fills_first_cannot_make_a_share_worth_a_fortune(chain: &mut Chain) {
    let setting = Setting::new(chain, 3_000);
    setting.add(chain, 0, 1_001, 1_001).expect("the least");
    let alice = setting.people[0].clone();
    // A million of each given away, so that a share costs about a thousand of each.
    for token in [&setting.apples, &setting.pears] {
        chain.call(&alice, token.transfer(alice.address, setting.pool.address, 1_000_000)).expect("given");
    }
    chain.call(&alice, setting.pool.sync()).expect("synced");
    let shares = setting.add(chain, 1, 10_000, 10_000).expect("filled");
    let (one, _) = setting.remove(chain, 1, shares).expect("taken out");
    assert!(10_000 - one <= 1_100, "rounding takes less than a share: {one}");
    let (gain, _) = setting.remove(chain, 0, 1).expect("taken out");
    assert!(gain < 1_100, "what was given away belongs to the locked shares: {gain}");
    assert_eq!(chain.query(setting.pool.total_shares()), Ok(LOCKED_SHARES));
}

#[contract_test]
fn the_mean_price_is_kept_over_time(chain: &mut Chain) {
    let setting = Setting::new(chain, 3_000);
    setting.add(chain, 0, 1_000_000, 3_000_000).expect("filled");
    let first = chain.query(setting.pool.reserves()).expect("answered");
    chain.advance_ms(10_000);
    setting.swap(chain, 1, setting.one(), exact_in(500_000)).expect("swapped");
    let second = chain.query(setting.pool.reserves()).expect("answered");
    let passed = u128::from(second.time_ms - first.time_ms);
    // Three pears for an apple in all that time, whatever the swap did at its end.
    assert_eq!((second.one_price_sum - first.one_price_sum) / passed, 3 << 64);
    assert_eq!((second.other_price_sum - first.other_price_sum) / passed, (1_u128 << 64) / 3);
}

#[contract_test]
fn a_pool_that_makes_no_sense_is_not_made(chain: &mut Chain) {
    let alice = chain.account("alice");
    let subject = Subject::new("liquidity-pool", native_liquiditypool());
    let (one, other) = (Asset::Token(Address([1; 32])), Asset::Token(Address([2; 32])));
    for terms in [
        Terms { one, other: one, fee_ppm: 0 },
        Terms { one, other: Asset::Currency(one.contract()), fee_ppm: 0 },
        Terms { one, other, fee_ppm: 100_001 },
    ] {
        chain.deploy(&alice, &subject, LiquidityPoolRef::new(terms)).expect_err("not made");
    }
}
