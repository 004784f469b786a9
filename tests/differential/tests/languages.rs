//! The same small token in Rust, C, Zig and AssemblyScript: the same post-state, events and refusals, on every engine.
//!
//! A compiler is taken from the path, or from the variables `CLANG`, `ZIG` (also the module `ziglang` of Python) and
//! `ASC`. Where one is missing, its language is skipped with a message.

use counterpart_differential::Chain;
use counterpart_ledger::{Action, Address, Hash, Outcome, contract_address};
use std::path::{Path, PathBuf};
use std::process::Command;

const GAS: u64 = 10_000_000;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("languages")
}

/// A command from a variable or the path, if it starts.
fn tool(variable: &str, words: &[&str]) -> Option<Vec<String>> {
    let given = std::env::var(variable).ok().map(|path| vec![path]);
    let words = given.unwrap_or_else(|| words.iter().map(|word| (*word).to_owned()).collect());
    let version = if words.len() > 1 || words[0].contains("zig") { "version" } else { "--version" };
    let output = Command::new(&words[0]).args(&words[1..]).arg(version).output().ok()?;
    output.status.success().then_some(words)
}

/// Compiles a source with a tool; `{out}` in the arguments stands for the file to write.
fn compile(tool: &[String], arguments: &[&str], folder: &Path, name: &str) -> Vec<u8> {
    let out = folder.join(format!("{name}.wasm"));
    let arguments = arguments.iter().map(|argument| argument.replace("{out}", &out.to_string_lossy()));
    let mut command = Command::new(&tool[0]);
    command.args(&tool[1..]).args(arguments).current_dir(sources());
    // Caches of compilers belong beside the result.
    command.env("ZIG_GLOBAL_CACHE_DIR", folder).env("ZIG_LOCAL_CACHE_DIR", folder);
    let output = command.output().expect("the compiler starts");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(out).expect("the compiler wrote its result")
}

/// Name and code of the token in every language whose compiler is there; Rust first.
fn tokens(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let rust = [
        "--edition=2024",
        "--target=wasm32-unknown-unknown",
        "--crate-type=cdylib",
        "-Copt-level=s",
        "-Cpanic=abort",
        "-Clink-arg=-zstack-size=16384",
        "token.rs",
        "-o{out}",
    ];
    let clang = [
        "--target=wasm32",
        "-nostdlib",
        "-ffreestanding",
        "-fno-builtin",
        "-O2",
        "-I../../../sdk/c",
        "-Wl,--no-entry,--export=call,--export=deploy,-zstack-size=16384",
        "token.c",
        "-o",
        "{out}",
    ];
    let zig = [
        "build-exe",
        "token.zig",
        "-target",
        "wasm32-freestanding",
        "-O",
        "ReleaseSmall",
        "-fno-entry",
        "--export=call",
        "--export=deploy",
        "--stack",
        "16384",
        "-femit-bin={out}",
    ];
    let asc = ["token.ts", "--runtime", "stub", "-O3", "--noAssert", "--outFile", "{out}"];
    let mut tokens = vec![("rust", compile(&[rustc], &rust, folder, "rust"))];
    let zig_tool = tool("ZIG", &["zig"]).or_else(|| tool("ZIG", &["python3", "-m", "ziglang"]));
    let others = [
        ("c", tool("CLANG", &["clang"]), &clang[..]),
        ("zig", zig_tool, &zig[..]),
        ("assemblyscript", tool("ASC", &["asc"]), &asc[..]),
    ];
    for (name, tool, arguments) in others {
        match tool {
            Some(tool) => tokens.push((name, compile(&tool, arguments, folder, name))),
            None => eprintln!("skipped: there is no compiler for {name} (see the head of this test)"),
        }
    }
    tokens
}

/// A transaction's outcome, outputs, events and writes, without the address of the contract.
type Trace = (String, Vec<Vec<u8>>, Vec<(Vec<Hash>, Vec<u8>)>, Vec<(Vec<u8>, Option<Vec<u8>>)>);

/// Deploys a token and makes transfers, some of which it refuses.
fn story(code: Vec<u8>) -> Vec<Trace> {
    let mut chain = Chain::new();
    let uploaded = chain.run(vec![Action::Upload { code }], 900_000_000, None);
    chain.keep(&uploaded);
    let output = uploaded.receipt().outputs.first().unwrap_or_else(|| panic!("{:?}", uploaded.receipt().outcome));
    let code_hash = Hash(output.as_slice().try_into().expect("a hash has 32 bytes"));
    let contract = contract_address(&chain.sender(), &code_hash, &Hash::ZERO);
    let transfer = |to: Address, units: u128| [&to.0[..], &units.to_le_bytes()].concat();
    let (bob, sender) = (Address([5; 32]), chain.sender());
    let inputs = [
        transfer(bob, 1),
        transfer(bob, 999_999_000),
        transfer(sender, 7),
        transfer(bob, 1_000),
        transfer(bob, u128::MAX),
        transfer(bob, 1)[..47].to_vec(),
        transfer(bob, 999),
        transfer(bob, 1),
    ];
    let deploy = Action::Deploy { code_hash, salt: Hash::ZERO, input: Vec::new(), value: 0 };
    let calls = inputs.into_iter().map(|input| Action::Call { contract, input, value: 0 });
    let mut traces = Vec::new();
    for action in std::iter::once(deploy).chain(calls) {
        let is_deploy = matches!(action, Action::Deploy { .. });
        let seen = chain.run(vec![action], GAS, None);
        let receipt = seen.receipt();
        let outcome = match &receipt.outcome {
            Outcome::Revert { code, data, .. } => format!("revert {code} {data:?}"),
            other => format!("{other:?}"),
        };
        let outputs = if is_deploy { Vec::new() } else { receipt.outputs.clone() };
        let events = receipt.events.iter().map(|event| (event.topics.clone(), event.data.clone())).collect();
        let own = seen.result.writes.iter().filter(|(key, _)| key.starts_with(&contract.0));
        let writes = own.map(|(key, write)| (key[32..].to_vec(), write.new.clone())).collect();
        traces.push((outcome, outputs, events, writes));
        chain.keep(&seen);
    }
    traces
}

#[test]
fn tokens_of_every_language_leave_the_same_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut expected: Option<Vec<Trace>> = None;
    for (name, code) in tokens(folder.path()) {
        println!("{name}: {} bytes", code.len());
        let traces = story(code);
        match &expected {
            None => {
                let outcomes: Vec<&str> = traces.iter().map(|trace| trace.0.split(' ').next().unwrap_or("")).collect();
                let (good, bad) = ("Success", "revert");
                assert_eq!(outcomes, [good, good, good, good, bad, bad, bad, good, bad]);
                assert_eq!((traces[1].1.clone(), traces[1].2.len(), traces[1].3.len()), (vec![vec![1]], 1, 2));
                expected = Some(traces);
            }
            Some(expected) => assert_eq!(expected, &traces, "{name}"),
        }
    }
}
