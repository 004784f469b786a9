//! Contracts on wasmtime: compile, cache, pool, run.
//!
//! [`WasmtimeEngine`] compiles with Cranelift or with Winch; [`TieredEngine`] starts on Winch while Cranelift works in
//! the background. Gas and stack are counted by the module itself, so that a result never depends on which of them ran.
//!
//! - `config` sets wasmtime up, `guest` links the table of host calls and runs one frame,
//! - `reuse` says which instances can be put back as they were, instead of being made anew,
//! - `weight` says which modules would take too long to optimise,
//! - `stack` gives frames a native stack that the logical stack cannot exhaust,
//! - `disk` keeps compiled code between starts of the node and trusts nothing that it did not write.

mod config;
mod disk;
mod engine;
mod guest;
mod reuse;
mod stack;
mod tiered;
mod weight;

pub use config::WASMTIME_VERSION;
pub use engine::{CacheStatistics, Compiler, Options, WasmtimeEngine};
pub use tiered::TieredEngine;
