//! Every host function with hostile arguments, through the real host, on every engine: one result, and no fault.

use counterpart_differential::engines;
use counterpart_execution::{AloneResult, Executor};
use counterpart_host_functions::{HostFunction, Param, TrapCode, limits};
use counterpart_ledger::{Gas, Outcome};
use counterpart_module::Profile;

const GAS: u64 = 50_000_000;
/// What goes wrong when pointers and lengths are added without care, and what lies next to the end of memory.
const EDGES: [u64; 16] = [
    0,
    1,
    4,
    32,
    64,
    256,
    1000,
    65_504,
    65_535,
    65_536,
    65_537,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_0000,
    0xffff_ffe0,
    0xffff_ffff,
];

/// Runs on every engine and answers what all of them saw.
fn agree(code: &[u8], input: &[u8], gas: u64) -> AloneResult {
    let mut seen: Option<AloneResult> = None;
    for engine in engines() {
        let executor = Executor::new(engine.clone(), Profile::v1());
        let result = executor.run_alone(code, "call", input, Gas(gas)).expect("no fault").expect("accepted");
        match &seen {
            None => seen = Some(result),
            Some(first) => assert_eq!(first, &result, "{} differs with input {}", engine.name(), hex(input)),
        }
    }
    seen.expect("there are engines")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A contract that calls one host function with the arguments in its input, eight bytes each, and keeps the answer.
fn caller(function: HostFunction, setup: &str) -> Vec<u8> {
    let kinds = function.params().iter().map(|(_, kind)| if *kind == Param::U32 { "i32" } else { "i64" });
    let types: String = kinds.clone().map(|kind| format!("{kind} ")).collect();
    let arguments: String = kinds
        .enumerate()
        .map(|(index, kind)| format!("({kind}.load offset={} (i32.const 0))", 1024 + 8 * index))
        .collect();
    let own = match function {
        HostFunction::input => String::new(),
        _ => r#"(import "counterpart" "input" (func $input (param i32 i32 i32) (result i64)))"#.to_owned(),
    };
    let name = if function == HostFunction::input { "$input" } else { "$host" };
    let text = format!(
        r#"(module {own}
            (import "counterpart" "{}" (func {name} (param {types}) (result i64)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\01\02\03\04\05\06\07\08")
            (func (export "call")
                (drop (call $input (i32.const 1024) (i32.const 0) (i32.const 64)))
                {setup}
                (i64.store (i32.const 2048) (call {name} {arguments}))))"#,
        function.name()
    );
    wat::parse_str(text).expect("well formed")
}

fn encode(arguments: &[u64]) -> Vec<u8> {
    arguments.iter().flat_map(|argument| argument.to_le_bytes()).collect()
}

#[test]
fn hostile_pointers_and_lengths_end_alike_and_never_fault() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    // The whole product is a campaign of minutes; the short run has the edges where sums wrap around.
    let long = std::env::var_os("COUNTERPART_LONG").is_some();
    let (edges, mixtures) = if long { (&EDGES[..], 200) } else { (&[65_536, 0xffff_ffe0, 0xffff_ffff][..], 3) };
    let mut traps = 0;
    for function in HostFunction::ALL.iter().copied() {
        let code = caller(function, "");
        let count = function.params().len();
        // Each argument at an edge with harmless others, then mixtures.
        let single = (0..count).flat_map(|position| {
            edges.iter().map(move |edge| (0..count).map(|index| if index == position { *edge } else { 64 }).collect())
        });
        let mut cases: Vec<Vec<u64>> = single.collect();
        cases.extend((0..mixtures).map(|_| (0..count).map(|_| EDGES[(next() % 16) as usize]).collect()));
        for arguments in cases {
            let seen = agree(&code, &encode(&arguments), GAS);
            assert!(seen.gas_used.0 >= function.cost().base, "{} is charged", function.name());
            assert!(seen.outcome == Outcome::Success || seen.writes.is_empty(), "a failed call leaves no writes");
            let panicked = matches!(seen.outcome, Outcome::Trap { code: TrapCode::HostPanic, .. });
            assert!(!panicked, "{} panics with {arguments:x?}", function.name());
            traps += usize::from(matches!(seen.outcome, Outcome::Trap { .. }));
        }
    }
    assert!(traps > 150, "only {traps} cases trapped");
}

#[test]
fn keys_values_and_events_have_their_largest_sizes() {
    let grow = "(drop (memory.grow (i32.const 3)))";
    let cases: [(HostFunction, [u64; 4], usize, u32); 5] = [
        (HostFunction::storage_set, [0, 8, 0, 8], 1, limits::MAX_KEY_BYTES),
        (HostFunction::storage_set, [0, 8, 0, 8], 3, limits::MAX_VALUE_BYTES),
        (HostFunction::transient_set, [0, 8, 0, 8], 1, limits::MAX_KEY_BYTES),
        (HostFunction::transient_set, [0, 8, 0, 8], 3, limits::MAX_VALUE_BYTES),
        (HostFunction::emit, [0, 1, 0, 8], 3, limits::MAX_EVENT_BYTES),
    ];
    for (function, arguments, position, most) in cases {
        let code = caller(function, grow);
        for length in [most - 1, most, most + 1] {
            let mut arguments = arguments;
            arguments[position] = u64::from(length);
            let seen = agree(&code, &encode(&arguments), GAS);
            let name = function.name();
            if length <= most {
                assert_eq!(seen.outcome, Outcome::Success, "{name} with {length} bytes");
            } else {
                let too_long = matches!(seen.outcome, Outcome::Trap { code: TrapCode::TooLong, .. });
                assert!(too_long, "{name} with {length} bytes: {:?}", seen.outcome);
            }
        }
    }
}

#[test]
fn writes_and_events_of_every_engine_are_equal_at_every_gas() {
    let text = r#"(module
        (import "counterpart" "storage_set" (func $set (param i32 i32 i32 i32) (result i64)))
        (import "counterpart" "emit" (func $emit (param i32 i32 i32 i32) (result i64)))
        (memory (export "memory") 1)
        (data (i32.const 0) "key and value")
        (func (export "call")
            (drop (call $set (i32.const 0) (i32.const 3) (i32.const 8) (i32.const 5)))
            (drop (call $emit (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 5)))))"#;
    let code = wat::parse_str(text).expect("well formed");
    let whole = agree(&code, &[], GAS);
    assert_eq!((whole.outcome, whole.writes.len(), whole.events.len()), (Outcome::Success, 1, 1));
    let used = whole.gas_used.0;
    assert_eq!(agree(&code, &[], used).outcome, Outcome::Success, "exactly enough");
    for gas in (0..used).step_by(397).chain([used - 1]) {
        let short = agree(&code, &[], gas);
        assert_eq!(short.outcome, Outcome::OutOfGas { action: 0 });
        assert_eq!((short.gas_used.0, short.writes.len(), short.events.len()), (gas, 0, 0));
    }
}

