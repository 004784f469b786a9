//! What host functions cost beside what they charge: instructions, counted.
//!
//! One gas stands for one instruction of a modelled x86-64. Counters of the processor are rarely to be had on virtual
//! machines, so that valgrind counts: it executes every instruction of the process, compiled contracts included, and a
//! frame of many rounds less a frame of none is what the rounds took. Its processor has AVX2 and no AVX-512.
//!
//! Entries lie in memory here. What a disk adds to `storage_*` is in their constants and not in these counts.

use crate::chain::Chain;
use crate::shapes::{self, Shape};
use counterpart_execution::Engine;
use counterpart_ledger::{Action, Outcome};
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Both compilers' code is counted; the dearer one is what a node may have to run.
pub const COMPILERS: [(&str, Compiler); 2] = [("cranelift", Compiler::Cranelift), ("winch", Compiler::Winch)];

fn engine(name: &str) -> Result<Arc<dyn Engine>, String> {
    let (_, compiler) = COMPILERS.into_iter().find(|(known, _)| *known == name).ok_or("cranelift or winch")?;
    // Few instances: valgrind has less room for addresses than the system.
    let options = Options { compiler, instances: 8, ..Options::default() };
    Ok(Arc::new(WasmtimeEngine::new(options).map_err(|fault| fault.to_string())?))
}

fn all_shapes() -> Result<(Vec<Shape>, Vec<u8>), String> {
    let large = crate::chain::code()?;
    Ok((shapes::all(shapes::small_code()?.len() as u64, large.len() as u64), large))
}

/// Runs one frame of a shape; answers the gas of its transaction. The process that is counted does this and nothing else.
///
/// # Errors
/// When the shape is not known or its call does not do what it has to.
pub fn run_one(compiler: &str, index: usize, rounds: u64) -> Result<u64, String> {
    let engine = engine(compiler)?;
    let (shapes, large) = all_shapes()?;
    let shape = shapes.get(index).ok_or("there is no such shape")?;
    let mut gas = Err(String::new());
    let mut work = || gas = frame(engine.clone(), shape, &large, rounds);
    engine.scope(&mut work).map_err(|fault| fault.to_string())?;
    gas
}

fn frame(engine: Arc<dyn Engine>, shape: &Shape, large: &[u8], rounds: u64) -> Result<u64, String> {
    let mut chain = Chain::new(engine);
    let small_hash = chain.upload(shapes::small_code()?)?;
    let contract = chain.place(shapes::module(shape, &small_hash.0, large)?)?;
    let input = [&rounds.to_le_bytes()[..], &vec![7; 70_000]].concat();
    let receipt = chain.simulate(vec![Action::Call { contract, input, value: 1 << 20 }])?;
    match receipt.outcome {
        Outcome::Success => Ok(receipt.gas_used.0),
        other => Err(format!("{} ({}): {other:?}", shape.function.name(), shape.input)),
    }
}

/// Instructions that a process took for one frame.
fn count(compiler: &str, index: usize, rounds: u64) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    // A repeated string instruction would be counted once for each byte, where vector loops move 32 at a time.
    let vectors = "glibc.cpu.x86_rep_movsb_threshold=0x10000000:glibc.cpu.x86_rep_stosb_threshold=0x10000000";
    let output = Command::new("valgrind")
        .env("GLIBC_TUNABLES", vectors)
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(program)
        .args(["--calibrate-one", compiler, &index.to_string(), &rounds.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}; Debian and Ubuntu have it as the package `valgrind`"))?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find(|line| line.contains("I") && line.contains("refs:"));
    let digits = line.and_then(|line| line.rsplit("refs:").next()).map(|number| number.replace([',', ' '], ""));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("shape {index} on {compiler}: {text}")),
    }
}

/// One row: instructions on both compilers and the gas charged, for one call.
fn measure(index: usize, shape: &Shape) -> Result<Value, String> {
    let each =
        |of: &dyn Fn(u64) -> Result<f64, String>| Ok::<_, String>((of(shape.rounds)? - of(0)?) / shape.rounds as f64);
    let mut row = json!({ "function": shape.function.name(), "input": shape.input });
    for (name, _) in COMPILERS {
        row[name] = json!(each(&|rounds| count(name, index, rounds))?.round());
    }
    row["gas"] = json!(each(&|rounds| run_one("cranelift", index, rounds).map(|gas| gas as f64))?.round());
    Ok(row)
}

/// Counts every shape, several at a time; `progress` hears how many of all are done.
///
/// # Errors
/// When valgrind is missing or a call does not do what it has to.
pub fn report(progress: impl Fn(usize, usize) + Sync) -> Result<Value, String> {
    let (shapes, _) = all_shapes()?;
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(shape) = shapes.get(index) else { return };
        let row = measure(index, shape);
        let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.push((index, row));
        progress(rows.len(), shapes.len());
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_by_key(|(index, _)| *index);
    let rows = rows.into_iter().map(|(_, row)| row).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "benchmark": "calibrate", "method": "instructions, counted by valgrind", "rows": rows }))
}

/// The report as the data file of the table of host calls.
pub fn data(report: &Value) -> String {
    let mut text = String::from("function\tinput\tcranelift\twinch\tgas\n");
    for row in report["rows"].as_array().into_iter().flatten() {
        let name = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let number = |field: &str| row[field].as_f64().unwrap_or(0.0);
        let numbers = format!("{:.0}\t{:.0}\t{:.0}", number("cranelift"), number("winch"), number("gas"));
        text.push_str(&format!("{}\t{}\t{numbers}\n", name("function"), name("input")));
    }
    text
}
