//! An order book for two assets: price-time priority, settled within each message, nobody turns a crank.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod book;
mod plan;
mod side;
mod types;

use book::Book;
use counterpart_contracts::pause::{Pause, Paused};
use counterpart_contracts::roles::{AdminChanged, AdminProposed, Roles};
use counterpart_sdk::prelude::*;
pub use plan::MAX_STEPS;
use plan::{Plan, Taking};
use trading::{Asset, Kind, Quote, fee};
pub use types::{
    BookError, FeesCollected, Filled, Force, Left, Level, Market, Moved, NewOrder, Place, Placed, Reason, Rested,
    Resting, Seat, SelfTrade, Side,
};

/// Entries that a query answers or a message works on, at most.
const MAX_PAGE: u32 = 50;
/// The kind of message that can be paused: new orders.
const PLACING: u8 = 0;

/// What the contract keeps.
#[storage]
pub struct OrderBook {
    book: Book,
    fees: Item<u128>,
    roles: Roles,
    pause: Pause,
}

#[contract(events(Moved, Rested, Filled, Left, FeesCollected, Paused, AdminProposed, AdminChanged))]
impl OrderBook {
    /// Opens a market; whoever deploys it is the admin.
    pub fn new(market: Market) -> Result<Self, BookError> {
        let apart = market.base.contract() != market.quote.contract();
        let fees = market.maker_ppm <= market.taker_ppm && market.taker_ppm <= fee::MILLION / 10;
        if !apart || !fees || market.lot == 0 || market.tick == 0 || market.max_resting == 0 {
            return Err(BookError::BadMarket);
        }
        let mut this = Self::default();
        this.book.market.set(&market);
        this.roles.begin(&env::caller(), market.admin_delay_ms);
        Ok(this)
    }

    /// What is traded, and in which steps.
    pub fn market(&self) -> Option<Market> {
        self.book.market.get()
    }

    /// What an account has in the book.
    pub fn seat(&self, account: Address) -> Seat {
        self.book.seats.get_or_default(&account)
    }

    /// An order that rests.
    pub fn order(&self, order: u64) -> Option<Place> {
        self.book.place(order)
    }

    /// Orders of an account, by number, after one or from the first; at most 50.
    pub fn orders_of(&self, account: Address, after: Option<u64>, limit: u32) -> Vec<Place> {
        self.book.orders_of(account, after, limit.min(MAX_PAGE))
    }

    /// The best prices: of bids, and of asks.
    pub fn best(&self) -> (Option<u64>, Option<u64>) {
        (self.book.best(Side::Buy), self.book.best(Side::Sell))
    }

    /// The best levels of a side, from at most 50 orders.
    pub fn depth(&self, side: Side, orders: u32) -> Vec<Level> {
        self.book.depth(side, orders.min(MAX_PAGE))
    }

    /// Lots that rest before an order at its price, so that they are filled first; none if it does not rest. Looks at no more
    /// than 50 orders.
    pub fn ahead_of(&self, order: u64) -> Option<u64> {
        let place = self.book.place(order)?;
        let ahead = self.book.orders(place.side).at_rank(side::rank(place.side, place.price), None, MAX_PAGE);
        Some(ahead.iter().take_while(|(spot, _)| spot.1 != order).map(|(_, resting)| resting.lots).sum())
    }

    /// Units of the quote that were charged and not yet taken out.
    pub fn fees(&self) -> u128 {
        self.fees.get_or_default()
    }

    /// Who takes fees out.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// Whether new orders are refused.
    pub fn is_paused(&self) -> bool {
        self.pause.is_paused(PLACING)
    }

    /// Brings units into the book; the account authorises their transfer.
    pub fn deposit(&mut self, account: Address, asset: Asset, units: u128) -> Result<(), BookError> {
        env::require_auth(&account);
        let is_base = self.is_base(&asset)?;
        asset.transfer(account, env::self_address(), units)?;
        let mut seat = self.seat(account);
        *if is_base { &mut seat.base_free } else { &mut seat.quote_free } += units;
        self.book.seats.set(&account, &seat);
        Moved { account, asset, units, is_deposit: true }.emit();
        Ok(())
    }

    /// Takes free units out.
    pub fn withdraw(&mut self, account: Address, asset: Asset, units: u128) -> Result<(), BookError> {
        env::require_auth(&account);
        let mut seat = self.seat(account);
        let free = if self.is_base(&asset)? { &mut seat.base_free } else { &mut seat.quote_free };
        *free = take(*free, units)?;
        self.book.seats.set(&account, &seat);
        Moved { account, asset, units, is_deposit: false }.emit();
        Ok(asset.transfer(env::self_address(), account, units)?)
    }

