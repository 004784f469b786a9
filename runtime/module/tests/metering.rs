//! What the instrumenter emits, as text that can be read, and the profile's hash.

use counterpart_golden::{check, hex};
use counterpart_module::{Profile, prepare};
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

const SAMPLE: &str = r#"(module
  (import "counterpart" "chain_id" (func $chain (result i64)))
  (memory (export "memory") 1)
  (global $n (mut i32) (i32.const 7))
  (func (export "call")
    (local i32)
    (block
      (loop
        (br_if 1 (i32.eqz (global.get $n)))
        (global.set $n (i32.sub (global.get $n) (i32.const 1)))
        (br 0)))
    (drop (call $chain))
    (drop (call $both (i32.const 3))))
  (func $both (param i32) (result i32)
    (memory.fill (i32.const 0) (i32.const 1) (local.get 0))
    (if (local.get 0) (then (return (memory.grow (i32.const 1)))))
    (i32.const 5)))"#;

#[test]
fn metered_code_reads_as_the_specification_says() {
    let prepared = prepare(&wat::parse_str(SAMPLE).expect("well formed"), &Profile::v1()).expect("accepted");
    let text = wasmprinter::print_bytes(&prepared.wasm).expect("printable");
    check(&golden("metered.wat"), &text);
    assert_eq!(prepared.entries, ["call"]);
    assert_eq!((prepared.initial_pages, prepared.maximum_pages), (1, 256));
}

#[test]
fn the_profile_is_what_it_was() {
    let profile = Profile::v1();
    let text = format!("{}hash {}\n", profile.description(), hex(&profile.hash().0));
    check(&golden("profile-v1.txt"), &text);
}
