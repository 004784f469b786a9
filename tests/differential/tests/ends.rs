//! Every way to end, at the exact gas and stack where one turns into the other.

use counterpart_differential::{Observation, Recorder, STACK, agree, engines, prepare};
use counterpart_execution::{End, Entry, Invocation};
use counterpart_host_functions::{HostFunction, Param, Stop, TrapCode};
use counterpart_module::PreparedModule;
use std::sync::Arc;

const GAS: i64 = 1 << 40;

fn module(text: &str) -> Arc<PreparedModule> {
    let wasm = wat::parse_str(text).expect("the test's module is well formed");
    prepare(&wasm).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// A module with a memory, two imports and `body`.
fn small(body: &str) -> Arc<PreparedModule> {
    module(&format!(
        r#"(module
            (import "counterpart" "debug_log" (func $log (param i32 i32) (result i64)))
            (import "counterpart" "revert" (func $revert (param i32 i32 i32) (result i64)))
            (import "counterpart" "finish" (func $finish (param i32 i32) (result i64)))
            (memory (export "memory") 1 8)
            (global $n (mut i32) (i32.const 0))
            {body})"#
    ))
}

const LOOP: &str = r#"(func (export "call") (local i32)
    (loop
        (i32.store (i32.mul (local.get 0) (i32.const 4)) (local.get 0))
        (drop (call $log (local.get 0) (i32.const 0)))
        (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 6)))))"#;
const BRANCHES: &str = r#"
    (func $fib (param i32) (result i32)
        (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
            (then (local.get 0))
            (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
    (func (export "call")
        (block $out
            (br_table 0 $out (i32.const 1)))
        (i32.store (i32.const 8) (call $fib (i32.const 5))))"#;
const MEMORY: &str = r#"(func (export "call")
    (i32.store (i32.const 100) (memory.grow (i32.const 2)))
    (memory.fill (i32.const 65536) (i32.const 7) (i32.const 1000))
    (memory.copy (i32.const 0) (i32.const 65537) (i32.const 77))
    (i32.store (i32.const 104) (memory.size)))"#;
const TRAP: &str = r#"(func (export "call") (local i32)
    (loop (i32.store8 (local.get 0) (i32.const 1))
        (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 50))))
    (drop (i32.div_u (i32.const 1) (global.get $n))))"#;
const REVERT: &str = r#"(func (export "call")
    (i32.store (i32.const 0) (i32.const 5)) (drop (call $revert (i32.const 9) (i32.const 0) (i32.const 4))) unreachable)"#;
const FINISH: &str = r#"(func (export "call") (drop (call $finish (i32.const 0) (i32.const 4))) unreachable)"#;

/// Runs a small module with all the gas that it wants, and then with every amount below that.
fn check(body: &str, end: End) {
    let module = small(body);
    let whole = agree(&module, "call", GAS, STACK);
    assert_eq!(whole.end, end, "{body}");
    let used = GAS - whole.gas;
    assert_eq!(agree(&module, "call", used, STACK), at_gas(&whole, used), "exactly enough");
    let more = used + 1;
    assert_eq!(agree(&module, "call", more, STACK), at_gas(&whole, more), "one more than enough");
    assert_ne!(agree(&module, "call", used - 1, STACK).end, end, "one less than enough");
    // The amounts near both limits one by one, those between in steps that meet every kind of block.
    let low = (used - 1).min(250);
    for gas in (0..low).chain((low..used).step_by(37)).chain((used - 40).max(0)..used) {
        let short = agree(&module, "call", gas, STACK);
        assert!(
            matches!(short.end, End::OutOfGas | End::Host(Stop::OutOfGas)),
            "{:?} with gas {gas}: {body}",
            short.end
        );
        assert!(short.gas < 0);
    }
}

/// What was seen, as it is with another amount of gas to begin with.
fn at_gas(whole: &Observation, gas: i64) -> Observation {
    let mut shifted = whole.clone();
    let less = GAS - gas;
    shifted.gas -= less;
    shifted.calls.iter_mut().for_each(|call| call.gas -= less);
    shifted
}

#[test]
fn loops_end_alike_at_every_gas() {
    check(LOOP, End::Returned);
}

