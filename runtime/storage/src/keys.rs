//! Names of the tables and how their keys are made: numbers are big-endian, so that they sort.

use counterpart_ledger::{Address, Hash, Height, PublicKey};

pub const META: &str = "meta";
pub const STATE: &str = "state";
pub const BLOCKS: &str = "blocks";
pub const HASHES: &str = "hashes";
pub const RECEIPTS: &str = "receipts";
pub const ROOTS: &str = "roots";
pub const WRITES: &str = "writes";
pub const CODES: &str = "codes";
pub const TRANSACTIONS: &str = "transactions";
pub const EVENTS: &str = "events";
pub const CERTIFICATES: &str = "certificates";
pub const APPROVALS: &str = "approvals";
pub const TOPICS: &str = "topics";

pub const FORMAT: &[u8] = b"format";
pub const GENESIS: &[u8] = b"genesis";
pub const HEAD: &[u8] = b"head";
/// The lowest height that is kept; absent for an archive.
pub const FLOOR: &[u8] = b"floor";
/// How many blocks below the newest are kept; absent for an archive.
pub const RETENTION: &[u8] = b"retention";
/// The format of the indexes, which are made again when it differs.
pub const INDEXES: &[u8] = b"indexes";

/// What proves who votes after an epoch.
pub fn handover(epoch: u64) -> Vec<u8> {
    [b"handover/", &epoch.to_be_bytes()[..]].concat()
}

pub fn height(height: Height) -> [u8; 8] {
    height.0.to_be_bytes()
}

/// Contract, height, transaction, event.
pub fn event(contract: &Address, height: Height, transaction: u32, event: u32) -> Vec<u8> {
    [&contract.0[..], &height.0.to_be_bytes(), &transaction.to_be_bytes(), &event.to_be_bytes()].concat()
}

/// Contract, topic, height, transaction, event.
pub fn topic(contract: &Address, topic: &Hash, position: &[u8]) -> Vec<u8> {
    [&contract.0[..], &topic.0, position].concat()
}

/// A client's approval of a block: beside the finals of the block, in the order of heights.
pub fn client(at: Height, client: &PublicKey) -> Vec<u8> {
    [&height(at)[..], &client.0].concat()
}
