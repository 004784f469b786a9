//! Exchanges a currency for the native one: at once while the reserve lasts, else in turn.
//!
//! The desk has the currency's roles `Redeemer` and, if the reserve shall bound what is issued, `Issuer`. The reserve is what
//! the desk itself holds.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod types;

pub use counterpart_contracts::roles::{AdminChanged, AdminProposed, RoleError};
pub use types::{Cancelled, Collected, DeskError, Outcome, Queued, Redeemed, Reserve, ReserveFunded, Terms, Waiting};

use counterpart_contracts::roles::Roles;
use counterpart_sdk::prelude::*;
use currency::{Class, CurrencyRef};

/// Requests of an answer, and those that one message pays, at most.
pub const MAX_PAGE: u32 = 50;

/// What the desk keeps.
#[storage]
pub struct RedemptionDesk {
    currency: Item<Address>,
    terms: Item<Terms>,
    roles: Roles,
    next: Item<u64>,
    queue: OrdMap<u64, Waiting>,
    payouts: Map<Address, u128>,
    owed: Item<u128>,
}

#[contract(events(Redeemed, Queued, Cancelled, Collected, ReserveFunded, AdminProposed, AdminChanged))]
impl RedemptionDesk {
    /// Opens a desk for a currency, by terms that never change; whoever deploys it is the admin. Another admin waits for so many
    /// ms.
    pub fn new(currency: Address, terms: Terms, admin_delay_ms: u64) -> Result<Self, DeskError> {
        terms.check()?;
        let mut desk = Self::default();
        desk.currency.set(&currency);
        desk.terms.set(&terms);
        desk.roles.begin(&env::caller(), admin_delay_ms);
        Ok(desk)
    }

    /// The currency.
    pub fn currency(&self) -> Address {
        self.currency.get_or_default()
    }

    /// The terms.
    pub fn terms(&self) -> Terms {
        self.terms.get().expect("set when the desk was opened")
    }

    /// Who issues through the desk.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// The reserve, and what it has to cover.
    pub fn reserve(&self) -> Result<Reserve, DeskError> {
        self.reserve_with(0)
    }

    /// Requests that wait, in turn, after one or from the beginning; at most 50 at a time.
    pub fn queue(&self, after: Option<u64>, limit: u32) -> Vec<(u64, Waiting)> {
        self.queue.page(after.as_ref(), limit.min(MAX_PAGE))
    }

    /// Native units that an account can collect.
    pub fn payout_of(&self, account: Address) -> u128 {
        self.payouts.get_or_default(&account)
    }

    /// Adds native units to the reserve; anybody.
    #[payable]
    pub fn fund_reserve(&mut self) {
        ReserveFunded { amount: env::value() }.emit();
    }

    /// Issues units to the currency's depository, if the reserve covers them; the admin.
    pub fn issue(&mut self, units: u128) -> Result<(), DeskError> {
        self.roles.require_admin().map_err(|error| DeskError::Admin { error })?;
        let reserve = self.reserve_with(units)?;
        if reserve.free < reserve.required {
            return Err(DeskError::ReserveShort { have: reserve.free, want: reserve.required });
        }
        answered(self.money().fund_depository(units).try_call())
    }

    /// Exchanges units for native ones; the account has to authorise it, and that its units are taken out. What the reserve
    /// cannot pay, or not before others, waits for its turn.
    pub fn redeem(&mut self, account: Address, units: u128) -> Result<Outcome, DeskError> {
        env::require_auth(&account);
        let terms = self.terms();
        if units < terms.minimum {
            return Err(DeskError::BelowMinimum { minimum: terms.minimum });
        }
        let found = answered(self.money().accounts_of(vec![account]).try_call())?.pop().flatten();
        if found.is_some_and(|found| found.class == Class::Grant && !terms.for_grant_accounts) {
            return Err(DeskError::NotRedeemable);
        }
        answered(self.money().take_out(account, units).try_call())?;
        let waiting = Waiting { account, units };
        let (_, amount) = terms.split(units).ok_or(DeskError::TooMuch)?;
        if amount == 0 {
            return Err(DeskError::WorthNothing);
        }
        if self.queue.first().is_none() && self.free() >= amount {
            self.let_leave(&waiting)?;
            pay(&account, amount)?;
            return Ok(Outcome::Paid { amount });
        }
        let number = self.next.get_or_default();
        self.next.set(&(number + 1));
        self.queue.set(&number, &waiting);
        Queued { account, number, units }.emit();
        Ok(Outcome::Queued { number })
    }

