//! Amounts that decay, against big rationals that are taken down epoch by epoch.
//!
//! COUNTERPART_RUNS sets the number of random cases; 300 without it.

use counterpart_contracts::recovery::{Held, MAX_UNITS, RATE_ONE, Tier, Tiers, TiersError};
use counterpart_testing::{Random, from_environment};
use num_bigint::BigInt;
use num_rational::BigRational;

fn random_tiers(random: &mut Random) -> Vec<Tier> {
    let mut bounds: Vec<u128> = (0..random.below(5)).map(|_| random.sized(MAX_UNITS)).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let mut rates: Vec<u32> = bounds.iter().map(|_| random.sized(RATE_ONE.into()) as u32).collect();
    rates.sort_unstable();
    bounds.into_iter().zip(rates).map(|(above, rate)| Tier { above, rate }).collect()
}

fn ratio(number: impl Into<BigInt>, of: impl Into<BigInt>) -> BigRational {
    BigRational::new(number.into(), of.into())
}

fn exact(held: Held) -> BigRational {
    ratio(held.parts, 1_u128 << 32)
}

/// One epoch as the policy states it.
fn epoch(tiers: &[Tier], amount: &BigRational) -> BigRational {
    let mut left = amount.clone();
    for (index, tier) in tiers.iter().enumerate() {
        let bound = ratio(tier.above, 1);
        let top = tiers.get(index + 1).map_or(amount.clone(), |next| ratio(next.above, 1).min(amount.clone()));
        if top > bound {
            left -= (top - bound) * ratio(tier.rate, RATE_ONE);
        }
    }
    left
}

/// How far rounding may lead below the exact amount.
fn allowed(epochs: u64) -> BigRational {
    ratio(epochs, 1_u64 << 29)
}

fn check(tiers: &[Tier], start: Held, epochs: u64) {
    let policy = Tiers::new(tiers).expect("tiers");
    let at_once = policy.after(start, epochs);
    let (mut oracle, mut step_by_step) = (exact(start), start);
    for _ in 0..epochs {
        oracle = epoch(tiers, &oracle);
        step_by_step = policy.after(step_by_step, 1);
    }
    for (way, got) in [("at once", at_once), ("step by step", step_by_step)] {
        let short = &oracle - exact(got);
        let never_more = short >= ratio(0, 1);
        assert!(never_more && short <= allowed(epochs), "{way}: {short} short of {tiers:?} {start:?} {epochs}");
    }
}

#[test]
fn what_is_left_is_what_the_policy_says_at_once_and_step_by_step() {
    let mut random = Random::from_environment();
    for _ in 0..from_environment("COUNTERPART_RUNS").unwrap_or(300) {
        let tiers = random_tiers(&mut random);
        let start = Held::from_units(random.sized(MAX_UNITS)).expect("small enough");
        check(&tiers, start, random.below(25));
    }
    // Both ends: nothing, everything, the largest amount, and bounds that are met exactly.
    let all = Held::from_units(MAX_UNITS).expect("small enough");
    let ten = Held::from_units(10).expect("small enough");
    for rate in [0, 1, RATE_ONE / 2, RATE_ONE - 1, RATE_ONE] {
        for start in [Held::default(), Held { parts: 1 }, ten, all] {
            for above in [0, 9, 10, 11, MAX_UNITS] {
                check(&[Tier { above, rate }], start, 3);
            }
        }
    }
}

#[test]
fn splitting_an_amount_saves_less_than_a_unit_of_each_part() {
    let policy = Tiers::new(&[Tier { above: 0, rate: 70_000_000 }]).expect("tiers");
    for (units, parts, epochs) in
        [(1_000_u128, 1_000_u128, 1), (1_000, 1_000, 12), (1_000_000, 1_000, 24), (999, 27, 3)]
    {
        let recovered =
            |units: u128| units - policy.after(Held::from_units(units).expect("small"), epochs).units_begun();
        let (whole, split) = (recovered(units), parts * recovered(units / parts));
        assert!(split + parts > whole, "{split} of {parts} parts, {whole} of the whole");
        // And what may be spent of a part that has begun to decay is less than it was.
        let part = policy.after(Held::from_units(units / parts).expect("small"), epochs);
        assert!(part.units() < units / parts);
    }
}

#[test]
fn any_number_of_epochs_is_taken_at_once_and_ends_at_the_lowest_bound() {
    let tiers = [Tier { above: 100, rate: 1_000_000 }, Tier { above: 1_000, rate: 20_000_000 }];
    let policy = Tiers::new(&tiers).expect("tiers");
    let start = Held::from_units(1_000_000).expect("small enough");
    let left = policy.after(start, u64::MAX);
    assert_eq!(left.units_begun(), 100);
    // More epochs than the oracle can take: at once and one by one differ by rounding.
    let mut one_by_one = start;
    for epochs in 1..=3_000 {
        one_by_one = policy.after(one_by_one, 1);
        let apart = exact(policy.after(start, epochs)) - exact(one_by_one);
        assert!(apart <= allowed(epochs) && -apart <= allowed(epochs), "after {epochs} epochs");
    }
    assert_eq!(policy.after(left, u64::MAX), left);
    let none = Tiers::new(&[]).expect("tiers");
    assert_eq!(none.after(start, u64::MAX), start);
}

#[test]
fn tiers_are_refused_with_the_rule_that_they_break() {
    let tier = |above: u128, rate: u32| Tier { above, rate };
    let refused = |tiers: &[Tier]| Tiers::new(tiers).expect_err("refused");
    let five: Vec<Tier> = (0..5).map(|above| tier(above, 1)).collect();
    assert_eq!(refused(&five), TiersError::TooMany);
    assert!(Tiers::new(&five[..4]).is_ok());
    assert_eq!(refused(&[tier(5, 1), tier(4, 1)]), TiersError::Bounds);
    assert_eq!(refused(&[tier(5, 1), tier(5, 1)]), TiersError::Bounds);
    assert_eq!(refused(&[tier(MAX_UNITS + 1, 1)]), TiersError::Bounds);
    assert_eq!(refused(&[tier(0, 2), tier(1, 1)]), TiersError::Rates);
    assert_eq!(refused(&[tier(0, RATE_ONE + 1)]), TiersError::Rates);
    assert!(Tiers::new(&[tier(0, RATE_ONE), tier(MAX_UNITS, RATE_ONE)]).is_ok());
    assert_eq!(Held::from_units(MAX_UNITS + 1), None);
}
