//! Injects the gas and stack counters. The rules are written down in `docs/spec/metering.md`.

use crate::cost::{self, operator_cost};
use crate::error::{Limit, ModuleError};
use crate::prepared::{GAS_GLOBAL, STACK_GLOBAL};
use crate::profile::Profile;
use crate::validate::Facts;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType, Instruction,
    MemorySection, MemoryType, Module, RawSection, ValType,
};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

/// Changes with every change of what the instrumenter emits or charges.
pub const METERING_VERSION: u32 = 1;

/// Rewrites a module that validation accepted.
pub fn instrument(bytes: &[u8], facts: &Facts, profile: &Profile) -> Result<Vec<u8>, ModuleError> {
    let mut module = Module::new();
    let mut code = CodeSection::new();
    let mut globals_written = false;
    let mut defined = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::CustomSection(_) => {}
            Payload::MemorySection(_) => {
                let mut memories = MemorySection::new();
                memories.memory(MemoryType {
                    minimum: u64::from(facts.initial_pages),
                    maximum: Some(u64::from(facts.maximum_pages)),
                    memory64: false,
                    shared: false,
                    page_size_log2: None,
                });
                module.section(&memories);
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
                let mut exports = ExportSection::new();
                RoundtripReencoder.parse_export_section(&mut exports, reader.clone()).map_err(internal)?;
                exports.export(GAS_GLOBAL, ExportKind::Global, facts.globals);
                exports.export(STACK_GLOBAL, ExportKind::Global, facts.globals + 1);
                module.section(&exports);
            }
            Payload::CodeSectionEntry(body) => {
                code.function(&Body::new(body, facts, defined)?.emit()?);
                defined += 1;
                if code.len() as usize == facts.functions.len() - facts.imported as usize {
                    module.section(&code);
                }
            }
            Payload::CodeSectionStart { count: 0, .. } => {
                module.section(&code);
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

fn with_counters(mut globals: GlobalSection) -> GlobalSection {
    let counter = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
    globals.global(counter, &ConstExpr::i64_const(0));
    globals.global(counter, &ConstExpr::i64_const(0));
    globals
}

/// What the re-encoder says of bytes that the validator accepted; kept as a refusal so that nothing here can panic.
fn internal<E: core::fmt::Display>(error: wasm_encoder::reencode::Error<E>) -> ModuleError {
    ModuleError::Malformed { offset: 0, message: format!("cannot be re-encoded: {error}") }
}

/// Where the comparison with zero stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    /// Here.
    Now,
    /// At the next function entry, loop head or host call.
    Later,
}

struct Body<'a> {
    operators: Vec<Operator<'a>>,
    locals: Vec<(u32, ValType)>,
    /// Gas of each metered block, in the order in which they begin.
    blocks: Vec<u64>,
    gas: u32,
    stack: u32,
    /// Slots of the frame.
    slots: u64,
    /// Gas of entering.
    entry: u64,
    /// The extra local for lengths.
    length: u32,
    result: BlockType,
}

/// Whether the instruction ends a metered block.
fn ends_block(operator: &Operator<'_>) -> bool {
    use Operator::*;
    matches!(
        operator,
        Loop { .. } | If { .. } | Else | End | Br { .. } | BrIf { .. } | BrTable { .. } | Return | Unreachable
    )
}

/// Whether the instruction is charged by its topmost operand too.
fn is_dynamic(operator: &Operator<'_>) -> bool {
    use Operator::*;
    matches!(operator, MemoryCopy { .. } | MemoryFill { .. } | MemoryInit { .. } | MemoryGrow { .. })
}

