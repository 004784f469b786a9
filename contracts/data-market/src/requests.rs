//! Requests: what keys cost, who is paid, and how a wrong key is shown.

use crate::types::{
    Account, Deduction, Disputed, MarketError, Request, RequestChanged, RequestStatus, Requested, Wrapped,
};
use crate::{BODY_INFO, DataMarket, KEY_INFO, MAX_KEYS, MAX_OPEN, key_aad, key_commitment};
use counterpart_sdk::prelude::*;
use recycling::Recorded;
use sealing_referee::SealingRefereeRef;
use trading::fee;

impl DataMarket {
    /// What the keys of events cost now, and whose gateway delivers them.
    pub(crate) fn priced(&self, events: &[u64]) -> Result<(Vec<Deduction>, Address), MarketError> {
        let twice = (1..events.len()).any(|index| events[..index].contains(&events[index]));
        if events.is_empty() || events.len() > MAX_KEYS || twice {
            return Err(MarketError::BadRequest);
        }
        let (register, version) = (self.register()?, self.version());
        let mut deductions = Vec::with_capacity(events.len());
        let mut gateway = None;
        for event in events {
            let off_sale = MarketError::NotOnSale { event: *event };
            let seller = register.seller(*event).try_call().ok().and_then(Result::ok).flatten();
            let seller = seller.ok_or(off_sale.clone())?;
            let recorded: Recorded =
                register.event(*event).try_call().ok().and_then(Result::ok).flatten().ok_or(off_sale)?;
            if *gateway.get_or_insert(recorded.gateway) != recorded.gateway {
                return Err(MarketError::BadRequest);
            }
            let class = recorded.reading.class;
            let price = self.price(class).ok_or(MarketError::NoPrice { class })?;
            let age = env::block_time_ms().saturating_sub(recorded.reading.at_ms);
            let units = if age < price.fresh_ms { price.fresh } else { price.old };
            let less = if events.len() as u32 >= price.many { price.less_ppm } else { 0 };
            // What is taken off is rounded down: a key never costs nothing.
            let units = units - fee::down(units, less).ok_or(MarketError::BadTerms)?;
            deductions.push(Deduction { event: *event, units, version, seller, wrapped: None, refunded: false });
        }
        Ok((deductions, gateway.ok_or(MarketError::BadRequest)?))
    }

    pub(crate) fn open_request(
        &mut self,
        buyer: Address,
        events: &[u64],
        key: [u8; 32],
        version: u32,
        max_units: u128,
    ) -> Result<u64, MarketError> {
        if version != self.version() {
            return Err(MarketError::Changed { version: self.version() });
        }
        let open = self.open.get_or_default(&buyer);
        if open >= MAX_OPEN {
            return Err(MarketError::TooMany { limit: MAX_OPEN });
        }
        let (deductions, gateway) = self.priced(events)?;
        let units = deductions.iter().fold(0, |sum: u128, deduction| sum.saturating_add(deduction.units));
        if units > max_units {
            return Err(MarketError::TooMuch { units });
        }
        let penalty = self.known()?.penalty;
        if self.bond(gateway) < penalty {
            return Err(MarketError::TooLittle { have: self.bond(gateway) });
        }
        let mut account = self.account(buyer);
        let have = account.available;
        account.available = have.checked_sub(units).ok_or(MarketError::TooLittle { have })?;
        account.locked += units;
        self.accounts.set(&buyer, &account);
        self.open.set(&buyer, &(open + 1));
        self.open.set(&gateway, &(self.open.get_or_default(&gateway) + 1));
        let request = self.count();
        self.next.set(&(request + 1));
        let until_ms = env::block_time_ms().saturating_add(self.known()?.deliver_ms);
        let status = RequestStatus::Open;
        self.requests.set(&request, &Request { buyer, key, gateway, deductions, until_ms, status });
        Requested { request, buyer, gateway, units }.emit();
        Ok(request)
    }

    pub(crate) fn in_status(&self, request: u64, status: RequestStatus) -> Result<Request, MarketError> {
        let found = self.requests.get(&request).ok_or(MarketError::NoRequest { request })?;
        if found.status == status && env::block_time_ms() < found.until_ms {
            Ok(found)
        } else {
            Err(MarketError::WrongStatus { status: found.status, until_ms: found.until_ms })
        }
    }

