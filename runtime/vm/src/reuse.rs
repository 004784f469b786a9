//! Which instances may serve another frame, and what has to be put back before they do.
//!
//! A fresh instance costs more than a short call. An instance whose memory has not grown can be put back exactly: its
//! memory to the bytes and its globals to the values of a fresh one. Everything else that a module can change (dropped
//! segments, tables) rules it out. The globals are reached through exports that are added before compilation; the
//! guest cannot see them, and they change no result.

use counterpart_module::{GAS_GLOBAL, STACK_GLOBAL};
use wasm_encoder::{ExportKind, ExportSection, Module, RawSection};
use wasmparser::{ExternalKind, Operator, Parser, Payload};

/// Begins the names of added exports.
const PREFIX: &str = "counterpart.global.";
/// Pages up to which putting back is cheaper than a fresh instance.
const MAX_PAGES: u64 = 2;

/// A module whose instances can be put back.
pub(crate) struct Plan {
    /// The module with every mutable global exported.
    pub(crate) wasm: Vec<u8>,
    /// The names of these exports.
    pub(crate) globals: Vec<String>,
}

/// The plan for a module; `None` if its instances cannot be put back.
pub(crate) fn plan(wasm: &[u8]) -> Option<Plan> {
    let mut globals = Vec::new();
    let mut module = Module::new();
    let mut has_exports = false;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.ok()?;
        match &payload {
            Payload::ImportSection(imports) => {
                let mut imports = imports.clone().into_imports();
                if imports.any(|import| !import.is_ok_and(|import| matches!(import.ty, wasmparser::TypeRef::Func(_)))) {
                    return None;
                }
            }
            Payload::MemorySection(memories) => {
                let mut memories = memories.clone().into_iter();
                if memories.any(|memory| memory.map_or(true, |memory| memory.initial > MAX_PAGES)) {
                    return None;
                }
            }
            Payload::GlobalSection(section) => {
                for (index, global) in section.clone().into_iter().enumerate() {
                    if global.ok()?.ty.mutable {
                        globals.push(index as u32);
                    }
                }
            }
            Payload::ExportSection(section) => {
                has_exports = true;
                module.section(&exports(section.clone(), &mut globals)?);
                continue;
            }
            Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader().ok()? {
                    if changes_more(&operator.ok()?) {
                        return None;
                    }
                }
            }
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: wasm.get(range)? });
        }
    }
    let globals = globals.iter().map(|index| format!("{PREFIX}{index}")).collect();
    has_exports.then(|| Plan { wasm: module.finish(), globals })
}

/// The module's exports and those of its mutable globals.
fn exports(section: wasmparser::ExportSectionReader<'_>, globals: &mut Vec<u32>) -> Option<ExportSection> {
    let mut exports = ExportSection::new();
    for export in section {
        let export = export.ok()?;
        let kind = match export.kind {
            ExternalKind::Func => ExportKind::Func,
            ExternalKind::Table => ExportKind::Table,
            ExternalKind::Memory => ExportKind::Memory,
            ExternalKind::Global => ExportKind::Global,
            _ => return None,
        };
        if export.name.starts_with(PREFIX) {
            return None;
        }
        if export.name == GAS_GLOBAL || export.name == STACK_GLOBAL {
            // Set anew for each frame anyway.
            globals.retain(|global| *global != export.index);
        }
        exports.export(export.name, kind, export.index);
    }
    for index in globals.iter() {
        exports.export(&format!("{PREFIX}{index}"), ExportKind::Global, *index);
    }
    Some(exports)
}

/// Whether an instruction changes what is neither memory nor a global.
fn changes_more(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::DataDrop { .. }
            | Operator::ElemDrop { .. }
            | Operator::TableInit { .. }
            | Operator::TableCopy { .. }
            | Operator::TableFill { .. }
            | Operator::TableGrow { .. }
            | Operator::TableSet { .. }
    )
}
