//! A chain in a struct, for tests of contracts: no process, no network, the execution code that nodes run.
//!
//! ```no_run
//! use counterpart_testing::{Chain, Mode};
//!
//! let mut chain = Chain::new(Mode::Wasm);
//! let alice = chain.account("alice");
//! assert!(chain.balance(&alice.address) > 0);
//! ```
//!
//! Signatures are real: an account that has to consent signs, and a signature that nobody asked for fails the call.

mod account;
mod chain;
mod engine;
pub mod faults;
mod gas;
pub mod invariants;
mod mangle;
pub mod playback;
mod random;
mod state;
mod subject;
mod watch;

pub use account::Account;
pub use chain::{Chain, Failure};
pub use counterpart_macros::contract_test;
pub use faults::{Fault, Faulted};
pub use invariants::Invariants;
pub use mangle::{mangled, mangled_bytes};
pub use proptest;
pub use random::{Random, from_environment};
pub use subject::Subject;

/// How contracts run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// As native code: fast, and a debugger sees it. Instructions cost no gas.
    Native,
    /// As Wasm, with exact gas.
    Wasm,
}

/// Runs a test against contracts as native code and as Wasm and compares what became of each transaction: all of the
/// receipt but its gas and evidence, which instructions are part of. `#[contract_test]` calls it.
///
/// # Panics
/// When the test fails in a mode, or a receipt differs.
pub fn in_both_modes(name: &str, body: fn(&mut Chain)) {
    let mut native = Chain::new(Mode::Native);
    body(&mut native);
    // Mutants of a contract are native code alone; beside the unchanged Wasm every one of them would be noticed.
    if std::env::var_os("COUNTERPART_NATIVE").is_some() {
        return;
    }
    let mut wasm = Chain::new(Mode::Wasm);
    body(&mut wasm);
    assert_eq!(native.receipts().len(), wasm.receipts().len(), "native code and Wasm made as many transactions");
    for (index, (left, right)) in native.receipts().iter().zip(wasm.receipts()).enumerate() {
        assert_eq!(left.outcome, right.outcome, "outcome of transaction {index}, native and Wasm");
        assert_eq!(left.outputs, right.outputs, "outputs of transaction {index}, native and Wasm");
        assert_eq!(left.events, right.events, "events of transaction {index}, native and Wasm");
    }
    assert!(native.state() == wasm.state(), "native code and Wasm leave the same state");
    gas::record(name, &wasm);
}
