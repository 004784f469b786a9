//! The guest's memory as host functions see it: every pointer is checked.

use counterpart_host_functions::{Stop, TrapCode};
use counterpart_ledger::{Address, Hash};

/// The whole linear memory of a guest.
pub(crate) struct Memory<'a>(pub &'a mut [u8]);

impl Memory<'_> {
    /// Bytes at a pointer.
    pub fn read(&self, pointer: u64, length: u64) -> Result<&[u8], Stop> {
        let range = range(pointer, length, self.0.len())?;
        Ok(&self.0[range])
    }

    /// Bytes at a pointer, at most so many.
    pub fn read_at_most(&self, pointer: u64, length: u64, most: u32) -> Result<&[u8], Stop> {
        if length > u64::from(most) {
            return Err(Stop::Trap(TrapCode::TooLong));
        }
        self.read(pointer, length)
    }

    pub fn array<const N: usize>(&self, pointer: u64) -> Result<[u8; N], Stop> {
        let bytes = self.read(pointer, N as u64)?;
        bytes.try_into().map_err(|_| Stop::Trap(TrapCode::BadPointer))
    }

    pub fn address(&self, pointer: u64) -> Result<Address, Stop> {
        self.array(pointer).map(Address)
    }

    pub fn hash(&self, pointer: u64) -> Result<Hash, Stop> {
        self.array(pointer).map(Hash)
    }

    pub fn u128(&self, pointer: u64) -> Result<u128, Stop> {
        self.array(pointer).map(u128::from_le_bytes)
    }

    /// Writes bytes at a pointer.
    pub fn write(&mut self, pointer: u64, bytes: &[u8]) -> Result<(), Stop> {
        let range = range(pointer, bytes.len() as u64, self.0.len())?;
        self.0[range].copy_from_slice(bytes);
        Ok(())
    }

    /// Writes as much as fits in the buffer, which lies in memory as a whole; answers the whole length.
    pub fn write_at_most(&mut self, pointer: u64, capacity: u64, bytes: &[u8]) -> Result<i64, Stop> {
        let range = range(pointer, capacity, self.0.len())?;
        let count = bytes.len().min(range.len());
        self.0[range.start..range.start + count].copy_from_slice(&bytes[..count]);
        Ok(bytes.len() as i64)
    }
}

fn range(pointer: u64, length: u64, size: usize) -> Result<std::ops::Range<usize>, Stop> {
    let end = pointer.checked_add(length).filter(|end| *end <= size as u64);
    let end = end.ok_or(Stop::Trap(TrapCode::BadPointer))?;
    Ok(pointer as usize..end as usize)
}
