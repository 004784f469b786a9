//! `node_`: the process that answers.

use super::super::backend::Backend;
use super::super::error::RpcError;
use super::super::registry::Method;
use super::NoParameters;
use crate::machine::Standing;
use schemars::JsonSchema;
use serde::Serialize;

pub fn methods() -> Vec<Method> {
    vec![
        Method::new("node_health", "Whether the node is well, and what it runs.", &[], health),
        Method::new(
            "node_standing",
            "Where a replica stands in the protocol and whom it waits for; null where replicas run in lockstep.",
            &[],
            standing,
        ),
    ]
}

/// How the node is.
#[derive(Serialize, JsonSchema)]
struct Health {
    /// Whether it executes blocks.
    healthy: bool,
    /// Why not.
    fault: Option<String>,
    /// Height of its newest block.
    height: u64,
    /// Transactions that wait.
    waiting: usize,
    /// Its version.
    version: &'static str,
    /// The engine that executes for clients.
    engine: &'static str,
    /// Whether it offers `dev_` methods.
    development: bool,
}

fn health(backend: &dyn Backend, _: NoParameters) -> Result<Health, RpcError> {
    let fault = backend.fault();
    Ok(Health {
        healthy: fault.is_none(),
        fault,
        height: backend.store().head().height.0,
        waiting: backend.waiting(),
        version: env!("CARGO_PKG_VERSION"),
        engine: backend.executor().engine_name(),
        development: backend.development().is_some(),
    })
}

fn standing(backend: &dyn Backend, _: NoParameters) -> Result<Option<Standing>, RpcError> {
    Ok(backend.standing())
}
