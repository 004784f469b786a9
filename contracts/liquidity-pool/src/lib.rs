//! A constant-product pool of two assets, with shares for those who fill it.
#![cfg_attr(target_arch = "wasm32", no_std)]

pub mod curve;
mod types;

use counterpart_sdk::prelude::*;
use counterpart_sdk::rounding;
use curve::MAX_RESERVE;
use trading::{Asset, Kind, Quote};
pub use types::{Filled, PoolError, Reserves, Shared, Swapped, Synced, Terms};

/// Shares of the first filling that nobody can take out: with fewer, one share could be made worth a fortune, and whoever
/// fills the pool next would lose by rounding.
pub const LOCKED_SHARES: u128 = 1_000;

/// What the pool keeps.
#[storage]
pub struct LiquidityPool {
    terms: Item<Terms>,
    reserves: Item<Reserves>,
    total: Item<u128>,
    shares: Map<Address, u128>,
}

#[contract(events(Filled, Swapped, Shared, Synced))]
impl LiquidityPool {
    /// Makes an empty pool.
    pub fn new(terms: Terms) -> Result<Self, PoolError> {
        if terms.one.contract() == terms.other.contract() || terms.fee_ppm > trading::fee::MILLION / 10 {
            return Err(PoolError::BadTerms);
        }
        let mut this = Self::default();
        this.terms.set(&terms);
        Ok(this)
    }

    /// What is in the pool and what a swap costs.
    pub fn terms(&self) -> Option<Terms> {
        self.terms.get()
    }

    /// How much of each counts as in the pool.
    pub fn reserves(&self) -> Reserves {
        self.reserves.get_or_default()
    }

    /// All shares, those included that nobody can take out.
    pub fn total_shares(&self) -> u128 {
        self.total.get_or_default()
    }

    /// Shares of an account.
    pub fn shares_of(&self, account: Address) -> u128 {
        self.shares.get_or_default(&account)
    }

    /// Fills the pool, in the proportion of its reserves, with at most so many units of each; the account authorises both
    /// transfers. Answers its new shares.
    pub fn add(
        &mut self,
        account: Address,
        max_one: u128,
        max_other: u128,
        min_shares: u128,
        deadline_ms: u64,
    ) -> Result<u128, PoolError> {
        env::require_auth(&account);
        in_time(deadline_ms)?;
        let Terms { one, other, .. } = self.known()?;
        let reserves = self.present()?;
        let total = self.total_shares();
        let (units, shares) = if total == 0 {
            let shares = curve::root(max_one, max_other);
            let own = shares.checked_sub(LOCKED_SHARES).filter(|own| *own > 0);
            let own = own.ok_or(PoolError::TooLittleToBegin)?;
            self.shares.set(&Address::ZERO, &LOCKED_SHARES);
            self.total.set(&LOCKED_SHARES);
            ((max_one, max_other), own)
        } else {
            if reserves.one == 0 || reserves.other == 0 {
                return Err(PoolError::Empty);
            }
            let part = |units, reserve| env::mul_div(units, total, reserve, rounding::FLOOR).ok_or(PoolError::TooMuch);
            let shares = part(max_one, reserves.one)?.min(part(max_other, reserves.other)?);
            // Whoever fills the pool pays for the rounding of its shares.
            let units = |reserve| env::mul_div(shares, reserve, total, rounding::CEIL).ok_or(PoolError::TooMuch);
            ((units(reserves.one)?, units(reserves.other)?), shares)
        };
        if shares < min_shares.max(1) {
            return Err(PoolError::TooFew { have: shares, want: min_shares.max(1) });
        }
        let here = env::self_address();
        one.transfer(account, here, units.0)?;
        other.transfer(account, here, units.1)?;
        self.write(reserves, reserves.one + units.0, reserves.other + units.1)?;
        self.total.set(&(self.total_shares() + shares));
        self.shares.set(&account, &(self.shares_of(account) + shares));
        Filled { account, one: units.0, other: units.1, shares, is_in: true }.emit();
        Ok(shares)
    }

    /// Gives shares back for their part of both, rounded down; at least so many units of each. Answers the units.
    pub fn remove(
        &mut self,
        account: Address,
        shares: u128,
        min_one: u128,
        min_other: u128,
        deadline_ms: u64,
    ) -> Result<(u128, u128), PoolError> {
        env::require_auth(&account);
        in_time(deadline_ms)?;
        let Terms { one, other, .. } = self.known()?;
        let (reserves, total, have) = (self.present()?, self.total_shares(), self.shares_of(account));
        let left = have.checked_sub(shares).filter(|_| shares > 0);
        let left = left.ok_or(PoolError::TooFewShares { have, want: shares })?;
        let part = |reserve| env::mul_div(shares, reserve, total, rounding::FLOOR).ok_or(PoolError::TooMuch);
        let units = (part(reserves.one)?, part(reserves.other)?);
        for (have, want) in [(units.0, min_one), (units.1, min_other)] {
            if have < want {
                return Err(PoolError::TooFew { have, want });
            }
        }
        self.shares.set(&account, &left);
        self.total.set(&(total - shares));
        self.write(reserves, reserves.one - units.0, reserves.other - units.1)?;
        Filled { account, one: units.0, other: units.1, shares, is_in: false }.emit();
        let here = env::self_address();
        one.transfer(here, account, units.0)?;
        other.transfer(here, account, units.1)?;
        Ok(units)
    }

