//! The engine: compiled modules in memory and on disk, frames on large stacks.

use crate::config;
use crate::disk::{Disk, Entry as DiskEntry};
use crate::guest::{self, Frame, Guest, Idle};
use crate::reuse;
use crate::stack;
use crate::weight;
use counterpart_execution::{End, Engine, EngineFault, Entry, Invocation, Run};
use counterpart_host_functions::{Hash, Host};
use counterpart_module::{ENTRY_CALL, ENTRY_DEPLOY, PreparedModule};
use quick_cache::sync::Cache;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use wasmtime::{Linker, Module};

/// The most bytes of metered code that are compiled; validation allows no more.
const MAX_CODE_BYTES: usize = 4 << 20;
/// The compiler recurses with the nesting of a module's blocks.
const COMPILER_STACK_BYTES: usize = 16 << 20;

/// Which compiler makes the machine code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Compiler {
    /// Optimises: code that runs fast.
    Cranelift,
    /// One pass: code that is ready fast.
    Winch,
}

impl Compiler {
    fn name(self) -> &'static str {
        match self {
            Self::Cranelift => "cranelift",
            Self::Winch => "winch",
        }
    }
}

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The compiler.
    pub compiler: Compiler,
    /// Where compiled code is kept between starts; nowhere if `None`.
    pub cache_dir: Option<PathBuf>,
    /// Compiled modules kept in memory.
    pub cached_modules: usize,
    /// Frames that exist at one time, over all threads; a transaction at full depth takes 16.
    pub instances: u32,
    /// The longest that one compilation may take, in ms. What validation accepts takes at most 2 s on a core of a usual
    /// machine; a node whose compilation is lost for longer stops.
    pub compile_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            compiler: Compiler::Cranelift,
            cache_dir: None,
            cached_modules: 1024,
            instances: 256,
            compile_ms: 60_000,
        }
    }
}

/// Where compiled code came from, since the engine was made.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CacheStatistics {
    /// Modules that were compiled.
    pub compiled: u64,
    /// Modules that were loaded from disk.
    pub loaded: u64,
    /// Entries on disk that were not trusted.
    pub rejected: u64,
    /// Entries that could not be written.
    pub write_failures: u64,
}

#[derive(Default)]
struct Counters {
    compiled: AtomicU64,
    loaded: AtomicU64,
    rejected: AtomicU64,
    write_failures: AtomicU64,
}

/// Runs prepared modules on wasmtime.
///
/// With [`Compiler::Cranelift`], modules that would take long to optimise (see [`WasmtimeEngine::optimises`]) run on
/// code of the single-pass compiler. Results do not depend on it.
pub struct WasmtimeEngine {
    name: &'static str,
    main: Backend,
    /// For modules that are dear to optimise; made when the first of them comes.
    single_pass: OnceLock<Result<Backend, EngineFault>>,
    guests: Cache<Hash, Arc<Guest>>,
    options: Options,
    counters: Counters,
    idle: Arc<Idle>,
}

/// One compiler with its pool of instances and its part of the cache on disk.
struct Backend {
    engine: wasmtime::Engine,
    linker: Linker<Frame>,
    disk: Option<Disk>,
}

impl Backend {
    fn new(name: &'static str, compiler: Compiler, options: &Options) -> Result<Self, EngineFault> {
        let fault = |error: wasmtime::Error| EngineFault { engine: name, message: format!("{error:#}") };
        let config = config::config(compiler, options.instances).map_err(fault)?;
        let engine = wasmtime::Engine::new(&config).map_err(fault)?;
        let linker = guest::linker(&engine).map_err(fault)?;
        let open = |folder: &PathBuf| {
            Disk::open(folder, compiler.name(), &engine).map_err(|error| EngineFault {
                engine: name,
                message: format!("cache of compiled code in {}: {error}", folder.display()),
            })
        };
        let disk = options.cache_dir.as_ref().map(open).transpose()?;
        Ok(Self { engine, linker, disk })
    }
}

impl WasmtimeEngine {
    /// Sets wasmtime up, reserves the pool of instances and opens the cache on disk.
    ///
    /// # Errors
    /// When the machine lacks what wasmtime needs, or the folder of the cache cannot be used.
    pub fn new(options: Options) -> Result<Self, EngineFault> {
        let name = options.compiler.name();
        Ok(Self {
            name,
            main: Backend::new(name, options.compiler, &options)?,
            single_pass: OnceLock::new(),
            guests: Cache::new(options.cached_modules),
            counters: Counters::default(),
            idle: Arc::new(Idle::new(options.instances / 4)),
            options,
        })
    }

    /// Whether this engine optimises a module; if not, it compiles in one pass, so that compilation ends in time.
    pub fn optimises(&self, module: &PreparedModule) -> bool {
        self.options.compiler == Compiler::Cranelift && !weight::is_heavy(&module.wasm)
    }

    fn backend(&self, module: &PreparedModule) -> Result<&Backend, EngineFault> {
        if self.options.compiler == Compiler::Winch || self.optimises(module) {
            return Ok(&self.main);
        }
        let single_pass = self.single_pass.get_or_init(|| Backend::new(self.name, Compiler::Winch, &self.options));
        single_pass.as_ref().map_err(Clone::clone)
    }

