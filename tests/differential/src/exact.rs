//! Gas by the book: every instruction is charged by itself, when it is executed.
//!
//! Nothing is shared with the instrumenter but the table of costs, so that the sums it makes in advance can be checked.

use crate::prepared;
use counterpart_module::{GAS_GLOBAL, PreparedModule, cost};
use std::sync::Arc;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{CodeSection, Function, Instruction, Module, RawSection, ValType};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

/// A module with counters (as [`crate::plain`] makes it) that counts each instruction down and compares nothing.
///
/// # Panics
/// When the module is not well formed or has no counters.
pub fn counted(plain: &PreparedModule) -> Arc<PreparedModule> {
    let (mut module, mut code) = (Module::new(), CodeSection::new());
    let (mut gas, mut types, mut functions, mut defined, mut bodies) = (None, Vec::new(), Vec::new(), 0, 0);
    for payload in Parser::new(0).parse_all(&plain.wasm) {
        let payload = payload.expect("well formed");
        match &payload {
            Payload::TypeSection(section) => {
                types = section.clone().into_iter_err_on_gc_types().map(|ty| ty.expect("a type")).collect();
            }
            Payload::FunctionSection(section) => {
                functions = section.clone().into_iter().map(|ty| ty.expect("an index") as usize).collect();
                defined = functions.len();
            }
            Payload::ExportSection(section) => {
                let mut exports = section.clone().into_iter().flatten();
                gas = exports.find(|export| export.name == GAS_GLOBAL).map(|export| export.index);
            }
            Payload::CodeSectionEntry(body) => {
                let params = types[functions[bodies]].params().len() as u32;
                code.function(&function(body, params, gas.expect("a counter")));
                bodies += 1;
                if bodies == defined {
                    module.section(&code);
                }
                continue;
            }
            Payload::CodeSectionStart { .. } => continue,
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            module.section(&RawSection { id, data: &plain.wasm[range] });
        }
    }
    Arc::new(prepared(module.finish()))
}

fn function(body: &FunctionBody<'_>, params: u32, gas: u32) -> Function {
    let (mut locals, mut declared) = (Vec::new(), 0);
    for local in body.get_locals_reader().expect("locals") {
        let (count, ty) = local.expect("a local");
        declared += count;
        locals.push((count, if ty == wasmparser::ValType::I64 { ValType::I64 } else { ValType::I32 }));
    }
    let length = params + declared;
    locals.push((1, ValType::I32));
    let mut out = Function::new(locals);
    let charge = |out: &mut Function, amount: u64| {
        out.instruction(&Instruction::GlobalGet(gas));
        out.instruction(&Instruction::I64Const(amount as i64));
        out.instruction(&Instruction::I64Sub);
        out.instruction(&Instruction::GlobalSet(gas));
    };
    charge(&mut out, cost::FUNCTION_ENTRY + cost::LOCAL * u64::from(declared));
    for operator in body.get_operators_reader().expect("operators") {
        let operator = operator.expect("an operator");
        charge(&mut out, cost::operator_cost(&operator).expect("an instruction of the profile"));
        let by_length = match operator {
            Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } | Operator::MemoryInit { .. } => {
                Some([Instruction::I64Const(8), Instruction::I64DivU])
            }
            Operator::MemoryGrow { .. } => Some([Instruction::I64Const(cost::GROW_PAGE as i64), Instruction::I64Mul]),
            _ => None,
        };
        if let Some(price) = by_length {
            out.instruction(&Instruction::LocalSet(length));
            out.instruction(&Instruction::GlobalGet(gas));
            out.instruction(&Instruction::LocalGet(length));
            out.instruction(&Instruction::I64ExtendI32U);
            for instruction in &price {
                out.instruction(instruction);
            }
            out.instruction(&Instruction::I64Sub);
            out.instruction(&Instruction::GlobalSet(gas));
            out.instruction(&Instruction::LocalGet(length));
        }
        out.instruction(&RoundtripReencoder.instruction(operator).expect("an instruction"));
    }
    out
}