    /// Moves shares; their holder has to authorise it.
    pub fn transfer(&mut self, from: Address, to: Address, shares: u128) -> Result<(), PoolError> {
        env::require_auth(&from);
        let have = self.shares_of(from);
        let left = have.checked_sub(shares).ok_or(PoolError::TooFewShares { have, want: shares })?;
        self.shares.set(&from, &left);
        self.shares.set(&to, &(self.shares_of(to) + shares));
        Shared { from, to, shares }.emit();
        Ok(())
    }

    /// What a swap would cost and bring now.
    pub fn quote(&self, sell: Asset, kind: Kind) -> Result<Quote, PoolError> {
        self.priced(&sell, kind, &self.present()?)
    }

    /// Exchanges one asset for the other, from the caller's units, which it authorised to come here; what is bought goes to the
    /// receiver.
    pub fn swap(&mut self, sell: Asset, kind: Kind, receiver: Address) -> Result<Quote, PoolError> {
        let Terms { one, other, .. } = self.known()?;
        one.settle(env::self_address());
        other.settle(env::self_address());
        let reserves = self.present()?;
        let quote = self.priced(&sell, kind, &reserves)?;
        if !kind.accepts(&quote) {
            return Err(PoolError::Limit { spent: quote.spent, bought: quote.bought });
        }
        let (here, account) = (env::self_address(), env::caller());
        let (bought, after) = if sell == one {
            (other, (reserves.one + quote.spent, reserves.other - quote.bought))
        } else {
            (one, (reserves.one - quote.bought, reserves.other + quote.spent))
        };
        bought.require_permitted(here, receiver, quote.bought)?;
        self.write(reserves, after.0, after.1)?;
        Swapped { account, sell, spent: quote.spent, bought: quote.bought }.emit();
        sell.transfer(account, here, quote.spent)?;
        bought.transfer(here, receiver, quote.bought)?;
        Ok(quote)
    }

    /// Makes the reserves what the pool holds: units that somebody gave belong to all shares, and so does a loss; anybody.
    pub fn sync(&mut self) -> Result<(), PoolError> {
        let Terms { one, other, .. } = self.known()?;
        let here = env::self_address();
        one.settle(here);
        other.settle(here);
        let (have_one, have_other) = (one.balance_of(here)?, other.balance_of(here)?);
        self.write(self.reserves(), have_one, have_other)?;
        Synced { one: have_one, other: have_other }.emit();
        Ok(())
    }

    fn known(&self) -> Result<Terms, PoolError> {
        self.terms.get().ok_or(PoolError::BadTerms)
    }

    /// The reserves as far as they are there: of a currency that decays there may be less than was written.
    fn present(&self) -> Result<Reserves, PoolError> {
        let Terms { one, other, .. } = self.known()?;
        let (here, mut reserves) = (env::self_address(), self.reserves());
        reserves.one = reserves.one.min(one.balance_of(here)?);
        reserves.other = reserves.other.min(other.balance_of(here)?);
        Ok(reserves)
    }

    fn priced(&self, sell: &Asset, kind: Kind, reserves: &Reserves) -> Result<Quote, PoolError> {
        let Terms { one, other, fee_ppm } = self.known()?;
        let (from, to) = if *sell == one {
            (reserves.one, reserves.other)
        } else if *sell == other {
            (reserves.other, reserves.one)
        } else {
            return Err(PoolError::WrongAsset);
        };
        Ok(match kind {
            Kind::ExactIn { spend, .. } => Quote { spent: spend, bought: curve::out_for(spend, from, to, fee_ppm)? },
            Kind::ExactOut { buy, .. } => Quote { spent: curve::in_for(buy, from, to, fee_ppm)?, bought: buy },
        })
    }

    fn write(&mut self, before: Reserves, one: u128, other: u128) -> Result<(), PoolError> {
        if one > MAX_RESERVE || other > MAX_RESERVE {
            return Err(PoolError::TooMuch);
        }
        let now = env::block_time_ms();
        let mut reserves = Reserves { one, other, time_ms: now, ..before };
        let passed = u128::from(now - before.time_ms);
        if before.time_ms != 0 && passed > 0 && before.one > 0 && before.other > 0 {
            let price = |over, under| curve::price(over, under).wrapping_mul(passed);
            reserves.one_price_sum = before.one_price_sum.wrapping_add(price(before.other, before.one));
            reserves.other_price_sum = before.other_price_sum.wrapping_add(price(before.one, before.other));
        }
        self.reserves.set(&reserves);
        Ok(())
    }
}

fn in_time(deadline_ms: u64) -> Result<(), PoolError> {
    if env::block_time_ms() <= deadline_ms { Ok(()) } else { Err(PoolError::Late) }
}
