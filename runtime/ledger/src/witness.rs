//! A pruned state trie: enough of it to check many entries at once, and to carry its root over a block's changes.
//!
//! It is the trie with every subtree that no asked key touches replaced by its hash, so that keys share what their ways
//! have in common. Whoever holds it needs nothing else of the state.

use crate::proof::Terminal;
use crate::trie::{Sha3, StateHasher, StateTrie, bit, inner_node, leaf_node, state_path};
use crate::{Hash, Write};
use alloc::boxed::Box;
use alloc::vec::Vec;
use borsh::io::{Error, ErrorKind, Read, Result as IoResult, Write as Output};
use borsh::{BorshDeserialize, BorshSerialize};
use nomt_core::hasher::{BinaryHash, NodeHasher};
use nomt_core::trie::{NodeKind, TERMINATOR};

/// Levels of a trie of 32-byte paths.
const MAX_DEPTH: u32 = 256;

/// A part of the trie.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    /// A subtree of which only the hash is known.
    Pruned([u8; 32]),
    Empty,
    Leaf {
        path: [u8; 32],
        value_hash: [u8; 32],
    },
    Inner(Box<[Part; 2]>),
}

/// A pruned state trie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witness(Part);

/// Why a witness does not answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WitnessError {
    /// The key's way leads into a pruned subtree.
    #[error("the witness does not cover the key")]
    NotCovered,
    /// The state has another value there, or none.
    #[error("the witness proves another value")]
    Value,
}

/// A path and the hash of the value there.
type PathAndValue = ([u8; 32], [u8; 32]);

/// A path and the hash of the value that it gets; `None` removes it.
type Change = ([u8; 32], Option<[u8; 32]>);

impl Witness {
    /// The trie, pruned to what these keys need.
    pub fn new<K: AsRef<[u8]>>(trie: &StateTrie, keys: impl IntoIterator<Item = K>) -> Self {
        let mut root = match trie.root().0 {
            TERMINATOR => Part::Empty,
            node => Part::Pruned(node),
        };
        for key in keys {
            let proof = trie.prove(key.as_ref());
            let way = state_path(key.as_ref());
            let mut part = &mut root;
            for (depth, sibling) in proof.siblings.iter().enumerate() {
                let side = usize::from(bit(&way, depth as u32));
                if !matches!(part, Part::Inner(_)) {
                    let mut children = [Part::Empty, Part::Empty];
                    if sibling.0 != TERMINATOR {
                        children[1 - side] = Part::Pruned(sibling.0);
                    }
                    *part = Part::Inner(Box::new(children));
                }
                let Part::Inner(children) = part else { unreachable!("it was made an inner node") };
                part = &mut children[side];
            }
            *part = match proof.terminal {
                Terminal::Empty => Part::Empty,
                Terminal::Leaf { path, value_hash } => Part::Leaf { path: path.0, value_hash: value_hash.0 },
            };
        }
        Self(root)
    }

    /// The trie, pruned to the paths in `[from, to)`; without `to`, up to the last.
    pub fn of_range(trie: &StateTrie, from: &[u8; 32], to: Option<&[u8; 32]>) -> Self {
        Self(Part::of_range(trie, 1, Interval::WHOLE, from, to))
    }

    /// The leaves with paths in `[from, to)`, in order: path and hash of the value. All of them, or an error.
    ///
    /// # Errors
    /// [`WitnessError::NotCovered`] when a subtree that reaches into the range is pruned.
    pub fn leaves_in(&self, from: &[u8; 32], to: Option<&[u8; 32]>) -> Result<Vec<PathAndValue>, WitnessError> {
        let mut leaves = Vec::new();
        self.0.collect(Interval::WHOLE, from, to, &mut leaves)?;
        Ok(leaves)
    }

    /// The root of the state that it is of.
    pub fn root(&self) -> Hash {
        Hash(self.0.node())
    }

