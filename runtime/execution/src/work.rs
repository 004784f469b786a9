//! A transaction in execution: the view, the budgets, the chain of calls. One frame at a time owns it.

use crate::context::{BlockContext, EVENT_BUDGET, READ_BUDGET, WRITE_BUDGET};
use crate::engine::Engine;
use crate::evidence::Evidence;
use crate::modules::Modules;
use crate::records::{self, Account, CodeRecord, account_key, code_key};
use crate::trace::{Ended, Recorder};
use crate::view::{Checkpoint, View};
use borsh::BorshSerialize;
use counterpart_host_functions::{HostError, HostFunction, Stop, TrapCode};
use counterpart_ledger::{Address, Authorization, CodeRead, Event, Hash, StateFault, account_address, encode};
use counterpart_module::{ModuleError, PreparedModule};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A call that an account or contract must consent to, as a simulation found it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, BorshSerialize)]
pub struct AuthorizationRequest {
    /// Who must consent.
    pub address: Address,
    /// To a call of this contract.
    pub contract: Address,
    /// With an input of this SHA3-256 hash.
    pub input_hash: Hash,
}

/// A contract that waits for a nested call or runs.
pub(crate) struct Active {
    pub contract: Address,
    pub reentrancy: bool,
}

pub(crate) struct Budgets {
    pub read: u64,
    pub written: u64,
    pub events: u64,
}

/// Consent that the transaction carries.
pub(crate) struct Carried {
    pub address: Address,
    pub contract: Address,
    pub input_hash: Hash,
    pub nonce: u64,
    pub expires_at: u64,
}

/// Everything that frames share.
pub(crate) struct Work {
    pub engine: Arc<dyn Engine>,
    pub modules: Arc<Modules>,
    pub code: Arc<dyn CodeRead>,
    pub block: BlockContext,
    pub view: View,
    /// Code uploaded in this block.
    pub uploads: BTreeMap<Hash, Vec<u8>>,
    pub origin: Address,
    pub events: Vec<Event>,
    pub budgets: Budgets,
    pub active: Vec<Active>,
    pub carried: Vec<Carried>,
    /// Consents of contracts to calls below them, with the depth of the frame that gave them.
    pub consents: Vec<(u32, AuthorizationRequest)>,
    /// Fold of host calls.
    pub evidence: Evidence,
    /// In a simulation: who would have to sign. Every consent is assumed then.
    pub requests: Option<Vec<AuthorizationRequest>>,
    pub fault: Option<String>,
    /// Records what happens, when asked for.
    pub trace: Option<Recorder>,
    /// What contracts run that were there before the block: neither can change in it.
    running: BTreeMap<Address, Arc<PreparedModule>>,
}

/// What to go back to when a frame fails.
pub(crate) struct Mark {
    view: Checkpoint,
    events: usize,
}

impl Work {
    pub fn new(
        engine: Arc<dyn Engine>,
        modules: Arc<Modules>,
        code: Arc<dyn CodeRead>,
        block: BlockContext,
        view: View,
    ) -> Self {
        Self {
            engine,
            modules,
            code,
            block,
            view,
            uploads: BTreeMap::new(),
            origin: Address::ZERO,
            events: Vec::new(),
            budgets: Budgets { read: READ_BUDGET, written: WRITE_BUDGET, events: EVENT_BUDGET },
            active: Vec::new(),
            carried: Vec::new(),
            consents: Vec::new(),
            evidence: Evidence::new(),
            requests: None,
            fault: None,
            trace: None,
            running: BTreeMap::new(),
        }
    }

    /// Forgets the transaction before and begins the next.
    pub fn begin(&mut self, origin: Address, authorizations: &[Authorization]) {
        self.view.end_transaction();
        self.origin = origin;
        self.events.clear();
        self.budgets = Budgets { read: READ_BUDGET, written: WRITE_BUDGET, events: EVENT_BUDGET };
        self.active.clear();
        self.consents.clear();
        self.evidence.begin();
        let carry = |authorization: &Authorization| Carried {
            address: account_address(&authorization.signer),
            contract: authorization.contract,
            input_hash: authorization.input_hash,
            nonce: authorization.nonce,
            expires_at: authorization.expires_at.0,
        };
        self.carried = authorizations.iter().map(carry).collect();
    }

    /// Runs what follows on another engine with other modules.
    pub fn run_with(&mut self, engine: Arc<dyn Engine>, modules: Arc<Modules>) {
        (self.engine, self.modules) = (engine, modules);
        self.running.clear();
    }

    pub fn mark(&self) -> Mark {
        Mark { view: self.view.checkpoint(), events: self.events.len() }
    }

    /// Tells who records what a host call did.
    pub fn record(&mut self, mark: &Mark, mut ended: Ended<'_>) -> Result<(), Stop> {
        // Nested frames tell their own.
        if !matches!(ended.function, HostFunction::call | HostFunction::deploy) {
            ended.changes = self.view.changes_since(mark.view).map_err(|fault| self.fault(fault))?;
        }
        if let Some(trace) = &mut self.trace {
            trace.host(ended);
        }
        Ok(())
    }

