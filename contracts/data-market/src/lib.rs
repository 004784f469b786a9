//! Sells the keys of encrypted readings: deducted for each request, delivered sealed, disputed by proof.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod requests;
mod types;

use counterpart_contracts::roles::{AdminChanged, AdminProposed, Roles};
use counterpart_sdk::prelude::*;
use recycling::RecyclingRef;
use trading::fee;
pub use types::{
    Account, Deduction, Disputed, MarketError, Price, PriceChanged, Request, RequestChanged, RequestStatus, Requested,
    Terms, Wrapped,
};

/// Keys in a request, at most.
pub const MAX_KEYS: usize = 50;
/// Requests of a buyer that are not settled, at most.
pub const MAX_OPEN: u32 = 8;
/// The `info` of sealed keys, and of bodies.
pub const KEY_INFO: &[u8] = b"counterpart/data-key/1";
/// The `info` of encrypted bodies.
pub const BODY_INFO: &[u8] = b"counterpart/data-body/1";
/// What commitments to keys begin with.
const COMMITMENT: &[u8; 29] = b"counterpart/data-key-commit/1";

/// The commitment to the key of an event's body, as gateways make it when they take the event in.
pub fn key_commitment(key: &[u8; 32], hash: &Hash) -> Hash {
    env::sha2_256(&[&COMMITMENT[..], &key[..], &hash.0[..]].concat())
}

/// What is hashed to such a commitment, for those who are not on the chain.
pub fn commitment_text(key: &[u8; 32], hash: &[u8; 32]) -> Vec<u8> {
    [&COMMITMENT[..], &key[..], &hash[..]].concat()
}

/// What a sealed key is bound to: chain, contract, request and event.
pub fn key_aad(chain: u64, contract: &Address, request: u64, event: u64) -> Vec<u8> {
    [&chain.to_le_bytes()[..], &contract.0, &request.to_le_bytes(), &event.to_le_bytes()].concat()
}

/// What the market keeps.
#[storage]
pub struct DataMarket {
    terms: Item<Terms>,
    roles: Roles,
    prices: Map<u8, Price>,
    version: Item<u32>,
    accounts: Map<Address, Account>,
    bonds: Map<Address, u128>,
    claims: Map<Address, u128>,
    requests: Map<u64, Request>,
    next: Item<u64>,
    open: Map<Address, u32>,
}

#[contract(events(PriceChanged, Requested, RequestChanged, Disputed, AdminProposed, AdminChanged))]
impl DataMarket {
    /// Makes a market; whoever deploys it is the admin, who sets prices.
    pub fn new(terms: Terms) -> Result<Self, MarketError> {
        let shares = terms.gateway_ppm.checked_add(terms.fund_ppm).is_some_and(|sum| sum <= fee::MILLION);
        if !shares || terms.deliver_ms == 0 || terms.dispute_ms == 0 {
            return Err(MarketError::BadTerms);
        }
        let mut this = Self::default();
        this.terms.set(&terms);
        this.roles.begin(&env::caller(), terms.admin_delay_ms);
        Ok(this)
    }

    /// What holds for all.
    pub fn terms(&self) -> Option<Terms> {
        self.terms.get()
    }

    /// Who sets prices.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// The version of the prices: another one with each change.
    pub fn version(&self) -> u32 {
        self.version.get_or_default()
    }

    /// The price of a class.
    pub fn price(&self, class: u8) -> Option<Price> {
        self.prices.get(&class)
    }

    /// What a buyer paid in and what became of it.
    pub fn account(&self, buyer: Address) -> Account {
        self.accounts.get_or_default(&buyer)
    }

    /// Units that answer for a gateway.
    pub fn bond(&self, gateway: Address) -> u128 {
        self.bonds.get_or_default(&gateway)
    }

    /// Units that an account earned and can take out.
    pub fn claim_of(&self, account: Address) -> u128 {
        self.claims.get_or_default(&account)
    }

    /// Requests so far: the number of the next one.
    pub fn count(&self) -> u64 {
        self.next.get_or_default()
    }

    /// A request: its deductions are there for everybody.
    pub fn request(&self, request: u64) -> Option<Request> {
        self.requests.get(&request)
    }

    /// What the keys of events cost now, each.
    pub fn quote(&self, events: Vec<u64>) -> Result<Vec<u128>, MarketError> {
        let deductions = self.priced(&events)?;
        Ok(deductions.0.into_iter().map(|deduction| deduction.units).collect())
    }

    /// Says what readings of a class cost from now on; the admin. Answers the version.
    pub fn set_price(&mut self, class: u8, price: Price) -> Result<u32, MarketError> {
        self.roles.require_admin()?;
        if price.fresh == 0 || price.old == 0 || price.less_ppm > fee::MILLION / 2 {
            return Err(MarketError::BadTerms);
        }
        let version = self.version() + 1;
        self.version.set(&version);
        self.prices.set(&class, &price);
        PriceChanged { class, price, version }.emit();
        Ok(version)
    }

    /// Pays units in; the buyer, which consents to their transfer.
    pub fn top_up(&mut self, buyer: Address, units: u128) -> Result<(), MarketError> {
        env::require_auth(&buyer);
        let mut account = self.account(buyer);
        account.available = account.available.checked_add(units).ok_or(MarketError::BadTerms)?;
        account.topped_up += units;
        self.accounts.set(&buyer, &account);
        Ok(self.known()?.asset.transfer(buyer, env::self_address(), units)?)
    }

