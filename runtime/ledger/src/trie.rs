//! The state trie: a binary Merkle trie in memory whose root is a pure function of the state.
//!
//! The format is that of `nomt-core` 1.0 with SHA3-256: the path of an entry is the hash of its key, a subtree with one
//! entry is that entry's leaf, an empty one is the terminator (zeros), the top bit tells leaves from inner nodes.
//!
//! Nodes of the first `depth` levels lie in one flat vector; below it, each bucket keeps its one or two leaves sorted,
//! and nothing between is stored. `stage` hashes a block's changes, `wide` hashes many nodes at once.

mod stage;
mod wide;

use crate::Hash;
use crate::proof::{StateProof, Terminal};
use alloc::vec;
use alloc::vec::Vec;
use core::convert::Infallible;
use nomt_core::hasher::{BinaryHash, BinaryHasher, NodeHasher};
use nomt_core::trie::{InternalData, LeafData, NodeKind, TERMINATOR};
pub use stage::Staged;

/// Entries for each bucket at which the flat part gets one more level.
const ENTRIES_PER_BUCKET: usize = 2;
/// Levels of the flat part at most: 2^26 nodes of 32 bytes are 2 GiB.
const MAX_DEPTH: u32 = 25;

/// SHA3-256 for nodes and values.
pub struct Sha3;

impl BinaryHash for Sha3 {
    fn hash(input: &[u8]) -> [u8; 32] {
        counterpart_hashing::digest(input)
    }
}

/// The hasher of the trie, for verifiers that use `nomt-core` directly.
pub type StateHasher = BinaryHasher<Sha3>;

/// A node: a hash, or zeros for the terminator.
pub(crate) type Node = [u8; 32];

/// Where a key stands in the trie.
pub fn state_path(key: &[u8]) -> [u8; 32] {
    Sha3::hash(key)
}

pub(crate) fn leaf_node(path: &[u8; 32], value_hash: &[u8; 32]) -> Node {
    StateHasher::hash_leaf(&LeafData { key_path: *path, value_hash: *value_hash })
}

pub(crate) fn inner_node(left: Node, right: Node) -> Node {
    StateHasher::hash_internal(&InternalData { left, right })
}

/// What stands above two nodes.
enum Parent {
    /// Nothing needs to be hashed: both are empty, or a leaf alone moves up.
    Known(Node),
    /// The hash of both.
    Hashed,
}

fn parent(left: &Node, right: &Node) -> Parent {
    match (StateHasher::node_kind(left), StateHasher::node_kind(right)) {
        (NodeKind::Terminator, NodeKind::Terminator) => Parent::Known(TERMINATOR),
        (NodeKind::Leaf, NodeKind::Terminator) => Parent::Known(*left),
        (NodeKind::Terminator, NodeKind::Leaf) => Parent::Known(*right),
        _ => Parent::Hashed,
    }
}

fn join(left: Node, right: Node) -> Node {
    match parent(&left, &right) {
        Parent::Known(node) => node,
        Parent::Hashed => inner_node(left, right),
    }
}