    pub fn undo_to(&mut self, mark: &Mark) {
        self.view.undo_to(mark.view);
        self.events.truncate(mark.events);
    }

    /// Keeps the first fault and stops the guest.
    pub fn fault(&mut self, fault: impl ToString) -> Stop {
        self.fault.get_or_insert_with(|| fault.to_string());
        Stop::Fault
    }

    pub fn read(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Stop> {
        let value = self.view.get(key).map_err(|fault| self.fault(fault))?;
        let bytes = key.len() + value.as_ref().map_or(0, Vec::len);
        spend(&mut self.budgets.read, bytes)?;
        Ok(value)
    }

    pub fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<(), Stop> {
        spend(&mut self.budgets.written, key.len() + value.as_ref().map_or(0, Vec::len))?;
        self.view.set(key, value);
        Ok(())
    }

    pub fn account(&mut self, address: &Address) -> Result<Account, StateFault> {
        records::account(&self.view, address)
    }

    pub fn set_account(&mut self, address: &Address, account: &Account) {
        self.view.set(account_key(address), Some(encode(account)));
    }

    /// Moves native currency; `Ok(false)` when there is too little.
    pub fn transfer(&mut self, from: &Address, to: &Address, amount: u128) -> Result<bool, StateFault> {
        let mut payer = self.account(from)?;
        let Some(left) = payer.balance.checked_sub(amount) else { return Ok(false) };
        if from == to || amount == 0 {
            return Ok(true);
        }
        let mut receiver = self.account(to)?;
        let Some(sum) = receiver.balance.checked_add(amount) else { return Ok(false) };
        payer.balance = left;
        receiver.balance = sum;
        self.set_account(from, &payer);
        self.set_account(to, &receiver);
        Ok(true)
    }

    /// Makes uploaded code available; again is allowed and changes nothing.
    pub fn upload(&mut self, code: &[u8]) -> Result<Result<Arc<PreparedModule>, ModuleError>, StateFault> {
        let module = match self.modules.prepare(code) {
            Ok(module) => module,
            Err(error) => return Ok(Err(error)),
        };
        if records::code_record(&self.view, &module.original_hash)?.is_none() {
            let record =
                CodeRecord { length: code.len() as u32, profile: module.profile, metered: module.metered_hash };
            self.view.set(code_key(&module.original_hash), Some(encode(&record)));
            self.uploads.insert(module.original_hash, code.to_vec());
        }
        Ok(Ok(module))
    }

    /// The module of code that the state knows; `None` when it does not.
    pub fn module(&mut self, hash: &Hash) -> Result<Option<Arc<PreparedModule>>, StateFault> {
        if records::code_record(&self.view, hash)?.is_none() {
            return Ok(None);
        }
        if let Some(module) = self.modules.kept(hash) {
            return Ok(Some(module));
        }
        let code = match self.modules.replacement(hash).or_else(|| self.uploads.get(hash)) {
            Some(code) => code.clone(),
            None => self.code.code(hash)?.ok_or_else(|| StateFault(format!("code {hash} is missing")))?,
        };
        let module = self.modules.prepare_as(*hash, &code);
        module.map(Some).map_err(|error| StateFault(format!("code {hash} was accepted before: {error}")))
    }

    /// The module that a contract runs; `None` when there is no contract.
    pub fn contract_module(&mut self, contract: &Address) -> Result<Option<Arc<PreparedModule>>, StateFault> {
        if let Some(module) = self.running.get(contract) {
            return Ok(Some(module.clone()));
        }
        let Some(record) = records::contract(&self.view, contract)? else { return Ok(None) };
        let module = self.module(&record.code_hash)?;
        let module = module.ok_or_else(|| StateFault(format!("contract {contract} has no code")))?;
        // One that was made in this block may be undone with the transaction that made it.
        if !self.view.is_written(&records::contract_key(contract)) {
            self.running.insert(*contract, module.clone());
        }
        Ok(Some(module))
    }

    /// Whether the account consented to this call, by an authorisation that the transaction carries and that was not
    /// used before; uses it.
    pub fn use_carried(&mut self, address: &Address, contract: &Address, input_hash: &Hash) -> Result<bool, Stop> {
        for index in 0..self.carried.len() {
            let Carried { nonce, expires_at, .. } = self.carried[index];
            let carried = &self.carried[index];
            let fits =
                carried.address == *address && carried.contract == *contract && carried.input_hash == *input_hash;
            if !fits {
                continue;
            }
            let key = records::authorization_key(address, nonce);
            if self.read(&key)?.is_none() {
                self.write(key, Some(expires_at.to_le_bytes().to_vec()))?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Takes bytes from a budget.
pub(crate) fn spend(budget: &mut u64, bytes: usize) -> Result<(), Stop> {
    *budget = budget.checked_sub(bytes as u64).ok_or(Stop::Trap(TrapCode::Budget))?;
    Ok(())
}

/// What a host function answers on an error that contracts handle.
pub(crate) const fn answer(error: HostError) -> i64 {
    error.number()
}