    /// Pays who has a part in each key that was not refunded: gateway and fund their parts rounded down, the owner what is left.
    pub(crate) fn pay_out(&mut self, request: u64, mut found: Request) -> Result<(), MarketError> {
        let terms = self.known()?;
        let mut spent = 0;
        for deduction in found.deductions.iter().filter(|deduction| !deduction.refunded) {
            let part = |ppm| fee::down(deduction.units, ppm).ok_or(MarketError::BadTerms);
            let (gateway, fund) = (part(terms.gateway_ppm)?, part(terms.fund_ppm)?);
            self.credit(found.gateway, gateway);
            self.credit(terms.fund, fund);
            self.credit(deduction.seller, deduction.units - gateway - fund);
            spent += deduction.units;
        }
        self.unlock(&found.buyer, spent, false);
        self.close(&found);
        self.stand(request, &mut found, RequestStatus::Settled);
        Ok(())
    }

    /// Units that a request held go back, or are spent.
    pub(crate) fn unlock(&mut self, buyer: &Address, units: u128, back: bool) {
        let account = self.account(*buyer);
        let locked = account.locked - units;
        let now = match back {
            true => Account { locked, available: account.available + units, ..account },
            false => Account { locked, spent: account.spent + units, ..account },
        };
        self.accounts.set(buyer, &now);
    }

    /// A request is over for both sides.
    pub(crate) fn close(&mut self, found: &Request) {
        for who in [found.buyer, found.gateway] {
            self.open.set(&who, &(self.open.get_or_default(&who).saturating_sub(1)));
        }
    }

    pub(crate) fn stand(&mut self, request: u64, found: &mut Request, status: RequestStatus) {
        found.status = status;
        self.requests.set(&request, found);
        RequestChanged { request, status }.emit();
    }

    pub(crate) fn prove_wrong(
        &mut self,
        request: u64,
        event: u64,
        seed: [u8; 32],
        body: Option<Wrapped>,
    ) -> Result<(), MarketError> {
        let mut found = self.in_status(request, RequestStatus::Delivered)?;
        env::require_auth(&found.buyer);
        let open = |deduction: &&mut Deduction| deduction.event == event && !deduction.refunded;
        let deduction = found.deductions.iter_mut().find(open).ok_or(MarketError::NoDeduction { event })?;
        let wrapped = deduction.wrapped.clone().ok_or(MarketError::NoDeduction { event })?;
        let recorded = self.register()?.event(event).try_call().ok().and_then(Result::ok).flatten();
        let recorded = recorded.ok_or(MarketError::NotOnSale { event })?;
        let referee = SealingRefereeRef::at(self.known()?.referee);
        let opens = |seed: [u8; 32], info: &[u8], aad: Vec<u8>, sealed: &Wrapped| {
            let Wrapped { enc, ciphertext } = sealed.clone();
            referee.open(seed, info.to_vec(), aad, enc, ciphertext).try_call().ok().and_then(Result::ok)
        };
        let aad = key_aad(env::chain_id(), &env::self_address(), request, event);
        let opened = opens(seed, KEY_INFO, aad, &wrapped).ok_or(MarketError::WrongSeed)?;
        if opened.public_key != found.key {
            return Err(MarketError::WrongSeed);
        }
        let key = opened.text.and_then(|text| <[u8; 32]>::try_from(text.as_slice()).ok());
        let committed = key.filter(|key| key_commitment(key, &recorded.reading.hash) == recorded.key_commitment);
        if let Some(key) = committed {
            // It is the key; what can be wrong is that it does not open the body that was recorded with it.
            let body = body.ok_or(MarketError::NothingWrong)?;
            if env::sha2_256(&[&body.enc[..], &body.ciphertext].concat()) != recorded.body {
                return Err(MarketError::WrongBody);
            }
            let text = opens(key, BODY_INFO, recorded.reading.hash.0.to_vec(), &body);
            if text.is_some_and(|opened| opened.text.is_some()) {
                return Err(MarketError::NothingWrong);
            }
        }
        deduction.refunded = true;
        let refunded = deduction.units;
        self.unlock(&found.buyer, refunded, true);
        let slashed = self.known()?.penalty.min(self.bond(found.gateway));
        self.bonds.set(&found.gateway, &(self.bond(found.gateway) - slashed));
        self.credit(found.buyer, slashed);
        Disputed { request, event, refunded, slashed }.emit();
        self.requests.set(&request, &found);
        Ok(())
    }

    fn credit(&mut self, account: Address, units: u128) {
        if units > 0 {
            self.claims.set(&account, &(self.claim_of(account) + units));
        }
    }
}