    /// Pays requests in turn while the reserve lasts, at most 50; anybody. Each is owed its amount, and collects it, so that an
    /// account that cannot be paid holds nobody up. Answers how many were paid.
    pub fn pay_queue(&mut self, limit: u32) -> Result<u32, DeskError> {
        let mut paid = 0;
        for (number, waiting) in self.queue.page(None, limit.min(MAX_PAGE)) {
            let (_, amount) = self.terms().split(waiting.units).ok_or(DeskError::TooMuch)?;
            if self.free() < amount {
                break;
            }
            self.queue.remove(&number);
            self.payouts.set(&waiting.account, &(self.payout_of(waiting.account) + amount));
            self.owed.set(&(self.owed.get_or_default() + amount));
            self.let_leave(&waiting)?;
            paid += 1;
        }
        Ok(paid)
    }

    /// Takes a waiting request back; its account has to authorise it.
    pub fn cancel(&mut self, number: u64) -> Result<(), DeskError> {
        let Waiting { account, units } = self.queue.get(&number).ok_or(DeskError::NotQueued)?;
        env::require_auth(&account);
        self.queue.remove(&number);
        answered(self.money().put_back(account, units).try_call())?;
        Cancelled { account, number, units }.emit();
        Ok(())
    }

    /// Pays out what an account is owed from the queue; anybody, to the account. Answers how much.
    pub fn collect(&mut self, account: Address) -> Result<u128, DeskError> {
        let amount = self.payout_of(account);
        if amount == 0 {
            return Err(DeskError::NothingOwed);
        }
        self.payouts.remove(&account);
        self.owed.set(&(self.owed.get_or_default() - amount));
        pay(&account, amount)?;
        Collected { account, amount }.emit();
        Ok(amount)
    }

    /// Proposes another admin, or nobody any more; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), DeskError> {
        self.roles.propose_admin(admin).map_err(|error| DeskError::Admin { error })
    }

    /// Becomes admin; who was proposed, when the delay is over.
    pub fn accept_admin(&mut self) -> Result<(), DeskError> {
        self.roles.accept_admin().map_err(|error| DeskError::Admin { error })
    }

    fn money(&self) -> CurrencyRef {
        CurrencyRef::at(self.currency())
    }

    /// Native units of the desk that nobody is owed.
    fn free(&self) -> u128 {
        env::balance(&env::self_address()) - self.owed.get_or_default()
    }

    /// The reserve if so many units more were issued.
    fn reserve_with(&self, more: u128) -> Result<Reserve, DeskError> {
        let totals = self.money().totals().try_call().ok().and_then(Result::ok).ok_or(DeskError::CurrencyFailed)?;
        let outstanding = totals.issued - totals.redeemed;
        let required = outstanding.checked_add(more).and_then(|units| self.terms().required(units));
        let required = required.ok_or(DeskError::TooMuch)?;
        Ok(Reserve { free: self.free(), owed: self.owed.get_or_default(), outstanding, required })
    }

    /// Lets units that were taken out leave the currency, but for the fee.
    fn let_leave(&mut self, waiting: &Waiting) -> Result<(), DeskError> {
        let Waiting { account, units } = *waiting;
        let (fee, amount) = self.terms().split(units).ok_or(DeskError::TooMuch)?;
        answered(self.money().leave(account, units, fee).try_call())?;
        Redeemed { account, units: units - fee, fee, amount }.emit();
        Ok(())
    }
}

/// What the currency answers or refuses with.
fn answered<T>(answer: Result<Result<T, currency::CurrencyError>, CallFailure>) -> Result<T, DeskError> {
    match answer {
        Ok(answer) => answer.map_err(|error| DeskError::Currency { error }),
        Err(_) => Err(DeskError::CurrencyFailed),
    }
}

fn pay(account: &Address, amount: u128) -> Result<(), DeskError> {
    env::transfer(account, amount).map_err(|_| DeskError::NotPaid)
}
