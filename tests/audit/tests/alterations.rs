//! A hundred ledgers with one thing altered in each, and three engines that are wrong: a replay finds each, and names it at
//! the right place.

use borsh::{BorshDeserialize, BorshSerialize};
use counterpart_audit::{Cause, Difference, Effect, Inputs, Report, locate, replay};
use counterpart_audit_tests::{Fault, Maker, Story, altered, tell, wasmi, wasmtime};
use counterpart_execution::BlockContext;
use counterpart_ledger::{Action, Block, Certificate, Height, Receipt, WriteSet, decode, encode};
use counterpart_storage::Store;
use counterpart_vm::Compiler;
use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use std::path::{Path, PathBuf};

/// Numbers from a seed, the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        let at = self.below(bytes.len());
        bytes[at] ^= 1 << self.below(8);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}

/// Changes what a table holds at a key.
fn change(ledger: &Path, table: &str, key: &[u8], alter: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let database = Database::builder(ledger).open().expect("the database opens");
    let table = database.keyspace(table, KeyspaceCreateOptions::default).expect("the table is there");
    let before = table.get(key).expect("readable").expect("the entry is there").to_vec();
    let after = alter(before.clone());
    assert_ne!(before, after, "something is altered");
    table.insert(key, after).expect("writable");
    database.persist(PersistMode::SyncAll).expect("the disk takes it");
}

/// Changes a record as what it is.
fn change_record<T: BorshSerialize + BorshDeserialize>(
    ledger: &Path,
    table: &str,
    height: Height,
    alter: impl FnOnce(&mut T),
) {
    change(ledger, table, &height.0.to_be_bytes(), |bytes| {
        let mut record: T = decode("record", &bytes).expect("a record");
        alter(&mut record);
        encode(&record)
    });
}

fn audit(ledger: &Path) -> Report {
    let store = Store::open_unverified(ledger).expect("an altered ledger opens");
    replay(&store, &wasmi(), &mut |_| {}).expect("it can be replayed")
}

/// Whether a difference names what was altered.
type Named = Box<dyn Fn(&Difference) -> bool>;

/// The kinds of alteration.
const KINDS: usize = 10;

