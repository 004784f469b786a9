//! Wiring: mempool, replicas, block production and JSON-RPC.
//!
//! - `journal`: what a replica signed, durable before a signature leaves,
//! - `replica`: one copy: store, executor, voter,
//! - `mempool`: transactions that wait for a block,
//! - `devnet`: replicas in one process that certify every block,
//! - `rpc`: the same for clients, over JSON-RPC.

mod dev_accounts;
mod devnet;
mod journal;
mod mempool;
mod replica;
pub mod rpc;

pub use dev_accounts::{FAUCET, dev_account};
pub use devnet::{Devnet, DevnetConfig, DevnetError};
pub use journal::Journal;
pub use mempool::{SubmitError, SubmitErrorKind};
pub use replica::{Replica, ReplicaError};
