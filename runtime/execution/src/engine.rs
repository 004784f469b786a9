//! What an engine has to do: run a prepared module's entry point against a host.

use counterpart_host_functions::{Hash, Host, HostFunction, Stop, TrapCode};
use counterpart_module::PreparedModule;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The node cannot run contracts: failed compilation, no memory, no free instance. Stops the node; never a receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("engine {engine}: {message}")]
pub struct EngineFault {
    /// The engine's name.
    pub engine: &'static str,
    /// What happened.
    pub message: String,
}

/// Which export to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry<'a> {
    /// The constructor.
    Deploy,
    /// A message.
    Call,
    /// Any exported function of type `() -> ()`; for tools and conformance tests.
    Named(&'a str),
}

/// One frame to run.
#[derive(Clone, Debug)]
pub struct Invocation<'a> {
    /// The code.
    pub module: &'a Arc<PreparedModule>,
    /// The export.
    pub entry: Entry<'a>,
    /// Gas of this frame; at most `i64::MAX`.
    pub gas: i64,
    /// Stack slots of this frame.
    pub stack: i64,
    /// Whether to hash the memory at the end (costs time; for comparisons of engines).
    pub hash_memory: bool,
}

/// How the guest ended. Told apart by the counters and the host's own answer, never by an engine's message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The entry point returned.
    Returned,
    /// A host call stopped it.
    Host(Stop),
    /// The gas counter is below zero.
    OutOfGas,
    /// The stack counter is below zero.
    StackExhausted,
    /// The engine trapped for any other reason.
    Trapped,
    /// The module does not export the entry point.
    NoEntry,
}

/// What is left after a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// How it ended.
    pub end: End,
    /// The gas counter at the end; below zero when out of gas.
    pub gas: i64,
    /// The stack counter at the end.
    pub stack: i64,
    /// SHA3-256 of the whole linear memory, when asked for.
    pub memory_hash: Option<Hash>,
}

/// Runs prepared modules. All engines give the same [`Run`] for the same invocation and host.
pub trait Engine: Send + Sync {
    /// A short name: `cranelift`, `winch`, `wasmi`, `native`.
    fn name(&self) -> &'static str;

    /// Makes the code ready to run; may be called ahead of time and again.
    ///
    /// # Errors
    /// [`EngineFault`] when the node cannot compile a module that validation accepted.
    fn prepare(&self, module: &Arc<PreparedModule>) -> Result<(), EngineFault>;

    /// Runs one frame. The host is owned by the guest while it runs and given back.
    ///
    /// Evaluation order: lower the entry's fault before the guest starts (`NoEntry`), then run. When several causes
    /// apply, `Host` wins over `OutOfGas`, that over `StackExhausted`, that over `Trapped`.
    ///
    /// # Errors
    /// [`EngineFault`] for failures of the node itself. The host is lost then: the node is about to stop.
    fn run(&self, invocation: Invocation<'_>, host: Box<dyn Host>) -> Result<(Run, Box<dyn Host>), EngineFault>;

    /// Runs `work` where frames are cheap to enter; call it once around a block or a query.
    ///
    /// An engine that needs a deep native stack moves `work` to one here, instead of each outermost frame.
    ///
    /// # Errors
    /// [`EngineFault`] when the system has no thread to give; `work` has not run then.
    fn scope(&self, work: &mut (dyn FnMut() + Send)) -> Result<(), EngineFault> {
        work();
        Ok(())
    }
}

/// Carries out one host call for an engine; a panic of the host ends the frame and not the node.
///
/// # Errors
/// Those of [`Host::call`], and a trap with [`TrapCode::HostPanic`].
pub fn call_host(
    host: &mut dyn Host,
    function: HostFunction,
    arguments: &[u64],
    memory: &mut [u8],
    gas: &mut i64,
) -> Result<i64, Stop> {
    catch_unwind(AssertUnwindSafe(|| host.call(function, arguments, memory, gas)))
        .unwrap_or(Err(Stop::Trap(TrapCode::HostPanic)))
}
