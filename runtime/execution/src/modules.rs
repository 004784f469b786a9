//! Prepared modules by the hash of the uploaded code.

use counterpart_ledger::Hash;
use counterpart_module::{ModuleError, PreparedModule, Profile, prepare, prepare_probed};
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
    probed: bool,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Modules that stand for others.
    replaced: BTreeMap<Hash, Arc<PreparedModule>>,
    modules: BTreeMap<Hash, Arc<PreparedModule>>,
    order: VecDeque<Hash>,
}

impl Modules {
    pub fn new(profile: Profile) -> Self {
        Self { profile, probed: false, kept: Mutex::default() }
    }

    /// As [`Modules::new`], for modules with probes.
    pub fn probed(profile: Profile) -> Self {
        Self { profile, probed: true, kept: Mutex::default() }
    }

    /// The same with no module prepared.
    pub fn emptied(&self) -> Self {
        Self { profile: self.profile.clone(), probed: self.probed, kept: Mutex::default() }
    }

    /// Lets other code stand for the code with a hash.
    pub fn replace(&self, hash: Hash, code: &[u8]) -> Result<(), ModuleError> {
        let module = Arc::new(self.make(code)?);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).replaced.insert(hash, module);
        Ok(())
    }

    fn make(&self, code: &[u8]) -> Result<PreparedModule, ModuleError> {
        if self.probed { prepare_probed(code, &self.profile) } else { prepare(code, &self.profile) }
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    pub fn kept(&self, hash: &Hash) -> Option<Arc<PreparedModule>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.replaced.get(hash).or_else(|| kept.modules.get(hash)).cloned()
    }

    /// Validates and meters.
    pub fn prepare(&self, code: &[u8]) -> Result<Arc<PreparedModule>, ModuleError> {
        let module = Arc::new(self.make(code)?);
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
