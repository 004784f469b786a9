//! What the note does and what it refuses, as native code and as Wasm.

use counterpart_testing::{Chain, Failure, Subject, contract_test};
use empty::{NoteError, NoteRef, native_note};

#[contract_test]
fn the_author_writes_and_everybody_reads(chain: &mut Chain) {
    let alice = chain.account("alice");
    let address = chain.deploy(&alice, &Subject::new("empty", native_note()), NoteRef::new()).expect("deployed");
    let note = NoteRef::at(address);
    assert_eq!(chain.query(note.text()), Ok(String::new()));
    assert_eq!(chain.call(&alice, note.write("hello".into())), Ok(1));
    assert_eq!(chain.query(note.text()), Ok("hello".into()));
    assert_eq!(chain.query(note.author()), Ok(alice.address));
}

#[contract_test]
fn strangers_and_long_texts_are_refused(chain: &mut Chain) {
    let (alice, bob) = (chain.account("alice"), chain.account("bob"));
    let address = chain.deploy(&alice, &Subject::new("empty", native_note()), NoteRef::new()).expect("deployed");
    let note = NoteRef::at(address);
    let refused = chain.call(&bob, note.write("mine".into()));
    assert_eq!(refused, Err(Failure::Reverted { contract: address, code: 0xFFFF_0005 }));
    let refused = chain.call(&alice, note.write("x".repeat(1_001)));
    assert_eq!(refused, Err(Failure::Error(NoteError::TooLong { bytes: 1_001 })));
    assert_eq!(chain.query(note.text()), Ok(String::new()));
}
