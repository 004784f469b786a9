//! How frames end, and what they may not do to the node.

mod support;

use counterpart_execution::{End, Engine, EngineFault, Entry, Invocation};
use counterpart_host_functions::{HostFunction, Stop, TrapCode};
use counterpart_vm::{Compiler, Options, TieredEngine, WasmtimeEngine};
use std::sync::Arc;
use support::{Script, module, run, run_with};

fn engines() -> Vec<Arc<dyn Engine>> {
    [Compiler::Cranelift, Compiler::Winch]
        .map(|compiler| {
            let options = Options { compiler, instances: 32, ..Options::default() };
            Arc::new(WasmtimeEngine::new(options).expect("the machine runs wasmtime")) as Arc<dyn Engine>
        })
        .into()
}

fn check(body: &str, gas: i64, expected: (End, i64)) {
    for engine in engines() {
        let run = run(&*engine, &module(body), gas).expect("no fault");
        assert_eq!((run.end, run.gas), expected, "{} on {body}", engine.name());
    }
}

const COUNTING: &str = r#"(func (export "call")
    (loop
        (global.set $gas (i64.sub (global.get $gas) (i64.const 10)))
        (if (i64.lt_s (global.get $gas) (i64.const 0)) (then unreachable))
        (br 0)))"#;

