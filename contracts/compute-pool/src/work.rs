//! Proof of work: headers of eighty bytes, twice SHA-256, and targets.

use crate::types::{Job, Share, Unit};
use counterpart_sdk::prelude::*;

/// Hashes that a share of difficulty 1 takes: sixteen zero bits.
pub const HASHES: u128 = 1 << 16;

/// SHA-256 twice.
pub fn twice(bytes: &[u8]) -> Hash {
    env::sha2_256(&env::sha2_256(bytes).0)
}

/// A header as it is hashed.
pub fn header(version: u32, before: &Hash, root: &Hash, time_s: u32, bits: u32, nonce: u32) -> Vec<u8> {
    let (version, time, bits, nonce) =
        (version.to_le_bytes(), time_s.to_le_bytes(), bits.to_le_bytes(), nonce.to_le_bytes());
    [&version[..], &before.0, &root.0, &time, &bits, &nonce].concat()
}

/// The header of a share. Whom it is for stands in the coinbase: changed, it is another header.
pub fn header_of(job: &Job, unit: &Unit, share: &Share) -> Vec<u8> {
    let coinbase =
        [&job.head[..], &unit.owner.0, &share.unit.to_le_bytes(), &share.extra.to_le_bytes(), &job.tail].concat();
    let root = job.branch.iter().fold(twice(&coinbase), |left, right| twice(&[left.0, right.0].concat()));
    header(job.version, &job.before, &root, share.time_s, job.bits, share.nonce)
}

/// Whether a hash is one of a share of a difficulty: as a number, its first byte last, at most `2^240 / difficulty`.
pub fn is_share(hash: &Hash, difficulty: u64) -> bool {
    let mut high = [0; 16];
    for (byte, from) in high.iter_mut().zip(hash.0.iter().rev()) {
        *byte = *from;
    }
    difficulty > 0 && u128::from_be_bytes(high) <= (u128::MAX >> 16) / u128::from(difficulty)
}

/// The target that a compact one stands for, its largest byte first; none if that is zero, negative, or larger than any hash.
pub fn target(bits: u32) -> Option<[u8; 32]> {
    let size = (bits >> 24) as usize;
    if bits & 0x0080_0000 != 0 {
        return None;
    }
    let mut target = [0; 32];
    for (at, byte) in bits.to_be_bytes()[1..].iter().enumerate() {
        // The first of three bytes stands `size` bytes from the end.
        match (32 + at).checked_sub(size) {
            Some(place) if place < 32 => target[place] = *byte,
            // What is smaller than one is cut off.
            Some(_) => {}
            None if *byte != 0 => return None,
            None => {}
        }
    }
    target.iter().any(|byte| *byte != 0).then_some(target)
}

/// Whether a hash is below a compact target.
pub fn is_block(hash: &Hash, bits: u32) -> bool {
    let number = hash.0.iter().rev().copied();
    target(bits).is_some_and(|target| number.cmp(target.iter().copied()).is_le())
}
