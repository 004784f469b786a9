//! Routes: what they would come to, and carrying them out. Nothing is believed of a handler: what it may take is exactly what
//! the router consented to for this call, and what it brings is counted.

use crate::MOST;
use crate::types::{Collection, Hop, Returned, Route, RouterError, Trade};
use counterpart_sdk::prelude::*;
use counterpart_sdk::rounding;
use trading::fee::MILLION;
use trading::{Asset, HandlerError, HandlerRef, Kind, Order, Quote};

/// One hop with amounts.
pub struct Step {
    handler: Address,
    order: Order,
    quote: Quote,
}

/// All hops of a collection.
pub fn hops(collection: &Collection) -> impl Iterator<Item = &Hop> {
    collection.trades.iter().flat_map(|trade| &trade.routes).flat_map(|route| &route.hops)
}

/// Units that all routes of a trade share; more than can be counted is as much as nobody has.
pub fn shares(trade: &Trade) -> u128 {
    trade.routes.iter().fold(0, |sum: u128, route| sum.saturating_add(route.units))
}

/// Refuses collections that make no sense.
pub fn check(collection: &Collection) -> Result<(), RouterError> {
    let sized = |length: usize| (1..=MOST).contains(&length);
    let mut good = sized(collection.trades.len());
    for trade in &collection.trades {
        good &= sized(trade.routes.len()) && trade.sell.contract() != trade.buy.contract();
        good &= match trade.kind {
            Kind::ExactIn { spend, .. } => shares(trade) <= spend,
            Kind::ExactOut { buy, .. } => shares(trade) >= buy,
        };
        for route in &trade.routes {
            good &= sized(route.hops.len()) && route.units > 0 && !(route.optional && route.hops.len() > 1);
            good &= route.hops.last().is_some_and(|hop| hop.buy == trade.buy);
        }
    }
    if !good {
        return Err(RouterError::BadCollection);
    }
    let mut seen: Vec<&Hop> = Vec::new();
    for hop in hops(collection) {
        if seen.iter().any(|other| other.handler == hop.handler && other.data == hop.data) {
            return Err(RouterError::SameMarket { handler: hop.handler });
        }
        seen.push(hop);
    }
    Ok(())
}

/// Asks every handler of a route what it would do, and what each has to be asked for.
pub fn plan(trade: &Trade, route: &Route) -> Result<Vec<Step>, HandlerError> {
    let sells = |index: usize| if index == 0 { trade.sell } else { route.hops[index - 1].buy };
    let ask = |index: usize, kind| {
        let Hop { handler, buy, data } = &route.hops[index];
        let order = Order { sell: sells(index), buy: *buy, kind, data: data.clone() };
        let answer = HandlerRef::at(*handler).quote(order.clone()).try_call();
        let quote = trading::answered(answer, |error: &HandlerError| Some(error.clone()))?;
        // What the handler is asked for later is what it says now.
        let kind = match kind {
            Kind::ExactIn { spend, .. } => Kind::ExactIn { spend, min_buy: 0 },
            Kind::ExactOut { buy, .. } => Kind::ExactOut { buy, max_spend: quote.spent },
        };
        Ok(Step { handler: *handler, order: Order { kind, ..order }, quote })
    };
    let mut steps = Vec::with_capacity(route.hops.len());
    match trade.kind {
        Kind::ExactIn { .. } => {
            let mut spend = route.units;
            for index in 0..route.hops.len() {
                let step: Step = ask(index, Kind::ExactIn { spend, min_buy: 0 })?;
                spend = step.quote.bought;
                steps.push(step);
            }
        }
        Kind::ExactOut { max_spend, .. } => {
            let mut buy = route.units;
            for index in (0..route.hops.len()).rev() {
                let max_spend = if index == 0 { max_spend } else { u128::MAX };
                let step: Step = ask(index, Kind::ExactOut { buy, max_spend })?;
                buy = step.quote.spent;
                steps.push(step);
            }
            steps.reverse();
        }
    }
    Ok(steps)
}

/// What a planned route comes to.
pub fn whole(steps: &[Step]) -> Quote {
    let spent = steps.first().map_or(0, |step| step.quote.spent);
    Quote { spent, bought: steps.last().map_or(0, |step| step.quote.bought) }
}

/// Adds what a route comes to.
pub fn add(total: &mut Quote, more: Quote) -> Result<(), RouterError> {
    let sum = |one: u128, other| one.checked_add(other).ok_or(RouterError::BadCollection);
    *total = Quote { spent: sum(total.spent, more.spent)?, bought: sum(total.bought, more.bought)? };
    Ok(())
}

