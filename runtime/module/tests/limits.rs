//! Every limit at its value and one past it, every banned feature in live and dead code, and bytes that are no module.

use counterpart_module::{Limit, ModuleError, Profile, prepare};

fn parse(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text is well formed")
}

fn with(body: &str) -> Vec<u8> {
    parse(&format!("(module (memory (export \"memory\") 1) {body})"))
}

/// Appends a custom section whose data is `length` zeros; its size stands in five bytes.
fn custom(mut module: Vec<u8>, name: &str, length: usize) -> Vec<u8> {
    let mut size = 1 + name.len() + length;
    module.push(0);
    for index in 0..5 {
        module.push((size & 0x7f) as u8 | if index < 4 { 0x80 } else { 0 });
        size >>= 7;
    }
    module.push(name.len() as u8);
    module.extend_from_slice(name.as_bytes());
    module.resize(module.len() + length, 0);
    module
}

/// Functions that hold `total` pieces between them, at most `each` in one.
fn spread(total: usize, each: usize, function: impl Fn(usize) -> String) -> Vec<u8> {
    let full = function(each).repeat(total / each);
    with(&format!("{full}{}", if total.is_multiple_of(each) { String::new() } else { function(total % each) }))
}

/// A module that has exactly `count` of what is limited, and stays within every other limit.
fn module(limit: Limit, count: usize) -> Vec<u8> {
    let locals = |count: usize| format!("(func (local {}) {})", "i64 ".repeat(count), "nop ".repeat(2 * count));
    match limit {
        Limit::ModuleBytes => custom(with(""), "pad", count - with("").len() - 10),
        Limit::MeteredBytes | Limit::Imports => unreachable!("has a test of its own"),
        Limit::Functions => with(&"(func)".repeat(count)),
        Limit::Types => with(&"(type (func))".repeat(count)),
        Limit::Params => with(&format!("(func {})", "(param i32)".repeat(count))),
        Limit::Results => with(&format!("(func {} unreachable)", "(result i32)".repeat(count))),
        Limit::Locals => with(&locals(count)),
        Limit::LocalsTotal => spread(count, 512, locals),
        // The body of four bytes pays for two locals.
        Limit::LocalsDensity => with(&format!("(func (local {}))", "i64 ".repeat(count + 2))),
        // One byte says that there are no locals, one ends the body.
        Limit::BodyBytes => with(&format!("(func {})", "nop ".repeat(count - 2))),
        Limit::Nesting => with(&format!("(func {} {})", "block ".repeat(count), "end ".repeat(count))),
        Limit::Blocks => with(&format!("(func {})", "block end ".repeat(count))),
        Limit::BlocksTotal => spread(count, 4096, |count| format!("(func {})", "block end ".repeat(count))),
        Limit::BrTable => with(&format!("(func (param i32) (br_table {} (local.get 0)))", "0 ".repeat(count + 1))),
        Limit::OperandStack => with(&format!("(func {} {})", "i32.const 1 ".repeat(count), "drop ".repeat(count))),
        Limit::Globals => with(&"(global i32 (i32.const 0))".repeat(count)),
        // The memory is one export.
        Limit::Exports => {
            let exports: String = (1..count).map(|index| format!("(export \"e{index}\" (func 0))")).collect();
            with(&format!("(func) {exports}"))
        }
        Limit::MemoryPages => parse(&format!("(module (memory (export \"memory\") {count}))")),
        Limit::Memories => with(&"(memory 1)".repeat(count - 1)),
        Limit::Tables => with(&"(table 1 1 funcref)".repeat(count)),
        Limit::TableElements => with(&format!("(table {count} {count} funcref)")),
        Limit::DataSegments => with(&"(data (i32.const 0) \"x\")".repeat(count)),
        Limit::ElementSegments => {
            with(&format!("(table 1 1 funcref) (func) {}", "(elem (i32.const 0) 0)".repeat(count)))
        }
        Limit::NameBytes => with(&format!("(func (export \"{}\"))", "x".repeat(count))),
        Limit::MetadataBytes => custom(with(""), "counterpart.abi", count),
        Limit::LoopsTotal => spread(count, 1024, |count| format!("(func {})", "loop end ".repeat(count))),
    }
}

