//! Wiring: mempool, replicas, block production and JSON-RPC.
//!
//! - `journal`: what a replica signed, durable before a signature leaves,
//! - `replica`: one copy: store, executor, voter,
//! - `machine`: one replica as a state machine, which nodes and simulations drive,
//! - `mempool`: transactions that wait for a block,
//! - `devnet`: replicas in one process that certify every block,
//! - `service`, `metrics`: one replica of a network, driven by links, a disk, a clock and clients,
//! - `rpc`: the same for clients, over JSON-RPC.

mod dev_accounts;
mod devnet;
mod files;
mod journal;
mod kept;
pub mod machine;
mod mempool;
mod metrics;
mod replica;
pub mod rpc;
mod service;
mod snapshots;
mod state_sync;
mod turns;

pub use counterpart_network::Peer;
pub use dev_accounts::{FAUCET, dev_account};
pub use devnet::{Devnet, DevnetConfig, DevnetError};
pub use journal::Journal;
pub use kept::Kept;
pub use mempool::{SubmitError, SubmitErrorKind};
pub use replica::{Replica, ReplicaError};
pub use service::{JOURNAL, Node, NodeConfig, NodeError, parse_peer};
pub use state_sync::{StateSync, StateSyncError};