/// The lengths at which a size turns from allowed to refused.
fn at_most(function: HostFunction, arguments: &[u64], position: usize, most: u32) {
    let code = caller(function, "(drop (memory.grow (i32.const 19)))");
    for length in [most - 1, most, most + 1] {
        let mut arguments = arguments.to_vec();
        arguments[position] = u64::from(length);
        let seen = agree(&code, &encode(&arguments), 1_000_000_000);
        let name = function.name();
        let too_long = matches!(seen.outcome, Outcome::Trap { code: TrapCode::TooLong, .. });
        assert_eq!(too_long, length > most, "{name} with {length} bytes: {:?}", seen.outcome);
    }
}

#[test]
fn every_length_has_its_largest_size() {
    use HostFunction::*;
    for function in [set_return, finish] {
        at_most(function, &[0, 0], 1, limits::MAX_RETURN_BYTES);
    }
    at_most(revert, &[1, 0, 0], 2, limits::MAX_RETURN_BYTES);
    for function in [storage_get, storage_remove, storage_has, storage_length, transient_get, storage_add] {
        let arguments = vec![0; function.params().len()];
        at_most(function, &arguments, 1, limits::MAX_KEY_BYTES);
    }
    at_most(storage_range, &[0; 5], 1, limits::MAX_KEY_BYTES);
    at_most(storage_range, &[0; 5], 3, limits::MAX_KEY_BYTES);
    at_most(authorize_call, &[0; 3], 2, limits::MAX_INPUT_BYTES);
    at_most(debug_log, &[0; 2], 1, limits::MAX_EVENT_BYTES);
    for function in [sha3_256, keccak_256, sha2_256, blake3] {
        at_most(function, &[0; 3], 1, limits::MAX_MESSAGE_BYTES);
    }
    at_most(ed25519_verify, &[0; 4], 2, limits::MAX_MESSAGE_BYTES);
    // Not a length, but the same rule: the number of topics.
    at_most(emit, &[0; 4], 1, limits::MAX_TOPICS);
}

