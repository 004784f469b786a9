//! Transactions with writes, events and nested frames that end in every way, through the executor, on every engine.

use counterpart_differential::{Chain, PanicAt, Seen};
use counterpart_execution::End;
use counterpart_host_functions::{CallStatus, HostFunction, Param, Stop, TrapCode, call_flags, limits};
use counterpart_ledger::{Action, Address, Outcome, RejectCode};

const GAS: u64 = 20_000_000;

const IMPORTS: &str = r#"
    (import "counterpart" "input" (func $input (param i32 i32 i32) (result i64)))
    (import "counterpart" "storage_set" (func $set (param i32 i32 i32 i32) (result i64)))
    (import "counterpart" "storage_get" (func $get (param i32 i32 i32 i32) (result i64)))
    (import "counterpart" "storage_range" (func $range (param i32 i32 i32 i32 i32) (result i64)))
    (import "counterpart" "storage_next" (func $next (param i32 i32 i32 i32 i32 i32) (result i64)))
    (import "counterpart" "storage_close" (func $close (param i32) (result i64)))
    (import "counterpart" "transient_set" (func $transient (param i32 i32 i32 i32) (result i64)))
    (import "counterpart" "emit" (func $emit (param i32 i32 i32 i32) (result i64)))
    (import "counterpart" "revert" (func $revert (param i32 i32 i32) (result i64)))
    (import "counterpart" "finish" (func $finish (param i32 i32) (result i64)))
    (import "counterpart" "set_return" (func $return (param i32 i32) (result i64)))
    (import "counterpart" "sha3_256" (func $sha3 (param i32 i32 i32) (result i64)))
    (import "counterpart" "call" (func $call (param i32 i32 i32 i32 i64 i32) (result i64)))
    (memory (export "memory") 1)
    (func (export "deploy"))"#;

/// What the worker does after it has written and emitted; the first byte of its input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    Return,
    Revert,
    Unreachable,
    Loop,
    Recursion,
    BadPointer,
    Finish,
    ForeignIterator,
    ClosedIterator,
    TooManyIterators,
    /// Nothing is written; the sum of the first and last words of the memory is returned.
    Look,
}