    /// Places an order, paid for by what the account has free in the book.
    pub fn place(&mut self, account: Address, order: NewOrder) -> Result<Placed, BookError> {
        env::require_auth(&account);
        self.running()?;
        let market = self.book.market()?;
        let rests = matches!(order.force, Force::Rest | Force::PostOnly);
        if order.lots == 0 || (rests && order.price.is_none_or(|price| price == 0)) {
            return Err(BookError::BadOrder);
        }
        if order.expires_ms.is_some_and(|expires_ms| expires_ms <= env::block_time_ms()) {
            return Err(BookError::Expired);
        }
        if let Side::Buy = order.side {
            market.base.require_permitted(env::self_address(), account, market.base_units(order.lots)?)?;
        }
        let NewOrder { side, price, lots, budget, self_trade, .. } = order;
        let budget = budget.filter(|_| matches!(side, Side::Buy));
        let taking = Taking { taker: account, side, price, lots, budget, enough: None, self_trade };
        let plan = Plan::make(&market, self.book.other(side), &taking)?;
        match order.force {
            Force::PostOnly if plan.used() > 0 || plan.stopped => {
                let price = self.book.best(opposite(side)).unwrap_or_default();
                return Err(BookError::WouldTake { price });
            }
            Force::FillOrKill if plan.filled < lots => return Err(BookError::NotFilled { lots: plan.filled }),
            _ => {}
        }
        let mut placed = self.carry_out(&market, account, side, &plan)?;
        // The taker's side of the trade comes out of its seat, or goes there.
        let mut seat = self.seat(account);
        let base = market.base_units(plan.filled)?;
        match side {
            Side::Buy => {
                seat.quote_free = take(seat.quote_free, plan.amount + plan.fee)?;
                seat.base_free += base;
            }
            Side::Sell => {
                seat.base_free = take(seat.base_free, base)?;
                seat.quote_free += plan.amount - plan.fee;
            }
        }
        self.book.seats.set(&account, &seat);
        let left = lots - plan.used();
        // A rest that could still be filled would cross the book: it lapses.
        if let (true, Some(price), false, false, 1..) = (rests, price, plan.stopped, plan.bounded, left) {
            let order = self.book.rest(&market, account, side, price, left, order.expires_ms)?;
            (placed.order, placed.resting) = (Some(order), left);
        }
        Ok(placed)
    }

    /// Cancels an order; what it held is free again. Answers its lots.
    pub fn cancel(&mut self, account: Address, order: u64) -> Result<u64, BookError> {
        env::require_auth(&account);
        let place = self.own(&account, order)?;
        self.book.leave(&place, place.resting.lots, Reason::Cancelled)?;
        Ok(place.resting.lots)
    }

    /// Cancels the account's oldest orders, at most 50, of one side or both; answers how many.
    pub fn cancel_all(&mut self, account: Address, side: Option<Side>) -> Result<u32, BookError> {
        env::require_auth(&account);
        let mut cancelled = 0;
        for place in self.book.orders_of(account, None, MAX_PAGE) {
            if side.is_none_or(|side| side == place.side) {
                self.book.leave(&place, place.resting.lots, Reason::Cancelled)?;
                cancelled += 1;
            }
        }
        Ok(cancelled)
    }

    /// Makes an order smaller by so many lots; it keeps its place.
    pub fn reduce(&mut self, account: Address, order: u64, lots: u64) -> Result<u64, BookError> {
        env::require_auth(&account);
        let place = self.own(&account, order)?;
        let lots = lots.min(place.resting.lots);
        self.book.leave(&place, lots, Reason::Cancelled)?;
        Ok(place.resting.lots - lots)
    }

    /// What an exchange of one asset for the other would cost and bring now, fees included.
    pub fn quote(&self, taker: Address, sell: Asset, kind: Kind) -> Result<Quote, BookError> {
        let market = self.book.market()?;
        let (side, plan) = self.swap_plan(&market, taker, sell, kind)?;
        self.outcome(&market, side, &plan)
    }

