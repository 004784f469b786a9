//! History, proofs, pruning, snapshots and backups of ledgers that nothing disturbs.

use counterpart_ledger::{Hash, Height, StateRead};
use counterpart_storage::{EventPosition, Store, StoreError};
use counterpart_storage_faults::Maker;
use std::fs;
use std::path::Path;

fn commit(maker: &Maker, store: &Store, blocks: std::ops::Range<u64>) {
    for _ in blocks {
        maker.commit_next(store).expect("a commit");
    }
}

fn ledger(folder: &Path, blocks: u64) -> (Maker, Store) {
    let maker = Maker::default();
    let store = maker.open(folder).expect("a ledger");
    commit(&maker, &store, 0..blocks);
    (maker, store)
}

fn entries(state: &dyn StateRead) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut found, mut start, end) = (Vec::new(), Vec::new(), vec![u8::MAX; 100]);
    while let Some((key, value)) = state.next(&start, &end, false).expect("readable") {
        start = [&key[..], &[0]].concat();
        found.push((key, value));
    }
    found
}

#[test]
fn state_and_proofs_of_every_kept_height_are_those_of_that_height() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let maker = Maker::default();
    let store = maker.open(&folder.path().join("ledger")).expect("a ledger");
    let mut states = vec![entries(&*store.state())];
    for _ in 0..30 {
        maker.commit_next(&store).expect("a commit");
        states.push(entries(&*store.state()));
    }
    for (height, expected) in states.iter().enumerate() {
        let height = Height(height as u64);
        assert_eq!(&entries(&*store.state_at(height).expect("kept")), expected);
        let root = store.head_at(height).expect("readable").expect("kept").state_root;
        for key in expected.iter().map(|(key, _)| key.as_slice()).take(5).chain([&b"absent"[..]]) {
            let proved = store.prove_at(height, key).expect("kept");
            assert_eq!(proved.head.state_root, root);
            assert_eq!(proved.proof.verify(&root, key, proved.value.as_deref()), Ok(()));
        }
    }
    assert!(matches!(store.state_at(Height(31)), Err(StoreError::AboveHead { .. })));
}

#[test]
fn a_pruned_ledger_keeps_so_many_blocks_and_refuses_what_is_below_by_name() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (maker, store) = ledger(&folder.path().join("ledger"), 40);
    let root = store.head().state_root;
    store.retain(Some(10), &mut |_| {}).expect("pruned");
    assert_eq!((store.floor().expect("readable"), store.head().state_root), (Height(30), root));
    commit(&maker, &store, 0..5);
    assert_eq!(store.floor().expect("readable"), Height(35));
    let refused = store.state_at(Height(34)).err().expect("refused");
    assert!(matches!(refused, StoreError::Pruned { height: Height(34), floor: Height(35) }), "{refused}");
    assert_eq!(refused.name(), "height_pruned");
    assert!(
        store.block(Height(34)).expect("readable").is_none() && store.block(Height(35)).expect("readable").is_some()
    );
    store.state_at(Height(35)).expect("the floor is kept");
    let examined = store.check(&mut |_, _| {}).expect("what is kept holds");
    assert_eq!(examined.blocks, 11);
    drop(store);
    let store = Store::open(&folder.path().join("ledger")).expect("it opens");
    store.retain(None, &mut |_| {}).expect("an archive from here");
    commit(&maker, &store, 0..5);
    assert_eq!(store.floor().expect("readable"), Height(35));
}

#[test]
fn events_are_found_by_contract_and_topic_page_by_page_and_after_a_rebuild() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (_, store) = ledger(&folder.path().join("ledger"), 40);
    let (contract, topic) = (counterpart_ledger::Address([1; 32]), Hash([3; 32]));
    let by_hand = |topic: Option<&Hash>| {
        let mut found = Vec::new();
        for height in 1..=40 {
            for (index, receipt) in store.receipts(Height(height)).expect("readable").expect("there").iter().enumerate()
            {
                for (number, event) in receipt.events.iter().enumerate() {
                    if event.contract == contract && topic.is_none_or(|topic| event.topics.contains(topic)) {
                        found.push(EventPosition {
                            height: Height(height),
                            transaction: index as u32,
                            event: number as u32,
                        });
                    }
                }
            }
        }
        found
    };
    for round in 0..2 {
        for topic in [None, Some(&topic)] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = store.events_of(&contract, topic, after, 3).expect("readable");
                let Some(last) = page.last() else { break };
                after = Some(*last);
                found.extend(page);
            }
            assert_eq!(found, by_hand(topic), "round {round}");
            assert!(found.len() > 3);
        }
        store.rebuild_indexes().expect("made again");
    }
    store.check(&mut |_, _| {}).expect("everything is found");
}

