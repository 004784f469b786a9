//! What rates leave of an amount.

use alloc::vec::Vec;
use counterpart_sdk::ContractError;
use counterpart_sdk::prelude::Abi;

/// Parts that a rate counts in.
pub const RATE_ONE: u32 = 1_000_000_000;
/// Tiers of one policy, at most.
pub const MAX_TIERS: usize = 4;
/// Bits after the point of [`Held`].
const FRACTION: u32 = 32;
/// Units of one amount, at most: products with a factor stay within 256 bits, sums within 128.
pub const MAX_UNITS: u128 = 1 << 94;
/// Bits after the point of a factor.
const FACTOR: u32 = 127;

/// An amount, in 2^-32 units.
#[derive(Abi, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Held {
    /// How many 2^-32 units.
    pub parts: u128,
}

impl Held {
    /// So many units; `None` above [`MAX_UNITS`].
    pub fn from_units(units: u128) -> Option<Self> {
        (units <= MAX_UNITS).then_some(Self { parts: units << FRACTION })
    }

    /// Whole units, which can be spent.
    pub fn units(self) -> u128 {
        self.parts >> FRACTION
    }

    /// Whole units and the one that has begun: what has not been recovered yet.
    pub fn units_begun(self) -> u128 {
        self.parts.div_ceil(1 << FRACTION)
    }
}

/// What is recovered each epoch of the part of an amount above a bound, up to the next tier's.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tier {
    /// The bound, in units.
    pub above: u128,
    /// How much, in parts of 10^9.
    pub rate: u32,
}

/// Why tiers are none.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum TiersError {
    /// More than four.
    TooMany,
    /// A bound that is not above the one before, or more than an amount can have.
    Bounds,
    /// A rate that is below the one before, or more than everything. Rates that rise keep every number within its bits.
    Rates,
}

/// Tiers in ascending order. None recover nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tiers<'a> {
    tiers: &'a [Tier],
}

impl<'a> Tiers<'a> {
    /// Checks tiers.
    ///
    /// # Errors
    /// [`TiersError`], the first that applies.
    pub fn new(tiers: &'a [Tier]) -> Result<Self, TiersError> {
        if tiers.len() > MAX_TIERS {
            return Err(TiersError::TooMany);
        }
        let any_pair = |wrong: fn(&Tier, &Tier) -> bool| tiers.windows(2).any(|pair| wrong(&pair[0], &pair[1]));
        if any_pair(|one, next| next.above <= one.above) || tiers.iter().any(|tier| tier.above > MAX_UNITS) {
            return Err(TiersError::Bounds);
        }
        if any_pair(|one, next| next.rate < one.rate) || tiers.iter().any(|tier| tier.rate > RATE_ONE) {
            return Err(TiersError::Rates);
        }
        Ok(Self { tiers })
    }

    /// Tiers that were checked before.
    pub(super) fn checked(tiers: &'a [Tier]) -> Self {
        Self { tiers }
    }

    /// What is left of an amount after so many epochs. Rounding takes at most 2^-29 units for each epoch.
    ///
    /// # Panics
    /// When the amount is above [`MAX_UNITS`].
    pub fn after(self, mut held: Held, mut epochs: u64) -> Held {
        assert!(held.parts <= MAX_UNITS << FRACTION, "{} parts are more than an amount can have", held.parts);
        while epochs > 0 {
            let Some(index) = self.tiers.iter().rposition(|tier| held.parts > tier.above << FRACTION) else { break };
            let passed;
            (held, passed) = self.within(index, held, epochs);
            epochs -= passed;
            // One epoch may lead into a tier below: it is taken by itself.
            if epochs > 0 {
                held = self.after_one(held);
                epochs -= 1;
            }
        }
        held
    }

    /// What is left after one epoch.
    fn after_one(self, held: Held) -> Held {
        let mut taken = 0;
        for (index, tier) in self.tiers.iter().enumerate() {
            let bound = tier.above << FRACTION;
            let next = self.tiers.get(index + 1).map_or(u128::MAX, |next| next.above << FRACTION);
            taken += part_of(held.parts.min(next).saturating_sub(bound), tier.rate, RATE_ONE, true);
        }
        Held { parts: held.parts.saturating_sub(taken) }
    }

