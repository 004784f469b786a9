//! Blocks, simulations and queries.

use crate::admission::{Admitted, admit};
use crate::calls::{Deployment, FrameEnd, call_contract, deploy_contract};
use crate::checked::CheckedTransaction;
use crate::context::{BlockContext, MAX_TRANSACTION_GAS, upload_gas};
use crate::engine::{Engine, EngineFault};
use crate::frame::Call;
use crate::gas::{charge, cost};
use crate::modules::Modules;
use crate::records::{self, Account, account_key};
use crate::trace::{Change, Observer, Recorder, TransactionTrace};
use crate::validators;
use crate::view::View;
use crate::work::{AuthorizationRequest, Work};
use counterpart_host_functions::HostFunction;
use counterpart_ledger::{
    Action, Address, CodeRead, Event, Gas, Genesis, Hash, Outcome, Receipt, RejectCode, SignedTransaction, StateFault,
    StateRead, Transaction, Write, WriteSet, encode,
};
use counterpart_module::{ModuleError, PreparedModule, Profile};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The node failed while it executed. It stops; this never becomes a receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("execution failed: {0}")]
pub struct ExecutionFault(pub String);

impl From<StateFault> for ExecutionFault {
    fn from(fault: StateFault) -> Self {
        Self(fault.to_string())
    }
}

impl From<EngineFault> for ExecutionFault {
    fn from(fault: EngineFault) -> Self {
        Self(fault.to_string())
    }
}

/// What a block did.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct BlockResult {
    /// One for each transaction, in order.
    pub receipts: Vec<Receipt>,
    /// What it changed in the state.
    pub writes: WriteSet,
    /// Code that it uploaded, by hash.
    pub codes: BTreeMap<Hash, Vec<u8>>,
}

/// What a transaction would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// What would become of it.
    pub receipt: Receipt,
    /// What it would change.
    pub writes: WriteSet,
    /// Consents that it needs and does not carry; the simulation took them as given.
    pub requests: Vec<AuthorizationRequest>,
}

/// A transaction of a block, executed as another executor would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// What became of it.
    pub receipt: Receipt,
    /// What happened inside it.
    pub trace: TransactionTrace,
    /// What it changed in the state, in the order of the keys.
    pub changes: Vec<Change>,
}

/// A read-only call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The contract.
    pub contract: Address,
    /// Who asks, as the contract sees it.
    pub caller: Address,
    /// Selector and arguments.
    pub input: Vec<u8>,
    /// The most gas that it may use.
    pub gas_limit: Gas,
}

/// What a query answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryResult {
    /// How it ended; `action` is 0.
    pub outcome: Outcome,
    /// What it returned.
    pub output: Vec<u8>,
    /// Gas that it used.
    pub gas_used: Gas,
    /// Events are recorded by calls only: a read-only call that emits traps.
    pub events: Vec<Event>,
}

/// Executes over a view of the state, on any engine.
#[derive(Clone)]
pub struct Executor {
    engine: Arc<dyn Engine>,
    modules: Arc<Modules>,
}

impl Executor {
    /// An executor under a profile.
    pub fn new(engine: Arc<dyn Engine>, profile: Profile) -> Self {
        Self { engine, modules: Arc::new(Modules::new(profile)) }
    }

    /// The same engine and rules with no prepared module, so that code is read again where it is needed.
    #[must_use]
    pub fn without_modules(&self) -> Self {
        Self { engine: self.engine.clone(), modules: Arc::new(self.modules.emptied(false)) }
    }

    /// The same engine and rules with probes in every module, so that an [`Observer`] hears of each point.
    #[must_use]
    pub fn with_probes(&self) -> Self {
        Self { engine: self.engine.clone(), modules: Arc::new(self.modules.emptied(true)) }
    }

    /// The same engine and rules where other code stands for the code with a hash.
    ///
    /// # Errors
    /// [`ModuleError`] when the other code is not accepted.
    pub fn with_code(&self, hash: Hash, code: &[u8]) -> Result<Self, ModuleError> {
        Ok(Self { engine: self.engine.clone(), modules: Arc::new(self.modules.with(hash, code)?) })
    }

