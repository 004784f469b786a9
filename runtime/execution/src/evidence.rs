//! A hash over every host call of a transaction, by which two executions can be compared.

use counterpart_host_functions::{Hash, HostFunction, Stop};

/// Bytes that are gathered before they are hashed: few calls, and chunks that the hash takes in parallel.
const GATHERED_BYTES: usize = 4096;

/// The fold: BLAKE3 of function (u16), arguments (u64 each), answer (i64, the least one if the frame was stopped) and
/// gas after the call (i64), little-endian, of each call in order.
pub(crate) struct Evidence {
    hasher: blake3::Hasher,
    gathered: Vec<u8>,
}

impl Evidence {
    pub fn new() -> Self {
        Self { hasher: blake3::Hasher::new(), gathered: Vec::with_capacity(GATHERED_BYTES) }
    }

    /// Forgets everything.
    pub fn begin(&mut self) {
        if self.hasher.count() > 0 {
            self.hasher.reset();
        }
        self.gathered.clear();
    }

    /// Adds a host call.
    pub fn add(&mut self, function: HostFunction, arguments: &[u64], answer: Result<i64, Stop>, gas: i64) {
        self.gathered.extend_from_slice(&(function as u16).to_le_bytes());
        for argument in arguments {
            self.gathered.extend_from_slice(&argument.to_le_bytes());
        }
        self.gathered.extend_from_slice(&answer.unwrap_or(i64::MIN).to_le_bytes());
        self.gathered.extend_from_slice(&gas.to_le_bytes());
        if self.gathered.len() >= GATHERED_BYTES {
            self.hasher.update(&self.gathered);
            self.gathered.clear();
        }
    }

    /// The hash of all calls so far.
    pub fn hash(&self) -> Hash {
        // Most transactions gather less than is hashed at a time.
        if self.hasher.count() == 0 {
            return Hash(*blake3::hash(&self.gathered).as_bytes());
        }
        let mut hasher = self.hasher.clone();
        hasher.update(&self.gathered);
        Hash(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathering_changes_nothing() {
        let (mut evidence, mut bytes) = (Evidence::new(), Vec::new());
        for index in 0..1_000u64 {
            let answer = if index % 7 == 0 { Err(Stop::Reverted) } else { Ok(index as i64) };
            evidence.add(HostFunction::storage_get, &[index, 2, 3, 4], answer, -5);
            bytes.extend_from_slice(&(HostFunction::storage_get as u16).to_le_bytes());
            [index, 2, 3, 4].iter().for_each(|argument| bytes.extend_from_slice(&argument.to_le_bytes()));
            bytes.extend_from_slice(&answer.unwrap_or(i64::MIN).to_le_bytes());
            bytes.extend_from_slice(&(-5i64).to_le_bytes());
            assert_eq!(evidence.hash().0, *blake3::hash(&bytes).as_bytes());
        }
        evidence.begin();
        assert_eq!(evidence.hash().0, *blake3::hash(&[]).as_bytes());
    }
}