    /// Exchanges one asset for the other at once, from the caller's own units, which it authorised to come here; what is bought
    /// goes to the receiver. What cannot be filled within the bounds is not spent.
    pub fn swap(&mut self, sell: Asset, kind: Kind, receiver: Address) -> Result<Quote, BookError> {
        self.running()?;
        let market = self.book.market()?;
        let taker = env::caller();
        let (side, plan) = self.swap_plan(&market, taker, sell, kind)?;
        let quote = self.outcome(&market, side, &plan)?;
        if !kind.accepts(&quote) {
            return Err(BookError::Limit { spent: quote.spent, bought: quote.bought });
        }
        let bought = if sell == market.base { market.quote } else { market.base };
        bought.require_permitted(env::self_address(), receiver, quote.bought)?;
        self.carry_out(&market, taker, side, &plan)?;
        sell.transfer(taker, env::self_address(), quote.spent)?;
        bought.transfer(env::self_address(), receiver, quote.bought)?;
        Ok(quote)
    }

    /// Takes the fees out; the admin.
    pub fn collect_fees(&mut self, to: Address) -> Result<u128, BookError> {
        self.roles.require_admin()?;
        let units = self.fees();
        self.fees.set(&0);
        FeesCollected { to, units }.emit();
        self.book.market()?.quote.transfer(env::self_address(), to, units)?;
        Ok(units)
    }

    /// Refuses new orders, or lets them come again; the admin. Cancelling and taking out always go on.
    pub fn set_paused(&mut self, paused: bool) -> Result<(), BookError> {
        self.roles.require_admin()?;
        self.pause.set(PLACING, paused);
        Ok(())
    }

    /// Proposes another admin, or takes the proposal back; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), BookError> {
        Ok(self.roles.propose_admin(admin)?)
    }

    /// Takes over; who was proposed, after the delay.
    pub fn accept_admin(&mut self) -> Result<(), BookError> {
        Ok(self.roles.accept_admin()?)
    }

    fn running(&self) -> Result<(), BookError> {
        if self.is_paused() { Err(BookError::Paused) } else { Ok(()) }
    }

    fn is_base(&self, asset: &Asset) -> Result<bool, BookError> {
        let market = self.book.market()?;
        let known = *asset == market.base || *asset == market.quote;
        if known { Ok(*asset == market.base) } else { Err(BookError::WrongAsset) }
    }

    fn own(&self, account: &Address, order: u64) -> Result<Place, BookError> {
        let place = self.book.place(order).filter(|place| place.resting.maker == *account);
        place.ok_or(BookError::NoOrder { order })
    }

    /// What an exchange at once meets.
    fn swap_plan(&self, market: &Market, taker: Address, sell: Asset, kind: Kind) -> Result<(Side, Plan), BookError> {
        let whole = |units: u128| u64::try_from(units).unwrap_or(u64::MAX);
        let is_sale = self.is_base(&sell)?;
        let (side, lots, budget, enough) = match (is_sale, kind) {
            (true, Kind::ExactIn { spend, .. }) => (Side::Sell, whole(spend / market.lot), None, None),
            (true, Kind::ExactOut { buy, max_spend }) => (Side::Sell, whole(max_spend / market.lot), None, Some(buy)),
            (false, Kind::ExactIn { spend, .. }) => (Side::Buy, u64::MAX, Some(spend), None),
            (false, Kind::ExactOut { buy, max_spend }) => {
                if buy % market.lot != 0 {
                    return Err(BookError::NotWholeLots { lot: market.lot });
                }
                (Side::Buy, whole(buy / market.lot), Some(max_spend), None)
            }
        };
        let taking = Taking { taker, side, price: None, lots, budget, enough, self_trade: SelfTrade::CancelTaking };
        Ok((side, Plan::make(market, self.book.other(side), &taking)?))
    }

    fn outcome(&self, market: &Market, side: Side, plan: &Plan) -> Result<Quote, BookError> {
        let base = market.base_units(plan.filled)?;
        Ok(match side {
            Side::Buy => Quote { spent: plan.amount + plan.fee, bought: base },
            Side::Sell => Quote { spent: base, bought: plan.amount - plan.fee },
        })
    }

    /// Does to resting orders what the plan says; the taker's own units are the caller's matter.
    fn carry_out(&mut self, market: &Market, taker: Address, side: Side, plan: &Plan) -> Result<Placed, BookError> {
        let rebates = self.book.carry_out(market, taker, side, plan)?;
        if plan.fee > 0 {
            self.fees.set(&(self.fees() + plan.fee - rebates));
        }
        let Plan { filled, amount, fee, decremented, bounded, .. } = *plan;
        Ok(Placed { order: None, filled, amount, fee, resting: 0, decremented, bounded })
    }
}

const fn opposite(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}

fn take(have: u128, want: u128) -> Result<u128, BookError> {
    have.checked_sub(want).ok_or(BookError::TooLittle { have, want })
}