    /// The rules in force.
    pub fn profile(&self) -> &Profile {
        self.modules.profile()
    }

    /// The hash of the rules in force, as headers name it.
    pub fn profile_hash(&self) -> Hash {
        self.modules.profile_hash()
    }

    /// The engine's name.
    pub fn engine_name(&self) -> &'static str {
        self.engine.name()
    }

    /// Validates and meters code as an upload would.
    ///
    /// # Errors
    /// [`ModuleError`] when the code is not accepted.
    pub fn prepare(&self, code: &[u8]) -> Result<Arc<PreparedModule>, ModuleError> {
        self.modules.prepare(code)
    }

    /// A module that was prepared before, by the hash of its code.
    pub fn prepared(&self, code_hash: &Hash) -> Option<Arc<PreparedModule>> {
        self.modules.kept(code_hash)
    }

    /// The state before the first block.
    pub fn genesis(genesis: &Genesis) -> WriteSet {
        let entry = |account: &counterpart_ledger::GenesisAccount| {
            let record = Account { nonce: 0, balance: account.balance };
            (account_key(&account.address), Write { old: None, new: Some(encode(&record)) })
        };
        genesis.accounts.iter().map(entry).collect()
    }

    /// Executes a block's transactions in order.
    ///
    /// # Errors
    /// [`ExecutionFault`] when the node failed; nothing can be said about the block then.
    pub fn execute_block(
        &self,
        block: &BlockContext,
        transactions: &[SignedTransaction],
        state: Arc<dyn StateRead>,
        code: Arc<dyn CodeRead>,
    ) -> Result<BlockResult, ExecutionFault> {
        let checked = CheckedTransaction::all(transactions);
        self.execute_checked(block, &checked, state, code)
    }

    /// Executes a block's transactions, which were checked ahead of it, in order.
    ///
    /// # Errors
    /// As [`Executor::execute_block`].
    pub fn execute_checked(
        &self,
        block: &BlockContext,
        transactions: &[CheckedTransaction<'_>],
        state: Arc<dyn StateRead>,
        code: Arc<dyn CodeRead>,
    ) -> Result<BlockResult, ExecutionFault> {
        self.in_scope(|| {
            let work = self.work(block, state.clone(), code.clone());
            self.run_block(work, block, transactions).map(|(result, _)| result)
        })
    }

    /// Executes a block and records the frames and host calls of each transaction.
    ///
    /// # Errors
    /// As [`Executor::execute_block`].
    pub fn trace_block(
        &self,
        block: &BlockContext,
        transactions: &[SignedTransaction],
        state: Arc<dyn StateRead>,
        code: Arc<dyn CodeRead>,
    ) -> Result<(BlockResult, Vec<TransactionTrace>), ExecutionFault> {
        let checked = CheckedTransaction::all(transactions);
        self.in_scope(|| {
            let mut work = self.work(block, state.clone(), code.clone());
            work.trace = Some(Recorder::default());
            self.run_block(work, block, &checked)
        })
    }

    /// Executes a block while somebody follows; what happens is not kept.
    ///
    /// When the observer ends the execution, what is answered is worth nothing.
    ///
    /// # Errors
    /// As [`Executor::execute_block`].
    pub fn observe_block<O: Observer>(
        &self,
        block: &BlockContext,
        transactions: &[SignedTransaction],
        state: Arc<dyn StateRead>,
        code: Arc<dyn CodeRead>,
        observer: O,
    ) -> Result<(BlockResult, O), ExecutionFault> {
        let checked = CheckedTransaction::all(transactions);
        let given = Mutex::new(Some(Box::new(observer)));
        let (result, followed) = self.in_scope(|| {
            let mut work = self.work(block, state.clone(), code.clone());
            let observer = given.lock().unwrap_or_else(PoisonError::into_inner).take();
            work.trace = Some(Recorder::following(observer.map(|observer| observer as Box<dyn Observer>)));
            let (result, _, trace) = self.run_all(work, block, &checked)?;
            Ok((result, trace.and_then(|trace| trace.observer)))
        })?;
        let lost = || ExecutionFault("the observer was lost".into());
        let followed: Box<dyn Any> = followed.ok_or_else(lost)?;
        let observer = followed.downcast::<O>().map_err(|_| lost())?;
        Ok((result, *observer))
    }

    /// Executes the transactions before one, and that one as another executor would.
    ///
    /// # Errors
    /// [`ExecutionFault`] when the node failed, or there is no such transaction.
    pub fn rehearse(
        &self,
        block: &BlockContext,
        transactions: &[SignedTransaction],
        index: usize,
        (state, code): (Arc<dyn StateRead>, Arc<dyn CodeRead>),
        other: &Self,
    ) -> Result<Rehearsal, ExecutionFault> {
        let missing = || ExecutionFault(format!("there is no transaction {index}"));
        let checked = CheckedTransaction::all(transactions.get(..=index).ok_or_else(missing)?);
        self.in_scope(|| {
            let mut work = self.work(block, state.clone(), code.clone());
            for before in &checked[..index] {
                (work, _) = self.transaction(work, before)?;
            }
            work.run_with(other.engine.clone(), other.modules.clone());
            work.trace = Some(Recorder::default());
            let (mut work, receipt) = other.transaction(work, &checked[index])?;
            let changes = work.view.changes()?;
            let trace = work.trace.take().unwrap_or_default().take(&receipt);
            Ok(Rehearsal { receipt, trace, changes })
        })
    }

    fn run_block(
        &self,
        work: Box<Work>,
        block: &BlockContext,
        transactions: &[CheckedTransaction<'_>],
    ) -> Result<(BlockResult, Vec<TransactionTrace>), ExecutionFault> {
        self.run_all(work, block, transactions).map(|(result, traces, _)| (result, traces))
    }

    fn run_all(
        &self,
        mut work: Box<Work>,
        block: &BlockContext,
        transactions: &[CheckedTransaction<'_>],
    ) -> Result<(BlockResult, Vec<TransactionTrace>, Option<Recorder>), ExecutionFault> {
        let mut receipts = Vec::with_capacity(transactions.len());
        let mut traces = Vec::new();
        for (index, checked) in transactions.iter().enumerate() {
            if let Some(observer) = work.trace.as_mut().and_then(|trace| trace.observer.as_mut()) {
                observer.transaction(index);
            }
            let receipt;
            (work, receipt) = self.transaction(work, checked)?;
            if let Some(trace) = &mut work.trace {
                traces.push(trace.take(&receipt));
            }
            receipts.push(receipt);
            if work.trace.as_ref().is_some_and(|trace| trace.stopped) {
                break;
            }
        }
        work.view.end_transaction();
        let fees: u128 = receipts.iter().map(|receipt| receipt.fee).sum();
        if fees > 0 {
            let mut collector = work.account(&block.fee_collector)?;
            collector.balance = collector.balance.saturating_add(fees);
            work.set_account(&block.fee_collector, &collector);
        }
        let mut codes = std::mem::take(&mut work.uploads);
        let mut lost = Vec::new();
        for hash in codes.keys() {
            if records::code_record(&work.view, hash)?.is_none() {
                lost.push(*hash);
            }
        }
        lost.iter().for_each(|hash| drop(codes.remove(hash)));
        let trace = work.trace.take();
        Ok((BlockResult { receipts, writes: work.view.into_writes()?, codes }, traces, trace))
    }

    /// Whether a transaction could stand in the next block.
    ///
    /// # Errors
    /// [`ExecutionFault`] when the store fails; the inner error says why the transaction would be rejected.
    pub fn check(
        &self,
        block: &BlockContext,
        signed: &SignedTransaction,
        state: &dyn StateRead,
    ) -> Result<Result<(), RejectCode>, ExecutionFault> {
        Ok(admit(block, &CheckedTransaction::new(signed), state)?.map(|_| ()))
    }

    /// Runs a transaction that need not be signed, and keeps nothing.
    ///
    /// # Errors
    /// [`ExecutionFault`] when the node failed.
    pub fn simulate(
        &self,
        block: &BlockContext,
        transaction: &Transaction,
        state: Arc<dyn StateRead>,
        code: Arc<dyn CodeRead>,
    ) -> Result<Simulation, ExecutionFault> {
        self.in_scope(|| {
            let mut work = self.work(block, state.clone(), code.clone());
            work.requests = Some(Vec::new());
            let (mut work, receipt) = self.transaction(work, &CheckedTransaction::unsigned(transaction))?;
            let mut requests = work.requests.take().unwrap_or_default();
            requests.sort();
            requests.dedup();
            Ok(Simulation { receipt, writes: work.view.into_writes()?, requests })
        })
    }

    /// Runs a read-only call.
    ///
    /// # Errors
    /// [`ExecutionFault`] when the node failed.
    pub fn query(
        &self,
        block: &BlockContext,
        query: &Query,
        state: Arc<dyn StateRead>,
        code: Arc<dyn CodeRead>,
    ) -> Result<QueryResult, ExecutionFault> {
        self.in_scope(|| {
            let mut work = self.work(block, state.clone(), code.clone());
            work.begin(query.caller, &[]);
            let limit = query.gas_limit.0.min(MAX_TRANSACTION_GAS) as i64;
            let mut gas = limit;
            let call = Call {
                contract: query.contract,
                caller: query.caller,
                input: query.input.clone(),
                value: 0,
                read_only: true,
                depth: 1,
            };
            let (work, end) = call_contract(work, call, &mut gas)?;
            let gas_used = Gas((limit - gas.max(0)) as u64);
            let (outcome, output) = outcome(0, end);
            Ok(QueryResult { outcome, output, gas_used, events: work.events })
        })
    }

    pub(crate) fn work(&self, block: &BlockContext, state: Arc<dyn StateRead>, code: Arc<dyn CodeRead>) -> Box<Work> {
        Box::new(Work::new(self.engine.clone(), self.modules.clone(), code, block.clone(), View::new(state)))
    }

    /// Runs work on a thread on which blocks can be executed: otherwise each execution takes a thread of its own.
    ///
    /// # Errors
    /// [`ExecutionFault`] when there is no such thread, or the work panicked.
    pub fn on_its_thread<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, ExecutionFault> {
        let (mut work, mut result) = (Some(work), None);
        self.engine.scope(&mut || result = work.take().map(|work| work()))?;
        result.ok_or_else(|| ExecutionFault("the engine did not run the work".into()))
    }

    pub(crate) fn in_scope<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, ExecutionFault> + Send,
    ) -> Result<T, ExecutionFault> {
        self.on_its_thread(work)?
    }

    fn transaction(
        &self,
        mut work: Box<Work>,
        checked: &CheckedTransaction<'_>,
    ) -> Result<(Box<Work>, Receipt), ExecutionFault> {
        let CheckedTransaction { transaction, hash, sender, .. } = *checked;
        work.begin(sender, &transaction.authorizations);
        let Admitted { intrinsic, mut account } = match admit(&work.block, checked, &work.view)? {
            Ok(admitted) => admitted,
            Err(code) => {
                let evidence = work.evidence.hash();
                let outcome = Outcome::Rejected(code);
                let (outputs, events) = (Vec::new(), Vec::new());
                let receipt =
                    Receipt { transaction: hash, outcome, gas_used: Gas(0), fee: 0, outputs, events, evidence };
                return Ok((work, receipt));
            }
        };
        let price = u128::from(transaction.gas_price);
        let limit = transaction.gas_limit.0;
        account.nonce += 1;
        account.balance -= u128::from(limit) * price;
        work.set_account(&sender, &account);

        let mark = work.mark();
        let mut gas = (limit - intrinsic.0) as i64;
        let mut outputs = Vec::with_capacity(transaction.actions.len());
        let mut result = Outcome::Success;
        for (index, action) in transaction.actions.iter().enumerate() {
            let outcome;
            (work, outcome) = self.action(work, index as u16, sender, action, &mut gas)?;
            match outcome {
                (Outcome::Success, output) => outputs.push(output),
                (failure, _) => {
                    result = failure;
                    break;
                }
            }
        }
        if result != Outcome::Success {
            work.undo_to(&mark);
            outputs.clear();
        }
        let gas_used = limit - gas.max(0) as u64;
        let mut account = work.account(&sender)?;
        account.balance += u128::from(limit - gas_used) * price;
        work.set_account(&sender, &account);
        let receipt = Receipt {
            transaction: hash,
            outcome: result,
            gas_used: Gas(gas_used),
            fee: u128::from(gas_used) * price,
            outputs,
            events: std::mem::take(&mut work.events),
            evidence: work.evidence.hash(),
        };
        Ok((work, receipt))
    }

    fn action(
        &self,
        mut work: Box<Work>,
        index: u16,
        sender: Address,
        action: &Action,
        gas: &mut i64,
    ) -> Result<(Box<Work>, Ended), ExecutionFault> {
        let price = match action {
            Action::Upload { code } => upload_gas(code.len()).0,
            Action::Deploy { input, .. } => cost(HostFunction::deploy, input.len() as u64),
            Action::Call { input, .. } => cost(HostFunction::call, input.len() as u64),
            Action::Transfer { .. } => cost(HostFunction::transfer, 0),
            Action::ChangeValidators { change } => validators::change_gas(change),
            Action::Accuse { .. } => validators::ACCUSE_GAS,
        };
        if charge(gas, price).is_err() {
            return Ok((work, (Outcome::OutOfGas { action: index }, Vec::new())));
        }
        match action {
            Action::Upload { code } => {
                let uploaded = match work.upload(code)? {
                    Ok(module) => (Outcome::Success, module.original_hash.0.to_vec()),
                    Err(error) => (Outcome::BadModule { action: index, code: error.code() }, Vec::new()),
                };
                Ok((work, uploaded))
            }
            Action::Deploy { code_hash, salt, input, value } => {
                let (code_hash, salt, input, value) = (*code_hash, *salt, input.clone(), *value);
                let deployment = Deployment { creator: sender, code_hash, salt, input, value, depth: 1 };
                let (work, end, address) = deploy_contract(work, deployment, gas)?;
                let (outcome, _) = outcome(index, end);
                Ok((work, (outcome, address.0.to_vec())))
            }
            Action::Call { contract, input, value } => {
                let (contract, caller, input, value) = (*contract, sender, input.clone(), *value);
                let call = Call { contract, caller, input, value, read_only: false, depth: 1 };
                let (work, end) = call_contract(work, call, gas)?;
                Ok((work, outcome(index, end)))
            }
            Action::Transfer { to, amount } => {
                let sent = work.transfer(&sender, to, *amount)?;
                let outcome = if sent { Outcome::Success } else { Outcome::InsufficientBalance { action: index } };
                Ok((work, (outcome, Vec::new())))
            }
            Action::ChangeValidators { change } => {
                let changed = validators::change(&mut work, change)?;
                Ok((work, (validators::outcome(index, changed), Vec::new())))
            }
            Action::Accuse { set, evidence } => {
                let accused = validators::accuse(&mut work, set, evidence)?;
                Ok((work, (validators::outcome(index, accused), Vec::new())))
            }
        }
    }
}

/// How an action ended, and what it answered.
type Ended = (Outcome, Vec<u8>);

pub(crate) fn outcome(action: u16, end: FrameEnd) -> Ended {
    let outcome = match end {
        FrameEnd::Success(output) => return (Outcome::Success, output),
        FrameEnd::Revert { contract, code, data } => Outcome::Revert { action, contract, code, data },
        FrameEnd::OutOfGas => Outcome::OutOfGas { action },
        FrameEnd::StackExhausted => Outcome::StackExhausted { action },
        FrameEnd::Trap { contract, code } => Outcome::Trap { action, contract, code },
        FrameEnd::NoContract(contract) => Outcome::NoContract { action, contract },
        FrameEnd::NoCode(code_hash) => Outcome::NoCode { action, code_hash },
        FrameEnd::AddressTaken(contract) => Outcome::AddressTaken { action, contract },
        FrameEnd::InsufficientBalance => Outcome::InsufficientBalance { action },
    };
    (outcome, Vec::new())
}
