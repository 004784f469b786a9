//! Contracts on wasmi: the second engine, for auditors and browsers.
//!
//! It shares no code with the engine that nodes run but the table of host calls, interprets instead of compiling, and
//! builds for wasm32. What it says about a contract is therefore a second opinion.

mod engine;
mod guest;

pub use engine::WasmiEngine;