/// Alters one thing; answers where it must be found and whether a difference names it.
fn alter(ledger: &Path, story: &Story, seed: u64) -> (Height, Named) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
    let height = story.calls[dice.below(story.calls.len())];
    let head = Height(story.calls.last().expect("calls").0 + 1);
    let index = dice.below(3) as u32;
    match seed as usize % KINDS {
        0 => {
            // A byte of code, in the transaction that brought it.
            change_record::<Block>(ledger, "blocks", Height(1), |block| {
                let Action::Upload { code } = &mut block.transactions[0].transaction.actions[0] else {
                    panic!("an upload")
                };
                dice.flip(code);
            });
            (Height(1), Box::new(|found| *found == Difference::Transactions { suspects: vec![0] }))
        }
        1 => {
            // A byte of code, as it is kept.
            let code = counterpart_audit_tests::conformance();
            let hash = counterpart_execution::code_hash(&code);
            change(ledger, "codes", &hash.0, |mut code| {
                dice.flip(&mut code);
                code
            });
            (Height(1), Box::new(move |found| *found == Difference::Code(hash)))
        }
        2 => {
            // An argument: what is called, with what, or the amount.
            change_record::<Block>(ledger, "blocks", height, |block| {
                match &mut block.transactions[index as usize].transaction.actions[0] {
                    Action::Call { input, .. } => dice.flip(input),
                    Action::Transfer { amount, .. } => *amount += 1,
                    other => panic!("{other:?}"),
                }
            });
            (height, Box::new(move |found| *found == Difference::Transactions { suspects: vec![index] }))
        }
        3 => {
            // A value of the newest state.
            let database = Database::builder(ledger).open().expect("the database opens");
            let table = database.keyspace("state", KeyspaceCreateOptions::default).expect("the table is there");
            let keys: Vec<Vec<u8>> = table.iter().map(|guard| guard.key().expect("readable").to_vec()).collect();
            drop((table, database));
            let key = keys[dice.below(keys.len())].clone();
            change(ledger, "state", &key, |mut value| {
                dice.flip(&mut value);
                value
            });
            (head, Box::new(move |found| matches!(found, Difference::State { keys, .. } if *keys == [key.clone()])))
        }
        4 => {
            // A value that a block is said to have written, or found.
            let mut altered = Vec::new();
            change_record::<WriteSet>(ledger, "writes", height, |writes| {
                let at = dice.below(writes.len());
                let (key, write) = writes.iter_mut().nth(at).expect("an entry");
                let value = if dice.below(2) == 0 { &mut write.new } else { &mut write.old };
                match value {
                    Some(value) if !value.is_empty() => dice.flip(value),
                    other => *other = Some(vec![1]),
                }
                altered.clone_from(key);
            });
            (height, Box::new(move |found| matches!(found, Difference::Writes { keys } if *keys == [altered.clone()])))
        }
        5 => {
            // A receipt: gas, fee, outcome, evidence, hash, outputs.
            change_record::<Vec<Receipt>>(ledger, "receipts", height, |receipts| {
                let receipt = &mut receipts[index as usize];
                match dice.below(6) {
                    0 => receipt.gas_used.0 += 1,
                    1 => receipt.fee -= 1,
                    2 => receipt.outcome = counterpart_ledger::Outcome::OutOfGas { action: 9 },
                    3 => dice.flip(&mut receipt.evidence.0),
                    4 => dice.flip(&mut receipt.transaction.0),
                    _ => receipt.outputs.push(vec![7]),
                }
            });
            (
                height,
                Box::new(
                    move |found| matches!(found, Difference::Receipt { transaction, .. } if *transaction == index),
                ),
            )
        }
        6 => {
            // A vote.
            change_record::<Certificate>(ledger, "certificates", height, |certificate| {
                let signer = dice.below(certificate.signatures.len());
                let mut bytes = encode(&certificate.signatures[signer].signature);
                dice.flip(&mut bytes);
                certificate.signatures[signer].signature = decode("signature", &bytes).expect("64 bytes");
            });
            (height, Box::new(|found| matches!(found, Difference::Certificate(_))))
        }
        7 => {
            // What the votes are for, or how many there are.
            change_record::<Certificate>(ledger, "certificates", height, |certificate| match dice.below(3) {
                0 => dice.flip(&mut certificate.statement.block.0),
                1 => certificate.statement.view += 1,
                _ => certificate.signatures.truncate(2),
            });
            (height, Box::new(|found| matches!(found, Difference::Certificate(_))))
        }
        8 => {
            // A final.
            change_record::<Certificate>(ledger, "approvals", height, |certificate| {
                let signer = dice.below(certificate.signatures.len());
                let mut bytes = encode(&certificate.signatures[signer].signature);
                dice.flip(&mut bytes);
                certificate.signatures[signer].signature = decode("signature", &bytes).expect("64 bytes");
            });
            (height, Box::new(|found| matches!(found, Difference::Approval(_))))
        }
        _ => {
            // A header: its time, parent or roots. The votes are for another block then, or it does not follow.
            change_record::<Block>(ledger, "blocks", height, |block| match dice.below(4) {
                0 => block.header.time_ms += 1,
                1 => dice.flip(&mut block.header.parent.0),
                2 => dice.flip(&mut block.header.parent_state_root.0),
                _ => dice.flip(&mut block.header.parent_receipts_root.0),
            });
            let named = |found: &Difference| {
                matches!(found, Difference::Certificate(_) | Difference::Parent | Difference::ParentRoots)
            };
            (height, Box::new(named))
        }
    }
}

#[test]
fn a_hundred_alterations_are_found_and_named_at_the_right_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let origin = folder.path().join("ledger");
    let story = {
        let mut maker = Maker::new(&origin, wasmi(), &["ada", "grace"]);
        let story = tell(&mut maker);
        maker.store.settle().expect("all is written");
        story
    };
    assert_eq!(audit(&origin).divergence, None, "as it is, it replays");
    for seed in 0..100 {
        let ledger = folder.path().join(format!("altered-{seed}"));
        copy(&origin, &ledger);
        let (height, names) = alter(&ledger, &story, seed);
        let divergence = audit(&ledger).divergence.unwrap_or_else(|| panic!("alteration {seed} is not found"));
        assert_eq!(divergence.height, height, "alteration {seed}: {:?}", divergence.difference);
        assert!(names(&divergence.difference), "alteration {seed}: {:?}", divergence.difference);
        std::fs::remove_dir_all(&ledger).expect("the copy can be removed");
    }
}

