//! One entry to all exchanges: trades split over venues and hops, whole or not at all.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod routing;
mod types;

use counterpart_contracts::pause::{Pause, Paused};
use counterpart_contracts::roles::{AdminChanged, AdminProposed, Roles};
use counterpart_sdk::prelude::*;
use routing::Till;
use trading::{Asset, Kind, Quote, fee};
pub use types::{
    Collection, HandlerChanged, Hop, Outcome, PartnerRegistered, Returned, Route, RouterError, Trade, Traded,
};

/// Trades in a collection, routes in a trade and hops in a route, at most.
pub const MOST: usize = 8;
/// The most that a partner can take, in parts of a million.
pub const MAX_FEE_PPM: u32 = 20_000;
/// The kind of message that can be paused: trades.
const TRADING: u8 = 0;

/// What the router keeps: never units.
#[storage]
pub struct SwapRouter {
    proxy: Item<Address>,
    delay_ms: Item<u64>,
    handlers: Map<Address, u64>,
    base_assets: Map<Address, bool>,
    partners: Map<Address, u32>,
    roles: Roles,
    pause: Pause,
}

#[contract(events(Traded, Returned, HandlerChanged, PartnerRegistered, Paused, AdminProposed, AdminChanged))]
impl SwapRouter {
    /// Makes a router that spends allowances of a proxy; whoever deploys it is the admin. Handlers wait for `delay_ms`.
    pub fn new(proxy: Address, delay_ms: u64) -> Self {
        let mut this = Self::default();
        this.proxy.set(&proxy);
        this.delay_ms.set(&delay_ms);
        this.roles.begin(&env::caller(), delay_ms);
        this
    }

    /// The contract to which accounts give allowances.
    pub fn proxy(&self) -> Address {
        self.proxy.get_or_default()
    }

    /// From when a handler may be used, in ms since 1970; none if it may not.
    pub fn handler_from(&self, handler: Address) -> Option<u64> {
        self.handlers.get(&handler)
    }

    /// What a partner takes, in parts of a million; none if it is not registered.
    pub fn partner_fee(&self, partner: Address) -> Option<u32> {
        self.partners.get(&partner)
    }

    /// Whether fees are taken of this contract's units where they can be.
    pub fn is_base_asset(&self, contract: Address) -> bool {
        self.base_assets.get_or_default(&contract)
    }

    /// Who admits handlers.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// Whether trades are refused.
    pub fn is_paused(&self) -> bool {
        self.pause.is_paused(TRADING)
    }

    /// What a collection would come to, trade by trade: the same that [`swap_collection`](Self::swap_collection) does in the same
    /// state.
    pub fn quote(&self, collection: Collection) -> Result<Vec<Outcome>, RouterError> {
        let fee_ppm = self.admit(&collection)?;
        let mut outcomes = Vec::with_capacity(collection.trades.len());
        for (number, trade) in (0..).zip(&collection.trades) {
            routing::require_even(number, trade)?;
            let mut total = Quote::default();
            let mut failed = 0;
            for (index, route) in (0..).zip(&trade.routes) {
                match routing::plan(trade, route) {
                    Ok(steps) => routing::add(&mut total, routing::whole(&steps))?,
                    Err(_) if route.optional => failed |= 1 << index,
                    Err(error) => return Err(RouterError::Route { trade: number, route: index, error }),
                }
            }
            outcomes.push(self.conclude(number, trade, total, fee_ppm, failed)?);
        }
        Ok(outcomes)
    }

    /// Trades: takes what is sold from the account, which has to authorise this and gave the proxy an allowance; sends what is
    /// bought to the receiver, fees to the partner, and what is left back. All of it or nothing.
    pub fn swap_collection(&mut self, collection: Collection) -> Result<Vec<Outcome>, RouterError> {
        env::require_auth(&collection.account);
        let fee_ppm = self.admit(&collection)?;
        let Collection { account, receiver, .. } = collection;
        let till = Till::open(&collection)?;
        let mut outcomes = Vec::with_capacity(collection.trades.len());
        for (number, trade) in (0..).zip(&collection.trades) {
            let (total, failed) = self.trade(number, trade, account)?;
            let outcome = self.conclude(number, trade, total, fee_ppm, failed)?;
            if let (Some(partner), 1..) = (collection.partner, outcome.fee) {
                if outcome.fee_of_sold {
                    self.pull(&trade.sell, account, outcome.fee)?;
                }
                let of = if outcome.fee_of_sold { trade.sell } else { trade.buy };
                of.transfer(env::self_address(), partner, outcome.fee)?;
            }
            trade.buy.transfer(env::self_address(), receiver, outcome.quote.bought)?;
            Traded { account, sell: trade.sell, buy: trade.buy, outcome }.emit();
            outcomes.push(outcome);
        }
        till.close(account)?;
        Ok(outcomes)
    }

    /// Registers what a partner takes, in parts of a million; the partner.
    pub fn register_partner(&mut self, partner: Address, fee_ppm: u32) -> Result<(), RouterError> {
        env::require_auth(&partner);
        if fee_ppm > MAX_FEE_PPM {
            return Err(RouterError::Fee { ppm: fee_ppm });
        }
        self.partners.set(&partner, &fee_ppm);
        PartnerRegistered { partner, fee_ppm }.emit();
        Ok(())
    }