pub(crate) fn bit(path: &[u8; 32], depth: u32) -> bool {
    path[(depth / 8) as usize] >> (7 - depth % 8) & 1 == 1
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Leaf {
    path: [u8; 32],
    value_hash: [u8; 32],
    node: Node,
}

impl Leaf {
    /// Among changes: whether the entry goes. No leaf hashes to the terminator.
    fn is_removal(&self) -> bool {
        self.node == TERMINATOR
    }
}

/// The node over sorted leaves that share the first `depth` bits.
fn subtree(leaves: &[Leaf], depth: u32) -> Node {
    match leaves {
        [] => TERMINATOR,
        [only] => only.node,
        _ => {
            let middle = leaves.partition_point(|leaf| !bit(&leaf.path, depth));
            join(subtree(&leaves[..middle], depth + 1), subtree(&leaves[middle..], depth + 1))
        }
    }
}

/// The trie.
#[derive(Clone, Debug)]
pub struct StateTrie {
    depth: u32,
    /// A heap: the root is 1, the children of `i` are `2i` and `2i + 1`, bucket `b` is `2^depth + b`.
    nodes: Vec<Node>,
    buckets: Vec<Vec<Leaf>>,
    count: usize,
}

impl Default for StateTrie {
    fn default() -> Self {
        Self { depth: 0, nodes: vec![TERMINATOR; 2], buckets: vec![Vec::new()], count: 0 }
    }
}

impl StateTrie {
    /// The trie of all entries of a state; each key once.
    pub fn from_entries<K: AsRef<[u8]> + Sync, V: AsRef<[u8]> + Sync>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let Ok(trie) = Self::try_from_entries(entries.into_iter().map(Ok::<_, Infallible>));
        trie
    }

    /// The trie of all entries of a state that has to be read; each key once.
    ///
    /// # Errors
    /// The first of the reader.
    pub fn try_from_entries<K: AsRef<[u8]> + Sync, V: AsRef<[u8]> + Sync, E>(
        entries: impl Iterator<Item = Result<(K, V), E>>,
    ) -> Result<Self, E> {
        /// Entries that are held at a time; of the others the leaves are enough.
        const AT_ONCE: usize = 1 << 15;
        let mut entries = entries.fuse();
        let mut read_on = || entries.by_ref().take(AT_ONCE).collect::<Result<Vec<(K, V)>, E>>();
        let mut leaves: Vec<Leaf> = Vec::new();
        let mut read = read_on()?;
        while !read.is_empty() {
            let hash = || {
                wide::in_parts(&read, |part| {
                    let of = part.iter().map(|(key, value)| (key.as_ref(), Some(value.as_ref())));
                    wide::leaves(of)
                })
            };
            // Reading waits for the disk and for one core, hashing takes what is left.
            let (mut hashed, next) = wide::beside(hash, &mut read_on);
            leaves.append(&mut hashed);
            read = next?;
        }
        wide::sort(&mut leaves, |one, two| one.path.cmp(&two.path));
        Ok(Self::from_leaves(&leaves))
    }

    fn from_leaves(leaves: &[Leaf]) -> Self {
        let mut depth = 0;
        while depth < MAX_DEPTH && leaves.len() > ENTRIES_PER_BUCKET << depth {
            depth += 1;
        }
        let width = 1usize << depth;
        let mut buckets = vec![Vec::new(); width];
        for own in leaves.chunk_by(|one, two| bucket_of(&one.path, depth) == bucket_of(&two.path, depth)) {
            buckets[bucket_of(&own[0].path, depth)] = own.to_vec();
        }
        let mut level = wide::in_parts(&buckets, |part| wide::subtrees(part.iter().map(Vec::as_slice), depth));
        let mut nodes = vec![TERMINATOR; 2 * width];
        let mut start = width;
        loop {
            nodes[start..2 * start].copy_from_slice(&level);
            if start == 1 {
                break;
            }
            let (pairs, _) = level.as_chunks::<2>();
            level = wide::in_parts(pairs, wide::parents);
            start /= 2;
        }
        Self { depth, nodes, buckets, count: leaves.len() }
    }

    /// The root; zeros for the empty state.
    pub fn root(&self) -> Hash {
        Hash(self.nodes[1])
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of memory that it takes, without what the allocator adds.
    pub fn memory(&self) -> usize {
        let leaves: usize = self.buckets.iter().map(Vec::capacity).sum();
        leaves * size_of::<Leaf>()
            + self.buckets.capacity() * size_of::<Vec<Leaf>>()
            + self.nodes.capacity() * size_of::<Node>()
    }

    /// A proof of what stands at a key, or that nothing does.
    pub fn prove(&self, key: &[u8]) -> StateProof {
        let path = state_path(key);
        let mut siblings = Vec::new();
        let mut index = 1;
        for depth in 0..self.depth {
            match StateHasher::node_kind(&self.nodes[index]) {
                NodeKind::Terminator => return StateProof { siblings, terminal: Terminal::Empty },
                NodeKind::Leaf => return StateProof { siblings, terminal: self.only_leaf(index) },
                NodeKind::Internal => {
                    let side = usize::from(bit(&path, depth));
                    siblings.push(Hash(self.nodes[2 * index + 1 - side]));
                    index = 2 * index + side;
                }
            }
        }
        let mut leaves = self.buckets[index - self.buckets.len()].as_slice();
        let mut depth = self.depth;
        while leaves.len() > 1 {
            let middle = leaves.partition_point(|leaf| !bit(&leaf.path, depth));
            let (left, right) = leaves.split_at(middle);
            let (own, other) = if bit(&path, depth) { (right, left) } else { (left, right) };
            siblings.push(Hash(subtree(other, depth + 1)));
            leaves = own;
            depth += 1;
        }
        StateProof { siblings, terminal: leaves.first().map_or(Terminal::Empty, Terminal::from_leaf) }
    }

    /// The node at an index of the flat part.
    pub(crate) fn node(&self, index: usize) -> Node {
        self.nodes[index]
    }

    /// Path and hash of the value of the one leaf below a node that is a leaf.
    pub(crate) fn leaf_below(&self, index: usize) -> ([u8; 32], [u8; 32]) {
        match self.only_leaf(index) {
            Terminal::Leaf { path, value_hash } => (path.0, value_hash.0),
            Terminal::Empty => unreachable!("a node that is a leaf has one below it"),
        }
    }

    /// The leaves of the bucket at an index of the flat part's lowest level; `None` above it.
    pub(crate) fn bucket(&self, index: usize) -> Option<Vec<([u8; 32], [u8; 32])>> {
        let bucket = index.checked_sub(self.buckets.len())?;
        Some(self.buckets[bucket].iter().map(|leaf| (leaf.path, leaf.value_hash)).collect())
    }

    /// The one leaf below a node that is a leaf.
    fn only_leaf(&self, mut index: usize) -> Terminal {
        while index < self.buckets.len() {
            index = if self.nodes[2 * index] == TERMINATOR { 2 * index + 1 } else { 2 * index };
        }
        self.buckets[index - self.buckets.len()].first().map_or(Terminal::Empty, Terminal::from_leaf)
    }
}

impl Terminal {
    fn from_leaf(leaf: &Leaf) -> Self {
        Self::Leaf { path: Hash(leaf.path), value_hash: Hash(leaf.value_hash) }
    }
}

/// The first `depth` bits of a path.
fn bucket_of(path: &[u8; 32], depth: u32) -> usize {
    let first = u32::from_be_bytes([path[0], path[1], path[2], path[3]]);
    if depth == 0 { 0 } else { (first >> (32 - depth)) as usize }
}
