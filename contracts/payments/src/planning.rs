//! Which instrument is charged next, and for how much.

use crate::types::{Exchange, Instrument, Leg, LegStatus, Payment, PaymentError, Request, Strategy};
use crate::{MAX_CHARGES, MAX_LEGS, Payments};
use counterpart_sdk::prelude::*;
use counterpart_sdk::rounding;
use instruments::{InstrumentKind, ProviderRef, TokenAppRef, TokenRecord};
use trading::fee;

/// Apps that a request names, at most.
const MAX_APPS: usize = 3;

/// An instrument that could be charged.
#[derive(Clone, Copy)]
pub(crate) struct Candidate {
    pub provider: Address,
    pub token: Hash,
    pub kind: InstrumentKind,
    pub instrument: Option<u32>,
    /// Units of the payment's asset that it gives, at most.
    pub units: u128,
    /// What comes first: the order of parts, then the strategy's.
    pub rank: u128,
}

/// Refuses what is wrong with a request whatever the instruments are.
pub(crate) fn check(request: &Request) -> Result<(), PaymentError> {
    let named: u128 = request.parts.iter().filter_map(|part| part.units).fold(0, u128::saturating_add);
    let twice = (1..request.parts.len())
        .any(|index| request.parts[..index].iter().any(|part| part.instrument == request.parts[index].instrument));
    let sized = request.amount > 0
        && named <= request.amount
        && (1..=MAX_LEGS).contains(&request.max_legs)
        && request.parts.len() <= MAX_LEGS as usize
        && request.apps.len() <= MAX_APPS
        && request.exchanges.len() <= 4;
    if sized && !twice && !request.parts.iter().any(|part| part.units == Some(0)) {
        Ok(())
    } else {
        Err(PaymentError::BadRequest)
    }
}

// What has several callers is not inlined: the contract is a kilobyte smaller for it.
impl Payments {
    /// The next instrument to charge, none if no other one gives anything.
    pub(crate) fn candidate(&self, found: &mut Payment) -> Result<Option<Candidate>, PaymentError> {
        let missing = found.missing();
        let own = self.own_candidates(found, missing)?;
        let best = own.into_iter().min_by_key(|candidate| candidate.rank);
        if best.is_some() || found.apps_asked || !found.request.fall_over {
            return Ok(best);
        }
        found.apps_asked = true;
        self.foreign(found, missing)
    }

    /// What the apps of the request tell, on the spot: no step of the payer is in between.
    #[inline(never)]
    pub(crate) fn foreign(&self, found: &Payment, missing: u128) -> Result<Option<Candidate>, PaymentError> {
        let mut candidates = Vec::new();
        for app in &found.request.apps {
            let told = TokenAppRef::at(*app).retrieve(found.request.payer, env::self_address()).try_call();
            // An app that does not answer knows no instruments.
            for record in told.ok().and_then(Result::ok).unwrap_or_default().into_iter().take(8) {
                let TokenRecord { provider, token, kind, priority, expires_ms } = record;
                if env::block_time_ms() <= expires_ms {
                    candidates.extend(self.offer(found, (provider, token, kind), priority, missing, None)?);
                }
            }
        }
        Ok(candidates.into_iter().min_by_key(|candidate| candidate.rank))
    }

    fn own_candidates(&self, found: &Payment, missing: u128) -> Result<Vec<Candidate>, PaymentError> {
        let (payer, request) = (found.request.payer, &found.request);
        let mut candidates = Vec::new();
        for number in 0..self.next_instrument.get_or_default(&payer) {
            let Some(instrument) = self.instrument(payer, number) else { continue };
            let place = request.parts.iter().position(|part| part.instrument == number);
            let over = env::block_time_ms() > instrument.expires_ms;
            let other = instrument.merchant.is_some_and(|only| only != request.merchant);
            if over || other || (place.is_none() && !request.fall_over) {
                continue;
            }
            let named = place.and_then(|place| request.parts[place].units);
            let most = missing.min(named.unwrap_or(missing));
            let Instrument { provider, token, kind, priority, .. } = instrument;
            let linked = Some((number, &instrument));
            let offered = self.offer(found, (provider, token, kind), priority, most, linked)?;
            // Parts come first, in their order.
            candidates.extend(offered.map(|offered| match place {
                Some(place) => Candidate { rank: place as u128, ..offered },
                None => Candidate { rank: offered.rank | 1 << 127, ..offered },
            }));
        }
        Ok(candidates)
    }

