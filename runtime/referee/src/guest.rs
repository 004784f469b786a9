//! One frame: the guest's instance, its link to the host, and how it ended.

use crate::engine::NAME;
use counterpart_execution::{End, EngineFault, Invocation, Run, call_host};
use counterpart_host_functions::{Hash, Host, HostFunction, IMPORT_MODULE, Stop, host_functions};
use counterpart_module::{GAS_GLOBAL, MEMORY, STACK_GLOBAL};
use sha3::{Digest, Sha3_256};
use std::fmt;
use wasmi::errors::HostError;
use wasmi::{AsContext, Caller, Engine, Error, Global, Linker, Memory, Module, Store, TrapCode, Val};

/// What a store holds for its frame.
pub(crate) struct Frame {
    host: Box<dyn Host>,
    exports: Option<Exports>,
    stop: Option<Stop>,
}

/// The parts of a running guest that the host works on.
#[derive(Clone, Copy)]
struct Exports {
    memory: Memory,
    gas: Global,
    stack: Global,
}

/// Unwinds the guest after a host call said [`Stop`]; the frame holds the reason.
#[derive(Debug)]
struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped by the host")
    }
}

impl HostError for Stopped {}

/// A translated module.
pub(crate) struct Guest {
    module: Module,
}

/// Links every row of the table of host calls.
pub(crate) fn linker(engine: &Engine) -> Linker<Frame> {
    let mut linker = Linker::new(engine);
    macro_rules! link {
        ($($name:ident($($param:ident: $kind:ident),*) cost($base:expr, $per_byte:expr) since($since:expr) $(until($until:expr))? $doc:literal;)*) => {
            $(linker.func_wrap(
                IMPORT_MODULE,
                stringify!($name),
                |mut caller: Caller<'_, Frame> $(, $param: $kind)*| -> Result<i64, Error> {
                    host_call(&mut caller, HostFunction::$name, &[$(u64::from($param)),*])
                },
            ).expect("no name stands twice in the table");)*
        };
    }
    host_functions!(link);
    linker
}

fn host_call(caller: &mut Caller<'_, Frame>, function: HostFunction, arguments: &[u64]) -> Result<i64, Error> {
    let exports = caller.data().exports.ok_or_else(|| Error::host(Stopped))?;
    let mut gas = counter(exports.gas, &*caller);
    let (memory, frame) = exports.memory.data_and_store_mut(&mut *caller);
    let answer = call_host(&mut *frame.host, function, arguments, memory, &mut gas);
    if let Err(stop) = answer {
        frame.stop = Some(stop);
    }
    exports.gas.set(&mut *caller, Val::I64(gas)).map_err(|error| Error::new(error.to_string()))?;
    answer.map_err(|_| Error::host(Stopped))
}

fn counter(global: Global, store: impl AsContext) -> i64 {
    global.get(store).i64().expect("counters are of type i64 in every module that became a guest")
}

impl Guest {
    pub(crate) fn new(engine: &Engine, wasm: &[u8]) -> Result<Self, Error> {
        Ok(Self { module: Module::new(engine, wasm)? })
    }

    /// Runs one frame whose entry point exists.
    pub(crate) fn run(
        &self,
        linker: &Linker<Frame>,
        entry: &str,
        invocation: &Invocation<'_>,
        host: Box<dyn Host>,
    ) -> Result<(Run, Box<dyn Host>), EngineFault> {
        let fault = |message: String| EngineFault { engine: NAME, message };
        let mut store = Store::new(linker.engine(), Frame { host, exports: None, stop: None });
        let instance =
            linker.instantiate_and_start(&mut store, &self.module).map_err(|error| fault(error.to_string()))?;
        let global = |name| instance.get_global(&store, name);
        let (Some(memory), Some(gas), Some(stack)) =
            (instance.get_memory(&store, MEMORY), global(GAS_GLOBAL), global(STACK_GLOBAL))
        else {
            return Err(fault("an injected export is missing".to_owned()));
        };
        let exports = Exports { memory, gas, stack };
        gas.set(&mut store, Val::I64(invocation.gas)).map_err(|error| fault(error.to_string()))?;
        stack.set(&mut store, Val::I64(invocation.stack)).map_err(|error| fault(error.to_string()))?;
        store.data_mut().exports = Some(exports);
        let function = instance.get_typed_func::<(), ()>(&store, entry).map_err(|error| fault(error.to_string()))?;

        let result = function.call(&mut store, ());

        let (gas, stack) = (counter(exports.gas, &store), counter(exports.stack, &store));
        if let Err(error) = &result
            && store.data().stop.is_none()
            && matches!(error.as_trap_code(), None | Some(TrapCode::StackOverflow | TrapCode::OutOfSystemMemory))
        {
            return Err(fault(format!("the guest was lost: {error}")));
        }
        let memory_hash = invocation.hash_memory.then(|| {
            let digest: [u8; 32] = Sha3_256::digest(exports.memory.data(&store)).into();
            Hash(digest)
        });
        let frame = store.into_data();
        let end = match frame.stop {
            Some(stop) => End::Host(stop),
            None if gas < 0 => End::OutOfGas,
            None if stack < 0 => End::StackExhausted,
            None if result.is_err() => End::Trapped,
            None => End::Returned,
        };
        Ok((Run { end, gas, stack, memory_hash }, frame.host))
    }
}
