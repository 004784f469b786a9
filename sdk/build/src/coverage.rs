//! Coverage of contract code: a module that tells its host which places were reached, and which source lines lie there.
//!
//! At the beginning of every stretch of code that is executed as a whole, a call of `debug_log` is put in, with the number
//! of the stretch as the pointer and no bytes. Chains of tests take such calls for themselves (`counterpart_testing`).

use crate::BuildError;
use addr2line::Context;
use addr2line::gimli::{self, EndianSlice, LittleEndian};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::convert::Infallible;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, EntityType, ImportSection, Instruction, Module, TypeSection, ValType};
use wasmparser::{FunctionBody, ImportSectionReader, Parser, Payload, TypeRef, TypeSectionReader};

/// A source line: the file as the compiler names it, and its number.
pub type Line = (String, u32);

/// A module that tells what is reached.
#[derive(Clone, Debug)]
pub struct Covering {
    /// The module, its custom sections as they were.
    pub wasm: Vec<u8>,
    /// Lines of each stretch of code, by its number.
    pub stretches: Vec<BTreeSet<Line>>,
}

impl Covering {
    /// The lines as JSON: for each stretch a list of `[file, line]`.
    pub fn to_json(&self) -> Value {
        let stretch = |lines: &BTreeSet<Line>| lines.iter().map(|(file, line)| json!([file, line])).collect::<Value>();
        self.stretches.iter().map(stretch).collect()
    }
}

/// Puts the calls in.
///
/// # Errors
/// [`BuildError::NotAContract`] when the module cannot be parsed or carries no line numbers.
pub fn cover(package: &str, wasm: &[u8]) -> Result<Covering, BuildError> {
    let broken = |cause: String| BuildError::NotAContract { package: package.to_owned(), cause };
    let facts = Facts::of(wasm).map_err(|error| broken(error.to_string()))?;
    let lines = facts.lines().map_err(|error| broken(error.to_string()))?;
    let mut writer = Writer { facts: &facts, lines, stretches: Vec::new() };
    let mut module = Module::new();
    let written = writer.parse_core_module(&mut module, Parser::new(0), wasm);
    written.map_err(|error| broken(error.to_string()))?;
    if writer.stretches.iter().all(BTreeSet::is_empty) {
        return Err(broken("the module carries no line numbers".into()));
    }
    Ok(Covering { wasm: module.finish(), stretches: writer.stretches })
}

/// What has to be known before the module is written anew.
struct Facts<'a> {
    types: u32,
    imported: u32,
    /// Where the code section's content begins; DWARF counts from there.
    code: usize,
    debug: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Facts<'a> {
    fn of(wasm: &'a [u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut facts = Self { types: 0, imported: 0, code: 0, debug: Vec::new() };
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => facts.types = section.count(),
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        facts.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionStart { range, .. } => facts.code = range.start,
                Payload::CustomSection(section) => facts.debug.push((section.name(), section.data())),
                _ => {}
            }
        }
        Ok(facts)
    }

    fn lines(&self) -> Result<Context<EndianSlice<'a, LittleEndian>>, gimli::Error> {
        let section = |name: &str| self.debug.iter().find(|(own, _)| *own == name).map_or(&[][..], |(_, data)| data);
        let dwarf = gimli::Dwarf::load(|id| Ok::<_, gimli::Error>(EndianSlice::new(section(id.name()), LittleEndian)))?;
        Context::from_dwarf(dwarf)
    }
}

struct Writer<'a> {
    facts: &'a Facts<'a>,
    lines: Context<EndianSlice<'a, LittleEndian>>,
    stretches: Vec<BTreeSet<Line>>,
}

impl Writer<'_> {
    /// Lines of the code between two places of the file.
    fn lines_between(&self, start: usize, end: usize) -> BTreeSet<Line> {
        let address = |place: usize| (place - self.facts.code) as u64;
        let ranges = self.lines.find_location_range(address(start), address(end)).ok().into_iter().flatten();
        let of = |(_, _, place): (u64, u64, addr2line::Location<'_>)| Some((place.file?.to_owned(), place.line?));
        // Line 0 is code that comes from no line.
        ranges.filter_map(of).filter(|(_, line)| *line > 0).collect()
    }

    fn close(&mut self, start: usize, end: usize) {
        let lines = if start < end { self.lines_between(start, end) } else { BTreeSet::new() };
        self.stretches.push(lines);
    }
}

/// Whether what follows an instruction may be executed another number of times than what stands before it.
fn ends_a_stretch(instruction: &Instruction<'_>) -> bool {
    use Instruction::{Br, BrIf, BrTable, Call, CallIndirect, Else, End, If, Loop, Return, Unreachable};
    // Calls too: the host may not come back.
    matches!(
        instruction,
        Loop(_)
            | If(_)
            | Else
            | End
            | Br(_)
            | BrIf(_)
            | BrTable(..)
            | Call(_)
            | CallIndirect { .. }
            | Return
            | Unreachable
    )
}

impl Reencode for Writer<'_> {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, reencode::Error> {
        Ok(if function < self.facts.imported { function } else { function + 1 })
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
        imports.import(counterpart_host_functions::IMPORT_MODULE, "debug_log", EntityType::Function(self.facts.types));
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), reencode::Error> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut reader = body.get_operators_reader()?;
        let mut start = reader.original_position();
        let mut begins = true;
        while !reader.eof() {
            if begins {
                function.instruction(&Instruction::I32Const(self.stretches.len() as i32));
                function.instruction(&Instruction::I32Const(0));
                function.instruction(&Instruction::Call(self.facts.imported));
                function.instruction(&Instruction::Drop);
            }
            let instruction = self.parse_instruction(&mut reader)?;
            function.instruction(&instruction);
            begins = ends_a_stretch(&instruction);
            if begins || reader.eof() {
                self.close(start, reader.original_position());
                start = reader.original_position();
            }
        }
        code.function(&function);
        Ok(())
    }
}
