//! Every rule of the profile refuses with its own code, and names what is wrong.

use counterpart_module::{Limit, ModuleError, Profile, prepare};

fn refuse(text: &str) -> ModuleError {
    let bytes = wat::parse_str(text).expect("the text is well formed");
    prepare(&bytes, &Profile::v1()).expect_err("refused")
}

fn with(body: &str) -> String {
    format!("(module (memory (export \"memory\") 1) {body})")
}

#[test]
fn what_is_outside_the_profile_is_refused_wherever_it_stands() {
    let cases = [
        ("(func (param f32))", "type_not_allowed"),
        ("(func (result f64) unreachable)", "type_not_allowed"),
        ("(func (local f64))", "type_not_allowed"),
        ("(func return (drop (f32.const 1)))", "instruction_not_allowed"),
        ("(func (drop (i32.trunc_sat_f32_s (f32.const 1))))", "instruction_not_allowed"),
        ("(func (param funcref))", "type_not_allowed"),
        ("(global f32 (f32.const 0))", "type_not_allowed"),
        ("(func $s) (start $s)", "start_not_allowed"),
        ("(func (export \"counterpart.gas\"))", "reserved_export"),
        ("(table 1 funcref)", "table_grows"),
        ("(table 1 1 externref)", "malformed"),
        ("(table 1 1 funcref) (func $f) (elem (i32.const 1) $f)", "segment_out_of_range"),
        ("(func $f) (elem func $f)", "element_kind"),
        ("(data (i32.const 65536) \"x\")", "segment_out_of_range"),
        ("(data (i32.const -1) \"x\")", "segment_out_of_range"),
        ("(func (result i32 i32) unreachable)", "too_many_results"),
        ("(table 5000 5000 funcref)", "table_too_large"),
        ("(table 1 1 funcref) (table 1 1 funcref)", "too_many_tables"),
        ("(memory 1)", "too_many_memories"),
    ];
    for (body, name) in cases {
        assert_eq!(refuse(&with(body)).name(), name, "{body}");
    }
    let imports = [
        ("(import \"env\" \"input\" (func))", "unknown_import"),
        ("(import \"counterpart\" \"clock\" (func (result i64)))", "unknown_import"),
        ("(import \"counterpart\" \"chain_id\" (func (result i32)))", "import_signature"),
        ("(import \"counterpart\" \"chain_id\" (func (param i32) (result i64)))", "import_signature"),
        ("(import \"counterpart\" \"memory\" (memory 1))", "import_kind"),
        ("(import \"counterpart\" \"g\" (global i32))", "import_kind"),
    ];
    for (import, name) in imports {
        assert_eq!(refuse(&format!("(module {import})")).name(), name, "{import}");
    }
    let twice = "(import \"counterpart\" \"chain_id\" (func (result i64)))";
    assert_eq!(refuse(&format!("(module {twice} {twice})")).name(), "import_twice");
    assert_eq!(refuse("(module)").name(), "no_memory");
    assert_eq!(refuse("(module (memory 1))").name(), "no_memory");
    assert_eq!(refuse("(module (memory (export \"memory\") 257))").name(), "memory_too_large");
    assert_eq!(prepare(b"\0asm\x01\0\0", &Profile::v1()).expect_err("cut short").name(), "malformed");
    assert_eq!(prepare(b"", &Profile::v1()).expect_err("empty").name(), "malformed");
    assert_eq!(prepare(b"\0asm\x0d\0\x01\0", &Profile::v1()).expect_err("a component").name(), "malformed");
}

#[test]
fn a_message_names_function_offset_and_value() {
    let text = refuse(&with("(func) (func (param i32) (drop (f32.const 1)))")).to_string();
    assert!(text.contains("function 1") && text.contains("0x") && text.contains("F32Const"), "{text}");
    let many = "(local i64)".repeat(513);
    let text = refuse(&with(&format!("(func {many})"))).to_string();
    assert!(text.contains("function 0") && text.contains("513") && text.contains("512"), "{text}");
}

#[test]
fn codes_and_names_are_distinct() {
    let mut codes: Vec<u32> = Limit::ALL.iter().map(|limit| limit.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Limit::ALL.len());
}
