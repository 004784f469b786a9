//! One payment over several instruments: all legs are held, then all captured, or nothing is.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod charging;
mod planning;
mod types;

use counterpart_contracts::requests::{Request as Known, Requests};
use counterpart_contracts::roles::{AdminChanged, AdminProposed, Roles};
use counterpart_sdk::prelude::*;
use instruments::ProviderRef;
use trading::fee;
pub use types::{
    Attempted, Ended, Exchange, Instrument, InstrumentChanged, Leg, LegChanged, LegStatus, Limit, Part, Payment,
    PaymentError, PaymentStatus, ProviderChanged, ProviderRecord, Rate, Reason, Refunded, Request, Strategy, Terms,
};

/// Instruments of a payer, at most.
pub const MAX_INSTRUMENTS: u32 = 8;
/// Instruments that a payer ever linked, at most: all of them are looked at.
const MAX_EVER: u32 = 64;
/// Legs of a payment, tries that failed included, at most.
pub const MAX_ATTEMPTS: usize = 12;
/// Legs that are held at a time, at most.
pub const MAX_LEGS: u32 = 8;
/// Charges of an instrument within its window that are looked at; beyond them it is at its limit.
const MAX_CHARGES: u32 = 64;

/// What the contract keeps.
#[storage]
pub struct Payments {
    terms: Item<Terms>,
    roles: Roles,
    providers: Map<Address, ProviderRecord>,
    instruments: Map<(Address, u32), Instrument>,
    next_instrument: Map<Address, u32>,
    /// Units of an instrument's asset by when and for which payment they were charged.
    charges: OrdMap<(Address, u32, u64, u64), u128>,
    /// Sets of kinds that a merchant takes together; none means any.
    combinations: Map<Address, Vec<u8>>,
    payments: Map<u64, Payment>,
    next: Item<u64>,
    requests: Requests,
    by_request: Map<(Address, Hash), u64>,
    /// Who pays for a payer.
    agents: Map<(Address, Address), bool>,
}

