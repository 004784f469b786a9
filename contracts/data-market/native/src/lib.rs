//! Takes signed readings over HTTP, keeps what they measured encrypted, records them on the ledger and delivers the keys that are bought.

mod buyer;
mod device;
pub mod epcis;
mod gateway;
mod ledger;
mod node;
mod process;
mod service;
mod store;
mod vault;
mod wire;

pub use buyer::{Buyer, BuyerError, Verdict};
pub use device::{Device, weighed};
pub use gateway::{Gateway, Place, Tick};
pub use ledger::{KnownDevice, Ledger, LedgerError};
pub use node::Node;
pub use process::Launch;
pub use service::Service;
pub use store::{Accepted, Counts, Entry, Store, StoreError};
pub use vault::{Sealed, Vault, VaultError};
pub use wire::{Packet, ReadingText};
