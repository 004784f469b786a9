//! Handles to stored values. They hold nothing but their key: every write goes through at once.

mod collections;
mod order;

pub use collections::{List, OrdMap, Set};
pub use order::OrderedKey;

use crate::abi::{Abi, Layout, shared_errors};
use crate::buffer::{Buffer, decoded};
use crate::env;
use core::marker::PhantomData;
use parity_scale_codec::{Decode, Encode, Output};

/// Fields within fields, at most.
const MAX_DEPTH: usize = 4;

/// Where a handle's values lie: the names of the fields that lead to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    names: [&'static str; MAX_DEPTH],
}

impl Key {
    /// The contract itself.
    pub const ROOT: Self = Self { names: [""; MAX_DEPTH] };

    /// The key of a field.
    ///
    /// # Panics
    /// When storage structs are nested deeper than four.
    #[must_use]
    pub const fn child(mut self, name: &'static str) -> Self {
        let mut depth = 0;
        while depth < MAX_DEPTH {
            if self.names[depth].is_empty() {
                self.names[depth] = name;
                return self;
            }
            depth += 1;
        }
        panic!("storage structs are nested too deep")
    }

    /// The stored key, but for what names the entry: each name after its length, then a zero.
    #[inline(never)]
    fn bytes(&self) -> Buffer {
        let mut bytes = Buffer::new();
        for name in self.names.iter().filter(|name| !name.is_empty()) {
            bytes.push_byte(name.len() as u8);
            bytes.write(name.as_bytes());
        }
        bytes.push_byte(0);
        bytes
    }
}

#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a contract's storage",
    label = "store it in an `Item<{Self}>`, or another handle"
)]
/// A handle, or a struct of handles. Each has a `const fn at(key: Key) -> Self` too, which a trait cannot ask for: with it
/// all keys of a contract are constants.
pub trait Stored {
    /// What lies under it.
    const LAYOUT: &'static Layout;
}

fn load<T: Decode + 'static>(key: &[u8]) -> Option<T> {
    let bytes = env::stored(key)?;
    let mut rest = &*bytes;
    match decoded(&mut rest) {
        Some(value) if rest.is_empty() => Some(value),
        _ => crate::dispatch::revert_shared(shared_errors::CORRUPT_STORAGE, key),
    }
}

fn save<T: Encode>(key: Buffer, value: &T) {
    store(key, Buffer::of(value));
}

#[inline(never)]
fn store(key: Buffer, value: Buffer) {
    env::storage_set(&key, &value);
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub struct Item<T> {
    key: Key,
    value: PhantomData<fn() -> T>,
}

impl<T: Abi> Stored for Item<T> {
    const LAYOUT: &'static Layout = &Layout::Item(T::TYPE);
}

impl<T> Item<T> {
    /// The handle at a key.
    pub const fn at(key: Key) -> Self {
        Self { key, value: PhantomData }
    }
}

impl<T: Encode + Decode + 'static> Item<T> {
    /// The value, if it was ever set.
    pub fn get(&self) -> Option<T> {
        load(&self.key.bytes())
    }

    /// The value, or the default.
    pub fn get_or_default(&self) -> T
    where
        T: Default,
    {
        self.get().unwrap_or_default()
    }

    /// Writes the value.
    pub fn set(&mut self, value: &T) {
        save(self.key.bytes(), value);
    }

    /// Removes the value; whether there was one.
    pub fn remove(&mut self) -> bool {
        env::storage_remove(&self.key.bytes())
    }
}

/// Values by key, without iteration.
#[derive(Clone, Copy, Debug)]
pub struct Map<K, V> {
    key: Key,
    entry: PhantomData<fn() -> (K, V)>,
}

impl<K: Abi, V: Abi> Stored for Map<K, V> {
    const LAYOUT: &'static Layout = &Layout::Map(K::TYPE, V::TYPE);
}

impl<K, V> Map<K, V> {
    /// The handle at a key.
    pub const fn at(key: Key) -> Self {
        Self { key, entry: PhantomData }
    }
}

impl<K: Encode, V: Encode + Decode + 'static> Map<K, V> {
    fn entry(&self, key: &K) -> Buffer {
        let mut bytes = self.key.bytes();
        key.encode_to(&mut bytes);
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
}

/// A number that many transactions add to: additions commute.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    key: Key,
}

impl Stored for Counter {
    const LAYOUT: &'static Layout = &Layout::Counter;
}

impl Counter {
    /// The handle at a key.
    pub const fn at(key: Key) -> Self {
        Self { key }
    }
}

impl Counter {
    /// The number; 0 at first.
    pub fn get(&self) -> i128 {
        let bytes = env::stored(&self.key.bytes()).and_then(|bytes| (*bytes).try_into().ok());
        bytes.map_or(0, i128::from_le_bytes)
    }

    /// Adds if the sum stays within `[minimum, maximum]`; whether it did.
    #[must_use]
    pub fn add(&mut self, delta: i128, minimum: i128, maximum: i128) -> bool {
        env::storage_add(&self.key.bytes(), delta, minimum, maximum)
    }
}
