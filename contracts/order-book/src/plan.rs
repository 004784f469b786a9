//! What an order would meet: read from the book, nothing is written. A quote is this plan, and execution carries it out, so
//! that both are the same.

use crate::side::{Orders, Spot, rank};
use crate::types::{BookError, Market, Reason, Resting, SelfTrade, Side};
use counterpart_sdk::prelude::*;
use trading::{Asset, fee};

/// Resting orders that one message meets at most: the work of a message has a bound, whatever the book holds.
pub const MAX_STEPS: usize = 64;
/// Orders read at a time.
const PAGE: u32 = 8;

/// Who takes, what for, and how far.
pub struct Taking {
    /// Who.
    pub taker: Address,
    /// Buy or sell.
    pub side: Side,
    /// The worst price, in ticks.
    pub price: Option<u64>,
    /// Lots, at most.
    pub lots: u64,
    /// Units of the quote that a purchase may cost, fees included.
    pub budget: Option<u128>,
    /// Units of the quote that a sale has to bring after fees: it stops as soon as it does.
    pub enough: Option<u128>,
    /// When it meets the taker's own.
    pub self_trade: SelfTrade,
}

/// One resting order that is met.
pub struct Step {
    /// Where it is kept.
    pub spot: Spot,
    /// In ticks.
    pub price: u64,
    /// As it rests.
    pub resting: Resting,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a resting order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// So many lots are traded, for this amount, this fee of the taker and this rebate of the maker.
    Filled {
        /// Lots.
        lots: u64,
        /// Units of the quote.
        amount: u128,
        /// What the taker is charged.
        fee: u128,
        /// What the maker gets of the fee.
        rebate: u128,
    },
    /// It becomes smaller by so many lots, as the new one does.
    Decremented(u64),
    /// It leaves.
    Leaves(Reason),
}

/// All that a message does to resting orders.
#[derive(Default)]
pub struct Plan {
    /// In order of price and time.
    pub steps: Vec<Step>,
    /// Lots traded.
    pub filled: u64,
    /// Units of the quote for them.
    pub amount: u128,
    /// Units of the quote that the taker is charged.
    pub fee: u128,
    /// Lots gone against the taker's own.
    pub decremented: u64,
    /// The taker's own order or its budget stopped it.
    pub stopped: bool,
    /// There was more to do than one message does.
    pub bounded: bool,
}

impl Market {
    /// Units of the quote for lots at a price.
    pub fn amount(&self, lots: u64, price: u64) -> Result<u128, BookError> {
        let units = u128::from(lots) * u128::from(price);
        units.checked_mul(self.tick).ok_or(BookError::BadOrder)
    }

    /// Units of the base in lots.
    pub fn base_units(&self, lots: u64) -> Result<u128, BookError> {
        u128::from(lots).checked_mul(self.lot).ok_or(BookError::BadOrder)
    }

    fn fee(&self, amount: u128) -> Result<u128, BookError> {
        fee::up(amount, self.taker_ppm).ok_or(BookError::BadOrder)
    }

    /// The most lots, up to a number, that a budget pays at a price, fee included.
    fn affordable(&self, most: u64, price: u64, budget: u128) -> Result<u64, BookError> {
        let fits = |lots: u64| {
            let amount = self.amount(lots, price)?;
            Ok::<bool, BookError>(self.fee(amount)?.checked_add(amount).is_some_and(|cost| cost <= budget))
        };
        if fits(most)? {
            return Ok(most);
        }
        // The rounding of the fee makes a formula wrong by one here and there: halving is exact.
        let (mut fit, mut not) = (0, most);
        while not - fit > 1 {
            let middle = fit + (not - fit) / 2;
            if fits(middle)? { fit = middle } else { not = middle }
        }
        Ok(fit)
    }

    /// The fewest lots, up to a number, that bring so much at a price after the fee; the number if they do not.
    fn sufficient(&self, most: u64, price: u64, enough: u128) -> Result<u64, BookError> {
        let brings = |lots: u64| {
            let amount = self.amount(lots, price)?;
            Ok::<bool, BookError>(amount - self.fee(amount)? >= enough)
        };
        let (mut not, mut does) = (0, most);
        while does - not > 1 {
            let middle = not + (does - not) / 2;
            if brings(middle)? { does = middle } else { not = middle }
        }
        Ok(does)
    }
}

