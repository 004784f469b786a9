//! `counterpart module` from outside: both forms of a module, documents for machines, exit codes.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const GOOD: &str = r#"(module
    (import "counterpart" "input" (func $input (param i32 i32 i32) (result i64)))
    (import "counterpart" "storage_set" (func $set (param i32 i32 i32 i32) (result i64)))
    (import "counterpart" "emit" (func $emit (param i32 i32 i32 i32) (result i64)))
    (import "counterpart" "set_return" (func $return (param i32 i32) (result i64)))
    (import "counterpart" "revert" (func $revert (param i32 i32 i32) (result i64)))
    (memory (export "memory") 1)
    (data (i32.const 0) "key")
    (func (export "call") (local $length i32)
        (local.set $length (i32.wrap_i64 (call $input (i32.const 16) (i32.const 0) (i32.const 64))))
        (drop (call $set (i32.const 0) (i32.const 3) (i32.const 16) (local.get $length)))
        (drop (call $emit (i32.const 0) (i32.const 0) (i32.const 16) (local.get $length)))
        (drop (call $return (i32.const 16) (local.get $length))))
    (func (export "refuse") (drop (call $revert (i32.const 7) (i32.const 0) (i32.const 3))))
    (func (export "endless") (loop (br 0)))
    (func (export "trap") unreachable))"#;

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("the folder can be written");
        path
    }

    /// The good module in text and in binary form.
    fn good(&self) -> [PathBuf; 2] {
        let binary = wat::parse_str(GOOD).expect("well formed");
        [self.write("good.wat", GOOD), self.write("good.wasm", binary)]
    }
}

fn module(arguments: &[&str], file: &Path, rest: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
    command.arg("module").args(arguments).arg(file).args(rest).output().expect("the command starts")
}

fn document(output: &Output) -> Value {
    let text = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
    serde_json::from_slice(text).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(text)))
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn check_accepts_both_forms_alike() {
    let files = Files::new();
    let [text, binary] = files.good().map(|file| module(&["check"], &file, &["--json"]));
    assert_eq!((code(&text), code(&binary)), (Some(0), Some(0)));
    let document = document(&text);
    assert_eq!(text.stdout, binary.stdout, "the form does not show");
    assert_eq!(document["accepted"], true);
    assert_eq!(document["entries"], serde_json::json!(["call", "endless", "refuse", "trap"]));
    let bytes = document["bytes"].as_u64().expect("a number");
    assert_eq!(document["upload_gas"], 850_000 + 660 * bytes);
    assert!(document["metered_bytes"].as_u64() > Some(bytes));
    let people = module(&["check"], &files.good()[0], &[]);
    assert!(String::from_utf8_lossy(&people.stdout).starts_with("accepted\n"));
}

