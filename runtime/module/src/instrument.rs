//! Injects the gas and stack counters. The rules are written down in `docs/spec/metering.md`.

use crate::body::{Body, export_wrapper, import_shim};
use crate::error::{Limit, ModuleError};
use crate::prepared::{GAS_GLOBAL, STACK_GLOBAL};
use crate::probes::ProbeWriter;
use crate::profile::Profile;
use crate::validate::Facts;
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, ExportKind, ExportSection, FunctionSection, GlobalSection, GlobalType,
    MemorySection, MemoryType, Module, RawSection, TypeSection, ValType,
};
use wasmparser::{ElementItems, ExternalKind, Parser, Payload};

/// Changes with every change of what the instrumenter emits or charges.
pub const METERING_VERSION: u32 = 2;

/// Functions that stand between those of the module, which take and give the counters, and those that do not know them.
#[derive(Default)]
struct Between {
    /// Functions of the module that are exported, in ascending order.
    exported: Vec<u32>,
    /// Imported functions that stand in the table, in ascending order.
    in_table: Vec<u32>,
}

impl Between {
    fn of(bytes: &[u8], facts: &Facts) -> Result<Self, ModuleError> {
        let mut between = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.kind == ExternalKind::Func && export.index >= facts.imported {
                            between.exported.push(export.index);
                        }
                    }
                }
                Payload::ElementSection(elements) => {
                    for element in elements {
                        let ElementItems::Functions(functions) = element?.items else { continue };
                        for function in functions {
                            let function = function?;
                            if function < facts.imported {
                                between.in_table.push(function);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        for list in [&mut between.exported, &mut between.in_table] {
            list.sort_unstable();
            list.dedup();
        }
        Ok(between)
    }

    fn export(&self, function: u32, facts: &Facts) -> Option<u32> {
        let index = self.exported.binary_search(&function).ok()?;
        Some((facts.functions.len() + index) as u32)
    }

    fn table_entry(&self, function: u32, facts: &Facts) -> Option<u32> {
        let index = self.in_table.binary_search(&function).ok()?;
        Some((facts.functions.len() + self.exported.len() + index) as u32)
    }
}

/// Writes element segments with shims in the place of imports.
struct Elements<'a>(&'a Between, &'a Facts);

impl Reencode for Elements<'_> {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error> {
        Ok(self.0.table_entry(function, self.1).unwrap_or(function))
    }
}

/// Rewrites a module that validation accepted; with probes if asked for.
pub(crate) fn instrument(
    bytes: &[u8],
    facts: &Facts,
    profile: &Profile,
    mut probes: Option<&mut ProbeWriter>,
) -> Result<Vec<u8>, ModuleError> {
    let between = Between::of(bytes, facts)?;
    let mut module = Module::new();
    let mut code = CodeSection::new();
    let mut globals_written = false;
    let mut defined = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::CustomSection(_) => {}
            Payload::TypeSection(_) => {
                module.section(&types(facts));
            }
            Payload::FunctionSection(_) => {
                module.section(&functions(facts, &between));
            }
            Payload::MemorySection(_) => {
                module.section(&memory(facts));
            }
            Payload::GlobalSection(reader) => {
                let mut globals = GlobalSection::new();
                RoundtripReencoder.parse_global_section(&mut globals, reader.clone()).map_err(internal)?;
                module.section(&with_counters(globals));
                globals_written = true;
            }
            Payload::ExportSection(reader) => {
                if !globals_written {
                    module.section(&with_counters(GlobalSection::new()));
                }
                module.section(&exports(reader.clone(), facts, &between)?);
            }
            Payload::ElementSection(reader) => {
                let mut elements = ElementSection::new();
                Elements(&between, facts).parse_element_section(&mut elements, reader.clone()).map_err(internal)?;
                module.section(&elements);
            }
            Payload::CodeSectionEntry(body) => {
                let body = Body::new(body, facts, defined)?;
                if let Some(probes) = &mut probes {
                    probes.begin_function(&body);
                }
                code.function(&body.emit(probes.as_deref_mut())?);
                defined += 1;
                if code.len() as usize == facts.functions.len() - facts.imported as usize {
                    for function in &between.exported {
                        code.function(&export_wrapper(*function, facts));
                    }
                    for function in &between.in_table {
                        code.function(&import_shim(*function, facts));
                    }
                    module.section(&code);
                }
            }
            Payload::CodeSectionStart { .. } => {}
            _ => {
                if let Some((id, range)) = payload.as_section() {
                    module.section(&RawSection { id, data: &bytes[range] });
                }
            }
        }
    }
    let wasm = module.finish();
    let (value, limit) = (wasm.len() as u64, profile.limits.get(Limit::MeteredBytes));
    if value > limit {
        let what = "the metered module".to_owned();
        return Err(ModuleError::Limit { limit_name: Limit::MeteredBytes, what, offset: 0, value, limit });
    }
    Ok(wasm)
}

/// The module's types, and each again with the counters as last parameters and the gas as last result.
fn types(facts: &Facts) -> TypeSection {
    let value = |ty: &wasmparser::ValType| if *ty == wasmparser::ValType::I64 { ValType::I64 } else { ValType::I32 };
    let mut types = TypeSection::new();
    for ty in &facts.types {
        types.ty().function(ty.params().iter().map(value), ty.results().iter().map(value));
    }
    for ty in &facts.types {
        let params: Vec<ValType> = ty.params().iter().map(value).chain([ValType::I64, ValType::I64]).collect();
        let results: Vec<ValType> = ty.results().iter().map(value).chain([ValType::I64]).collect();
        types.ty().function(params, results);
    }
    types
}

fn functions(facts: &Facts, between: &Between) -> FunctionSection {
    let mut functions = FunctionSection::new();
    let (own, counted) = (|function: u32| facts.functions[function as usize], facts.types.len() as u32);
    for function in facts.imported..facts.functions.len() as u32 {
        functions.function(counted + own(function));
    }
    for function in &between.exported {
        functions.function(own(*function));
    }
    for function in &between.in_table {
        functions.function(counted + own(*function));
    }
    functions
}

fn memory(facts: &Facts) -> MemorySection {
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: u64::from(facts.initial_pages),
        maximum: Some(u64::from(facts.maximum_pages)),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    memories
}

fn with_counters(mut globals: GlobalSection) -> GlobalSection {
    let counter = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
    globals.global(counter, &ConstExpr::i64_const(0));
    globals.global(counter, &ConstExpr::i64_const(0));
    globals
}

fn exports(
    reader: wasmparser::ExportSectionReader<'_>,
    facts: &Facts,
    between: &Between,
) -> Result<ExportSection, ModuleError> {
    let mut exports = ExportSection::new();
    for export in reader {
        let export = export?;
        let index = match export.kind {
            ExternalKind::Func => between.export(export.index, facts).unwrap_or(export.index),
            _ => export.index,
        };
        let kind = RoundtripReencoder.export_kind(export.kind).map_err(internal)?;
        exports.export(export.name, kind, index);
    }
    exports.export(GAS_GLOBAL, ExportKind::Global, facts.globals);
    exports.export(STACK_GLOBAL, ExportKind::Global, facts.globals + 1);
    Ok(exports)
}

/// What the re-encoder says of bytes that the validator accepted; kept as a refusal so that nothing here can panic.
pub(crate) fn internal<E: core::fmt::Display>(error: reencode::Error<E>) -> ModuleError {
    ModuleError::Malformed { offset: 0, message: format!("cannot be re-encoded: {error}") }
}