#[test]
fn a_snapshot_makes_the_same_ledger_and_goes_on_where_it_was_interrupted() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (maker, store) = ledger(&folder.path().join("ledger"), 60);
    let snapshot = folder.path().join("snapshot");
    let manifest = store.export_snapshot(Height(50), &snapshot, &mut |_, _| {}).expect("exported");
    let anchor = maker.genesis.hash();
    let target = folder.path().join("copy");

    // The last file is missing at first: what came before is kept.
    let last = snapshot.join(format!("chunk-{:06}", manifest.chunks.len() - 1));
    let hidden = snapshot.join("hidden");
    fs::rename(&last, &hidden).expect("renamed");
    assert!(matches!(
        Store::import_snapshot(&snapshot, &target, &anchor, &mut |_, _| {}),
        Err(StoreError::File { .. })
    ));
    fs::rename(&hidden, &last).expect("renamed");
    let copy = Store::import_snapshot(&snapshot, &target, &anchor, &mut |_, _| {}).expect("imported");
    assert_eq!(copy.head(), store.head_at(Height(50)).expect("readable").expect("kept"));
    assert_eq!(entries(&*copy.state()), entries(&*store.state_at(Height(50)).expect("kept")));
    copy.check(&mut |_, _| {}).expect("it holds");
    // The same blocks follow on both.
    commit(&maker, &copy, 0..10);
    assert_eq!(copy.head(), store.head());
    assert!(matches!(copy.state_at(Height(49)), Err(StoreError::Pruned { .. })));
}

#[test]
fn a_snapshot_with_any_wrong_byte_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (maker, store) = ledger(&folder.path().join("ledger"), 20);
    let snapshot = folder.path().join("snapshot");
    store.export_snapshot(Height(19), &snapshot, &mut |_, _| {}).expect("exported");
    let anchor = maker.genesis.hash();
    let other = Store::import_snapshot(&snapshot, &folder.path().join("x"), &Hash([1; 32]), &mut |_, _| {});
    assert!(matches!(other, Err(StoreError::Snapshot(_))), "another chain");
    for entry in fs::read_dir(&snapshot).expect("a folder") {
        let path = entry.expect("an entry").path();
        let good = fs::read(&path).expect("readable");
        for at in (0..good.len()).step_by((good.len() / 25).max(1)) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&path, &bad).expect("written");
            let target = folder.path().join("target");
            let refused = Store::import_snapshot(&snapshot, &target, &anchor, &mut |_, _| {});
            // A changed name of code names a file that is not there.
            let told = matches!(refused, Err(StoreError::Snapshot(_) | StoreError::File { .. }));
            assert!(told, "byte {at} of {}", path.display());
            assert!(!target.exists());
            drop(fs::remove_dir_all(folder.path().join("target.importing")));
        }
        fs::write(&path, &good).expect("written");
    }
    let manifest = snapshot.join("manifest");
    let good = fs::read(&manifest).expect("readable");
    fs::write(&manifest, [&[1], &good[1..]].concat()).expect("written");
    let old = Store::import_snapshot(&snapshot, &folder.path().join("target"), &anchor, &mut |_, _| {});
    assert!(
        old.err().is_some_and(|error| error.to_string().contains("format 1")),
        "an old format is told by its number"
    );
    fs::write(&manifest, &good).expect("written");
    Store::import_snapshot(&snapshot, &folder.path().join("good"), &anchor, &mut |_, _| {}).expect("as it was");
}

#[test]
fn a_backup_is_made_while_blocks_are_committed_and_is_restored_verified() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (maker, store) = ledger(&folder.path().join("ledger"), 20);
    let backup = folder.path().join("backup");
    let mut before = store.head();
    store
        .backup(&backup, &mut |done, _| {
            if done == 1 {
                before = store.head();
                maker.commit_next(&store).expect("commits go on");
            }
        })
        .expect("backed up");
    let restored = Store::restore(&backup, &folder.path().join("restored"), &mut |_, _| {}).expect("restored");
    assert_eq!(restored.head(), before);
    maker.commit_next(&restored).expect("it goes on");
    assert_eq!(restored.head(), store.head());
    assert!(matches!(store.backup(&backup, &mut |_, _| {}), Err(StoreError::Exists(_))));
    assert!(matches!(Store::open(&folder.path().join("ledger")), Err(StoreError::Locked(_))), "one process at a time");
}

#[test]
fn a_folder_that_is_no_ledger_stays_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("letter.txt"), "dear auditor").expect("written");
    for _ in 0..2 {
        assert!(matches!(Store::open(folder.path()), Err(StoreError::Missing(_))));
        assert!(matches!(Store::open_unverified(folder.path()), Err(StoreError::Missing(_))));
    }
    assert!(matches!(Store::open(&folder.path().join("letter.txt")), Err(StoreError::Missing(_))));
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["letter.txt"]);
}
