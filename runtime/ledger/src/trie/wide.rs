//! Hashing of many nodes at once: those that do not depend on one another go through the wide permutation together.

use super::{Leaf, Node, Parent, StateHasher, bit, parent};
use alloc::vec::Vec;
use counterpart_hashing::digest_all;
use nomt_core::hasher::{NodeHasher, set_msb, unset_msb};
use nomt_core::trie::{NodeKind, TERMINATOR};

/// Items that one core takes at a time: few enough to stay in the nearest cache.
const PART: usize = 256;

/// One answer for each item, in order, on all cores. The answers do not depend on how many there are.
pub fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    #[cfg(feature = "parallel")]
    if items.len() > 1 {
        return shared(items, work);
    }
    items.iter().map(work).collect()
}

/// The caller takes items one by one from the front, and the pool's threads beside it as soon as they are awake: a block
/// of a few parts is done before a caller that only waits would have been woken again.
#[cfg(feature = "parallel")]
fn shared<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, PoisonError};
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        let mut own = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            own.push((index, work(item)));
        }
        done.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
    };
    rayon::in_place_scope(|scope| {
        for _ in 1..rayon::current_num_threads().min(items.len()) {
            scope.spawn(|_| run());
        }
        run();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, answer)| answer).collect()
}

/// Answers for all items, in order, made part by part.
pub fn in_parts<T: Sync, R: Send>(items: &[T], work: impl Fn(&[T]) -> Vec<R> + Sync + Send) -> Vec<R> {
    let parts: Vec<&[T]> = items.chunks(PART).collect();
    let mut parts = each(&parts, |part| work(part));
    let mut all = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    parts.iter_mut().for_each(|part| all.append(part));
    all
}

/// What two pieces of work answer: the first on other cores meanwhile, where there are any.
pub fn beside<A: Send, B>(first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B) -> (A, B) {
    #[cfg(feature = "parallel")]
    {
        let mut made = None;
        let answer = rayon::in_place_scope(|scope| {
            scope.spawn(|_| made = Some(first()));
            second()
        });
        (made.expect("the scope ends after all that was begun in it"), answer)
    }
    #[cfg(not(feature = "parallel"))]
    (first(), second())
}

/// Sorts, on all cores where there is a choice.
pub fn sort<T: Send>(items: &mut [T], compare: impl Fn(&T, &T) -> core::cmp::Ordering + Sync + Send) {
    #[cfg(feature = "parallel")]
    rayon::slice::ParallelSliceMut::par_sort_unstable_by(items, compare);
    #[cfg(not(feature = "parallel"))]
    items.sort_unstable_by(compare);
}

/// The leaves of entries; an entry without a value gets the mark of a removal.
pub fn leaves<'a>(entries: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Vec<Leaf> {
    let (keys, values): (Vec<&[u8]>, Vec<Option<&[u8]>>) = entries.unzip();
    let contents: Vec<&[u8]> = values.iter().map(|value| value.unwrap_or_default()).collect();
    let (paths, hashes) = (digest_all(&keys), digest_all(&contents));
    let pairs: Vec<[u8; 64]> = paths.iter().zip(&hashes).map(|(path, hash)| pair(path, hash)).collect();
    let mut leaves = Vec::with_capacity(paths.len());
    for (index, mut node) in digest_all(&pairs).into_iter().enumerate() {
        set_msb(&mut node);
        let node = if values[index].is_some() { node } else { TERMINATOR };
        leaves.push(Leaf { path: paths[index], value_hash: hashes[index], node });
    }
    leaves
}

/// The nodes above pairs of nodes.
pub fn parents(pairs: &[[Node; 2]]) -> Vec<Node> {
    let mut hashing = Hashing::default();
    let mut above: Vec<Node> =
        pairs.iter().enumerate().map(|(at, [left, right])| hashing.parent(at, left, right)).collect();
    hashing.finish(|at, node| above[at] = node);
    above
}

/// Two nodes or more below one bucket, on their way to one.
struct Growth {
    /// Where it stands among the buckets.
    bucket: usize,
    /// The level at which the last two of its leaves meet.
    deepest: u32,
    /// Where its nodes at the present level begin.
    start: usize,
    /// How many they are.
    count: usize,
}

/// A node at the present level, and a path through it.
type Item = ([u8; 32], Node);

