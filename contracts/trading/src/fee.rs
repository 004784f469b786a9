//! Parts of a million of an amount.

use counterpart_sdk::{env, rounding};

/// The whole, in parts.
pub const MILLION: u32 = 1_000_000;

/// A part of an amount, rounded up: whoever pays it never pays less. `None` if the parts are more than a million.
pub fn up(amount: u128, ppm: u32) -> Option<u128> {
    part(amount, ppm, rounding::CEIL)
}

/// A part of an amount, rounded down: whoever is paid it never gets more. `None` if the parts are more than a million.
pub fn down(amount: u128, ppm: u32) -> Option<u128> {
    part(amount, ppm, rounding::FLOOR)
}

fn part(amount: u128, ppm: u32, mode: u32) -> Option<u128> {
    if ppm > MILLION {
        return None;
    }
    env::mul_div(amount, u128::from(ppm), u128::from(MILLION), mode)
}
