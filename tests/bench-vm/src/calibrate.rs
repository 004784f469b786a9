//! What host functions cost beside what they charge, for input shapes that are meant to be the worst.
//!
//! One gas stands for one modelled instruction. Where the system counts no instructions for a process (virtual machines
//! often do not), CPU time of the thread is measured instead, and divided by the gas that was charged. At one
//! instruction for each cycle of 3 GHz that is 0.33 ns; a row far above it is cheap for what it does. The figure of a kernel
//! that only computes is printed beside them. Both depend on the machine, so that this is a check of the table.

use crate::clock::median_ns;
use crate::{Size, kernels, token};
use counterpart_execution::{Engine, Executor};
use counterpart_host_functions::{HostFunction, Param};
use counterpart_ledger::{Gas, Outcome};
use counterpart_module::Profile;
use serde_json::{Value, json};
use std::sync::Arc;

/// Calls of the host function in one measured frame.
const ROUNDS: u64 = 200;
const GAS: u64 = 1_000_000_000_000;

/// One input shape of a function: its name, arguments, and what a frame does before it.
struct Shape {
    function: HostFunction,
    name: &'static str,
    arguments: Vec<u64>,
}

fn shapes() -> Vec<Shape> {
    use HostFunction::*;
    let shape = |function, name, arguments: &[u64]| Shape { function, name, arguments: arguments.to_vec() };
    let mut shapes = vec![
        shape(input, "64 KiB", &[70_000, 0, 65_536]),
        shape(set_return, "64 KiB", &[0, 65_536]),
        shape(storage_get, "64 KiB at a key of 256 bytes", &[1024, 256, 70_000, 65_536]),
        shape(storage_set, "16 bytes at a key of 256 bytes", &[1024, 256, 0, 16]),
        shape(storage_has, "64 KiB at a key of 256 bytes", &[1024, 256]),
        shape(storage_length, "64 KiB at a key of 256 bytes", &[1024, 256]),
        shape(storage_remove, "an absent key of 256 bytes", &[2048, 256]),
        shape(storage_add, "a new entry", &[2048, 256, 0, 0, 0]),
        shape(transient_get, "an absent key of 256 bytes", &[1024, 256, 0, 16]),
        shape(transient_set, "16 bytes at a key of 256 bytes", &[1024, 256, 0, 16]),
        shape(emit, "4 topics and 1 KiB", &[0, 4, 0, 1024]),
        shape(debug_log, "16 KiB", &[0, 16_384]),
        shape(authorize_call, "1 KiB", &[0, 0, 1024]),
        shape(mul_div, "largest operands", &[512, 512, 528, 1, 560]),
        shape(u256_mul_div, "512 bits by 192 bits", &[512, 512, 592, 1, 640]),
        shape(u256_mul, "half of the bits", &[528, 528, 640]),
        shape(ed25519_verify, "no valid key", &[0, 0, 32, 64]),
        shape(ed25519_verify, "a valid key, 32 bytes", &[768, 0, 32, 832]),
        shape(ed25519_verify, "a valid key, 64 KiB", &[768, 0, 65_536, 832]),
        shape(secp256k1_verify, "a valid key", &[896, 0, 960]),
        shape(p256_verify, "a valid key", &[928 + 128, 0, 960]),
    ];
    for function in [sha3_256, keccak_256, sha2_256, blake3] {
        shapes.push(shape(function, "nothing", &[0, 0, 4096]));
        shapes.push(shape(function, "64 KiB", &[0, 65_536, 70_000]));
    }
    let plain = [
        self_address,
        caller,
        origin,
        chain_id,
        block_height,
        block_time_ms,
        parent_hash,
        gas_left,
        call_depth,
        is_read_only,
        value,
        u256_add,
        u256_sub,
        balance,
        code_hash,
        require_auth,
        allow_reentrancy,
        storage_has,
    ];
    shapes.extend(plain.map(|function| Shape { function, name: "small", arguments: vec![0; function.params().len()] }));
    shapes
}

