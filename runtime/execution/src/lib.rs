//! Transactions and blocks over a view of the state. Defines [`Engine`]; knows no engine.

mod engine;

pub use engine::{End, Engine, EngineFault, Entry, Invocation, Run, call_host};
