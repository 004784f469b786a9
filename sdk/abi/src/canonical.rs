//! One order for what linkers order as it comes: types, imports, functions, exports.
//!
//! Symbols carry a hash of the folder that a crate lies in, and the linker sorts by symbols: the same contract built in
//! another folder has the same functions in another order. Here they are put in the order in which they are reached from
//! the exports, so that whoever builds a contract again gets the same bytes.

use alloc::vec::Vec;
use wasmparser::{BinaryReaderError, BlockType, ElementItems, ExternalKind, Operator, Parser, Payload, TypeRef};

/// What stands where: old indices in their new order.
#[derive(Default)]
pub struct Order {
    /// Types that are used.
    pub types: Vec<u32>,
    /// Functions, imported ones first.
    pub functions: Vec<u32>,
    /// How many of them are imported.
    pub imported: u32,
}

impl Order {
    /// The new index of a function.
    pub fn function(&self, old: u32) -> u32 {
        position(&self.functions, old)
    }

    /// The new index of a type.
    pub fn ty(&self, old: u32) -> u32 {
        position(&self.types, old)
    }

    /// Old indices of the functions that the module defines, in their new order, counted without imports.
    pub fn defined(&self) -> impl Iterator<Item = usize> {
        self.functions.iter().skip(self.imported as usize).map(|old| (old - self.imported) as usize)
    }

    /// Works the order of a module out.
    pub fn of(wasm: &[u8]) -> Result<Self, BinaryReaderError> {
        let facts = Facts::of(wasm)?;
        let mut order = Self { imported: facts.imports.len() as u32, ..Self::default() };
        let mut imports: Vec<u32> = (0..order.imported).collect();
        imports.sort_by_key(|index| facts.imports[*index as usize].0);
        order.functions = imports;
        let mut roots: Vec<(&str, u32)> = facts.exports.clone();
        roots.sort_unstable();
        for root in roots.into_iter().map(|(_, function)| function).chain(facts.table.iter().copied()) {
            order.reach(root, &facts);
        }
        // Nothing should be left; if something is, it keeps its place among the rest.
        let all = order.imported + facts.bodies.len() as u32;
        (0..all).for_each(|function| order.reach(function, &facts));
        for function in order.functions.clone() {
            let Some(defined) = function.checked_sub(order.imported).map(|index| index as usize) else {
                facts.imports.get(function as usize).iter().for_each(|(_, ty)| order.use_type(*ty));
                continue;
            };
            let named = facts.bodies.get(defined).map_or(&[][..], |body| &body.types);
            facts.types.get(defined).into_iter().chain(named).for_each(|ty| order.use_type(*ty));
        }
        Ok(order)
    }

    fn use_type(&mut self, ty: u32) {
        if !self.types.contains(&ty) {
            self.types.push(ty);
        }
    }

    /// Appends a function and what it calls, in the order of the calls.
    fn reach(&mut self, function: u32, facts: &Facts<'_>) {
        let mut waiting = alloc::vec![function];
        while let Some(function) = waiting.pop() {
            // What is not there is for validation to refuse.
            let there = (function as usize) < facts.imports.len() + facts.bodies.len();
            if !there || self.functions.contains(&function) {
                continue;
            }
            self.functions.push(function);
            if let Some(body) = function.checked_sub(self.imported).and_then(|index| facts.bodies.get(index as usize)) {
                waiting.extend(body.calls.iter().rev());
            }
        }
    }
}

fn position(order: &[u32], old: u32) -> u32 {
    // An index that is not there is one that validation refuses; it stays so.
    order.iter().position(|own| *own == old).map_or(old, |index| index as u32)
}

/// What a function's body names, in order.
#[derive(Default)]
struct Body {
    calls: Vec<u32>,
    types: Vec<u32>,
}

#[derive(Default)]
struct Facts<'a> {
    imports: Vec<((&'a str, &'a str), u32)>,
    /// Types of the functions that are defined.
    types: Vec<u32>,
    exports: Vec<(&'a str, u32)>,
    table: Vec<u32>,
    bodies: Vec<Body>,
}

impl<'a> Facts<'a> {
    fn of(wasm: &'a [u8]) -> Result<Self, BinaryReaderError> {
        let mut facts = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        if let TypeRef::Func(ty) = import.ty {
                            facts.imports.push(((import.module, import.name), ty));
                        }
                    }
                }
                Payload::FunctionSection(section) => facts.types = section.into_iter().collect::<Result<_, _>>()?,
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            facts.exports.push((export.name, export.index));
                        }
                    }
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        if let ElementItems::Functions(functions) = element?.items {
                            facts.table.extend(functions.into_iter().collect::<Result<Vec<u32>, _>>()?);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    let mut named = Body::default();
                    for operator in body.get_operators_reader()? {
                        match operator? {
                            Operator::Call { function_index } | Operator::RefFunc { function_index } => {
                                named.calls.push(function_index);
                            }
                            Operator::CallIndirect { type_index, .. } => named.types.push(type_index),
                            Operator::Block { blockty: BlockType::FuncType(ty) }
                            | Operator::Loop { blockty: BlockType::FuncType(ty) }
                            | Operator::If { blockty: BlockType::FuncType(ty) } => named.types.push(ty),
                            _ => {}
                        }
                    }
                    facts.bodies.push(named);
                }
                _ => {}
            }
        }
        Ok(facts)
    }
}