#[test]
fn branches_and_calls_end_alike_at_every_gas() {
    check(BRANCHES, End::Returned);
}

#[test]
fn bulk_memory_ends_alike_at_every_gas() {
    check(MEMORY, End::Returned);
}

#[test]
fn a_trap_keeps_what_was_charged_at_every_gas() {
    check(TRAP, End::Trapped);
}

#[test]
fn ends_by_the_host_are_alike_at_every_gas() {
    check(REVERT, End::Host(Stop::Reverted));
    check(FINISH, End::Host(Stop::Finished));
}

#[test]
fn gas_is_charged_after_a_loop_that_traps() {
    let used = |rounds: u32| {
        let body = format!(
            r#"(func (export "call") (local i32)
                (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const {rounds}))))
                unreachable)"#
        );
        let seen = agree(&small(&body), "call", GAS, STACK);
        assert_eq!(seen.end, End::Trapped);
        GAS - seen.gas
    };
    assert!(used(200_000) - used(100_000) >= 100_000, "each round costs");
}

/// A recursion to a depth in `$n`; deep enough for any stack if that is negative.
fn recursion(depth: i64, locals: u32) -> Arc<PreparedModule> {
    let declared = "i64 ".repeat(locals as usize);
    small(&format!(
        r#"(func $down (param i64) (local {declared})
            (if (i64.ne (local.get 0) (i64.const 0)) (then (call $down (i64.sub (local.get 0) (i64.const 1))))) {})
        (func (export "call") (call $down (i64.const {depth})))"#,
        "(local.set 0 (i64.const 1)) ".repeat(locals as usize)
    ))
}

#[test]
fn the_stack_ends_alike_one_slot_around_the_limit() {
    for locals in [0, 3, 40] {
        let module = recursion(20, locals);
        let enough = (1..STACK).collect::<Vec<_>>();
        let first = enough.partition_point(|stack| {
            let invocation =
                Invocation { module: &module, entry: Entry::Call, gas: GAS, stack: *stack, hash_memory: false };
            let (run, _) = engines()[0].run(invocation, Box::new(Recorder::default())).expect("no fault");
            run.end == End::StackExhausted
        });
        let least = enough[first];
        for stack in [least - 2, least - 1] {
            assert_eq!(agree(&module, "call", GAS, stack).end, End::StackExhausted, "{stack} of {least} slots");
        }
        for stack in [least, least + 1] {
            let seen = agree(&module, "call", GAS, stack);
            assert_eq!((seen.end, seen.stack), (End::Returned, stack), "all slots are given back");
        }
    }
}

#[test]
fn endless_recursion_ends_at_the_logical_stack_on_every_engine() {
    for locals in [0, 1, 20, 400] {
        assert_eq!(agree(&recursion(-1, locals), "call", GAS, STACK).end, End::StackExhausted, "{locals} locals");
    }
}

/// A module that calls one host function with zeros, after it has written to memory.
fn caller(function: HostFunction) -> Arc<PreparedModule> {
    let types = function.params().iter().map(|(_, kind)| match kind {
        Param::U32 => "i32 ",
        Param::U64 => "i64 ",
    });
    let zeros = types.clone().map(|ty| format!("({}.const 0)", ty.trim())).collect::<String>();
    let name = function.name();
    module(&format!(
        r#"(module (import "counterpart" "{name}" (func $host (param {}) (result i64))) (memory (export "memory") 1)
            (func (export "call") (i32.store (i32.const 64) (i32.const 1)) (drop (call $host {zeros}))))"#,
        types.clone().collect::<String>()
    ))
}

#[test]
fn every_host_function_is_linked_alike() {
    for function in HostFunction::ALL {
        let seen = agree(&caller(*function), "call", GAS, STACK);
        assert_eq!(seen.calls.len(), 1, "{}", function.name());
        assert_eq!(seen.calls[0].arguments.len(), function.params().len());
    }
}

