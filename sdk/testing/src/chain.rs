//! The chain: each transaction is a block of its own, executed at once.

use crate::Mode;
use crate::account::Account;
use crate::engine::TestEngine;
use crate::faults::SharedPlan;
use crate::state::{Codes, Forked};
use crate::subject::Subject;
use counterpart_execution::{BlockContext, BlockResult, CheckedTransaction, Executor, Query, QueryResult};
use counterpart_ledger::{
    Action, Address, Authorization, ChainId, CodeRead, Event, Gas, Hash, Height, Outcome, Receipt, StateKey, StateRead,
    Transaction, WriteSet, account_address,
};
use counterpart_module::Profile;
use counterpart_sdk::codec::Decode;
use counterpart_sdk::{Constructor, Message};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Native atomic units that each account starts with.
const FUNDS: u128 = 1_000_000_000_000_000_000;
/// The gas that a test's transactions may use.
const GAS_LIMIT: Gas = Gas(900_000_000);

/// Why a call did not answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure<E> {
    /// The contract reverted with an error of its own.
    Error(E),
    /// It reverted with a code that all contracts share, or one of another contract.
    Reverted {
        /// The contract.
        contract: Address,
        /// The code.
        code: u32,
    },
    /// It ended in another way.
    Outcome(Outcome),
    /// An account was asked to sign that nobody asked for consent.
    NeedlessSignature {
        /// The account.
        name: String,
    },
}

/// A chain for tests.
pub struct Chain {
    mode: Mode,
    engine: Arc<TestEngine>,
    executor: Executor,
    state: Arc<Forked>,
    codes: Arc<Codes>,
    nonces: BTreeMap<Address, u64>,
    block: BlockContext,
    receipts: Vec<Receipt>,
    actions: Vec<Vec<Action>>,
    deployed: u64,
    authorization_nonce: u64,
}

impl Chain {
    /// A chain without contracts.
    pub fn new(mode: Mode) -> Self {
        let (state, codes) = (BTreeMap::<StateKey, Vec<u8>>::new(), BTreeMap::<Hash, Vec<u8>>::new());
        Self::fork(mode, Arc::new(state), Arc::new(codes), Height(0), 1_700_000_000_000)
    }

    /// A chain without contracts and with a number of its own: for exchanges over two.
    pub fn numbered(mode: Mode, number: u64) -> Self {
        let mut chain = Self::new(mode);
        chain.block.chain = ChainId(number);
        chain
    }

    /// A chain that goes on from the state after a block of another: `Store::state` and `Store::codes` of a node's ledger,
    /// of a backup or of a restored snapshot, say. Nothing is written to where it comes from.
    ///
    /// Contracts found there run as Wasm in both modes; accounts of tests are funded as always.
    pub fn fork(mode: Mode, state: Arc<dyn StateRead>, codes: Arc<dyn CodeRead>, height: Height, time_ms: u64) -> Self {
        let engine = Arc::new(TestEngine::new());
        let block = BlockContext {
            chain: ChainId(1),
            height: Height(height.0 + 1),
            time_ms,
            parent: Hash::ZERO,
            fee_collector: Address([0xFE; 32]),
            min_gas_price: 0,
            validator_set: Hash::ZERO,
        };
        Self {
            mode,
            executor: Executor::new(engine.clone(), Profile::v1()),
            engine,
            state: Arc::new(Forked::of(state)),
            codes: Arc::new(Codes { own: BTreeMap::new(), base: codes }),
            nonces: BTreeMap::new(),
            block,
            receipts: Vec::new(),
            actions: Vec::new(),
            deployed: 0,
            authorization_nonce: 0,
        }
    }

    /// The account with a name, funded on first use.
    pub fn account(&mut self, name: &str) -> Account {
        let account = Account::named(name);
        if !self.nonces.contains_key(&account.address) {
            let known = counterpart_execution::account(&*self.state, &account.address).expect("the state can be read");
            if known.balance == 0 {
                let genesis = counterpart_ledger::Genesis {
                    chain: self.block.chain,
                    time_ms: 0,
                    profile: Hash::ZERO,
                    validators: counterpart_ledger::ValidatorSet { epoch: 0, members: Vec::new(), quorum: 0 },
                    fee_collector: Address::ZERO,
                    min_gas_price: 0,
                    accounts: vec![counterpart_ledger::GenesisAccount { address: account.address, balance: FUNDS }],
                };
                self.apply(Executor::genesis(&genesis));
            }
            self.nonces.insert(account.address, known.nonce);
        }
        account
    }

