//! One frame: the guest's instance, its link to the host, and how it ended.

use counterpart_execution::{End, EngineFault, Entry, Invocation, Run, call_host};
use counterpart_host_functions::{Hash, Host, HostFunction, IMPORT_MODULE, Stop, host_functions};
use counterpart_module::{ENTRY_CALL, ENTRY_DEPLOY, GAS_GLOBAL, MEMORY, STACK_GLOBAL};
use sha3::{Digest, Sha3_256};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use wasmtime::{
    AsContextMut, Caller, Engine, Extern, Global, Instance, InstancePre, Linker, Memory, Module, ModuleExport, Store,
    Trap, TypedFunc, Val,
};

/// What a store holds for its frame.
pub(crate) struct Frame {
    host: Option<Box<dyn Host>>,
    exports: Option<Exports>,
    /// Why the host stopped the guest, and the gas that was left then.
    stop: Option<(Stop, i64)>,
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
    /// The mutable globals, if instances can be put back.
    globals: Option<Vec<ModuleExport>>,
    /// What instances are put back to; looked up in the first one.
    fresh: OnceLock<Option<Fresh>>,
    waiting: Mutex<Vec<Running>>,
    idle: Arc<Idle>,
}

/// How many instances of an engine wait for their next frame; they take room in the pool.
pub(crate) struct Idle {
    limit: u32,
    count: AtomicU32,
}

impl Idle {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, count: AtomicU32::new(0) }
    }

    fn enter(&self) -> bool {
        self.count.fetch_update(Relaxed, Relaxed, |count| (count < self.limit).then_some(count + 1)).is_ok()
    }

    fn leave(&self, count: usize) {
        self.count.fetch_sub(count as u32, Relaxed);
    }
}

/// An instance.
struct Running {
    store: Store<Frame>,
    instance: Instance,
    exports: Exports,
    call: Option<TypedFunc<(), ()>>,
    /// What the stack's global holds, if it was set before.
    stack: Option<i64>,
    /// The globals that are put back, in the order of [`Fresh::globals`].
    globals: Vec<Global>,
}

/// What is put back between frames: the same for every instance of a module.
struct Fresh {
    globals: Vec<(i64, bool)>,
    bytes: usize,
    /// Where the first byte of the memory stands that is not zero.
    start: usize,
    /// From there to the last that is not zero.
    data: Vec<u8>,
}

