//! A card network in the place of a real one, with faults on order, and the bridge that reports for it.

mod bridge;
mod network;

pub use bridge::{Answer, Asked, Bridge, BridgeError, Ledger};
pub use network::{Card, Fault, Network};
