//! Witnesses against the whole trie, over random histories with deletions.

use counterpart_ledger::{StateTrie, Witness, WitnessError, Write, WriteSet, decode, encode};
use proptest::prelude::*;
use std::collections::BTreeMap;

type State = BTreeMap<Vec<u8>, Vec<u8>>;

fn changes() -> impl Strategy<Value = BTreeMap<u16, Option<u8>>> {
    proptest::collection::btree_map(0u16..400, proptest::option::weighted(0.6, any::<u8>()), 0..40)
}

fn key(number: u16) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

proptest! {
    #[test]
    fn a_witness_of_the_touched_keys_carries_the_root(
        first in proptest::collection::btree_map(0u16..400, any::<u8>(), 0..300),
        blocks in proptest::collection::vec(changes(), 1..4),
        asked in 0u16..400,
    ) {
        let mut state: State = first.into_iter().map(|(number, value)| (key(number), vec![value])).collect();
        for block in blocks {
            let trie = StateTrie::from_entries(state.iter());
            let writes: WriteSet = block.iter().map(|(number, value)| {
                let old = state.get(&key(*number)).cloned();
                (key(*number), Write { old, new: value.map(|value| vec![value]) })
            }).collect();
            let witness = Witness::new(&trie, writes.keys());
            prop_assert_eq!(witness.root(), trie.root());
            let mut witness: Witness = decode("witness", &encode(&witness)).expect("it reads what it wrote");
            for (key, write) in &writes {
                prop_assert_eq!(witness.check(key, write.old.as_deref()), Ok(()));
                prop_assert_eq!(witness.check(key, Some(b"another")), Err(WitnessError::Value));
                if write.old.is_some() {
                    prop_assert_eq!(witness.check(key, None), Err(WitnessError::Value));
                }
            }
            // A key that was not asked for is answered rightly or not at all.
            let other = witness.check(&key(asked), state.get(&key(asked)).map(Vec::as_slice));
            prop_assert!(other.is_ok() || other == Err(WitnessError::NotCovered));

            for (key, write) in &writes {
                match &write.new {
                    Some(value) => state.insert(key.clone(), value.clone()),
                    None => state.remove(key),
                };
            }
            prop_assert_eq!(witness.update(&writes), Ok(StateTrie::from_entries(state.iter()).root()));
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(0u8..5, 0..2_000)) {
        if let Ok(witness) = decode::<Witness>("witness", &bytes) {
            prop_assert_eq!(encode(&witness), bytes);
        }
    }
}

#[test]
fn an_inner_node_in_every_level_is_the_deepest_encoding() {
    let deep = |levels: usize| [vec![3; levels], vec![1; levels + 1]].concat();
    assert!(decode::<Witness>("witness", &deep(256)).is_ok());
    assert!(decode::<Witness>("witness", &deep(257)).is_err());
    assert!(decode::<Witness>("witness", &vec![3; 1_000_000]).is_err());
}

#[test]
fn a_change_outside_is_refused() {
    let state: State = (0..200).map(|number| (key(number), vec![1])).collect();
    let mut witness = Witness::new(&StateTrie::from_entries(state.iter()), [key(7)]);
    let write = Write { old: Some(vec![1]), new: None };
    let outside: WriteSet = (0..200).map(|number| (key(number), write.clone())).collect();
    assert_eq!(witness.update(&outside), Err(WitnessError::NotCovered));
}