#[test]
fn ends_are_told_apart_by_the_counters() {
    check(r#"(func (export "call"))"#, 5, (End::Returned, 5));
    check(r#"(func (export "call") unreachable)"#, 5, (End::Trapped, 5));
    check(COUNTING, 95, (End::OutOfGas, -5));
    check(r#"(func (export "call") (global.set $stack (i64.const -1)) unreachable)"#, 5, (End::StackExhausted, 5));
    check(r#"(func (export "call") (global.set $gas (i64.const -1)))"#, 5, (End::OutOfGas, -1));
    check(r#"(func (export "call") (drop (i32.div_u (i32.const 1) (i32.const 0))))"#, 5, (End::Trapped, 5));
    check(r#"(func (export "call") (drop (i32.load (i32.const 65536))))"#, 5, (End::Trapped, 5));
}

#[test]
fn a_missing_entry_point_is_told_before_the_guest_starts() {
    let module = module(r#"(func (export "call"))"#);
    for engine in engines() {
        let invocation = Invocation { module: &module, entry: Entry::Deploy, gas: 7, stack: 9, hash_memory: true };
        let (run, _) = engine
            .run(invocation, Box::new(Script(|_, _: &[u64], _: &mut [u8], _: &mut i64| Ok(0))))
            .expect("no fault");
        assert_eq!((run.end, run.gas, run.stack, run.memory_hash), (End::NoEntry, 7, 9, None));
    }
}

#[test]
fn a_host_call_sees_and_sets_the_gas_and_its_stop_ends_the_frame() {
    let body = r#"(func (export "call") (drop (call $log (i32.const 1) (i32.const -1))) (drop (call $gas_left)))"#;
    for engine in engines() {
        let mut calls = 0;
        let run = run_with(&*engine, &module(body), 1000, move |function, arguments, memory, gas| {
            calls += 1;
            *gas -= 100;
            if calls == 1 {
                assert_eq!((function, arguments), (HostFunction::debug_log, &[1, 0xffff_ffff][..]));
                memory[1] = 7;
                return Ok(3);
            }
            assert_eq!((function, *gas, memory[1]), (HostFunction::gas_left, 800, 7));
            Err(Stop::Reverted)
        });
        let run = run.expect("no fault");
        assert_eq!((run.end, run.gas), (End::Host(Stop::Reverted), 800), "{}", engine.name());
    }
}

#[test]
fn a_panic_of_the_host_is_a_trap_with_gas_charged() {
    for engine in engines() {
        let code = module(r#"(func (export "call") (drop (call $gas_left)))"#);
        let run = run_with(&*engine, &code, 1000, |_, _, _, gas| {
            *gas -= 60;
            panic!("in a host function");
        });
        let run = run.expect("the node lives");
        assert_eq!((run.end, run.gas), (End::Host(Stop::Trap(TrapCode::HostPanic)), 940));
    }
}

#[test]
fn memory_is_zero_in_every_new_frame() {
    let dirty = module(
        r#"(func (export "call") (drop (memory.grow (i32.const 3))) (memory.fill (i32.const 0) (i32.const 255) (i32.const 262144)))"#,
    );
    let clean = module(r#"(func (export "call") (drop (memory.grow (i32.const 3))))"#);
    for engine in engines() {
        let before = run(&*engine, &clean, 0).expect("no fault").memory_hash;
        for _ in 0..40 {
            assert_ne!(run(&*engine, &dirty, 0).expect("no fault").memory_hash, before);
            assert_eq!(run(&*engine, &clean, 0).expect("no fault").memory_hash, before, "{}", engine.name());
        }
    }
}

#[test]
fn a_frame_sees_nothing_of_the_one_before_it_however_that_ended() {
    // Answers the memory and a global that it then changes, together with a stop at one of three places.
    let code = module(
        r#"(data (i32.const 10) "abc") (global $mine (mut i32) (i32.const 5))
        (func (export "call")
            (drop (call $log (global.get $mine) (i32.load (i32.const 10))))
            (drop (call $log (i32.load (i32.const 65532)) (i32.load (i32.const 0))))
            (global.set $mine (i32.const 9))
            (i32.store (i32.const 10) (i32.const -1))
            (i32.store (i32.const 65532) (i32.const -1))
            (i32.store (i32.const 0) (i32.const -1))
            (if (i64.eq (call $gas_left) (i64.const 1)) (then unreachable)))"#,
    );
    for engine in engines() {
        let mut seen = Vec::new();
        for round in 0..60 {
            let calls = Arc::new(std::sync::Mutex::new(Vec::new()));
            let record = Arc::clone(&calls);
            let run = run_with(&*engine, &code, 50, move |function, arguments, _, _| {
                record.lock().expect("not poisoned").extend_from_slice(arguments);
                match (function, round % 3) {
                    (HostFunction::gas_left, 1) => Err(Stop::Reverted),
                    (HostFunction::gas_left, 2) => Ok(1),
                    _ => Ok(0),
                }
            });
            let run = run.expect("no fault");
            let end = [End::Returned, End::Host(Stop::Reverted), End::Trapped][round % 3];
            assert_eq!(run.end, end);
            seen.push((calls.lock().expect("not poisoned").clone(), run.memory_hash));
        }
        assert_eq!(seen[0].0, [5, 0x0063_6261, 0, 0]);
        assert!(seen.iter().all(|frame| *frame == seen[0]), "{}: {seen:?}", engine.name());
    }
}

/// Runs frames inside each other's host calls until the depth, then answers.
fn nested(engine: &Arc<dyn Engine>, depth: u32) -> Result<u32, EngineFault> {
    let code = module(r#"(func (export "call") (drop (call $gas_left)))"#);
    let reached = Arc::new(std::sync::Mutex::new(Ok(0)));
    let (answer, inner) = (Arc::clone(&reached), Arc::clone(engine));
    run_with(&**engine, &code, 10, move |_, _, _, _| {
        let below = if depth > 1 { nested(&inner, depth - 1) } else { Ok(0) };
        *answer.lock().expect("not poisoned") = below.map(|depth| depth + 1);
        Ok(0)
    })?;
    let reached = reached.lock().expect("not poisoned");
    reached.clone()
}

#[test]
fn frames_nest_as_deep_as_the_executor_may_nest_them_and_no_deeper() {
    for engine in engines() {
        assert_eq!(nested(&engine, 16), Ok(16));
        assert!(nested(&engine, 17).is_err());
        assert_eq!(nested(&engine, 16), Ok(16), "the count is given back");
    }
}

/// A recursion that only the logical stack ends: `slots` for each call, in a function with that many locals.
fn recursion(locals: u32) -> String {
    let slots = locals + 5;
    let uses: String = (0..locals).map(|index| format!("(local.set {index} (global.get $gas))")).collect();
    let sums: String =
        (0..locals).map(|index| format!("(global.set $gas (i64.sub (local.get {index}) (i64.const 1)))")).collect();
    format!(
        r#"(func $f (export "call") (local {})
            (global.set $stack (i64.sub (global.get $stack) (i64.const {slots})))
            (if (i64.lt_s (global.get $stack) (i64.const 0)) (then unreachable))
            {uses} (call $f) {sums})"#,
        "i64 ".repeat(locals as usize)
    )
}

#[test]
fn the_logical_stack_ends_before_the_native_one() {
    for locals in [0, 1, 8, 64, 507] {
        for engine in engines() {
            let run = run(&*engine, &module(&recursion(locals)), 1 << 40).expect("the native stack holds");
            assert_eq!(run.end, End::StackExhausted, "{} with {locals} locals", engine.name());
        }
    }
}

#[test]
fn a_recursion_without_a_logical_stack_is_a_fault_and_not_a_result() {
    for engine in engines() {
        let fault = run(&*engine, &module(r#"(func $f (export "call") (call $f) (drop (call $gas_left)))"#), 1)
            .expect_err("a fault");
        assert!(fault.message.contains("lost"), "{fault}");
    }
}

#[test]
fn scope_runs_its_work_once_with_a_stack_for_frames() {
    for engine in engines() {
        let mut ends = Vec::new();
        let code = module(&recursion(0));
        engine.scope(&mut || ends.push(run(&*engine, &code, 1).map(|run| run.end))).expect("a thread");
        assert_eq!(ends, [Ok(End::StackExhausted)]);
    }
}

#[test]
fn tiers_agree_before_and_after_the_change() {
    let engine = TieredEngine::new(Options { instances: 32, ..Options::default() }).expect("the machine runs wasmtime");
    let code = module(COUNTING);
    let first = run(&engine, &code, 10_000).expect("no fault");
    while !engine.is_optimised(&code) {
        std::thread::yield_now();
    }
    assert_eq!(run(&engine, &code, 10_000).expect("no fault"), first);
}

#[test]
fn the_version_in_the_seal_is_the_one_in_the_lock_file() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock")).expect("a lock file");
    let version = lock.split("name = \"wasmtime\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
    assert_eq!(version, Some(counterpart_vm::WASMTIME_VERSION));
}