#[test]
fn check_says_which_rule_is_broken() {
    let files = Files::new();
    let cases = [
        ("float.wat", r#"(module (memory (export "memory") 1) (func (local f32)))"#, "type"),
        ("start.wat", r#"(module (memory (export "memory") 1) (func $f) (start $f))"#, "start"),
        ("import.wat", r#"(module (import "env" "abort" (func)) (memory (export "memory") 1))"#, "import"),
        ("memory.wat", r#"(module (memory (export "memory") 257))"#, "memory_too_large"),
    ];
    for (name, text, word) in cases {
        let file = files.write(name, text);
        let refused = module(&["check"], &file, &["--json"]);
        let document = document(&refused);
        assert_eq!((code(&refused), &document["accepted"]), (Some(1), &Value::Bool(false)), "{name}");
        assert!(document["code"].as_u64().is_some_and(|code| code > 0), "{document}");
        let told = document["name"].as_str().expect("a name");
        assert!(told.contains(word), "{name} is refused as {told}");
        assert!(document["message"].as_str().is_some_and(|message| message.contains("offset")), "{document}");
    }
}

#[test]
fn what_is_no_module_is_an_error_of_input() {
    let files = Files::new();
    for file in [files.write("broken.wat", "(module (func"), files.folder.path().join("absent.wasm")] {
        let output = module(&["check"], &file, &["--json"]);
        assert_eq!(code(&output), Some(2), "{}", file.display());
        assert!(document(&output)["error"]["message"].is_string());
    }
    // Bytes that are read and are no module get the rule's code, as an upload would.
    let output = module(&["check"], &files.write("empty.wasm", ""), &["--json"]);
    assert_eq!((code(&output), &document(&output)["accepted"]), (Some(1), &Value::Bool(false)));
}

#[test]
fn run_gives_the_same_document_on_every_engine() {
    let files = Files::new();
    let [text, binary] = files.good();
    let mut first: Option<Value> = None;
    for engine in ["cranelift", "winch", "wasmi"] {
        for file in [&text, &binary] {
            let output = module(&["run"], file, &["--input", "0xabcdef", "--engine", engine, "--json"]);
            assert_eq!(code(&output), Some(0));
            let mut document = document(&output);
            assert_eq!(document["engine"], engine);
            document["engine"] = Value::Null;
            assert_eq!(document["output"], "0xabcdef");
            assert_eq!(document["outcome"]["status"], "success");
            assert_eq!(document["writes"][0]["new"], "0xabcdef");
            assert_eq!(document["events"][0]["data"], "0xabcdef");
            assert_eq!(&document, first.get_or_insert_with(|| document.clone()));
        }
    }
}

#[test]
fn run_exits_with_one_when_the_contract_fails() {
    let files = Files::new();
    let [file, _] = files.good();
    for (export, status) in [("refuse", "revert"), ("endless", "out_of_gas"), ("trap", "trap")] {
        for engine in ["cranelift", "winch", "wasmi"] {
            let rest = ["--call", export, "--gas", "50000", "--engine", engine, "--json"];
            let output = module(&["run"], &file, &rest);
            let document = document(&output);
            assert_eq!(code(&output), Some(1), "{document}");
            let told = document["outcome"]["status"].as_str().expect("a status");
            assert!(told.starts_with(status), "{export} ends with {told}");
            assert_eq!(document["writes"], serde_json::json!([]));
            if export == "endless" {
                assert_eq!(document["gas_used"], 50_000);
            }
        }
    }
}

#[test]
fn run_refuses_wrong_arguments() {
    let files = Files::new();
    let [file, _] = files.good();
    let cases: [(&[&str], i32); 4] = [
        (&["--input", "xyz", "--json"], 2),
        (&["--call", "absent", "--json"], 2),
        (&["--engine", "v8", "--json"], 2),
        (&["--gas", "-1", "--json"], 2),
    ];
    for (rest, exit) in cases {
        assert_eq!(code(&module(&["run"], &file, rest)), Some(exit), "{rest:?}");
    }
    let refused = files.write("float.wat", r#"(module (memory (export "memory") 1) (func (local f32)))"#);
    assert_eq!(code(&module(&["run"], &refused, &["--json"])), Some(1));
}

#[test]
fn instrument_writes_the_module_that_replicas_compute() {
    let files = Files::new();
    let [file, binary] = files.good();
    let out = files.folder.path().join("metered.wasm");
    let path = out.to_string_lossy().into_owned();
    let output = module(&["instrument"], &file, &["-o", &path, "--json"]);
    assert_eq!(code(&output), Some(0));
    let written = std::fs::read(&out).expect("written");
    let document = document(&output);
    assert_eq!(document["bytes"], written.len());
    let code_of = std::fs::read(binary).expect("readable");
    let profile = counterpart_module::Profile::v1();
    let prepared = counterpart_module::prepare(&code_of, &profile).expect("accepted");
    assert_eq!((written, document["hash"].as_str()), (prepared.wasm, Some(prepared.hash.to_string().as_str())));
    // What is metered already names the counters, and is refused.
    assert_eq!(code(&module(&["check"], &out, &["--json"])), Some(1));
    let nowhere = files.folder.path().join("absent/metered.wasm").to_string_lossy().into_owned();
    assert_eq!(code(&module(&["instrument"], &file, &["-o", &nowhere, "--json"])), Some(2));
}
