//! Modules whose counters are written by hand, and a host with one behaviour.
#![allow(dead_code, reason = "each test file uses a part")]

use counterpart_execution::{Engine, EngineFault, Entry, Invocation, Run};
use counterpart_host_functions::{Hash, Host, HostFunction, Stop};
use counterpart_module::PreparedModule;
use sha3::{Digest, Sha3_256};
use std::sync::Arc;

/// A module around `body`: an exported function `call` with counters in `$gas` and `$stack`.
pub fn module(body: &str) -> Arc<PreparedModule> {
    let text = format!(
        r#"(module
            (import "counterpart" "debug_log" (func $log (param i32 i32) (result i64)))
            (import "counterpart" "gas_left" (func $gas_left (result i64)))
            (memory (export "memory") 1 4)
            (global $gas (export "counterpart.gas") (mut i64) (i64.const 0))
            (global $stack (export "counterpart.stack") (mut i64) (i64.const 0))
            {body})"#
    );
    let wasm = wat::parse_str(text).expect("the test's module is well formed");
    Arc::new(PreparedModule {
        original_hash: hash(&wasm),
        hash: hash(&wasm),
        metered_hash: hash(&wasm),
        profile: Hash::ZERO,
        initial_pages: 1,
        maximum_pages: 4,
        metadata: None,
        entries: vec!["call".to_owned()],
        metered_bytes: wasm.len(),
        probes: None,
        wasm,
    })
}

fn hash(bytes: &[u8]) -> Hash {
    let digest: [u8; 32] = Sha3_256::digest(bytes).into();
    Hash(digest)
}

/// What a test's host does when it is called.
pub struct Script<F>(pub F);

impl<F> Host for Script<F>
where
    F: FnMut(HostFunction, &[u64], &mut [u8], &mut i64) -> Result<i64, Stop> + Send + 'static,
{
    fn call(
        &mut self,
        function: HostFunction,
        arguments: &[u64],
        memory: &mut [u8],
        gas: &mut i64,
    ) -> Result<i64, Stop> {
        (self.0)(function, arguments, memory, gas)
    }
}

/// Runs `call` with a host that answers 0.
pub fn run(engine: &dyn Engine, module: &Arc<PreparedModule>, gas: i64) -> Result<Run, EngineFault> {
    run_with(engine, module, gas, |_, _, _, _| Ok(0))
}

/// Runs `call` with a host.
pub fn run_with(
    engine: &dyn Engine,
    module: &Arc<PreparedModule>,
    gas: i64,
    host: impl FnMut(HostFunction, &[u64], &mut [u8], &mut i64) -> Result<i64, Stop> + Send + 'static,
) -> Result<Run, EngineFault> {
    let invocation = Invocation { module, entry: Entry::Call, gas, stack: 65_536, hash_memory: true };
    engine.run(invocation, Box::new(Script(host))).map(|(run, _)| run)
}
