//! Golden traces of the conformance transactions: every frame and host call with its gas, and the evidence.

use counterpart_audit::trace;
use counterpart_audit_tests::{CALLS, Maker, tell, wasmi, wasmtime};
use counterpart_execution::{CallTrace, Executor, Step, TransactionTrace};
use counterpart_ledger::Receipt;
use counterpart_vm::Compiler;
use std::fmt::Write;
use std::path::Path;

fn write_call(call: &CallTrace, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let entry = if call.deploy { "deploy" } else { "call" };
    let input = hex::encode(&call.input);
    writeln!(text, "{indent}{entry} {} input {input} limit {}", call.contract, call.gas_limit).expect("text grows");
    for step in &call.steps {
        match step {
            Step::Call(inner) => write_call(inner, depth + 1, text),
            Step::Host { function, arguments, answer, gas, gas_before, accesses, changes } => {
                let answer = answer.map_or_else(|| "stopped".to_owned(), |answer| answer.to_string());
                write!(text, "{indent}  {gas_before} {}{arguments:?} -> {answer}, {gas} gas", function.name())
                    .expect("text grows");
                for access in accesses {
                    let way = if access.written { "wrote" } else { "read" };
                    write!(text, "; {way} {}", hex::encode(&access.bytes)).expect("text grows");
                }
                for change in changes {
                    let value = change.after.as_ref().map_or_else(|| "nothing".to_owned(), hex::encode);
                    write!(text, "; {} is {value}", hex::encode(&change.key[32..])).expect("text grows");
                }
                text.push('\n');
            }
        }
    }
    let output = hex::encode(&call.output);
    writeln!(text, "{indent}{:?} output {output} used {}", call.outcome, call.gas_used).expect("text grows");
}

fn write_transaction(name: &str, trace: &TransactionTrace, receipt: &Receipt, text: &mut String) {
    writeln!(text, "# {name}: {} gas, evidence {}", receipt.gas_used.0, receipt.evidence).expect("text grows");
    trace.calls.iter().for_each(|call| write_call(call, 0, text));
    writeln!(text, "{:?}\n", receipt.outcome).expect("text grows");
}

fn traces(maker: &Maker, executor: &Executor, story: &counterpart_audit_tests::Story) -> String {
    let mut text = String::new();
    let mut names = CALLS.iter();
    for height in std::iter::once(&story.made).chain(&story.calls) {
        let receipts = maker.store.receipts(*height).expect("readable").expect("there");
        let traces = trace(&maker.store, executor, *height).expect("it replays");
        for (trace, receipt) in traces.iter().zip(&receipts) {
            let name = if *height == story.made { "deploy" } else { names.next().expect("a name for each call") };
            write_transaction(name, trace, receipt, &mut text);
        }
    }
    text
}

#[test]
fn conformance_transactions_leave_the_same_traces_on_every_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut maker = Maker::new(&folder.path().join("ledger"), wasmi(), &["ada", "grace"]);
    let story = tell(&mut maker);
    let text = traces(&maker, &wasmi(), &story);
    for executor in [wasmtime(Compiler::Cranelift), wasmtime(Compiler::Winch)] {
        assert_eq!(traces(&maker, &executor, &story), text);
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/traces.txt");
    counterpart_golden::check(&golden, &text);
}
