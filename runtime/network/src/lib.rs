//! Authenticated, encrypted links between replicas; the only crate that names the transport library.
//!
//! A peer is known by its Ed25519 key and an address. Messages may be lost (a peer that is away, a queue that is full):
//! who sends has to send again. Every queue is bounded, and each peer has a rate of its own on each channel.

mod config;
mod link;

pub use config::{Channel, NetworkConfig, Peer};
pub use link::{Incoming, Network, NetworkError, Outgoing, Recipient, Sender};
