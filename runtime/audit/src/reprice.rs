//! What transactions would cost under other prices, from what they did.

use crate::profile::{FunctionUse, Profile};
use counterpart_host_functions::{Cost, HostFunction};
use counterpart_module::cost;
use std::collections::BTreeMap;

/// Prices of what transactions do. The default is the prices in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// Gas of each instruction, by its name.
    pub operators: BTreeMap<String, u64>,
    /// Gas of entering a function.
    pub function_entry: u64,
    /// Gas of each local of a function that is entered.
    pub local: u64,
    /// Host calls by name.
    pub host: BTreeMap<String, Cost>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            operators: cost::OPERATOR_COSTS.iter().map(|(name, gas)| ((*name).to_owned(), *gas)).collect(),
            function_entry: cost::FUNCTION_ENTRY,
            local: cost::LOCAL,
            host: HostFunction::ALL.iter().map(|function| (function.name().to_owned(), function.cost())).collect(),
        }
    }
}

/// What a transaction would cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Repriced {
    /// Gas as charged.
    pub charged: u64,
    /// Gas under the schedule; not cut off at the limit.
    pub repriced: u64,
}

impl Schedule {
    /// Prices the operations that a profile counted.
    ///
    /// What an instruction's operand decides, instances, bytes and signatures keep their prices. A frame that ran out of gas
    /// is priced up to there: under other prices it would have gone on, or ended before.
    pub fn price(&self, profile: &Profile) -> Repriced {
        let functions = profile.codes.values().flat_map(|used| used.probes.functions.iter().zip(&used.functions));
        let instructions: i64 = functions.map(|(plan, used)| self.function(plan, used)).sum();
        let host: u64 = profile
            .hosts
            .iter()
            .map(|(function, used)| {
                let (old, new) = (function.cost(), self.host.get(function.name()).copied().unwrap_or(function.cost()));
                // Calls of which the base was not paid in full ran out of gas.
                let base = (used.gas - used.beyond_base).min(used.count * old.base);
                let paid = if old.base == 0 { used.count * new.base } else { scale(base, new.base, old.base) };
                // What is charged beyond the base without a price for bytes is charged for something else.
                let beyond = if old.per_byte_16th == 0 {
                    used.beyond_base
                } else {
                    scale(used.beyond_base, new.per_byte_16th, old.per_byte_16th)
                };
                paid + beyond
            })
            .sum();
        let repriced = instructions.max(0) as u64 + host + profile.instances.gas + profile.outside;
        Repriced { charged: profile.total, repriced }
    }

    fn function(&self, plan: &counterpart_module::PlannedFunction, used: &FunctionUse) -> i64 {
        let locals = (plan.entry - cost::FUNCTION_ENTRY) / cost::LOCAL;
        let entry = self.function_entry + locals * self.local;
        let own: i64 = plan
            .operators
            .iter()
            .zip(&used.operators)
            .map(|(operator, used)| {
                let new = self.operators.get(operator.name).copied().unwrap_or(operator.cost);
                let fixed = used.gas - used.dynamic;
                let full = used.count * operator.cost as i64;
                // Less than its full price was paid where the gas ran out.
                let missing = full - fixed;
                used.count * new as i64 - missing + used.dynamic
            })
            .sum();
        let missing = used.entries * plan.entry as i64 - used.entry_gas;
        own + used.entries * entry as i64 - missing
    }
}

/// `amount * new / old`, rounded down; the product may be large.
fn scale(amount: u64, new: u64, old: u64) -> u64 {
    u64::try_from(u128::from(amount) * u128::from(new) / u128::from(old)).unwrap_or(u64::MAX)
}
