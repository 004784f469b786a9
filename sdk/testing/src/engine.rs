//! Native code for contracts that have some, wasmi for the rest.

use crate::faults::SharedPlan;
use crate::watch::{Watch, WatchedHost, coverage_folder, write_reached};
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
    watch: Mutex<Watch>,
}

impl TestEngine {
    pub fn new() -> Self {
        let watch = Watch { plan: None, reached: coverage_folder().map(|_| Default::default()) };
        Self { wasm: WasmiEngine::new(), native: Mutex::default(), watch: Mutex::new(watch) }
    }

    /// Lets host calls fail as planned, or no longer.
    pub fn fail(&self, plan: Option<SharedPlan>) {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner).plan = plan;
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
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if watch.plan.is_none() && watch.reached.is_none() {
            return self.run_with(invocation, host);
        }
        let code = invocation.module.original_hash;
        let (run, host) = self.run_with(invocation, WatchedHost::wrap(host, watch, code))?;
        Ok((run, WatchedHost::unwrap(host)))
    }
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        watch.reached.iter().for_each(write_reached);
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
