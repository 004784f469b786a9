//! What a module must be: features, limits, imports, segments. Answers what the instrumenter needs to know.

use crate::cost::operator_cost;
use crate::error::{Limit, ModuleError, Offset};
use crate::prepared::{GAS_GLOBAL, MEMORY, STACK_GLOBAL};
use crate::profile::Profile;
use crate::segments::Segments;
use counterpart_host_functions::{HostFunction, IMPORT_MODULE, Param};
use wasmparser::{
    CompositeInnerType, ExternalKind, FuncToValidate, FuncType, FuncValidatorAllocations, FunctionBody, Operator,
    Parser, Payload, TypeRef, ValType, ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

/// The custom section that carries a contract's interface.
pub const METADATA_SECTION: &str = "counterpart.abi";

/// Everything that is off is off by not being named here.
pub fn features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::EXTENDED_CONST
}

/// What the instrumenter needs to know about a valid module.
#[derive(Default)]
pub struct Facts {
    /// Function types by index.
    pub types: Vec<FuncType>,
    /// Type index of every function, imported ones first.
    pub functions: Vec<u32>,
    /// Number of imported functions.
    pub imported: u32,
    /// Number of globals.
    pub globals: u32,
    /// The highest operand stack of each defined function.
    pub operand_heights: Vec<u32>,
    /// Pages at the start.
    pub initial_pages: u32,
    /// Pages at the most, as declared or as the profile says.
    pub maximum_pages: u32,
    /// The interface section.
    pub metadata: Option<Vec<u8>>,
    /// Exported functions of type `() -> ()`.
    pub entries: Vec<String>,
}

/// Running totals over functions.
#[derive(Default)]
struct Totals {
    locals: u64,
    blocks: u64,
    loops: u64,
}

pub(crate) struct Checker<'a> {
    profile: &'a Profile,
    facts: Facts,
    totals: Totals,
    segments: Segments,
    memory_exported: bool,
    bodies: u32,
}

/// Checks bytes against a profile.
///
/// # Errors
/// [`ModuleError`] for the first rule that is broken, in the order of the module's bytes.
pub fn validate(bytes: &[u8], profile: &Profile) -> Result<Facts, ModuleError> {
    let mut checker = Checker {
        profile,
        facts: Facts::default(),
        totals: Totals::default(),
        segments: Segments::default(),
        memory_exported: false,
        bodies: 0,
    };
    checker.limit(Limit::ModuleBytes, 0, bytes.len() as u64, || "the module".to_owned())?;
    let mut validator = Validator::new_with_features(features());
    let mut allocations = FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        checker.before(&payload)?;
        match validator.payload(&payload)? {
            ValidPayload::Func(function, body) => allocations = checker.function(function, &body, allocations)?,
            ValidPayload::Parser(_) => {
                return Err(ModuleError::Malformed { offset: 0, message: "a component, not a module".to_owned() });
            }
            ValidPayload::Ok | ValidPayload::End(_) => {}
        }
        checker.after(payload)?;
    }
    checker.finish()
}

