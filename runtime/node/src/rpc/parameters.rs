//! Values that parameters are made of, with messages that say what was expected.

use super::backend::Backend;
use super::error::RpcError;
use counterpart_ledger::{Address, Hash, Height};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use std::borrow::Cow;

/// Bytes as hex, with or without `0x`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bytes(pub Vec<u8>);

/// An address: 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AddressText(pub Address);

/// A hash: 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HashText(pub Hash);

/// An amount: a number, or its decimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amount(pub u128);

/// A height: a number, or which block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// This one.
    Number(u64),
    /// The newest block that is executed.
    Latest,
    /// The newest block that has finals.
    Final,
}

macro_rules! text {
    ($name:ident, $schema:literal, $pattern:literal, $parse:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let parse: fn(&str) -> Result<$name, String> = $parse;
                parse(&text).map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $schema.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

text!(Bytes, "Bytes", "^(0x)?([0-9a-fA-F]{2})*$", |text| {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits).map(Bytes).map_err(|error| format!("this is not hex: {error}"))
});
text!(AddressText, "Address", "^(0x)?[0-9a-fA-F]{64}$", |text| {
    Address::from_hex(text).map(AddressText).ok_or_else(|| "this is not an address: 64 hex digits".to_owned())
});
text!(HashText, "Hash", "^(0x)?[0-9a-fA-F]{64}$", |text| {
    Hash::from_hex(text).map(HashText).ok_or_else(|| "this is not a hash: 64 hex digits".to_owned())
});

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match NumberOrText::deserialize(deserializer) {
            Ok(NumberOrText::Number(number)) => Ok(Self(number.into())),
            Ok(NumberOrText::Text(text)) => {
                text.parse().map(Self).map_err(|_| D::Error::custom("an amount is decimal digits"))
            }
            Err(_) => Err(D::Error::custom("an amount is a number, or decimal digits as text")),
        }
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string", "pattern": "^[0-9]+$" }, { "type": "integer", "minimum": 0 }] })
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || D::Error::custom("a height is a number from 0, \"latest\" or \"final\"");
        match NumberOrText::deserialize(deserializer).map_err(|_| wrong())? {
            NumberOrText::Number(number) => Ok(Self::Number(number)),
            NumberOrText::Text(word) if word == "latest" => Ok(Self::Latest),
            NumberOrText::Text(word) if word == "final" => Ok(Self::Final),
            NumberOrText::Text(digits) => digits.parse().map(Self::Number).map_err(|_| wrong()),
        }
    }
}

impl JsonSchema for At {
    fn schema_name() -> Cow<'static, str> {
        "Height".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "enum": ["latest", "final"] }, { "type": "string", "pattern": "^[0-9]+$" }] })
    }
}

/// The height that `height` or `hash` names; the newest without either.
pub fn resolve(backend: &dyn Backend, height: Option<At>, hash: Option<HashText>) -> Result<Height, RpcError> {
    let store = backend.store();
    if let Some(HashText(hash)) = hash {
        let height = store.height_of(&hash)?;
        return height.ok_or_else(|| RpcError::new("unknown_block", format!("there is no block {hash}")));
    }
    let head = store.head().height;
    match height {
        None | Some(At::Latest) => Ok(head),
        Some(At::Final) => {
            for height in (1..=head.0).rev() {
                if store.approval(Height(height))?.is_some() {
                    return Ok(Height(height));
                }
            }
            Ok(Height(0))
        }
        Some(At::Number(height)) if height > head.0 => {
            Err(RpcError::new("height_above_head", format!("height {height} is above the head {head}")))
        }
        Some(At::Number(height)) => Ok(Height(height)),
    }
}
