//! Replay of a ledger from genesis, on any engine, to the first divergence.
//!
//! Nothing of the stored state is used: the auditor begins with the genesis document, executes every block and compares
//! what comes out with what the chain certified.

mod replay;

pub use replay::{AuditError, Difference, Divergence, Report, replay};
