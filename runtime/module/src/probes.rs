//! Probes: calls of the host at every place where gas is charged, and what is known of these places.
//!
//! They come from the same pass that meters, so that they and the gas agree by construction. A module that does not import
//! what they call is given the import first, as the last of its imports; nothing of it is charged.

use crate::body::Body;
use crate::error::{Limits, ModuleError};
use crate::instrument::{instrument, internal};
use crate::profile::Profile;
use crate::validate::validate;
use counterpart_host_functions::IMPORT_MODULE;
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{EntityType, ImportSection, Module, TypeSection, ValType};
use wasmparser::{ImportSectionReader, Parser, Payload, TypeRef, TypeSectionReader};

/// The length by which a call of `debug_log` is a probe; its pointer is the number of the point. No memory is as long.
pub const PROBE: u32 = u32::MAX;

/// The import that probes call.
const NAME: &str = "debug_log";

/// Everything that is known of a module's places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Probes {
    /// By the number that a probe tells.
    pub points: Vec<Point>,
    /// The module's own functions, in its order.
    pub functions: Vec<PlannedFunction>,
}

/// A place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// Index among the module's own functions.
    pub function: u32,
    /// What happens there.
    pub kind: PointKind,
}

/// What has just happened when a probe tells its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PointKind {
    /// The function was entered; its entry and block 0 are charged.
    Enter,
    /// A metered block begins and is charged.
    Block {
        /// Its number in the function.
        block: u32,
    },
    /// A branch out of a block was taken; what it leaves out is given back.
    Back {
        /// Index of the branch in the function.
        operator: u32,
    },
    /// An instruction is about to run and was charged by its operand.
    Dynamic {
        /// Its index in the function.
        operator: u32,
    },
    /// A function or the host is about to be called.
    Call {
        /// Index of the call in the function.
        operator: u32,
    },
    /// The function is about to return.
    Leave,
}

/// A function of the module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedFunction {
    /// Its index in the module, imports counted.
    pub index: u32,
    /// Gas of entering it.
    pub entry: u64,
    /// Its instructions.
    pub operators: Vec<PlannedOperator>,
}

/// An instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlannedOperator {
    /// Bytes from the beginning of the code section's content; what DWARF counts by.
    pub offset: u32,
    /// Its name, as the costs have it.
    pub name: &'static str,
    /// Its gas.
    pub cost: u64,
    /// The metered block that it is charged with.
    pub block: u32,
    /// For a branch that gives back: the instruction up to which it does.
    pub until: u32,
}

impl Probes {
    /// Instructions of a block, by their indices.
    pub fn block(&self, function: u32, block: u32) -> impl Iterator<Item = (u32, &PlannedOperator)> {
        let operators = self.functions.get(function as usize).map_or(&[][..], |function| &function.operators);
        operators
            .iter()
            .enumerate()
            .map(|(index, operator)| (index as u32, operator))
            .filter(move |(_, operator)| operator.block == block)
    }

    /// Instructions whose gas a branch gives back.
    pub fn given_back(&self, function: u32, branch: u32) -> impl Iterator<Item = (u32, &PlannedOperator)> {
        let operators = self.functions.get(function as usize).map_or(&[][..], |function| &function.operators);
        let (block, until) = operators.get(branch as usize).map_or((0, 0), |operator| (operator.block, operator.until));
        self.block(function, block).filter(move |(index, _)| (branch + 1..until).contains(index))
    }
}

/// Gathers the points while functions are written.
pub(crate) struct ProbeWriter {
    /// The function that probes call.
    pub(crate) import: u32,
    /// Functions that the module itself imports.
    imported: u32,
    offsets: Vec<Vec<u32>>,
    probes: Probes,
}

impl ProbeWriter {
    pub(crate) fn begin_function(&mut self, body: &Body<'_>) {
        let own = self.probes.functions.len();
        let offsets = self.offsets.get(own).map_or(&[][..], Vec::as_slice);
        let (entry, operators) = body.plan(offsets);
        self.probes.functions.push(PlannedFunction { index: self.imported + own as u32, entry, operators });
    }

