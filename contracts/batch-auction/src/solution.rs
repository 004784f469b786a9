//! What a solution is worth: everything is counted again here, nothing that a solver says is believed.

use crate::types::{AuctionError, BatchOrder, Fill, Price, Solution, Terms};
use counterpart_sdk::prelude::*;
use counterpart_sdk::rounding;

/// Fills in a solution, at most.
pub const MAX_FILLS: usize = 64;

/// What a solution does, order by order.
pub struct Checked {
    /// Order's number, order, fill and units bought.
    pub fills: Vec<(BatchOrder, Fill, u128)>,
    /// What orders get beyond their limits, in units of the quote.
    pub surplus: u128,
    /// Units that rounding leaves over: of the base and of the quote.
    pub dust: (u128, u128),
}

fn part(units: u128, of: u128, whole: u128, mode: u32) -> Result<u128, AuctionError> {
    env::mul_div(units, of, whole, mode).ok_or(AuctionError::Overflow)
}

impl Price {
    fn buy(&self, order: &BatchOrder, units: u128) -> Result<u128, AuctionError> {
        match order.sells_base {
            true => part(units, self.quote, self.base, rounding::FLOOR),
            false => part(units, self.base, self.quote, rounding::FLOOR),
        }
    }
}

impl Solution {
    /// Checks a solution against orders as they are now.
    ///
    /// # Errors
    /// [`AuctionError`] for the first rule that it breaks.
    pub fn check(&self, terms: &Terms, eligible: impl Fn(u64) -> Option<BatchOrder>) -> Result<Checked, AuctionError> {
        let ordered = self.fills.is_sorted_by(|one, other| one.order < other.order);
        let sized = !self.fills.is_empty() && self.fills.len() <= MAX_FILLS;
        if !ordered || !sized || self.price.quote == 0 || self.price.base == 0 {
            return Err(AuctionError::BadSolution);
        }
        let mut fills = Vec::with_capacity(self.fills.len());
        let (mut surplus, mut base, mut quote) = (0_u128, (0_u128, 0_u128), (0_u128, 0_u128));
        let add = |sum: &mut u128, units: u128| {
            *sum = sum.checked_add(units).ok_or(AuctionError::Overflow)?;
            Ok::<(), AuctionError>(())
        };
        for fill in &self.fills {
            let Fill { order: number, units } = *fill;
            let order = eligible(number).ok_or(AuctionError::BadFill { order: number })?;
            let whole = order.partial || units == order.left;
            if units == 0 || units > order.left || !whole {
                return Err(AuctionError::BadFill { order: number });
            }
            let bought = self.price.buy(&order, units)?;
            let least = part(order.min_buy, units, order.units, rounding::CEIL)?;
            let more = bought.checked_sub(least).ok_or(AuctionError::BelowLimit { order: number })?;
            let (value, (sold_sums, bought_sums)) = match order.sells_base {
                true => (more, (&mut base, &mut quote)),
                false => {
                    let value = part(more, self.price.quote, self.price.base, rounding::FLOOR)?;
                    (value, (&mut quote, &mut base))
                }
            };
            add(&mut sold_sums.0, units)?;
            add(&mut bought_sums.1, bought)?;
            add(&mut surplus, value)?;
            if !order.sells_base {
                terms.base.require_permitted(env::self_address(), order.owner, bought)?;
            }
            fills.push((order, *fill, bought));
        }
        let left = |(into, out): (u128, u128)| into.checked_sub(out).filter(|left| self.is_dust(*left));
        match (left(base), left(quote)) {
            (Some(base), Some(quote)) => Ok(Checked { fills, surplus, dust: (base, quote) }),
            _ => Err(AuctionError::Unbalanced {
                base_in: base.0,
                base_out: base.1,
                quote_in: quote.0,
                quote_out: quote.1,
            }),
        }
    }

    /// Rounding down leaves less than a unit of each fill; with a price far from one, a unit of one asset is worth many of the
    /// other, and so much of the other one cannot be given out.
    fn is_dust(&self, left: u128) -> bool {
        let unit = (self.price.quote / self.price.base).max(self.price.base / self.price.quote) + 1;
        left <= unit.saturating_mul(self.fills.len() as u128)
    }
}