/// A ledger made on an engine that is wrong, and the same made on one that is right.
fn made_wrong(folder: &Path, fault: Fault) -> (PathBuf, Option<(Height, u32)>) {
    let (wrong, right) = (folder.join("wrong"), folder.join("right"));
    let mut truth = Maker::new(&right, wasmi(), &["ada", "grace"]);
    tell(&mut truth);
    let mut maker = Maker::new(&wrong, altered(fault), &["ada", "grace"]);
    tell(&mut maker);
    // Whoever compares the two ledgers sees without any replay where they part.
    let parts = (1..=truth.store.head().height.0).map(Height).find_map(|height| {
        let receipts = |store: &Store| store.receipts(height).expect("readable").expect("there");
        let (one, other) = (receipts(&truth.store), receipts(&maker.store));
        (0..one.len()).find(|index| one[*index] != other[*index]).map(|index| (height, index as u32))
    });
    (wrong, parts)
}

fn place(store: &Store, height: Height, fault: Fault) -> counterpart_audit::Place {
    let block = store.block(height).expect("readable").expect("there");
    let genesis = store.genesis();
    let context = BlockContext::new(genesis, &block.header);
    let state = store.state_at(Height(height.0 - 1)).expect("kept");
    let inputs = Inputs { context, transactions: &block.transactions, state, codes: store.codes() };
    let place = locate(&inputs, &wasmtime(Compiler::Winch), &altered(fault)).expect("both run");
    place.expect("they differ")
}

#[test]
fn a_gas_cost_that_is_wrong_is_named_by_its_metered_block() {
    let mut found = 0;
    for charge in 0..12 {
        let folder = tempfile::tempdir().expect("a folder");
        let fault = Fault::Charge(charge);
        let (ledger, parts) = made_wrong(folder.path(), fault);
        // A charge that no transaction reaches changes nothing.
        let Some((height, transaction)) = parts else { continue };
        let report = audit(&ledger);
        let divergence = report.divergence.expect("it differs");
        assert_eq!(divergence.height, height, "charge {charge}");
        let named = matches!(divergence.difference, Difference::Receipt { transaction: at, .. } if at == transaction);
        assert!(named, "charge {charge}: {:?}", divergence.difference);
        let store = Store::open_unverified(&ledger).expect("it opens");
        let place = place(&store, height, fault);
        assert_eq!(place.transaction, transaction);
        let Cause::Compute(compute) = place.cause else { panic!("charge {charge}: {:?}", place.cause) };
        assert_eq!(compute.effect, Effect::Gas, "charge {charge}");
        assert_eq!(compute.gas[0].zip(compute.gas[1]).map(|(right, wrong)| right - wrong), Some(1), "charge {charge}");
        found += 1;
    }
    assert!(found >= 8, "{found} of 12 charges are reached");
}

#[test]
fn instructions_that_are_wrong_are_named_by_their_metered_block() {
    // Functions as they stand in the module: `sum` takes the wrong way, `answer` leaves other memory behind.
    for (fault, function, effect) in [(Fault::Remainder, 4, Effect::Way), (Fault::Store, 5, Effect::Memory)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (ledger, parts) = made_wrong(folder.path(), fault);
        let (height, transaction) = parts.expect("they part");
        let store = Store::open_unverified(&ledger).expect("it opens");
        let place = place(&store, height, fault);
        assert_eq!((place.transaction, place.host_calls), (transaction, 1), "{fault:?}: after its input was read");
        let Cause::Compute(compute) = &place.cause else { panic!("{fault:?}: {:?}", place.cause) };
        assert_eq!((compute.function, compute.effect), (function, effect), "{fault:?}");
    }
}
