//! A plant in the place of a real one: gas, generators, a load controller that can be replayed, meters, their gateway, miners.
//!
//! All of it counts in whole numbers and begins with a seed: the same seed is the same month.

pub mod controller;
pub mod gas;
pub mod gateway;
pub mod meter;
pub mod miner;
pub mod ocmf;
pub mod plant;
mod random;

pub use controller::{Entry, Log, Rules, Setpoints};
pub use gateway::{Gateway, GatewayError, Ledger, LedgerError, Queue};
pub use meter::Meter;
pub use plant::{Minute, Plant};
pub use random::Random;
