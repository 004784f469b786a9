//! A meter: counts, keeps its readings, and signs them together.

use counterpart_sdk::{Address, Hash};
use ed25519_zebra::{SigningKey, VerificationKey};
use energy_site::{Batch, Key, Reading, batch_text, gap_text};
use parity_scale_codec::Encode;
use sha2::{Digest, Sha256};

/// A meter.
pub struct Meter {
    key: SigningKey,
    device: u64,
    next: u64,
    chain: u64,
    contract: Address,
    kept: Vec<Reading>,
}

fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

fn leaf(reading: &Reading) -> Hash {
    sha256(&[&[0], &reading.encode()[..]].concat())
}

fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], &left.0[..], &right.0].concat())
}

/// The rows of a tree, its leaves first. One that has no neighbour goes up as it is.
fn rows(readings: &[Reading]) -> Vec<Vec<Hash>> {
    let mut rows = vec![readings.iter().map(leaf).collect::<Vec<_>>()];
    while let Some(row) = rows.last().filter(|row| row.len() > 1) {
        let above = row.chunks(2).map(|pair| match pair {
            [left, right] => node(left, right),
            rest => rest[0],
        });
        let above = above.collect();
        rows.push(above);
    }
    rows
}

/// The root of readings.
pub fn root(readings: &[Reading]) -> Hash {
    rows(readings).last().and_then(|row| row.first()).copied().unwrap_or(Hash::ZERO)
}

/// The path from a reading to the root.
pub fn path(readings: &[Reading], index: usize) -> Vec<Hash> {
    let mut at = index;
    let mut path = Vec::new();
    for row in rows(readings).iter().filter(|row| row.len() > 1) {
        path.extend(row.get(at ^ 1));
        at /= 2;
    }
    path
}

impl Meter {
    /// A meter with the seed of its key; what it is on the ledger comes with its registration.
    pub fn new(seed: [u8; 32], device: u64, chain: u64, contract: Address) -> Self {
        Self { key: SigningKey::from(seed), device, next: 0, chain, contract, kept: Vec::new() }
    }

    /// The public key of a seed.
    pub fn public_key(seed: [u8; 32]) -> Key {
        Key::Ed25519(VerificationKey::from(&SigningKey::from(seed)).into())
    }

    /// Notes what its totaliser shows.
    pub fn read(&mut self, at_ms: u64, totaliser: u64) {
        let counter = self.next + self.kept.len() as u64;
        self.kept.push(Reading { device: self.device, counter, at_ms, totaliser });
    }

    /// Signs what it has noted since the last time. Answers the batch, its signature and the readings, which an auditor may ask for;
    /// nothing if there are none.
    pub fn sign(&mut self) -> Option<(Batch, [u8; 64], Vec<Reading>)> {
        let last = *self.kept.last()?;
        let readings = std::mem::take(&mut self.kept);
        let (from, count) = (self.next, readings.len() as u32);
        let (at_ms, totaliser) = (last.at_ms, last.totaliser);
        let batch = Batch { device: self.device, from, count, root: root(&readings), at_ms, totaliser };
        self.next += u64::from(count);
        let digest = sha256(&batch_text(self.chain, &self.contract, &batch));
        Some((batch, self.key.sign(&digest.0).into(), readings))
    }

    /// Goes on at a later number and says so.
    pub fn skip(&mut self, until: u64) -> (u64, [u8; 64]) {
        let digest = sha256(&gap_text(self.chain, &self.contract, self.device, self.next, until));
        self.next = until;
        (until, self.key.sign(&digest.0).into())
    }
}