    /// Uploads a contract and runs its constructor.
    ///
    /// # Errors
    /// [`Outcome`] when it is not accepted or reverts.
    pub fn deploy(
        &mut self,
        sender: &Account,
        subject: &Subject,
        constructor: Constructor,
    ) -> Result<Address, Outcome> {
        let code = subject.wasm();
        let module =
            self.executor.prepare(&code).map_err(|error| Outcome::BadModule { action: 0, code: error.code() })?;
        if self.mode == Mode::Native {
            self.engine.register(module.original_hash, subject.native);
        }
        self.deployed += 1;
        let mut salt = [0; 32];
        salt[..8].copy_from_slice(&self.deployed.to_le_bytes());
        let code_hash = module.original_hash;
        let (input, value) = (constructor.input, constructor.value);
        let deploy = Action::Deploy { code_hash, salt: Hash(salt), input, value };
        let receipt = self.send(sender, vec![Action::Upload { code }, deploy], Vec::new());
        match (receipt.outcome, receipt.outputs.last()) {
            (Outcome::Success, Some(address)) => {
                Ok(Address(address.as_slice().try_into().expect("a deployment answers an address")))
            }
            (outcome, _) => Err(outcome),
        }
    }

    /// Calls a contract in a transaction.
    ///
    /// # Errors
    /// [`Failure`] when it did not answer; its changes are undone then.
    pub fn call<T: Decode, E: Decode>(&mut self, sender: &Account, message: Message<T, E>) -> Result<T, Failure<E>> {
        self.call_with(sender, &[], message)
    }

    /// Calls a contract in a transaction that other accounts consent to: each signs what it is asked for.
    ///
    /// # Errors
    /// [`Failure`] when it did not answer, or an account was not asked for anything.
    pub fn call_with<T: Decode, E: Decode>(
        &mut self,
        sender: &Account,
        signers: &[&Account],
        message: Message<T, E>,
    ) -> Result<T, Failure<E>> {
        let call = Action::Call { contract: message.contract, input: message.input.clone(), value: message.value };
        let authorizations = self.consents(sender, signers, std::slice::from_ref(&call));
        let authorizations = authorizations.map_err(|name| Failure::NeedlessSignature { name })?;
        self.call_authorized(sender, call, authorizations, message)
    }

    /// Calls a contract, with the sender's consent to whatever it is asked for below the call: for tests of what a call does and not
    /// of who has to sign.
    ///
    /// # Errors
    /// [`Failure`] when it did not answer.
    pub fn call_consenting<T: Decode, E: Decode>(
        &mut self,
        sender: &Account,
        message: Message<T, E>,
    ) -> Result<T, Failure<E>> {
        let call = Action::Call { contract: message.contract, input: message.input.clone(), value: message.value };
        // Who is asked for nothing signs nothing.
        let authorizations = self.consents(sender, &[sender], std::slice::from_ref(&call)).unwrap_or_default();
        self.call_authorized(sender, call, authorizations, message)
    }

    fn call_authorized<T: Decode, E: Decode>(
        &mut self,
        sender: &Account,
        call: Action,
        authorizations: Vec<Authorization>,
        message: Message<T, E>,
    ) -> Result<T, Failure<E>> {
        let contract = message.contract;
        let receipt = self.send(sender, vec![call], authorizations);
        match receipt.outcome {
            Outcome::Success => {
                let output = receipt.outputs.first().map(Vec::as_slice).unwrap_or_default();
                Ok(message.decode_answer(output).expect("the contract answers what its interface says"))
            }
            outcome => Err(failure(contract, outcome)),
        }
    }

    /// What these accounts sign so that actions of a sender succeed: each what it is asked for.
    ///
    /// # Errors
    /// The name of an account that is not asked for anything.
    pub fn consents(
        &mut self,
        sender: &Account,
        signers: &[&Account],
        actions: &[Action],
    ) -> Result<Vec<Authorization>, String> {
        if signers.is_empty() {
            return Ok(Vec::new());
        }
        let transaction = self.transaction(sender, actions.to_vec(), Vec::new());
        let simulation = self.executor.simulate(&self.block, &transaction, self.state.clone(), self.codes.clone());
        let requests = simulation.expect("the engine of tests does not fail").requests;
        let mut authorizations = Vec::new();
        for signer in signers {
            let asked: Vec<_> = requests.iter().filter(|request| request.address == signer.address).collect();
            if asked.is_empty() {
                return Err(signer.name.clone());
            }
            for request in asked {
                self.authorization_nonce += 1;
                let (nonce, expiry) = (self.authorization_nonce, Height(self.block.height.0 + 10));
                let (contract, input_hash) = (request.contract, request.input_hash);
                let chain = self.block.chain;
                authorizations.push(Authorization::sign(&signer.key, chain, contract, input_hash, nonce, expiry));
            }
        }
        Ok(authorizations)
    }

    /// Asks a contract with the bytes of a call.
    pub fn ask(&self, contract: Address, input: Vec<u8>) -> QueryResult {
        let query = Query { contract, caller: Address::ZERO, input, gas_limit: GAS_LIMIT };
        let result = self.executor.query(&self.block, &query, self.state.clone(), self.codes.clone());
        result.expect("the engine of tests does not fail")
    }

