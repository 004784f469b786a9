//! The rules in force: features, limits, costs and the table of host calls, under one hash.

use crate::cost;
use crate::error::{Limit, Limits};
use crate::instrument::METERING_VERSION;
use counterpart_host_functions::{Hash, HostFunction, Param, limits as host_limits};
use sha3::{Digest, Sha3_256};

/// The WebAssembly proposals that are on, by the names that the specification gives them.
pub const FEATURES: &[&str] = &[
    "mutable-global",
    "sign-extension",
    "bulk-memory",
    "multi-value",
    "reference-types encodings",
    "extended-const (offsets)",
];

/// A set of rules under which modules are validated, metered and run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    /// The newest row of the table of host calls that contracts may import.
    pub host_table: u32,
    /// Stack slots that a frame starts with.
    pub stack_slots: u32,
    /// The most of everything in a module.
    pub limits: Limits,
}

impl Profile {
    /// The profile that new chains start with.
    pub fn v1() -> Self {
        Self { host_table: 1, stack_slots: 65_536, limits: Limits::v1() }
    }

    /// The hash that blocks carry: SHA3-256 of [`Profile::description`].
    pub fn hash(&self) -> Hash {
        Hash(Sha3_256::digest(self.description().as_bytes()).into())
    }

    /// Every rule in words and numbers, one on a line; two profiles are equal exactly when these texts are.
    pub fn description(&self) -> String {
        let mut text = String::from("counterpart profile\n");
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        line(format!("metering {METERING_VERSION}"));
        line(format!("stack slots {}", self.stack_slots));
        FEATURES.iter().for_each(|feature| line(format!("feature {feature}")));
        for limit in Limit::ALL {
            line(format!("limit {} {} {}", limit.code(), limit.name(), self.limits.get(*limit)));
        }
        for (name, cost) in cost::OPERATOR_COSTS {
            line(format!("operator {name} {cost}"));
        }
        line(format!(
            "function entry {} local {} bulk shift {} grow page {} frame slots {}",
            cost::FUNCTION_ENTRY,
            cost::LOCAL,
            cost::BULK_SHIFT,
            cost::GROW_PAGE,
            cost::FRAME_SLOTS
        ));
        for function in HostFunction::ALL.iter().filter(|function| function.is_in(self.host_table)) {
            let params = function.params().iter().map(|(_, param)| match param {
                Param::U32 => "i32",
                Param::U64 => "i64",
            });
            let params: Vec<&str> = params.collect();
            let cost = function.cost();
            line(format!(
                "host {}({}) {} {} since {}",
                function.name(),
                params.join(" "),
                cost.base,
                cost.per_byte_16th,
                function.since()
            ));
        }
        for (name, value) in host_limits::ALL {
            line(format!("host limit {name} {value}"));
        }
        text
    }
}
