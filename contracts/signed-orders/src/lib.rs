//! Orders that their makers sign and keep: at a price, or at one that falls with time.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod types;

use counterpart_contracts::account;
use counterpart_sdk::prelude::*;
use counterpart_sdk::rounding;
use trading::{Kind, Quote, fee};
pub use types::{Cancelled, EpochRaised, Filled, OrderError, SignedOrder, State};

/// What the contract keeps: nothing of an order until it is filled or cancelled.
#[storage]
pub struct SignedOrders {
    orders: Map<(Address, u64), State>,
    epochs: Map<Address, u64>,
}

#[contract(events(Filled, Cancelled, EpochRaised))]
impl SignedOrders {
    /// Makes a contract without orders.
    pub fn new() -> Self {
        Self::default()
    }

    /// The 32 bytes that the maker signs: for this contract on this chain alone.
    pub fn digest(&self, order: SignedOrder) -> Hash {
        digest(&order)
    }

    /// What became of the order with a salt.
    pub fn state(&self, maker: Address, salt: u64) -> State {
        self.orders.get_or_default(&(maker, salt))
    }

    /// Orders of a maker below this are void.
    pub fn epoch(&self, maker: Address) -> u64 {
        self.epochs.get_or_default(&maker)
    }

    /// What filling would cost the taker and bring it now; what is exact is of the order's two assets as the taker sees them.
    pub fn quote(&self, order: SignedOrder, taker: Address, kind: Kind) -> Result<Quote, OrderError> {
        self.check(&order, &taker).and_then(|(_, left)| priced(&order, &taker, kind, left))
    }

    /// Fills an order, or a part of it: what the caller pays goes to the maker, what the maker sells to the receiver.
    pub fn fill(
        &mut self,
        order: SignedOrder,
        signature: [u8; 64],
        kind: Kind,
        receiver: Address,
    ) -> Result<Quote, OrderError> {
        let taker = env::caller();
        let hash = digest(&order);
        if !env::ed25519_verify(&order.maker, &hash.0, &signature) {
            return Err(OrderError::BadSignature);
        }
        let (mut state, left) = self.check(&order, &taker)?;
        let quote = priced(&order, &taker, kind, left)?;
        if !kind.accepts(&quote) {
            return Err(OrderError::Limit { spent: quote.spent, bought: quote.bought });
        }
        let maker = account::of_key(&order.maker);
        order.sell.require_permitted(maker, receiver, quote.bought)?;
        (state.hash, state.sold) = (hash, state.sold + quote.bought);
        self.orders.set(&(maker, order.salt), &state);
        Filled { maker, taker, hash, sold: quote.bought, paid: quote.spent }.emit();
        order.sell.settle(maker);
        order.buy.transfer(taker, maker, quote.spent)?;
        order.sell.spend(maker, receiver, quote.bought)?;
        Ok(quote)
    }

    /// Takes an order back, seen by others or not; its maker's account.
    pub fn cancel(&mut self, maker: Address, salt: u64) {
        env::require_auth(&maker);
        let state = self.state(maker, salt);
        self.orders.set(&(maker, salt), &State { cancelled: true, ..state });
        Cancelled { maker, salt }.emit();
    }

    /// Voids all orders of a maker below an epoch; its account. The epoch never falls.
    pub fn raise_epoch(&mut self, maker: Address, epoch: u64) {
        env::require_auth(&maker);
        let epoch = epoch.max(self.epoch(maker));
        self.epochs.set(&maker, &epoch);
        EpochRaised { maker, epoch }.emit();
    }

    /// The order's state and the units that are left, if this taker may fill it now.
    fn check(&self, order: &SignedOrder, taker: &Address) -> Result<(State, u128), OrderError> {
        let wrong = order.sell_units == 0
            || order.buy_at_end == 0
            || order.buy_at_start < order.buy_at_end
            || order.end_ms < order.start_ms
            || order.sell.contract() == order.buy.contract();
        if wrong {
            return Err(OrderError::BadOrder);
        }
        let now = env::block_time_ms();
        if now > order.expires_ms {
            return Err(OrderError::Expired);
        }
        let maker = account::of_key(&order.maker);
        let state = self.state(maker, order.salt);
        if state.cancelled || order.epoch < self.epoch(maker) {
            return Err(OrderError::Cancelled);
        }
        if state.sold > 0 && state.hash != digest(order) {
            return Err(OrderError::SaltReused);
        }
        if order.taker.is_some_and(|only| only != *taker) && order.override_ppm.is_none() {
            let until_ms = order.exclusive_until_ms;
            if now < until_ms {
                return Err(OrderError::Exclusive { until_ms });
            }
        }
        // No more is sold than there is: `sold` only grows by what was left.
        match order.sell_units - state.sold {
            0 => Err(OrderError::Filled { left: 0 }),
            left => Ok((state, left)),
        }
    }
}

fn digest(order: &SignedOrder) -> Hash {
    let signed = (*b"counterpart/signed-order/1", env::chain_id(), env::self_address(), order);
    env::sha3_256(&signed.encode())
}

/// What the whole order costs a taker now.
fn price(order: &SignedOrder, taker: &Address) -> Result<u128, OrderError> {
    let now = env::block_time_ms().clamp(order.start_ms, order.end_ms);
    let whole = u128::from(order.end_ms - order.start_ms);
    let fallen = match whole {
        0 => 0,
        // Rounded down: the price falls for the maker no faster than it signed.
        _ => env::mul_div(
            order.buy_at_start - order.buy_at_end,
            u128::from(now - order.start_ms),
            whole,
            rounding::FLOOR,
        )
        .ok_or(OrderError::Overflow)?,
    };
    let price = order.buy_at_start - fallen;
    let is_other = order.taker.is_some_and(|only| only != *taker);
    let early = env::block_time_ms() < order.exclusive_until_ms;
    match order.override_ppm {
        Some(ppm) if is_other && early => {
            let more = fee::up(price, ppm).ok_or(OrderError::BadOrder)?;
            price.checked_add(more).ok_or(OrderError::Overflow)
        }
        _ => Ok(price),
    }
}

/// What the taker pays and gets. Rounding is for the maker.
fn priced(order: &SignedOrder, taker: &Address, kind: Kind, left: u128) -> Result<Quote, OrderError> {
    let price = price(order, taker)?;
    let cost = |units| env::mul_div(units, price, order.sell_units, rounding::CEIL).ok_or(OrderError::Overflow);
    let bought = match kind {
        Kind::ExactOut { buy, .. } if buy > left => return Err(OrderError::Filled { left }),
        Kind::ExactOut { buy, .. } => buy,
        Kind::ExactIn { spend, .. } => {
            let units = env::mul_div(spend, order.sell_units, price, rounding::FLOOR).ok_or(OrderError::Overflow)?;
            units.min(left)
        }
    };
    if !order.partial && bought != order.sell_units {
        return Err(OrderError::WholeOnly);
    }
    Ok(Quote { spent: cost(bought)?, bought })
}
