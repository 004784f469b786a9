//! Pays the grants of a currency that come each period, pushed or claimed, each once.
//!
//! The desk has the currency's role `Granter`. Which period of which schedule was paid to whom, the currency itself knows: each
//! is a grant with an id of its own.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod schedule;
mod types;

pub use counterpart_contracts::roles::{AdminChanged, AdminProposed, RoleError};
pub use schedule::{GroupAmount, Schedule};
pub use types::{DeskError, Payment, ScheduleEnded, ScheduleSet};

use counterpart_contracts::roles::Roles;
use counterpart_sdk::prelude::*;
use currency::{Account, CurrencyRef, Grant, GrantOutcome, MAX_GRANTS};

/// What the desk keeps.
#[storage]
pub struct GrantDesk {
    currency: Item<Address>,
    roles: Roles,
    count: Item<u32>,
    schedules: Map<u32, Schedule>,
}

#[contract(events(ScheduleSet, ScheduleEnded, AdminProposed, AdminChanged))]
impl GrantDesk {
    /// Opens a desk for a currency; whoever deploys it is the admin. Another admin waits for so many ms.
    pub fn new(currency: Address, admin_delay_ms: u64) -> Self {
        let mut desk = Self::default();
        desk.currency.set(&currency);
        desk.roles.begin(&env::caller(), admin_delay_ms);
        desk
    }

    /// The currency.
    pub fn currency(&self) -> Address {
        self.currency.get_or_default()
    }

    /// Who makes schedules.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// How many schedules were made; they are numbered from 0.
    pub fn count(&self) -> u32 {
        self.count.get_or_default()
    }

    /// A schedule.
    pub fn schedule(&self, schedule: u32) -> Option<Schedule> {
        self.schedules.get(&schedule)
    }

    /// What a payment would come to now.
    pub fn can_claim(&self, account: Address, schedule: u32, period: u64) -> Result<Payment, DeskError> {
        let terms = self.found(schedule)?;
        let Some(found) = self.accounts(vec![account])?.pop().flatten() else { return Ok(Payment::NoAccount) };
        Ok(match terms.due(&found, period) {
            Err(payment) => payment,
            Ok(_) if self.is_paid(grant_id(schedule, period, &account, &found))? => Payment::AlreadyPaid,
            Ok(units) => Payment::Paid { units },
        })
    }

    /// Makes a schedule; the admin. Answers its number.
    pub fn set_schedule(&mut self, schedule: Schedule) -> Result<u32, DeskError> {
        self.roles.require_admin().map_err(|error| DeskError::Admin { error })?;
        schedule.check()?;
        let number = self.count();
        self.count.set(&(number + 1));
        self.schedules.set(&number, &schedule);
        ScheduleSet { schedule: number, terms: schedule }.emit();
        Ok(number)
    }

    /// Lets no further period of a schedule begin; the admin. What began before can still be paid.
    pub fn end_schedule(&mut self, schedule: u32) -> Result<(), DeskError> {
        self.roles.require_admin().map_err(|error| DeskError::Admin { error })?;
        let mut terms = self.found(schedule)?;
        terms.end_ms = terms.end_ms.min(env::block_time_ms());
        self.schedules.set(&schedule, &terms);
        ScheduleEnded { schedule, end_ms: terms.end_ms }.emit();
        Ok(())
    }

    /// Pays a period of a schedule to at most 50 accounts; anybody, unless it has to be claimed. What became of each, in their
    /// order: who was paid already is not paid again.
    pub fn push(&mut self, schedule: u32, period: u64, accounts: Vec<Address>) -> Result<Vec<Payment>, DeskError> {
        if accounts.len() > MAX_GRANTS as usize {
            return Err(DeskError::TooMany { limit: MAX_GRANTS });
        }
        let terms = self.found(schedule)?;
        if terms.claimed {
            return Err(DeskError::HasToBeClaimed);
        }
        self.pay(&terms, schedule, period, accounts)
    }

    /// Pays a period of a schedule to an account, which has to authorise it.
    pub fn claim(&mut self, account: Address, schedule: u32, period: u64) -> Result<u128, DeskError> {
        env::require_auth(&account);
        let terms = self.found(schedule)?;
        match self.pay(&terms, schedule, period, vec![account])?.pop() {
            Some(Payment::Paid { units }) => Ok(units),
            payment => Err(DeskError::NotPaid { payment: payment.unwrap_or(Payment::NoAccount) }),
        }
    }

    /// Proposes another admin, or nobody any more; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), DeskError> {
        self.roles.propose_admin(admin).map_err(|error| DeskError::Admin { error })
    }

    /// Becomes admin; who was proposed, when the delay is over.
    pub fn accept_admin(&mut self) -> Result<(), DeskError> {
        self.roles.accept_admin().map_err(|error| DeskError::Admin { error })
    }

    fn found(&self, schedule: u32) -> Result<Schedule, DeskError> {
        self.schedule(schedule).ok_or(DeskError::NoSchedule)
    }

    /// Pays all that are due in one message to the currency.
    fn pay(
        &self,
        terms: &Schedule,
        schedule: u32,
        period: u64,
        accounts: Vec<Address>,
    ) -> Result<Vec<Payment>, DeskError> {
        let (mut payments, mut grants) = (Vec::new(), Vec::new());
        for (account, found) in accounts.iter().zip(self.accounts(accounts.clone())?) {
            let due = found.as_ref().map_or(Err(Payment::NoAccount), |found| terms.due(found, period));
            if let (Ok(units), Some(found)) = (due, &found) {
                grants.push(Grant { id: grant_id(schedule, period, account, found), to: *account, units });
            }
            payments.push(due.map_or_else(|payment| payment, |units| Payment::Paid { units }));
        }
        if grants.is_empty() {
            return Ok(payments);
        }
        let granted = CurrencyRef::at(self.currency()).grant(grants, Vec::new()).try_call();
        let mut outcomes = answered(granted)?.into_iter();
        for payment in payments.iter_mut().filter(|payment| matches!(payment, Payment::Paid { .. })) {
            match outcomes.next().ok_or(DeskError::CurrencyFailed)? {
                GrantOutcome::Granted => {}
                // The amount of an account's group may have changed since.
                GrantOutcome::AlreadyGranted | GrantOutcome::IdUsed => *payment = Payment::AlreadyPaid,
                outcome => *payment = Payment::Refused { outcome },
            }
        }
        Ok(payments)
    }

    fn accounts(&self, accounts: Vec<Address>) -> Result<Vec<Option<Account>>, DeskError> {
        answered(CurrencyRef::at(self.currency()).accounts_of(accounts).try_call())
    }

    fn is_paid(&self, id: Hash) -> Result<bool, DeskError> {
        let answer = CurrencyRef::at(self.currency()).is_granted(env::self_address(), id).try_call();
        answer.ok().and_then(Result::ok).ok_or(DeskError::CurrencyFailed)
    }
}

/// What the currency answers or refuses with.
fn answered<T>(answer: Result<Result<T, currency::CurrencyError>, CallFailure>) -> Result<T, DeskError> {
    match answer {
        Ok(answer) => answer.map_err(|error| DeskError::Currency { error }),
        Err(_) => Err(DeskError::CurrencyFailed),
    }
}

/// The grant of a period to a person, or to an account where persons are not known: a second account is not paid again.
fn grant_id(schedule: u32, period: u64, address: &Address, account: &Account) -> Hash {
    let grantee = account.identity.unwrap_or(Hash(address.0));
    env::sha3_256(&(schedule, period, grantee).encode())
}
