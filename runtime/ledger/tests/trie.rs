//! The trie against nomt-core's own construction and verifier, over random histories.

use counterpart_ledger::{Hash, StateHasher, StateTrie, Terminal, Write, WriteSet, state_path};
use nomt_core::hasher::ValueHasher;
use nomt_core::proof::{PathProof, PathProofTerminal};
use nomt_core::trie::LeafData;
use nomt_core::update::build_trie;
use proptest::prelude::*;
use std::collections::BTreeMap;

type State = BTreeMap<Vec<u8>, Vec<u8>>;

fn reference_root(state: &State) -> Hash {
    let mut leaves: Vec<_> =
        state.iter().map(|(key, value)| (state_path(key), StateHasher::hash_value(value))).collect();
    leaves.sort_unstable();
    Hash(build_trie::<StateHasher>(0, leaves, |_| {}))
}

fn block(state: &mut State, changes: Vec<(u16, Option<u8>)>) -> WriteSet {
    let mut writes = WriteSet::new();
    for (key, value) in changes {
        let key = key.to_be_bytes().to_vec();
        let new = value.map(|value| vec![value; 3]);
        let old = state.get(&key).cloned();
        match &new {
            Some(value) => state.insert(key.clone(), value.clone()),
            None => state.remove(&key),
        };
        writes.entry(key).and_modify(|write: &mut Write| write.new = new.clone()).or_insert(Write { old, new });
    }
    writes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_root_is_that_of_the_whole_state_and_every_proof_is_accepted(
        blocks in prop::collection::vec(prop::collection::vec((0u16..400, prop::option::of(any::<u8>())), 0..120), 1..12)
    ) {
        let (mut state, mut trie) = (State::new(), StateTrie::default());
        for changes in blocks {
            let before = trie.root();
            let writes = block(&mut state, changes);
            let staged = trie.stage(&writes);
            prop_assert_eq!(trie.root(), before);
            let root = staged.root();
            trie.apply(staged);
            prop_assert_eq!(root, reference_root(&state));
            prop_assert_eq!(trie.root(), root);
            prop_assert_eq!(trie.len(), state.len());
        }
        prop_assert_eq!(StateTrie::from_entries(&state).root(), trie.root());
        for key in 0u16..400 {
            let key = key.to_be_bytes();
            let value = state.get(&key[..]).map(Vec::as_slice);
            let proof = trie.prove(&key);
            prop_assert_eq!(proof.verify(&trie.root(), &key, value), Ok(()));
            prop_assert!(proof.verify(&trie.root(), &key, Some(b"forged")).is_err());
            prop_assert!(value.is_none() || proof.verify(&trie.root(), &key, None).is_err());
            prop_assert!(proof.verify(&Hash([1; 32]), &key, value).is_err());
            if let Terminal::Leaf { path, value_hash } = proof.terminal {
                let theirs = PathProof {
                    terminal: PathProofTerminal::Leaf(LeafData { key_path: path.0, value_hash: value_hash.0 }),
                    siblings: proof.siblings.iter().map(|sibling| sibling.0).collect(),
                };
                let way = state_path(&key);
                let bits = bitvec::view::BitView::view_bits::<bitvec::order::Msb0>(&way[..]);
                prop_assert!(theirs.verify::<StateHasher>(bits, trie.root().0).is_ok());
            }
        }
    }
}
