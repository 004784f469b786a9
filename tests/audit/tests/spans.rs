//! Replays of whole ledgers, spans, single blocks and contracts' lives, on three engines.

use counterpart_audit::{Span, join, plan, replay, replay_blocks, replay_span, replay_spans, touches};
use counterpart_audit_tests::{Maker, tell, wasmi, wasmtime};
use counterpart_execution::Executor;
use counterpart_ledger::Height;
use counterpart_vm::Compiler;

fn engines() -> [Executor; 3] {
    [wasmi(), wasmtime(Compiler::Cranelift), wasmtime(Compiler::Winch)]
}

#[test]
fn every_way_of_replaying_comes_to_the_same_roots_on_every_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut maker = Maker::new(&folder.path().join("ledger"), wasmtime(Compiler::Cranelift), &["ada", "grace"]);
    let story = tell(&mut maker);
    let (store, head) = (&maker.store, maker.store.head());
    for executor in engines() {
        let whole = replay(store, &executor, &mut |_| {}).expect("it can be replayed");
        assert_eq!((whole.blocks, whole.state_root, &whole.divergence), (head.height.0, head.state_root, &None));
        for count in [1, 2, 3, head.height.0, 1_000] {
            let spans = plan(store, count).expect("a plan");
            assert_eq!(spans.len() as u64, count.min(head.height.0));
            let mut heard = 0;
            let reports = replay_spans(store, &executor, &spans, 2, &mut |_| heard += 1, &mut |_| {})
                .expect("they can be replayed");
            assert_eq!(heard, head.height.0);
            let together = join(&reports).expect("they follow one another");
            assert_eq!(together, whole, "{count} spans say what one replay says");
        }
        let heights: Vec<Height> = (1..=head.height.0).map(Height).collect();
        let single = replay_blocks(store, &executor, &heights, &mut |_| {}).expect("they can be replayed");
        assert_eq!((single.gas, single.state_root, &single.divergence), (whole.gas, whole.state_root, &None));
        let life = touches(store, &story.contracts[1], &mut |_| {}).expect("readable");
        assert_eq!(life.first().map(|touch| touch.height), Some(story.made));
        let mut heights: Vec<Height> = life.iter().map(|touch| touch.height).collect();
        heights.dedup();
        assert!(heights.len() < head.height.0 as usize, "blocks that have nothing to do with it are left out");
        let life = replay_blocks(store, &executor, &heights, &mut |_| {}).expect("they can be replayed");
        assert_eq!((life.blocks, life.divergence), (heights.len() as u64, None));
    }
}

#[test]
fn reports_that_do_not_cover_the_chain_are_not_put_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut maker = Maker::new(&folder.path().join("ledger"), wasmi(), &["ada", "grace"]);
    tell(&mut maker);
    let spans = plan(&maker.store, 4).expect("a plan");
    let run = |span: &Span| replay_span(&maker.store, &wasmi(), *span, &mut |_| {}).expect("it can be replayed");
    let reports: Vec<_> = spans.iter().map(run).collect();
    assert!(join(&reports).is_some());
    assert_eq!(join(&[]), None);
    assert_eq!(join(&[reports[0].clone(), reports[2].clone()]), None, "a gap");
    assert_eq!(join(&[reports[0].clone(), reports[0].clone()]), None, "an overlap");
    let mut other = reports.clone();
    other[1].start_root.0[0] ^= 1;
    assert_eq!(join(&other), None, "another state");
    let mut other = reports;
    other[2].engine = "another";
    assert_eq!(join(&other), None, "another engine");
    let beyond = Span { from: Height(1), to: Height(maker.store.head().height.0 + 1) };
    assert!(replay_span(&maker.store, &wasmi(), beyond, &mut |_| {}).is_err());
    assert!(replay_span(&maker.store, &wasmi(), Span { from: Height(0), to: Height(1) }, &mut |_| {}).is_err());
    assert!(replay_blocks(&maker.store, &wasmi(), &[Height(0)], &mut |_| {}).is_err());
}

#[test]
fn a_ledger_that_begins_with_a_snapshot_is_replayed_from_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut maker = Maker::new(&folder.path().join("ledger"), wasmi(), &["ada", "grace"]);
    tell(&mut maker);
    let genesis = maker.genesis();
    maker.store.export_snapshot(Height(5), &folder.path().join("snapshot"), &mut |_, _| {}).expect("exported");
    let whole = replay(&maker.store, &wasmi(), &mut |_| {}).expect("it can be replayed");
    let (source, target) = (folder.path().join("snapshot"), folder.path().join("copy"));
    let copy =
        counterpart_storage::Store::import_snapshot(&source, &target, &genesis, &mut |_, _| {}).expect("imported");
    for height in (6..=maker.store.head().height.0).map(Height) {
        let block = maker.store.block(height).expect("readable").expect("the body");
        let receipts = maker.store.receipts(height).expect("readable").expect("the receipts");
        let writes = maker.store.writes(height).expect("readable").expect("the writes");
        let certificate = maker.store.certificate(height).expect("readable");
        let commit = counterpart_storage::Commit {
            block: &block,
            receipts: &receipts,
            writes: &writes,
            codes: &Default::default(),
            certificate: certificate.as_ref(),
            approval: None,
        };
        copy.commit(&commit).expect("it follows");
    }
    assert!(replay(&copy, &wasmi(), &mut |_| {}).is_err(), "from genesis it cannot be");
    let spans = plan(&copy, 3).expect("a plan");
    assert_eq!(spans[0].from, Height(6));
    let reports = replay_spans(&copy, &wasmi(), &spans, 2, &mut |_| {}, &mut |_| {}).expect("they can be replayed");
    let rest = join(&reports).expect("they follow one another");
    assert_eq!((rest.state_root, rest.divergence), (whole.state_root, None));
}
