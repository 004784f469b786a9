//! Prepared modules by the hash of the uploaded code.

use counterpart_ledger::Hash;
use counterpart_module::{ModuleError, PreparedModule, Profile, prepare};
use sha3::{Digest, Sha3_256};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// The hash by which uploaded code is known.
pub fn code_hash(code: &[u8]) -> Hash {
    Hash(Sha3_256::digest(code).into())
}

/// Most modules kept; preparing again costs time and changes nothing.
const KEPT: usize = 512;

/// A cache of prepared modules under one profile.
pub(crate) struct Modules {
    profile: Profile,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    modules: BTreeMap<Hash, Arc<PreparedModule>>,
    order: VecDeque<Hash>,
}

impl Modules {
    pub fn new(profile: Profile) -> Self {
        Self { profile, kept: Mutex::default() }
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    pub fn kept(&self, hash: &Hash) -> Option<Arc<PreparedModule>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).modules.get(hash).cloned()
    }

    /// Validates and meters.
    pub fn prepare(&self, code: &[u8]) -> Result<Arc<PreparedModule>, ModuleError> {
        let module = Arc::new(prepare(code, &self.profile)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.modules.insert(module.original_hash, module.clone()).is_none() {
            kept.order.push_back(module.original_hash);
        }
        if kept.order.len() > KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.modules.remove(&oldest);
        }
        Ok(module)
    }
}
