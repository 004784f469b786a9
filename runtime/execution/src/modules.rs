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
    /// Computed once: it is the hash of every rule in words.
    profile_hash: Hash,
    probed: bool,
    /// Code that stands for the code with a hash.
    replaced: BTreeMap<Hash, Vec<u8>>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    modules: BTreeMap<Hash, Arc<PreparedModule>>,
    order: VecDeque<Hash>,
}

impl Modules {
    pub fn new(profile: Profile) -> Self {
        Self { profile_hash: profile.hash(), profile, probed: false, replaced: BTreeMap::new(), kept: Mutex::default() }
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    pub fn profile_hash(&self) -> Hash {
        self.profile_hash
    }

    /// The same rules and replacements with no module prepared; with probes in them if asked for.
    pub fn emptied(&self, probed: bool) -> Self {
        Self { probed: probed || self.probed, replaced: self.replaced.clone(), ..Self::new(self.profile.clone()) }
    }

    /// The same rules where other code stands for the code with a hash.
    pub fn with(&self, hash: Hash, code: &[u8]) -> Result<Self, ModuleError> {
        self.make(code)?;
        let mut other = self.emptied(false);
        other.replaced.insert(hash, code.to_vec());
        Ok(other)
    }

    /// What stands for the code with a hash.
    pub fn replacement(&self, hash: &Hash) -> Option<&Vec<u8>> {
        self.replaced.get(hash)
    }

    pub fn kept(&self, hash: &Hash) -> Option<Arc<PreparedModule>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).modules.get(hash).cloned()
    }

    fn make(&self, code: &[u8]) -> Result<PreparedModule, ModuleError> {
        if self.probed { prepare_probed(code, &self.profile) } else { prepare(code, &self.profile) }
    }

    /// Validates and meters.
    pub fn prepare(&self, code: &[u8]) -> Result<Arc<PreparedModule>, ModuleError> {
        let module = Arc::new(self.make(code)?);
        if !self.replaced.contains_key(&module.original_hash) {
            self.keep(module.original_hash, &module);
        }
        Ok(module)
    }

    /// As [`Modules::prepare`], for code that stands for the code with a hash or is it.
    pub fn prepare_as(&self, hash: Hash, code: &[u8]) -> Result<Arc<PreparedModule>, ModuleError> {
        let module = Arc::new(self.make(code)?);
        self.keep(hash, &module);
        Ok(module)
    }

    fn keep(&self, hash: Hash, module: &Arc<PreparedModule>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.modules.insert(hash, module.clone()).is_none() {
            kept.order.push_back(hash);
        }
        if kept.order.len() > KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.modules.remove(&oldest);
        }
    }
}
