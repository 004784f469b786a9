//! Bytes in, a validated and metered module out: pure functions that every replica computes alike.
//!
//! Depends on `wasmparser` and `wasm-encoder` only, so that it also builds for wasm32.

mod prepared;
mod profile;

pub use prepared::{ENTRY_CALL, ENTRY_DEPLOY, GAS_GLOBAL, MEMORY, PreparedModule, STACK_GLOBAL};
pub use profile::Profile;
