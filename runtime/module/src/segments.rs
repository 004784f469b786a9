//! Data and element segments: where they go is known before the module ever runs.

use crate::error::{ModuleError, Offset};
use wasmparser::{ConstExpr, DataKind, ElementItems, ElementKind, Operator};

struct Segment {
    index: u32,
    offset: Offset,
    start: u32,
    length: u64,
}

/// Segments seen so far, and what they have to fit into.
#[derive(Default)]
pub struct Segments {
    /// Bytes of the memory at the start.
    pub memory_bytes: u64,
    /// Elements of the table.
    pub table_elements: u64,
    data: Vec<Segment>,
    elements: Vec<Segment>,
}

impl Segments {
    /// Notes the active data segments.
    pub fn data(&mut self, reader: wasmparser::DataSectionReader<'_>) -> Result<(), ModuleError> {
        for (index, data) in reader.into_iter_with_offsets().enumerate() {
            let (offset, data) = data?;
            if let DataKind::Active { offset_expr, .. } = data.kind {
                let start = evaluate(&offset_expr)?;
                self.data.push(Segment { index: index as u32, offset, start, length: data.data.len() as u64 });
            }
        }
        Ok(())
    }

    /// Notes the element segments; only active ones with function indices exist.
    pub fn elements(&mut self, reader: wasmparser::ElementSectionReader<'_>) -> Result<(), ModuleError> {
        for (index, element) in reader.into_iter_with_offsets().enumerate() {
            let (offset, element) = element?;
            let index = index as u32;
            let (ElementKind::Active { offset_expr, .. }, ElementItems::Functions(items)) =
                (element.kind, element.items)
            else {
                return Err(ModuleError::ElementKind { index, offset });
            };
            let start = evaluate(&offset_expr)?;
            self.elements.push(Segment { index, offset, start, length: u64::from(items.count()) });
        }
        Ok(())
    }

    /// Checks that every segment lies within what it fills.
    pub fn check(&self) -> Result<(), ModuleError> {
        let fits = |segments: &[Segment], size: u64| {
            segments.iter().find(|segment| u64::from(segment.start) + segment.length > size).map_or(Ok(()), |segment| {
                let end = u64::from(segment.start) + segment.length;
                Err(ModuleError::Segment { index: segment.index, offset: segment.offset, end, size })
            })
        };
        fits(&self.data, self.memory_bytes)?;
        fits(&self.elements, self.table_elements)
    }
}

/// The value of an offset expression: constants with `i32` arithmetic (extended-const); the validator has seen it.
fn evaluate(expression: &ConstExpr<'_>) -> Result<u32, ModuleError> {
    let mut stack: Vec<i32> = Vec::new();
    let mut reader = expression.get_operators_reader();
    let malformed = |offset: Offset| ModuleError::Malformed { offset, message: "offset expression".to_owned() };
    while !reader.eof() {
        let (operator, offset) = reader.read_with_offset()?;
        let binary = |stack: &mut Vec<i32>, apply: fn(i32, i32) -> i32| {
            let (right, left) = (stack.pop()?, stack.pop()?);
            stack.push(apply(left, right));
            Some(())
        };
        match operator {
            Operator::I32Const { value } => stack.push(value),
            Operator::I32Add => binary(&mut stack, i32::wrapping_add).ok_or_else(|| malformed(offset))?,
            Operator::I32Sub => binary(&mut stack, i32::wrapping_sub).ok_or_else(|| malformed(offset))?,
            Operator::I32Mul => binary(&mut stack, i32::wrapping_mul).ok_or_else(|| malformed(offset))?,
            Operator::End => break,
            _ => return Err(malformed(offset)),
        }
    }
    stack.pop().map(|value| value as u32).ok_or_else(|| malformed(0))
}
