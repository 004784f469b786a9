//! Payments again and again: a merchant charges what a payer has agreed to, a period apart, so many times.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use payments::{PaymentError, PaymentsRef, Request};

/// What a payer has agreed to.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Mandate {
    /// What is paid each time; its id and deadline are of each time.
    pub request: Request,
    /// Between two charges, in ms.
    pub period_ms: u64,
    /// When the next one is due, in ms since 1970.
    pub next_ms: u64,
    /// Charges that are left.
    pub left: u32,
}

/// What the contract refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum MandateError {
    /// A period or number of times of zero.
    BadMandate,
    /// There is no such mandate, or no more.
    NoMandate {
        /// Its number.
        mandate: u64,
    },
    /// The merchant has charged as often as was agreed.
    UsedUp,
    /// It is too early.
    NotDue {
        /// From when on it is not, in ms since 1970.
        next_ms: u64,
    },
    /// The payment is refused; the charge is not used up.
    Payment {
        /// Why.
        error: PaymentError,
    },
    /// The contract of payments does not answer.
    NoAnswer,
}

/// A mandate was given, charged, or taken back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct MandateChanged {
    /// Its number.
    #[topic]
    pub mandate: u64,
    /// Who pays.
    #[topic]
    pub payer: Address,
    /// Whom.
    #[topic]
    pub merchant: Address,
    /// Charges that are left.
    pub left: u32,
}

/// What the contract keeps.
#[storage]
pub struct StandingOrders {
    payments: Item<Address>,
    mandates: Map<u64, Mandate>,
    next: Item<u64>,
}

#[contract(events(MandateChanged))]
impl StandingOrders {
    /// Makes a contract whose charges are paid by a contract of payments. A payer has to make it an agent there.
    pub fn new(payments: Address) -> Self {
        let mut this = Self::default();
        this.payments.set(&payments);
        this
    }

    /// The contract of payments.
    pub fn payments(&self) -> Address {
        self.payments.get_or_default()
    }

    /// A mandate.
    pub fn mandate(&self, mandate: u64) -> Option<Mandate> {
        self.mandates.get(&mandate)
    }

    /// Lets a request's merchant charge it so many times, a period apart, the first time at once; the payer. Answers its number.
    pub fn give(&mut self, request: Request, period_ms: u64, times: u32) -> Result<u64, MandateError> {
        env::require_auth(&request.payer);
        if period_ms == 0 || times == 0 {
            return Err(MandateError::BadMandate);
        }
        let mandate = self.next.get_or_default();
        self.next.set(&(mandate + 1));
        self.set(mandate, &Mandate { request, period_ms, next_ms: env::block_time_ms(), left: times });
        Ok(mandate)
    }

    /// Takes a mandate back; its payer.
    pub fn end(&mut self, mandate: u64) -> Result<(), MandateError> {
        let found = self.known(mandate)?;
        env::require_auth(&found.request.payer);
        self.mandates.remove(&mandate);
        let Request { payer, merchant, .. } = found.request;
        MandateChanged { mandate, payer, merchant, left: 0 }.emit();
        Ok(())
    }

    /// Charges what is due; the merchant. A period that was missed is not charged later. Answers the payment's number.
    pub fn collect(&mut self, mandate: u64) -> Result<u64, MandateError> {
        let mut found = self.known(mandate)?;
        env::require_auth(&found.request.merchant);
        let now = env::block_time_ms();
        if now < found.next_ms {
            return Err(MandateError::NotDue { next_ms: found.next_ms });
        }
        found.left = found.left.checked_sub(1).ok_or(MandateError::UsedUp)?;
        found.next_ms = now.saturating_add(found.period_ms);
        // Before the payment's contract is asked: whatever it calls finds the charge used up.
        self.set(mandate, &found);
        let me = env::self_address();
        let id = env::sha3_256(&(*b"counterpart/mandate/1", me, mandate, found.left).encode());
        let request = Request { id, deadline_ms: found.next_ms, ..found.request };
        let paid = PaymentsRef::at(self.payments()).pay_for(me, request).try_call();
        paid.map_err(|_| MandateError::NoAnswer)?.map_err(|error| MandateError::Payment { error })
    }

    fn known(&self, mandate: u64) -> Result<Mandate, MandateError> {
        self.mandates.get(&mandate).ok_or(MandateError::NoMandate { mandate })
    }

    fn set(&mut self, mandate: u64, now: &Mandate) {
        self.mandates.set(&mandate, now);
        let Request { payer, merchant, .. } = now.request;
        MandateChanged { mandate, payer, merchant, left: now.left }.emit();
    }
}
