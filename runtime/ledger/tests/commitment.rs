//! One model of a commitment to the state, and every implementation that is held to it.

use counterpart_ledger::{
    Commitment, Hash, StateHasher, StateProof, StateTrie, Terminal, Witness, Write, WriteSet, state_path,
};
use nomt_core::hasher::ValueHasher;
use nomt_core::update::build_trie;
use proptest::prelude::*;
use std::collections::BTreeMap;

type State = BTreeMap<Vec<u8>, Vec<u8>>;
type Leaves = BTreeMap<[u8; 32], [u8; 32]>;

/// The plain implementation: all leaves sorted, every root made of all of them by the library whose format this is.
#[derive(Clone, Default)]
struct Plain(Leaves);

fn plain_root<'a>(leaves: impl Iterator<Item = (&'a [u8; 32], &'a [u8; 32])>, skip: usize) -> Hash {
    Hash(build_trie::<StateHasher>(skip, leaves.map(|(path, value)| (*path, *value)), |_| {}))
}

fn bit(path: &[u8; 32], depth: usize) -> bool {
    path[depth / 8] >> (7 - depth % 8) & 1 == 1
}

impl Commitment for Plain {
    type Staged = Leaves;

    fn root(&self) -> Hash {
        plain_root(self.0.iter(), 0)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn stage(&self, writes: &WriteSet) -> (Hash, Leaves) {
        let mut leaves = self.0.clone();
        for (key, write) in writes {
            match &write.new {
                Some(value) => leaves.insert(state_path(key), StateHasher::hash_value(value)),
                None => leaves.remove(&state_path(key)),
            };
        }
        (plain_root(leaves.iter(), 0), leaves)
    }

    fn apply(&mut self, staged: Leaves) {
        self.0 = staged;
    }

    fn prove(&self, key: &[u8]) -> StateProof {
        let way = state_path(key);
        let mut below: Vec<_> = self.0.iter().collect();
        let mut siblings = Vec::new();
        while below.len() > 1 {
            let depth = siblings.len();
            let (own, other): (Vec<_>, Vec<_>) =
                below.into_iter().partition(|(path, _)| bit(path, depth) == bit(&way, depth));
            siblings.push(plain_root(other.into_iter(), depth + 1));
            below = own;
        }
        let terminal = match below.first() {
            Some((path, value_hash)) => Terminal::Leaf { path: Hash(**path), value_hash: Hash(**value_hash) },
            None => Terminal::Empty,
        };
        StateProof { siblings, terminal }
    }
}

/// Blocks of changes; a `None` removes.
type History = Vec<Vec<(u16, Option<u8>)>>;

fn history(keys: u16, longest: usize) -> impl Strategy<Value = History> {
    let change = (0..keys, prop::option::weighted(0.6, any::<u8>()));
    prop::collection::vec(prop::collection::vec(change, 0..longest), 1..10)
}

fn writes(state: &mut State, changes: &[(u16, Option<u8>)]) -> WriteSet {
    let mut writes = WriteSet::new();
    for (number, value) in changes {
        let key = number.to_be_bytes().to_vec();
        let new = value.map(|value| vec![value; usize::from(value % 5)]);
        let old = state.get(&key).cloned();
        match &new {
            Some(value) => state.insert(key.clone(), value.clone()),
            None => state.remove(&key),
        };
        writes.entry(key).and_modify(|write: &mut Write| write.new.clone_from(&new)).or_insert(Write { old, new });
    }
    writes
}

/// The model: what any commitment has to say after every block of a history.
fn hold<C: Commitment + Default>(history: &History, keys: u16) -> Vec<Hash> {
    let (mut state, mut commitment, mut roots) = (State::new(), C::default(), Vec::new());
    assert_eq!(commitment.root(), Hash::ZERO);
    for changes in history {
        let before = commitment.root();
        let writes = writes(&mut state, changes);
        let (root, staged) = commitment.stage(&writes);
        assert_eq!(commitment.root(), before, "staging changes nothing");
        commitment.apply(staged);
        assert_eq!(commitment.root(), root, "what was staged is what is applied");
        assert_eq!((commitment.len(), commitment.is_empty()), (state.len(), state.is_empty()));
        // The root is that of the entries alone: it does not know how they came about.
        let entry = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), Write { old: None, new: Some(value.clone()) });
        assert_eq!(C::default().stage(&state.iter().map(entry).collect()).0, root);
        for number in (0..keys).step_by(usize::from(keys / 40).max(1)) {
            let key = number.to_be_bytes();
            let value = state.get(&key[..]).map(Vec::as_slice);
            let proof = commitment.prove(&key);
            assert_eq!(proof.verify(&root, &key, value), Ok(()));
            assert!(proof.verify(&root, &key, Some(b"forged value")).is_err());
            assert!(value.is_none() || proof.verify(&root, &key, None).is_err());
            assert!(proof.verify(&Hash([1; 32]), &key, value).is_err());
        }
        roots.push(root);
    }
    roots
}

/// Histories for each property; many with `COUNTERPART_LONG`.
fn cases() -> ProptestConfig {
    ProptestConfig::with_cases(if std::env::var_os("COUNTERPART_LONG").is_some() { 2_000 } else { 48 })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_implementation_gives_the_same_roots_and_proofs_that_hold(history in history(600, 150)) {
        prop_assert_eq!(hold::<StateTrie>(&history, 600), hold::<Plain>(&history, 600));
    }

    #[test]
    fn a_witness_of_a_range_holds_all_of_it(history in history(500, 200), one in any::<u16>(), two in any::<u16>()) {
        let mut state = State::new();
        history.iter().for_each(|changes| drop(writes(&mut state, changes)));
        let path = |number: u16| {
            let mut path = [0; 32];
            path[..2].copy_from_slice(&number.to_be_bytes());
            path
        };
        let (from, to) = (path(one.min(two)), path(one.max(two)));
        let trie = StateTrie::from_entries(&state);
        let witness = Witness::of_range(&trie, &from, Some(&to));
        prop_assert_eq!(witness.root(), trie.root());
        let leaf = |(key, value): (&Vec<u8>, &Vec<u8>)| (state_path(key), StateHasher::hash_value(value));
        let mut expected: Vec<_> = state.iter().map(leaf).collect();
        expected.retain(|(path, _)| *path >= from && *path < to);
        expected.sort_unstable();
        prop_assert_eq!(witness.leaves_in(&from, Some(&to)), Ok(expected));
    }
}

#[test]
fn states_that_grow_past_many_levels_and_shrink_to_nothing_keep_their_roots() {
    let changes = |block: u16, value: Option<u8>| (0..900).map(|number| (block * 900 + number, value)).collect();
    let grow = (0..6).map(|block| changes(block, Some(3)));
    let shrink = (0..6).map(|block| changes(block, None));
    let history: History = grow.chain(shrink).collect();
    let roots = hold::<StateTrie>(&history, 5_400);
    assert_eq!(roots.last(), Some(&Hash::ZERO));
    assert_eq!(roots, hold::<Plain>(&history, 5_400));
}