#[test]
fn every_limit_accepts_its_value_and_refuses_one_more() {
    let profile = Profile::v1();
    for limit in Limit::ALL.iter().copied().filter(|limit| !matches!(limit, Limit::MeteredBytes | Limit::Imports)) {
        let most = profile.limits.get(limit) as usize;
        if let Err(error) = prepare(&module(limit, most), &profile) {
            panic!("{} at {most}: {error}", limit.name());
        }
        let error = prepare(&module(limit, most + 1), &profile).expect_err(limit.name());
        assert_eq!((error.code(), error.name()), (limit.code(), limit.name()), "{error}");
        let text = error.to_string();
        assert!(text.contains("offset 0x"), "{text}");
        assert!(text.contains(&format!("{} exceeds the limit of {most}", most + 1)), "{text}");
    }
}

#[test]
fn imports_are_counted_before_they_are_read() {
    let import = "(import \"counterpart\" \"chain_id\" (func (result i64)))";
    let refuse = |count: usize| {
        let text = format!("(module {} (memory (export \"memory\") 1))", import.repeat(count));
        prepare(&parse(&text), &Profile::v1()).expect_err("refused").name()
    };
    assert_eq!(refuse(128), "import_twice");
    assert_eq!(refuse(129), "too_many_imports");
}

#[test]
fn the_metered_module_has_a_limit_of_its_own() {
    let grow = |count: usize| {
        let grows = "memory.grow ".repeat(count);
        with(&format!("(func i32.const 0 {grows} drop)").repeat(4))
    };
    let mut profile = Profile::v1();
    let small = grow(100);
    let length = prepare(&small, &profile).expect("accepted").wasm.len() as u64;
    profile.limits.metered_bytes = length;
    prepare(&small, &profile).expect("accepted at the limit");
    profile.limits.metered_bytes = length - 1;
    let error = prepare(&small, &profile).expect_err("one byte less");
    assert_eq!(error.name(), "metered_module_too_large");
    assert!(error.to_string().contains(&length.to_string()), "{error}");
    let large = grow(60_000);
    assert!(large.len() < 512 * 1024, "small when uploaded");
    assert_eq!(prepare(&large, &Profile::v1()).expect_err("too large when metered").name(), "metered_module_too_large");
}

#[test]
fn banned_instructions_are_refused_in_live_and_dead_code() {
    let instructions = [
        "(return_call 0)",
        "(return_call_indirect (type 0) (i32.const 0))",
        "(drop (table.size 0))",
        "(drop (table.get 0 (i32.const 0)))",
        "(drop (table.grow 0 (ref.func 0) (i32.const 1)))",
        "(table.set 0 (i32.const 0) (ref.func 0))",
        "(table.fill 0 (i32.const 0) (ref.func 0) (i32.const 0))",
        "(table.copy 0 0 (i32.const 0) (i32.const 0) (i32.const 0))",
        "(drop (ref.null func))",
        "(drop (ref.func 0))",
        "(drop (ref.is_null (ref.func 0)))",
        "(drop (select (result i32) (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(drop (f32.const 0))",
        "(drop (f64.const 0))",
        "(drop (f64.load (i32.const 0)))",
        "(drop (i64.trunc_sat_f64_u (f64.const 0)))",
        "(drop (i32.reinterpret_f32 (f32.const 0)))",
        "(drop (v128.const i32x4 0 0 0 0))",
        "(drop (i32.atomic.load (i32.const 0)))",
        "(atomic.fence)",
        "(drop (ref.i31 (i32.const 0)))",
        "(try_table)",
        "i64.const 0 i64.const 0 i64.mul_wide_s drop drop",
    ];
    for instruction in instructions {
        for dead in ["", "unreachable ", "return "] {
            let module = with(&format!(
                "(type (func)) (table 1 1 funcref) (func (type 0)) (elem declare func 0) (func {dead}{instruction})"
            ));
            // The declaration is refused too, so it must not be what is found.
            let error = prepare(&strip_declaration(module), &Profile::v1()).expect_err(instruction);
            assert!(matches!(error, ModuleError::Instruction { function: 1, .. }), "{dead}{instruction}: {error}");
        }
    }
}