impl Checker<'_> {
    fn limit(
        &self,
        limit: Limit,
        offset: Offset,
        value: u64,
        what: impl FnOnce() -> String,
    ) -> Result<(), ModuleError> {
        let most = self.profile.limits.get(limit);
        if value <= most {
            return Ok(());
        }
        Err(ModuleError::Limit { limit_name: limit, what: what(), offset, value, limit: most })
    }

    /// Rules that hold before the validator looks: counts, so that it never does unbounded work.
    fn before(&mut self, payload: &Payload<'_>) -> Result<(), ModuleError> {
        use Payload::*;
        let (limit, offset, count, what) = match payload {
            TypeSection(reader) => (Limit::Types, reader.range().start, reader.count(), "types"),
            ImportSection(reader) => (Limit::Imports, reader.range().start, reader.count(), "imports"),
            FunctionSection(reader) => (Limit::Functions, reader.range().start, reader.count(), "functions"),
            TableSection(reader) => (Limit::Tables, reader.range().start, reader.count(), "tables"),
            MemorySection(reader) => (Limit::Memories, reader.range().start, reader.count(), "memories"),
            GlobalSection(reader) => (Limit::Globals, reader.range().start, reader.count(), "globals"),
            ExportSection(reader) => (Limit::Exports, reader.range().start, reader.count(), "exports"),
            ElementSection(reader) => {
                (Limit::ElementSegments, reader.range().start, reader.count(), "element segments")
            }
            DataSection(reader) => (Limit::DataSegments, reader.range().start, reader.count(), "data segments"),
            CodeSectionStart { count, range, .. } => (Limit::Functions, range.start, *count, "function bodies"),
            StartSection { range, .. } => return Err(ModuleError::Start { offset: range.start }),
            _ => return Ok(()),
        };
        self.limit(limit, offset, u64::from(count), || what.to_owned())?;
        if let TypeSection(reader) = payload {
            self.types(reader.clone())?;
        }
        if let GlobalSection(reader) = payload {
            for global in reader.clone().into_iter_with_offsets() {
                let (offset, global) = global?;
                check_type(global.ty.content_type, offset, || "a global".to_owned())?;
            }
        }
        Ok(())
    }

    fn types(&mut self, reader: wasmparser::TypeSectionReader<'_>) -> Result<(), ModuleError> {
        for group in reader.into_iter_with_offsets() {
            let (offset, group) = group?;
            for (index, ty) in group.into_types().enumerate() {
                let CompositeInnerType::Func(ty) = ty.composite_type.inner else {
                    let found = "a type that is not a function".to_owned();
                    return Err(ModuleError::Type { what: format!("type {index}"), offset, found });
                };
                let name = || format!("type {}", self.facts.types.len());
                self.limit(Limit::Params, offset, ty.params().len() as u64, || format!("parameters of {}", name()))?;
                self.limit(Limit::Results, offset, ty.results().len() as u64, || format!("results of {}", name()))?;
                for value in ty.params().iter().chain(ty.results()) {
                    check_type(*value, offset, name)?;
                }
                self.facts.types.push(ty);
            }
        }
        Ok(())
    }

    /// Rules over sections that the validator has accepted.
    fn after(&mut self, payload: Payload<'_>) -> Result<(), ModuleError> {
        match payload {
            Payload::ImportSection(reader) => self.imports(reader),
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    self.facts.functions.push(ty?);
                }
                Ok(())
            }
            Payload::TableSection(reader) => self.table(reader),
            Payload::MemorySection(reader) => self.memory(reader),
            Payload::GlobalSection(reader) => {
                self.facts.globals = reader.count();
                Ok(())
            }
            Payload::ExportSection(reader) => self.exports(reader),
            Payload::ElementSection(reader) => self.segments.elements(reader),
            Payload::DataSection(reader) => self.segments.data(reader),
            Payload::CustomSection(reader) if reader.name() == METADATA_SECTION => {
                let length = reader.data().len() as u64;
                self.limit(Limit::MetadataBytes, reader.data_offset(), length, || "the interface section".to_owned())?;
                self.facts.metadata = Some(reader.data().to_vec());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn imports(&mut self, reader: wasmparser::ImportSectionReader<'_>) -> Result<(), ModuleError> {
        let mut seen = Vec::new();
        for import in reader.into_imports_with_offsets() {
            let (offset, import) = import?;
            let name = import.name.to_owned();
            self.limit(Limit::NameBytes, offset, name.len() as u64, || "the name of an import".to_owned())?;
            let TypeRef::Func(ty) = import.ty else { return Err(ModuleError::ImportKind { name, offset }) };
            let Some(function) = HostFunction::from_name(&name).filter(|_| import.module == IMPORT_MODULE) else {
                return Err(ModuleError::UnknownImport { module: import.module.to_owned(), name, offset });
            };
            if function.until().is_some_and(|until| until < self.profile.host_table) {
                return Err(ModuleError::UnknownImport { module: import.module.to_owned(), name, offset });
            }
            if function.since() > self.profile.host_table {
                let (since, have) = (function.since(), self.profile.host_table);
                return Err(ModuleError::ImportTooNew { name, offset, since, have });
            }
            if self.facts.types.get(ty as usize).is_none_or(|ty| !has_signature(ty, function)) {
                return Err(ModuleError::ImportSignature { name, offset });
            }
            if seen.contains(&function) {
                return Err(ModuleError::ImportTwice { name, offset });
            }
            seen.push(function);
            self.facts.functions.push(ty);
        }
        self.facts.imported = self.facts.functions.len() as u32;
        Ok(())
    }

    fn table(&mut self, reader: wasmparser::TableSectionReader<'_>) -> Result<(), ModuleError> {
        for table in reader.into_iter_with_offsets() {
            let (offset, table) = table?;
            if table.ty.maximum != Some(table.ty.initial) {
                return Err(ModuleError::TableGrows { offset });
            }
            if !table.ty.element_type.is_func_ref() {
                let found = table.ty.element_type.to_string();
                return Err(ModuleError::Type { what: "the table".to_owned(), offset, found });
            }
            self.limit(Limit::TableElements, offset, table.ty.initial, || "elements of the table".to_owned())?;
            self.segments.table_elements = table.ty.initial;
        }
        Ok(())
    }

    fn memory(&mut self, reader: wasmparser::MemorySectionReader<'_>) -> Result<(), ModuleError> {
        let most = self.profile.limits.memory_pages;
        for memory in reader.into_iter_with_offsets() {
            let (offset, memory) = memory?;
            self.limit(Limit::MemoryPages, offset, memory.initial, || "pages of memory".to_owned())?;
            self.facts.initial_pages = memory.initial as u32;
            self.facts.maximum_pages = memory.maximum.unwrap_or(most).min(most) as u32;
            self.segments.memory_bytes = memory.initial * 65_536;
        }
        Ok(())
    }

    fn exports(&mut self, reader: wasmparser::ExportSectionReader<'_>) -> Result<(), ModuleError> {
        for export in reader.into_iter_with_offsets() {
            let (offset, export) = export?;
            let name = export.name.to_owned();
            self.limit(Limit::NameBytes, offset, name.len() as u64, || "the name of an export".to_owned())?;
            if name == GAS_GLOBAL || name == STACK_GLOBAL {
                return Err(ModuleError::ReservedExport { name, offset });
            }
            self.memory_exported |= export.kind == ExternalKind::Memory && name == MEMORY;
            if export.kind == ExternalKind::Func {
                let ty =
                    self.facts.functions.get(export.index as usize).and_then(|ty| self.facts.types.get(*ty as usize));
                if ty.is_some_and(|ty| ty.params().is_empty() && ty.results().is_empty()) {
                    self.facts.entries.push(name);
                }
            }
        }
        Ok(())
    }

    /// Validates one body while it counts: every instruction is looked at before the validator spends time on it.
    fn function(
        &mut self,
        function: FuncToValidate<ValidatorResources>,
        body: &FunctionBody<'_>,
        allocations: FuncValidatorAllocations,
    ) -> Result<FuncValidatorAllocations, ModuleError> {
        let index = self.facts.imported + self.bodies;
        self.bodies += 1;
        let range = body.range();
        let bytes = (range.end - range.start) as u64;
        self.limit(Limit::BodyBytes, range.start, bytes, || format!("the body of function {index}"))?;
        self.locals(body, index, bytes)?;

        let mut validator = function.into_validator(allocations);
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        let (mut nesting, mut blocks, mut height) = (0u64, 0u64, 0u32);
        let mut operators = wasmparser::OperatorsReader::new(reader);
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset()?;
            self.operator(&operator, index, offset)?;
            match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    nesting += 1;
                    blocks += 1;
                    self.totals.blocks += 1;
                    self.totals.loops += u64::from(matches!(operator, Operator::Loop { .. }));
                    let named = |what: &str| format!("{what} of function {index}");
                    self.limit(Limit::Nesting, offset, nesting, || named("nesting"))?;
                    self.limit(Limit::Blocks, offset, blocks, || named("blocks"))?;
                    self.limit(Limit::BlocksTotal, offset, self.totals.blocks, || {
                        "blocks of all functions".to_owned()
                    })?;
                    self.limit(Limit::LoopsTotal, offset, self.totals.loops, || "loops of all functions".to_owned())?;
                }
                Operator::End => nesting = nesting.saturating_sub(1),
                _ => {}
            }
            validator.op(offset, &operator)?;
            height = height.max(validator.operand_stack_height());
            self.limit(Limit::OperandStack, offset, u64::from(height), || format!("operands of function {index}"))?;
        }
        operators.finish()?;
        self.facts.operand_heights.push(height);
        Ok(validator.into_allocations())
    }

    fn locals(&mut self, body: &FunctionBody<'_>, index: u32, bytes: u64) -> Result<(), ModuleError> {
        let params = self.facts.functions.get(index as usize).and_then(|ty| self.facts.types.get(*ty as usize));
        let params = params.map_or(0, |ty| ty.params().len() as u64);
        let mut locals = params;
        let mut reader = body.get_locals_reader()?;
        for _ in 0..reader.get_count() {
            let offset = reader.original_position();
            let (count, ty) = reader.read()?;
            check_type(ty, offset, || format!("a local of function {index}"))?;
            locals += u64::from(count);
            self.limit(Limit::Locals, offset, locals, || format!("locals of function {index}"))?;
        }
        let offset = body.range().start;
        self.totals.locals += locals;
        self.limit(Limit::LocalsTotal, offset, self.totals.locals, || "locals of all functions".to_owned())?;
        let without_code = (locals - params).saturating_sub(bytes / 2);
        self.limit(Limit::LocalsDensity, offset, without_code, || format!("locals without code of function {index}"))
    }

    fn operator(&self, operator: &Operator<'_>, function: u32, offset: Offset) -> Result<(), ModuleError> {
        if operator_cost(operator).is_none() {
            let text = format!("{operator:?}");
            let instruction = text.split([' ', '{', '(']).next().unwrap_or_default().to_owned();
            return Err(ModuleError::Instruction { function, offset, instruction });
        }
        match operator {
            Operator::BrTable { targets } => self.limit(Limit::BrTable, offset, u64::from(targets.len()), || {
                format!("branch targets in function {function}")
            }),
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => match blockty {
                wasmparser::BlockType::Type(ty) => {
                    check_type(*ty, offset, || format!("a block of function {function}"))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn finish(mut self) -> Result<Facts, ModuleError> {
        if !self.memory_exported {
            return Err(ModuleError::NoMemory);
        }
        self.segments.check()?;
        self.facts.entries.sort();
        Ok(self.facts)
    }
}

/// Whether a type is the one of a host call: its parameters, and one `i64` result.
fn has_signature(ty: &FuncType, function: HostFunction) -> bool {
    let params = function.params().iter().map(|(_, param)| match param {
        Param::U32 => ValType::I32,
        Param::U64 => ValType::I64,
    });
    ty.params().iter().copied().eq(params) && ty.results() == [ValType::I64]
}

fn check_type(ty: ValType, offset: Offset, what: impl FnOnce() -> String) -> Result<(), ModuleError> {
    match ty {
        ValType::I32 | ValType::I64 => Ok(()),
        _ => Err(ModuleError::Type { what: what(), offset, found: ty.to_string() }),
    }
}
