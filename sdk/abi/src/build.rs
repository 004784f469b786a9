//! From the module that the compiler made to the module that is deployed.

use crate::raw;
use crate::{RAW_SECTION, SECTION};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use parity_scale_codec::Encode;
use wasm_encoder::{CustomSection, Module, RawSection};
use wasmparser::{Parser, Payload};

/// Most bytes of the interface section.
pub const MAX_SECTION_BYTES: usize = 8 * 1024;

/// Why a compiled module is not a contract.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FinishError {
    /// The module cannot be parsed.
    #[error("the module cannot be parsed: {0}")]
    Module(String),
    /// It was not made from a `#[contract]`.
    #[error("the module has no interface: it needs an `impl` block with #[contract]")]
    NoInterface,
    /// The interface cannot be read.
    #[error("the interface cannot be read: {0}")]
    Interface(String),
    /// The interface is too large.
    #[error("the interface has {0} bytes, at most 8192 are allowed: use fewer or smaller types")]
    TooLarge(usize),
}

/// Replaces all custom sections by the interface; answers the module and the interface as JSON.
///
/// # Errors
/// [`FinishError`] when the module has no interface, or one that is damaged or too large.
pub fn finish(wasm: &[u8]) -> Result<(Vec<u8>, String), FinishError> {
    let mut module = Module::new();
    let mut interface = Vec::new();
    let broken = |error: wasmparser::BinaryReaderError| FinishError::Module(error.to_string());
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(broken)?;
        if let Payload::CustomSection(section) = &payload {
            if section.name() == RAW_SECTION {
                interface.extend_from_slice(section.data());
            }
        } else if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: &wasm[range] });
        }
    }
    if interface.is_empty() {
        return Err(FinishError::NoInterface);
    }
    let (abi, docs) = raw::parse(&interface).map_err(FinishError::Interface)?;
    let encoded = abi.encode();
    if encoded.len() > MAX_SECTION_BYTES {
        return Err(FinishError::TooLarge(encoded.len()));
    }
    module.section(&CustomSection { name: SECTION.into(), data: (&encoded).into() });
    let mut json = serde_json::to_string_pretty(&abi.to_json(&docs)).unwrap_or_default();
    json.push('\n');
    Ok((module.finish(), json))
}
