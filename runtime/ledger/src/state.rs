//! The state as keys and values.

use crate::Address;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// A contract's address (32 bytes) followed by the contract's own key.
pub type StateKey = Vec<u8>;

/// The key of an entry of the system itself, which lives under the zero address: a tag, then the parts.
pub fn system_key(tag: &str, parts: &[&[u8]]) -> StateKey {
    let length = Address::ZERO.0.len() + tag.len() + 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut key = Vec::with_capacity(length);
    key.extend_from_slice(&Address::ZERO.0);
    key.extend_from_slice(tag.as_bytes());
    key.push(b'/');
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// The store could not be read: the node must stop.
#[derive(Debug, Clone, thiserror::Error)]
#[error("state cannot be read: {0}")]
pub struct StateFault(pub String);

/// Read access to the state at one height.
pub trait StateRead: Send + Sync {
    /// The value at a key.
    ///
    /// # Errors
    /// [`StateFault`] when the store fails; never because of the key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault>;

    /// The first entry in `[start, end)`, or the last one if `descending`.
    ///
    /// # Errors
    /// [`StateFault`] when the store fails.
    fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Option<(StateKey, Vec<u8>)>, StateFault>;
}

/// Read access to contract code by hash; code is stored beside the state, which commits to it.
pub trait CodeRead: Send + Sync {
    /// The bytes that were uploaded under this hash.
    ///
    /// # Errors
    /// [`StateFault`] when the store fails.
    fn code(&self, hash: &crate::Hash) -> Result<Option<Vec<u8>>, StateFault>;
}

/// A changed entry.
#[derive(Clone, PartialEq, Eq, Debug, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub struct Write {
    /// The value before the block, if there was one.
    pub old: Option<Vec<u8>>,
    /// The value after the block, if there is one.
    pub new: Option<Vec<u8>>,
}

/// Everything that a block changed, by key. An entry whose value ends as it began does not stand in it.
pub type WriteSet = BTreeMap<StateKey, Write>;

impl StateRead for BTreeMap<StateKey, Vec<u8>> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateFault> {
        Ok(BTreeMap::get(self, key).cloned())
    }

    fn next(&self, start: &[u8], end: &[u8], descending: bool) -> Result<Option<(StateKey, Vec<u8>)>, StateFault> {
        if start >= end {
            return Ok(None);
        }
        let mut range = self.range::<[u8], _>((core::ops::Bound::Included(start), core::ops::Bound::Excluded(end)));
        let entry = if descending { range.next_back() } else { range.next() };
        Ok(entry.map(|(key, value)| (key.clone(), value.clone())))
    }
}

impl CodeRead for BTreeMap<crate::Hash, Vec<u8>> {
    fn code(&self, hash: &crate::Hash) -> Result<Option<Vec<u8>>, StateFault> {
        Ok(BTreeMap::get(self, hash).cloned())
    }
}
