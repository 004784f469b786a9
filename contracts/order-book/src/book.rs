//! Resting orders of both sides, and what accounts have.

use crate::plan::{Fate, Plan};
use crate::side::{Orders, Spot, rank};
use crate::types::{BookError, Filled, Left, Level, Market, Place, Reason, Rested, Resting, Seat, Side};
use crate::{opposite, take};
use core::ops::Bound;
use counterpart_sdk::prelude::*;

/// Where an order of an account is: its side and its price.
type Where = (bool, u64);

/// What both sides need.
#[storage]
pub struct Book {
    pub(crate) market: Item<Market>,
    bids: Orders,
    asks: Orders,
    pub(crate) seats: Map<Address, Seat>,
    makers: Map<u64, Address>,
    owned: OrdMap<(Address, u64), Where>,
    next: Item<u64>,
}

impl Book {
    /// The market; there is one since the contract was deployed.
    pub fn market(&self) -> Result<Market, BookError> {
        self.market.get().ok_or(BookError::BadMarket)
    }

    /// Orders of a side.
    pub fn orders(&self, side: Side) -> &Orders {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// Orders that an order of a side meets.
    pub fn other(&self, side: Side) -> &Orders {
        self.orders(opposite(side))
    }

    fn orders_mut(&mut self, side: Side) -> &mut Orders {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// The best price of a side.
    pub fn best(&self, side: Side) -> Option<u64> {
        self.orders(side).page(None, 1).pop().map(|(spot, _)| rank(side, spot.0))
    }

    /// A resting order by its number.
    pub fn place(&self, order: u64) -> Option<Place> {
        let maker = self.makers.get(&order)?;
        let (is_bid, price) = self.owned.get(&(maker, order))?;
        self.placed(order, is_bid, price)
    }

    fn placed(&self, order: u64, is_bid: bool, price: u64) -> Option<Place> {
        let side = if is_bid { Side::Buy } else { Side::Sell };
        let resting = self.orders(side).get(&(rank(side, price), order))?;
        Some(Place { order, side, price, resting })
    }

    /// Orders of an account, by number.
    pub fn orders_of(&self, account: Address, after: Option<u64>, limit: u32) -> Vec<Place> {
        let (first, last) = ((account, after.unwrap_or(0)), (account, u64::MAX));
        let from = if after.is_some() { Bound::Excluded(&first) } else { Bound::Included(&first) };
        let owned = self.owned.range(from, Bound::Included(&last), limit).into_iter();
        owned.filter_map(|((_, order), (is_bid, price))| self.placed(order, is_bid, price)).collect()
    }

    /// The best levels of a side.
    pub fn depth(&self, side: Side, orders: u32) -> Vec<Level> {
        let mut levels: Vec<Level> = Vec::new();
        for ((rank_of, _), resting) in self.orders(side).page(None, orders) {
            let price = rank(side, rank_of);
            match levels.last_mut().filter(|level| level.price == price) {
                Some(level) => (level.lots, level.orders) = (level.lots + resting.lots, level.orders + 1),
                None => levels.push(Level { price, lots: resting.lots, orders: 1 }),
            }
        }
        levels
    }

    /// Puts an order into the book; what it needs is locked. Throws out the worst where the side is full.
    pub fn rest(
        &mut self,
        market: &Market,
        maker: Address,
        side: Side,
        price: u64,
        lots: u64,
        expires_ms: Option<u64>,
    ) -> Result<u64, BookError> {
        if self.orders(side).count() >= market.max_resting {
            let (spot, resting) = self.orders(side).worst().ok_or(BookError::BookFull)?;
            if rank(side, price) >= spot.0 {
                return Err(BookError::BookFull);
            }
            let worst = Place { order: spot.1, side, price: rank(side, spot.0), resting };
            self.leave(&worst, resting.lots, Reason::Evicted)?;
        }
        self.lock(market, &maker, side, price, lots)?;
        let order = self.next.get_or_default();
        self.next.set(&(order + 1));
        let resting = Resting { maker, lots, expires_ms: expires_ms.unwrap_or(0) };
        self.orders_mut(side).insert(&(rank(side, price), order), &resting);
        self.makers.set(&order, &maker);
        self.owned.set(&(maker, order), &(matches!(side, Side::Buy), price));
        Rested { maker, order, side, price, lots }.emit();
        Ok(order)
    }

    /// Takes lots of an order out of the book unfilled; what held them is free again.
    pub fn leave(&mut self, place: &Place, lots: u64, reason: Reason) -> Result<(), BookError> {
        let Place { order, side, price, resting } = *place;
        let market = self.market()?;
        self.unlock(&market, &resting.maker, side, price, lots)?;
        let spot = (rank(side, price), order);
        if lots == resting.lots {
            self.orders_mut(side).remove(&[spot]);
            self.forget(&resting.maker, order);
        } else {
            self.orders_mut(side).update(&spot, &Resting { lots: resting.lots - lots, ..resting });
        }
        Left { maker: resting.maker, order, lots, reason }.emit();
        Ok(())
    }

    /// Does to resting orders what a plan says; answers what makers got of the fees.
    pub fn carry_out(&mut self, market: &Market, taker: Address, side: Side, plan: &Plan) -> Result<u128, BookError> {
        let rests = opposite(side);
        let mut gone: Vec<Spot> = Vec::new();
        let mut rebates = 0;
        for step in &plan.steps {
            let (resting, (_, order)) = (step.resting, step.spot);
            let maker = resting.maker;
            let (lots, reason) = match step.fate {
                Fate::Filled { lots, amount, rebate, .. } => {
                    self.settle_fill(market, &maker, rests, lots, amount, rebate)?;
                    rebates += rebate;
                    Filled { maker, taker, order, price: step.price, lots, rebate }.emit();
                    (lots, None)
                }
                Fate::Decremented(lots) => (lots, Some(Reason::SelfTrade)),
                Fate::Leaves(reason) => (resting.lots, Some(reason)),
            };
            if let Some(reason) = reason {
                self.unlock(market, &maker, rests, step.price, lots)?;
                Left { maker, order, lots, reason }.emit();
            }
            if lots == resting.lots {
                gone.push(step.spot);
                self.forget(&maker, order);
            } else {
                self.orders_mut(rests).update(&step.spot, &Resting { lots: resting.lots - lots, ..resting });
            }
        }
        if !gone.is_empty() {
            self.orders_mut(rests).remove(&gone);
        }
        Ok(rebates)
    }

    fn forget(&mut self, maker: &Address, order: u64) {
        self.makers.remove(&order);
        self.owned.remove(&(*maker, order));
    }

    fn settle_fill(
        &mut self,
        market: &Market,
        maker: &Address,
        side: Side,
        lots: u64,
        amount: u128,
        rebate: u128,
    ) -> Result<(), BookError> {
        let mut seat = self.seats.get_or_default(maker);
        let base = market.base_units(lots)?;
        match side {
            Side::Buy => {
                seat.quote_locked = take(seat.quote_locked, amount)?;
                seat.base_free += base;
            }
            Side::Sell => {
                seat.base_locked = take(seat.base_locked, base)?;
                seat.quote_free += amount;
            }
        }
        seat.quote_free += rebate;
        self.seats.set(maker, &seat);
        Ok(())
    }

    fn lock(&mut self, market: &Market, maker: &Address, side: Side, price: u64, lots: u64) -> Result<(), BookError> {
        let mut seat = self.seats.get_or_default(maker);
        match side {
            Side::Buy => {
                let amount = market.amount(lots, price)?;
                seat.quote_free = take(seat.quote_free, amount)?;
                seat.quote_locked += amount;
            }
            Side::Sell => {
                let base = market.base_units(lots)?;
                seat.base_free = take(seat.base_free, base)?;
                seat.base_locked += base;
            }
        }
        self.seats.set(maker, &seat);
        Ok(())
    }

    fn unlock(&mut self, market: &Market, maker: &Address, side: Side, price: u64, lots: u64) -> Result<(), BookError> {
        let mut seat = self.seats.get_or_default(maker);
        match side {
            Side::Buy => {
                let amount = market.amount(lots, price)?;
                seat.quote_locked = take(seat.quote_locked, amount)?;
                seat.quote_free += amount;
            }
            Side::Sell => {
                let base = market.base_units(lots)?;
                seat.base_locked = take(seat.base_locked, base)?;
                seat.base_free += base;
            }
        }
        self.seats.set(maker, &seat);
        Ok(())
    }
}
