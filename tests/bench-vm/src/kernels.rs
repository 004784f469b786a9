//! What metering costs where nothing but computing is done.

use crate::Size;
use crate::clock::median_ns;
use crate::host::MemoryHost;
use crate::token;
use counterpart_differential::plain;
use counterpart_execution::{End, Engine, Entry, Invocation};
use counterpart_module::PreparedModule;
use serde_json::{Value, json};
use std::sync::Arc;

const GAS: i64 = 1 << 50;

const FIB: &str = r#"(module (memory (export "memory") 1)
    (func $fib (param i32) (result i32)
        (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
            (then (local.get 0))
            (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
    (func (export "call") (i32.store (i32.const 0) (call $fib (i32.const 20)))))"#;

/// Insertion sort of 500 pseudo-random numbers.
const SORT: &str = r#"(module (memory (export "memory") 1)
    (func (export "call") (local $i i32) (local $j i32) (local $key i32) (local $seed i32)
        (local.set $seed (i32.const 12345))
        (loop $fill
            (local.set $seed (i32.add (i32.mul (local.get $seed) (i32.const 1103515245)) (i32.const 12345)))
            (i32.store (local.get $i) (i32.shr_u (local.get $seed) (i32.const 3)))
            (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 2000))))
        (local.set $i (i32.const 4))
        (loop $outer
            (local.set $key (i32.load (local.get $i)))
            (local.set $j (local.get $i))
            (block $placed
                (loop $inner
                    (br_if $placed (i32.eqz (local.get $j)))
                    (br_if $placed (i32.le_u (i32.load (i32.sub (local.get $j) (i32.const 4))) (local.get $key)))
                    (i32.store (local.get $j) (i32.load (i32.sub (local.get $j) (i32.const 4))))
                    (local.set $j (i32.sub (local.get $j) (i32.const 4)))
                    (br $inner)))
            (i32.store (local.get $j) (local.get $key))
            (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 2000))))))"#;

/// Keccak-f[1600] (FIPS 202), 20 times over: 25 lanes at 0, the permuted ones at 256, the round constants at 512.
fn keccak() -> String {
    let lane = |base: usize, x: usize, y: usize| base + 8 * (x % 5 + 5 * (y % 5));
    let load = |at: usize| format!("(i64.load offset={at} (i32.const 0))");
    let mut round = String::new();
    for x in 0..5 {
        let column = (1..5).fold(load(lane(0, x, 0)), |sum, y| format!("(i64.xor {sum} {})", load(lane(0, x, y))));
        round.push_str(&format!("(local.set $c{x} {column})"));
    }
    for x in 0..5 {
        let (left, right) = ((x + 4) % 5, (x + 1) % 5);
        round.push_str(&format!(
            "(local.set $d (i64.xor (local.get $c{left}) (i64.rotl (local.get $c{right}) (i64.const 1))))"
        ));
        for y in 0..5 {
            let turned =
                format!("(i64.rotl (i64.xor {} (local.get $d)) (i64.const {}))", load(lane(0, x, y)), rotation(x, y));
            round.push_str(&format!("(i64.store offset={} (i32.const 0) {turned})", lane(256, y, 2 * x + 3 * y)));
        }
    }
    for y in 0..5 {
        for x in 0..5 {
            let (one, two, three) = (load(lane(256, x, y)), load(lane(256, x + 1, y)), load(lane(256, x + 2, y)));
            let mixed = format!("(i64.xor {one} (i64.and (i64.xor {two} (i64.const -1)) {three}))");
            round.push_str(&format!("(i64.store offset={} (i32.const 0) {mixed})", lane(0, x, y)));
        }
    }
    let constants: String = round_constants()
        .iter()
        .flat_map(|constant| constant.to_le_bytes())
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 512) "{constants}")
        (func (export "call") (local $c0 i64) (local $c1 i64) (local $c2 i64) (local $c3 i64) (local $c4 i64) (local $d i64)
            (local $round i32) (local $times i32)
            (loop $again
                (local.set $round (i32.const 0))
                (loop $rounds
                    {round}
                    (i64.store (i32.const 0) (i64.xor (i64.load (i32.const 0)) (i64.load offset=512 (local.get $round))))
                    (br_if $rounds (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 8))) (i32.const 192))))
                (br_if $again (i32.lt_u (local.tee $times (i32.add (local.get $times) (i32.const 1))) (i32.const 20))))))"#
    )
}

/// The rotation of a lane, from the walk that defines it in FIPS 202, section 3.2.2.
fn rotation(x: usize, y: usize) -> u32 {
    let (mut at, mut turn) = ((1, 0), 0);
    for step in 0..24 {
        turn += step + 1;
        if at == (x, y) {
            return turn % 64;
        }
        at = (at.1, (2 * at.0 + 3 * at.1) % 5);
    }
    0
}

/// The round constants, from the shift register that defines them in FIPS 202, section 3.2.5.
fn round_constants() -> [u64; 24] {
    let mut register: u32 = 1;
    [(); 24].map(|()| {
        (0..7).fold(0u64, |constant, bit| {
            let set = u64::from(register & 1) << ((1 << bit) - 1);
            register <<= 1;
            if register & 0x100 != 0 {
                register ^= 0x171;
            }
            constant | set
        })
    })
}

/// CPU time of one run, and its result.
fn time(engine: &dyn Engine, module: &Arc<PreparedModule>, size: Size) -> Result<f64, String> {
    engine.prepare(module).map_err(|fault| fault.to_string())?;
    let (mut ns, mut wrong) = (0.0, None);
    let mut work = || {
        ns = median_ns(size, |_| {
            let invocation = Invocation { module, entry: Entry::Call, gas: GAS, stack: 65_536, hash_memory: false };
            let run = engine.run(invocation, Box::new(MemoryHost::default())).map(|(run, _)| run);
            if !run.as_ref().is_ok_and(|run| run.end == End::Returned) {
                wrong = Some(run);
            }
        });
    };
    engine.scope(&mut work).map_err(|fault| fault.to_string())?;
    wrong.map_or(Ok(ns), |run| Err(format!("{}: a kernel ended with {run:?}", engine.name())))
}

/// The overhead of metering, by kernel and compiled engine.
pub fn overhead(size: Size) -> Result<Vec<Value>, String> {
    let size = Size { calls: (size.calls / 50).max(10), ..size };
    let mut rows = Vec::new();
    for (name, text) in [("fib", FIB.to_owned()), ("sort", SORT.to_owned()), ("sha3", keccak())] {
        let without = plain(&wat::parse_str(&text).map_err(|error| error.to_string())?)?;
        let with = token::metered(&text)?;
        for engine in token::engines()?.iter().filter(|engine| engine.name() != "wasmi") {
            let (plain_ns, metered_ns) = (time(&**engine, &without, size)?, time(&**engine, &with, size)?);
            rows.push(json!({
                "kernel": name, "engine": engine.name(), "plain_ns": plain_ns, "metered_ns": metered_ns,
                "ratio": metered_ns / plain_ns,
            }));
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_those_of_fips_202() {
        assert_eq!(round_constants()[..3], [1, 0x8082, 0x8000_0000_0000_808a]);
        assert_eq!(round_constants()[23], 0x8000_0000_8000_8008);
        assert_eq!((rotation(1, 0), rotation(0, 1), rotation(4, 4)), (1, 36, 14));
    }
}
