//! One function with its counters: the gas and the slots that are left come in as the last two parameters and stay in
//! locals; the gas goes out as the last result.

use crate::blocks::{Blocks, Branch};
use crate::cost;
use crate::error::ModuleError;
use crate::instrument::internal;
use crate::probes::{PROBE, PlannedOperator, PointKind, ProbeWriter};
use crate::validate::Facts;
use crate::written::Written;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, Function, Instruction, ValType};
use wasmparser::{FunctionBody, Operator};

/// A function of the module.
pub(crate) struct Body<'a> {
    operators: Vec<Operator<'a>>,
    locals: Vec<(u32, ValType)>,
    blocks: Blocks,
    counters: Counters,
    /// Functions that are imported; they see the gas in its counter.
    imported: u32,
    /// Types of the module, after which those with counters begin.
    types: u32,
    /// Slots of the frame.
    slots: u64,
    /// Gas of entering.
    entry: u64,
    params: u32,
    /// The local that holds the gas.
    gas: u32,
    /// The local that holds the slots that are left.
    stack: u32,
    /// The extra local for lengths and table indices.
    scratch: u32,
    result: BlockType,
}

/// The injected globals.
#[derive(Clone, Copy)]
struct Counters {
    gas: u32,
    stack: u32,
}

/// Whether the instruction is charged by its topmost operand too.
fn is_dynamic(operator: &Operator<'_>) -> bool {
    use Operator::*;
    matches!(operator, MemoryCopy { .. } | MemoryFill { .. } | MemoryInit { .. } | MemoryGrow { .. })
}

/// Whether somebody may look at the gas counter while the instruction runs, or because it traps.
fn shows_gas(operator: &Operator<'_>) -> bool {
    use Operator::*;
    matches!(
        operator,
        CallIndirect { .. }
            | Unreachable
            | I32DivS
            | I32DivU
            | I32RemS
            | I32RemU
            | I64DivS
            | I64DivU
            | I64RemS
            | I64RemU
            | I32Load { .. }
            | I64Load { .. }
            | I32Load8S { .. }
            | I32Load8U { .. }
            | I32Load16S { .. }
            | I32Load16U { .. }
            | I64Load8S { .. }
            | I64Load8U { .. }
            | I64Load16S { .. }
            | I64Load16U { .. }
            | I64Load32S { .. }
            | I64Load32U { .. }
            | I32Store { .. }
            | I64Store { .. }
            | I32Store8 { .. }
            | I32Store16 { .. }
            | I64Store8 { .. }
            | I64Store16 { .. }
            | I64Store32 { .. }
            | MemoryCopy { .. }
            | MemoryFill { .. }
            | MemoryInit { .. }
    )
}

impl<'a> Body<'a> {
    pub(crate) fn new(body: &FunctionBody<'a>, facts: &Facts, defined: usize) -> Result<Self, ModuleError> {
        let ty = &facts.types[facts.functions[facts.imported as usize + defined] as usize];
        let params = ty.params().len() as u32;
        let mut locals = Vec::new();
        let mut extra = 0;
        for local in body.get_locals_reader()? {
            let (count, ty) = local?;
            extra += count;
            locals.push((count, if ty == wasmparser::ValType::I64 { ValType::I64 } else { ValType::I32 }));
        }
        let operators = body.get_operators_reader()?.into_iter().collect::<Result<Vec<_>, _>>()?;
        let scratch =
            |operator: &Operator<'_>| is_dynamic(operator) || matches!(operator, Operator::CallIndirect { .. });
        if operators.iter().any(scratch) {
            locals.push((1, ValType::I32));
        }
        Ok(Self {
            blocks: Blocks::of(&operators, ty.results().is_empty()),
            operators,
            locals,
            counters: Counters { gas: facts.globals, stack: facts.globals + 1 },
            imported: facts.imported,
            types: facts.types.len() as u32,
            slots: u64::from(params + extra + facts.operand_heights[defined]) + cost::FRAME_SLOTS,
            entry: cost::FUNCTION_ENTRY + cost::LOCAL * u64::from(extra),
            params,
            gas: params,
            stack: params + 1,
            scratch: params + 2 + extra,
            result: match ty.results() {
                [] => BlockType::Empty,
                [wasmparser::ValType::I64] => BlockType::Result(ValType::I64),
                _ => BlockType::Result(ValType::I32),
            },
        })
    }

