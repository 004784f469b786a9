//! The curve: the product of both reserves never falls, and every rounding is for the pool.

use crate::types::PoolError;
use counterpart_sdk::{env, rounding};
use trading::fee::MILLION;

/// Reserves never exceed this, so that a million times as much fits in 128 bits.
pub const MAX_RESERVE: u128 = 1 << 104;

/// What comes out for what goes in: `in * f * out_reserve / (in_reserve + in * f)`, f being one less the fee; rounded down.
///
/// # Errors
/// [`PoolError::Empty`], [`PoolError::TooMuch`].
pub fn out_for(spend: u128, from: u128, to: u128, fee_ppm: u32) -> Result<u128, PoolError> {
    if from == 0 || to == 0 {
        return Err(PoolError::Empty);
    }
    if from.checked_add(spend).is_none_or(|sum| sum > MAX_RESERVE) {
        return Err(PoolError::TooMuch);
    }
    // Below 2^104 * 2^20: nothing overflows.
    let charged = spend * u128::from(MILLION - fee_ppm);
    let whole = from * u128::from(MILLION) + charged;
    env::mul_div(charged, to, whole, rounding::FLOOR).ok_or(PoolError::TooMuch)
}

/// What has to go in for what comes out: the least whose [`out_for`] is as much.
///
/// # Errors
/// [`PoolError::Empty`], [`PoolError::TooMuch`].
pub fn in_for(buy: u128, from: u128, to: u128, fee_ppm: u32) -> Result<u128, PoolError> {
    if from == 0 || to == 0 {
        return Err(PoolError::Empty);
    }
    let rest = to.checked_sub(buy).filter(|rest| *rest > 0).ok_or(PoolError::TooMuch)?;
    let whole = from * u128::from(MILLION);
    let below = rest * u128::from(MILLION - fee_ppm);
    let spend = env::mul_div(whole, buy, below, rounding::CEIL).ok_or(PoolError::TooMuch)?;
    if from.checked_add(spend).is_none_or(|sum| sum > MAX_RESERVE) { Err(PoolError::TooMuch) } else { Ok(spend) }
}

/// The whole part of the root of a product; of the roots' product where 128 bits are too few for it.
pub fn root(one: u128, other: u128) -> u128 {
    // Roots are below 2^64.
    one.checked_mul(other).map_or_else(|| one.isqrt() * other.isqrt(), u128::isqrt)
}

/// A price in 2^-64; the highest that can be told if it is higher.
pub fn price(over: u128, under: u128) -> u128 {
    env::mul_div(over, 1 << 64, under, rounding::FLOOR).unwrap_or(u128::MAX)
}
