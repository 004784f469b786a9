//! A book in plain Rust, as a textbook has it: what the contract has to agree with, and what its speed is compared to.

use order_book::{Force, MAX_STEPS, Market, NewOrder, SelfTrade, Side};
use std::collections::BTreeMap;

type Maker = usize;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resting {
    pub maker: Maker,
    pub lots: u64,
    pub expires_ms: u64,
}

/// Why a reference refuses: the contract has a code for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    BadOrder,
    Expired,
    WouldTake,
    NotFilled,
    BookFull,
    TooLittle,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Seat {
    pub base_free: u128,
    pub base_locked: u128,
    pub quote_free: u128,
    pub quote_locked: u128,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Placed {
    pub order: Option<u64>,
    pub filled: u64,
    pub amount: u128,
    pub fee: u128,
    pub resting: u64,
    pub decremented: u64,
    pub bounded: bool,
}

#[derive(Clone)]
pub struct Book {
    market: Market,
    /// By price and number; bids are walked from the end.
    pub bids: BTreeMap<(u64, std::cmp::Reverse<u64>), Resting>,
    pub asks: BTreeMap<(u64, u64), Resting>,
    pub seats: Vec<Seat>,
    pub fees: u128,
    next: u64,
}

fn ppm(amount: u128, parts: u32, up: bool) -> u128 {
    let product = amount * u128::from(parts);
    if up { product.div_ceil(1_000_000) } else { product / 1_000_000 }
}

impl Book {
    pub fn new(market: Market, makers: usize) -> Self {
        let (bids, asks) = Default::default();
        Self { market, bids, asks, seats: vec![Seat::default(); makers], fees: 0, next: 0 }
    }

    fn amount(&self, lots: u64, price: u64) -> Option<u128> {
        (u128::from(lots) * u128::from(price)).checked_mul(self.market.tick)
    }

    /// The best order of the side that an order of this side meets.
    fn front(&self, taker: Side) -> Option<(u64, u64, Resting)> {
        match taker {
            Side::Buy => self.asks.first_key_value().map(|((price, number), resting)| (*price, *number, *resting)),
            Side::Sell => self.bids.last_key_value().map(|((price, number), resting)| (*price, number.0, *resting)),
        }
    }

    fn set(&mut self, side: Side, price: u64, number: u64, resting: Option<Resting>) {
        match (side, resting) {
            (Side::Buy, Some(resting)) => _ = self.bids.insert((price, std::cmp::Reverse(number)), resting),
            (Side::Buy, None) => _ = self.bids.remove(&(price, std::cmp::Reverse(number))),
            (Side::Sell, Some(resting)) => _ = self.asks.insert((price, number), resting),
            (Side::Sell, None) => _ = self.asks.remove(&(price, number)),
        }
    }

    fn unlock(&mut self, side: Side, maker: Maker, lots: u64, price: u64) {
        let amount = self.amount(lots, price).expect("it rests");
        let (base, seat) = (u128::from(lots) * self.market.lot, &mut self.seats[maker]);
        match side {
            Side::Buy => (seat.quote_locked, seat.quote_free) = (seat.quote_locked - amount, seat.quote_free + amount),
            Side::Sell => (seat.base_locked, seat.base_free) = (seat.base_locked - base, seat.base_free + base),
        }
    }

    pub fn leave(&mut self, side: Side, price: u64, number: u64, lots: u64) {
        let found = match side {
            Side::Buy => self.bids.get(&(price, std::cmp::Reverse(number))),
            Side::Sell => self.asks.get(&(price, number)),
        };
        let resting = *found.expect("it rests");
        self.unlock(side, resting.maker, lots, price);
        let left = resting.lots - lots;
        self.set(side, price, number, (left > 0).then_some(Resting { lots: left, ..resting }));
    }

    /// All of it, or nothing has changed.
    pub fn place(&mut self, taker: Maker, order: NewOrder, now: u64) -> Result<Placed, Refusal> {
        let mut copy = self.clone();
        let placed = copy.try_place(taker, order, now)?;
        *self = copy;
        Ok(placed)
    }

    /// As [`Book::place`], without the copy: for what cannot be refused.
    pub fn try_place(&mut self, taker: Maker, order: NewOrder, now: u64) -> Result<Placed, Refusal> {
        let NewOrder { side, price, lots, budget, force, self_trade, expires_ms } = order;
        let rests = matches!(force, Force::Rest | Force::PostOnly);
        if lots == 0 || rests && price.is_none_or(|price| price == 0) {
            return Err(Refusal::BadOrder);
        }
        if expires_ms.is_some_and(|expires_ms| expires_ms <= now) {
            return Err(Refusal::Expired);
        }
        let opposite = if side == Side::Buy { Side::Sell } else { Side::Buy };
        let (mut placed, mut stopped, mut steps) = (Placed::default(), false, 0);
        let mut left = lots;
        let mut budget = budget.filter(|_| side == Side::Buy);
        while left > 0 {
            let Some((at, number, resting)) = self.front(side) else { break };
            let crosses = match side {
                Side::Buy => price.is_none_or(|price| at <= price),
                Side::Sell => price.is_none_or(|price| at >= price),
            };
            if !crosses {
                break;
            }
            if steps == MAX_STEPS {
                placed.bounded = true;
                break;
            }
            if resting.expires_ms != 0 && resting.expires_ms <= now {
                self.leave(opposite, at, number, resting.lots);
                steps += 1;
                continue;
            }
            let mut take = left.min(resting.lots);
            if resting.maker == taker {
                match self_trade {
                    SelfTrade::CancelResting => self.leave(opposite, at, number, resting.lots),
                    SelfTrade::CancelTaking => {
                        stopped = true;
                        break;
                    }
                    SelfTrade::DecrementBoth => {
                        self.leave(opposite, at, number, take);
                        placed.decremented += take;
                        left -= take;
                    }
                }
                steps += 1;
                continue;
            }
            let cost = |lots| {
                let amount = self.amount(lots, at).expect("prices of tests are small");
                (amount, ppm(amount, self.market.taker_ppm, true))
            };
            if let Some(budget) = budget {
                // One by one: slow, and plainly right.
                while take > 0 && cost(take).0 + cost(take).1 > budget {
                    take -= 1;
                }
                stopped = take < left.min(resting.lots);
                if take == 0 {
                    break;
                }
            }
            let (amount, fee) = cost(take);
            budget = budget.map(|budget| budget - amount - fee);
            let rebate = ppm(amount, self.market.maker_ppm, false);
            self.unlock(opposite, resting.maker, take, at);
            let base = u128::from(take) * self.market.lot;
            let maker = &mut self.seats[resting.maker];
            match opposite {
                Side::Buy => (maker.quote_free, maker.base_free) = (maker.quote_free - amount, maker.base_free + base),
                Side::Sell => (maker.base_free, maker.quote_free) = (maker.base_free - base, maker.quote_free + amount),
            }
            maker.quote_free += rebate;
            self.fees += fee - rebate;
            let after = resting.lots - take;
            self.set(opposite, at, number, (after > 0).then_some(Resting { lots: after, ..resting }));
            (placed.filled, placed.amount, placed.fee) =
                (placed.filled + take, placed.amount + amount, placed.fee + fee);
            left -= take;
            steps += 1;
            if stopped {
                break;
            }
        }
        match force {
            Force::PostOnly if placed.filled + placed.decremented > 0 || stopped => return Err(Refusal::WouldTake),
            Force::FillOrKill if placed.filled < lots => return Err(Refusal::NotFilled),
            _ => {}
        }
        let base = u128::from(placed.filled) * self.market.lot;
        let seat = &mut self.seats[taker];
        let paid = match side {
            Side::Buy => (&mut seat.quote_free, placed.amount + placed.fee, &mut seat.base_free, base),
            Side::Sell => (&mut seat.base_free, base, &mut seat.quote_free, placed.amount - placed.fee),
        };
        *paid.0 = paid.0.checked_sub(paid.1).ok_or(Refusal::TooLittle)?;
        *paid.2 += paid.3;
        if let (true, Some(price), false, false, 1..) = (rests, price, stopped, placed.bounded, left) {
            self.rest(taker, side, price, left, expires_ms.unwrap_or(0))?;
            (placed.order, placed.resting) = (Some(self.next - 1), left);
        }
        Ok(placed)
    }

    fn rest(&mut self, maker: Maker, side: Side, price: u64, lots: u64, expires_ms: u64) -> Result<(), Refusal> {
        let amount = self.amount(lots, price).ok_or(Refusal::BadOrder)?;
        let (count, worst) = match side {
            Side::Buy => (self.bids.len(), self.bids.first_key_value().map(|((price, number), _)| (*price, number.0))),
            Side::Sell => (self.asks.len(), self.asks.last_key_value().map(|((price, number), _)| (*price, *number))),
        };
        if count >= self.market.max_resting as usize {
            let (worst_price, number) = worst.ok_or(Refusal::BookFull)?;
            let better = if side == Side::Buy { price > worst_price } else { price < worst_price };
            if !better {
                return Err(Refusal::BookFull);
            }
            let lots = match side {
                Side::Buy => self.bids[&(worst_price, std::cmp::Reverse(number))].lots,
                Side::Sell => self.asks[&(worst_price, number)].lots,
            };
            self.leave(side, worst_price, number, lots);
        }
        let (base, seat) = (u128::from(lots) * self.market.lot, &mut self.seats[maker]);
        let (free, locked, units) = match side {
            Side::Buy => (&mut seat.quote_free, &mut seat.quote_locked, amount),
            Side::Sell => (&mut seat.base_free, &mut seat.base_locked, base),
        };
        *free = free.checked_sub(units).ok_or(Refusal::TooLittle)?;
        *locked += units;
        self.set(side, price, self.next, Some(Resting { maker, lots, expires_ms }));
        self.next += 1;
        Ok(())
    }
}