    /// Writes the function; with a writer of probes, every place where gas is charged tells the host that it is reached.
    pub(crate) fn emit(self, mut probes: Option<&mut ProbeWriter>) -> Result<Function, ModuleError> {
        let mut out = Function::new(self.locals.iter().copied());
        self.enter(&mut out);
        self.probe(&mut out, probes.as_deref_mut(), PointKind::Enter);
        // One exit for every way out, so that the gas is given back at one place.
        out.instruction(&Instruction::Block(self.result));
        let mut written = Written::new();
        for (index, operator) in self.operators.iter().enumerate() {
            if is_dynamic(operator) {
                self.charge_by_operand(&mut out, operator);
                self.probe(&mut out, probes.as_deref_mut(), PointKind::Dynamic { operator: index as u32 });
                written.now = false;
            }
            let calls_host = matches!(operator, Operator::Call { function_index } if *function_index < self.imported);
            if (calls_host || shows_gas(operator)) && !written.now {
                self.write_gas(&mut out);
                written.now = true;
            }
            if matches!(operator, Operator::Call { .. } | Operator::CallIndirect { .. }) {
                self.probe(&mut out, probes.as_deref_mut(), PointKind::Call { operator: index as u32 });
            }
            let branch = self.blocks.branch(index);
            written.pass(operator, branch.back > 0);
            self.instruction(&mut out, operator, (index, branch), &written, probes.as_deref_mut())?;
            match operator {
                Operator::Call { .. } if calls_host => {
                    out.instruction(&Instruction::GlobalGet(self.counters.gas));
                    out.instruction(&Instruction::LocalSet(self.gas));
                }
                Operator::Call { .. } | Operator::CallIndirect { .. } => {
                    out.instruction(&Instruction::LocalSet(self.gas));
                    written.now = false;
                }
                _ => {}
            }
            let gas = self.blocks.after(index);
            self.charge(&mut out, gas);
            written.now &= gas == 0;
            if let Some(block) = self.blocks.begins(index) {
                self.probe(&mut out, probes.as_deref_mut(), PointKind::Block { block: block as u32 });
            }
        }
        self.probe(&mut out, probes, PointKind::Leave);
        out.instruction(&Instruction::LocalGet(self.gas));
        out.instruction(&Instruction::End);
        Ok(out)
    }

    /// Writes one instruction.
    fn instruction(
        &self,
        out: &mut Function,
        operator: &Operator<'_>,
        (index, branch): (usize, Branch),
        written: &Written,
        probes: Option<&mut ProbeWriter>,
    ) -> Result<(), ModuleError> {
        let local = |index: u32| if index < self.params { index } else { index + 2 };
        match operator {
            Operator::LocalGet { local_index } => out.instruction(&Instruction::LocalGet(local(*local_index))),
            Operator::LocalSet { local_index } => out.instruction(&Instruction::LocalSet(local(*local_index))),
            Operator::LocalTee { local_index } => out.instruction(&Instruction::LocalTee(local(*local_index))),
            Operator::Return => out.instruction(&Instruction::Br(written.depth())),
            Operator::Br { .. } | Operator::BrIf { .. } | Operator::BrTable { .. } if branch.repeats => {
                self.check(out);
                out.instruction(&RoundtripReencoder.instruction(operator.clone()).map_err(internal)?)
            }
            Operator::BrIf { relative_depth } if branch.back > 0 => {
                out.instruction(&Instruction::If(BlockType::Empty));
                out.instruction(&Instruction::LocalGet(self.gas));
                out.instruction(&Instruction::I64Const(branch.back as i64));
                out.instruction(&Instruction::I64Add);
                out.instruction(&Instruction::LocalSet(self.gas));
                self.probe(out, probes, PointKind::Back { operator: index as u32 });
                out.instruction(&Instruction::Br(relative_depth + 1));
                out.instruction(&Instruction::End)
            }
            Operator::Call { function_index } if *function_index >= self.imported => {
                self.hand_over(out);
                out.instruction(&Instruction::Call(*function_index))
            }
            Operator::CallIndirect { type_index, table_index } => {
                out.instruction(&Instruction::LocalSet(self.scratch));
                self.hand_over(out);
                out.instruction(&Instruction::LocalGet(self.scratch));
                let (type_index, table_index) = (self.types + type_index, *table_index);
                out.instruction(&Instruction::CallIndirect { type_index, table_index })
            }
            _ => out.instruction(&RoundtripReencoder.instruction(operator.clone()).map_err(internal)?),
        };
        Ok(())
    }

    /// Puts the counters on top of a call's arguments.
    fn hand_over(&self, out: &mut Function) {
        out.instruction(&Instruction::LocalGet(self.gas));
        out.instruction(&Instruction::LocalGet(self.stack));
    }

    /// Takes the slots, compares both counters at once and charges the first block.
    fn enter(&self, out: &mut Function) {
        out.instruction(&Instruction::LocalGet(self.gas));
        out.instruction(&Instruction::LocalGet(self.stack));
        out.instruction(&Instruction::I64Const(-(self.slots as i64)));
        out.instruction(&Instruction::I64Add);
        out.instruction(&Instruction::LocalTee(self.stack));
        out.instruction(&Instruction::I64Or);
        out.instruction(&Instruction::I64Const(0));
        out.instruction(&Instruction::I64LtS);
        out.instruction(&Instruction::If(BlockType::Empty));
        self.write_gas(out);
        out.instruction(&Instruction::LocalGet(self.stack));
        out.instruction(&Instruction::GlobalSet(self.counters.stack));
        out.instruction(&Instruction::Unreachable);
        out.instruction(&Instruction::End);
        self.charge(out, self.entry + self.blocks.first());
    }