    /// Admits a handler, from the end of the delay on, or shuts it out at once; the admin.
    pub fn set_handler(&mut self, handler: Address, allowed: bool) -> Result<(), RouterError> {
        self.roles.require_admin()?;
        let from_ms = allowed.then(|| env::block_time_ms().saturating_add(self.delay_ms.get_or_default()));
        match from_ms {
            Some(from_ms) => self.handlers.set(&handler, &from_ms),
            None => _ = self.handlers.remove(&handler),
        }
        HandlerChanged { handler, from_ms }.emit();
        Ok(())
    }

    /// Says that fees are taken of this contract's units where they can be, or no more; the admin.
    pub fn set_base_asset(&mut self, contract: Address, is_base: bool) -> Result<(), RouterError> {
        self.roles.require_admin()?;
        self.base_assets.set(&contract, &is_base);
        Ok(())
    }

    /// Refuses trades, or lets them go on; the admin. Nothing of anybody's is ever here.
    pub fn set_paused(&mut self, paused: bool) -> Result<(), RouterError> {
        self.roles.require_admin()?;
        self.pause.set(TRADING, paused);
        Ok(())
    }

    /// Sends units on that somebody sent here by mistake; the admin.
    pub fn sweep(&mut self, asset: Asset, to: Address) -> Result<u128, RouterError> {
        self.roles.require_admin()?;
        asset.settle(env::self_address());
        let units = asset.balance_of(env::self_address())?;
        asset.transfer(env::self_address(), to, units)?;
        Ok(units)
    }

    /// Proposes another admin, or takes the proposal back; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), RouterError> {
        Ok(self.roles.propose_admin(admin)?)
    }

    /// Takes over; who was proposed, after the delay.
    pub fn accept_admin(&mut self) -> Result<(), RouterError> {
        Ok(self.roles.accept_admin()?)
    }

    /// Refuses what is wrong with a collection whatever the markets are; answers what the partner takes.
    fn admit(&self, collection: &Collection) -> Result<u32, RouterError> {
        if self.is_paused() {
            return Err(RouterError::Paused);
        }
        if env::block_time_ms() > collection.deadline_ms {
            return Err(RouterError::Late);
        }
        routing::check(collection)?;
        for hop in routing::hops(collection) {
            let handler = hop.handler;
            match self.handlers.get(&handler) {
                None => return Err(RouterError::UnknownHandler { handler }),
                Some(from_ms) if env::block_time_ms() < from_ms => return Err(RouterError::NotYet { from_ms }),
                Some(_) => {}
            }
        }
        // The rules of a security are asked before any exchange is.
        for trade in &collection.trades {
            trade.buy.require_permitted(env::self_address(), collection.receiver, 1)?;
        }
        let Some(partner) = collection.partner else { return Ok(0) };
        let ppm = self.partners.get(&partner).ok_or(RouterError::Fee { ppm: 0 })?;
        if ppm > collection.max_fee_ppm { Err(RouterError::Fee { ppm }) } else { Ok(ppm) }
    }

    /// Carries the routes of a trade out; answers what they came to together and which failed.
    fn trade(&mut self, number: u32, trade: &Trade, account: Address) -> Result<(Quote, u32), RouterError> {
        routing::require_even(number, trade)?;
        let mut total = Quote::default();
        let mut failed = 0;
        for (index, route) in (0..).zip(&trade.routes) {
            let failure = |error| RouterError::Route { trade: number, route: index, error };
            let steps = match routing::plan(trade, route) {
                Ok(steps) => steps,
                Err(_) if route.optional => {
                    failed |= 1 << index;
                    continue;
                }
                Err(error) => return Err(failure(error)),
            };
            self.pull(&trade.sell, account, routing::whole(&steps).spent)?;
            match routing::execute(&steps)? {
                Ok(done) => routing::add(&mut total, done)?,
                Err(_) if route.optional => failed |= 1 << index,
                Err(error) => return Err(failure(error)),
            }
        }
        Ok((total, failed))
    }

    /// Takes the fee off and checks the bounds: the same for a quote and for a trade.
    fn conclude(
        &self,
        number: u32,
        trade: &Trade,
        total: Quote,
        fee_ppm: u32,
        failed: u32,
    ) -> Result<Outcome, RouterError> {
        let base = |asset: &Asset| self.is_base_asset(asset.contract());
        let fee_of_sold = base(&trade.sell) && !base(&trade.buy);
        let of = if fee_of_sold { total.spent } else { total.bought };
        let fee = fee::down(of, fee_ppm).ok_or(RouterError::Fee { ppm: fee_ppm })?;
        let mut quote = total;
        if fee_of_sold {
            quote.spent = quote.spent.checked_add(fee).ok_or(RouterError::Fee { ppm: fee_ppm })?;
        } else {
            quote.bought -= fee;
        }
        let whole = match trade.kind {
            Kind::ExactIn { .. } => trade.partial || total.spent == routing::shares(trade),
            Kind::ExactOut { .. } => true,
        };
        if !whole || !trade.kind.accepts(&quote) {
            return Err(RouterError::Limit { trade: number, quote });
        }
        Ok(Outcome { quote, fee, fee_of_sold, failed })
    }

    fn pull(&self, asset: &Asset, account: Address, units: u128) -> Result<(), RouterError> {
        let proxy = transfer_proxy::TransferProxyRef::at(self.proxy());
        match proxy.pull(*asset, account, env::self_address(), units).try_call() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(transfer_proxy::ProxyError::Asset { error })) => Err(RouterError::Asset { error }),
            Ok(Err(error)) => Err(RouterError::Proxy { code: counterpart_sdk::ContractError::code(&error) }),
            Err(CallFailure::Reverted(code)) => Err(RouterError::Proxy { code }),
            Err(_) => Err(RouterError::Proxy { code: 0 }),
        }
    }
}