/// The nodes over buckets of sorted leaves that share their first `depth` bits.
///
/// All buckets climb together, level by level, so that a round has many nodes to hash even though a bucket has few.
pub fn subtrees<'a>(buckets: impl Iterator<Item = &'a [Leaf]>, depth: u32) -> Vec<Node> {
    let (mut nodes, mut growing, mut items) = (Vec::new(), Vec::new(), Vec::new());
    for (bucket, leaves) in buckets.enumerate() {
        nodes.push(leaves.first().map_or(TERMINATOR, |leaf| leaf.node));
        if leaves.len() > 1 {
            let deepest =
                leaves.windows(2).map(|pair| shared_bits(&pair[0].path, &pair[1].path)).max().unwrap_or(depth);
            growing.push(Growth { bucket, deepest, start: items.len(), count: leaves.len() });
            items.extend(leaves.iter().map(|leaf| (leaf.path, leaf.node)));
        }
    }
    growing.sort_unstable_by_key(|growth| core::cmp::Reverse(growth.deepest));
    let Some(deepest) = growing.first().map(|growth| growth.deepest) else { return nodes };
    for level in (depth..=deepest).rev() {
        let reached = growing.partition_point(|growth| growth.deepest >= level);
        climb(&mut growing[..reached], &mut items, level);
    }
    for growth in growing {
        debug_assert_eq!(growth.count, 1, "all leaves of a bucket meet at its top");
        nodes[growth.bucket] = items[growth.start].1;
    }
    nodes
}

/// Replaces what stands below a level by what stands at it.
fn climb(growing: &mut [Growth], items: &mut [Item], level: u32) {
    let mut hashing = Hashing::default();
    for growth in growing {
        let (mut read, end, mut kept) = (growth.start, growth.start + growth.count, growth.start);
        while read < end {
            let (path, node) = items[read];
            let sibling = items[read + 1..end].first().filter(|(other, _)| shared_bits(&path, other) >= level);
            match sibling {
                Some((_, right)) => hashing.add(kept, &node, right),
                // A leaf alone moves up as it is.
                None if StateHasher::node_kind(&node) == NodeKind::Leaf => {}
                None if bit(&path, level) => hashing.add(kept, &TERMINATOR, &node),
                None => hashing.add(kept, &node, &TERMINATOR),
            }
            read += 1 + usize::from(sibling.is_some());
            items[kept] = (path, node);
            kept += 1;
        }
        growth.count = kept - growth.start;
    }
    hashing.finish(|at, node| items[at].1 = node);
}

/// Inner nodes to hash, and where each goes.
#[derive(Default)]
pub struct Hashing {
    places: Vec<usize>,
    pairs: Vec<[u8; 64]>,
}

impl Hashing {
    /// The node above two, or the terminator where it is still to be hashed and put `at`.
    pub fn parent(&mut self, at: usize, left: &Node, right: &Node) -> Node {
        match parent(left, right) {
            Parent::Known(node) => node,
            Parent::Hashed => {
                self.add(at, left, right);
                TERMINATOR
            }
        }
    }

    fn add(&mut self, at: usize, left: &Node, right: &Node) {
        self.places.push(at);
        self.pairs.push(pair(left, right));
    }

    /// Hashes what was added and puts it where it goes.
    pub fn finish(&mut self, mut put: impl FnMut(usize, Node)) {
        for (at, mut node) in self.places.drain(..).zip(digest_all(&self.pairs)) {
            unset_msb(&mut node);
            put(at, node);
        }
        self.pairs.clear();
    }
}

fn pair(left: &[u8; 32], right: &[u8; 32]) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(left);
    bytes[32..].copy_from_slice(right);
    bytes
}

/// How many bits two paths begin with in common.
fn shared_bits(one: &[u8; 32], two: &[u8; 32]) -> u32 {
    let differing = one.iter().zip(two).position(|(one, two)| one != two);
    differing.map_or(256, |byte| 8 * byte as u32 + (one[byte] ^ two[byte]).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::super::{bucket_of, subtree};
    use super::*;
    use proptest::prelude::*;

    /// Paths that share as many bits as they like, as nobody could make by hashing.
    fn ground() -> impl Strategy<Value = Vec<[u8; 32]>> {
        let bits = prop::collection::vec((any::<bool>(), 0usize..256), 0..6);
        prop::collection::vec(bits, 0..40).prop_map(|paths| {
            let path = |flips: Vec<(bool, usize)>| {
                let mut path = [0x5A; 32];
                flips.into_iter().filter(|(set, _)| *set).for_each(|(_, bit)| path[bit / 8] ^= 0x80 >> (bit % 8));
                path
            };
            paths.into_iter().map(path).collect::<alloc::collections::BTreeSet<_>>().into_iter().collect()
        })
    }

    proptest! {
        #[test]
        fn buckets_that_climb_together_reach_the_nodes_of_each_alone(paths in ground(), depth in 0u32..12) {
            let leaves: Vec<Leaf> = paths
                .iter()
                .map(|path| {
                    let mut node = counterpart_hashing::digest(path);
                    set_msb(&mut node);
                    Leaf { path: *path, value_hash: [7; 32], node }
                })
                .collect();
            let buckets: Vec<&[Leaf]> =
                leaves.chunk_by(|one, two| bucket_of(&one.path, depth) == bucket_of(&two.path, depth)).collect();
            let alone: Vec<Node> = buckets.iter().map(|bucket| subtree(bucket, depth)).collect();
            prop_assert_eq!(subtrees(buckets.into_iter(), depth), alone);
        }
    }
}
