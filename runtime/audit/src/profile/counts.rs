//! How often everything ran, and what it cost.

use counterpart_module::{PlannedFunction, Probes};
use std::sync::Arc;

/// How often an instruction ran, and what it cost.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Use {
    /// How often it was charged.
    pub count: i64,
    /// Its own gas.
    pub gas: i64,
    /// The part of its own gas that its operand decided.
    pub dynamic: i64,
    /// Gas of the host calls that it made.
    pub host: i64,
    /// Gas of everything that ran below the calls that it made: functions, and frames of other contracts.
    pub below: i64,
}

/// What ran of one code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeUse {
    /// What is known of the module.
    pub probes: Arc<Probes>,
    /// By function and instruction.
    pub functions: Vec<FunctionUse>,
}

/// What ran of one function.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct FunctionUse {
    /// How often it was entered.
    pub entries: i64,
    /// Gas of entering it.
    pub entry_gas: i64,
    /// By instruction.
    pub operators: Vec<Use>,
    /// Instructions of each block.
    pub(super) blocks: Vec<Vec<u32>>,
}

/// How often a host function was called, and its gas.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct HostUse {
    /// Calls.
    pub count: u64,
    /// Gas, nested frames left out.
    pub gas: u64,
    /// The part of it beyond the row's constant.
    pub beyond_base: u64,
}

/// What is charged for making instances.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct InstanceUse {
    /// Instances.
    pub count: u64,
    /// Gas.
    pub gas: u64,
}

impl CodeUse {
    pub(super) fn new(probes: Arc<Probes>) -> Self {
        let function = |plan: &PlannedFunction| {
            let mut blocks: Vec<Vec<u32>> = Vec::new();
            for (index, operator) in plan.operators.iter().enumerate() {
                let block = operator.block as usize;
                if blocks.len() <= block {
                    blocks.resize(block + 1, Vec::new());
                }
                blocks[block].push(index as u32);
            }
            let operators = vec![Use::default(); plan.operators.len()];
            FunctionUse { operators, blocks, ..FunctionUse::default() }
        };
        let functions = probes.functions.iter().map(function).collect();
        Self { probes, functions }
    }
}
