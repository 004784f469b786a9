//! The state trie: a binary Merkle trie in memory whose root is a pure function of the state.
//!
//! The format is that of `nomt-core` 1.0 with SHA3-256: the path of an entry is the hash of its key, a subtree with one
//! entry is that entry's leaf, an empty one is the terminator (zeros), the top bit tells leaves from inner nodes.
//!
//! Nodes of the first `depth` levels lie in one flat vector; below it, each bucket keeps its one or two leaves sorted,
//! and nothing between is stored. A block's changes are hashed bucket by bucket and then level by level, each node once.

use crate::proof::{StateProof, Terminal};
use crate::{Hash, Write};
use nomt_core::hasher::{BinaryHash, BinaryHasher, NodeHasher};
use nomt_core::trie::{InternalData, LeafData, NodeKind, TERMINATOR};
use sha3::{Digest, Sha3_256};

/// Entries for each bucket at which the flat part gets one more level.
const ENTRIES_PER_BUCKET: usize = 2;
/// Levels of the flat part at most: 2^26 nodes of 32 bytes are 2 GiB.
const MAX_DEPTH: u32 = 25;

/// SHA3-256 for nodes and values.
pub struct Sha3;

impl BinaryHash for Sha3 {
    fn hash(input: &[u8]) -> [u8; 32] {
        Sha3_256::digest(input).into()
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

/// The parent of two nodes: a leaf alone moves up.
fn join(left: Node, right: Node) -> Node {
    match (StateHasher::node_kind(&left), StateHasher::node_kind(&right)) {
        (NodeKind::Terminator, NodeKind::Terminator) => TERMINATOR,
        (NodeKind::Leaf, NodeKind::Terminator) => left,
        (NodeKind::Terminator, NodeKind::Leaf) => right,
        _ => inner_node(left, right),
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

/// A path and the leaf that it gets; `None` removes it.
type Change = ([u8; 32], Option<Leaf>);

/// Changes that were hashed and not yet applied.
#[derive(Clone, Debug)]
pub struct Staged {
    root: Hash,
    depth: u32,
    buckets: Vec<(usize, Vec<Leaf>)>,
    nodes: Vec<(usize, Node)>,
    count: usize,
}

impl Staged {
    /// The root after the changes.
    pub fn root(&self) -> Hash {
        self.root
    }
}

impl Default for StateTrie {
    fn default() -> Self {
        Self { depth: 0, nodes: vec![TERMINATOR; 2], buckets: vec![Vec::new()], count: 0 }
    }
}

impl StateTrie {
    /// The trie of all entries of a state; each key once.
    pub fn from_entries<K: AsRef<[u8]> + Send, V: AsRef<[u8]> + Send>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let leaf = |(key, value): (K, V)| make_leaf(state_path(key.as_ref()), value.as_ref());
        let mut leaves: Vec<Leaf> = map_all(entries.into_iter().collect(), leaf);
        leaves.sort_unstable_by_key(|leaf| leaf.path);
        Self::from_leaves(leaves)
    }

    fn from_leaves(leaves: Vec<Leaf>) -> Self {
        let count = leaves.len();
        let mut depth = 0;
        while depth < MAX_DEPTH && count > ENTRIES_PER_BUCKET << depth {
            depth += 1;
        }
        let width = 1usize << depth;
        let mut rest = leaves.as_slice();
        let mut parts = Vec::with_capacity(width);
        for index in 0..width {
            let (own, others) = rest.split_at(rest.partition_point(|leaf| bucket_of(&leaf.path, depth) <= index));
            parts.push(own);
            rest = others;
        }
        let made = map_all(parts, |part: &[Leaf]| (part.to_vec(), subtree(part, depth)));
        let (buckets, mut level): (Vec<Vec<Leaf>>, Vec<Node>) = made.into_iter().unzip();
        let mut nodes = vec![TERMINATOR; 2 * width];
        let mut start = width;
        loop {
            nodes[start..2 * start].copy_from_slice(&level);
            if start == 1 {
                break;
            }
            level = map_all(level.chunks(2).collect(), |pair: &[Node]| join(pair[0], pair[1]));
            start /= 2;
        }
        Self { depth, nodes, buckets, count }
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

    /// Hashes a block's changes without applying them: leaves first, then bucket by bucket, then level by level.
    pub fn stage<'a>(&self, writes: impl IntoIterator<Item = (&'a Vec<u8>, &'a Write)>) -> Staged {
        let hashed = |(key, write): (&Vec<u8>, &Write)| {
            let path = state_path(key);
            (path, write.new.as_deref().map(|value| make_leaf(path, value)))
        };
        let mut changes: Vec<Change> = map_all(writes.into_iter().collect(), hashed);
        changes.sort_unstable_by_key(|(path, _)| *path);
        let width = self.buckets.len();
        let groups: Vec<&[Change]> =
            changes.chunk_by(|one, two| bucket_of(&one.0, self.depth) == bucket_of(&two.0, self.depth)).collect();
        let merged = map_all(groups, |group: &[Change]| {
            let index = bucket_of(&group[0].0, self.depth);
            let bucket = merge(&self.buckets[index], group);
            let node = subtree(&bucket, self.depth);
            (index, bucket, node)
        });
        let (mut buckets, mut level) = (Vec::with_capacity(merged.len()), Vec::with_capacity(merged.len()));
        let mut count = self.count;
        for (index, bucket, node) in merged {
            count = count + bucket.len() - self.buckets[index].len();
            level.push((width + index, node));
            buckets.push((index, bucket));
        }
        let mut nodes: Vec<(usize, Node)> = Vec::with_capacity(level.len() * 2);
        while level.first().is_some_and(|(first, _)| *first > 1) {
            let pairs: Vec<&[(usize, Node)]> = level.chunk_by(|one, two| one.0 / 2 == two.0 / 2).collect();
            let above = map_all(pairs, |pair: &[(usize, Node)]| {
                let parent = pair[0].0 / 2;
                let child = |index: usize| {
                    pair.iter().find(|(changed, _)| *changed == index).map_or(self.nodes[index], |(_, node)| *node)
                };
                (parent, join(child(2 * parent), child(2 * parent + 1)))
            });
            nodes.append(&mut level);
            level = above;
        }
        let root = level.first().map_or(self.nodes[1], |(_, node)| *node);
        nodes.append(&mut level);
        Staged { root: Hash(root), depth: self.depth, buckets, nodes, count }
    }

    /// Applies changes that were hashed on this very trie.
    ///
    /// # Panics
    /// When the trie grew since.
    pub fn apply(&mut self, staged: Staged) {
        assert_eq!(staged.depth, self.depth, "changes are applied to the trie that they were hashed on");
        staged.buckets.into_iter().for_each(|(index, bucket)| self.buckets[index] = bucket);
        staged.nodes.into_iter().for_each(|(index, node)| self.nodes[index] = node);
        self.count = staged.count;
        if self.depth < MAX_DEPTH && self.count > (ENTRIES_PER_BUCKET * 16) << self.depth {
            let leaves = std::mem::take(&mut self.buckets).into_iter().flatten().collect();
            *self = Self::from_leaves(leaves);
        } else if self.depth < MAX_DEPTH && self.count > (ENTRIES_PER_BUCKET * 2) << self.depth {
            self.grow();
        }
    }

    /// Adds a level below the flat part: what is above it keeps its hashes.
    fn grow(&mut self) {
        let width = self.buckets.len();
        let mut buckets = Vec::with_capacity(2 * width);
        let mut nodes = std::mem::take(&mut self.nodes);
        nodes.reserve(2 * width);
        for bucket in std::mem::take(&mut self.buckets) {
            let middle = bucket.partition_point(|leaf| !bit(&leaf.path, self.depth));
            let (left, right) = bucket.split_at(middle);
            for half in [left, right] {
                nodes.push(subtree(half, self.depth + 1));
                buckets.push(half.to_vec());
            }
        }
        (self.nodes, self.buckets, self.depth) = (nodes, buckets, self.depth + 1);
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

/// A bucket with sorted changes applied; both are walked once, so that a first block of a million entries is no disaster.
fn merge(bucket: &[Leaf], changes: &[Change]) -> Vec<Leaf> {
    let mut merged = Vec::with_capacity(bucket.len() + changes.len());
    let mut rest = bucket;
    for (path, leaf) in changes {
        let before = rest.partition_point(|leaf| leaf.path < *path);
        merged.extend_from_slice(&rest[..before]);
        rest = &rest[before..];
        if rest.first().is_some_and(|leaf| leaf.path == *path) {
            rest = &rest[1..];
        }
        merged.extend(*leaf);
    }
    merged.extend_from_slice(rest);
    merged
}

/// The same for each item, on all cores where that is worth it. The result does not depend on how many there are.
#[cfg(feature = "parallel")]
fn map_all<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    use rayon::prelude::*;
    /// Fewer are hashed before a second thread has woken.
    const WORTH_IT: usize = 128;
    if items.len() < WORTH_IT {
        return items.into_iter().map(work).collect();
    }
    items.into_par_iter().with_min_len(WORTH_IT / 2).map(work).collect()
}

/// The same for each item.
#[cfg(not(feature = "parallel"))]
fn map_all<T, R>(items: Vec<T>, work: impl Fn(T) -> R) -> Vec<R> {
    items.into_iter().map(work).collect()
}

fn make_leaf(path: [u8; 32], value: &[u8]) -> Leaf {
    let value_hash = Sha3::hash(value);
    Leaf { path, value_hash, node: leaf_node(&path, &value_hash) }
}

/// The first `depth` bits of a path.
fn bucket_of(path: &[u8; 32], depth: u32) -> usize {
    let first = u32::from_be_bytes([path[0], path[1], path[2], path[3]]);
    if depth == 0 { 0 } else { (first >> (32 - depth)) as usize }
}
