//! Where the gas of transactions went, to the instruction. The parts sum to the charged gas to the unit.
//!
//! Modules run with probes, which tell every place where the meter charges. The gas between two places is the counter's
//! own difference, and it is spread over the instructions that the meter charged for: what comes out is the consensus gas,
//! not an estimate.

mod counts;
mod profiler;
mod tree;

pub use counts::{CodeUse, FunctionUse, HostUse, InstanceUse, Use};
pub use profiler::Profiler;

use crate::flame::Flame;
use crate::source::{Line, SourceMap};
use counterpart_host_functions::HostFunction;
use counterpart_ledger::{Address, Hash};
use std::collections::BTreeMap;

/// Where the gas went.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Gas of all transactions that were counted, by frame, function and host call.
    pub flame: Flame,
    /// What ran, by code.
    pub codes: BTreeMap<Hash, CodeUse>,
    /// What was asked of the host.
    pub hosts: BTreeMap<HostFunction, HostUse>,
    /// What instances cost.
    pub instances: InstanceUse,
    /// Gas of bytes, signatures and actions.
    pub outside: u64,
    /// Gas charged in all.
    pub total: u64,
    /// Gas that no place accounts for; 0 unless this program is wrong.
    pub unattributed: i64,
}

/// What one line of source used.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LineUse {
    /// Instructions run.
    pub count: u64,
    /// Gas of its instructions.
    pub gas: u64,
    /// Gas of host calls that it made.
    pub host: u64,
    /// Gas of all that it did and caused: its own, its host calls, and what ran below its calls.
    pub total: u64,
}

/// Finds words for what a profile is made of.
pub trait Names {
    /// A method of a contract, by the input's beginning.
    fn method(&self, contract: &Address, deploy: bool, selector: &[u8]) -> Option<String>;
    /// The source of code.
    fn source(&self, code: &Hash) -> Option<&SourceMap>;
}

impl Profile {
    /// Gas by source line, of the code whose source is known.
    pub fn lines(&self, names: &dyn Names) -> BTreeMap<Line, LineUse> {
        let mut lines: BTreeMap<Line, LineUse> = BTreeMap::new();
        for (code, used) in &self.codes {
            let Some(source) = names.source(code) else { continue };
            for (function, counts) in used.functions.iter().enumerate() {
                let function = function as u32;
                if counts.entry_gas > 0
                    && let Some(line) = source.first_line(function)
                {
                    let entry = lines.entry(line).or_default();
                    entry.gas += counts.entry_gas as u64;
                    entry.total += counts.entry_gas as u64;
                }
                for (operator, used) in counts.operators.iter().enumerate().filter(|(_, used)| **used != Use::default())
                {
                    // Instructions that the compiler made for no line count for the function's first.
                    let line = source.line(function, operator as u32).or_else(|| source.first_line(function));
                    let Some(line) = line else { continue };
                    let entry = lines.entry(line).or_default();
                    entry.count += used.count.max(0) as u64;
                    entry.gas += used.gas.max(0) as u64;
                    entry.host += used.host.max(0) as u64;
                    entry.total += (used.gas + used.host + used.below).max(0) as u64;
                }
            }
        }
        lines
    }

    /// Gas of all instructions, functions entered included.
    pub fn instructions(&self) -> i64 {
        let function =
            |counts: &FunctionUse| counts.entry_gas + counts.operators.iter().map(|used| used.gas).sum::<i64>();
        self.codes.values().flat_map(|used| &used.functions).map(function).sum()
    }
}
