//! From the module that the compiler made to the module that is deployed.

use crate::raw;
use crate::{RAW_SECTION, SECTION};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::convert::Infallible;
use parity_scale_codec::Encode;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CustomSection, ExportSection, Module};
use wasmparser::{CustomSectionReader, Export, Parser};

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

/// Takes the interface out of custom sections, which are dropped, and the linker's own globals out of the exports; writes
/// everything anew, because linkers leave room in every number for later changes.
#[derive(Default)]
struct Finisher {
    interface: Vec<u8>,
}

impl Reencode for Finisher {
    type Error = Infallible;

    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        if section.name() == RAW_SECTION {
            self.interface.extend_from_slice(section.data());
        }
        Ok(())
    }

    fn parse_export(
        &mut self,
        exports: &mut ExportSection,
        export: Export<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        if !export.name.starts_with("__") {
            exports.export(
                export.name,
                self.export_kind(export.kind)?,
                self.external_index(export.kind, export.index)?,
            );
        }
        Ok(())
    }
}

/// Replaces all custom sections by the interface; answers the module and the interface as JSON.
///
/// # Errors
/// [`FinishError`] when the module has no interface, or one that is damaged or too large.
pub fn finish(wasm: &[u8]) -> Result<(Vec<u8>, String), FinishError> {
    let (mut module, mut finisher) = (Module::new(), Finisher::default());
    let parsed = finisher.parse_core_module(&mut module, Parser::new(0), wasm);
    parsed.map_err(|error| FinishError::Module(error.to_string()))?;
    if finisher.interface.is_empty() {
        return Err(FinishError::NoInterface);
    }
    let (abi, docs) = raw::parse(&finisher.interface).map_err(FinishError::Interface)?;
    let encoded = abi.encode();
    if encoded.len() > MAX_SECTION_BYTES {
        return Err(FinishError::TooLarge(encoded.len()));
    }
    module.section(&CustomSection { name: SECTION.into(), data: (&encoded).into() });
    let mut json = serde_json::to_string_pretty(&abi.to_json(&docs)).unwrap_or_default();
    json.push('\n');
    Ok((module.finish(), json))
}
