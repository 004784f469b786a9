//! Holding, capturing and letting go: all legs or none.

use crate::planning::Candidate;
use crate::types::{Ended, Leg, LegChanged, LegStatus, Payment, PaymentError, PaymentStatus, Reason, Refunded};
use crate::{MAX_ATTEMPTS, Payments};
use counterpart_sdk::prelude::*;
use instruments::{Class, Failure, Hold, HoldStatus, ProviderRef};
use trading::{HandlerRef, Kind, Order, fee};

// What has several callers is not inlined: the contract is a kilobyte smaller for it.
impl Payments {
    /// Goes on until the payment ends or a provider has yet to answer.
    pub(crate) fn advance(&mut self, payment: u64, mut found: Payment) -> Result<PaymentStatus, PaymentError> {
        if env::block_time_ms() > found.request.deadline_ms {
            self.let_go(payment, &mut found, Reason::Expired)?;
            return Ok(found.status);
        }
        for leg in 0..found.legs.len() {
            self.ask(payment, &mut found, leg);
        }
        loop {
            let failed = |leg: &Leg| match leg.status {
                LegStatus::Failed(failure) if failure.class() == Class::Hard => Some(failure),
                _ => None,
            };
            if let Some(failure) = found.legs.iter().find_map(failed) {
                self.let_go(payment, &mut found, Reason::Refused(failure))?;
                return Ok(found.status);
            }
            if found.missing() == 0 {
                break;
            }
            let standing = |leg: &&Leg| matches!(leg.status, LegStatus::Held | LegStatus::Pending);
            let room = (found.legs.iter().filter(standing).count() as u32) < found.request.max_legs
                && found.legs.len() < MAX_ATTEMPTS;
            let next = if room { self.candidate(&mut found)? } else { None };
            // What an app told may be charged in several legs: it is asked again until it has nothing more.
            let next = match next {
                None if room && found.apps_asked => self.foreign(&found, found.missing())?,
                next => next,
            };
            let Some(candidate) = next else {
                self.let_go(payment, &mut found, Reason::NoCoverage)?;
                return Ok(found.status);
            };
            self.hold(payment, &mut found, candidate)?;
        }
        if found.legs.iter().any(|leg| leg.status == LegStatus::Pending) {
            self.payments.set(&payment, &found);
            return Ok(found.status);
        }
        self.capture(payment, &mut found)?;
        Ok(found.status)
    }

    /// Asks a provider about a leg that it had not answered; one that takes too long has failed, and its hold is let go.
    #[inline(never)]
    fn ask(&mut self, payment: u64, found: &mut Payment, index: usize) {
        let leg = found.legs[index];
        if leg.status != LegStatus::Pending {
            return;
        }
        let answer = ProviderRef::at(leg.provider).status(hold_id(payment, index)).code_only().try_call();
        let status = match answer.ok().and_then(Result::ok) {
            Some(HoldStatus::Held) => LegStatus::Held,
            Some(HoldStatus::Failed(failure)) => LegStatus::Failed(failure),
            _ if env::block_time_ms() > leg.answer_by_ms => LegStatus::Failed(Failure::TimedOut),
            _ => return,
        };
        if status == LegStatus::Failed(Failure::TimedOut) {
            self.void_hold(payment, index, &leg);
        }
        self.note_health(leg.provider, status);
        self.set_leg(payment, found, index, status);
    }

