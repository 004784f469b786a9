//! Readings: numbers without gaps, totalisers that never go back, trees that anybody can hold a reading against.

use crate::record::parse;
use crate::types::{Batch, Device, Key, PeriodStatus, Reading, Recorded, SiteError};
use crate::{EnergySites, MAX_READINGS, MAX_RECORD, Period};
use counterpart_sdk::prelude::*;

const HOUR_MS: u128 = 3_600_000;
/// The longest path: a tree of as many readings as a batch has.
const MAX_PATH: usize = 12;

/// What a device signs the SHA-256 of for a batch: SCALE of tag, chain, contract and batch.
pub fn batch_text(chain: u64, contract: &Address, batch: &Batch) -> Vec<u8> {
    (*b"counterpart/meter-batch/1", chain, *contract, *batch).encode()
}

/// The same for numbers that it skipped.
pub fn gap_text(chain: u64, contract: &Address, device: u64, from: u64, until: u64) -> Vec<u8> {
    (*b"counterpart/meter-gap/1", chain, *contract, (device, from, until)).encode()
}

/// A leaf of a batch's tree: SHA-256 of a zero byte and the reading.
pub fn leaf(reading: &Reading) -> Hash {
    env::sha2_256(&[&[0], &reading.encode()[..]].concat())
}

/// A node of it: SHA-256 of a one byte and both below. One that has no right neighbour goes up as it is.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    env::sha2_256(&[&[1], &left.0[..], &right.0].concat())
}

impl EnergySites {
    pub(crate) fn require_signed(&self, device: &Device, digest: &Hash, signature: &[u8; 64]) -> Result<(), SiteError> {
        let holds = match &device.key {
            Key::Ed25519(key) => env::ed25519_verify(key, &digest.0, signature),
            Key::P256(key) => env::p256_verify(key, &digest.0, signature),
            Key::Secp256k1(key) => env::secp256k1_verify(key, &digest.0, signature),
        };
        if holds { Ok(()) } else { Err(SiteError::BadSignature) }
    }

    /// The next readings of a device: contiguous, later, not before what its totaliser showed, nor more than it can have measured.
    fn take(&mut self, batch: &Batch, found: &Device, digest: &Hash, signature: &[u8; 64]) -> Result<(), SiteError> {
        let Batch { device, from, count, at_ms, totaliser, .. } = *batch;
        if from != found.next || count == 0 || count > MAX_READINGS {
            return Err(SiteError::WrongCounter { next: found.next });
        }
        let (terms, now) = (self.known_terms()?, env::block_time_ms());
        let ahead = at_ms > now.saturating_add(terms.skew_ms);
        if at_ms < found.last_ms || ahead || now.saturating_sub(at_ms) > terms.store_ms {
            return Err(SiteError::WrongTime);
        }
        // In the time since its last reading it can have measured so much; the counter's step of one second is given.
        let ms = u128::from(at_ms - found.last_ms) + 1_000;
        let most = (u128::from(found.per_hour) * ms).div_ceil(HOUR_MS);
        let most = u128::from(found.totaliser).saturating_add(most).min(u64::MAX.into()) as u64;
        if totaliser < found.totaliser || totaliser > most {
            return Err(SiteError::WrongTotaliser { least: found.totaliser, most });
        }
        self.require_signed(found, digest, signature)?;
        let delta = totaliser - found.totaliser;
        let total = found.total + u128::from(delta);
        let next = from + u64::from(count);
        self.batches.set(&(device, from), batch);
        self.set_device(device, &Device { next, totaliser, total, last_ms: at_ms, ..*found });
        Recorded { device, from, count, delta }.emit();
        Ok(())
    }

    pub(crate) fn take_batch(&mut self, batch: &Batch, digest: &Hash, signature: &[u8; 64]) -> Result<(), SiteError> {
        let found = self.known_device(batch.device)?;
        self.take(batch, &found, digest, signature)
    }

    pub(crate) fn take_record(
        &mut self,
        device: u64,
        record: &[u8],
        at_ms: u64,
        signature: &[u8; 64],
    ) -> Result<(), SiteError> {
        let found = self.known_device(device)?;
        if record.len() > MAX_RECORD {
            return Err(SiteError::BadRecord);
        }
        let parsed = parse(record).ok_or(SiteError::BadRecord)?;
        let reading = Reading { device, counter: parsed.pagination, at_ms, totaliser: parsed.wh };
        let root = leaf(&reading);
        let batch = Batch { device, from: parsed.pagination, count: 1, root, at_ms, totaliser: parsed.wh };
        // What the meter signed says nothing of this chain: its counter is what keeps it from being used twice.
        self.take(&batch, &found, &env::sha2_256(record), signature)
    }

    pub(crate) fn is_proved(
        &self,
        from: u64,
        index: u32,
        reading: &Reading,
        path: &[Hash],
    ) -> Result<Batch, SiteError> {
        let batch = self.batch(reading.device, from).ok_or(SiteError::NoProof)?;
        let placed = index < batch.count && reading.counter == from + u64::from(index);
        if !placed || path.len() > MAX_PATH {
            return Err(SiteError::NoProof);
        }
        let (mut hash, mut at, mut width) = (leaf(reading), index, batch.count);
        let mut path = path.iter();
        while width > 1 {
            // The last of an odd row goes up as it is.
            if at != width - 1 || at % 2 == 1 {
                let beside = path.next().ok_or(SiteError::NoProof)?;
                hash = if at % 2 == 0 { node(&hash, beside) } else { node(beside, &hash) };
            }
            (at, width) = (at / 2, width.div_ceil(2));
        }
        if path.next().is_none() && hash == batch.root { Ok(batch) } else { Err(SiteError::NoProof) }
    }

    pub(crate) fn show_contradiction(
        &mut self,
        from: u64,
        (index, earlier, path): &(u32, Reading, Vec<Hash>),
        (later_index, later, later_path): &(u32, Reading, Vec<Hash>),
        period: Option<u64>,
    ) -> Result<(), SiteError> {
        let device = earlier.device;
        let batch = self.is_proved(from, *index, earlier, path)?;
        self.is_proved(from, *later_index, later, later_path)?;
        let same = later.device == device && index < later_index;
        let back = later.totaliser < earlier.totaliser || later.at_ms < earlier.at_ms;
        let beyond = later.totaliser > batch.totaliser || later.at_ms > batch.at_ms;
        if !same || !(back || beyond) {
            return Err(SiteError::NoContradiction);
        }
        let found = self.devices.get(&device).ok_or(SiteError::NoDevice { device })?;
        if let Some(number) = period {
            let held = self.in_status(number, PeriodStatus::Closed)?;
            if held.site != found.site {
                return Err(SiteError::NoPeriod);
            }
            self.set_period(number, &Period { status: PeriodStatus::Held, ..held });
        }
        self.set_device(device, &Device { active: false, ..found });
        Ok(())
    }
}
