//! Finished modules are the same however the linker ordered what it was given.

use counterpart_abi::build::finish;
use counterpart_abi::{Interface, Layout, RAW_SECTION, length, serialize};

const INTERFACE: Interface = Interface { name: "Thing", methods: &[], events: &[], storage: &Layout::Fields(&[]) };
const LENGTH: usize = length(&INTERFACE);
const SECTION: [u8; LENGTH] = serialize::<LENGTH>(&INTERFACE);

fn finished(text: &str) -> Vec<u8> {
    let mut wasm = wat::parse_str(text).expect("well-formed text");
    let name = RAW_SECTION.as_bytes();
    wasm.push(0);
    assert!(1 + name.len() + LENGTH < 128, "a length of one byte");
    wasm.push((1 + name.len() + LENGTH) as u8);
    wasm.push(name.len() as u8);
    wasm.extend_from_slice(name);
    wasm.extend_from_slice(&SECTION);
    finish(&wasm).expect("a contract").0
}

const ONE: &str = r#"(module
    (type $unit (func)) (type $add (func (param i32 i32) (result i32))) (type $unused (func (param i64)))
    (import "counterpart" "value" (func $value (param i32) (result i64)))
    (import "counterpart" "caller" (func $caller (param i32) (result i64)))
    (func $call (export "call") (drop (call $add (i32.const 1) (i32.const 2))) (call $leaf))
    (func $leaf (drop (call $caller (i32.const 0))) (call_indirect (type $unit) (i32.const 0)))
    (func $deploy (export "deploy") (call $leaf) (drop (call $value (i32.const 0))))
    (func $add (type $add) (i32.add (local.get 0) (local.get 1)))
    (func $entry)
    (table 1 1 funcref) (elem (i32.const 0) $entry)
    (memory (export "memory") 1)
    (global (export "__heap_base") i32 (i32.const 1024)))"#;

/// The same program: other places for types, imports, functions and exports.
const OTHER: &str = r#"(module
    (type $add (func (param i32 i32) (result i32))) (type $unit (func))
    (import "counterpart" "caller" (func $caller (param i32) (result i64)))
    (import "counterpart" "value" (func $value (param i32) (result i64)))
    (func $entry)
    (func $add (type $add) (i32.add (local.get 0) (local.get 1)))
    (func $leaf (drop (call $caller (i32.const 0))) (call_indirect (type $unit) (i32.const 0)))
    (func $deploy (call $leaf) (drop (call $value (i32.const 0))))
    (func $call (drop (call $add (i32.const 1) (i32.const 2))) (call $leaf))
    (table 1 1 funcref) (elem (i32.const 0) $entry)
    (memory 1)
    (global i32 (i32.const 1024))
    (export "memory" (memory 0)) (export "deploy" (func $deploy)) (export "call" (func $call)))"#;

#[test]
fn the_linkers_order_leaves_no_trace() {
    let one = finished(ONE);
    assert_eq!(one, finished(OTHER));
    assert_ne!(one, finished(&OTHER.replace("i32.const 2", "i32.const 3")), "another program is another module");
    let printed = counterpart_module::prepare(&one, &counterpart_module::Profile::v1()).expect("chains accept it");
    assert!(printed.metadata.is_some());
}
