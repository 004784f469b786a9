//! Contract behaviour as data: scenarios that drive a contract from outside and state what must come back.
//!
//! - `model`: the file,
//! - `value`: variables, and whether what came back is what was expected,
//! - `ground`: the chain that a scenario runs on, in this process or another's,
//! - `world`: the contracts on it, by name,
//! - `run`: step by step to a report.

mod ground;
mod model;
mod run;
mod value;
mod world;

pub use ground::{Asked, Ground};
pub use model::{Scenario, ScenarioError};
pub use run::{Failure, Report, Status, run, run_on};
pub use world::Contracts;
