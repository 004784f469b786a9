//! Pays dividends of a security to those who held it at a record time, in whatever versions.
//!
//! Who held how much says the security's contract of rules, which counts units by identity over all accounts and versions of the token.
//! So nobody is paid twice for moving between them, and nobody is left out for not having moved. In the same way it pays for what
//! remained of units after a split.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod types;

pub use counterpart_contracts::roles::{AdminChanged, AdminProposed, RoleError};
pub use types::{Basis, Declared, DeskError, Dividend, Paid, Payment, TakenBack};

use compliance::{ComplianceError, ComplianceRef};
use counterpart_contracts::roles::Roles;
use counterpart_sdk::prelude::*;
use counterpart_sdk::{NoError, rounding};
use identity_registry::IdentityRegistryRef;
use security_token::SecurityTokenRef;

/// Accounts that one message pays, at most.
pub const MAX_PAYMENTS: u32 = 50;

/// What the desk keeps.
#[storage]
pub struct DividendDesk {
    compliance: Item<Address>,
    registry: Item<Address>,
    roles: Roles,
    count: Item<u32>,
    dividends: Map<u32, Dividend>,
    /// Identities that were paid.
    paid: Map<(u32, Hash), bool>,
}

#[contract(events(Declared, Paid, TakenBack, AdminProposed, AdminChanged))]
impl DividendDesk {
    /// Opens a desk for a security, by its contract of rules; whoever deploys it is the admin. Another admin waits for so many ms.
    pub fn new(compliance: Address, admin_delay_ms: u64) -> Result<Self, DeskError> {
        let registry = answered(ComplianceRef::at(compliance).registry().try_call())?;
        let mut desk = Self::default();
        desk.compliance.set(&compliance);
        desk.registry.set(&registry);
        desk.roles.begin(&env::caller(), admin_delay_ms);
        Ok(desk)
    }

    /// The contract of rules.
    pub fn compliance(&self) -> Address {
        self.compliance.get_or_default()
    }

    /// Who declares dividends.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// How many dividends were declared; they are numbered from 0.
    pub fn count(&self) -> u32 {
        self.count.get_or_default()
    }

    /// A dividend.
    pub fn dividend(&self, dividend: u32) -> Option<Dividend> {
        self.dividends.get(&dividend)
    }

    /// What a payment would come to now.
    pub fn can_claim(&self, account: Address, dividend: u32) -> Result<Payment, DeskError> {
        let terms = self.running(dividend)?;
        Ok(self.due(dividend, &terms, &account)?.map_or_else(|payment| payment, |(_, amount)| Payment::Paid { amount }))
    }

    /// Declares a dividend of what is sent with the call, for those who held units at the end of a ms that is over; the admin.
    /// Answers its number.
    #[payable]
    pub fn declare(&mut self, record_ms: u64, until_ms: u64) -> Result<u32, DeskError> {
        self.require_admin()?;
        let now = env::block_time_ms();
        if record_ms >= now {
            return Err(DeskError::RecordInFuture);
        }
        if until_ms <= now {
            return Err(DeskError::Over);
        }
        let supply = counted(ComplianceRef::at(self.compliance()).supply_at(record_ms).try_call())?;
        self.note(Basis::Holdings { record_ms }, until_ms, supply)
    }

    /// Declares that what is sent with the call is paid for what remained of units after a split, in proportion; the admin. Answers its
    /// number among the dividends.
    #[payable]
    pub fn declare_for_remains(&mut self, token: Address, split: u32, until_ms: u64) -> Result<u32, DeskError> {
        self.require_admin()?;
        if until_ms <= env::block_time_ms() {
            return Err(DeskError::Over);
        }
        if !answered(ComplianceRef::at(self.compliance()).is_token(token).try_call())? {
            return Err(DeskError::NoSplit);
        }
        let terms = answered(SecurityTokenRef::at(token).split(split).try_call())?;
        let terms = terms.filter(|terms| terms.ended_ms.is_some()).ok_or(DeskError::NoSplit)?;
        self.note(Basis::Remains { token, split }, until_ms, terms.remains)
    }

    /// Pays a dividend to an account, for its identity; the account has to authorise it. Answers how much.
    pub fn claim(&mut self, account: Address, dividend: u32) -> Result<u128, DeskError> {
        env::require_auth(&account);
        let mut terms = self.running(dividend)?;
        match self.pay(dividend, &mut terms, &account)? {
            Payment::Paid { amount } => Ok(amount),
            payment => Err(DeskError::NotPaid { payment }),
        }
    }

