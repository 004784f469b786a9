//! The guest's memory as host functions see it: every pointer is checked.

use crate::trace::Access;
use counterpart_host_functions::{Stop, TrapCode};
use counterpart_ledger::{Address, Hash};
use std::cell::RefCell;

/// The whole linear memory of a guest, and, when somebody records, what of it the host reads and writes.
pub(crate) struct Memory<'a> {
    bytes: &'a mut [u8],
    accesses: Option<RefCell<Vec<Access>>>,
}

impl<'a> Memory<'a> {
    pub fn new(bytes: &'a mut [u8], record: bool) -> Self {
        Self { bytes, accesses: record.then(RefCell::default) }
    }

    /// What was read and written, in order.
    pub fn into_accesses(self) -> Vec<Access> {
        self.accesses.map(RefCell::into_inner).unwrap_or_default()
    }

    fn note(&self, written: bool, pointer: u64, bytes: &[u8]) {
        if let Some(accesses) = &self.accesses {
            accesses.borrow_mut().push(Access { written, pointer: pointer as u32, bytes: bytes.to_vec() });
        }
    }
}

impl Memory<'_> {
    /// Bytes at a pointer.
    pub fn read(&self, pointer: u64, length: u64) -> Result<&[u8], Stop> {
        let range = range(pointer, length, self.bytes.len())?;
        let bytes = &self.bytes[range];
        self.note(false, pointer, bytes);
        Ok(bytes)
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
        let range = range(pointer, bytes.len() as u64, self.bytes.len())?;
        self.bytes[range].copy_from_slice(bytes);
        self.note(true, pointer, bytes);
        Ok(())
    }

    /// Writes as much as fits in the buffer, which lies in memory as a whole; answers the whole length.
    pub fn write_at_most(&mut self, pointer: u64, capacity: u64, bytes: &[u8]) -> Result<i64, Stop> {
        let range = range(pointer, capacity, self.bytes.len())?;
        let count = bytes.len().min(range.len());
        self.bytes[range.start..range.start + count].copy_from_slice(&bytes[..count]);
        self.note(true, pointer, &bytes[..count]);
        Ok(bytes.len() as i64)
    }
}

fn range(pointer: u64, length: u64, size: usize) -> Result<std::ops::Range<usize>, Stop> {
    let end = pointer.checked_add(length).filter(|end| *end <= size as u64);
    let end = end.ok_or(Stop::Trap(TrapCode::BadPointer))?;
    Ok(pointer as usize..end as usize)
}
