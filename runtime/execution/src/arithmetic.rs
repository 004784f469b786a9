//! Host functions on wide integers.

use crate::memory::Memory;
use crate::work::answer;
use counterpart_host_functions::{HostError, HostFunction, Stop, TrapCode, rounding};
use ruint::aliases::{U256, U512};

pub(crate) fn call(function: HostFunction, a: &[u64], memory: &mut Memory<'_>) -> Result<i64, Stop> {
    use HostFunction::{mul_div, u256_add, u256_mul_div, u256_sub};
    let result = match function {
        mul_div => {
            let (x, y, divisor) = (memory.u128(a[0])?, memory.u128(a[1])?, memory.u128(a[2])?);
            let wide = mul_div_wide(x.into_wide(), y.into_wide(), divisor.into_wide(), a[3])?;
            let narrow = wide.and_then(|value| u128::try_from(value).ok());
            return match narrow {
                Some(value) => memory.write(a[4], &value.to_le_bytes()).map(|()| 0),
                None => Ok(answer(HostError::Arithmetic)),
            };
        }
        u256_mul_div => {
            let (x, y, divisor) = (u256(memory, a[0])?, u256(memory, a[1])?, u256(memory, a[2])?);
            (mul_div_wide(x, y, divisor, a[3])?, a[4])
        }
        _ => {
            let (x, y) = (u256(memory, a[0])?, u256(memory, a[1])?);
            let value = match function {
                u256_add => x.checked_add(y),
                u256_sub => x.checked_sub(y),
                _ => x.checked_mul(y),
            };
            (value, a[2])
        }
    };
    match result {
        (Some(value), out) => memory.write(out, &value.to_le_bytes::<32>()).map(|()| 0),
        (None, _) => Ok(answer(HostError::Arithmetic)),
    }
}

trait IntoWide {
    fn into_wide(self) -> U256;
}

impl IntoWide for u128 {
    fn into_wide(self) -> U256 {
        U256::from(self)
    }
}

fn u256(memory: &Memory<'_>, pointer: u64) -> Result<U256, Stop> {
    Ok(U256::from_le_bytes(memory.array::<32>(pointer)?))
}

/// `x * y / divisor`, with the whole product; `None` when it does not fit or the divisor is zero.
fn mul_div_wide(x: U256, y: U256, divisor: U256, mode: u64) -> Result<Option<U256>, Stop> {
    let up = match mode as u32 {
        rounding::FLOOR => false,
        rounding::CEIL => true,
        _ => return Err(Stop::Trap(TrapCode::BadArgument)),
    };
    if divisor.is_zero() {
        return Ok(None);
    }
    let product: U512 = x.widening_mul(y);
    let (quotient, remainder) = product.div_rem(U512::from(divisor));
    let quotient = if up && !remainder.is_zero() { quotient + U512::from(1u8) } else { quotient };
    let limbs = quotient.as_limbs();
    if limbs[4..].iter().any(|limb| *limb != 0) {
        return Ok(None);
    }
    Ok(Some(U256::from_limbs([limbs[0], limbs[1], limbs[2], limbs[3]])))
}
