//! Modules at the limits of the profile that are made to take long to compile, or to become large.

mod support;

use counterpart_execution::Engine;
use counterpart_module::{PreparedModule, Profile, prepare};
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest that a module may take. It is judged by `--release` alone, where the compilers are what nodes run: time
/// says nothing of a build that is not optimised on a machine that does other things too, and size does.
const LONGEST: Duration = if cfg!(debug_assertions) { Duration::MAX } else { Duration::from_secs(2) };
/// The most code that it may become.
const MOST_CODE_BYTES: u64 = 64 << 20;

/// A module of so many equal functions `() -> ()`, unless `ty` says otherwise, around an exported one.
fn functions(count: usize, ty: &str, body: &str) -> String {
    let mut text = String::from(
        r#"(module (import "counterpart" "gas_left" (func $host (result i64)))
        (type $wide (func (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
        (memory (export "memory") 1) (table 16 16 funcref) (global $g (mut i64) (i64.const 0)) (func (export "call"))
        (func $wide (type $wide) (local.get 0))"#,
    );
    for _ in 0..count {
        write!(text, "(func {ty} {body})").expect("a string grows");
    }
    text + ")"
}

/// The body of one function that repeats a part.
fn repeated(locals: usize, part: &str, times: usize) -> String {
    format!("(local {}) {}", "i64 ".repeat(locals), part.repeat(times))
}

/// Every local changes in every structure, so that each join merges all of them.
fn joins(locals: usize, structures: usize, open: &str) -> String {
    let mut body = format!("(local {})", "i64 ".repeat(locals));
    for index in 0..structures {
        let (one, other) = (index % locals, (index * 7 + 1) % locals);
        write!(
            body,
            "({open} (local.set {one} (i64.add (local.get {other}) (i64.const 1))) (br_if 0 (i32.wrap_i64 (local.get {other}))) (local.set {other} (local.get {one})))"
        )
        .expect("a string grows");
    }
    body
}

/// Structures inside each other, each with a branch to every other.
fn nested(depth: usize, open: &str, times: usize) -> String {
    let mut part = String::new();
    for _ in 0..depth {
        write!(part, "({open} ").expect("a string grows");
    }
    for label in 0..depth {
        write!(
            part,
            "(br_if {label} (i32.wrap_i64 (local.get 0)))(local.set 0 (i64.load (i32.wrap_i64 (local.get 1))))"
        )
        .expect("a string grows");
    }
    part.push_str(&")".repeat(depth));
    repeated(2, &part, times)
}

fn table(targets: usize, times: usize) -> String {
    let part = format!("(block (block (br_table {} 0 (i32.wrap_i64 (local.get 0)))))", "0 1 ".repeat(targets / 2 - 1));
    repeated(1, &part, times)
}

/// Operands that all live at the same time.
fn operands(height: usize, times: usize) -> String {
    let part = format!("{}{} drop ", "(i64.load (i32.const 8))".repeat(height), "i64.xor ".repeat(height - 1));
    repeated(1, &part, times)
}

/// The bombs that were worst, for runs without optimisation; `COUNTERPART_LONG=1` or `--release` runs all.
const WORST: [&str; 5] = ["empty functions", "nested loops", "indirect calls", "divisions", "returns"];

/// The text of a module of a size.
type Bomb = dyn Fn(usize) -> String;

/// Name and text of every bomb. Those that would exceed a limit are cut down by `accepted`.
fn bombs() -> Vec<(&'static str, Box<Bomb>)> {
    let fill = |part: &'static str| move |times: usize| functions(4, "", &repeated(2, part, times));
    vec![
        ("empty functions", Box::new(|count| functions(count, "", ""))),
        ("functions with parameters", Box::new(|count| functions(count, "(type $wide)", "(local.get 31)"))),
        ("locals", Box::new(|count| functions(count, "", &repeated(500, "(global.set $g (local.get 9))", 300)))),
        ("blocks that join locals", Box::new(|count| functions(1, "", &joins(400, count, "block")))),
        ("loops that join locals", Box::new(|count| functions(1, "", &joins(400, count, "loop")))),
        ("functions of loops that join locals", Box::new(|count| functions(count, "", &joins(60, 120, "loop")))),
        ("functions of blocks that join locals", Box::new(|count| functions(count, "", &joins(120, 480, "block")))),
        ("nested blocks", Box::new(|count| functions(count, "", &nested(250, "block", 4)))),
        ("nested loops", Box::new(|count| functions(count, "", &nested(250, "loop", 4)))),
        ("branch tables", Box::new(|count| functions(count, "", &table(1000, 60)))),
        ("operands", Box::new(|count| functions(count, "", &operands(1000, 9)))),
        ("calls with parameters", Box::new(|times| functions(4, "", &wide_calls(times)))),
        ("calls in one function", Box::new(|times| functions(1, "", &wide_calls(times)))),
        ("indirect calls", Box::new(|times| functions(4, "", &repeated(1, "(call_indirect (i32.const 1))", times)))),
        ("host calls", Box::new(fill("(local.set 0 (call $host))"))),
        ("memory growth", Box::new(fill("(drop (memory.grow (i32.const 0)))"))),
        ("memory fill", Box::new(fill("(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))"))),
        ("memory copy", Box::new(fill("(memory.copy (i32.const 0) (i32.const 0) (i32.const 0))"))),
        ("loads", Box::new(fill("(local.set 0 (i64.load (i32.wrap_i64 (local.get 0))))"))),
        ("stores", Box::new(fill("(i64.store offset=70000 (i32.wrap_i64 (local.get 0)) (local.get 1))"))),
        ("divisions", Box::new(fill("(local.set 0 (i64.div_s (local.get 1) (local.get 0)))"))),
        ("remainders", Box::new(fill("(local.set 0 (i64.rem_s (local.get 0) (local.get 1)))"))),
        ("bit counts", Box::new(fill("(local.set 0 (i64.popcnt (local.get 0)))"))),
        ("selections", Box::new(fill("(local.set 0 (select (local.get 0) (local.get 1) (i64.eqz (local.get 0))))"))),
        ("constants", Box::new(fill("(local.set 0 (i64.add (local.get 0) (i64.const -8070450532247928832)))"))),
        ("returns", Box::new(fill("(br_if 0 (i32.wrap_i64 (local.get 0)))(global.set $g (local.get 1))"))),
        ("conditions", Box::new(|count| functions(4, "", &conditions(count)))),
    ]
}

fn wide_calls(times: usize) -> String {
    repeated(1, &format!("(local.set 0 (call $wide {}))", "(local.get 0)".repeat(32)), times)
}

fn conditions(count: usize) -> String {
    let part = "(if (i32.wrap_i64 (local.get 0)) (then (local.set 1 (i64.load (i32.const 0)))) (else (global.set $g (local.get 1))))";
    repeated(2, part, count)
}

/// The largest of a bomb that is still taken.
fn largest(bomb: &Bomb, takes: &dyn Fn(&PreparedModule) -> bool) -> Option<(usize, PreparedModule)> {
    let accepted = |size: usize| {
        let wasm = wat::parse_str(bomb(size)).expect("a bomb is well formed");
        prepare(&wasm, &Profile::v1()).ok()
    };
    // Too few may be refused too: locals need code.
    let (mut low, mut best) = (0..10).map(|power| 1 << power).find_map(|size| Some((size, accepted(size)?)))?;
    if !takes(&best) {
        return None;
    }
    let accepted = |size: usize| accepted(size).filter(takes);
    let mut high = low * 2;
    while let Some(module) = accepted(high) {
        (low, best, high) = (high, module, high * 2);
    }
    // As near to the limit as 1 in 32, or roughly.
    let near = if cfg!(debug_assertions) { 4 } else { 32 };
    while high - low > (low / near).max(1) {
        let middle = low.midpoint(high);
        match accepted(middle) {
            Some(module) => (low, best) = (middle, module),
            None => high = middle,
        }
    }
    Some((low, best))
}

/// How long a module takes, and how many bytes the cache has of it.
fn compile(compiler: Compiler, module: &Arc<PreparedModule>) -> (Duration, u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { compiler, instances: 4, cache_dir: Some(folder.path().to_owned()), ..Options::default() };
    let engine = WasmtimeEngine::new(options).expect("the machine runs wasmtime");
    let start = Instant::now();
    engine.prepare(module).expect("what validation accepts compiles");
    let took = start.elapsed();
    let files = std::fs::read_dir(folder.path()).expect("a folder").flatten();
    (took, files.filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum())
}

#[test]
fn no_accepted_module_takes_long_or_becomes_large() {
    let judge = WasmtimeEngine::new(Options { instances: 4, ..Options::default() }).expect("the machine runs wasmtime");
    let mut worst = (Duration::ZERO, 0);
    let mut wrong = Vec::new();
    let long = !cfg!(debug_assertions) || std::env::var_os("COUNTERPART_LONG").is_some();
    for (name, bomb) in bombs().into_iter().filter(|(name, _)| long || WORST.contains(name)) {
        let whole = largest(&*bomb, &|_| true).expect("some are accepted");
        // What is not optimised is compiled as Winch compiles it.
        let optimised = match judge.optimises(&whole.1) {
            true => Some(whole.clone()),
            false => largest(&*bomb, &|module| judge.optimises(module)),
        };
        let cases = [(Compiler::Winch, Some(whole)), (Compiler::Cranelift, optimised)];
        for (compiler, case) in cases {
            let Some((size, module)) = case else { continue };
            let module = Arc::new(module);
            let (mut took, bytes) = compile(compiler, &module);
            if took > LONGEST {
                // Another process may have had the machine.
                took = took.min(compile(compiler, &module).0);
            }
            let metered = module.wasm.len();
            println!("{compiler:?} {name} x {size}: {metered} bytes metered, {took:?}, {bytes} bytes of code");
            worst = (worst.0.max(took), worst.1.max(bytes));
            if took > LONGEST || bytes > MOST_CODE_BYTES {
                wrong.push(format!("{compiler:?} {name}: {took:?}, {bytes} bytes"));
            }
        }
    }
    println!("at most {:?} and {} bytes", worst.0, worst.1);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_module_that_is_dear_to_optimise_runs_all_the_same() {
    let text = functions(4, "", &repeated(1, "(call_indirect (i32.const 1))", 6_000));
    let module = Arc::new(prepare(&wat::parse_str(text).expect("well formed"), &Profile::v1()).expect("accepted"));
    let options = Options { instances: 4, ..Options::default() };
    let engine = WasmtimeEngine::new(options.clone()).expect("the machine runs wasmtime");
    assert!(!engine.optimises(&module));
    let run = support::run(&engine, &module, 1_000).expect("it compiles");
    assert_eq!(run.end, counterpart_execution::End::Returned);
    // A compilation that is lost is a fault of the node, and no result.
    let engine = WasmtimeEngine::new(Options { compile_ms: 0, ..options }).expect("the machine runs wasmtime");
    let fault = support::run(&engine, &module, 1_000).expect_err("no time to compile");
    assert!(fault.message.contains("compilation was lost"), "{fault}");
}

#[test]
fn a_module_that_does_not_compile_is_a_fault() {
    let module = support::module(r#"(func (export "call"))"#);
    let broken = PreparedModule { wasm: module.wasm[..module.wasm.len() - 3].to_vec(), ..(*module).clone() };
    for compiler in [Compiler::Cranelift, Compiler::Winch] {
        let options = Options { compiler, instances: 4, ..Options::default() };
        let engine = WasmtimeEngine::new(options).expect("the machine runs wasmtime");
        assert!(support::run(&engine, &Arc::new(broken.clone()), 1_000).is_err());
    }
}
