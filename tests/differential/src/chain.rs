//! Whole transactions on every engine, with everything that can be seen of every frame.

use crate::engines;
use counterpart_execution::{
    BlockContext, BlockResult, End, Engine, EngineFault, Executor, Invocation, Run, account, intrinsic_gas,
};
use counterpart_host_functions::{Hash, Host, HostFunction, Stop};
use counterpart_ledger::{
    Action, Address, ChainId, Gas, Genesis, GenesisAccount, Height, Outcome, Receipt, SecretKey, StateKey, Transaction,
    ValidatorSet, account_address, contract_address, encode,
};
use counterpart_module::{PreparedModule, Profile};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

const CHAIN: ChainId = ChainId(7);
/// Gas of a deployment, far more than it needs.
const PLENTY: u64 = 900_000_000;

/// Where a host function is to panic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PanicAt {
    /// When its base cost is charged and nothing else has happened.
    Entry(HostFunction),
    /// When it has done its work.
    Exit(HostFunction),
}

/// A frame as an engine left it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrameEnd {
    /// How it ended.
    pub end: End,
    /// The gas counter.
    pub gas: i64,
    /// The stack counter.
    pub stack: i64,
    /// SHA3-256 of the memory.
    pub memory: Option<Hash>,
}

/// What every engine saw of a transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Receipts, writes and uploaded code.
    pub result: BlockResult,
    /// All frames, inner ones before those around them.
    pub frames: Vec<FrameEnd>,
}

impl Seen {
    /// The transaction's receipt.
    pub fn receipt(&self) -> &Receipt {
        &self.result.receipts[0]
    }

    /// What a contract wrote at one of its keys; `None` if it did not change it.
    pub fn written(&self, contract: &Address, key: &[u8]) -> Option<Vec<u8>> {
        self.result.writes.get(&[&contract.0[..], key].concat())?.new.clone()
    }

    /// Whether nothing was written but by the system itself.
    pub fn left_no_writes(&self) -> bool {
        self.result.writes.keys().all(|key| key.starts_with(&Address::ZERO.0))
    }
}

/// An engine that looks at every frame of another one, and lets a host function panic.
struct Observed {
    inner: Arc<dyn Engine>,
    frames: Mutex<Vec<FrameEnd>>,
    panic: Mutex<Option<PanicAt>>,
}

/// A host that panics at a place.
struct Panicking {
    inner: Box<dyn Host>,
    at: PanicAt,
}

