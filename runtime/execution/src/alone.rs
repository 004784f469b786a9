//! One frame without a chain, for tools and tests: the same host calls, over a state that holds this contract only.

use crate::calls::enter;
use crate::context::BlockContext;
use crate::engine::Entry;
use crate::executor::{ExecutionFault, Executor, outcome};
use crate::frame::Call;
use crate::records::{CodeRecord, ContractRecord, code_key, contract_key};
use counterpart_host_functions::Hash;
use counterpart_ledger::{Address, ChainId, Event, Gas, Height, Outcome, StateKey, WriteSet, contract_address, encode};
use counterpart_module::ModuleError;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a frame did that ran alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AloneResult {
    /// How it ended; `action` is 0.
    pub outcome: Outcome,
    /// What it returned.
    pub output: Vec<u8>,
    /// Gas that it used, the instance included.
    pub gas_used: Gas,
    /// The stack counter at the end; `None` when the frame could not begin.
    pub stack: Option<i64>,
    /// SHA3-256 of the memory at the end; `None` when the frame could not begin.
    pub memory_hash: Option<Hash>,
    /// Hash of all host calls with arguments, answers and gas.
    pub evidence: Hash,
    /// Events, none unless it succeeded.
    pub events: Vec<Event>,
    /// What it changed in the state.
    pub writes: WriteSet,
}

impl Executor {
    /// Runs any exported function of type `() -> ()` of a contract that stands alone at height 1 of chain 0.
    ///
    /// # Errors
    /// [`ExecutionFault`] when the engine failed; the inner error says why the profile does not accept the code.
    pub fn run_alone(
        &self,
        code: &[u8],
        export: &str,
        input: &[u8],
        gas_limit: Gas,
    ) -> Result<Result<AloneResult, ModuleError>, ExecutionFault> {
        let module = match self.prepare(code) {
            Ok(module) => module,
            Err(error) => return Ok(Err(error)),
        };
        let height = Height(1);
        let block = BlockContext {
            chain: ChainId(0),
            height,
            time_ms: 0,
            parent: Hash::ZERO,
            fee_collector: Address::ZERO,
            min_gas_price: 0,
            validator_set: Hash::ZERO,
        };
        let code_hash = module.original_hash;
        let contract = contract_address(&Address::ZERO, &code_hash, &Hash::ZERO);
        let record = ContractRecord { code_hash, creator: Address::ZERO, deployed_at: height };
        let code_record =
            CodeRecord { length: code.len() as u32, profile: module.profile, metered: module.metered_hash };
        let state: BTreeMap<StateKey, Vec<u8>> =
            BTreeMap::from([(contract_key(&contract), encode(&record)), (code_key(&code_hash), encode(&code_record))]);
        let (state, codes) = (Arc::new(state), Arc::new(BTreeMap::from([(code_hash, code.to_vec())])));
        let result = self.in_scope(|| {
            let mut work = self.work(&block, state.clone(), codes.clone());
            work.begin(Address::ZERO, &[]);
            let limit = i64::try_from(gas_limit.0).unwrap_or(i64::MAX);
            let mut gas = limit;
            let input = input.to_vec();
            let call = Call { contract, caller: Address::ZERO, input, value: 0, read_only: false, depth: 1 };
            let (work, end, run) = enter(work, call, Entry::Named(export), &module, &mut gas, true)?;
            let (outcome, output) = outcome(0, end);
            Ok(AloneResult {
                outcome,
                output,
                gas_used: Gas((limit - gas.max(0)) as u64),
                stack: run.as_ref().map(|run| run.stack),
                memory_hash: run.and_then(|run| run.memory_hash),
                evidence: work.evidence.hash(),
                events: work.events,
                writes: work.view.into_writes()?,
            })
        });
        result.map(Ok)
    }
}