    /// Takes units out that no request holds; the buyer.
    pub fn withdraw(&mut self, buyer: Address, units: u128) -> Result<(), MarketError> {
        env::require_auth(&buyer);
        let mut account = self.account(buyer);
        let have = account.available;
        account.available = have.checked_sub(units).ok_or(MarketError::TooLittle { have })?;
        account.withdrawn += units;
        self.accounts.set(&buyer, &account);
        Ok(self.known()?.asset.transfer(env::self_address(), buyer, units)?)
    }

    /// Brings units that answer for a gateway's keys; the gateway, which consents to their transfer.
    pub fn put_bond(&mut self, gateway: Address, units: u128) -> Result<(), MarketError> {
        env::require_auth(&gateway);
        self.bonds.set(&gateway, &self.bond(gateway).checked_add(units).ok_or(MarketError::BadTerms)?);
        Ok(self.known()?.asset.transfer(gateway, env::self_address(), units)?)
    }

    /// Takes units of a bond out, while no request waits for the gateway; the gateway.
    pub fn take_bond(&mut self, gateway: Address, units: u128) -> Result<(), MarketError> {
        env::require_auth(&gateway);
        let open = self.open.get_or_default(&gateway);
        if open > 0 {
            return Err(MarketError::TooMany { limit: 0 });
        }
        let have = self.bond(gateway);
        self.bonds.set(&gateway, &have.checked_sub(units).ok_or(MarketError::TooLittle { have })?);
        Ok(self.known()?.asset.transfer(env::self_address(), gateway, units)?)
    }

    /// Asks for the keys of events, at prices of a version and for no more than so many units; the buyer. The keys come sealed for
    /// `key`, an X25519 key of this request alone. Answers the request's number.
    pub fn ask(
        &mut self,
        buyer: Address,
        events: Vec<u64>,
        key: [u8; 32],
        version: u32,
        max_units: u128,
    ) -> Result<u64, MarketError> {
        env::require_auth(&buyer);
        self.open_request(buyer, &events, key, version, max_units)
    }

    /// Delivers a key for each event of a request, in their order; its gateway, in time.
    pub fn deliver(&mut self, request: u64, keys: Vec<Wrapped>) -> Result<(), MarketError> {
        let mut found = self.in_status(request, RequestStatus::Open)?;
        env::require_auth(&found.gateway);
        if keys.len() != found.deductions.len() || keys.iter().any(|key| key.ciphertext.len() != 48) {
            return Err(MarketError::NotAll);
        }
        for (deduction, key) in found.deductions.iter_mut().zip(keys) {
            deduction.wrapped = Some(key);
        }
        found.until_ms = env::block_time_ms().saturating_add(self.known()?.dispute_ms);
        self.stand(request, &mut found, RequestStatus::Delivered);
        Ok(())
    }

    /// Is content before the time to dispute is over; the buyer.
    pub fn confirm(&mut self, request: u64) -> Result<(), MarketError> {
        let found = self.in_status(request, RequestStatus::Delivered)?;
        env::require_auth(&found.buyer);
        self.pay_out(request, found)
    }

    /// Pays for what was delivered when the time to dispute is over; anybody.
    pub fn settle(&mut self, request: u64) -> Result<(), MarketError> {
        let found = self.requests.get(&request).ok_or(MarketError::NoRequest { request })?;
        if found.status != RequestStatus::Delivered || env::block_time_ms() < found.until_ms {
            return Err(MarketError::WrongStatus { status: found.status, until_ms: found.until_ms });
        }
        self.pay_out(request, found)
    }

    /// Gives everything back when nothing was delivered in time; anybody.
    pub fn expire(&mut self, request: u64) -> Result<(), MarketError> {
        let mut found = self.requests.get(&request).ok_or(MarketError::NoRequest { request })?;
        if found.status != RequestStatus::Open || env::block_time_ms() < found.until_ms {
            return Err(MarketError::WrongStatus { status: found.status, until_ms: found.until_ms });
        }
        for deduction in &mut found.deductions {
            deduction.refunded = true;
        }
        let units = found.deductions.iter().map(|deduction| deduction.units).sum();
        self.unlock(&found.buyer, units, true);
        self.close(&found);
        self.stand(request, &mut found, RequestStatus::Refunded);
        Ok(())
    }

    /// Shows that a delivered key is wrong: with the seed of the request's key everybody can open what was delivered. It is not the
    /// key that the gateway committed to when it took the event in; or it is, and does not open the recorded body. The buyer has its
    /// units back, and a penalty of the gateway's bond.
    pub fn dispute(
        &mut self,
        request: u64,
        event: u64,
        seed: [u8; 32],
        body: Option<Wrapped>,
    ) -> Result<(), MarketError> {
        self.prove_wrong(request, event, seed, body)
    }

    /// Takes out what an account has earned; the account.
    pub fn claim(&mut self, account: Address) -> Result<u128, MarketError> {
        env::require_auth(&account);
        let units = self.claim_of(account);
        self.claims.remove(&account);
        self.known()?.asset.transfer(env::self_address(), account, units)?;
        Ok(units)
    }

    /// Proposes another admin, or takes the proposal back; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), MarketError> {
        Ok(self.roles.propose_admin(admin)?)
    }

    /// Takes over; who was proposed, after the delay.
    pub fn accept_admin(&mut self) -> Result<(), MarketError> {
        Ok(self.roles.accept_admin()?)
    }

    fn known(&self) -> Result<Terms, MarketError> {
        self.terms.get().ok_or(MarketError::BadTerms)
    }

    fn register(&self) -> Result<RecyclingRef, MarketError> {
        Ok(RecyclingRef::at(self.known()?.register))
    }
}
