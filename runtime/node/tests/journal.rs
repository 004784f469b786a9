//! The journal of signatures: cut, damaged, foreign, long.

use counterpart_consensus::Record;
use counterpart_ledger::{Hash, Phase, PublicKey, SecretKey};
use counterpart_node::Journal;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Records after which the file is written anew.
const LONG: u64 = 16_384;

fn record(view: u64) -> Record {
    Record { epoch: 0, view, phase: Phase::Vote, block: Hash([view as u8; 32]) }
}

fn owner(seed: u8) -> PublicKey {
    SecretKey::from_seed([seed; 32]).public_key()
}

fn opened(path: &Path) -> Result<Vec<Record>, ErrorKind> {
    Journal::open(path, owner(1)).map(|(_, records)| records).map_err(|error| error.kind())
}

#[test]
fn a_journal_cut_anywhere_keeps_what_was_whole_and_damage_within_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("signed.journal");
    let records: Vec<Record> = (0..40).map(record).collect();
    let mut journal = Journal::create(&path, owner(1), Vec::new()).expect("made");
    let begin = std::fs::metadata(&path).expect("it is there").len() as usize;
    journal.append(&records, true, (0, 0)).expect("written");
    drop(journal);
    let bytes = std::fs::read(&path).expect("written");
    let size = (bytes.len() - begin) / records.len();
    for length in 0..=bytes.len() {
        std::fs::write(&path, &bytes[..length]).expect("written");
        match length.checked_sub(begin) {
            None => assert_eq!(opened(&path), Err(ErrorKind::InvalidData), "{length}"),
            Some(length) => assert_eq!(opened(&path).as_deref(), Ok(&records[..length / size]), "{length}"),
        }
    }
    // What is torn lies at the end, within one write; damage before it is told.
    let torn = bytes.len() - 16 * size;
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        std::fs::write(&path, &damaged).expect("written");
        match opened(&path) {
            Ok(kept) => {
                assert!(place >= bytes.len() - size, "{place} is followed by whole records");
                assert_eq!(kept, records[..39]);
            }
            Err(kind) => assert_eq!(kind, ErrorKind::InvalidData, "{place}"),
        }
        if place >= torn {
            damaged[place..].fill(0);
            std::fs::write(&path, &damaged).expect("written");
            let whole = (place - begin) / size;
            assert_eq!(opened(&path).as_deref(), Ok(&records[..whole]), "torn at {place}");
        }
    }
}

#[test]
fn a_journal_of_another_replica_is_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("signed.journal");
    for records in [Vec::new(), vec![record(1)]] {
        Journal::create(&path, owner(2), records).expect("made");
        assert_eq!(opened(&path), Err(ErrorKind::InvalidData));
    }
    assert_eq!(opened(&folder.path().join("none")), Err(ErrorKind::NotFound));
}

#[test]
fn a_long_journal_leaves_behind_what_lies_below_the_floor_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("signed.journal");
    let many: Vec<Record> = (0..LONG - 1).map(record).collect();
    let mut journal = Journal::create(&path, owner(1), Vec::new()).expect("made");
    journal.append(&many, false, (0, 0)).expect("written");
    journal.append(&[record(70_000)], false, (0, 16_000)).expect("written");
    let kept: Vec<Record> = (16_000..LONG - 1).chain([70_000]).map(record).collect();
    assert_eq!(opened(&path), Ok(kept));
    // While the floor stands still the file grows, and is not written anew each time.
    let mut journal = Journal::create(&path, owner(1), many).expect("made");
    let file = |path: &Path| std::fs::metadata(path).expect("it is there").ino();
    let before = file(&path);
    for view in 0..8 {
        journal.append(&[record(view)], false, (0, 0)).expect("written");
    }
    assert_eq!(file(&path), before);
    assert_eq!(opened(&path).map(|records| records.len()), Ok(LONG as usize + 7));
}
