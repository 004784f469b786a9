//! The native stack of frames.
//!
//! Recursion must always end at the logical stack, which every engine counts alike, and never at the native one. The
//! profile gives each frame 65 536 slots; the smallest function uses 5 of them and, measured, 48 to 96 bytes of native
//! stack, and every further slot is one spilled value of 8 bytes. [`WASM_STACK_BYTES`] allows 128 bytes for each slot.
//! wasmtime measures that allowance from where a frame enters the guest, so that each nested frame has its own.
//! If the native stack should end first all the same, that is a fault of the node and not a result.

use counterpart_execution::EngineFault;
use counterpart_host_functions::limits::MAX_CALL_DEPTH;
use std::cell::Cell;

/// What the guest of one frame may use.
pub(crate) const WASM_STACK_BYTES: usize = 8 << 20;
/// What the host may use between two frames.
const HOST_STACK_BYTES: usize = 1 << 20;
/// A thread's stack: every nested frame, and as much for the caller of the first. Memory is taken only when touched.
const THREAD_STACK_BYTES: usize = (MAX_CALL_DEPTH as usize + 1) * (WASM_STACK_BYTES + HOST_STACK_BYTES);

thread_local! {
    /// Whether this thread has a stack of `THREAD_STACK_BYTES`.
    static LARGE: Cell<bool> = const { Cell::new(false) };
    /// How many frames run on this thread, one inside the other.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Counts a frame for as long as it lives.
struct Nested;

impl Nested {
    fn enter() -> Option<Self> {
        DEPTH.with(|depth| {
            (depth.get() < MAX_CALL_DEPTH).then(|| {
                depth.set(depth.get() + 1);
                Self
            })
        })
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

/// Runs `work` on a thread whose stack holds every nested frame: this one if it has such a stack, else a new one.
///
/// # Errors
/// When the system gives no thread, or `work` panicked on it.
pub(crate) fn on_large_stack<T: Send>(engine: &'static str, work: impl FnOnce() -> T + Send) -> Result<T, EngineFault> {
    if LARGE.get() {
        return Ok(work());
    }
    let fault = |message: String| EngineFault { engine, message };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("contract".to_owned())
            .stack_size(THREAD_STACK_BYTES)
            .spawn_scoped(scope, || {
                LARGE.set(true);
                work()
            })
            .map_err(|error| fault(format!("no thread for a contract: {error}")))?;
        thread.join().map_err(|_| fault("the contract's thread panicked".to_owned()))
    })
}

/// Runs one frame, counted against the deepest nesting that the stack holds.
///
/// # Errors
/// When frames are nested deeper than the executor may nest them, and those of [`on_large_stack`].
pub(crate) fn frame<T: Send>(
    engine: &'static str,
    work: impl FnOnce() -> Result<T, EngineFault> + Send,
) -> Result<T, EngineFault> {
    on_large_stack(engine, || {
        let Some(_nested) = Nested::enter() else {
            return Err(EngineFault { engine, message: format!("frames nested deeper than {MAX_CALL_DEPTH}") });
        };
        work()
    })?
}
