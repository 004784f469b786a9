//! Profiles sum to the charged gas to the unit, on every engine, however a transaction ends.

use counterpart_audit::{Inputs, Names, Profiler, SourceMap, Timeline};
use counterpart_audit_tests::{CALLS, Maker, tell, wasmi, wasmtime};
use counterpart_execution::{BlockContext, Executor};
use counterpart_ledger::{Address, Hash, Height};
use counterpart_storage::Store;
use counterpart_vm::Compiler;

struct Nameless;

impl Names for Nameless {
    fn method(&self, _: &Address, _: bool, _: &[u8]) -> Option<String> {
        None
    }

    fn source(&self, _: &Hash) -> Option<&SourceMap> {
        None
    }
}

fn context(store: &Store, height: Height) -> (BlockContext, counterpart_ledger::Block) {
    let block = store.block(height).expect("readable").expect("there");
    let genesis = store.genesis();
    let context = BlockContext::new(genesis, &block.header);
    (context, block)
}

fn profile_all(store: &Store, executor: &Executor) {
    let probed = executor.with_probes();
    let mut number = 0;
    for height in (1..=store.head().height.0).map(Height) {
        let (context, block) = context(store, height);
        let state = store.state_at(Height(height.0 - 1)).expect("kept");
        for only in 0..block.transactions.len() {
            let profiler = Profiler::new(Some(only));
            let observed = probed
                .observe_block(&context, &block.transactions, state.clone(), store.codes(), profiler)
                .expect("runs");
            let (result, profiler) = observed;
            assert_eq!(
                Some(&result.receipts),
                store.receipts(height).expect("readable").as_ref(),
                "probes change nothing"
            );
            assert_eq!(Some(&result.writes), store.writes(height).expect("readable").as_ref());
            let profile = profiler.finish(&result.receipts, &Nameless);
            let what = if height.0 > 2 { CALLS.get(number).copied().unwrap_or("none") } else { "deployment" };
            assert_eq!(profile.unattributed, 0, "{what}");
            let hosts: u64 = profile.hosts.values().map(|host| host.gas).sum();
            let parts = profile.instructions() as u64 + hosts + profile.instances.gas + profile.outside;
            assert_eq!(parts, result.receipts[only].gas_used.0, "{what}");
            let folded: u64 = profile
                .flame
                .folded()
                .lines()
                .map(|line| line.rsplit(' ').next().expect("gas").parse::<u64>().expect("a number"))
                .sum();
            assert_eq!(folded, profile.total, "{what}");
            if height.0 > 2 {
                number += 1;
            }
        }
    }
    assert_eq!(number, CALLS.len());
}

#[test]
fn gas_by_instruction_sums_to_the_charged_gas_on_every_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut maker = Maker::new(&folder.path().join("ledger"), wasmi(), &["ada", "grace"]);
    tell(&mut maker);
    for executor in [wasmi(), wasmtime(Compiler::Cranelift), wasmtime(Compiler::Winch)] {
        profile_all(&maker.store, &executor);
    }
}

#[test]
fn all_engines_pass_the_same_points_with_the_same_gas() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut maker = Maker::new(&folder.path().join("ledger"), wasmi(), &["ada", "grace"]);
    let story = tell(&mut maker);
    let executors = [wasmi(), wasmtime(Compiler::Cranelift), wasmtime(Compiler::Winch)];
    for height in story.calls {
        let (context, block) = context(&maker.store, height);
        let state = maker.store.state_at(Height(height.0 - 1)).expect("kept");
        let inputs = Inputs { context, transactions: &block.transactions, state, codes: maker.store.codes() };
        for index in 0..block.transactions.len() {
            let [first, rest @ ..] = executors
                .each_ref()
                .map(|executor| Timeline::record(&inputs, executor, index).expect("it can be recorded"));
            for other in rest {
                assert_eq!(first.events, other.events);
                assert_eq!(first.hosts, other.hosts);
            }
        }
    }
}