/// Carries a planned route out with units that are here. The inner error is of a handler that did nothing.
pub fn execute(steps: &[Step]) -> Result<Result<Quote, HandlerError>, RouterError> {
    let here = env::self_address();
    let mut total = Quote::default();
    for (index, step) in steps.iter().enumerate() {
        let Order { sell, buy, .. } = step.order;
        let (sold, got) = (sell.balance_of(here)?, buy.balance_of(here)?);
        // What was quoted is spent, even where the order would let more be spent.
        let kind = match step.order.kind {
            Kind::ExactIn { min_buy, .. } => Kind::ExactIn { spend: step.quote.spent, min_buy },
            kind => kind,
        };
        let order = Order { kind, ..step.order.clone() };
        sell.authorize_transfer(step.handler, step.quote.spent);
        let answer = HandlerRef::at(step.handler).swap(order, here).try_call();
        let said = match trading::answered(answer, |error: &HandlerError| Some(error.clone())) {
            Ok(said) => said,
            Err(error) => return Ok(Err(error)),
        };
        let spent = sold.checked_sub(sell.balance_of(here)?);
        let bought = buy.balance_of(here)?.checked_sub(got);
        let done = Quote { spent: spent.unwrap_or(0), bought: bought.unwrap_or(0) };
        if spent != Some(said.spent) || bought != Some(said.bought) || done != step.quote {
            return Err(RouterError::HandlerLied { handler: step.handler, said, done });
        }
        if index == 0 {
            total.spent = done.spent;
        }
        total.bought = done.bought;
    }
    Ok(Ok(total))
}

/// Refuses a split after which a little more would bring more on one route than on another. Looked at before anything is traded, so
/// that a quote refuses what a trade would.
pub fn require_even(number: u32, trade: &Trade) -> Result<(), RouterError> {
    /// The part of a trade that is the little more.
    const PROBE: u128 = 100;
    let Some(even_ppm) = trade.even_ppm else { return Ok(()) };
    let probe = (shares(trade) / PROBE).max(1);
    let mut worth: Option<(u128, u128)> = None;
    for route in &trade.routes {
        let whole = |units| plan(trade, &Route { units, ..route.clone() }).map(|steps| whole(&steps));
        // A route that fails, or cannot take more, leaves nothing unused.
        let (Ok(planned), Ok(more)) = (whole(route.units), whole(route.units.saturating_add(probe))) else { continue };
        let spent = more.spent.saturating_sub(planned.spent);
        let bought = more.bought.saturating_sub(planned.bought);
        let Some(worth_here) = env::mul_div(bought, MILLION.into(), spent, rounding::FLOOR) else { continue };
        let (best, worst) = worth.unwrap_or((worth_here, worth_here));
        worth = Some((best.max(worth_here), worst.min(worth_here)));
    }
    let Some((best, worst)) = worth else { return Ok(()) };
    let allowed = env::mul_div(best, u128::from(MILLION.saturating_sub(even_ppm)), MILLION.into(), rounding::FLOOR);
    if allowed.is_some_and(|allowed| worst >= allowed) {
        Ok(())
    } else {
        Err(RouterError::Uneven { trade: number, best, worst })
    }
}

/// What the router held before, so that afterwards it holds the same.
pub struct Till(Vec<(Asset, u128)>);

impl Till {
    /// Counts, with every account settled first: a currency that decays is worth what it is worth now.
    pub fn open(collection: &Collection) -> Result<Self, RouterError> {
        let mut assets: Vec<Asset> = Vec::new();
        let trades = collection.trades.iter().flat_map(|trade| [trade.sell, trade.buy]);
        for asset in trades.chain(hops(collection).map(|hop| hop.buy)) {
            if !assets.contains(&asset) {
                assets.push(asset);
            }
        }
        let here = env::self_address();
        let count = |asset: Asset| {
            asset.settle(here);
            asset.settle(collection.account);
            Ok((asset, asset.balance_of(here)?))
        };
        assets.into_iter().map(count).collect::<Result<_, _>>().map(Self)
    }

    /// Sends what is left to the account; nothing of anybody's stays here.
    pub fn close(self, account: Address) -> Result<(), RouterError> {
        let here = env::self_address();
        for (asset, before) in self.0 {
            let units = asset.balance_of(here)?.saturating_sub(before);
            if units > 0 {
                asset.transfer(here, account, units)?;
                Returned { account, asset, units }.emit();
            }
        }
        Ok(())
    }
}