    /// Asks a contract.
    ///
    /// # Errors
    /// [`Failure`] when it did not answer.
    pub fn query<T: Decode, E: Decode>(&self, message: Message<T, E>) -> Result<T, Failure<E>> {
        let result = self.ask(message.contract, message.input.clone());
        match result.outcome {
            Outcome::Success => {
                Ok(message.decode_answer(&result.output).expect("the contract answers what its interface says"))
            }
            outcome => Err(failure(message.contract, outcome)),
        }
    }

    /// Executes actions in a transaction; answers the receipt, whatever became of it.
    pub fn send(&mut self, sender: &Account, actions: Vec<Action>, authorizations: Vec<Authorization>) -> Receipt {
        let result = self.execute(sender, actions.clone(), authorizations);
        let receipt = result.receipts.into_iter().next().expect("one receipt for one transaction");
        if !matches!(receipt.outcome, Outcome::Rejected(_)) {
            *self.nonces.entry(sender.address).or_default() += 1;
        }
        self.apply(result.writes);
        Arc::make_mut(&mut self.codes).own.extend(result.codes);
        self.block.height.0 += 1;
        self.block.time_ms += 1_000;
        self.receipts.push(receipt.clone());
        self.actions.push(actions);
        receipt
    }

    /// What would become of actions while host calls fail as planned; nothing of it stays.
    pub(crate) fn attempt(
        &mut self,
        sender: &Account,
        actions: &[Action],
        authorizations: &[Authorization],
        plan: &SharedPlan,
    ) -> Receipt {
        self.engine.fail(Some(plan.clone()));
        let result = self.execute(sender, actions.to_vec(), authorizations.to_vec());
        self.engine.fail(None);
        result.receipts.into_iter().next().expect("one receipt for one transaction")
    }

    /// Lets time pass.
    pub fn advance_ms(&mut self, ms: u64) {
        self.block.time_ms += ms;
    }

    /// Lets blocks pass.
    pub fn advance_blocks(&mut self, blocks: u64) {
        self.block.height.0 += blocks;
    }

    /// The height of the next block.
    pub fn height(&self) -> Height {
        self.block.height
    }

    /// The time of the next block, in ms since 1970.
    pub fn time_ms(&self) -> u64 {
        self.block.time_ms
    }

    /// What became of each transaction, deployments included.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// What was sent, and what became of it.
    pub(crate) fn sent(&self) -> impl Iterator<Item = (&Vec<Action>, &Receipt)> {
        self.actions.iter().zip(&self.receipts)
    }

    /// Events of the last transaction.
    pub fn events(&self) -> &[Event] {
        self.receipts.last().map(|receipt| receipt.events.as_slice()).unwrap_or_default()
    }

    /// The native balance of an address.
    pub fn balance(&self, address: &Address) -> u128 {
        counterpart_execution::account(&*self.state, address).expect("the state can be read").balance
    }

    /// Every entry that this chain wrote: of one that was not forked, the whole state.
    pub fn state(&self) -> &BTreeMap<StateKey, Vec<u8>> {
        &self.state.own
    }

    /// Executes a block of one transaction. It comes from its sender in this very process; a signature would take ten times
    /// as long as the call. What others consent to is signed and verified.
    fn execute(&self, sender: &Account, actions: Vec<Action>, authorizations: Vec<Authorization>) -> BlockResult {
        let (state, codes) = (self.state.clone(), self.codes.clone());
        let transaction = self.transaction(sender, actions, authorizations);
        let result = if transaction.authorizations.is_empty() {
            let checked = CheckedTransaction::unsigned(&transaction);
            self.executor.execute_checked(&self.block, &[checked], state, codes)
        } else {
            self.executor.execute_block(&self.block, &[transaction.sign(&sender.key)], state, codes)
        };
        result.expect("the engine of tests does not fail")
    }

    fn transaction(&self, sender: &Account, actions: Vec<Action>, authorizations: Vec<Authorization>) -> Transaction {
        let public = sender.key.public_key();
        Transaction {
            chain: self.block.chain,
            sender: public,
            nonce: self.nonces.get(&account_address(&public)).copied().unwrap_or(0),
            gas_limit: GAS_LIMIT,
            gas_price: 0,
            expires_at: Height(self.block.height.0 + 10),
            actions,
            authorizations,
        }
    }

    fn apply(&mut self, writes: WriteSet) {
        Arc::make_mut(&mut self.state).apply(writes);
    }
}

fn failure<E: Decode>(called: Address, outcome: Outcome) -> Failure<E> {
    match outcome {
        Outcome::Revert { contract, code, data, .. } => {
            let error = (contract == called).then(|| E::decode(&mut data.as_slice()).ok()).flatten();
            // A shared code has data of its own kind, which must not be taken for the contract's error.
            match error {
                Some(error) if code < 0xFFFF_0000 => Failure::Error(error),
                _ => Failure::Reverted { contract, code },
            }
        }
        outcome => Failure::Outcome(outcome),
    }
}
