//! Names and source lines of compiled contracts, as `counterpart build` writes them beside the Wasm.

use counterpart_ledger::Hash;
use serde::Deserialize;
use serde_json::{Value, json};

/// A source line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Line {
    /// The file, from the folder that was built.
    pub file: String,
    /// Its number, from 1.
    pub line: u32,
}

/// Where the instructions of one code come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceMap {
    /// The code.
    pub code_hash: Hash,
    files: Vec<String>,
    functions: Vec<Function>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Function {
    name: String,
    /// For each instruction the file's number, from 1, and the line; 0 for none.
    lines: Vec<(u32, u32)>,
}

/// Why a file is no source map.
#[derive(Debug, thiserror::Error)]
#[error("not a source map: {0}")]
pub struct SourceError(String);

/// Most instructions of a module: one takes a byte at least.
const MAX_INSTRUCTIONS: u64 = 1 << 20;

#[derive(Deserialize)]
struct Document {
    code_hash: String,
    files: Vec<String>,
    functions: Vec<FunctionDocument>,
}

#[derive(Deserialize)]
struct FunctionDocument {
    name: String,
    /// Runs of instructions: how many, the file's number, the line.
    lines: Vec<(u64, u32, u32)>,
}

impl SourceMap {
    /// Reads what `counterpart build` wrote.
    ///
    /// # Errors
    /// [`SourceError`] when it is something else.
    pub fn from_json(text: &str) -> Result<Self, SourceError> {
        let document: Document = serde_json::from_str(text).map_err(|error| SourceError(error.to_string()))?;
        let code_hash = Hash::from_hex(&document.code_hash).ok_or_else(|| SourceError("its code hash".into()))?;
        let mut instructions = 0;
        let mut functions = Vec::with_capacity(document.functions.len());
        for function in document.functions {
            let mut lines = Vec::new();
            for (count, file, line) in function.lines {
                instructions = u64::saturating_add(instructions, count);
                if instructions > MAX_INSTRUCTIONS || file as usize > document.files.len() {
                    return Err(SourceError("more instructions or files than there can be".into()));
                }
                lines.extend(std::iter::repeat_n((file, line), count as usize));
            }
            functions.push(Function { name: function.name, lines });
        }
        Ok(Self { code_hash, files: document.files, functions })
    }

    /// What [`SourceMap::from_json`] reads.
    pub fn to_json(&self) -> String {
        let functions = self.functions.iter().map(|function| {
            let mut runs: Vec<(u64, u32, u32)> = Vec::new();
            for (file, line) in &function.lines {
                match runs.last_mut() {
                    Some((count, last_file, last_line)) if (*last_file, *last_line) == (*file, *line) => *count += 1,
                    _ => runs.push((1, *file, *line)),
                }
            }
            json!({ "name": function.name, "lines": runs })
        });
        let code_hash = self.code_hash.to_string();
        json!({ "code_hash": code_hash, "files": self.files, "functions": functions.collect::<Value>() }).to_string()
    }

    /// The name of one of the module's own functions, as its author wrote it.
    pub fn function(&self, function: u32) -> Option<&str> {
        let name = self.functions.get(function as usize)?.name.as_str();
        (!name.is_empty()).then_some(name)
    }

    /// The line of an instruction.
    pub fn line(&self, function: u32, operator: u32) -> Option<Line> {
        let (file, line) = *self.functions.get(function as usize)?.lines.get(operator as usize)?;
        let file = self.files.get(file.checked_sub(1)? as usize)?.clone();
        Some(Line { file, line })
    }

    /// The first line that a function has at all.
    pub fn first_line(&self, function: u32) -> Option<Line> {
        let operators = self.functions.get(function as usize)?.lines.len() as u32;
        (0..operators).find_map(|operator| self.line(function, operator))
    }

    /// Every line that instructions come from.
    pub fn lines(&self) -> std::collections::BTreeSet<Line> {
        let all = self.functions.iter().flat_map(|function| &function.lines);
        let line = |(file, line): &(u32, u32)| {
            let file = self.files.get(file.checked_sub(1)? as usize)?.clone();
            Some(Line { file, line: *line })
        };
        all.filter_map(line).collect()
    }
}