    /// Tries to hold the next leg.
    #[inline(never)]
    fn hold(&mut self, payment: u64, found: &mut Payment, candidate: Candidate) -> Result<(), PaymentError> {
        let Candidate { provider, token, kind, instrument, units, .. } = candidate;
        let terms = self.known()?;
        let record = self.provider(provider).ok_or(PaymentError::UnknownProvider { provider })?;
        let source = match found.request.exchange(&record.asset) {
            Some(exchange) if record.asset != found.request.asset => self.cost(exchange, units)?,
            _ => units,
        };
        let now = env::block_time_ms();
        let answer_by_ms = now.saturating_add(terms.answer_ms);
        let index = found.legs.len();
        let status = LegStatus::Pending;
        found.legs.push(Leg { provider, token, kind, instrument, units, source, refunded: 0, answer_by_ms, status });
        let (payer, expires_ms) = (found.request.payer, found.request.deadline_ms);
        let hold = Hold { id: hold_id(payment, index), payer, token, units: source, expires_ms };
        let answer = ProviderRef::at(provider).authorize(hold).code_only().try_call();
        let status = match answer {
            Ok(Ok(HoldStatus::Held)) => LegStatus::Held,
            Ok(Ok(HoldStatus::Pending)) => LegStatus::Pending,
            Ok(Ok(HoldStatus::Failed(failure))) => LegStatus::Failed(failure),
            // It refuses, breaks, or answers what makes no sense: it does not work now, and holds nothing that is known.
            _ => LegStatus::Failed(Failure::Unavailable),
        };
        self.note_health(provider, status);
        if let (Some(number), LegStatus::Held | LegStatus::Pending) = (instrument, status) {
            self.charges.set(&(payer, number, now, payment), &source);
        }
        self.set_leg(payment, found, index, status);
        Ok(())
    }

    /// Captures every leg, exchanges what is of another asset, and pays the merchant.
    #[inline(never)]
    fn capture(&mut self, payment: u64, found: &mut Payment) -> Result<(), PaymentError> {
        let here = env::self_address();
        // The books first: whatever a provider does below sees a payment that is over.
        let terms = self.known()?;
        found.fee = fee::up(found.request.amount, terms.fee_ppm).ok_or(PaymentError::BadRequest)?;
        found.status = PaymentStatus::Succeeded;
        let held: Vec<usize> = (0..found.legs.len()).filter(|at| found.legs[*at].status == LegStatus::Held).collect();
        for index in &held {
            self.set_leg(payment, found, *index, LegStatus::Captured);
        }
        self.payments.set(&payment, found);
        Ended { payment, status: found.status }.emit();
        for index in held {
            let leg = found.legs[index];
            let provider = leg.provider;
            let asset = self.provider(provider).ok_or(PaymentError::UnknownProvider { provider })?.asset;
            asset.settle(here);
            let before = asset.balance_of(here)?;
            let captured = ProviderRef::at(provider).capture(hold_id(payment, index)).code_only().try_call();
            captured.map_err(|failure| PaymentError::Provider { provider, code: failure.code() })?.ok();
            let have = asset.balance_of(here)?.saturating_sub(before);
            if have != leg.source {
                return Err(PaymentError::ProviderLied { provider, want: leg.source, have });
            }
            if asset != found.request.asset {
                self.exchange(&found.request, &leg, asset)?;
            }
        }
        let request = &found.request;
        request.asset.transfer(here, terms.fee_to, found.fee)?;
        Ok(request.asset.transfer(here, request.merchant, request.amount - found.fee)?)
    }

    /// Buys a leg's units of the payment's asset for what was captured; what is left over is the payer's.
    #[inline(never)]
    fn exchange(&self, request: &crate::Request, leg: &Leg, sell: trading::Asset) -> Result<(), PaymentError> {
        let exchange = request.exchange(&sell).ok_or(PaymentError::BadRate)?;
        let (here, buy) = (env::self_address(), request.asset);
        buy.settle(here);
        let (held, before) = (buy.balance_of(here)?, sell.balance_of(here)?);
        sell.authorize_transfer(exchange.handler, leg.source);
        let kind = Kind::ExactOut { buy: leg.units, max_spend: leg.source };
        let order = Order { sell, buy, kind, data: exchange.data.clone() };
        let swapped = HandlerRef::at(exchange.handler).swap(order, here).code_only().try_call();
        swapped.map_err(|failure| PaymentError::Exchange { code: failure.code() })?.ok();
        // The handler is believed in nothing: what came and what went is counted.
        let bought = buy.balance_of(here)?.saturating_sub(held);
        let spent = before.saturating_sub(sell.balance_of(here)?);
        if bought < leg.units || spent > leg.source {
            return Err(PaymentError::Slipped { spent, bought });
        }
        buy.transfer(here, request.payer, bought - leg.units)?;
        Ok(sell.transfer(here, request.payer, leg.source - spent)?)
    }