    /// Checks that the state has this value at a key, or none.
    ///
    /// # Errors
    /// [`WitnessError`] when it has not, or the witness does not reach so far.
    pub fn check(&self, key: &[u8], value: Option<&[u8]>) -> Result<(), WitnessError> {
        let way = state_path(key);
        let mut part = &self.0;
        let mut depth = 0;
        while let Part::Inner(children) = part {
            part = &children[usize::from(bit(&way, depth))];
            depth += 1;
        }
        let holds = match part {
            Part::Pruned(_) | Part::Inner(_) => return Err(WitnessError::NotCovered),
            Part::Empty => value.is_none(),
            Part::Leaf { path, value_hash } if *path == way => {
                value.is_some_and(|value| Sha3::hash(value) == *value_hash)
            }
            Part::Leaf { .. } => value.is_none(),
        };
        if holds { Ok(()) } else { Err(WitnessError::Value) }
    }

    /// Applies a block's changes, so that the witness is of the state after them; answers its root.
    ///
    /// # Errors
    /// [`WitnessError::NotCovered`] when a changed key is not covered; the witness is lost then.
    pub fn update<'a>(
        &mut self,
        writes: impl IntoIterator<Item = (&'a Vec<u8>, &'a Write)>,
    ) -> Result<Hash, WitnessError> {
        let change = |(key, write): (&Vec<u8>, &Write)| (state_path(key), write.new.as_deref().map(Sha3::hash));
        let mut changes: Vec<Change> = writes.into_iter().map(change).collect();
        changes.sort_unstable_by_key(|(path, _)| *path);
        let root = core::mem::replace(&mut self.0, Part::Empty);
        self.0 = root.update(0, &changes)?;
        Ok(self.root())
    }
}

/// The paths below a node: all that begin with its bits.
#[derive(Clone, Copy)]
struct Interval {
    first: [u8; 32],
    last: [u8; 32],
    depth: u32,
}

impl Interval {
    const WHOLE: Self = Self { first: [0; 32], last: [u8::MAX; 32], depth: 0 };

    fn child(mut self, side: usize) -> Self {
        let (byte, mask) = ((self.depth / 8) as usize, 0x80u8 >> (self.depth % 8));
        if side == 0 {
            self.last[byte] &= !mask;
        } else {
            self.first[byte] |= mask;
        }
        self.depth += 1;
        self
    }

    fn meets(&self, from: &[u8; 32], to: Option<&[u8; 32]>) -> bool {
        self.last >= *from && to.is_none_or(|to| self.first < *to)
    }
}

impl Part {
    fn of_range(trie: &StateTrie, index: usize, at: Interval, from: &[u8; 32], to: Option<&[u8; 32]>) -> Self {
        let node = trie.node(index);
        if node == TERMINATOR {
            return Self::Empty;
        }
        if !at.meets(from, to) {
            return Self::Pruned(node);
        }
        if StateHasher::node_kind(&node) == NodeKind::Leaf {
            let (path, value_hash) = trie.leaf_below(index);
            return Self::Leaf { path, value_hash };
        }
        match trie.bucket(index) {
            Some(leaves) => build(at.depth, &leaves),
            None => {
                let child = |side: usize| Self::of_range(trie, 2 * index + side, at.child(side), from, to);
                Self::Inner(Box::new([child(0), child(1)]))
            }
        }
    }

    fn collect(
        &self,
        at: Interval,
        from: &[u8; 32],
        to: Option<&[u8; 32]>,
        out: &mut Vec<PathAndValue>,
    ) -> Result<(), WitnessError> {
        match self {
            Self::Empty => Ok(()),
            Self::Pruned(_) if at.meets(from, to) => Err(WitnessError::NotCovered),
            Self::Pruned(_) => Ok(()),
            Self::Leaf { path, value_hash } => {
                if path >= from && to.is_none_or(|to| path < to) {
                    out.push((*path, *value_hash));
                }
                Ok(())
            }
            Self::Inner(children) => (0..2).try_for_each(|side| children[side].collect(at.child(side), from, to, out)),
        }
    }

    fn node(&self) -> [u8; 32] {
        match self {
            Self::Pruned(node) => *node,
            Self::Empty => TERMINATOR,
            Self::Leaf { path, value_hash } => leaf_node(path, value_hash),
            Self::Inner(children) => inner_node(children[0].node(), children[1].node()),
        }
    }

