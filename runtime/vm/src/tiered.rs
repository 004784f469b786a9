//! Winch at once, Cranelift as soon as it is ready.

use crate::engine::{Compiler, Options, WasmtimeEngine};
use counterpart_execution::{Engine, EngineFault, Invocation, Run};
use counterpart_host_functions::Host;
use counterpart_module::PreparedModule;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// Modules that wait for the optimising compiler; more are left on the fast one until they are asked for again.
const WAITING: usize = 64;

/// Runs modules on Winch while Cranelift compiles them in the background.
///
/// Both give the same results, so that when the change happens is nobody's business but the clock's.
pub struct TieredEngine {
    first: WasmtimeEngine,
    best: Arc<WasmtimeEngine>,
    waiting: Mutex<SyncSender<Arc<PreparedModule>>>,
}

impl TieredEngine {
    /// Makes both engines and the thread that compiles; `options.compiler` is of no account.
    ///
    /// # Errors
    /// Those of [`WasmtimeEngine::new`], and when the system gives no thread.
    pub fn new(options: Options) -> Result<Self, EngineFault> {
        let first = WasmtimeEngine::new(Options { compiler: Compiler::Winch, ..options.clone() })?;
        let best = Arc::new(WasmtimeEngine::new(Options { compiler: Compiler::Cranelift, ..options })?);
        let (waiting, modules) = sync_channel::<Arc<PreparedModule>>(WAITING);
        let compiler = Arc::clone(&best);
        std::thread::Builder::new()
            .name("optimise".to_owned())
            // A module that Cranelift cannot compile stays on Winch.
            .spawn(move || modules.iter().for_each(|module| drop(compiler.prepare(&module))))
            .map_err(|error| EngineFault { engine: "tiered", message: format!("no thread to compile on: {error}") })?;
        Ok(Self { first, best, waiting: Mutex::new(waiting) })
    }

    /// Whether the module runs on optimised code already.
    pub fn is_optimised(&self, module: &PreparedModule) -> bool {
        self.best.is_ready(module)
    }
}

impl Engine for TieredEngine {
    fn name(&self) -> &'static str {
        "tiered"
    }

    fn prepare(&self, module: &Arc<PreparedModule>) -> Result<(), EngineFault> {
        if self.best.is_ready(module) {
            return Ok(());
        }
        if !self.first.is_ready(module)
            && let Ok(waiting) = self.waiting.lock()
        {
            // A full queue only means that this module is optimised later.
            drop(waiting.try_send(Arc::clone(module)));
        }
        self.first.prepare(module)
    }

    fn run(&self, invocation: Invocation<'_>, host: Box<dyn Host>) -> Result<(Run, Box<dyn Host>), EngineFault> {
        if self.best.is_ready(invocation.module) {
            return self.best.run(invocation, host);
        }
        self.prepare(invocation.module)?;
        self.first.run(invocation, host)
    }

    fn scope(&self, work: &mut (dyn FnMut() + Send)) -> Result<(), EngineFault> {
        self.best.scope(work)
    }
}
