//! A block's changes: hashed first, applied when the block is on the disk.

use super::wide::Hashing;
use super::{ENTRIES_PER_BUCKET, Leaf, MAX_DEPTH, Node, StateTrie, bit, bucket_of, subtree, wide};
use crate::{Hash, Write};
use alloc::vec::Vec;

/// Changes that one core hashes at least, about: fewer would not fill the lanes, nor be worth waking it.
const CHANGES_OF_A_PART: usize = 256;

/// Changes that were hashed and not yet applied.
#[derive(Clone, Debug)]
pub struct Staged {
    root: Hash,
    depth: u32,
    /// Which buckets change, and how many leaves each has then.
    buckets: Vec<(usize, usize)>,
    /// The leaves of these, one bucket after the other.
    leaves: Vec<Leaf>,
    nodes: Vec<(usize, Node)>,
    count: usize,
}

impl Staged {
    /// The root after the changes.
    pub fn root(&self) -> Hash {
        self.root
    }
}

impl StateTrie {
    /// Hashes a block's changes without applying them: leaves first, then each part of the trie up to where the parts
    /// meet, then the few nodes above.
    pub fn stage<'a>(&self, writes: impl IntoIterator<Item = (&'a Vec<u8>, &'a Write)>) -> Staged {
        let writes: Vec<(&Vec<u8>, &Write)> = writes.into_iter().collect();
        let mut changes: Vec<Leaf> = wide::in_parts(&writes, |part| {
            wide::leaves(part.iter().map(|(key, write)| (key.as_slice(), write.new.as_deref())))
        });
        wide::sort(&mut changes, |one, two| one.path.cmp(&two.path));
        let prefix = (changes.len() / CHANGES_OF_A_PART).checked_ilog2().unwrap_or(0).min(self.depth);
        let parts: Vec<&[Leaf]> =
            changes.chunk_by(|one, two| bucket_of(&one.path, prefix) == bucket_of(&two.path, prefix)).collect();
        let parts = wide::each(&parts, |part| self.stage_part(part, prefix));
        let (mut buckets, mut leaves, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut level, mut count) = (Vec::with_capacity(parts.len()), self.count);
        for mut part in parts {
            for (index, length) in &part.buckets {
                count = count + length - self.buckets[*index].len();
            }
            buckets.append(&mut part.buckets);
            leaves.append(&mut part.leaves);
            nodes.append(&mut part.nodes);
            level.push(part.top);
        }
        self.climb(&mut level, &mut nodes, 0);
        let root = level.first().map_or(self.nodes[1], |(_, node)| *node);
        nodes.append(&mut level);
        Staged { root: Hash(root), depth: self.depth, buckets, leaves, nodes, count }
    }

    /// What changes that share their first `prefix` bits lead to, up to the one node over all of them.
    fn stage_part(&self, changes: &[Leaf], prefix: u32) -> Part {
        let (mut buckets, mut leaves) = (Vec::with_capacity(changes.len()), Vec::with_capacity(3 * changes.len()));
        let mut level = Vec::with_capacity(changes.len());
        for group in changes.chunk_by(|one, two| bucket_of(&one.path, self.depth) == bucket_of(&two.path, self.depth)) {
            let index = bucket_of(&group[0].path, self.depth);
            let before = leaves.len();
            merge(&self.buckets[index], group, &mut leaves);
            buckets.push((index, leaves.len() - before));
            level.push((self.buckets.len() + index, [0; 32]));
        }
        let tops = wide::subtrees(split(&leaves, &buckets), self.depth);
        level.iter_mut().zip(tops).for_each(|((_, node), top)| *node = top);
        let mut nodes = Vec::with_capacity(2 * level.len());
        self.climb(&mut level, &mut nodes, prefix);
        Part { buckets, leaves, nodes, top: level[0] }
    }

    /// Carries changed nodes of one level up to the level `to`; those that are left below go to `nodes`.
    fn climb(&self, level: &mut Vec<(usize, Node)>, nodes: &mut Vec<(usize, Node)>, to: u32) {
        let (mut above, mut hashing) = (Vec::with_capacity(level.len()), Hashing::default());
        while level.first().is_some_and(|(first, _)| first.ilog2() > to) {
            for pair in level.chunk_by(|one, two| one.0 / 2 == two.0 / 2) {
                let (left, right) = match pair {
                    [(_, left), (_, right)] => (left, right),
                    [(only, node)] if only % 2 == 0 => (node, &self.nodes[only + 1]),
                    _ => (&self.nodes[pair[0].0 - 1], &pair[0].1),
                };
                let node = hashing.parent(above.len(), left, right);
                above.push((pair[0].0 / 2, node));
            }
            hashing.finish(|at, node| above[at].1 = node);
            nodes.append(level);
            core::mem::swap(level, &mut above);
        }
    }

    /// Applies changes that were hashed on this very trie.
    ///
    /// # Panics
    /// When the trie grew since.
    pub fn apply(&mut self, staged: Staged) {
        assert_eq!(staged.depth, self.depth, "changes are applied to the trie that they were hashed on");
        for ((index, _), leaves) in staged.buckets.iter().zip(split(&staged.leaves, &staged.buckets)) {
            let bucket = &mut self.buckets[*index];
            if bucket.len() == leaves.len() {
                bucket.copy_from_slice(leaves);
            } else {
                *bucket = leaves.to_vec();
            }
        }
        staged.nodes.into_iter().for_each(|(index, node)| self.nodes[index] = node);
        self.count = staged.count;
        if self.depth < MAX_DEPTH && self.count > (ENTRIES_PER_BUCKET * 16) << self.depth {
            let leaves: Vec<Leaf> = core::mem::take(&mut self.buckets).into_iter().flatten().collect();
            *self = Self::from_leaves(&leaves);
        } else if self.depth < MAX_DEPTH && self.count > (ENTRIES_PER_BUCKET * 2) << self.depth {
            self.grow();
        }
    }

    /// Adds a level below the flat part: what is above it keeps its hashes.
    fn grow(&mut self) {
        let width = self.buckets.len();
        let mut buckets = Vec::with_capacity(2 * width);
        let mut nodes = core::mem::take(&mut self.nodes);
        nodes.reserve(2 * width);
        for bucket in core::mem::take(&mut self.buckets) {
            let middle = bucket.partition_point(|leaf| !bit(&leaf.path, self.depth));
            let (left, right) = bucket.split_at(middle);
            for half in [left, right] {
                nodes.push(subtree(half, self.depth + 1));
                buckets.push(half.to_vec());
            }
        }
        (self.nodes, self.buckets, self.depth) = (nodes, buckets, self.depth + 1);
    }
}

/// What a part of the changes leads to.
struct Part {
    buckets: Vec<(usize, usize)>,
    leaves: Vec<Leaf>,
    nodes: Vec<(usize, Node)>,
    /// The one node over all that the part changes.
    top: (usize, Node),
}

/// The leaves of each bucket, of all that lie one after the other.
fn split<'a>(leaves: &'a [Leaf], buckets: &[(usize, usize)]) -> impl Iterator<Item = &'a [Leaf]> {
    buckets.iter().scan(leaves, |rest, (_, length)| {
        let (own, others) = rest.split_at(*length);
        *rest = others;
        Some(own)
    })
}

/// Adds a bucket with sorted changes applied; both are walked once, so that a first block of a million entries is no
/// disaster.
fn merge(bucket: &[Leaf], changes: &[Leaf], merged: &mut Vec<Leaf>) {
    let mut rest = bucket;
    for change in changes {
        let before = rest.partition_point(|leaf| leaf.path < change.path);
        merged.extend_from_slice(&rest[..before]);
        rest = &rest[before..];
        if rest.first().is_some_and(|leaf| leaf.path == change.path) {
            rest = &rest[1..];
        }
        if !change.is_removal() {
            merged.push(*change);
        }
    }
    merged.extend_from_slice(rest);
}