/// The value at a key that a contract running alone wrote.
fn written(result: &AloneResult, key: &[u8]) -> Option<Vec<u8>> {
    let entry = result.writes.iter().find(|(stored, _)| stored[32..] == *key);
    entry.and_then(|(_, write)| write.new.clone())
}

#[test]
fn overlapping_buffers_have_one_meaning() {
    // Reads happen before writes, and writes in the order of the parameters, on every engine.
    let text = r#"(module
        (import "counterpart" "storage_set" (func $set (param i32 i32 i32 i32) (result i64)))
        (import "counterpart" "storage_get" (func $get (param i32 i32 i32 i32) (result i64)))
        (import "counterpart" "storage_range" (func $range (param i32 i32 i32 i32 i32) (result i64)))
        (import "counterpart" "storage_next" (func $next (param i32 i32 i32 i32 i32 i32) (result i64)))
        (import "counterpart" "sha3_256" (func $sha3 (param i32 i32 i32) (result i64)))
        (import "counterpart" "u256_mul" (func $mul (param i32 i32 i32) (result i64)))
        (memory (export "memory") 1)
        (data (i32.const 0) "keyvalues")
        (func (export "call") (local $handle i32)
            (drop (call $set (i32.const 0) (i32.const 6) (i32.const 2) (i32.const 7)))
            (drop (call $get (i32.const 0) (i32.const 6) (i32.const 3) (i32.const 7)))
            (drop (call $set (i32.const 100) (i32.const 1) (i32.const 0) (i32.const 10)))
            (local.set $handle (i32.wrap_i64 (call $range (i32.const 0) (i32.const 1) (i32.const 200) (i32.const 0) (i32.const 0))))
            (drop (call $next (local.get $handle) (i32.const 300) (i32.const 16) (i32.const 302) (i32.const 16) (i32.const 308)))
            (drop (call $set (i32.const 101) (i32.const 2) (i32.const 300) (i32.const 16)))
            (i32.store8 (i32.const 400) (i32.const 7))
            (drop (call $mul (i32.const 400) (i32.const 400) (i32.const 400)))
            (drop (call $set (i32.const 102) (i32.const 3) (i32.const 400) (i32.const 2)))
            (drop (call $sha3 (i32.const 500) (i32.const 40) (i32.const 504)))
            (drop (call $set (i32.const 103) (i32.const 4) (i32.const 504) (i32.const 32)))))"#;
    let code = wat::parse_str(text).expect("well formed");
    let seen = agree(&code, &[], GAS);
    assert_eq!(seen.outcome, Outcome::Success);
    assert_eq!(written(&seen, b"keyval"), Some(b"yvalues".to_vec()));
    assert_eq!(written(&seen, &[0; 1]), Some(b"keyyvalues".to_vec()), "the value overwrites the key it was read by");
    let mut expected = [0; 16];
    expected[..6].copy_from_slice(b"keyval");
    expected[2..9].copy_from_slice(b"yvalues");
    expected[8..].copy_from_slice(&[6, 0, 0, 0, 7, 0, 0, 0]);
    assert_eq!(written(&seen, &[0; 2]), Some(expected.to_vec()), "key, value, lengths, in this order");
    assert_eq!(written(&seen, &[0; 3]), Some(vec![49, 0]));
    let digest: [u8; 32] =
        sha3::Digest::finalize(sha3::Digest::chain_update(sha3::Sha3_256::default(), [0; 40])).into();
    assert_eq!(written(&seen, &[0; 4]), Some(digest.to_vec()), "the hash is that of the bytes before it was written");
}
