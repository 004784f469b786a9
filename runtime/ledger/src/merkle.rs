//! Binary Merkle trees over lists (the construction of RFC 9162, section 2.1, with SHA3-256).

use crate::{Hash, crypto::hash};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

const LEAF: &str = "counterpart/merkle/leaf";
const NODE: &str = "counterpart/merkle/node";

/// The root over leaf hashes; the empty list has a root of its own.
pub fn merkle_root(leaves: impl IntoIterator<Item = Hash>) -> Hash {
    let leaves: Vec<Hash> = leaves.into_iter().map(leaf).collect();
    root_of(&leaves)
}

/// A proof that a leaf stands at an index of a list.
#[derive(Clone, PartialEq, Eq, Debug, BorshSerialize, BorshDeserialize)]
pub struct MerkleProof {
    /// Position of the leaf.
    pub index: u32,
    /// Number of leaves.
    pub count: u32,
    /// Sibling hashes from the leaf up.
    pub siblings: Vec<Hash>,
}

/// The proof for `leaves[index]`.
///
/// # Panics
/// If `index` is not below the number of leaves.
pub fn merkle_proof(leaves: &[Hash], index: usize) -> MerkleProof {
    assert!(index < leaves.len(), "leaf {index} of {}", leaves.len());
    let hashed: Vec<Hash> = leaves.iter().copied().map(leaf).collect();
    let mut siblings = Vec::new();
    collect_siblings(&hashed, index, &mut siblings);
    MerkleProof { index: index as u32, count: leaves.len() as u32, siblings }
}

impl MerkleProof {
    /// Whether the leaf stands at the proof's index under the root.
    pub fn verify(&self, root: &Hash, value: Hash) -> bool {
        if self.index >= self.count {
            return false;
        }
        let mut siblings = self.siblings.iter();
        let computed = climb(leaf(value), self.index as usize, self.count as usize, &mut siblings);
        siblings.next().is_none() && computed.as_ref() == Some(root)
    }
}

fn leaf(value: Hash) -> Hash {
    hash(LEAF, &[&value.0])
}

fn node(left: &Hash, right: &Hash) -> Hash {
    hash(NODE, &[&left.0, &right.0])
}

/// The largest power of two below `count`.
fn split(count: usize) -> usize {
    debug_assert!(count > 1);
    1 << (usize::BITS - 1 - (count - 1).leading_zeros())
}

fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => hash(LEAF, &[]),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&root_of(left), &root_of(right))
        }
    }
}

fn collect_siblings(leaves: &[Hash], index: usize, out: &mut Vec<Hash>) {
    if leaves.len() == 1 {
        return;
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if index < left.len() {
        collect_siblings(left, index, out);
        out.push(root_of(right));
    } else {
        collect_siblings(right, index - left.len(), out);
        out.push(root_of(left));
    }
}

fn climb<'a>(value: Hash, index: usize, count: usize, siblings: &mut impl Iterator<Item = &'a Hash>) -> Option<Hash> {
    if count == 1 {
        return Some(value);
    }
    let left = split(count);
    if index < left {
        let inner = climb(value, index, left, siblings)?;
        Some(node(&inner, siblings.next()?))
    } else {
        let inner = climb(value, index - left, count - left, siblings)?;
        Some(node(siblings.next()?, &inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_of_every_size_is_proved_and_nothing_else() {
        for count in 1..34usize {
            let leaves: Vec<Hash> = (0..count).map(|i| Hash([i as u8; 32])).collect();
            let root = merkle_root(leaves.iter().copied());
            for index in 0..count {
                let proof = merkle_proof(&leaves, index);
                assert!(proof.verify(&root, leaves[index]));
                assert!(!proof.verify(&root, Hash([0xEE; 32])));
                let elsewhere = MerkleProof { index: (index as u32 + 1) % count as u32, ..proof.clone() };
                assert!(count == 1 || !elsewhere.verify(&root, leaves[index]));
                let longer = MerkleProof { siblings: [&proof.siblings[..], &[root]].concat(), ..proof };
                assert!(!longer.verify(&root, leaves[index]));
            }
        }
    }
}