/// A module that calls a function so often as the input says, with the operands of the shapes in memory.
fn caller(shape: &Shape) -> Result<Vec<u8>, String> {
    let kind = |kind: &Param| if *kind == Param::U32 { "i32" } else { "i64" };
    let params = shape.function.params();
    let types: String = params.iter().map(|(_, param)| format!("{} ", kind(param))).collect();
    let arguments: String = params
        .iter()
        .zip(&shape.arguments)
        .map(|((_, param), argument)| format!("({}.const {argument})", kind(param)))
        .collect();
    let name = shape.function.name();
    let (mut imports, mut called) = (String::new(), "$host");
    for (own, symbol, signature) in [
        ("input", "$input", "(param i32 i32 i32) (result i64)"),
        ("storage_set", "$set", "(param i32 i32 i32 i32) (result i64)"),
    ] {
        imports.push_str(&format!(r#"(import "counterpart" "{own}" (func {symbol} {signature}))"#));
        if own == name {
            called = symbol;
        }
    }
    if called == "$host" {
        imports.push_str(&format!(r#"(import "counterpart" "{name}" (func $host (param {types}) (result i64)))"#));
    }
    // The base points of ed25519, secp256k1 and P-256, and operands that make wide arithmetic work.
    let text = format!(
        r#"(module {imports} (memory (export "memory") 4)
            (data (i32.const 512) "{ones}") (data (i32.const 592) "{ones24}")
            (data (i32.const 768) "\58{sixes}")
            (data (i32.const 832) "\58{sixes}\01")
            (data (i32.const 896) "\02\79\be\66\7e\f9\dc\bb\ac\55\a0\62\95\ce\87\0b\07\02\9b\fc\db\2d\ce\28\d9\59\f2\81\5b\16\f8\17\98")
            (data (i32.const 960) "{small}{small}")
            (data (i32.const 1056) "\03\6b\17\d1\f2\e1\2c\42\47\f8\bc\e6\e5\63\a4\40\f2\77\03\7d\81\2d\eb\33\a0\f4\a1\39\45\d8\98\c2\96")
            (func (export "call") (local $left i64)
                (drop (call $input (i32.const 100000) (i32.const 0) (i32.const 8)))
                (local.set $left (i64.load (i32.const 100000)))
                (drop (call $set (i32.const 1024) (i32.const 256) (i32.const 0) (i32.const 65536)))
                (loop
                    (if (i64.ne (local.get $left) (i64.const 0)) (then
                        (drop (call {called} {arguments}))
                        (local.set $left (i64.sub (local.get $left) (i64.const 1)))
                        (br 1))))))"#,
        ones = "\\ff".repeat(48),
        ones24 = "\\ff".repeat(24),
        sixes = "\\66".repeat(31),
        small = format!("{}\\07", "\\00".repeat(31)),
    );
    wat::parse_str(text).map_err(|error| format!("{name}: {error}"))
}

/// CPU time and gas of one call, without those of the frame around it.
fn measure(executor: &Executor, shape: &Shape, size: Size) -> Result<(f64, f64), String> {
    let code = caller(shape)?;
    let run = |rounds: u64| {
        let input = [&rounds.to_le_bytes()[..], &vec![7; 70_000]].concat();
        let mut gas = Err(String::new());
        let ns = median_ns(size, |_| {
            let result = executor.run_alone(&code, "call", &input, Gas(GAS));
            gas = match result {
                Ok(Ok(seen)) if seen.outcome == Outcome::Success => Ok(seen.gas_used.0),
                other => Err(format!("{}: {other:?}", shape.function.name())),
            };
        });
        Ok::<_, String>((ns, gas? as f64))
    };
    let rounds = if shape.function == HostFunction::emit { 100 } else { ROUNDS };
    let (none, many) = (run(0)?, run(rounds)?);
    Ok(((many.0 - none.0) / rounds as f64, (many.1 - none.1) / rounds as f64))
}

/// Measures every shape; answers one document.
///
/// # Errors
/// When an engine is lost or a call does not do what it has to.
pub fn report(size: Size) -> Result<Value, String> {
    let size = Size { calls: 5, batches: size.batches };
    let engine: Arc<dyn Engine> = token::engines()?.swap_remove(0);
    let per_gas = kernels::ns_per_gas(&*engine, size)?;
    let executor = Executor::new(engine.clone(), Profile::v1());
    let mut rows = Vec::new();
    let mut wrong = None;
    let mut work = || {
        for shape in shapes() {
            match measure(&executor, &shape, size) {
                Ok((ns, charged)) => rows.push(json!({
                    "function": shape.function.name(), "shape": shape.name, "ns": ns, "gas": charged,
                    "ns_per_gas": ns / charged,
                })),
                Err(error) => wrong = Some(error),
            }
        }
    };
    engine.scope(&mut work).map_err(|fault| fault.to_string())?;
    match wrong {
        Some(error) => Err(error),
        None => Ok(json!({
            "benchmark": "calibrate", "method": "CPU time of the thread; no instructions are counted",
            "kernel_ns_per_gas": per_gas, "rows": rows,
        })),
    }
}
