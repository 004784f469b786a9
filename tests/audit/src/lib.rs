//! Ledgers that are made to be audited.

mod altered;
mod ledger;
mod story;

pub use altered::{AlteredEngine, Fault};
pub use ledger::{Maker, address, key};
pub use story::{CALLS, Story, conformance, tell};

use counterpart_execution::{Engine, Executor};
use counterpart_module::Profile;
use counterpart_referee::WasmiEngine;
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use std::sync::Arc;

/// An executor on wasmi.
pub fn wasmi() -> Executor {
    Executor::new(Arc::new(WasmiEngine::new()), Profile::v1())
}

/// An executor on wasmtime.
///
/// # Panics
/// When the engine cannot be set up.
pub fn wasmtime(compiler: Compiler) -> Executor {
    let engine = WasmtimeEngine::new(Options { compiler, ..Options::default() }).expect("an engine");
    Executor::new(Arc::new(engine) as Arc<dyn Engine>, Profile::v1())
}

/// An executor on an engine that is wrong.
pub fn altered(fault: Fault) -> Executor {
    Executor::new(Arc::new(AlteredEngine::new(fault)), Profile::v1())
}
