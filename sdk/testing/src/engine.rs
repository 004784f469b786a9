//! Native code for contracts that have some, wasmi for the rest.

use crate::faults::{FaultyHost, SharedPlan};
use counterpart_execution::{End, Engine, EngineFault, Entry, Invocation, Run};
use counterpart_host_functions::{Hash, Host};
use counterpart_module::PreparedModule;
use counterpart_referee::WasmiEngine;
use counterpart_sdk::{NativeContract, NativeEnd, run_native};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Runs registered code natively.
pub(crate) struct TestEngine {
    wasm: WasmiEngine,
    native: Mutex<BTreeMap<Hash, NativeContract>>,
    /// Which host calls fail, while something is tried.
    plan: Mutex<Option<SharedPlan>>,
}

impl TestEngine {
    pub fn new() -> Self {
        Self { wasm: WasmiEngine::new(), native: Mutex::default(), plan: Mutex::default() }
    }

    /// Lets host calls fail as planned, or no longer.
    pub fn fail(&self, plan: Option<SharedPlan>) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    /// From now on, code with this hash runs as native code.
    pub fn register(&self, code_hash: Hash, contract: NativeContract) {
        self.native.lock().unwrap_or_else(PoisonError::into_inner).insert(code_hash, contract);
    }
}

impl Engine for TestEngine {
    fn name(&self) -> &'static str {
        "native"
    }

    fn prepare(&self, module: &Arc<PreparedModule>) -> Result<(), EngineFault> {
        self.wasm.prepare(module)
    }

    fn run(&self, invocation: Invocation<'_>, host: Box<dyn Host>) -> Result<(Run, Box<dyn Host>), EngineFault> {
        let plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match plan {
            None => self.run_with(invocation, host),
            Some(plan) => {
                let (run, host) = self.run_with(invocation, FaultyHost::wrap(host, plan))?;
                Ok((run, FaultyHost::unwrap(host)))
            }
        }
    }
}

impl TestEngine {
    fn run_with(&self, invocation: Invocation<'_>, host: Box<dyn Host>) -> Result<(Run, Box<dyn Host>), EngineFault> {
        let native = self.native.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(contract) = native.get(&invocation.module.original_hash).copied() else {
            drop(native);
            return self.wasm.run(invocation, host);
        };
        drop(native);
        let entry = match invocation.entry {
            Entry::Deploy => contract.deploy,
            Entry::Call => contract.call,
            Entry::Named(_) => return self.wasm.run(invocation, host),
        };
        let run = run_native(entry, host, invocation.gas);
        let end = match run.end {
            NativeEnd::Returned => End::Returned,
            NativeEnd::Stopped(stop) => End::Host(stop),
            NativeEnd::Panicked => End::Trapped,
        };
        Ok((Run { end, gas: run.gas, stack: invocation.stack, memory_hash: None }, run.host))
    }
}