impl Plan {
    /// Lots that the taker does not want any more.
    pub const fn used(&self) -> u64 {
        self.filled + self.decremented
    }

    /// Looks at what rests on the other side, the best first.
    pub fn make(market: &Market, other: &Orders, taking: &Taking) -> Result<Self, BookError> {
        let mut plan = Self::default();
        let opposite = match taking.side {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        };
        let worst = taking.price.map(|price| rank(opposite, price));
        let mut after: Option<Spot> = None;
        loop {
            let page = other.page(after.as_ref(), PAGE);
            let is_last = page.len() < PAGE as usize;
            for (spot, resting) in page {
                if worst.is_some_and(|worst| spot.0 > worst) || plan.is_done(taking) {
                    return Ok(plan);
                }
                if plan.steps.len() == MAX_STEPS {
                    plan.bounded = true;
                    return Ok(plan);
                }
                // A rank turned over twice is the price again.
                let price = rank(opposite, spot.0);
                let Some(fate) = plan.fate(market, taking, price, &resting)? else { return Ok(plan) };
                plan.count(fate);
                plan.steps.push(Step { spot, price, resting, fate });
                after = Some(spot);
            }
            if is_last {
                return Ok(plan);
            }
        }
    }

    fn is_done(&self, taking: &Taking) -> bool {
        let enough = taking.enough.is_some_and(|enough| self.amount - self.fee >= enough);
        self.stopped || enough || self.used() == taking.lots
    }

    /// What becomes of the next resting order; none if the taker goes no further.
    fn fate(
        &mut self,
        market: &Market,
        taking: &Taking,
        price: u64,
        resting: &Resting,
    ) -> Result<Option<Fate>, BookError> {
        if resting.has_expired() {
            return Ok(Some(Fate::Leaves(Reason::Expired)));
        }
        let wanted = (taking.lots - self.used()).min(resting.lots);
        if resting.maker == taking.taker {
            return Ok(match taking.self_trade {
                SelfTrade::CancelResting => Some(Fate::Leaves(Reason::SelfTrade)),
                SelfTrade::DecrementBoth => Some(Fate::Decremented(wanted)),
                SelfTrade::CancelTaking => {
                    self.stopped = true;
                    None
                }
            });
        }
        let mut lots = wanted;
        if let Some(budget) = taking.budget {
            lots = market.affordable(lots, price, budget - self.amount - self.fee)?;
            // What the budget does not reach still crosses: it may neither be passed over nor rest.
            self.stopped |= lots < wanted;
        }
        if let Some(enough) = taking.enough {
            lots = market.sufficient(lots, price, enough - (self.amount - self.fee))?;
        }
        if lots == 0 {
            return Ok(None);
        }
        // A security goes from the book to whoever buys: where its maker may not have it, there is no trade.
        let buyer_rests = matches!(taking.side, Side::Sell);
        if buyer_rests && let Asset::Security(_) = market.base {
            let units = market.base_units(lots)?;
            if market.base.require_permitted(env::self_address(), resting.maker, units).is_err() {
                return Ok(Some(Fate::Leaves(Reason::Forbidden)));
            }
        }
        let amount = market.amount(lots, price)?;
        let (fee, rebate) = (market.fee(amount)?, fee::down(amount, market.maker_ppm).ok_or(BookError::BadOrder)?);
        Ok(Some(Fate::Filled { lots, amount, fee, rebate }))
    }

    fn count(&mut self, fate: Fate) {
        match fate {
            Fate::Filled { lots, amount, fee, .. } => {
                self.filled += lots;
                self.amount += amount;
                self.fee += fee;
            }
            Fate::Decremented(lots) => self.decremented += lots,
            Fate::Leaves(_) => {}
        }
    }
}

impl Resting {
    /// Whether its time is over.
    pub fn has_expired(&self) -> bool {
        self.expires_ms != 0 && self.expires_ms <= env::block_time_ms()
    }
}
