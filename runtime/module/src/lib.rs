//! Bytes in, a validated and metered module out: pure functions that every replica computes alike.
//!
//! Depends on `wasmparser` and `wasm-encoder` only, so that it also builds for wasm32.

mod blocks;
mod body;
pub mod cost;
mod error;
mod instrument;
mod prepared;
mod probes;
mod profile;
mod segments;
mod validate;
mod written;

pub use error::{Limit, Limits, ModuleError, Offset};
pub use instrument::METERING_VERSION;
pub use prepared::{ENTRY_CALL, ENTRY_DEPLOY, GAS_GLOBAL, MEMORY, PreparedModule, STACK_GLOBAL};
pub use probes::{PROBE, PlannedFunction, PlannedOperator, Point, PointKind, Probes};
pub use profile::{FEATURES, Profile};
pub use validate::METADATA_SECTION;

use counterpart_host_functions::Hash;
use sha3::{Digest, Sha3_256};

/// Validates and meters uploaded bytes.
///
/// # Errors
/// [`ModuleError`] for the first rule of the profile that the module breaks.
pub fn prepare(bytes: &[u8], profile: &Profile) -> Result<PreparedModule, ModuleError> {
    let facts = validate::validate(bytes, profile)?;
    let wasm = instrument::instrument(bytes, &facts, profile, None)?;
    Ok(PreparedModule {
        original_hash: sha3_256(bytes),
        hash: sha3_256(&wasm),
        metered_hash: sha3_256(&wasm),
        profile: profile.hash(),
        metered_bytes: wasm.len(),
        probes: None,
        wasm,
        initial_pages: facts.initial_pages,
        maximum_pages: facts.maximum_pages,
        metadata: facts.metadata,
        entries: facts.entries,
    })
}

/// As [`prepare`], with a call of `debug_log` at every place where gas is charged, for tools: by it the host learns how the
/// module runs. The gas of everything else stays as it is; whoever runs the module must answer the calls of length [`PROBE`]
/// with 0 and leave the counters alone.
///
/// # Errors
/// As [`prepare`].
pub fn prepare_probed(bytes: &[u8], profile: &Profile) -> Result<PreparedModule, ModuleError> {
    let plain = prepare(bytes, profile)?;
    let (wasm, probes) = probes::insert(bytes, profile)?;
    Ok(PreparedModule { hash: sha3_256(&wasm), wasm, probes: Some(std::sync::Arc::new(probes)), ..plain })
}

fn sha3_256(bytes: &[u8]) -> Hash {
    Hash(Sha3_256::digest(bytes).into())
}