/// Writes, emits, makes the memory dirty, and ends as its input says.
fn worker() -> String {
    format!(
        r#"(module {IMPORTS}
        (data (i32.const 64) "worker")
        (func $down (call $down))
        (func (export "call") (local $mode i32)
            (drop (call $input (i32.const 0) (i32.const 0) (i32.const 1)))
            (local.set $mode (i32.load8_u (i32.const 0)))
            (i32.store8 (i32.const 0) (i32.const 0))
            (if (i32.eq (local.get $mode) (i32.const {look})) (then
                (i32.store (i32.const 0) (i32.add (i32.load (i32.const 65532)) (i32.load (i32.const 1000))))
                (drop (call $finish (i32.const 0) (i32.const 4)))))
            (i32.store (i32.const 65532) (i32.const -1))
            (i32.store (i32.const 1000) (i32.const -1))
            (drop (call $set (i32.const 64) (i32.const 6) (i32.const 64) (i32.const 3)))
            (drop (call $transient (i32.const 64) (i32.const 2) (i32.const 64) (i32.const 3)))
            (drop (call $emit (i32.const 64) (i32.const 1) (i32.const 64) (i32.const 6)))
            (block $iterators (block $closed (block $foreign (block $finish (block $pointer (block $down (block $loop
            (block $trap (block $revert (block $return
                (br_table $return $revert $trap $loop $down $pointer $finish $foreign $closed $iterators (local.get $mode)))
                (drop (call $return (i32.const 64) (i32.const 6)))
                (return))
                (drop (call $revert (i32.const 77) (i32.const 64) (i32.const 6))))
                unreachable)
                (loop (br 0)))
                (call $down))
                (drop (call $sha3 (i32.const 65530) (i32.const 7) (i32.const 0))))
                (drop (call $finish (i32.const 66) (i32.const 4)))
                unreachable)
                (drop (call $next (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 32) (i32.const 9) (i32.const 48))))
                (drop (call $close (i32.wrap_i64 (call $range (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))
                (drop (call $next (i32.const 0) (i32.const 0) (i32.const 9) (i32.const 32) (i32.const 9) (i32.const 48))))
            (loop
                (drop (call $range (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
                (br 0))))"#,
        look = Mode::Look as u8,
    )
}

/// Writes, opens an iterator, calls what its input names, then keeps and returns the status.
///
/// Input: address (32), flags (u32), unused (4), gas (u64), input of the callee.
fn driver() -> String {
    format!(
        r#"(module {IMPORTS}
        (data (i32.const 64) "beforestatus")
        (func (export "call") (local $length i32)
            (local.set $length (i32.wrap_i64 (call $input (i32.const 1024) (i32.const 0) (i32.const 4096))))
            (drop (call $set (i32.const 64) (i32.const 6) (i32.const 64) (i32.const 6)))
            (drop (call $emit (i32.const 64) (i32.const 0) (i32.const 64) (i32.const 6)))
            (drop (call $range (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
            (i64.store (i32.const 8)
                (call $call (i32.const 1024) (i32.const 1072) (i32.sub (local.get $length) (i32.const 48)) (i32.const 0)
                    (i64.load (i32.const 1064)) (i32.load (i32.const 1056))))
            (drop (call $set (i32.const 70) (i32.const 6) (i32.const 8) (i32.const 8)))
            (drop (call $return (i32.const 8) (i32.const 8)))))"#
    )
}

/// The driver's input.
fn drive(callee: Address, flags: u32, gas: u64, input: &[u8]) -> Vec<u8> {
    [&callee.0[..], &flags.to_le_bytes(), &[0; 4], &gas.to_le_bytes(), input].concat()
}

struct Stage {
    chain: Chain,
    worker: Address,
    driver: Address,
}

fn stage() -> Stage {
    let mut chain = Chain::new();
    let (worker, driver) = (chain.deploy(&worker()), chain.deploy(&driver()));
    Stage { chain, worker, driver }
}

/// What each mode ends with when nobody handles it.
fn failures(contract: Address) -> [(Mode, Outcome); 8] {
    let trap = |code| Outcome::Trap { action: 0, contract, code };
    [
        (Mode::Revert, Outcome::Revert { action: 0, contract, code: 77, data: b"worker".to_vec() }),
        (Mode::Unreachable, trap(TrapCode::Wasm)),
        (Mode::Loop, Outcome::OutOfGas { action: 0 }),
        (Mode::Recursion, Outcome::StackExhausted { action: 0 }),
        (Mode::BadPointer, trap(TrapCode::BadPointer)),
        (Mode::ForeignIterator, trap(TrapCode::BadHandle)),
        (Mode::ClosedIterator, trap(TrapCode::BadHandle)),
        (Mode::TooManyIterators, trap(TrapCode::Budget)),
    ]
}

fn failed(seen: &Seen, outcome: &Outcome) {
    let receipt = seen.receipt();
    assert_eq!(receipt.outcome, *outcome);
    assert!(seen.left_no_writes(), "writes are undone: {:?}", seen.result.writes);
    assert!(receipt.events.is_empty() && receipt.outputs.is_empty());
    assert!(receipt.gas_used.0 > 0 && receipt.fee == u128::from(receipt.gas_used.0));
}

#[test]
fn a_frame_with_writes_and_events_ends_alike_in_every_way() {
    let Stage { chain, worker, .. } = stage();
    for (mode, output) in [(Mode::Return, &b"worker"[..]), (Mode::Finish, b"rker")] {
        let seen = chain.call(worker, &[mode as u8], GAS);
        assert_eq!(seen.receipt().outcome, Outcome::Success);
        assert_eq!(seen.receipt().outputs, [output]);
        assert_eq!((seen.receipt().events.len(), seen.written(&worker, b"worker")), (1, Some(b"wor".to_vec())));
    }
    for (mode, outcome) in failures(worker) {
        let seen = chain.call(worker, &[mode as u8], GAS);
        failed(&seen, &outcome);
        assert_eq!(seen.frames.len(), 1);
        assert!(seen.frames[0].memory.is_some(), "the memory of a failed frame is compared too");
        if mode == Mode::Recursion {
            assert!(seen.frames[0].stack < 0);
        }
    }
}

#[test]
fn a_failed_callee_is_undone_and_its_caller_goes_on() {
    let Stage { chain, worker, driver } = stage();
    let statuses = [
        CallStatus::Revert,
        CallStatus::Trap,
        CallStatus::OutOfGas,
        CallStatus::StackExhausted,
        CallStatus::Trap,
        CallStatus::Trap,
        CallStatus::Trap,
        CallStatus::Trap,
    ];
    for ((mode, outcome), status) in failures(worker).into_iter().zip(statuses) {
        let tried = chain.call(driver, &drive(worker, call_flags::TRY, 0, &[mode as u8]), GAS);
        assert_eq!(tried.receipt().outcome, Outcome::Success, "{mode:?}");
        assert_eq!(tried.written(&driver, b"status"), Some(status.number().to_le_bytes().to_vec()), "{mode:?}");
        assert_eq!(tried.written(&driver, b"before"), Some(b"before".to_vec()));
        assert_eq!(tried.written(&worker, b"worker"), None, "{mode:?}");
        assert_eq!(tried.receipt().events.len(), 1, "the callee's event is undone");
        assert_eq!(tried.frames.len(), 2);

        let passed_on = chain.call(driver, &drive(worker, 0, 0, &[mode as u8]), GAS);
        failed(&passed_on, &outcome);
        assert_eq!(passed_on.frames[1].end, End::Host(Stop::Trap(TrapCode::Callee)));
    }
    let seen = chain.call(driver, &drive(worker, call_flags::TRY, 0, &[Mode::Return as u8]), GAS);
    assert_eq!((seen.receipt().events.len(), seen.written(&worker, b"worker")), (2, Some(b"wor".to_vec())));
}

#[test]
fn nested_frames_end_alike_at_every_gas() {
    let Stage { chain, worker, driver } = stage();
    let input = drive(driver, call_flags::TRY, 0, &drive(worker, 0, 0, &[Mode::Return as u8]));
    // The outer frame is another contract: the driver may not be entered twice.
    let mut chain = chain;
    let outer = chain.deploy(&driver_named("outer1"));
    let whole = chain.call(outer, &input, GAS);
    assert_eq!((&whole.receipt().outcome, whole.frames.len()), (&Outcome::Success, 3));
    let used = whole.receipt().gas_used.0 - (chain.call(outer, &input, 0).receipt().gas_used.0);
    let (mut successes, mut shorts) = (0, 0);
    for gas in (0..used + 2_000).step_by(1_499).chain([used - 1, used, used + 1]) {
        match chain.call(outer, &input, gas).receipt().outcome {
            Outcome::Success => successes += 1,
            Outcome::OutOfGas { action: 0 } => shorts += 1,
            ref other => panic!("{other:?} with gas {gas}"),
        }
    }
    assert!(successes > 0 && shorts > 10, "{successes} successes, {shorts} out of gas");
}

/// A driver with other bytes, so that it is another contract.
fn driver_named(name: &str) -> String {
    driver().replacen("(data (i32.const 64)", &format!("(data (i32.const 512) \"{name}\") (data (i32.const 64)"), 1)
}

#[test]
fn a_callee_that_uses_all_its_gas_leaves_its_caller_what_it_kept() {
    let Stage { chain, worker, driver } = stage();
    for budget in [0, 1, 20_000, 100_000, 1_000_000, u64::MAX] {
        let seen = chain.call(driver, &drive(worker, call_flags::TRY, budget, &[Mode::Loop as u8]), GAS);
        assert_eq!(seen.receipt().outcome, Outcome::Success, "budget {budget}");
        let status = CallStatus::OutOfGas.number().to_le_bytes().to_vec();
        assert_eq!(seen.written(&driver, b"status"), Some(status), "budget {budget}");
        if (1..GAS / 2).contains(&budget) {
            assert!(seen.receipt().gas_used.0 < budget + 700_000, "no more than the budget was spent");
        }
    }
}

#[test]
fn nothing_below_a_read_only_call_writes() {
    let Stage { mut chain, worker, driver } = stage();
    let outer = chain.deploy(&driver_named("outer1"));
    let (quiet, direct) = (call_flags::READ_ONLY | call_flags::TRY, [Mode::Return as u8]);
    let seen = chain.call(driver, &drive(worker, quiet, 0, &direct), GAS);
    assert_eq!(seen.frames[0].end, End::Host(Stop::Trap(TrapCode::ReadOnly)));
    assert_eq!(seen.written(&driver, b"status"), Some(CallStatus::Trap.number().to_le_bytes().to_vec()));
    // The driver in between writes at once; a callee that only looks is let through.
    let nested = drive(worker, call_flags::TRY, 0, &direct);
    let seen = chain.call(outer, &drive(driver, quiet, 0, &nested), GAS);
    assert_eq!(seen.frames[0].end, End::Host(Stop::Trap(TrapCode::ReadOnly)));
    let seen = chain.call(driver, &drive(worker, quiet, 0, &[Mode::Look as u8]), GAS);
    assert_eq!(seen.written(&driver, b"status"), Some(CallStatus::Success.number().to_le_bytes().to_vec()));
    // A forwarder writes nothing itself and asks for nothing to be read-only; what it calls is read-only all the same.
    let forwarder = chain.deploy(&format!(
        r#"(module {IMPORTS} (func (export "call")
            (drop (call $input (i32.const 1024) (i32.const 0) (i32.const 4096)))
            (i64.store (i32.const 8) (call $call (i32.const 1024) (i32.const 1072) (i32.const 1) (i32.const 0) (i64.const 0) (i32.const 0)))))"#
    ));
    let seen = chain.call(outer, &drive(forwarder, quiet, 0, &nested), GAS);
    assert_eq!(seen.frames.len(), 3);
    assert_eq!(seen.frames[0].end, End::Host(Stop::Trap(TrapCode::ReadOnly)));
    assert_eq!(seen.written(&worker, b"worker"), None);
}

#[test]
fn a_contract_that_waits_for_a_call_is_not_entered_again() {
    let Stage { chain, driver, .. } = stage();
    let seen = chain.call(driver, &drive(driver, 0, 0, &[]), GAS);
    failed(&seen, &Outcome::Trap { action: 0, contract: driver, code: TrapCode::Reentrancy });
}

#[test]
fn memory_is_zero_when_an_instance_serves_the_next_transaction() {
    let Stage { chain, worker, driver } = stage();
    for (mode, _) in failures(worker).into_iter().chain([(Mode::Return, Outcome::Success)]) {
        chain.call(worker, &[mode as u8], GAS);
        chain.call(driver, &drive(worker, call_flags::TRY, 0, &[mode as u8]), GAS);
        let seen = chain.call(worker, &[Mode::Look as u8], GAS);
        assert_eq!(seen.receipt().outputs, [[0; 4]], "after {mode:?}");
    }
}

#[test]
fn inputs_have_their_largest_size() {
    let Stage { mut chain, worker, .. } = stage();
    let most = limits::MAX_INPUT_BYTES as usize;
    for (length, outcome) in
        [(most - 1, Outcome::Success), (most, Outcome::Success), (most + 1, Outcome::Rejected(RejectCode::Size))]
    {
        assert_eq!(chain.call(worker, &vec![0; length], GAS).receipt().outcome, outcome, "{length} bytes");
    }
    // From contract to contract: the address, then the length.
    let caller = chain.deploy(&format!(
        r#"(module {} (func (export "call")
            (drop (call $input (i32.const 0) (i32.const 0) (i32.const 36)))
            (drop (call $call (i32.const 0) (i32.const 4096) (i32.load (i32.const 32)) (i32.const 0) (i64.const 0) (i32.const 0)))))"#,
        IMPORTS.replace("(memory (export \"memory\") 1)", "(memory (export \"memory\") 6)")
    ));
    for length in [most - 1, most, most + 1] {
        let seen = chain.call(caller, &[&worker.0[..], &(length as u32).to_le_bytes()].concat(), GAS);
        if length <= most {
            assert_eq!(seen.receipt().outcome, Outcome::Success, "{length} bytes");
        } else {
            failed(&seen, &Outcome::Trap { action: 0, contract: caller, code: TrapCode::TooLong });
        }
    }
}

/// A contract that writes and emits, and then calls one host function with zeros, or with `TRY` where there are flags.
fn zeros(function: HostFunction) -> String {
    let kind = |kind: &Param| if *kind == Param::U32 { "i32" } else { "i64" };
    let types: String = function.params().iter().map(|(_, param)| format!("{} ", kind(param))).collect();
    let argument = |(name, param): &(&str, Param)| {
        let value = if *name == "flags" { call_flags::TRY } else { 0 };
        format!("({}.const {value})", kind(param))
    };
    let arguments: String = function.params().iter().map(argument).collect();
    let needed = [
        (HostFunction::storage_set, "(func $set (param i32 i32 i32 i32) (result i64))"),
        (HostFunction::emit, "(func $emit (param i32 i32 i32 i32) (result i64))"),
    ];
    let mut name = "$host";
    let mut imports = String::new();
    for (import, signature) in needed {
        imports.push_str(&format!(r#"(import "counterpart" "{}" {signature})"#, import.name()));
        if import == function {
            name = if import == HostFunction::emit { "$emit" } else { "$set" };
        }
    }
    if name == "$host" {
        let import = function.name();
        imports.push_str(&format!(r#"(import "counterpart" "{import}" (func $host (param {types}) (result i64)))"#));
    }
    let before = match function {
        HostFunction::storage_set => "(drop (call $emit (i32.const 64) (i32.const 0) (i32.const 64) (i32.const 4)))",
        HostFunction::emit => "(drop (call $set (i32.const 64) (i32.const 4) (i32.const 64) (i32.const 4)))",
        _ => {
            "(drop (call $emit (i32.const 64) (i32.const 0) (i32.const 64) (i32.const 4)))
             (drop (call $set (i32.const 64) (i32.const 4) (i32.const 64) (i32.const 4)))"
        }
    };
    format!(
        r#"(module {imports} (memory (export "memory") 1) (func (export "deploy"))
            (func (export "call") {before} (drop (call {name} {arguments})) (i32.store (i32.const 80) (i32.const 1))))"#
    )
}

#[test]
fn a_panic_in_any_host_function_costs_the_sender_and_not_the_node() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut chain = Chain::new();
    for function in HostFunction::ALL.iter().copied() {
        let contract = chain.deploy(&zeros(function));
        let call = || vec![Action::Call { contract, input: vec![1, 2, 3], value: 0 }];
        let name = function.name();
        let before = chain.run(call(), GAS, None);
        let entered = chain.run(call(), GAS, Some(PanicAt::Entry(function)));
        failed(&entered, &Outcome::Trap { action: 0, contract, code: TrapCode::HostPanic });
        let unpaid = chain.call(contract, &[1, 2, 3], 0).receipt().gas_used.0;
        assert!(entered.receipt().gas_used.0 >= unpaid + function.cost().base, "{name} is charged");
        let left = chain.run(call(), GAS, Some(PanicAt::Exit(function)));
        assert!(left.left_no_writes() && left.receipt().events.is_empty(), "{name}: work is undone");
        assert!(matches!(left.receipt().outcome, Outcome::Trap { .. }), "{name}: {:?}", left.receipt().outcome);
        assert!(left.receipt().gas_used >= entered.receipt().gas_used, "{name} is charged for its work");
        assert_eq!(chain.run(call(), GAS, None), before, "{name}: the node goes on as before");
    }
}
