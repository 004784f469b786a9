//! One frame: the guest's instance, its link to the host, and how it ended.

use counterpart_execution::{End, EngineFault, Entry, Invocation, Run, call_host};
use counterpart_host_functions::{Hash, Host, HostFunction, IMPORT_MODULE, Stop, host_functions};
use counterpart_module::{ENTRY_CALL, ENTRY_DEPLOY, GAS_GLOBAL, MEMORY, STACK_GLOBAL};
use sha3::{Digest, Sha3_256};
use std::fmt;
use wasmtime::{
    AsContextMut, Caller, Engine, Extern, Global, Instance, InstancePre, Linker, Memory, Module, ModuleExport, Store,
    Trap, Val,
};

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

impl std::error::Error for Stopped {}

/// Compiled code, linked, with its exports looked up.
pub(crate) struct Guest {
    instance: InstancePre<Frame>,
    memory: ModuleExport,
    gas: ModuleExport,
    stack: ModuleExport,
    call: Option<ModuleExport>,
    deploy: Option<ModuleExport>,
}

/// Links every row of the table of host calls.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Frame>> {
    let mut linker = Linker::new(engine);
    macro_rules! link {
        ($($name:ident($($param:ident: $kind:ident),*) cost($base:expr, $per_byte:expr) since($since:expr) $doc:literal;)*) => {
            $(linker.func_wrap(
                IMPORT_MODULE,
                stringify!($name),
                |mut caller: Caller<'_, Frame> $(, $param: $kind)*| -> wasmtime::Result<i64> {
                    host_call(&mut caller, HostFunction::$name, &[$(u64::from($param)),*])
                },
            )?;)*
        };
    }
    host_functions!(link);
    Ok(linker)
}

fn host_call(caller: &mut Caller<'_, Frame>, function: HostFunction, arguments: &[u64]) -> wasmtime::Result<i64> {
    let exports = caller.data().exports.ok_or(Stopped)?;
    let mut gas = counter(exports.gas, &mut *caller);
    let (memory, frame) = exports.memory.data_and_store_mut(&mut *caller);
    let answer = call_host(&mut *frame.host, function, arguments, memory, &mut gas);
    if let Err(stop) = answer {
        frame.stop = Some(stop);
    }
    exports.gas.set(&mut *caller, Val::I64(gas))?;
    Ok(answer.map_err(|_| Stopped)?)
}

fn counter(global: Global, store: impl AsContextMut) -> i64 {
    global.get(store).i64().expect("counters are of type i64 in every module that became a guest")
}

impl Guest {
    /// Links compiled code.
    ///
    /// # Errors
    /// When an import is not in the table or one of the injected exports is missing.
    pub(crate) fn new(linker: &Linker<Frame>, module: &Module) -> wasmtime::Result<Self> {
        let need = |name: &str| {
            module.get_export_index(name).ok_or_else(|| wasmtime::Error::msg(format!("module does not export {name}")))
        };
        Ok(Self {
            instance: linker.instantiate_pre(module)?,
            memory: need(MEMORY)?,
            gas: need(GAS_GLOBAL)?,
            stack: need(STACK_GLOBAL)?,
            call: module.get_export_index(ENTRY_CALL),
            deploy: module.get_export_index(ENTRY_DEPLOY),
        })
    }

    /// Runs one frame whose entry point exists.
    pub(crate) fn run(
        &self,
        name: &'static str,
        invocation: &Invocation<'_>,
        host: Box<dyn Host>,
    ) -> Result<(Run, Box<dyn Host>), EngineFault> {
        let fault = |error: wasmtime::Error| EngineFault { engine: name, message: format!("{error:#}") };
        let mut store = Store::new(self.instance.module().engine(), Frame { host, exports: None, stop: None });
        let instance = self.instance.instantiate(&mut store).map_err(fault)?;
        let exports = self.exports(&mut store, &instance).map_err(fault)?;
        exports.gas.set(&mut store, Val::I64(invocation.gas)).map_err(fault)?;
        exports.stack.set(&mut store, Val::I64(invocation.stack)).map_err(fault)?;
        store.data_mut().exports = Some(exports);

        let result = self.enter(&mut store, &instance, invocation.entry);

        let gas = counter(exports.gas, &mut store);
        let stack = counter(exports.stack, &mut store);
        let trap = match &result {
            Err(error) if store.data().stop.is_none() => {
                let trap = error.downcast_ref::<Trap>();
                if matches!(trap, None | Some(Trap::StackOverflow)) {
                    return Err(EngineFault { engine: name, message: format!("the guest was lost: {error:#}") });
                }
                true
            }
            _ => false,
        };
        let memory_hash = invocation.hash_memory.then(|| {
            let digest: [u8; 32] = Sha3_256::digest(exports.memory.data(&store)).into();
            Hash(digest)
        });
        let frame = store.into_data();
        let end = match frame.stop {
            Some(stop) => End::Host(stop),
            None if gas < 0 => End::OutOfGas,
            None if stack < 0 => End::StackExhausted,
            None if trap => End::Trapped,
            None => End::Returned,
        };
        Ok((Run { end, gas, stack, memory_hash }, frame.host))
    }

    fn exports(&self, store: &mut Store<Frame>, instance: &Instance) -> wasmtime::Result<Exports> {
        let wrong = || wasmtime::Error::msg("an injected export has another kind");
        let mut export = |index: &ModuleExport| instance.get_module_export(&mut *store, index);
        let memory = export(&self.memory).and_then(Extern::into_memory).ok_or_else(wrong)?;
        let gas = export(&self.gas).and_then(Extern::into_global).ok_or_else(wrong)?;
        let stack = export(&self.stack).and_then(Extern::into_global).ok_or_else(wrong)?;
        Ok(Exports { memory, gas, stack })
    }

    fn enter(&self, store: &mut Store<Frame>, instance: &Instance, entry: Entry<'_>) -> wasmtime::Result<()> {
        let export = match entry {
            Entry::Call => self.call.as_ref().and_then(|index| instance.get_module_export(&mut *store, index)),
            Entry::Deploy => self.deploy.as_ref().and_then(|index| instance.get_module_export(&mut *store, index)),
            Entry::Named(name) => instance.get_export(&mut *store, name),
        };
        let function =
            export.and_then(Extern::into_func).ok_or_else(|| wasmtime::Error::msg("entry is no function"))?;
        function.typed::<(), ()>(&store)?.call(store, ())
    }
}
