//! Random modules, and what has to hold for each of them.
//!
//! A module is a function of its seed, so that a number stands for it in reports and in the corpus.

use crate::{Observation, STACK, agree, counted, engines, observe, plain, prepare};
use arbitrary::Unstructured;
use counterpart_execution::End;
use counterpart_host_functions::{HostFunction, IMPORT_MODULE, Param};
use std::sync::LazyLock;
use wasm_smith::{Config, Module};

/// Loop heads and function entries after which a random module stops by itself.
const FUEL: u32 = 300;
/// The gas of random modules: more than growing a memory by 2^32 pages costs, in every round of every loop.
pub const GAS: i64 = 1 << 60;

/// A module that imports the whole table: what random modules may import.
static IMPORTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let rows = HostFunction::ALL.iter().map(|function| {
        let params = function.params().iter().map(|(_, kind)| if *kind == Param::U32 { "i32 " } else { "i64 " });
        let (name, params) = (function.name(), params.collect::<String>());
        format!(r#"(import "{IMPORT_MODULE}" "{name}" (func (param {params}) (result i64)))"#)
    });
    wat::parse_str(format!("(module {})", rows.collect::<String>())).expect("the table makes a module")
});

static EXPORTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    wat::parse_str(r#"(module (memory (export "memory") 1 4) (func (export "call")) (func (export "deploy")))"#)
        .expect("a module")
});

/// What modules may have, by seed: the profile has no element segments but active ones, which wasm-smith leaves off
/// together with bulk memory only, so that a module has a table or bulk memory.
fn config(seed: u64) -> Config {
    let tables = seed.is_multiple_of(2);
    Config {
        available_imports: Some(IMPORTS.clone()),
        exports: Some(EXPORTS.clone()),
        allow_floats: false,
        allow_start_export: false,
        exceptions_enabled: false,
        gc_enabled: false,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        saturating_float_to_int_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        reference_types_enabled: false,
        memory64_enabled: false,
        bulk_memory_enabled: !tables,
        multi_value_enabled: seed.is_multiple_of(3),
        // The required export brings the one.
        max_memories: 0,
        max_tables: usize::from(tables),
        max_table_elements: 64,
        table_max_size_required: true,
        max_data_segments: 8,
        max_element_segments: if tables { 8 } else { 0 },
        max_funcs: 20,
        max_instructions: 200,
        ..Config::default()
    }
}

/// The module with a table that cannot grow, which wasm-smith does not know.
fn fixed_table(wasm: &[u8]) -> Vec<u8> {
    let text = wasmprinter::print_bytes(wasm).expect("valid modules print");
    let line = |line: &str| match line.trim_start().strip_prefix("(table ") {
        Some(table) => {
            let words: Vec<&str> = table.split(' ').collect();
            format!("(table {} {} {} {}\n", words[0], words[1], words[1], words[3..].join(" "))
        }
        None => format!("{line}\n"),
    };
    wat::parse_str(text.lines().map(line).collect::<String>()).expect("a table of fixed size")
}

/// The sequence of a linear congruential generator (Knuth's MMIX constants), as bytes.
fn bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..count).map(|_| next()).collect()
}

/// What must be the same with and without metering.
fn visible(seen: &Observation) -> impl PartialEq + std::fmt::Debug + use<> {
    let calls = seen.calls.iter().map(|call| (call.function, call.arguments.clone(), call.memory_bytes));
    (seen.end, seen.memory, calls.collect::<Vec<_>>())
}

/// The module of a seed; `None` if wasm-smith makes none of it. It ends by itself.
///
/// # Panics
/// When wasm-smith makes what it does not promise.
pub fn random_module(seed: u64) -> Option<Vec<u8>> {
    let data = bytes(seed, 4096);
    let mut module = Module::new(config(seed), &mut Unstructured::new(&data)).ok()?;
    module.ensure_termination(FUEL).expect("every body was made by wasm-smith");
    Some(fixed_table(&module.to_bytes()))
}

/// Holds the module of a seed to one result: on every engine, with and without metering, with gas to the unit.
/// Answers what both entry points do with plenty of gas; `None` if wasm-smith or the profile refused the module.
///
/// # Panics
/// When something differs.
pub fn hold(seed: u64) -> Option<[Observation; 2]> {
    let wasm = random_module(seed)?;
    let metered = prepare(&wasm).ok()?;
    let plain = plain(&wasm).expect("valid modules print");
    let exact = counted(&plain);
    let hold_entry = |entry: &str| {
        let with = agree(&metered, entry, GAS, STACK);
        assert_eq!(visible(&with), visible(&agree(&plain, entry, GAS, STACK)), "metering shows in `{entry}`");
        let used = GAS - with.gas;
        let book = observe(&*engines()[2], &exact, entry, GAS, STACK).expect("no fault");
        assert_eq!(visible(&with), visible(&book), "`{entry}` ends as when every instruction is counted");
        assert!(with.gas <= book.gas, "nothing in `{entry}` is executed before it is charged");
        if with.end == End::Returned {
            assert_eq!(with.gas, book.gas, "gas of `{entry}` is the sum of what was executed");
        }
        if with.end == End::Returned {
            assert_eq!(with.stack, STACK, "slots are given back");
            assert_eq!(agree(&metered, entry, used, STACK).end, with.end, "exactly enough gas");
            assert_ne!(agree(&metered, entry, used - 1, STACK).end, with.end, "one gas less than enough");
        }
        for part in 1..4 {
            agree(&metered, entry, used * part / 4, STACK);
        }
        for stack in [0, 7, 20, 60, 200] {
            agree(&metered, entry, GAS, stack);
        }
        with
    };
    Some(["call", "deploy"].map(hold_entry))
}
