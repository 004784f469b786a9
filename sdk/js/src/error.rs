//! Errors as they cross to JavaScript.

use serde_json::json;
use std::fmt::Display;
use wasm_bindgen::JsValue;

/// An error with a stable code and what one can do.
pub fn failure(code: &str, message: impl Display, hint: &str) -> JsValue {
    JsValue::from_str(&json!({ "code": code, "message": message.to_string(), "hint": hint }).to_string())
}

/// The bytes of `0x` hex.
pub fn bytes(name: &str, text: &str) -> Result<Vec<u8>, JsValue> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits)
        .map_err(|error| failure("bad_hex", format!("{name}: {error}"), "give 0x and pairs of hex digits"))
}

/// Exactly 32 bytes of `0x` hex.
pub fn bytes32(name: &str, text: &str) -> Result<[u8; 32], JsValue> {
    let length = |bytes: Vec<u8>| failure("bad_hex", format!("{name} has {} bytes", bytes.len()), "give 32 bytes");
    bytes(name, text)?.try_into().map_err(length)
}

/// `0x` hex.
pub fn hex_of(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", hex::encode(bytes))
}
