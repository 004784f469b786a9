//! What a contract keeps in the state, and the entries of the state in its words.

use crate::document::ContractAbi;
use alloc::string::String;
use alloc::vec::Vec;
use parity_scale_codec::{Decode, Encode};
use scale_info::{TypeDef, TypeDefPrimitive};
use serde_json::{Value, json};

/// Nesting of key types that is read.
const MAX_DEPTH: u32 = 16;

/// A stored field.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Stored {
    /// Names that lead to it.
    pub path: Vec<String>,
    /// What lies under it.
    pub shape: Shape,
}

/// What lies under a stored field; types are indices in the registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Shape {
    /// One value.
    Item {
        /// Its type.
        value: u32,
    },
    /// Values by key, in no order.
    Map {
        /// Type of the keys.
        key: u32,
        /// Type of the values.
        value: u32,
    },
    /// Values by key, in the order of the keys.
    OrdMap {
        /// Type of the keys.
        key: u32,
        /// Type of the values.
        value: u32,
    },
    /// Values by index.
    List {
        /// Their type.
        value: u32,
    },
    /// A sum.
    Counter,
}

impl Shape {
    pub(crate) fn types(self) -> impl Iterator<Item = u32> {
        let (key, value) = match self {
            Self::Item { value } | Self::List { value } => (None, Some(value)),
            Self::Map { key, value } | Self::OrdMap { key, value } => (Some(key), Some(value)),
            Self::Counter => (None, None),
        };
        key.into_iter().chain(value)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Item { .. } => "item",
            Self::Map { .. } => "map",
            Self::OrdMap { .. } => "ordered map",
            Self::List { .. } => "list",
            Self::Counter => "counter",
        }
    }
}

impl Stored {
    pub(crate) fn to_json(&self, abi: &ContractAbi) -> Value {
        let name = |ty: u32| Value::String(abi.type_name(ty));
        let (key, value) = match self.shape {
            Shape::Item { value } | Shape::List { value } => (Value::Null, name(value)),
            Shape::Map { key, value } | Shape::OrdMap { key, value } => (name(key), name(value)),
            Shape::Counter => (Value::Null, Value::String("i128".into())),
        };
        json!({ "name": self.path.join("."), "kind": self.shape.name(), "key": key, "value": value })
    }

    /// What is left of a key after this field's names.
    fn entry<'a>(&self, mut key: &'a [u8]) -> Option<&'a [u8]> {
        for name in &self.path {
            let (length, rest) = key.split_first()?;
            let (own, rest) = rest.split_at_checked(usize::from(*length))?;
            if own != name.as_bytes() {
                return None;
            }
            key = rest;
        }
        key.strip_prefix(&[0])
    }
}

/// An entry of the state in the contract's words.
#[derive(Clone, PartialEq, Debug)]
pub struct StoredEntry {
    /// The field.
    pub field: String,
    /// The key or index inside it; null for fields of one value.
    pub key: Value,
    /// The value; null when it is absent.
    pub value: Value,
}

impl ContractAbi {
    /// What an entry says: `key` is the contract's own. `None` when it is of no field or does not decode.
    pub fn decode_stored(&self, key: &[u8], value: Option<&[u8]>) -> Option<StoredEntry> {
        let (stored, entry) = self.storage.iter().find_map(|stored| Some((stored, stored.entry(key)?)))?;
        let decoded = |ty: u32| match value {
            Some(bytes) => self.decode_value(ty, bytes).ok(),
            None => Some(Value::Null),
        };
        let number = |bytes: &[u8]| bytes.try_into().ok().map(u32::from_be_bytes);
        let (key, value) = match stored.shape {
            Shape::Item { value } if entry.is_empty() => (Value::Null, decoded(value)?),
            Shape::Item { .. } => return None,
            Shape::Map { key, value } => (self.decode_value(key, entry).ok()?, decoded(value)?),
            Shape::OrdMap { key, value } => {
                let mut rest = entry;
                let key = self.ordered(key, &mut rest, 0)?;
                if !rest.is_empty() {
                    return None;
                }
                (key, decoded(value)?)
            }
            Shape::List { .. } if entry.is_empty() => {
                let count = value.map(|bytes| bytes.try_into().ok().map(u32::from_le_bytes));
                let count = match count {
                    Some(count) => json!(count?),
                    None => Value::Null,
                };
                (Value::String("length".into()), count)
            }
            Shape::List { value } => (json!(number(entry)?), decoded(value)?),
            Shape::Counter => {
                let sum = match value {
                    Some(bytes) => Value::String(alloc::format!("{}", i128::from_le_bytes(bytes.try_into().ok()?))),
                    None => Value::Null,
                };
                (Value::Null, sum)
            }
        };
        Some(StoredEntry { field: stored.path.join("."), key, value })
    }

    /// A key from bytes that sort as the keys do.
    fn ordered(&self, ty: u32, bytes: &mut &[u8], depth: u32) -> Option<Value> {
        use TypeDefPrimitive::*;
        if depth > MAX_DEPTH {
            return None;
        }
        let resolved = self.types.resolve(ty)?;
        let mut take = |count: usize| {
            let (first, rest) = bytes.split_at_checked(count)?;
            *bytes = rest;
            Some(first)
        };
        let width = |primitive: &TypeDefPrimitive| match primitive {
            U8 | I8 => 1,
            U16 | I16 => 2,
            U32 | I32 => 4,
            U64 | I64 => 8,
            _ => 16,
        };
        match &resolved.type_def {
            TypeDef::Primitive(Str) => {
                let end = bytes.iter().position(|byte| *byte == 0)?;
                let text = core::str::from_utf8(&bytes[..end]).ok()?;
                let value = Value::String(text.into());
                *bytes = &bytes[end + 1..];
                Some(value)
            }
            TypeDef::Primitive(primitive @ (U8 | U16 | U32 | U64 | U128)) => {
                let digits = take(width(primitive))?;
                self.decode_value(ty, &digits.iter().rev().copied().collect::<Vec<u8>>()).ok()
            }
            TypeDef::Primitive(primitive @ (I8 | I16 | I32 | I64 | I128)) => {
                let mut digits: Vec<u8> = take(width(primitive))?.iter().rev().copied().collect();
                *digits.last_mut()? ^= 0x80;
                self.decode_value(ty, &digits).ok()
            }
            TypeDef::Composite(composite) if composite.fields.len() == 1 => {
                self.ordered(composite.fields.first()?.ty.id, bytes, depth + 1)
            }
            TypeDef::Array(array) => {
                let items = take(array.len as usize)?;
                self.decode_value(ty, items).ok()
            }
            TypeDef::Tuple(tuple) => {
                let fields = tuple.fields.iter().map(|field| self.ordered(field.id, bytes, depth + 1));
                fields.collect::<Option<Vec<_>>>().map(Value::Array)
            }
            _ => None,
        }
    }
}
