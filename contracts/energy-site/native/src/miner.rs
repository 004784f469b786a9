//! A miner on the processor: looks for headers whose hash is low, and computes tasks.

use compute_pool::{Job, Share};
use counterpart_sdk::{Address, Hash};
use parity_scale_codec::Encode;
use sha2::{Digest, Sha256};

fn twice(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(bytes)).into()
}

/// The first 76 bytes of a share's header.
pub fn header(job: &Job, owner: &Address, share: &Share) -> Vec<u8> {
    let (unit, extra) = (share.unit.to_le_bytes(), share.extra.to_le_bytes());
    let coinbase = [&job.head[..], &owner.0, &unit, &extra, &job.tail].concat();
    let root = job.branch.iter().fold(twice(&coinbase), |left, right| twice(&[left, right.0].concat()));
    let (version, time, bits) = (job.version.to_le_bytes(), share.time_s.to_le_bytes(), job.bits.to_le_bytes());
    [&version[..], &job.before.0, &root, &time, &bits].concat()
}

/// The next share from a nonce on; none if no nonce makes one. The owner is paid for it: it stands in the coinbase.
pub fn mine(job: &Job, owner: &Address, share: Share) -> Option<Share> {
    let before = Sha256::new_with_prefix(header(job, owner, &share));
    let most = (u128::MAX >> 16).checked_div(share.difficulty.into())?;
    (share.nonce..=u32::MAX).find_map(|nonce| {
        let hash = Sha256::digest(before.clone().chain_update(nonce.to_le_bytes()).finalize());
        let mut high = [0; 16];
        for (byte, from) in high.iter_mut().zip(hash.iter().rev()) {
            *byte = *from;
        }
        (u128::from_be_bytes(high) <= most).then_some(Share { nonce, ..share })
    })
}

/// The task that the plant's units compute: SHA-256 so many times over.
pub fn hash_chain(input: &Hash, rounds: u32) -> Vec<u8> {
    let mut hash = input.0;
    for _ in 0..rounds {
        hash = Sha256::digest(hash).into();
    }
    hash.to_vec()
}

/// What a unit commits to with a result.
pub fn commitment(unit: u64, result: &[u8], salt: [u8; 32]) -> Hash {
    Hash(Sha256::digest((unit, result.to_vec(), salt).encode()).into())
}