/// Links every row of the table of host calls.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Frame>> {
    let mut linker = Linker::new(engine);
    macro_rules! link {
        ($($name:ident($($param:ident: $kind:ident),*) cost($base:expr, $per_byte:expr) since($since:expr) $(until($until:expr))? $doc:literal;)*) => {
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
    let host = frame.host.as_deref_mut().ok_or(Stopped)?;
    let answer = call_host(host, function, arguments, memory, &mut gas);
    match answer {
        Ok(value) => {
            exports.gas.set(&mut *caller, Val::I64(gas))?;
            Ok(value)
        }
        Err(stop) => {
            frame.stop = Some((stop, gas));
            Err(Stopped.into())
        }
    }
}

fn counter(global: Global, store: impl AsContextMut) -> i64 {
    global.get(store).i64().expect("counters are of type i64 in every module that became a guest")
}

impl Guest {
    /// Links compiled code.
    ///
    /// # Errors
    /// When an import is not in the table or one of the injected exports is missing.
    pub(crate) fn new(
        linker: &Linker<Frame>,
        module: &Module,
        globals: Option<&[String]>,
        idle: Arc<Idle>,
    ) -> wasmtime::Result<Self> {
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
            globals: globals.map(|names| names.iter().map(|name| need(name)).collect()).transpose()?,
            fresh: OnceLock::new(),
            waiting: Mutex::new(Vec::new()),
            idle,
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
        let mut running = match self.take() {
            Some(running) => running,
            None => self.start().map_err(fault)?,
        };
        running.store.data_mut().host = Some(host);
        let exports = running.exports;
        exports.gas.set(&mut running.store, Val::I64(invocation.gas)).map_err(fault)?;
        if running.stack != Some(invocation.stack) {
            exports.stack.set(&mut running.store, Val::I64(invocation.stack)).map_err(fault)?;
        }

        let result = self.enter(&mut running, invocation.entry);

        let stop = running.store.data_mut().stop.take();
        let gas = stop.map_or_else(|| counter(exports.gas, &mut running.store), |(_, gas)| gas);
        // The guest sets it only where it ends the guest, so that it is read and set as seldom.
        let stack = match result {
            Ok(()) => invocation.stack,
            Err(_) if stop.is_some() => invocation.stack,
            Err(_) => counter(exports.stack, &mut running.store),
        };
        running.stack = Some(stack);
        let stop = stop.map(|(stop, _)| stop);
        let mut trapped = false;
        if let (Err(error), None) = (&result, stop) {
            if matches!(error.downcast_ref::<Trap>(), None | Some(Trap::StackOverflow)) {
                return Err(EngineFault { engine: name, message: format!("the guest was lost: {error:#}") });
            }
            trapped = true;
        }
        let memory_hash = invocation.hash_memory.then(|| {
            let digest: [u8; 32] = Sha3_256::digest(exports.memory.data(&running.store)).into();
            Hash(digest)
        });
        let end = match stop {
            Some(stop) => End::Host(stop),
            None if gas < 0 => End::OutOfGas,
            None if stack < 0 => End::StackExhausted,
            None if trapped => End::Trapped,
            None => End::Returned,
        };
        let host = running.store.data_mut().host.take();
        let host = host.ok_or_else(|| EngineFault { engine: name, message: "the host was lost".to_owned() })?;
        self.put_back(running);
        Ok((Run { end, gas, stack, memory_hash }, host))
    }

    fn take(&self) -> Option<Running> {
        let running = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        self.idle.leave(1);
        Some(running)
    }

    /// Makes the instance as it was when it was fresh and keeps it, if both can be done.
    fn put_back(&self, mut running: Running) {
        let Some(Some(fresh)) = self.fresh.get() else { return };
        let memory = running.exports.memory.data_mut(&mut running.store);
        if memory.len() != fresh.bytes || !self.idle.enter() {
            return;
        }
        let (before, rest) = memory.split_at_mut(fresh.start);
        let (data, after) = rest.split_at_mut(fresh.data.len());
        before.fill(0);
        data.copy_from_slice(&fresh.data);
        after.fill(0);
        for (global, (value, wide)) in running.globals.iter().zip(&fresh.globals) {
            let value = if *wide { Val::I64(*value) } else { Val::I32(*value as i32) };
            if global.set(&mut running.store, value).is_err() {
                self.idle.leave(1);
                return;
            }
        }
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(running);
    }

    fn start(&self) -> wasmtime::Result<Running> {
        let frame = Frame { host: None, exports: None, stop: None };
        let mut store = Store::new(self.instance.module().engine(), frame);
        let instance = self.instance.instantiate(&mut store)?;
        let exports = self.exports(&mut store, &instance)?;
        store.data_mut().exports = Some(exports);
        let call = self.call.as_ref().and_then(|index| instance.get_module_export(&mut store, index));
        let call = call.and_then(Extern::into_func).and_then(|function| function.typed(&store).ok());
        let globals = self.mutable_globals(&mut store, &instance);
        self.fresh.get_or_init(|| Self::fresh(globals.as_deref()?, &mut store, exports.memory));
        Ok(Running { store, instance, exports, call, stack: None, globals: globals.unwrap_or_default() })
    }

    /// The instance's mutable globals; `None` if instances cannot be put back.
    fn mutable_globals(&self, store: &mut Store<Frame>, instance: &Instance) -> Option<Vec<Global>> {
        let global = |index| instance.get_module_export(&mut *store, index).and_then(Extern::into_global);
        self.globals.as_ref()?.iter().map(global).collect()
    }

    fn fresh(globals: &[Global], store: &mut Store<Frame>, memory: Memory) -> Option<Fresh> {
        let value = |global: &Global| match global.get(&mut *store) {
            Val::I32(value) => Some((i64::from(value), false)),
            Val::I64(value) => Some((value, true)),
            _ => None,
        };
        let globals = globals.iter().map(value).collect::<Option<Vec<_>>>()?;
        let bytes = memory.data(&*store);
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
        Some(Fresh { globals, bytes: bytes.len(), start, data: bytes[start..end].to_vec() })
    }

    fn exports(&self, store: &mut Store<Frame>, instance: &Instance) -> wasmtime::Result<Exports> {
        let wrong = || wasmtime::Error::msg("an injected export has another kind");
        let mut export = |index: &ModuleExport| instance.get_module_export(&mut *store, index);
        let memory = export(&self.memory).and_then(Extern::into_memory).ok_or_else(wrong)?;
        let gas = export(&self.gas).and_then(Extern::into_global).ok_or_else(wrong)?;
        let stack = export(&self.stack).and_then(Extern::into_global).ok_or_else(wrong)?;
        Ok(Exports { memory, gas, stack })
    }

    fn enter(&self, running: &mut Running, entry: Entry<'_>) -> wasmtime::Result<()> {
        let Running { store, instance, call, .. } = running;
        let export = match entry {
            Entry::Call => {
                if let Some(call) = call {
                    return call.call(store, ());
                }
                None
            }
            Entry::Deploy => self.deploy.as_ref().and_then(|index| instance.get_module_export(&mut *store, index)),
            Entry::Named(name) => instance.get_export(&mut *store, name),
        };
        let function =
            export.and_then(Extern::into_func).ok_or_else(|| wasmtime::Error::msg("entry is no function"))?;
        function.typed::<(), ()>(&store)?.call(store, ())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let waiting = self.waiting.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.idle.leave(waiting.len());
    }
}
