//! A hash over every host call of a transaction, by which two executions can be compared.

use counterpart_host_functions::{Hash, HostFunction, Stop};

/// Bytes that are gathered before they are hashed: few calls, and chunks that the hash takes in parallel.
const GATHERED_BYTES: usize = 4096;

/// The fold: BLAKE3 of each call in order: its function, its arguments, its answer (the least `i64` if the frame was
/// stopped) and how much less gas there is after it than after the call before, or than none.
///
/// Every number is a LEB128, the last two in zigzag form. Most are small, and the fold costs by the byte. Nothing has to say
/// where a call ends: its function says how many arguments it has.
pub(crate) struct Evidence {
    hasher: blake3::Hasher,
    gathered: Vec<u8>,
    /// Gas after the call before.
    gas: i64,
}

/// Appends a number, seven bits to a byte from the lowest, the highest bit set in all but the last.
fn leb128(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Small numbers of either sign as small numbers.
const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

impl Evidence {
    pub fn new() -> Self {
        Self { hasher: blake3::Hasher::new(), gathered: Vec::with_capacity(GATHERED_BYTES + 256), gas: 0 }
    }

    /// Forgets everything.
    pub fn begin(&mut self) {
        if self.hasher.count() > 0 {
            self.hasher.reset();
        }
        self.gathered.clear();
        self.gas = 0;
    }

    /// Adds a host call.
    pub fn add(&mut self, function: HostFunction, arguments: &[u64], answer: Result<i64, Stop>, gas: i64) {
        leb128(&mut self.gathered, function as u64);
        arguments.iter().for_each(|argument| leb128(&mut self.gathered, *argument));
        leb128(&mut self.gathered, zigzag(answer.unwrap_or(i64::MIN)));
        leb128(&mut self.gathered, zigzag(self.gas.wrapping_sub(gas)));
        self.gas = gas;
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

/// The fold over the host calls of a transaction, as its receipt has it: for each the function, its arguments, its answer
/// (none if it stopped the frame) and the gas that it left.
pub fn evidence_of(calls: &[(HostFunction, Vec<u64>, Option<i64>, i64)]) -> Hash {
    let mut evidence = Evidence::new();
    for (function, arguments, answer, gas) in calls {
        evidence.add(*function, arguments, answer.ok_or(Stop::Fault), *gas);
    }
    evidence.hash()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathering_changes_nothing() {
        let (mut evidence, mut bytes, mut before) = (Evidence::new(), Vec::new(), 0i64);
        for index in 0..3_000u64 {
            let answer = if index % 7 == 0 { Err(Stop::Reverted) } else { Ok(index as i64 - 5) };
            let gas = 1_000_000 - 300 * index as i64;
            evidence.add(HostFunction::storage_get, &[index, 2, 300, 4], answer, gas);
            let numbers = [HostFunction::storage_get as u64, index, 2, 300, 4];
            let answer = zigzag(answer.unwrap_or(i64::MIN));
            numbers.into_iter().chain([answer, zigzag(before - gas)]).for_each(|number| leb128(&mut bytes, number));
            before = gas;
            assert_eq!(evidence.hash().0, *blake3::hash(&bytes).as_bytes());
        }
        assert!(bytes.len() > 2 * GATHERED_BYTES);
        evidence.begin();
        assert_eq!(evidence.hash().0, *blake3::hash(&[]).as_bytes());
    }

    #[test]
    fn numbers_are_written_as_leb128() {
        // The examples of the specification of DWARF, version 5, appendix C, and the bounds.
        let written = |number: u64| {
            let mut bytes = Vec::new();
            leb128(&mut bytes, number);
            bytes
        };
        assert_eq!(written(2), [2]);
        assert_eq!(written(127), [127]);
        assert_eq!(written(128), [0x80, 1]);
        assert_eq!(written(129), [0x81, 1]);
        assert_eq!(written(12_857), [0x80 | 0x39, 100]);
        assert_eq!(written(u64::MAX), [[0xff; 9].as_slice(), &[1]].concat());
        assert_eq!([0, -1, 1, -2, i64::MAX, i64::MIN].map(zigzag), [0, 1, 2, 3, u64::MAX - 1, u64::MAX]);
    }
}
