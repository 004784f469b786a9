//! Which source line every instruction of a finished contract comes from.
//!
//! Contracts are compiled with line numbers, which finishing drops: it keeps every function's instructions and only puts
//! functions in another order, so that the lines can be told by function and instruction.

use crate::BuildError;
use crate::coverage::Line;
use addr2line::Context;
use addr2line::gimli::{self, EndianSlice, LittleEndian};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wasmparser::{KnownCustom, Name, Parser, Payload};

/// A function of the finished module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FunctionLines {
    /// Its name in the source.
    pub name: String,
    /// The line of each instruction, where there is one.
    pub lines: Vec<Option<Line>>,
}

/// Names and lines of the functions that a module defines, in the order of the finished module.
///
/// Where code was put in from elsewhere, its line is that of the package, in `folder` of what was built, into which it was
/// put; else one of the same workspace; else its own.
///
/// # Errors
/// [`BuildError::NotAContract`] when the module cannot be parsed or carries no line numbers.
pub fn lines(package: &str, folder: &str, raw: &[u8]) -> Result<Vec<FunctionLines>, BuildError> {
    let broken = |cause: String| BuildError::NotAContract { package: package.to_owned(), cause };
    let functions = of_raw(folder, raw).map_err(broken)?;
    let order = counterpart_abi::build::function_order(raw).map_err(|error| broken(error.to_string()))?;
    let ordered: Vec<FunctionLines> =
        order.into_iter().map(|index| functions.get(index).cloned().unwrap_or_default()).collect();
    if ordered.iter().all(|function| function.lines.iter().all(Option::is_none)) {
        return Err(broken("the module carries no line numbers".into()));
    }
    Ok(ordered)
}

/// In the order of the module itself.
fn of_raw(folder: &str, raw: &[u8]) -> Result<Vec<FunctionLines>, String> {
    let (mut debug, mut names, mut bodies) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let (mut start, mut imported) = (0, 0);
    for payload in Parser::new(0).parse_all(raw) {
        match payload.map_err(|error| error.to_string())? {
            Payload::ImportSection(section) => {
                let functions = section.into_imports().flatten();
                imported = functions.filter(|import| matches!(import.ty, wasmparser::TypeRef::Func(_))).count() as u32;
            }
            Payload::CodeSectionStart { range, .. } => start = range.start,
            Payload::CodeSectionEntry(body) => bodies.push(body),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(reader) = section.as_known() {
                    for name in reader.into_iter().flatten() {
                        let Name::Function(map) = name else { continue };
                        names.extend(map.into_iter().flatten().map(|naming| (naming.index, naming.name.to_owned())));
                    }
                }
                debug.insert(section.name(), section.data());
            }
            _ => {}
        }
    }
    let section = |name: &str| debug.get(name).copied().unwrap_or_default();
    let dwarf = gimli::Dwarf::load(|id| Ok::<_, gimli::Error>(EndianSlice::new(section(id.name()), LittleEndian)));
    let context = dwarf.and_then(Context::from_dwarf).map_err(|error| error.to_string())?;
    let mut functions = Vec::with_capacity(bodies.len());
    for (index, body) in bodies.iter().enumerate() {
        let name = names.get(&(imported + index as u32));
        let name = name.map(|name| format!("{:#}", rustc_demangle::demangle(name))).unwrap_or_default();
        let mut lines = Vec::new();
        let operators = body.get_operators_reader().map_err(|error| error.to_string())?;
        for operator in operators.into_iter_with_offsets() {
            let (_, offset) = operator.map_err(|error| error.to_string())?;
            lines.push(line_at(&context, folder, (offset - start) as u64));
        }
        functions.push(FunctionLines { name, lines });
    }
    Ok(functions)
}

fn line_at(context: &Context<EndianSlice<'_, LittleEndian>>, folder: &str, address: u64) -> Option<Line> {
    let mut frames = context.find_frames(address).skip_all_loads().ok()?;
    let own = if folder.is_empty() { "/contract/".to_owned() } else { format!("/contract/{folder}/") };
    let mut best: Option<(u8, Line)> = None;
    while let Ok(Some(frame)) = frames.next() {
        let Some(place) = frame.location else { continue };
        // Line 0 is code that comes from no line.
        let (Some(file), Some(line)) = (place.file, place.line.filter(|line| *line > 0)) else { continue };
        let rank = if file.starts_with(&own) { 2 } else { u8::from(file.starts_with("/contract/")) };
        if best.as_ref().is_none_or(|(known, _)| rank > *known) {
            // Files of the package and its workspace are named from the folder that is built.
            best = Some((rank, (file.strip_prefix("/contract/").unwrap_or(file).to_owned(), line)));
        }
    }
    best.map(|(_, line)| line)
}

/// The document that auditors' tools read: the code's hash, files, and for each function its name and the lines of its
/// instructions as `[instructions, file, line]`, file 0 for none.
pub fn to_json(code_hash: &str, functions: &[FunctionLines]) -> Value {
    let mut files: Vec<&str> = Vec::new();
    let mut documents = Vec::with_capacity(functions.len());
    for function in functions {
        let mut runs: Vec<(u64, usize, u32)> = Vec::new();
        for line in &function.lines {
            let (file, line) = match line {
                None => (0, 0),
                Some((file, line)) => {
                    let known = files.iter().position(|known| known == file);
                    let index = known.unwrap_or_else(|| {
                        files.push(file);
                        files.len() - 1
                    });
                    (index + 1, *line)
                }
            };
            match runs.last_mut() {
                Some((count, last_file, last_line)) if (*last_file, *last_line) == (file, line) => *count += 1,
                _ => runs.push((1, file, line)),
            }
        }
        documents.push(json!({ "name": function.name, "lines": runs }));
    }
    json!({ "code_hash": code_hash, "files": files, "functions": documents })
}