    /// Whether it is one leaf, known or pruned: such a one moves up when its sibling is empty.
    fn is_leaf(&self) -> bool {
        match self {
            Self::Pruned(node) => StateHasher::node_kind(node) == NodeKind::Leaf,
            Self::Leaf { .. } => true,
            Self::Empty | Self::Inner(_) => false,
        }
    }

    fn update(self, depth: u32, changes: &[Change]) -> Result<Self, WitnessError> {
        if changes.is_empty() {
            return Ok(self);
        }
        match self {
            Self::Pruned(_) => Err(WitnessError::NotCovered),
            Self::Empty => Ok(build(depth, &kept(changes, None))),
            Self::Leaf { path, value_hash } => Ok(build(depth, &kept(changes, Some((path, value_hash))))),
            Self::Inner(children) => {
                let (left, right) = changes.split_at(changes.partition_point(|(path, _)| !bit(path, depth)));
                let [old_left, old_right] = *children;
                let (left, right) = (old_left.update(depth + 1, left)?, old_right.update(depth + 1, right)?);
                Ok(match (&left, &right) {
                    (Self::Empty, Self::Empty) => Self::Empty,
                    (_, Self::Empty) if left.is_leaf() => left,
                    (Self::Empty, _) if right.is_leaf() => right,
                    _ => Self::Inner(Box::new([left, right])),
                })
            }
        }
    }
}

/// The leaves that are there after changes of a place that had one or none, sorted.
fn kept(changes: &[Change], before: Option<([u8; 32], [u8; 32])>) -> Vec<PathAndValue> {
    let mut leaves: Vec<_> = changes.iter().filter_map(|(path, value)| value.map(|value| (*path, value))).collect();
    if let Some((path, value_hash)) = before
        && changes.binary_search_by_key(&path, |(path, _)| *path).is_err()
    {
        leaves.insert(leaves.partition_point(|(other, _)| *other < path), (path, value_hash));
    }
    leaves
}

/// The subtree over sorted leaves.
fn build(depth: u32, leaves: &[([u8; 32], [u8; 32])]) -> Part {
    match leaves {
        [] => Part::Empty,
        [(path, value_hash)] => Part::Leaf { path: *path, value_hash: *value_hash },
        _ => {
            let (left, right) = leaves.split_at(leaves.partition_point(|(path, _)| !bit(path, depth)));
            Part::Inner(Box::new([build(depth + 1, left), build(depth + 1, right)]))
        }
    }
}

impl BorshSerialize for Witness {
    fn serialize<W: Output>(&self, writer: &mut W) -> IoResult<()> {
        self.0.write(writer)
    }
}

impl BorshDeserialize for Witness {
    fn deserialize_reader<R: Read>(reader: &mut R) -> IoResult<Self> {
        Part::read(reader, 0).map(Self)
    }
}

impl Part {
    /// From the root downward, left before right: 0 pruned, 1 empty, 2 leaf, 3 inner.
    fn write<W: Output>(&self, writer: &mut W) -> IoResult<()> {
        match self {
            Self::Pruned(node) => (0u8, node).serialize(writer),
            Self::Empty => 1u8.serialize(writer),
            Self::Leaf { path, value_hash } => (2u8, path, value_hash).serialize(writer),
            Self::Inner(children) => {
                3u8.serialize(writer)?;
                children.iter().try_for_each(|child| child.write(writer))
            }
        }
    }

    fn read<R: Read>(reader: &mut R, depth: u32) -> IoResult<Self> {
        match u8::deserialize_reader(reader)? {
            0 => Ok(Self::Pruned(<[u8; 32]>::deserialize_reader(reader)?)),
            1 => Ok(Self::Empty),
            2 => {
                let (path, value_hash) = <([u8; 32], [u8; 32])>::deserialize_reader(reader)?;
                Ok(Self::Leaf { path, value_hash })
            }
            // The bound keeps a hostile encoding from using up the stack.
            3 if depth < MAX_DEPTH => {
                let left = Self::read(reader, depth + 1)?;
                Ok(Self::Inner(Box::new([left, Self::read(reader, depth + 1)?])))
            }
            _ => Err(Error::new(ErrorKind::InvalidData, "not a part of a trie")),
        }
    }
}