    /// The number of a new point in the function that is being written.
    pub(crate) fn point(&mut self, kind: PointKind) -> u32 {
        let function = self.probes.functions.len().saturating_sub(1) as u32;
        self.probes.points.push(Point { function, kind });
        self.probes.points.len() as u32 - 1
    }
}

/// Writes a module that validation accepted with probes.
pub(crate) fn insert(bytes: &[u8], profile: &Profile) -> Result<(Vec<u8>, Probes), ModuleError> {
    // What is added must not make a module too large.
    let most = u64::from(u32::MAX);
    let limits =
        Limits { imports: most, types: most, module_bytes: most, metered_bytes: most, ..profile.limits.clone() };
    let roomy = Profile { limits, ..profile.clone() };
    let importing = Importing::of(bytes)?;
    let (import, imported) = (importing.existing.unwrap_or(importing.imported), importing.imported);
    let extended = importing.extend(bytes)?;
    let facts = validate(&extended, &roomy)?;
    let mut writer = ProbeWriter {
        import,
        imported,
        offsets: offsets(bytes)?,
        probes: Probes { points: Vec::new(), functions: Vec::new() },
    };
    let wasm = instrument(&extended, &facts, &roomy, Some(&mut writer))?;
    Ok((wasm, writer.probes))
}

/// Where each instruction of each function stands.
fn offsets(bytes: &[u8]) -> Result<Vec<Vec<u32>>, ModuleError> {
    let (mut functions, mut start) = (Vec::new(), 0);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::CodeSectionStart { range, .. } => start = range.start,
            Payload::CodeSectionEntry(body) => {
                let mut offsets = Vec::new();
                for operator in body.get_operators_reader()?.into_iter_with_offsets() {
                    let (_, offset) = operator?;
                    offsets.push((offset - start) as u32);
                }
                functions.push(offsets);
            }
            _ => {}
        }
    }
    Ok(functions)
}

/// Writes a module again with the import that probes call.
struct Importing {
    types: u32,
    imported: u32,
    has_imports: bool,
    /// Where the module has it already.
    existing: Option<u32>,
}

impl Importing {
    fn of(bytes: &[u8]) -> Result<Self, ModuleError> {
        let mut own = Self { types: 0, imported: 0, has_imports: false, existing: None };
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(section) => own.types = section.count(),
                Payload::ImportSection(section) => {
                    own.has_imports = true;
                    for import in section.into_imports() {
                        let import = import?;
                        if import.name == NAME {
                            own.existing = Some(own.imported);
                        }
                        own.imported += u32::from(matches!(import.ty, TypeRef::Func(_)));
                    }
                }
                _ => {}
            }
        }
        Ok(own)
    }

    fn extend(mut self, bytes: &[u8]) -> Result<Vec<u8>, ModuleError> {
        if self.existing.is_some() {
            return Ok(bytes.to_vec());
        }
        let mut module = Module::new();
        self.parse_core_module(&mut module, Parser::new(0), bytes).map_err(internal)?;
        Ok(module.finish())
    }

    fn import(&self, imports: &mut ImportSection) {
        imports.import(IMPORT_MODULE, NAME, EntityType::Function(self.types));
    }
}

impl Reencode for Importing {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error> {
        Ok(if function < self.imported { function } else { function + 1 })
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        after: Option<wasm_encoder::SectionId>,
        _before: Option<wasm_encoder::SectionId>,
    ) -> Result<(), reencode::Error> {
        if after == Some(wasm_encoder::SectionId::Type) && !self.has_imports {
            self.has_imports = true;
            let mut imports = ImportSection::new();
            self.import(&mut imports);
            module.section(&imports);
        }
        Ok(())
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32, ValType::I32], [ValType::I64]);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        reencode::utils::parse_import_section(self, imports, section)?;
        self.import(imports);
        Ok(())
    }

    /// Nothing of them is asked of a module with probes.
    fn parse_custom_section(
        &mut self,
        _module: &mut Module,
        _section: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        Ok(())
    }
}
