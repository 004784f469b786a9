//! From the module that the compiler made to the module that is deployed.

use crate::canonical::Order;
use crate::document::MAX_BYTES;
use crate::raw;
use crate::{RAW_SECTION, SECTION};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::convert::Infallible;
use parity_scale_codec::Encode;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, CustomSection, ExportSection, FunctionSection, ImportSection, Module, TypeSection};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, Export, ExportSectionReader, FunctionSectionReader, Import,
    ImportSectionReader, Parser, TypeRef, TypeSectionReader,
};

/// Most bytes of the interface section: room for sixty methods with their types, and a quarter of what a module may bring.
pub const MAX_SECTION_BYTES: usize = 16 * 1024;

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
    #[error("the interface has {0} bytes, at most {MAX_SECTION_BYTES} are allowed: use fewer or smaller types")]
    TooLarge(usize),
}

/// Takes the interface out of custom sections, which are dropped, and the linker's own globals out of the exports; writes
/// everything anew, because linkers leave room in every number for later changes, and in an order of its own.
#[derive(Default)]
struct Finisher {
    interface: Vec<u8>,
    order: Order,
}

impl Reencode for Finisher {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error> {
        Ok(self.order.function(function))
    }

    fn type_index(&mut self, ty: u32) -> Result<u32, reencode::Error> {
        Ok(self.order.ty(ty))
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        let all = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for index in self.order.types.clone() {
            if let Some(group) = all.get(index as usize) {
                self.parse_recursive_type_group(types.ty(), group.clone())?;
            }
        }
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        let all = section.into_imports().collect::<Result<Vec<_>, _>>()?;
        let (functions, others): (Vec<Import<'_>>, _) =
            all.into_iter().partition(|import| matches!(import.ty, TypeRef::Func(_)));
        others.into_iter().try_for_each(|import| self.parse_import(imports, import))?;
        for index in self.order.functions.clone().into_iter().take(functions.len()) {
            self.parse_import(imports, functions[index as usize])?;
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        let all = section.into_iter().collect::<Result<Vec<u32>, _>>()?;
        for ty in self.order.defined().filter_map(|index| all.get(index).copied()).collect::<Vec<u32>>() {
            functions.function(self.type_index(ty)?);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        let all = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for index in self.order.defined().collect::<Vec<usize>>() {
            if let Some(body) = all.get(index) {
                self.parse_function_body(code, body.clone())?;
            }
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        let mut all = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        all.sort_by_key(|export| export.name);
        all.into_iter().try_for_each(|export| self.parse_export(exports, export))
    }

    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        if section.name() == RAW_SECTION {
            self.interface.extend_from_slice(section.data());
        }
        Ok(())
    }

    fn parse_export(&mut self, exports: &mut ExportSection, export: Export<'_>) -> Result<(), reencode::Error> {
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

/// Where the functions that a module defines come from when it is finished: their indices before, counted without imports,
/// in the order of the finished module.
///
/// # Errors
/// [`FinishError::Module`] when the module cannot be parsed.
pub fn function_order(wasm: &[u8]) -> Result<Vec<usize>, FinishError> {
    let order = Order::of(wasm).map_err(|error| FinishError::Module(error.to_string()))?;
    Ok(order.defined().collect())
}

/// Replaces all custom sections by the interface; answers the module and the interface as JSON.
///
/// # Errors
/// [`FinishError`] when the module has no interface, or one that is damaged or too large.
pub fn finish(wasm: &[u8]) -> Result<(Vec<u8>, String), FinishError> {
    let order = Order::of(wasm).map_err(|error| FinishError::Module(error.to_string()))?;
    let (mut module, mut finisher) = (Module::new(), Finisher { interface: Vec::new(), order });
    let parsed = finisher.parse_core_module(&mut module, Parser::new(0), wasm);
    parsed.map_err(|error| FinishError::Module(error.to_string()))?;
    if finisher.interface.is_empty() {
        return Err(FinishError::NoInterface);
    }
    let (abi, docs) = raw::parse(&finisher.interface).map_err(FinishError::Interface)?;
    let section = abi.to_section();
    if section.len() > MAX_SECTION_BYTES || abi.encoded_size() > MAX_BYTES {
        return Err(FinishError::TooLarge(section.len()));
    }
    module.section(&CustomSection { name: SECTION.into(), data: (&section).into() });
    let mut json = serde_json::to_string_pretty(&abi.to_json(&docs)).unwrap_or_default();
    json.push('\n');
    Ok((module.finish(), json))
}