/// Removes the element section, which the text format needs for `ref.func` and the profile does not have.
fn strip_declaration(module: Vec<u8>) -> Vec<u8> {
    let mut stripped = module[..8].to_vec();
    for payload in wasmparser::Parser::new(0).parse_all(&module) {
        if let Some((id, range)) = payload.expect("well formed").as_section().filter(|(id, _)| *id != 9) {
            // The header is the id and the size; sections follow each other, so it begins where the last one ended.
            let mut size = range.len();
            stripped.push(id);
            loop {
                let more = size > 0x7f;
                stripped.push((size & 0x7f) as u8 | if more { 0x80 } else { 0 });
                size >>= 7;
                if !more {
                    break;
                }
            }
            stripped.extend_from_slice(&module[range]);
        }
    }
    stripped
}

#[test]
fn banned_declarations_are_refused() {
    let cases = [
        ("(module (memory (export \"memory\") i64 1))", "malformed"),
        ("(module (memory (export \"memory\") 1 1 shared))", "malformed"),
        ("(module (memory (export \"memory\") 1) (tag))", "malformed"),
        ("(module (memory (export \"memory\") 1) (type (struct)))", "type_not_allowed"),
        ("(module (memory (export \"memory\") 1) (type (array i32)))", "type_not_allowed"),
        ("(module (memory (export \"memory\") 1) (global v128 (v128.const i32x4 0 0 0 0)))", "type_not_allowed"),
        ("(module (memory (export \"memory\") 1) (global externref (ref.null extern)))", "type_not_allowed"),
        ("(module (memory (export \"memory\") 1) (func block (result f32) unreachable end drop))", "type_not_allowed"),
        (
            "(module (memory (export \"memory\") 1) (func block (result i32 i32) unreachable end drop drop))",
            "too_many_results",
        ),
        (
            "(module (memory (export \"memory\") 1) (global (export \"counterpart.stack\") i32 (i32.const 0)))",
            "reserved_export",
        ),
    ];
    for (text, name) in cases {
        let error = prepare(&parse(text), &Profile::v1()).expect_err(text);
        assert_eq!(error.name(), name, "{text}: {error}");
    }
    let older = Profile { host_table: 0, ..Profile::v1() };
    let import =
        parse("(module (import \"counterpart\" \"chain_id\" (func (result i64))) (memory (export \"memory\") 1))");
    assert_eq!(prepare(&import, &older).expect_err("newer than the profile").name(), "import_too_new");
}

#[test]
fn declared_counts_are_refused_before_anything_is_kept_for_them() {
    // Type, import, function, table, memory, global, export, element, data: sections that promise 2^32 - 1 entries.
    for id in [1u8, 2, 3, 4, 5, 6, 7, 9, 11] {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend_from_slice(&[id, 5, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        let error = prepare(&bytes, &Profile::v1()).expect_err("no such count");
        assert!(matches!(error, ModuleError::Limit { value: 0xffff_ffff, .. }), "section {id}: {error}");
    }
}

#[test]
fn damaged_bytes_never_do_more_than_be_refused() {
    let valid = with(
        "(type (func)) (global i64 (i64.const 1)) (table 1 1 funcref) (elem (i32.const 0) 0) (data (i32.const 8) \"abc\") (func (export \"call\") (local i32) loop (br_if 0 (local.get 0)) end (memory.fill (i32.const 0) (i32.const 0) (i32.const 8)))",
    );
    let profile = Profile::v1();
    prepare(&valid, &profile).expect("accepted as it is");
    let accepted_prefixes = (0..valid.len()).filter(|length| prepare(&valid[..*length], &profile).is_ok()).count();
    // A module without its last sections may be whole; the ones cut inside of a section are not.
    assert!(accepted_prefixes <= 4, "{accepted_prefixes} prefixes are accepted");
    for index in 0..valid.len() {
        for bit in 0..8 {
            let mut bytes = valid.clone();
            bytes[index] ^= 1 << bit;
            if let Ok(prepared) = prepare(&bytes, &profile) {
                wasmparser::Validator::new().validate_all(&prepared.wasm).expect("what is metered is valid");
            }
        }
    }
    let twice = [&valid[..], &valid[8..]].concat();
    assert_eq!(prepare(&twice, &profile).expect_err("sections stand twice").name(), "malformed");
}