    /// Lets go of every leg that stands: nothing is charged.
    #[inline(never)]
    pub(crate) fn let_go(&mut self, payment: u64, found: &mut Payment, why: Reason) -> Result<(), PaymentError> {
        found.status = PaymentStatus::Failed(why);
        for index in 0..found.legs.len() {
            let leg = found.legs[index];
            if matches!(leg.status, LegStatus::Held | LegStatus::Pending) {
                self.void_hold(payment, index, &leg);
                self.set_leg(payment, found, index, LegStatus::Voided);
            }
        }
        self.payments.set(&payment, found);
        Ended { payment, status: found.status }.emit();
        Ok(())
    }

    /// Tells a provider to let go. One that does not listen cannot keep the others from it.
    #[inline(never)]
    fn void_hold(&self, payment: u64, index: usize, leg: &Leg) {
        let _ = ProviderRef::at(leg.provider).void(hold_id(payment, index)).code_only().try_call();
    }

    /// Gives units back, the last leg first.
    pub(crate) fn give_back(&mut self, payment: u64, units: u128) -> Result<(), PaymentError> {
        let mut found = self.payment(payment).ok_or(PaymentError::NoPayment { payment })?;
        let crate::Request { payer, merchant, amount, asset, .. } = found.request;
        env::require_auth(&merchant);
        if found.status != PaymentStatus::Succeeded {
            return Err(PaymentError::WrongStatus { status: found.status });
        }
        let left = amount - found.refunded;
        if units == 0 || units > left {
            return Err(PaymentError::RefundTooLarge { left });
        }
        let here = env::self_address();
        asset.transfer(merchant, here, units)?;
        found.refunded += units;
        let mut rest = units;
        for index in (0..found.legs.len()).rev() {
            let leg = found.legs[index];
            let part = if leg.status == LegStatus::Captured { rest.min(leg.units - leg.refunded) } else { 0 };
            if part == 0 {
                continue;
            }
            rest -= part;
            found.legs[index].refunded += part;
            let provider = leg.provider;
            let same = self.provider(provider).is_some_and(|record| record.asset == asset);
            if same {
                asset.authorize_transfer(provider, part);
            }
            let taken = same
                && matches!(
                    ProviderRef::at(provider).refund(hold_id(payment, index), part).code_only().try_call(),
                    Ok(Ok(()))
                );
            if !taken {
                // What was exchanged cannot go back the way that it came, and a provider may be gone: it is the payer's.
                asset.transfer(here, payer, part)?;
            }
            LegChanged { payment, leg: index as u32, now: found.legs[index] }.emit();
        }
        self.payments.set(&payment, &found);
        Refunded { payment, units }.emit();
        Ok(())
    }

    #[inline(never)]
    fn set_leg(&mut self, payment: u64, found: &mut Payment, index: usize, status: LegStatus) {
        let before = found.legs[index];
        found.legs[index].status = status;
        if let (LegStatus::Failed(_) | LegStatus::Voided, Some(number)) = (status, before.instrument) {
            // It counts no more towards the instrument's limit.
            let at_ms = before.answer_by_ms.saturating_sub(self.terms.get().map_or(0, |terms| terms.answer_ms));
            self.charges.remove(&(found.request.payer, number, at_ms, payment));
        }
        LegChanged { payment, leg: index as u32, now: found.legs[index] }.emit();
    }

    /// Counts a provider's failures: after some in a row it rests.
    #[inline(never)]
    fn note_health(&mut self, provider: Address, status: LegStatus) {
        let Some(record) = self.provider(provider) else { return };
        let Some(terms) = self.terms.get() else { return };
        let now = match status {
            LegStatus::Failed(Failure::Unavailable | Failure::TimedOut) => {
                let failures = record.failures + 1;
                if failures >= terms.max_failures {
                    let rests_until_ms = env::block_time_ms().saturating_add(terms.cool_ms);
                    crate::ProviderRecord { failures: 0, rests_until_ms, ..record }
                } else {
                    crate::ProviderRecord { failures, ..record }
                }
            }
            LegStatus::Pending => record,
            _ => crate::ProviderRecord { failures: 0, ..record },
        };
        if now != record {
            self.set_health(provider, now);
        }
    }
}

/// The id of a leg's hold: of this contract on this chain alone.
pub(crate) fn hold_id(payment: u64, leg: usize) -> Hash {
    env::sha3_256(&(*b"counterpart/hold/1", env::chain_id(), env::self_address(), payment, leg as u32).encode())
}
