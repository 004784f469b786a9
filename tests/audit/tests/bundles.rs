//! Bundles: none is accepted with a byte changed, wherever it is.

use counterpart_audit::{Bundle, extract};
use counterpart_audit_tests::{Maker, tell, wasmi};
use counterpart_ledger::Height;

#[test]
fn a_bundle_is_refused_whichever_byte_is_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut maker = Maker::new(&folder.path().join("ledger"), wasmi(), &["ada", "grace"]);
    let story = tell(&mut maker);
    let genesis = maker.genesis();
    // The first block of calls: three transactions, one of which reverts, and the contract's code.
    let executor = wasmi();
    let whole = extract(&maker.store, &executor, story.calls[0]).expect("a bundle").to_bytes();
    let holds = |bytes: &[u8]| Bundle::from_bytes(bytes).and_then(|bundle| bundle.execute(&executor, &genesis));
    holds(&whole).expect("it holds as it is");
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 1 << (at % 8);
        assert!(holds(&altered).is_err(), "byte {at} of {} can be changed", whole.len());
    }
    for length in 0..whole.len() {
        assert!(Bundle::from_bytes(&whole[..length]).is_err(), "cut at {length}");
    }
}

#[test]
fn every_block_of_the_story_has_a_bundle_that_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut maker = Maker::new(&folder.path().join("ledger"), wasmi(), &["ada", "grace"]);
    tell(&mut maker);
    for height in (1..maker.store.head().height.0).map(Height) {
        let bundle = extract(&maker.store, &wasmi(), height).expect("a bundle");
        let (executed, traces) = bundle.trace(&wasmi(), &maker.genesis()).expect("it holds");
        assert_eq!(Some(&executed.result.receipts), maker.store.receipts(height).expect("readable").as_ref());
        assert_eq!(traces.len(), executed.result.receipts.len());
        assert_eq!(bundle.execute(&wasmi(), &maker.genesis()).expect("it holds").result, executed.result);
    }
}
