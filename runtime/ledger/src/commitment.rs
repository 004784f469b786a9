//! What commits to the state: the trie in memory, or another tree of the same format that may take its place.

use crate::{Hash, Staged, StateProof, StateTrie, WriteSet};

/// A commitment to a state: its root is a pure function of the entries, and every entry or its absence can be proved.
///
/// `tests/commitment.rs` holds every implementation to one model.
pub trait Commitment {
    /// Changes that were hashed and not yet applied.
    type Staged;

    /// The root; zeros for the empty state.
    fn root(&self) -> Hash;

    /// How many entries there are.
    fn len(&self) -> usize;

    /// Whether there is no entry.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hashes a block's changes without applying them; answers the root that they lead to.
    fn stage(&self, writes: &WriteSet) -> (Hash, Self::Staged);

    /// Applies changes that were staged on this very state.
    fn apply(&mut self, staged: Self::Staged);

    /// A proof of what stands at a key, or that nothing does.
    fn prove(&self, key: &[u8]) -> StateProof;
}

impl Commitment for StateTrie {
    type Staged = Staged;

    fn root(&self) -> Hash {
        Self::root(self)
    }

    fn len(&self) -> usize {
        Self::len(self)
    }

    fn stage(&self, writes: &WriteSet) -> (Hash, Staged) {
        let staged = Self::stage(self, writes);
        (staged.root(), staged)
    }

    fn apply(&mut self, staged: Staged) {
        Self::apply(self, staged);
    }

    fn prove(&self, key: &[u8]) -> StateProof {
        Self::prove(self, key)
    }
}