#[test]
fn a_panic_in_any_host_function_leaves_gas_charged_and_the_node_alive() {
    std::panic::set_hook(Box::new(|_| {}));
    for function in HostFunction::ALL {
        let module = caller(*function);
        let mut seen = Vec::new();
        for engine in engines() {
            let invocation =
                Invocation { module: &module, entry: Entry::Call, gas: GAS, stack: STACK, hash_memory: true };
            let host = Recorder { panics: Some(*function), ..Recorder::default() };
            let (run, _) = engine.run(invocation, Box::new(host)).expect("the node lives");
            assert_eq!(run.end, End::Host(Stop::Trap(TrapCode::HostPanic)), "{} on {}", function.name(), engine.name());
            assert!(GAS - run.gas >= function.cost().base as i64, "gas is charged");
            seen.push(run);
        }
        assert!(seen.iter().all(|run| *run == seen[0]), "{}: {seen:?}", function.name());
    }
}

#[test]
fn memory_is_zero_after_an_instance_was_reused() {
    let clean = small(r#"(func (export "call") (drop (memory.grow (i32.const 7))))"#);
    let dirty = small(
        r#"(func (export "call") (drop (memory.grow (i32.const 7))) (memory.fill (i32.const 0) (i32.const 255) (i32.const 524288)))"#,
    );
    let before = agree(&clean, "call", GAS, STACK);
    for _ in 0..50 {
        assert_ne!(agree(&dirty, "call", GAS, STACK).memory, before.memory);
        assert_eq!(agree(&clean, "call", GAS, STACK), before);
    }
}

#[test]
fn endless_recursion_with_many_parameters_ends_at_the_logical_stack_too() {
    let (types, arguments) = ("i64 ".repeat(32), "(local.get 31)".repeat(32));
    let direct = small(&format!(
        r#"(func $down (param {types}) (result i64) (i64.add (call $down {arguments}) (local.get 0)))
        (func (export "call") (drop (call $down {})))"#,
        "(i64.const 1)".repeat(32)
    ));
    let through_a_table = small(&format!(
        r#"(type $down (func (param {types}) (result i64)))
        (table 1 1 funcref) (elem (i32.const 0) $down)
        (func $down (type $down) (i64.add (call_indirect (type $down) {arguments} (i32.const 0)) (local.get 0)))
        (func (export "call") (drop (call $down {})))"#,
        "(i64.const 1)".repeat(32)
    ));
    for module in [direct, through_a_table] {
        assert_eq!(agree(&module, "call", GAS, STACK).end, End::StackExhausted);
    }
}

#[test]
fn an_imported_function_in_the_table_is_called_like_any_other() {
    // Through the table the signature still decides, also where another one looks like it with counters.
    let body = r#"(type $log (func (param i32 i32) (result i64)))
        (type $alike (func (param i32 i32 i64 i64) (result i64)))
        (table 3 3 funcref) (elem (i32.const 0) $log $own)
        (func $own (type $log) (i64.const 5))
        (func (export "call")
            (i64.store (i32.const 0) (call_indirect (type $log) (i32.const 7) (i32.const 9) (i32.const 0)))
            (i64.store (i32.const 8) (call_indirect (type $log) (i32.const 7) (i32.const 9) (i32.const 1))))
        (func (export "wrong")
            (drop (call_indirect (type $alike) (i32.const 7) (i32.const 9) (i64.const 1) (i64.const 1) (i32.const 0))))
        (func (export "empty")
            (drop (call_indirect (type $log) (i32.const 7) (i32.const 9) (i32.const 2))))"#;
    let module = small(body);
    let seen = agree(&module, "call", GAS, STACK);
    assert_eq!((seen.end, seen.calls.len(), &seen.calls[0].arguments[..]), (End::Returned, 1, &[7, 9][..]));
    let used = GAS - seen.gas;
    assert_eq!(agree(&module, "call", used, STACK).end, End::Returned, "exactly enough");
    assert_eq!(agree(&module, "call", used - 1, STACK).end, End::OutOfGas, "one less than enough");
    for export in ["wrong", "empty"] {
        let seen = agree(&module, export, GAS, STACK);
        assert_eq!((seen.end, seen.calls.len()), (End::Trapped, 0), "{export}");
        assert!(seen.gas < GAS, "what was charged before the trap stays charged");
    }
}