    /// Where compiled code came from so far.
    pub fn cache_statistics(&self) -> CacheStatistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheStatistics {
            compiled: read(&self.counters.compiled),
            loaded: read(&self.counters.loaded),
            rejected: read(&self.counters.rejected),
            write_failures: read(&self.counters.write_failures),
        }
    }

    /// Whether the module is ready to run without compilation.
    pub fn is_ready(&self, module: &PreparedModule) -> bool {
        self.guests.peek(&module.hash).is_some()
    }

    fn fault(&self, message: String) -> EngineFault {
        EngineFault { engine: self.name, message }
    }

    /// The module's guest; compiled once, however many threads ask for it.
    fn guest(&self, module: &Arc<PreparedModule>) -> Result<Arc<Guest>, EngineFault> {
        self.guests.get_or_insert_with(&module.hash, || {
            let plan = reuse::plan(&module.wasm);
            let (wasm, globals) = match plan {
                Some(plan) => (Some(plan.wasm), Some(plan.globals)),
                None => (None, None),
            };
            let backend = self.backend(module)?;
            let code = match self.load_sealed(backend, module) {
                Some(code) => code,
                None => self.compile(backend, module, wasm)?,
            };
            let guest = Guest::new(&backend.linker, &code, globals.as_deref(), Arc::clone(&self.idle))
                .map_err(|error| self.fault(format!("{error:#}")))?;
            Ok(Arc::new(guest))
        })
    }

    fn load_sealed(&self, backend: &Backend, module: &PreparedModule) -> Option<Module> {
        let code = match backend.disk.as_ref()?.load(module) {
            DiskEntry::Sealed(code) => code,
            DiskEntry::Rejected => {
                self.counters.rejected.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            DiskEntry::Absent => return None,
        };
        // SAFETY: `deserialize` needs bytes that `Module::serialize` made. The entry's seal was checked with a key that
        // only this node's owner can read, over this module, this wasmtime, its settings and the features of this CPU;
        // the node seals nothing but the result of `serialize`.
        #[allow(unsafe_code, reason = "compiled code can only be loaded so")]
        let loaded = unsafe { Module::deserialize(&backend.engine, &code) };
        let counter = if loaded.is_ok() { &self.counters.loaded } else { &self.counters.rejected };
        counter.fetch_add(1, Ordering::Relaxed);
        loaded.ok()
    }

    /// Compiles on a thread of its own, for no longer than the limit.
    fn compile(
        &self,
        backend: &Backend,
        module: &Arc<PreparedModule>,
        exposed: Option<Vec<u8>>,
    ) -> Result<Module, EngineFault> {
        let length = module.wasm.len();
        if length > MAX_CODE_BYTES {
            return Err(self.fault(format!("{length} bytes of metered code, at most {MAX_CODE_BYTES}")));
        }
        let (engine, prepared) = (backend.engine.clone(), Arc::clone(module));
        let (sender, receiver) = mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("compile".to_owned())
            .stack_size(COMPILER_STACK_BYTES)
            .spawn(move || {
                drop(sender.send(Module::from_binary(&engine, exposed.as_deref().unwrap_or(&prepared.wasm))))
            })
            .map_err(|error| self.fault(format!("no thread to compile on: {error}")))?;
        let limit = Duration::from_millis(self.options.compile_ms);
        let code = receiver
            .recv_timeout(limit)
            .map_err(|error| self.fault(format!("compilation was lost after {limit:?}: {error}")))?
            .map_err(|error| self.fault(format!("compilation failed: {error:#}")))?;
        self.counters.compiled.fetch_add(1, Ordering::Relaxed);
        if let Some(disk) = &backend.disk {
            let written = code.serialize().is_ok_and(|bytes| disk.store(module, &bytes).is_ok());
            self.counters.write_failures.fetch_add(u64::from(!written), Ordering::Relaxed);
        }
        Ok(code)
    }
}

impl Engine for WasmtimeEngine {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&self, module: &Arc<PreparedModule>) -> Result<(), EngineFault> {
        self.guest(module).map(drop)
    }

    fn run(&self, invocation: Invocation<'_>, host: Box<dyn Host>) -> Result<(Run, Box<dyn Host>), EngineFault> {
        let entry = match invocation.entry {
            Entry::Call => ENTRY_CALL,
            Entry::Deploy => ENTRY_DEPLOY,
            Entry::Named(name) => name,
        };
        if !invocation.module.entries.iter().any(|name| name == entry) {
            let run = Run { end: End::NoEntry, gas: invocation.gas, stack: invocation.stack, memory_hash: None };
            return Ok((run, host));
        }
        let guest = self.guest(invocation.module)?;
        stack::frame(self.name, move || guest.run(self.name, &invocation, host))
    }

    fn scope(&self, work: &mut (dyn FnMut() + Send)) -> Result<(), EngineFault> {
        stack::on_large_stack(self.name, work)
    }
}
