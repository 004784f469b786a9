//! A host with state in memory: what a token needs, charged by the table, with writes that can be undone.

use counterpart_host_functions::{Host, HostError, HostFunction, Stop, TrapCode};
use std::collections::BTreeMap;

/// A contract's state, the frame's input and what the frame did.
#[derive(Default)]
pub struct MemoryHost {
    /// The entries.
    pub state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Who calls.
    pub caller: [u8; 32],
    /// Selector and arguments.
    pub input: Vec<u8>,
    /// What the contract returned.
    pub output: Vec<u8>,
    /// Topics and data of each event.
    pub events: Vec<(Vec<u8>, Vec<u8>)>,
    undo: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl MemoryHost {
    /// Keeps the frame's writes and makes ready for the next.
    pub fn commit(&mut self) {
        self.undo.clear();
        self.events.clear();
        self.output.clear();
    }

    /// Undoes the frame's writes.
    #[cfg(test)]
    pub fn roll_back(&mut self) {
        while let Some((key, value)) = self.undo.pop() {
            match value {
                Some(value) => self.state.insert(key, value),
                None => self.state.remove(&key),
            };
        }
        self.commit();
    }

    /// Writes one entry, so that it can be undone.
    pub fn set(&mut self, key: &[u8], value: &[u8]) {
        let before = self.state.insert(key.to_vec(), value.to_vec());
        self.undo.push((key.to_vec(), before));
    }
}

fn slice(memory: &mut [u8], pointer: u64, length: u64) -> Result<&mut [u8], Stop> {
    let end = pointer.checked_add(length).ok_or(Stop::Trap(TrapCode::BadPointer))?;
    memory.get_mut(pointer as usize..end as usize).ok_or(Stop::Trap(TrapCode::BadPointer))
}

fn charge(function: HostFunction, bytes: u64, gas: &mut i64) -> Result<(), Stop> {
    let cost = function.cost();
    *gas -= (cost.base + bytes * cost.per_byte_16th / 16) as i64;
    if *gas < 0 { Err(Stop::OutOfGas) } else { Ok(()) }
}

impl Host for MemoryHost {
    fn call(
        &mut self,
        function: HostFunction,
        arguments: &[u64],
        memory: &mut [u8],
        gas: &mut i64,
    ) -> Result<i64, Stop> {
        match (function, arguments) {
            (HostFunction::caller, [out]) => {
                charge(function, 0, gas)?;
                slice(memory, *out, 32)?.copy_from_slice(&self.caller);
                Ok(0)
            }
            (HostFunction::input, [out, offset, capacity]) => {
                let rest = self.input.get(*offset as usize..).unwrap_or_default();
                let rest = &rest[..rest.len().min(*capacity as usize)];
                charge(function, rest.len() as u64, gas)?;
                slice(memory, *out, rest.len() as u64)?.copy_from_slice(rest);
                Ok(self.input.len() as i64)
            }
            (HostFunction::set_return, [data, length]) => {
                charge(function, *length, gas)?;
                self.output.extend_from_slice(slice(memory, *data, *length)?);
                Ok(0)
            }
            (HostFunction::revert, [_, data, length]) => {
                charge(function, *length, gas)?;
                slice(memory, *data, *length)?;
                Err(Stop::Reverted)
            }
            (HostFunction::storage_get, [key, key_length, out, capacity]) => {
                charge(function, *key_length, gas)?;
                let Some(value) = self.state.get(slice(memory, *key, *key_length)? as &[u8]) else {
                    return Ok(HostError::NotFound.number());
                };
                let copied = value.len().min(*capacity as usize);
                slice(memory, *out, copied as u64)?.copy_from_slice(&value[..copied]);
                Ok(value.len() as i64)
            }
            (HostFunction::storage_set, [key, key_length, value, value_length]) => {
                charge(function, *key_length + *value_length, gas)?;
                let key = slice(memory, *key, *key_length)?.to_vec();
                let value = slice(memory, *value, *value_length)?.to_vec();
                let before = self.state.insert(key.clone(), value);
                self.undo.push((key, before));
                Ok(0)
            }
            (HostFunction::emit, [topics, count, data, length]) => {
                charge(function, *count * 32 + *length, gas)?;
                let topics = slice(memory, *topics, *count * 32)?.to_vec();
                self.events.push((topics, slice(memory, *data, *length)?.to_vec()));
                Ok(0)
            }
            _ => Err(Stop::Trap(TrapCode::BadArgument)),
        }
    }
}
