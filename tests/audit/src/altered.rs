//! An engine that is wrong on purpose.

use counterpart_execution::{Engine, EngineFault, Invocation, Run};
use counterpart_host_functions::{Hash, Host};
use counterpart_module::PreparedModule;
use counterpart_referee::WasmiEngine;
use sha3::{Digest, Sha3_256};
use std::convert::Infallible;
use std::sync::Arc;
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, Instruction, Module};
use wasmparser::{FunctionBody, Operator, Parser};

/// What the engine does wrong in every module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The charge with this number, counted over the module, is a unit too high.
    Charge(u32),
    /// 64-bit remainders are quotients.
    Remainder,
    /// 64-bit stores write the lower half.
    Store,
}

/// wasmi with a fault.
pub struct AlteredEngine {
    inner: WasmiEngine,
    fault: Fault,
}

impl AlteredEngine {
    /// An engine that is wrong in this way.
    pub fn new(fault: Fault) -> Self {
        Self { inner: WasmiEngine::new(), fault }
    }

    fn alter(&self, module: &PreparedModule) -> Arc<PreparedModule> {
        let mut altered = Module::new();
        let mut alterer = Alterer { fault: self.fault, charges: 0 };
        alterer.parse_core_module(&mut altered, Parser::new(0), &module.wasm).expect("a prepared module can be parsed");
        let wasm = altered.finish();
        let hash = Hash(Sha3_256::digest(&wasm).into());
        Arc::new(PreparedModule { hash, wasm, ..module.clone() })
    }
}

struct Alterer {
    fault: Fault,
    charges: u32,
}

impl Reencode for Alterer {
    type Error = Infallible;

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Result<(), reencode::Error> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let operators = body.get_operators_reader()?.into_iter().collect::<Result<Vec<_>, _>>()?;
        for (index, operator) in operators.iter().enumerate() {
            let next = operators.get(index + 1..).unwrap_or_default();
            // The one pattern by which the meter charges.
            let charges = matches!(next, [Operator::I64Add, Operator::LocalSet { .. }, ..]);
            match (operator, self.fault) {
                (Operator::I64Const { value }, Fault::Charge(number)) if *value < 0 && charges => {
                    let wrong = i64::from(self.charges == number);
                    function.instruction(&Instruction::I64Const(value - wrong));
                    self.charges += 1;
                }
                (Operator::I64RemU, Fault::Remainder) => {
                    function.instruction(&Instruction::I64DivU);
                }
                (Operator::I64Store { memarg }, Fault::Store) => {
                    let mut memarg = self.mem_arg(*memarg)?;
                    memarg.align = memarg.align.min(2);
                    function.instruction(&Instruction::I64Store32(memarg));
                }
                _ => {
                    function.instruction(&self.instruction(operator.clone())?);
                }
            }
        }
        code.function(&function);
        Ok(())
    }
}

impl Engine for AlteredEngine {
    fn name(&self) -> &'static str {
        "altered"
    }

    fn prepare(&self, module: &Arc<PreparedModule>) -> Result<(), EngineFault> {
        self.inner.prepare(&self.alter(module))
    }

    fn run(&self, invocation: Invocation<'_>, host: Box<dyn Host>) -> Result<(Run, Box<dyn Host>), EngineFault> {
        let altered = self.alter(invocation.module);
        self.inner.run(Invocation { module: &altered, ..invocation }, host)
    }
}
