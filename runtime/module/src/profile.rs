//! The rules in force: features, limits, costs and the table of host calls, under one hash.

use counterpart_host_functions::Hash;

/// A set of rules under which modules are validated, metered and run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    /// The newest row of the table of host calls that contracts may import.
    pub host_table: u32,
    /// Most pages of memory.
    pub memory_pages: u32,
    /// Stack slots that a frame starts with.
    pub stack_slots: u32,
}

impl Profile {
    /// The profile that new chains start with.
    pub fn v1() -> Self {
        Self { host_table: 1, memory_pages: 256, stack_slots: 65_536 }
    }

    /// The hash that blocks carry.
    pub fn hash(&self) -> Hash {
        Hash::ZERO
    }
}
