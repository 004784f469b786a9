//! A network of replicas in one thread, with a clock and faults of its own: the node's code, and nothing left to chance.
//!
//! [`run`] plays a [`Plan`] and answers an [`Outcome`]: how far it came, which promises of the protocol were not kept, and the
//! hash of the trace, which is equal for equal plans.

mod faults;
mod liar;
mod plan;
mod random;
mod watcher;
mod world;

pub use faults::{FaultError, Faults, Lie};
pub use plan::{Outcome, Plan};
pub use watcher::Violation;
pub use world::run;