    /// Pays a dividend to at most 50 accounts; the admin, who says which account of an identity is paid. What became of each, in
    /// their order.
    pub fn push(&mut self, dividend: u32, accounts: Vec<Address>) -> Result<Vec<Payment>, DeskError> {
        self.require_admin()?;
        if accounts.len() > MAX_PAYMENTS as usize {
            return Err(DeskError::TooMany { limit: MAX_PAYMENTS });
        }
        let mut terms = self.running(dividend)?;
        accounts.iter().map(|account| self.pay(dividend, &mut terms, account)).collect()
    }

    /// Takes back what was not paid when the time is over, roundings included; the admin. Answers how much.
    pub fn take_back(&mut self, dividend: u32) -> Result<u128, DeskError> {
        self.require_admin()?;
        let mut terms = self.dividend(dividend).ok_or(DeskError::NoDividend)?;
        if env::block_time_ms() < terms.until_ms {
            return Err(DeskError::NotOver { until_ms: terms.until_ms });
        }
        let amount = terms.amount - terms.paid;
        terms.paid = terms.amount;
        self.dividends.set(&dividend, &terms);
        if env::transfer(&self.admin(), amount).is_err() {
            return Err(DeskError::NotPaid { payment: Payment::Failed });
        }
        TakenBack { dividend, amount }.emit();
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

    fn note(&mut self, basis: Basis, until_ms: u64, supply: u128) -> Result<u32, DeskError> {
        let amount = env::value();
        if amount == 0 {
            return Err(DeskError::NoAmount);
        }
        if supply == 0 {
            return Err(DeskError::NoHolders);
        }
        let number = self.count();
        self.count.set(&(number + 1));
        let terms = Dividend { basis, until_ms, amount, supply, paid: 0 };
        self.dividends.set(&number, &terms);
        Declared { dividend: number, terms }.emit();
        Ok(number)
    }

    fn require_admin(&self) -> Result<(), DeskError> {
        self.roles.require_admin().map_err(|error| DeskError::Admin { error })
    }

    /// A dividend that is still paid.
    fn running(&self, dividend: u32) -> Result<Dividend, DeskError> {
        let terms = self.dividend(dividend).ok_or(DeskError::NoDividend)?;
        if env::block_time_ms() >= terms.until_ms { Err(DeskError::Over) } else { Ok(terms) }
    }

    /// Who is paid for an account and how much, or why nothing is.
    fn due(
        &self,
        dividend: u32,
        terms: &Dividend,
        account: &Address,
    ) -> Result<Result<(Hash, u128), Payment>, DeskError> {
        let registry = IdentityRegistryRef::at(self.registry.get_or_default());
        let Some(identity) = answered(registry.identity(*account).try_call())? else {
            return Ok(Err(Payment::Unknown));
        };
        let payee = match terms.basis {
            Basis::Holdings { .. } => identity,
            Basis::Remains { .. } => Hash(account.0),
        };
        if self.paid.get_or_default(&(dividend, payee)) {
            return Ok(Err(Payment::AlreadyPaid));
        }
        let units = match terms.basis {
            Basis::Holdings { record_ms } => {
                counted(ComplianceRef::at(self.compliance()).units_at(identity, record_ms).try_call())?
            }
            Basis::Remains { token, split } => {
                answered(SecurityTokenRef::at(token).split_remains(split, *account).try_call())?
            }
        };
        // No more than the whole is ever paid: every share is rounded down.
        let amount = env::mul_div(terms.amount, units, terms.supply, rounding::FLOOR).unwrap_or(0);
        Ok(if amount == 0 { Err(Payment::Nothing) } else { Ok((payee, amount)) })
    }

    fn pay(&mut self, dividend: u32, terms: &mut Dividend, account: &Address) -> Result<Payment, DeskError> {
        let (identity, amount) = match self.due(dividend, terms, account)? {
            Ok(due) => due,
            Err(payment) => return Ok(payment),
        };
        // Noted before it is paid: whoever is paid may be a contract that asks again.
        self.paid.set(&(dividend, identity), &true);
        terms.paid += amount;
        self.dividends.set(&dividend, terms);
        if env::transfer(account, amount).is_err() {
            self.paid.remove(&(dividend, identity));
            terms.paid -= amount;
            self.dividends.set(&dividend, terms);
            return Ok(Payment::Failed);
        }
        Paid { dividend, identity, account: *account, amount }.emit();
        Ok(Payment::Paid { amount })
    }
}

fn counted(answer: Result<Result<u128, ComplianceError>, CallFailure>) -> Result<u128, DeskError> {
    match answer {
        Ok(Err(ComplianceError::Splitting)) => Err(DeskError::RecordInSplit),
        answer => answer.ok().and_then(Result::ok).ok_or(DeskError::NoAnswer),
    }
}

fn answered<T>(answer: Result<Result<T, NoError>, CallFailure>) -> Result<T, DeskError> {
    answer.ok().and_then(Result::ok).ok_or(DeskError::NoAnswer)
}
