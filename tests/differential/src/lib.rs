//! The same modules on every engine, with one result.
//!
//! [`agree`] runs a frame on Cranelift, Winch and wasmi and compares everything that can be seen of it: how it ended,
//! gas, stack counter, hash of the memory and each host call with its arguments and the gas at that point.

mod campaign;
mod chain;
mod exact;
mod host;
mod plain;

pub use campaign::{GAS, hold, random_module};
pub use chain::{Chain, FrameEnd, PanicAt, Seen};
pub use exact::counted;
pub use host::{HostCall, Recorder};
pub use plain::{extended, plain, prepared};

use counterpart_execution::{End, Engine, EngineFault, Entry, Invocation};
use counterpart_host_functions::Hash;
use counterpart_module::PreparedModule;
use counterpart_referee::WasmiEngine;
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use std::any::Any;
use std::sync::{Arc, LazyLock};

/// Stack slots that a new frame has under the first profile.
pub const STACK: i64 = 65_536;

/// Everything that can be seen of a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observation {
    /// How it ended.
    pub end: End,
    /// The gas counter.
    pub gas: i64,
    /// The stack counter.
    pub stack: i64,
    /// SHA3-256 of the memory.
    pub memory: Option<Hash>,
    /// The host calls, in order.
    pub calls: Vec<HostCall>,
}

static ENGINES: LazyLock<Vec<Arc<dyn Engine>>> = LazyLock::new(|| {
    let compiled = |compiler| {
        let options = Options { compiler, instances: 64, ..Options::default() };
        Arc::new(WasmtimeEngine::new(options).expect("the machine runs wasmtime")) as Arc<dyn Engine>
    };
    vec![compiled(Compiler::Cranelift), compiled(Compiler::Winch), Arc::new(WasmiEngine::new())]
});

/// Every engine.
pub fn engines() -> &'static [Arc<dyn Engine>] {
    &ENGINES
}

/// Runs one frame on one engine.
///
/// # Errors
/// [`EngineFault`] when the engine refuses the module or is lost.
pub fn observe(
    engine: &dyn Engine,
    module: &Arc<PreparedModule>,
    entry: &str,
    gas: i64,
    stack: i64,
) -> Result<Observation, EngineFault> {
    let invocation = Invocation { module, entry: Entry::Named(entry), gas, stack, hash_memory: true };
    let (run, host) = engine.run(invocation, Box::new(Recorder::default()))?;
    let host: Box<dyn Any> = host;
    let recorder = host.downcast::<Recorder>().expect("the engine gives back the host that it was given");
    Ok(Observation { end: run.end, gas: run.gas, stack: run.stack, memory: run.memory_hash, calls: recorder.calls })
}

/// Runs one frame on every engine and answers what all of them saw.
///
/// # Panics
/// When an engine is lost, or two differ.
pub fn agree(module: &Arc<PreparedModule>, entry: &str, gas: i64, stack: i64) -> Observation {
    let mut seen: Option<(&str, Observation)> = None;
    for engine in engines() {
        let name = engine.name();
        let observation = observe(&**engine, module, entry, gas, stack)
            .unwrap_or_else(|fault| panic!("{fault} in `{entry}` with gas {gas}, stack {stack}"));
        match &seen {
            None => seen = Some((name, observation)),
            Some((first, expected)) => {
                assert_eq!(
                    expected, &observation,
                    "{first} and {name} differ in `{entry}` with gas {gas}, stack {stack}"
                );
            }
        }
    }
    seen.expect("there are engines").1
}

/// Validates and meters a module under the first profile.
///
/// # Errors
/// When the profile does not accept it.
pub fn prepare(wasm: &[u8]) -> Result<Arc<PreparedModule>, String> {
    let profile = counterpart_module::Profile::v1();
    counterpart_module::prepare(wasm, &profile).map(Arc::new).map_err(|error| error.to_string())
}