    /// What is left after as many epochs, of at most so many, as leave the amount above the bound of its tier; and how many.
    fn within(self, index: usize, held: Held, epochs: u64) -> (Held, u64) {
        let (tier, drain) = (self.tiers[index], self.drain_in_rates(index));
        if tier.rate == 0 {
            return (held, epochs);
        }
        let bound = tier.above << FRACTION;
        // Factors of 1, 2, 4, .. epochs, as far as they are needed.
        let mut factors = Vec::new();
        let mut factor = part_of(1 << FACTOR, RATE_ONE - tier.rate, RATE_ONE, false);
        for _ in 0..u64::BITS - epochs.leading_zeros() {
            factors.push(factor);
            factor = times_factor(factor, factor);
        }
        // u + drain / rate shrinks by the same factor each epoch, and the amount is above the bound while it exceeds the drain.
        let (mut whole, mut passed) = (held.parts - bound + drain, 0);
        for (bit, factor) in factors.into_iter().enumerate().rev() {
            let left = times_factor(whole, factor);
            if epochs - passed >= 1 << bit && left > drain {
                whole = left;
                passed += 1 << bit;
            }
        }
        (Held { parts: bound + whole - drain }, passed)
    }

    /// What the tiers below take each epoch, divided by the tier's own rate.
    fn drain_in_rates(self, index: usize) -> u128 {
        let own = self.tiers[index].rate;
        let below = self.tiers[..=index].windows(2);
        below.map(|pair| part_of((pair[1].above - pair[0].above) << FRACTION, pair[0].rate, own, true)).sum()
    }
}

/// Tiers, with a rate that is taken of what they leave. Each rate is rounded down to a part of 10^9.
pub(super) fn and_then(tiers: &[Tier], rate: u32) -> Vec<Tier> {
    let mut both = Vec::with_capacity(tiers.len() + 1);
    if tiers.first().is_none_or(|tier| tier.above > 0) {
        both.push(Tier { above: 0, rate });
    }
    for tier in tiers {
        let rest = u64::from(RATE_ONE - rate) * u64::from(tier.rate) / u64::from(RATE_ONE);
        both.push(Tier { above: tier.above, rate: rate + rest as u32 });
    }
    both
}

/// `amount * rate / of` where the rate is at most `of`, rounded down or up; nothing of nothing.
fn part_of(amount: u128, rate: u32, of: u32, up: bool) -> u128 {
    if rate == 0 {
        return 0;
    }
    // Digit by digit: a division of 128 bits by 128 is a kilobyte of Wasm.
    let (mut quotient, mut rest) = (0_u128, 0_u64);
    for shift in [96, 64, 32, 0] {
        let digits = rest << 32 | u64::from((amount >> shift) as u32);
        quotient = quotient << 32 | u128::from(digits / u64::from(of));
        rest = digits % u64::from(of);
    }
    let rest = rest * u64::from(rate);
    let rest = if up { rest.div_ceil(of.into()) } else { rest / u64::from(of) };
    quotient * u128::from(rate) + u128::from(rest)
}

/// `value * factor`, rounded down, with the whole product of 256 bits. Both are at most 2^127.
fn times_factor(value: u128, factor: u128) -> u128 {
    const LOW: u128 = u64::MAX as u128;
    let (value_high, value_low) = (value >> 64, value & LOW);
    let (factor_high, factor_low) = (factor >> 64, factor & LOW);
    let low = value_low * factor_low;
    let middle_one = value_high * factor_low + (low >> 64);
    let middle_two = value_low * factor_high + (middle_one & LOW);
    let high = value_high * factor_high + (middle_one >> 64) + (middle_two >> 64);
    let low = (middle_two << 64) | (low & LOW);
    (high << 1) | (low >> FACTOR)
}
