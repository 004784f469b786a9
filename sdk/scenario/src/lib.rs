//! Contract behaviour as data: scenarios that drive a contract from outside and state what must come back.
//!
//! - `model`: the file,
//! - `value`: variables, and whether what came back is what was expected,
//! - `world`: the chain that a scenario runs on,
//! - `run`: step by step to a report.

mod model;
mod run;
mod value;
mod world;

pub use model::{Scenario, ScenarioError};
pub use run::{Failure, Report, Status, run};
pub use world::Contracts;