    /// What an instrument gives now, unless it was tried, rests, or may not go with the others.
    #[inline(never)]
    fn offer(
        &self,
        found: &Payment,
        (provider, token, kind): (Address, Hash, InstrumentKind),
        priority: u32,
        most: u128,
        linked: Option<(u32, &Instrument)>,
    ) -> Result<Option<Candidate>, PaymentError> {
        let tried = found.legs.iter().any(|leg| (leg.provider, leg.token) == (provider, token));
        let Some(record) = self.provider(provider).filter(|_| !tried) else { return Ok(None) };
        if env::block_time_ms() < record.rests_until_ms || !self.goes_with(found, kind) {
            return Ok(None);
        }
        let (request, payer) = (&found.request, found.request.payer);
        let exchange = request.exchange(&record.asset);
        if record.asset != request.asset && exchange.is_none() {
            return Ok(None);
        }
        // A provider that does not answer gives nothing.
        let available = ProviderRef::at(provider).available(payer, token).try_call().ok().and_then(Result::ok);
        let mut source = available.unwrap_or_default();
        if let Some((number, instrument)) = linked {
            source = source.min(instrument.max_leg.unwrap_or(u128::MAX));
            if let Some(limit) = instrument.limit {
                let charged = self.charged(payer, number, limit.window_ms);
                source = source.min(charged.map_or(0, |charged| limit.units.saturating_sub(charged)));
            }
        }
        let gives = match exchange {
            None => source,
            Some(exchange) => self.worth(exchange, source)?,
        };
        let units = gives.min(most);
        let rank = match request.strategy {
            Strategy::Priority => u128::from(priority),
            Strategy::Coverage => u128::MAX / 4 - units.min(u128::MAX / 4),
            Strategy::Fee => u128::from(record.fee_ppm),
        };
        let instrument = linked.map(|(number, _)| number);
        Ok((units > 0).then_some(Candidate { provider, token, kind, instrument, units, rank }))
    }

    /// Whether a kind may go with those of the legs that stand.
    fn goes_with(&self, found: &Payment, kind: InstrumentKind) -> bool {
        let sets = self.combinations.get_or_default(&found.request.merchant);
        let standing = found.legs.iter().filter(|leg| matches!(leg.status, LegStatus::Held | LegStatus::Pending));
        let together = standing.fold(kind.bit(), |bits, leg| bits | leg.kind.bit());
        sets.is_empty() || sets.iter().any(|set| together & !set == 0)
    }

    /// Units of an instrument that were charged within its window, those that are only held included; none if there were more charges
    /// than are looked at.
    fn charged(&self, payer: Address, number: u32, window_ms: u64) -> Option<u128> {
        let since = env::block_time_ms().saturating_sub(window_ms);
        let after = (payer, number, since, u64::MAX);
        let page = self.charges.page(Some(&after), MAX_CHARGES);
        let own = page.into_iter().take_while(|(key, _)| (key.0, key.1) == (payer, number));
        let units: Vec<u128> = own.map(|(_, units)| units).collect();
        let all = (units.len() as u32) < MAX_CHARGES;
        all.then(|| units.into_iter().fold(0, u128::saturating_add))
    }

    /// Units of the payment's asset that units of another are worth at the signed rate, less what it may slip; rounded down.
    fn worth(&self, exchange: &Exchange, source: u128) -> Result<u128, PaymentError> {
        self.require_rate(exchange)?;
        let terms = self.known()?;
        let rate = &exchange.rate;
        // A provider without an end gives more than can be counted, and that is more than enough.
        let most = source.min(u128::MAX >> 40);
        let worth = env::mul_div(most, rate.get, rate.give, rounding::FLOOR).unwrap_or(u128::MAX);
        let kept = u128::from(fee::MILLION - terms.max_slippage_ppm);
        Ok(env::mul_div(worth, kept, fee::MILLION.into(), rounding::FLOOR).unwrap_or(u128::MAX))
    }

    /// Units of another asset that so many of the payment's may cost: at the signed rate and what it may slip; rounded up.
    pub(crate) fn cost(&self, exchange: &Exchange, units: u128) -> Result<u128, PaymentError> {
        self.require_rate(exchange)?;
        let terms = self.known()?;
        let kept = u128::from(fee::MILLION - terms.max_slippage_ppm);
        let whole = env::mul_div(units, fee::MILLION.into(), kept, rounding::CEIL);
        let cost = whole.and_then(|whole| env::mul_div(whole, exchange.rate.give, exchange.rate.get, rounding::CEIL));
        cost.ok_or(PaymentError::BadRate)
    }

    #[inline(never)]
    fn require_rate(&self, exchange: &Exchange) -> Result<(), PaymentError> {
        let (rate, terms) = (&exchange.rate, self.known()?);
        let signed = (*b"counterpart/payment-rate/1", env::chain_id(), env::self_address(), rate);
        let digest = env::sha3_256(&signed.encode());
        let holds = rate.give > 0
            && rate.get > 0
            && env::block_time_ms() <= rate.expires_ms
            && env::ed25519_verify(&terms.rates_key, &digest.0, &exchange.signature);
        if holds { Ok(()) } else { Err(PaymentError::BadRate) }
    }
}

impl Request {
    /// How units of an asset become those of the payment.
    pub(crate) fn exchange(&self, asset: &trading::Asset) -> Option<&Exchange> {
        self.exchanges.iter().find(|exchange| exchange.rate.from == *asset && exchange.rate.to == self.asset)
    }
}

impl Payment {
    /// Units that no standing leg covers.
    pub(crate) fn missing(&self) -> u128 {
        let standing = |leg: &&Leg| matches!(leg.status, LegStatus::Held | LegStatus::Pending);
        let covered: u128 = self.legs.iter().filter(standing).map(|leg| leg.units).sum();
        self.request.amount - covered
    }
}
