//! Proofs of what stands at a key of the state, or that nothing does.

use crate::Hash;
use crate::trie::{StateHasher, bit, inner_node, leaf_node, state_path};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};
use nomt_core::hasher::ValueHasher;
use nomt_core::trie::TERMINATOR;

/// Where the way from the root to a key ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub enum Terminal {
    /// In an empty subtree.
    Empty,
    /// In a leaf: of the key, or of another that shares the way.
    Leaf {
        /// Hash of the leaf's key.
        path: Hash,
        /// Hash of its value.
        value_hash: Hash,
    },
}

/// The way from the root to a key.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct StateProof {
    /// The nodes beside the way, from the root downward; at most 256.
    pub siblings: Vec<Hash>,
    /// Where it ends.
    pub terminal: Terminal,
}

/// Why a proof does not prove.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProofError {
    /// It leads to another root.
    #[error("the proof does not lead to the state root")]
    Root,
    /// It proves another value, or that there is one where none is claimed, or none where one is.
    #[error("the proof is of another value")]
    Value,
    /// There are more than 256 siblings.
    #[error("the proof is longer than any way in the trie")]
    Length,
}

impl StateProof {
    /// Checks that the state with this root has this value at a key, or none.
    ///
    /// # Errors
    /// [`ProofError`] when it does not follow.
    pub fn verify(&self, root: &Hash, key: &[u8], value: Option<&[u8]>) -> Result<(), ProofError> {
        let way = state_path(key);
        if self.siblings.len() > 256 {
            return Err(ProofError::Length);
        }
        let mut node = match &self.terminal {
            Terminal::Empty => TERMINATOR,
            Terminal::Leaf { path, value_hash } => leaf_node(&path.0, &value_hash.0),
        };
        for (depth, sibling) in self.siblings.iter().enumerate().rev() {
            let right = bit(&way, depth as u32);
            node = if right { inner_node(sibling.0, node) } else { inner_node(node, sibling.0) };
        }
        if node != root.0 {
            return Err(ProofError::Root);
        }
        let proved = match (&self.terminal, value) {
            (Terminal::Leaf { path, value_hash }, Some(value)) => {
                path.0 == way && value_hash.0 == StateHasher::hash_value(value)
            }
            (Terminal::Leaf { path, .. }, None) => path.0 != way,
            (Terminal::Empty, value) => value.is_none(),
        };
        if proved { Ok(()) } else { Err(ProofError::Value) }
    }
}