#[contract(events(
    Attempted,
    LegChanged,
    Ended,
    Refunded,
    InstrumentChanged,
    ProviderChanged,
    AdminProposed,
    AdminChanged
))]
impl Payments {
    /// Makes a contract without providers; whoever deploys it is the operator, who admits them and cannot charge anybody.
    pub fn new(terms: Terms) -> Result<Self, PaymentError> {
        let sized = terms.fee_ppm <= fee::MILLION / 10 && terms.max_slippage_ppm <= fee::MILLION / 10;
        if !sized || terms.answer_ms == 0 || terms.max_failures == 0 {
            return Err(PaymentError::BadRequest);
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

    /// Who admits providers.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// A provider and how it does.
    pub fn provider(&self, provider: Address) -> Option<ProviderRecord> {
        self.providers.get(&provider)
    }

    /// An instrument of a payer.
    pub fn instrument(&self, payer: Address, instrument: u32) -> Option<Instrument> {
        self.instruments.get(&(payer, instrument))
    }

    /// A payment.
    pub fn payment(&self, payment: u64) -> Option<Payment> {
        self.payments.get(&payment)
    }

    /// The payment of a payer's id.
    pub fn payment_of(&self, payer: Address, id: Hash) -> Option<u64> {
        self.by_request.get(&(payer, id))
    }

    /// The id of a leg's hold at its provider.
    pub fn hold_id(&self, payment: u64, leg: u32) -> Hash {
        charging::hold_id(payment, leg as usize)
    }

    /// Admits a provider that charges `fee_ppm`, or shuts it out with none; the operator.
    pub fn set_provider(&mut self, provider: Address, fee_ppm: Option<u32>) -> Result<(), PaymentError> {
        self.roles.require_admin()?;
        let Some(fee_ppm) = fee_ppm else {
            self.providers.remove(&provider);
            ProviderChanged { provider, now: None }.emit();
            return Ok(());
        };
        let asset = ProviderRef::at(provider).asset().try_call().ok().and_then(Result::ok);
        let asset = asset.ok_or(PaymentError::NoAnswer { provider })?;
        self.set_health(provider, ProviderRecord { asset, fee_ppm, failures: 0, rests_until_ms: 0 });
        Ok(())
    }

    /// Says which kinds of instruments a merchant takes together: sets of bits, any if there are none; the merchant.
    pub fn set_combinations(&mut self, merchant: Address, sets: Vec<u8>) -> Result<(), PaymentError> {
        env::require_auth(&merchant);
        if sets.len() > 16 {
            return Err(PaymentError::BadRequest);
        }
        self.combinations.set(&merchant, &sets);
        Ok(())
    }

    /// Links an instrument; the payer. Answers its number.
    pub fn link(&mut self, payer: Address, instrument: Instrument) -> Result<u32, PaymentError> {
        env::require_auth(&payer);
        let provider = instrument.provider;
        if !self.providers.contains(&provider) {
            return Err(PaymentError::UnknownProvider { provider });
        }
        if instrument.limit.is_some_and(|limit| limit.window_ms == 0) {
            return Err(PaymentError::BadRequest);
        }
        let number = self.next_instrument.get_or_default(&payer);
        if self.linked(&payer) >= MAX_INSTRUMENTS || number >= MAX_EVER {
            return Err(PaymentError::Full);
        }
        self.next_instrument.set(&payer, &(number + 1));
        self.instruments.set(&(payer, number), &instrument);
        InstrumentChanged { payer, instrument: number, linked: true }.emit();
        Ok(number)
    }

    /// Unlinks an instrument; the payer. Nothing new is charged to it.
    pub fn unlink(&mut self, payer: Address, instrument: u32) -> Result<(), PaymentError> {
        env::require_auth(&payer);
        if !self.instruments.remove(&(payer, instrument)) {
            return Err(PaymentError::NoInstrument { instrument });
        }
        InstrumentChanged { payer, instrument, linked: false }.emit();
        Ok(())
    }

    /// Pays; the payer. Answers the payment's number; where it stands says `payment`. The same request again is the same payment.
    pub fn pay(&mut self, request: Request) -> Result<u64, PaymentError> {
        env::require_auth(&request.payer);
        self.begin(request)
    }

    /// Lets an agent pay for the payer, a contract of standing orders say, or no more; the payer.
    pub fn set_agent(&mut self, payer: Address, agent: Address, allowed: bool) {
        env::require_auth(&payer);
        match allowed {
            true => self.agents.set(&(payer, agent), &true),
            false => drop(self.agents.remove(&(payer, agent))),
        }
    }

    /// Pays as `pay` does; an agent of the payer.
    pub fn pay_for(&mut self, agent: Address, request: Request) -> Result<u64, PaymentError> {
        env::require_auth(&agent);
        if !self.agents.contains(&(request.payer, agent)) {
            return Err(PaymentError::Stranger);
        }
        self.begin(request)
    }

    /// Goes on with a payment: asks providers that had not answered, tries others, captures, or lets everything go; anybody.
    pub fn resume(&mut self, payment: u64) -> Result<PaymentStatus, PaymentError> {
        let found = self.authorizing(payment)?;
        self.advance(payment, found)
    }

    /// Lets go of a payment before it is captured; its merchant or payer.
    pub fn void(&mut self, by: Address, payment: u64) -> Result<(), PaymentError> {
        env::require_auth(&by);
        let mut found = self.authorizing(payment)?;
        if by != found.request.payer && by != found.request.merchant {
            return Err(PaymentError::Stranger);
        }
        self.let_go(payment, &mut found, Reason::Voided)
    }

    /// Lets go of a payment whose time is over, whatever its providers say; anybody.
    pub fn reclaim(&mut self, payment: u64) -> Result<(), PaymentError> {
        let mut found = self.authorizing(payment)?;
        if env::block_time_ms() <= found.request.deadline_ms {
            return Err(PaymentError::NotDue { next_ms: found.request.deadline_ms });
        }
        self.let_go(payment, &mut found, Reason::Expired)
    }

    /// Gives units back to the instruments that they came from, the last leg first; the merchant, which consents to their transfer.
    pub fn refund(&mut self, payment: u64, units: u128) -> Result<(), PaymentError> {
        self.give_back(payment, units)
    }

    /// Proposes another operator, or takes the proposal back; the operator.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), PaymentError> {
        Ok(self.roles.propose_admin(admin)?)
    }

    /// Takes over; who was proposed, after the delay.
    pub fn accept_admin(&mut self) -> Result<(), PaymentError> {
        Ok(self.roles.accept_admin()?)
    }

    #[inline(never)]
    fn known(&self) -> Result<Terms, PaymentError> {
        self.terms.get().ok_or(PaymentError::BadRequest)
    }

    #[inline(never)]
    fn begin(&mut self, request: Request) -> Result<u64, PaymentError> {
        let (payer, id) = (request.payer, request.id);
        match self.requests.look_at(&payer, &id, &request) {
            Known::Repeated => return self.payment_of(payer, id).ok_or(PaymentError::BadRequest),
            Known::Different => return Err(PaymentError::OtherRequest),
            Known::New => {}
        }
        planning::check(&request)?;
        if env::block_time_ms() > request.deadline_ms {
            return Err(PaymentError::BadRequest);
        }
        for part in &request.parts {
            let instrument = part.instrument;
            if !self.instruments.contains(&(payer, instrument)) {
                return Err(PaymentError::NoInstrument { instrument });
            }
        }
        self.requests.note(&payer, &id, &request);
        let payment = self.next.get_or_default();
        self.next.set(&(payment + 1));
        self.by_request.set(&(payer, id), &payment);
        Attempted { payment, payer, merchant: request.merchant, amount: request.amount }.emit();
        let status = PaymentStatus::Authorizing;
        let begun = Payment { request, legs: Vec::new(), apps_asked: false, fee: 0, refunded: 0, status };
        self.advance(payment, begun)?;
        Ok(payment)
    }

    #[inline(never)]
    fn authorizing(&self, payment: u64) -> Result<Payment, PaymentError> {
        let found = self.payment(payment).ok_or(PaymentError::NoPayment { payment })?;
        match found.status {
            PaymentStatus::Authorizing => Ok(found),
            status => Err(PaymentError::WrongStatus { status }),
        }
    }

    fn linked(&self, payer: &Address) -> u32 {
        let ever = self.next_instrument.get_or_default(payer);
        (0..ever).filter(|number| self.instruments.contains(&(*payer, *number))).count() as u32
    }

    #[inline(never)]
    fn set_health(&mut self, provider: Address, now: ProviderRecord) {
        self.providers.set(&provider, &now);
        ProviderChanged { provider, now: Some(now) }.emit();
    }
}
