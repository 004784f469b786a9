//! Who talks to whom, and how much.

use counterpart_ledger::{ChainId, PublicKey};
use std::net::SocketAddr;
use zeroize::Zeroizing;

/// A kind of messages with a queue and a rate of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Channel {
    /// Proposals, votes, certificates: small or urgent, sent before the others.
    Consensus,
    /// Transactions on their way to the leader.
    Transactions,
    /// Blocks and certificates for those who are behind.
    CatchUp,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::Consensus, Self::Transactions, Self::CatchUp];

    pub(crate) const fn number(self) -> u64 {
        self as u64
    }

    /// Messages a second that one peer may send.
    pub(crate) const fn rate(self) -> u32 {
        match self {
            Self::Consensus => 8_192,
            Self::Transactions => 16_384,
            Self::CatchUp => 512,
        }
    }
}

/// A replica to talk to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// Its network key.
    pub key: PublicKey,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What a replica needs to join the network.
#[derive(Clone)]
pub struct NetworkConfig {
    /// Keeps chains apart: peers of another chain are refused at the handshake.
    pub chain: ChainId,
    /// The seed of this replica's network key.
    pub seed: Zeroizing<[u8; 32]>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The other replicas.
    pub peers: Vec<Peer>,
    /// The longest message in bytes.
    pub max_message_bytes: u32,
    /// Messages that wait for the node before further ones are dropped.
    pub queue: usize,
}
