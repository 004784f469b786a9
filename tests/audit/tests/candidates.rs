//! Other code for a contract, other prices for what it did.

use counterpart_audit::{
    Cause, Effect, Inputs, Names, Profiler, RehearsalError, Schedule, SourceMap, locate, rehearse,
};
use counterpart_audit_tests::{CALLS, Maker, Story, conformance, tell, wasmi, wasmtime};
use counterpart_execution::BlockContext;
use counterpart_ledger::{Address, Hash, Height, Outcome};
use counterpart_vm::Compiler;

fn candidate(from: &str, to: &str) -> Vec<u8> {
    let text = include_str!("../src/conformance.wat");
    assert!(text.contains(from));
    wat::parse_str(text.replace(from, to)).expect("the text is well formed")
}

fn ledger() -> (tempfile::TempDir, Maker, Story) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut maker = Maker::new(&folder.path().join("ledger"), wasmi(), &["ada", "grace"]);
    let story = tell(&mut maker);
    (folder, maker, story)
}

#[test]
fn a_rehearsal_tells_which_calls_would_have_been_otherwise() {
    let (_folder, maker, story) = ledger();
    let executor = wasmtime(Compiler::Winch);
    let run = |code: &[u8], last| rehearse(&maker.store, &executor, &story.contracts[0], code, last, &mut |_| {});
    let calls = |code: &[u8]| run(code, 1_000).expect("it can be rehearsed");

    let same = calls(&conformance());
    assert!(same.len() >= 18, "{} calls of the first copy", same.len());
    assert!(same.iter().all(|call| !call.behaves_otherwise() && call.more_gas() == 0));
    assert!(
        same.is_sorted_by_key(|call| std::cmp::Reverse((call.touch.height, call.touch.transaction))) || same.len() > 1
    );

    // The sum that one call answers counts by two now.
    let other =
        calls(&candidate("(i64.add (local.get $sum) (i64.const 1))", "(i64.add (local.get $sum) (i64.const 2))"));
    let otherwise: Vec<_> = other.iter().filter(|call| call.behaves_otherwise()).collect();
    let [branches] = otherwise[..] else { panic!("{} calls", otherwise.len()) };
    assert!(branches.results_differ() && !branches.events_differ() && branches.state_differences().is_empty());
    let place = CALLS.iter().position(|name| *name == "branches").expect("a call");
    assert_eq!(branches.touch.height, story.calls[place / 3]);
    assert_eq!(branches.more_gas(), 0, "a constant costs what another does");

    // Another value is written: by every call that writes and reads.
    let other = calls(&candidate("\"value of the key\"", "\"valve of the key\""));
    let otherwise: Vec<_> = other.iter().filter(|call| call.behaves_otherwise()).collect();
    assert!(otherwise.iter().any(|call| !call.state_differences().is_empty()));
    assert!(otherwise.iter().any(|call| call.events_differ()));

    // More instructions and nothing else.
    let other = calls(&candidate(";; 0: nothing", "(drop (i64.mul (i64.const 3) (i64.const 4)))"));
    assert!(other.iter().all(|call| !call.behaves_otherwise()));
    assert_eq!(other.iter().filter(|call| call.more_gas() != 0).count(), 1);

    assert_eq!(run(&conformance(), 3).expect("it can be rehearsed").len(), 3);
    assert!(matches!(run(b"no module", 1), Err(RehearsalError::Candidate(_))));
    let nowhere = rehearse(&maker.store, &executor, &Address([1; 32]), &conformance(), 1, &mut |_| {});
    assert!(matches!(nowhere, Err(RehearsalError::NoContract(_))));
}

#[test]
fn an_altered_contract_is_named_by_its_metered_block() {
    let (_folder, maker, story) = ledger();
    let code = candidate("(local.get $i) (i64.const 7)", "(local.get $i) (i64.const 8)");
    let executor = wasmi();
    let other = executor.with_code(counterpart_execution::code_hash(&conformance()), &code).expect("it is accepted");
    let place_of = |name: &str| CALLS.iter().position(|other| *other == name).expect("a call");
    let branches = place_of("branches");
    for height in &story.calls {
        let block = maker.store.block(*height).expect("readable").expect("there");
        let state = maker.store.state_at(Height(height.0 - 1)).expect("kept");
        let context = BlockContext::new(maker.store.genesis(), &block.header);
        let inputs = Inputs { context, transactions: &block.transactions, state, codes: maker.store.codes() };
        let place = locate(&inputs, &executor, &other).expect("both run");
        if *height != story.calls[branches / 3] {
            assert_eq!(place, None, "block {height}");
            continue;
        }
        let place = place.expect("they part");
        assert_eq!((place.transaction as usize, place.host_calls), (branches % 3, 1));
        let Cause::Compute(compute) = place.cause else { panic!("{:?}", place.cause) };
        // `sum` is the fifth function; at 7 the two take different ways.
        assert_eq!((compute.function, compute.effect), (4, Effect::Way));
    }
}

struct Nameless;

impl Names for Nameless {
    fn method(&self, _: &Address, _: bool, _: &[u8]) -> Option<String> {
        None
    }

    fn source(&self, _: &Hash) -> Option<&SourceMap> {
        None
    }
}

#[test]
fn other_prices_count_what_was_done() {
    let (_folder, maker, story) = ledger();
    let executor = wasmi().with_probes();
    let mut dearer = Schedule::default();
    *dearer.operators.get_mut("I64Add").expect("an instruction") += 1;
    dearer.host.get_mut("storage_set").expect("a host function").base += 1_000;
    dearer.function_entry += 10;
    let mut names = CALLS.iter();
    for height in &story.calls {
        let block = maker.store.block(*height).expect("readable").expect("there");
        let state = maker.store.state_at(Height(height.0 - 1)).expect("kept");
        let context = BlockContext::new(maker.store.genesis(), &block.header);
        let inputs = Inputs { context, transactions: &block.transactions, state, codes: maker.store.codes() };
        for index in 0..block.transactions.len() {
            let (result, profiler) = executor
                .observe_block(
                    &inputs.context,
                    inputs.transactions,
                    inputs.state.clone(),
                    inputs.codes.clone(),
                    Profiler::new(Some(index)),
                )
                .expect("it executes");
            let name = *names.next().expect("a name");
            let profile = profiler.finish(&result.receipts, &Nameless);
            let same = Schedule::default().price(&profile);
            assert_eq!((same.charged, same.repriced), (profile.total, profile.total), "{name}: the prices in force");
            let price = dearer.price(&profile);
            let more = price.repriced - price.charged;
            match name {
                // `call` is entered.
                "nothing" => assert_eq!(more, 10),
                // `call` and `answer` are entered, an entry is written.
                "write_and_read" => assert_eq!(more, 2 * 10 + 1_000),
                // `call`, `sum` and `answer`; 41 numbers are counted, 35 of them added, 34 of these with one more.
                "branches" => assert_eq!(more, 3 * 10 + 41 + 35 + 34),
                "native_transfer" | "no_contract" => assert_eq!(more, 0),
                _ => assert!(more > 0 || result.receipts[index].outcome != Outcome::Success, "{name}"),
            }
        }
    }
}