    /// Tells the host that a place is reached. Costs no gas, and the host changes none.
    fn probe(&self, out: &mut Function, probes: Option<&mut ProbeWriter>, kind: PointKind) {
        let Some(probes) = probes else { return };
        self.write_gas(out);
        out.instruction(&Instruction::I32Const(probes.point(kind) as i32));
        out.instruction(&Instruction::I32Const(PROBE as i32));
        out.instruction(&Instruction::Call(probes.import));
        out.instruction(&Instruction::Drop);
    }

    /// What the function's instructions cost, and which are charged together.
    pub(crate) fn plan(&self, offsets: &[u32]) -> (u64, Vec<PlannedOperator>) {
        let planned = |(index, operator): (usize, &Operator<'_>)| {
            let until = self.blocks.branch(index).until as u32;
            PlannedOperator {
                offset: offsets.get(index).copied().unwrap_or_default(),
                name: cost::operator_name(operator),
                cost: cost::operator_cost(operator).unwrap_or(0),
                block: self.blocks.block_of(index) as u32,
                until,
            }
        };
        (self.entry, self.operators.iter().enumerate().map(planned).collect())
    }

    fn write_gas(&self, out: &mut Function) {
        out.instruction(&Instruction::LocalGet(self.gas));
        out.instruction(&Instruction::GlobalSet(self.counters.gas));
    }

    fn charge(&self, out: &mut Function, amount: u64) {
        if amount > 0 {
            out.instruction(&Instruction::LocalGet(self.gas));
            // Compilers turn the addition of a constant into one instruction that leaves the old value in place.
            out.instruction(&Instruction::I64Const(-(amount as i64)));
            out.instruction(&Instruction::I64Add);
            out.instruction(&Instruction::LocalSet(self.gas));
        }
    }

    fn check(&self, out: &mut Function) {
        out.instruction(&Instruction::LocalGet(self.gas));
        out.instruction(&Instruction::I64Const(0));
        out.instruction(&Instruction::I64LtS);
        out.instruction(&Instruction::If(BlockType::Empty));
        self.write_gas(out);
        out.instruction(&Instruction::Unreachable);
        out.instruction(&Instruction::End);
    }

    /// Charges by the topmost operand, which stays where it is.
    fn charge_by_operand(&self, out: &mut Function, operator: &Operator<'_>) {
        out.instruction(&Instruction::LocalSet(self.scratch));
        out.instruction(&Instruction::LocalGet(self.gas));
        out.instruction(&Instruction::LocalGet(self.scratch));
        out.instruction(&Instruction::I64ExtendI32U);
        if matches!(operator, Operator::MemoryGrow { .. }) {
            out.instruction(&Instruction::I64Const(cost::GROW_PAGE as i64));
            out.instruction(&Instruction::I64Mul);
        } else {
            out.instruction(&Instruction::I64Const(cost::BULK_SHIFT as i64));
            out.instruction(&Instruction::I64ShrU);
        }
        out.instruction(&Instruction::I64Sub);
        out.instruction(&Instruction::LocalSet(self.gas));
        self.check(out);
        out.instruction(&Instruction::LocalGet(self.scratch));
    }
}

/// What is exported in the place of a function: it takes the counters from the globals and puts the gas back.
pub(crate) fn export_wrapper(function: u32, facts: &Facts) -> Function {
    let mut out = Function::new([]);
    arguments(&mut out, function, facts);
    out.instruction(&Instruction::GlobalGet(facts.globals));
    out.instruction(&Instruction::GlobalGet(facts.globals + 1));
    out.instruction(&Instruction::Call(function));
    out.instruction(&Instruction::GlobalSet(facts.globals));
    out.instruction(&Instruction::End);
    out
}

/// What stands in the table in the place of an imported function, with the signature of the module's own.
pub(crate) fn import_shim(function: u32, facts: &Facts) -> Function {
    let mut out = Function::new([]);
    let params = arguments(&mut out, function, facts);
    out.instruction(&Instruction::LocalGet(params));
    out.instruction(&Instruction::GlobalSet(facts.globals));
    out.instruction(&Instruction::Call(function));
    out.instruction(&Instruction::GlobalGet(facts.globals));
    out.instruction(&Instruction::End);
    out
}

fn arguments(out: &mut Function, function: u32, facts: &Facts) -> u32 {
    let params = facts.types[facts.functions[function as usize] as usize].params().len() as u32;
    for param in 0..params {
        out.instruction(&Instruction::LocalGet(param));
    }
    params
}
