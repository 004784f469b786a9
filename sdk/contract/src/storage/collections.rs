//! Collections that can be walked, always with a limit.

use super::order::OrderedKey;
use super::{Key, Stored, load, save};
use crate::abi::{Abi, Layout};
use crate::buffer::Buffer;
use crate::env;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::Bound;
use parity_scale_codec::{Decode, Encode, Output};

/// Values by key, in the order of the keys.
#[derive(Clone, Copy, Debug)]
pub struct OrdMap<K, V> {
    key: Key,
    entry: PhantomData<fn() -> (K, V)>,
}

impl<K: Abi, V: Abi> Stored for OrdMap<K, V> {
    const LAYOUT: &'static Layout = &Layout::OrdMap(K::TYPE, V::TYPE);
}

impl<K, V> OrdMap<K, V> {
    /// The handle at a key.
    pub const fn at(key: Key) -> Self {
        Self { key, entry: PhantomData }
    }
}

impl<K: OrderedKey, V: Encode + Decode + 'static> OrdMap<K, V> {
    fn entry(&self, key: &K) -> Buffer {
        let mut bytes = self.key.bytes();
        key.write(&mut bytes);
        bytes
    }

    /// The value at a key.
    pub fn get(&self, key: &K) -> Option<V> {
        load(&self.entry(key))
    }

    /// The value at a key, or the default.
    pub fn get_or_default(&self, key: &K) -> V
    where
        V: Default,
    {
        self.get(key).unwrap_or_default()
    }

    /// Whether there is a value.
    pub fn contains(&self, key: &K) -> bool {
        env::storage_has(&self.entry(key))
    }

    /// Writes a value.
    pub fn set(&mut self, key: &K, value: &V) {
        save(self.entry(key), value);
    }

    /// Removes a value; whether there was one.
    pub fn remove(&mut self, key: &K) -> bool {
        env::storage_remove(&self.entry(key))
    }

    /// At most `limit` entries between two bounds, in ascending order.
    pub fn range(&self, from: Bound<&K>, to: Bound<&K>, limit: u32) -> Vec<(K, V)> {
        self.walk(from, to, false, limit)
    }

    /// At most `limit` entries between two bounds, from the end.
    pub fn range_back(&self, from: Bound<&K>, to: Bound<&K>, limit: u32) -> Vec<(K, V)> {
        self.walk(from, to, true, limit)
    }

    /// At most `limit` entries after a key, or from the beginning: a page.
    pub fn page(&self, after: Option<&K>, limit: u32) -> Vec<(K, V)> {
        self.range(after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded, limit)
    }

    /// The first entry.
    pub fn first(&self) -> Option<(K, V)> {
        self.range(Bound::Unbounded, Bound::Unbounded, 1).pop()
    }

    /// The last entry.
    pub fn last(&self) -> Option<(K, V)> {
        self.range_back(Bound::Unbounded, Bound::Unbounded, 1).pop()
    }

    fn walk(&self, from: Bound<&K>, to: Bound<&K>, descending: bool, limit: u32) -> Vec<(K, V)> {
        let prefix = self.key.bytes();
        // No key lies between one and the same with a zero byte after it.
        let after = |key: &K| {
            let mut bytes = self.entry(key);
            bytes.push_byte(0);
            bytes
        };
        let start = match from {
            Bound::Included(key) => self.entry(key),
            Bound::Excluded(key) => after(key),
            Bound::Unbounded => self.key.bytes(),
        };
        let end = match to {
            Bound::Included(key) => after(key),
            Bound::Excluded(key) => self.entry(key),
            Bound::Unbounded => {
                // The prefix ends with a zero byte: everything below the next one belongs to this collection.
                let mut end = Buffer::new();
                end.write(&prefix[..prefix.len() - 1]);
                end.push_byte(1);
                end
            }
        };
        let entries = env::storage_range(&start, &end, descending, limit);
        let read = |(key, value): (Vec<u8>, Vec<u8>)| {
            let key = K::read(&mut key.get(prefix.len()..)?)?;
            Some((key, V::decode(&mut value.as_slice()).ok()?))
        };
        entries.into_iter().filter_map(read).collect()
    }
}

/// Keys, in their order.
#[derive(Clone, Copy, Debug)]
pub struct Set<K> {
    keys: OrdMap<K, ()>,
}

impl<K: Abi> Stored for Set<K> {
    const LAYOUT: &'static Layout = &Layout::OrdMap(K::TYPE, <()>::TYPE);
}

impl<K> Set<K> {
    /// The handle at a key.
    pub const fn at(key: Key) -> Self {
        Self { keys: OrdMap::at(key) }
    }
}

impl<K: OrderedKey> Set<K> {
    /// Whether the key is in it.
    pub fn contains(&self, key: &K) -> bool {
        self.keys.contains(key)
    }

    /// Puts a key in.
    pub fn insert(&mut self, key: &K) {
        self.keys.set(key, &());
    }

    /// Takes a key out; whether it was in.
    pub fn remove(&mut self, key: &K) -> bool {
        self.keys.remove(key)
    }

    /// At most `limit` keys after one, or from the beginning.
    pub fn page(&self, after: Option<&K>, limit: u32) -> Vec<K> {
        self.keys.page(after, limit).into_iter().map(|(key, ())| key).collect()
    }
}

/// Values by index.
#[derive(Clone, Copy, Debug)]
pub struct List<T> {
    key: Key,
    value: PhantomData<fn() -> T>,
}

impl<T: Abi> Stored for List<T> {
    const LAYOUT: &'static Layout = &Layout::List(T::TYPE);
}

impl<T> List<T> {
    /// The handle at a key.
    pub const fn at(key: Key) -> Self {
        Self { key, value: PhantomData }
    }
}

impl<T: Encode + Decode + 'static> List<T> {
    fn entry(&self, index: u32) -> Buffer {
        let mut bytes = self.key.bytes();
        bytes.write(&index.to_be_bytes());
        bytes
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        load(&self.key.bytes()).unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at an index.
    pub fn get(&self, index: u32) -> Option<T> {
        load(&self.entry(index))
    }

    /// Replaces the value at an index; whether there was one.
    #[must_use]
    pub fn set(&mut self, index: u32, value: &T) -> bool {
        let there = index < self.len();
        if there {
            save(self.entry(index), value);
        }
        there
    }

    /// Appends; answers the index.
    pub fn push(&mut self, value: &T) -> u32 {
        let index = self.len();
        save(self.entry(index), value);
        save(self.key.bytes(), &(index + 1));
        index
    }

    /// Takes the last.
    pub fn pop(&mut self) -> Option<T> {
        let index = self.len().checked_sub(1)?;
        let value = self.get(index);
        env::storage_remove(&self.entry(index));
        save(self.key.bytes(), &index);
        value
    }

    /// At most `limit` values from an index.
    pub fn page(&self, from: u32, limit: u32) -> Vec<T> {
        (from..self.len().min(from.saturating_add(limit))).filter_map(|index| self.get(index)).collect()
    }
}
