//! What is left after kill -9, failing disks, torn writes and flipped bits.

use counterpart_storage::{Head, Store, StoreError};
use counterpart_storage_faults::Maker;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Bytes of each file that are flipped.
const SAMPLES: usize = 24;
/// Blocks of the short ledgers.
const SHORT: u64 = 6;

fn committer(folder: &Path, count: u64) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_committer"));
    command.arg(folder).arg(count.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Holds a ledger to what was acknowledged: all of it is there with its root, and everything in it holds.
fn hold(folder: &Path, acknowledged: u64, heads: &[Head]) -> Head {
    let store = match Store::open(folder) {
        Ok(store) => store,
        Err(StoreError::Missing(_)) if acknowledged == 0 => return heads[0],
        Err(error) => panic!("{acknowledged} blocks were acknowledged: {error}"),
    };
    let head = store.head();
    assert!(head.height.0 >= acknowledged, "block {acknowledged} was acknowledged, {} is the newest", head.height);
    for height in 0..=head.height.0.min(heads.len() as u64 - 1) {
        let found = store.head_at(counterpart_ledger::Height(height)).expect("readable");
        assert_eq!(found, Some(heads[height as usize]), "block {height}");
    }
    store.check(&mut |_, _| {}).expect("everything in it holds");
    head
}

#[test]
fn kill_at_any_moment_loses_nothing_acknowledged() {
    let rounds = if std::env::var_os("COUNTERPART_LONG").is_some() { 1_000 } else { 50 };
    let maker = Maker::default();
    let folder = tempfile::tempdir().expect("a folder for the test");
    let (reference, mut ledger) = (folder.path().join("reference"), folder.path().join("ledger-0"));
    let heads = maker.undisturbed(&reference, 400);
    for round in 0u64..rounds {
        if Store::open(&ledger).is_ok_and(|store| store.head().height.0 > 300) {
            ledger = folder.path().join(format!("ledger-{round}"));
        }
        let mut child = committer(&ledger, 1_000_000).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut acknowledged = 0;
        // From before the first block to some blocks on, and a part of a block's time.
        for _ in 0..round * 7 % 13 {
            acknowledged = lines.next().expect("it goes on").expect("text").parse().expect("a height");
        }
        std::thread::sleep(std::time::Duration::from_micros(round * 977 % 9_000));
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        if let Some(last) = lines.map_while(Result::ok).last() {
            acknowledged = last.parse().unwrap_or(acknowledged);
        }
        hold(&ledger, acknowledged, &heads);
    }
}

/// Compiles the library that lets calls fail.
fn shim(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fault.c");
    let library = folder.join("fault.so");
    let status =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(status.expect("a C compiler").success());
    library
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_full_or_broken_at_any_call_loses_nothing_acknowledged() {
    let maker = Maker::default();
    let folder = tempfile::tempdir().expect("a folder for the test");
    let heads = maker.undisturbed(&folder.path().join("reference"), SHORT);
    let library = shim(folder.path());
    for (name, errno) in [("full", 28), ("broken", 5)] {
        let mut failed = 0;
        for at in 1.. {
            let ledger = folder.path().join(format!("{name}-{at}"));
            let child = committer(&ledger, SHORT)
                .env("LD_PRELOAD", &library)
                .env("FAULT_DIR", folder.path().canonicalize().expect("it is there"))
                .env("FAULT_AT", at.to_string())
                .env("FAULT_ERRNO", errno.to_string())
                .output()
                .expect("it starts");
            let text = String::from_utf8(child.stdout).expect("text");
            let acknowledged = text.lines().last().map_or(0, |line| line.parse().expect("a height"));
            hold(&ledger, acknowledged, &heads);
            if child.status.success() {
                assert_eq!(acknowledged, SHORT);
                break;
            }
            failed += 1;
            assert!(acknowledged < SHORT, "a commit that failed was acknowledged");
        }
        assert!(failed > 10, "only {failed} calls were met");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn a_write_torn_at_any_byte_leaves_the_block_before_or_the_block() {
    let maker = Maker::default();
    let folder = tempfile::tempdir().expect("a folder for the test");
    let live = folder.path().join("live");
    let store = maker.open(&live).expect("a ledger");
    let mut heads = vec![store.head()];
    let at = |height: usize| folder.path().join(format!("at-{height}"));
    copy(&live, &at(0));
    for height in 1..=4 {
        heads.push(maker.commit_next(&store).expect("a commit"));
        copy(&live, &at(height));
    }
    drop(store);
    let (mut torn, mut ends) = (0, BTreeSet::new());
    for height in 1..=4usize {
        let (before, after) = (at(height - 1), at(height));
        for file in files(&after) {
            let name = file.strip_prefix(&after).expect("below it");
            let new = fs::read(&file).expect("readable");
            let old = fs::read(before.join(name)).unwrap_or_default();
            let first = new.iter().zip(&old).position(|(one, two)| one != two).unwrap_or(old.len().min(new.len()));
            let last = (first..new.len())
                .rev()
                .find(|index| new.get(*index) != old.get(*index))
                .map_or(first, |index| index + 1);
            if first == last {
                continue;
            }
            for cut in (first..last).step_by(((last - first) / 60).max(1)) {
                let mixed = [&new[..cut], old.get(cut..).unwrap_or_default()].concat();
                let case = folder.path().join("case");
                copy(&after, &case);
                // What was not written whole was not acknowledged either.
                fs::copy(before.join("acknowledged"), case.join("acknowledged")).expect("copied");
                fs::write(case.join(name), mixed).expect("written");
                let head = hold(&case, height as u64 - 1, &heads[..=height]);
                assert!(head == heads[height - 1] || head == heads[height]);
                ends.insert(head.height.0 == height as u64);
                fs::remove_dir_all(&case).expect("removed");
                torn += 1;
            }
        }
    }
    assert!(torn > 100 && ends.len() == 2, "{torn} torn writes, {ends:?}");
}

#[test]
fn a_flipped_bit_is_detected_and_never_served() {
    let maker = Maker::default();
    let folder = tempfile::tempdir().expect("a folder for the test");
    let ledger = folder.path().join("ledger");
    let heads = maker.undisturbed(&ledger, 12);
    let (mut detected, mut harmless) = (0, 0);
    for file in files(&ledger) {
        let name = file.strip_prefix(&ledger).expect("below it").to_path_buf();
        let content = fs::read(&file).expect("readable");
        // Only where something was written: space that is reserved for later holds zeros.
        let used = content.iter().rposition(|byte| *byte != 0).map_or(0, |index| index + 1);
        for at in (0..used).step_by((used / SAMPLES).max(1)) {
            let case = folder.path().join("case");
            copy(&ledger, &case);
            let mut flipped = content.clone();
            flipped[at] ^= 1 << (at % 8);
            fs::write(case.join(&name), flipped).expect("written");
            // A process of its own: the database may ask for more memory than there is, which detects it too.
            let child = Command::new(env!("CARGO_BIN_EXE_committer")).arg(&case).arg("check").output();
            let child = child.expect("it starts");
            if child.status.success() {
                // What was served is all that there was: the bit carried nothing.
                let newest = heads.last().expect("one").hash.to_string();
                let served = String::from_utf8_lossy(&child.stdout);
                assert_eq!(served.trim(), newest, "byte {at} of {}", name.display());
                harmless += 1;
            } else {
                detected += 1;
            }
            fs::remove_dir_all(&case).expect("removed");
        }
    }
    assert!(detected > 20, "{detected} detected, {harmless} harmless");
}