impl Host for Panicking {
    fn call(
        &mut self,
        function: HostFunction,
        arguments: &[u64],
        memory: &mut [u8],
        gas: &mut i64,
    ) -> Result<i64, Stop> {
        if self.at == PanicAt::Entry(function) {
            *gas -= function.cost().base as i64;
            panic!("asked to panic at the entry of {}", function.name());
        }
        let answer = self.inner.call(function, arguments, memory, gas);
        assert!(self.at != PanicAt::Exit(function), "asked to panic at the exit of {}", function.name());
        answer
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine for Observed {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn prepare(&self, module: &Arc<PreparedModule>) -> Result<(), EngineFault> {
        self.inner.prepare(module)
    }

    fn run(&self, invocation: Invocation<'_>, host: Box<dyn Host>) -> Result<(Run, Box<dyn Host>), EngineFault> {
        let invocation = Invocation { hash_memory: true, ..invocation };
        let panic = *lock(&self.panic);
        let host = match panic {
            Some(at) => Box::new(Panicking { inner: host, at }),
            None => host,
        };
        let (run, mut host) = self.inner.run(invocation, host)?;
        if panic.is_some() {
            let any: Box<dyn Any> = host;
            host = any.downcast::<Panicking>().expect("the engine gives back the host that it was given").inner;
        }
        let (end, memory) = (run.end, run.memory_hash);
        lock(&self.frames).push(FrameEnd { end, gas: run.gas, stack: run.stack, memory });
        Ok((run, host))
    }

    fn scope(&self, work: &mut (dyn FnMut() + Send)) -> Result<(), EngineFault> {
        self.inner.scope(work)
    }
}

/// A state and the executors of all engines, which have to agree on each transaction.
pub struct Chain {
    executors: Vec<(Arc<Observed>, Executor)>,
    key: SecretKey,
    state: Arc<BTreeMap<StateKey, Vec<u8>>>,
    codes: Arc<BTreeMap<Hash, Vec<u8>>>,
    height: u64,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// A chain whose one account has native currency.
    pub fn new() -> Self {
        let key = SecretKey::from_seed([3; 32]);
        let executors = engines().iter().map(|engine| {
            let observed = Observed { inner: engine.clone(), frames: Mutex::default(), panic: Mutex::default() };
            let observed = Arc::new(observed);
            (observed.clone(), Executor::new(observed, Profile::v1()))
        });
        let address = account_address(&key.public_key());
        let genesis = Genesis {
            chain: CHAIN,
            time_ms: 0,
            profile: Profile::v1().hash(),
            validators: ValidatorSet { epoch: 0, members: Vec::new(), quorum: 0 },
            fee_collector: Address([9; 32]),
            min_gas_price: 0,
            accounts: vec![GenesisAccount { address, balance: 1 << 100 }],
        };
        let state = Executor::genesis(&genesis).into_iter().filter_map(|(key, write)| Some((key, write.new?)));
        let state = Arc::new(state.collect());
        Self { executors: executors.collect(), state, codes: Arc::default(), height: 1, key }
    }

    /// Where the account is.
    pub fn sender(&self) -> Address {
        account_address(&self.key.public_key())
    }

    /// Uploads a module in the text format and runs its constructor without input.
    ///
    /// # Panics
    /// When it is refused, or fails.
    pub fn deploy(&mut self, text: &str) -> Address {
        self.deploy_code(wat::parse_str(text).unwrap_or_else(|error| panic!("{error}")))
    }

    /// Uploads code and runs its constructor without input.
    ///
    /// # Panics
    /// When it is refused, or fails.
    pub fn deploy_code(&mut self, code: Vec<u8>) -> Address {
        let seen = self.run(vec![Action::Upload { code }], PLENTY, None);
        self.keep(&seen);
        let output = seen.receipt().outputs.first().unwrap_or_else(|| panic!("{:?}", seen.receipt().outcome));
        let code_hash = Hash(output.as_slice().try_into().expect("a hash has 32 bytes"));
        let deploy = Action::Deploy { code_hash, salt: Hash::ZERO, input: Vec::new(), value: 0 };
        let seen = self.run(vec![deploy], PLENTY, None);
        assert_eq!(seen.receipt().outcome, Outcome::Success);
        self.keep(&seen);
        contract_address(&self.sender(), &code_hash, &Hash::ZERO)
    }

    /// Calls a contract with gas for the call itself; keeps nothing.
    ///
    /// # Panics
    /// When engines differ or fail.
    pub fn call(&self, contract: Address, input: &[u8], gas: u64) -> Seen {
        self.run(vec![Action::Call { contract, input: input.to_vec(), value: 0 }], gas, None)
    }

    /// Executes actions on every engine, with a panic if one is asked for; keeps nothing.
    ///
    /// # Panics
    /// When engines differ or fail.
    pub fn run(&self, actions: Vec<Action>, gas: u64, panic: Option<PanicAt>) -> Seen {
        let sender = account(&*self.state, &self.sender()).expect("a map can be read");
        let mut transaction = Transaction {
            chain: CHAIN,
            sender: self.key.public_key(),
            nonce: sender.nonce,
            gas_limit: Gas(gas),
            gas_price: 1,
            expires_at: Height(u64::MAX),
            actions,
            authorizations: Vec::new(),
        };
        transaction.gas_limit.0 += intrinsic_gas(encode(&transaction).len(), 0).0;
        let signed = [transaction.sign(&self.key)];
        let block = BlockContext {
            chain: CHAIN,
            height: Height(self.height),
            time_ms: self.height * 1_000,
            parent: Hash([8; 32]),
            fee_collector: Address([9; 32]),
            min_gas_price: 0,
            validator_set: Hash::ZERO,
        };
        let mut seen: Option<Seen> = None;
        for (observed, executor) in &self.executors {
            *lock(&observed.panic) = panic;
            let result = executor.execute_block(&block, &signed, self.state.clone(), self.codes.clone());
            let result = result.unwrap_or_else(|fault| panic!("{}: {fault}", observed.name()));
            let frames = std::mem::take(&mut *lock(&observed.frames));
            let found = Seen { result, frames };
            match &seen {
                None => seen = Some(found),
                Some(first) => assert_eq!(first, &found, "{} differs with gas {gas}", observed.name()),
            }
        }
        seen.expect("there are engines")
    }

    /// Makes what a transaction did part of the state.
    pub fn keep(&mut self, seen: &Seen) {
        let state = Arc::make_mut(&mut self.state);
        for (key, write) in &seen.result.writes {
            match &write.new {
                Some(value) => state.insert(key.clone(), value.clone()),
                None => state.remove(key),
            };
        }
        Arc::make_mut(&mut self.codes).extend(seen.result.codes.clone());
        self.height += 1;
    }
}