impl<'a> Body<'a> {
    fn new(body: &FunctionBody<'a>, facts: &Facts, defined: usize) -> Result<Self, ModuleError> {
        let ty = &facts.types[facts.functions[facts.imported as usize + defined] as usize];
        let params = ty.params().len() as u64;
        let mut locals = Vec::new();
        let mut extra = 0;
        for local in body.get_locals_reader()? {
            let (count, ty) = local?;
            extra += u64::from(count);
            locals.push((count, if ty == wasmparser::ValType::I64 { ValType::I64 } else { ValType::I32 }));
        }
        let operators = body.get_operators_reader()?.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut blocks = vec![0];
        for operator in &operators {
            let current = blocks.last_mut().expect("begins with one");
            *current += operator_cost(operator).unwrap_or(0);
            if ends_block(operator) {
                blocks.push(0);
            }
        }
        if operators.iter().any(is_dynamic) {
            locals.push((1, ValType::I32));
        }
        Ok(Self {
            operators,
            locals,
            blocks,
            gas: facts.globals,
            stack: facts.globals + 1,
            slots: params + extra + u64::from(facts.operand_heights[defined]) + cost::FRAME_SLOTS,
            entry: cost::FUNCTION_ENTRY + cost::LOCAL * extra,
            length: (params + extra) as u32,
            result: match ty.results() {
                [] => BlockType::Empty,
                [wasmparser::ValType::I64] => BlockType::Result(ValType::I64),
                _ => BlockType::Result(ValType::I32),
            },
        })
    }

    fn emit(self) -> Result<Function, ModuleError> {
        let mut out = Function::new(self.locals.iter().copied());
        let mut blocks = self.blocks.iter().copied();
        self.charge(&mut out, self.entry + blocks.next().unwrap_or(0), Check::Now);
        out.instruction(&Instruction::GlobalGet(self.stack));
        out.instruction(&Instruction::I64Const(self.slots as i64));
        out.instruction(&Instruction::I64Sub);
        out.instruction(&Instruction::GlobalSet(self.stack));
        check(&mut out, self.stack);

        // One exit for every way out, so that the frame is given back once.
        out.instruction(&Instruction::Block(self.result));
        let mut depth = 0u32;
        for operator in &self.operators {
            if is_dynamic(operator) {
                self.charge_by_operand(&mut out, operator);
            }
            match operator {
                Operator::Return => {
                    out.instruction(&Instruction::Br(depth));
                }
                _ => {
                    out.instruction(&RoundtripReencoder.instruction(operator.clone()).map_err(internal)?);
                }
            }
            match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
                Operator::End => depth = depth.saturating_sub(1),
                _ => {}
            }
            if ends_block(operator) {
                let head = matches!(operator, Operator::Loop { .. });
                self.charge(&mut out, blocks.next().unwrap_or(0), if head { Check::Now } else { Check::Later });
            }
        }
        out.instruction(&Instruction::GlobalGet(self.stack));
        out.instruction(&Instruction::I64Const(self.slots as i64));
        out.instruction(&Instruction::I64Add);
        out.instruction(&Instruction::GlobalSet(self.stack));
        out.instruction(&Instruction::End);
        Ok(out)
    }

    fn charge(&self, out: &mut Function, amount: u64, when: Check) {
        if amount > 0 {
            out.instruction(&Instruction::GlobalGet(self.gas));
            out.instruction(&Instruction::I64Const(amount as i64));
            out.instruction(&Instruction::I64Sub);
            out.instruction(&Instruction::GlobalSet(self.gas));
        }
        if when == Check::Now {
            check(out, self.gas);
        }
    }

    /// Charges by the topmost operand, which stays where it is.
    fn charge_by_operand(&self, out: &mut Function, operator: &Operator<'_>) {
        out.instruction(&Instruction::LocalSet(self.length));
        out.instruction(&Instruction::GlobalGet(self.gas));
        out.instruction(&Instruction::LocalGet(self.length));
        out.instruction(&Instruction::I64ExtendI32U);
        if matches!(operator, Operator::MemoryGrow { .. }) {
            out.instruction(&Instruction::I64Const(cost::GROW_PAGE as i64));
            out.instruction(&Instruction::I64Mul);
        } else {
            out.instruction(&Instruction::I64Const(cost::BULK_SHIFT as i64));
            out.instruction(&Instruction::I64ShrU);
        }
        out.instruction(&Instruction::I64Sub);
        out.instruction(&Instruction::GlobalSet(self.gas));
        check(out, self.gas);
        out.instruction(&Instruction::LocalGet(self.length));
    }
}

fn check(out: &mut Function, counter: u32) {
    out.instruction(&Instruction::GlobalGet(counter));
    out.instruction(&Instruction::I64Const(0));
    out.instruction(&Instruction::I64LtS);
    out.instruction(&Instruction::If(BlockType::Empty));
    out.instruction(&Instruction::Unreachable);
    out.instruction(&Instruction::End);
}
