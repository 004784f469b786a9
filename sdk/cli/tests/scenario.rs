//! `counterpart scenario run`: what it prints and how it exits.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
    command.current_dir(top()).args(["scenario", "run"]).args(arguments).output().expect("the command runs")
}

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("case.yaml");
    std::fs::write(&path, text).expect("a folder for tests");
    path.to_string_lossy().into_owned()
}

/// How many scenarios of the repository deviate, how many do not, and how many steps of all have no counterpart.
fn written() -> [u64; 3] {
    let folders = std::fs::read_dir(top().join("tests/scenarios")).expect("the folder of scenarios").flatten();
    let files =
        folders.flat_map(|folder| std::fs::read_dir(folder.path()).expect("a folder for each contract").flatten());
    let texts: Vec<String> = files.map(|file| std::fs::read_to_string(file.path()).expect("a file")).collect();
    let deviate = texts.iter().filter(|text| text.contains("\ndeviates:")).count();
    let unmapped: usize = texts.iter().map(|text| text.matches("{ unmapped:").count()).sum();
    [deviate, texts.len() - deviate, unmapped].map(|count| count as u64)
}

#[test]
fn the_scenarios_of_the_repository_pass_and_unmapped_steps_are_counted() {
    let output = run(&["tests/scenarios", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(output.status.code(), Some(0), "{document}");
    let [deviate, pass, unmapped] = written();
    assert!(pass >= 120, "{pass}");
    let counts = ["failed", "deviates", "passed", "unmapped"].map(|name| document[name].as_u64());
    assert_eq!(counts, [Some(0), Some(deviate), Some(pass), Some(unmapped)], "{document}");
    let people = run(&["tests/scenarios/token"]);
    let text = String::from_utf8_lossy(&people.stdout).into_owned();
    assert!(text.ends_with("2 passed, 0 failed, 0 deviate; 1 steps unmapped\n"), "{text}");
}

#[test]
fn a_failure_exits_with_one_and_names_step_expected_and_got() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(
        folder.path(),
        "name: wrong\nactors: [a]\nsteps:\n  - { as: a, deploy: token, id: t, args: { name: A, symbol: B, decimals: 2 } }\n  \
         - { as: a, call: t.mint, args: { to: $a, units: 1 }, then: { t.total_supply(): 2 } }\n",
    );
    let output = run(&[&path, "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(output.status.code(), Some(1), "{document}");
    let failure = &document["scenarios"][0]["failure"];
    assert_eq!((&failure["step"], &failure["what"]), (&Value::from(2), &Value::from("t.total_supply()")));
    assert_eq!((&failure["expected"], failure["got"].to_string().contains('1')), (&Value::from(2), true));
}

#[test]
fn what_is_no_scenario_is_an_error_of_input() {
    let folder = tempfile::tempdir().expect("a folder");
    for text in ["{", "name: x", "name: x\nactors: []\nsteps: [{ as: nobody, call: a.b }]\n"] {
        let output = run(&[&file(folder.path(), text), "--json"]);
        let error: Value = serde_json::from_slice(&output.stderr).expect("a document");
        assert_eq!((output.status.code(), &error["error"]["code"]), (Some(2), &Value::from("bad_scenario")), "{error}");
    }
    assert_eq!(run(&["no/such/file.yaml"]).status.code(), Some(2));
}
