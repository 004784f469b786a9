//! Bytes in, a validated and metered module out: pure functions that every replica computes alike.
//!
//! Depends on `wasmparser` and `wasm-encoder` only, so that it also builds for wasm32.

mod blocks;
mod body;
pub mod cost;
mod error;
mod instrument;
mod prepared;
mod profile;
mod segments;
mod validate;
mod written;

pub use error::{Limit, Limits, ModuleError, Offset};
pub use instrument::METERING_VERSION;
pub use prepared::{ENTRY_CALL, ENTRY_DEPLOY, GAS_GLOBAL, MEMORY, PreparedModule, STACK_GLOBAL};
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
    let wasm = instrument::instrument(bytes, &facts, profile)?;
    Ok(PreparedModule {
        original_hash: sha3_256(bytes),
        hash: sha3_256(&wasm),
        profile: profile.hash(),
        wasm,
        initial_pages: facts.initial_pages,
        maximum_pages: facts.maximum_pages,
        metadata: facts.metadata,
        entries: facts.entries,
    })
}

fn sha3_256(bytes: &[u8]) -> Hash {
    Hash(Sha3_256::digest(bytes).into())
}
