//! The metadata of an app: which instruments it keeps for whom, told to those to whom the payer has consented.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use instruments::TokenRecord;

/// Instruments of a payer, at most.
pub const MAX_RECORDS: usize = 8;

/// Why the app refuses.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum AppError {
    /// Not for this caller.
    Stranger,
    /// The payer has as many instruments as there can be.
    Full,
    /// A consent that is over already.
    Expired,
}

/// The app keeps an instrument for a payer, or keeps it no more.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct RecordChanged {
    /// Whose.
    #[topic]
    pub payer: Address,
    /// The token's identifier.
    pub token: Hash,
    /// Whether it is kept.
    pub kept: bool,
}

/// A payer consents, or does no more.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct ConsentChanged {
    /// Whose.
    #[topic]
    pub payer: Address,
    /// To which contract's questions.
    pub to: Address,
    /// Until when, in ms since 1970.
    pub until_ms: u64,
}

/// What the app keeps.
#[storage]
pub struct InstrumentApp {
    operator: Item<Address>,
    records: Map<Address, Vec<TokenRecord>>,
    consents: Map<(Address, Address), u64>,
}

#[contract(events(RecordChanged, ConsentChanged))]
impl InstrumentApp {
    /// Makes an app without instruments; whoever deploys it keeps them.
    pub fn new() -> Self {
        let mut this = Self::default();
        this.operator.set(&env::caller());
        this
    }

    /// A payer's instruments, for a contract to which the payer has consented; nothing else is told to anybody.
    pub fn retrieve(&self, payer: Address, for_contract: Address) -> Vec<TokenRecord> {
        let until_ms = self.consents.get_or_default(&(payer, for_contract));
        if env::block_time_ms() >= until_ms {
            return Vec::new();
        }
        let now = env::block_time_ms();
        let mut records = self.records.get_or_default(&payer);
        records.retain(|record| now <= record.expires_ms);
        records
    }

    /// Keeps an instrument for a payer, in the place of the one with the same token; the operator.
    pub fn keep(&mut self, payer: Address, record: TokenRecord) -> Result<(), AppError> {
        self.require_operator()?;
        let mut records = self.records.get_or_default(&payer);
        records.retain(|known| known.token != record.token);
        if records.len() >= MAX_RECORDS {
            return Err(AppError::Full);
        }
        records.push(record);
        self.records.set(&payer, &records);
        RecordChanged { payer, token: record.token, kept: true }.emit();
        Ok(())
    }

    /// Keeps an instrument no more; the operator or the payer.
    pub fn forget(&mut self, payer: Address, token: Hash) -> Result<(), AppError> {
        if env::caller() != payer {
            self.require_operator()?;
        }
        let mut records = self.records.get_or_default(&payer);
        records.retain(|known| known.token != token);
        self.records.set(&payer, &records);
        RecordChanged { payer, token, kept: false }.emit();
        Ok(())
    }

    /// Lets a contract ask until a time; the payer. 0 takes it back.
    pub fn consent(&mut self, payer: Address, to: Address, until_ms: u64) -> Result<(), AppError> {
        env::require_auth(&payer);
        if until_ms != 0 && until_ms <= env::block_time_ms() {
            return Err(AppError::Expired);
        }
        self.consents.set(&(payer, to), &until_ms);
        ConsentChanged { payer, to, until_ms }.emit();
        Ok(())
    }

    fn require_operator(&self) -> Result<(), AppError> {
        let operator = self.operator.get().ok_or(AppError::Stranger)?;
        env::require_auth(&operator);
        Ok(())
    }
}
