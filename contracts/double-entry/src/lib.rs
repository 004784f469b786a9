//! A double-entry ledger with two-phase transfers, kept for one operator.
//!
//! The kernel is `counterpart_contracts::double_entry`; this contract adds who may use it and reports what happens.
#![cfg_attr(target_arch = "wasm32", no_std)]

pub use counterpart_contracts::double_entry::{
    Account, CreateAccountResult, CreateTransferResult, NewAccount, Phase, Recorded, Transfer,
};

use counterpart_contracts::double_entry::{DoubleEntry, MAX_EVENTS};
use counterpart_sdk::prelude::*;

/// What the ledger refuses with as a whole. What is wrong with one event is told by its result.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum LedgerError {
    /// More events than a batch can have.
    BatchTooLarge {
        /// The most.
        limit: u32,
    },
    /// Nobody was proposed, or somebody else.
    NotProposed,
}

/// An account was created.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct AccountCreated {
    /// Its id.
    #[topic]
    pub id: Hash,
    /// It, without amounts.
    pub account: NewAccount,
}

/// A transfer was carried out.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct TransferCreated {
    /// Its id.
    #[topic]
    pub id: Hash,
    /// It, with the amount that moved or is reserved, and the accounts that it left to a pending transfer.
    pub transfer: Transfer,
}

/// A pending transfer gave back what it held, because its time was over.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct TransferExpired {
    /// Its id.
    #[topic]
    pub id: Hash,
}

/// Another operator took over.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct OperatorChanged {
    /// The new one.
    #[topic]
    pub operator: Address,
}

/// What the contract keeps.
#[storage]
pub struct Ledger {
    operator: Item<Address>,
    proposed: Item<Address>,
    entries: DoubleEntry,
}

#[contract(events(AccountCreated, TransferCreated, TransferExpired, OperatorChanged))]
impl Ledger {
    /// Makes an empty ledger; whoever deploys it is the operator.
    pub fn new() -> Self {
        let mut ledger = Self::default();
        ledger.operator.set(&env::caller());
        ledger
    }

    /// Who may create accounts and transfers.
    pub fn operator(&self) -> Address {
        self.operator.get_or_default()
    }

    /// An account.
    pub fn account(&self, id: Hash) -> Option<Account> {
        self.entries.account(&id)
    }

    /// A transfer, with what became of it.
    pub fn transfer(&self, id: Hash) -> Option<Recorded> {
        self.entries.transfer(&id)
    }

    /// Creates at most 64 accounts; the operator has to authorise it. A result for each, in their order.
    pub fn create_accounts(&mut self, events: Vec<NewAccount>) -> Result<Vec<CreateAccountResult>, LedgerError> {
        env::require_auth(&self.operator());
        check_size(events.len())?;
        let results = self.entries.create_accounts(&events);
        for (account, result) in events.into_iter().zip(&results) {
            if *result == CreateAccountResult::Ok {
                AccountCreated { id: account.id, account }.emit();
            }
        }
        Ok(results)
    }

    /// Carries at most 64 transfers out; the operator has to authorise it. A result for each, in their order.
    pub fn create_transfers(&mut self, events: Vec<Transfer>) -> Result<Vec<CreateTransferResult>, LedgerError> {
        env::require_auth(&self.operator());
        check_size(events.len())?;
        self.expire(MAX_EVENTS);
        let report = |transfer: &Transfer| TransferCreated { id: transfer.id, transfer: transfer.clone() }.emit();
        Ok(self.entries.create_transfers(&events, report))
    }

    /// Gives back what pending transfers hold whose time is over, of at most so many, and of at most 64; anybody may.
    /// Answers of how many.
    pub fn expire(&mut self, limit: u32) -> u32 {
        let expired = self.entries.expire(limit.min(MAX_EVENTS));
        expired.iter().for_each(|id| TransferExpired { id: *id }.emit());
        expired.len() as u32
    }

    /// Proposes another operator; the operator has to authorise it. Nothing changes until the other accepts.
    pub fn propose_operator(&mut self, operator: Address) {
        env::require_auth(&self.operator());
        self.proposed.set(&operator);
    }

    /// Takes over; whoever was proposed has to authorise it.
    pub fn accept_operator(&mut self) -> Result<(), LedgerError> {
        let operator = self.proposed.get().ok_or(LedgerError::NotProposed)?;
        if !env::is_authorized(&operator) {
            return Err(LedgerError::NotProposed);
        }
        self.proposed.remove();
        self.operator.set(&operator);
        OperatorChanged { operator }.emit();
        Ok(())
    }
}

fn check_size(events: usize) -> Result<(), LedgerError> {
    if events > MAX_EVENTS as usize { Err(LedgerError::BatchTooLarge { limit: MAX_EVENTS }) } else { Ok(()) }
}
