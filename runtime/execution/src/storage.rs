//! Host functions on storage: persistent and transient values, ranges, counters.

use crate::frame::{Cursor, Frame};
use crate::gas::{TOMBSTONE, charge, per_byte};
use crate::memory::Memory;
use crate::work::{answer, spend};
use counterpart_host_functions::{HostError, HostFunction, Stop, TrapCode, limits};

impl Frame {
    pub(crate) fn storage(
        &mut self,
        function: HostFunction,
        a: &[u64],
        memory: &mut Memory<'_>,
        gas: &mut i64,
    ) -> Result<i64, Stop> {
        use HostFunction::{
            storage_add, storage_close, storage_get, storage_has, storage_length, storage_next, storage_range,
            storage_remove, storage_set, transient_get, transient_set,
        };
        match function {
            storage_range => return self.open_range(a, memory, gas),
            storage_next => return self.next_in_range(a, memory, gas),
            storage_close => {
                let closed = self.cursors.remove(&(a[0] as u32));
                return closed.map(|_| 0).ok_or(Stop::Trap(TrapCode::BadHandle));
            }
            _ => {}
        }
        charge(gas, per_byte(function, a[1]))?;
        let key = self.key(memory.read_at_most(a[0], a[1], limits::MAX_KEY_BYTES)?);
        match function {
            storage_get => match self.work()?.read(&key)? {
                Some(value) => {
                    charge(gas, per_byte(function, value.len() as u64))?;
                    memory.write_at_most(a[2], a[3], &value)
                }
                None => Ok(answer(HostError::NotFound)),
            },
            storage_has => Ok(i64::from(self.work()?.read(&key)?.is_some())),
            storage_length => Ok(match self.work()?.read(&key)? {
                Some(value) => value.len() as i64,
                None => answer(HostError::NotFound),
            }),
            storage_set => {
                self.writes()?;
                charge(gas, per_byte(function, a[3]))?;
                let value = memory.read_at_most(a[2], a[3], limits::MAX_VALUE_BYTES)?.to_vec();
                self.work()?.write(key, Some(value))?;
                Ok(0)
            }
            storage_remove => {
                self.writes()?;
                let work = self.work()?;
                let there = work.read(&key)?.is_some();
                if there {
                    work.write(key, None)?;
                }
                Ok(i64::from(there))
            }
            storage_add => {
                self.writes()?;
                let bound = |pointer| memory.array(pointer).map(i128::from_le_bytes);
                let (delta, least, most) = (bound(a[2])?, bound(a[3])?, bound(a[4])?);
                let work = self.work()?;
                let stored = match work.read(&key)? {
                    None => 0,
                    Some(bytes) => match bytes.try_into() {
                        Ok(bytes) => i128::from_le_bytes(bytes),
                        Err(_) => return Err(Stop::Trap(TrapCode::BadArgument)),
                    },
                };
                match stored.checked_add(delta).filter(|sum| (least..=most).contains(sum)) {
                    Some(sum) => work.write(key, Some(sum.to_le_bytes().to_vec())).map(|()| 0),
                    None => Ok(answer(HostError::OutOfBounds)),
                }
            }
            transient_get => {
                let work = self.work()?;
                let Some(value) = work.view.transient(&key) else { return Ok(answer(HostError::NotFound)) };
                charge(gas, per_byte(function, value.len() as u64))?;
                memory.write_at_most(a[2], a[3], value)
            }
            transient_set => {
                self.writes()?;
                charge(gas, per_byte(function, a[3]))?;
                let value = memory.read_at_most(a[2], a[3], limits::MAX_VALUE_BYTES)?.to_vec();
                let work = self.work()?;
                spend(&mut work.budgets.written, key.len() + value.len())?;
                work.view.set_transient(key, Some(value).filter(|value| !value.is_empty()));
                Ok(0)
            }
            _ => Err(Stop::Trap(TrapCode::BadArgument)),
        }
    }

    /// The state's key for a key of this contract.
    fn key(&self, own: &[u8]) -> Vec<u8> {
        [&self.call.contract.0[..], own].concat()
    }

    fn open_range(&mut self, a: &[u64], memory: &Memory<'_>, gas: &mut i64) -> Result<i64, Stop> {
        charge(gas, per_byte(HostFunction::storage_range, a[1].saturating_add(a[3])))?;
        if a[4] > 1 {
            return Err(Stop::Trap(TrapCode::BadArgument));
        }
        if self.cursors.len() >= limits::MAX_ITERATORS as usize {
            return Err(Stop::Trap(TrapCode::Budget));
        }
        let start = self.key(memory.read_at_most(a[0], a[1], limits::MAX_KEY_BYTES)?);
        let end = memory.read_at_most(a[2], a[3], limits::MAX_KEY_BYTES)?;
        let end = if end.is_empty() { after_contract(&self.call.contract.0) } else { self.key(end) };
        let handle = self.next_cursor;
        self.next_cursor += 1;
        self.cursors.insert(handle, Cursor { start, end, descending: a[4] == 1 });
        Ok(i64::from(handle))
    }

    fn next_in_range(&mut self, a: &[u64], memory: &mut Memory<'_>, gas: &mut i64) -> Result<i64, Stop> {
        let handle = a[0] as u32;
        let work = self.work.as_deref_mut().ok_or(Stop::Fault)?;
        let cursor = self.cursors.get_mut(&handle).ok_or(Stop::Trap(TrapCode::BadHandle))?;
        let step = work.view.next(&cursor.start, &cursor.end, cursor.descending);
        let step = step.map_err(|fault| work.fault(fault))?;
        charge(gas, step.passed.saturating_mul(TOMBSTONE))?;
        let Some((key, value)) = step.entry else { return Ok(answer(HostError::End)) };
        charge(gas, per_byte(HostFunction::storage_next, (key.len() + value.len()) as u64))?;
        spend(&mut work.budgets.read, key.len() + value.len())?;
        let own = &key[32..];
        memory.write_at_most(a[1], a[2], own)?;
        memory.write_at_most(a[3], a[4], &value)?;
        let lengths = [(own.len() as u32).to_le_bytes(), (value.len() as u32).to_le_bytes()].concat();
        memory.write(a[5], &lengths)?;
        if cursor.descending {
            cursor.end = key;
        } else {
            cursor.start = key;
            cursor.start.push(0);
        }
        Ok(1)
    }
}

/// The least key that is greater than every key of a contract.
fn after_contract(address: &[u8; 32]) -> Vec<u8> {
    let mut end = address.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    // Every byte of the address is 255: a key longer than any that can exist.
    vec![u8::MAX; 33 + limits::MAX_KEY_BYTES as usize]
}
