//! The result of preparation, which engines compile and run.

use crate::probes::Probes;
use counterpart_host_functions::Hash;
use std::sync::Arc;

/// The export that runs a constructor: `() -> ()`.
pub const ENTRY_DEPLOY: &str = "deploy";
/// The export that runs a message: `() -> ()`.
pub const ENTRY_CALL: &str = "call";
/// The export of the one linear memory.
pub const MEMORY: &str = "memory";
/// The injected `mut i64` global that counts down gas; contracts may not export under this name.
pub const GAS_GLOBAL: &str = "counterpart.gas";
/// The injected `mut i64` global that counts down stack slots; contracts may not export under this name.
pub const STACK_GLOBAL: &str = "counterpart.stack";

/// A module that passed validation, with gas and stack counters injected.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreparedModule {
    /// SHA3-256 of the bytes that were uploaded.
    pub original_hash: Hash,
    /// SHA3-256 of `wasm`; what compile caches are keyed by.
    pub hash: Hash,
    /// SHA3-256 of the metered module without probes; what the state records.
    pub metered_hash: Hash,
    /// The hash of the profile it was prepared under.
    pub profile: Hash,
    /// The metered module, with probes in it if there are any.
    pub wasm: Vec<u8>,
    /// Length of the metered module without probes; what making an instance is priced by.
    pub metered_bytes: usize,
    /// What probes the module has; none in a module that nodes run.
    pub probes: Option<Arc<Probes>>,
    /// Pages of 64 KiB that the memory starts with.
    pub initial_pages: u32,
    /// Pages that the memory may grow to.
    pub maximum_pages: u32,
    /// The module's metadata section (the contract's interface), if it has one.
    pub metadata: Option<Vec<u8>>,
    /// Names of the exported functions of type `() -> ()`, in ascending order.
    pub entries: Vec<String>,
}
