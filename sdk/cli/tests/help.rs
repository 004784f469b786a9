//! What every verb says about itself, and how errors look: reviewed when it changes. `UPDATE=1` writes it anew.

use std::path::Path;
use std::process::{Command, Output};

/// Runs the command in an empty folder; of what it prints, that folder is `HOME`.
fn counterpart(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
    command.args(arguments).current_dir(folder.path()).env("COUNTERPART_HOME", folder.path());
    // Nobody listens on port 1.
    command.env("COUNTERPART_RPC", "http://127.0.0.1:1").env_remove("COUNTERPART_SDK").env_remove("COUNTERPART_FROM");
    let mut output = command.env_remove("COUNTERPART_RULE").output().expect("the command starts");
    let path = folder.path().display().to_string();
    for printed in [&mut output.stdout, &mut output.stderr] {
        *printed = text(printed).replace(&path, "HOME").into_bytes();
    }
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Help of a command and of all below it.
fn help_of(path: &[&str], page: &mut String) {
    let output = counterpart(&[path, &["--help"]].concat());
    assert!(output.status.success() && output.stderr.is_empty(), "{path:?}: {}", text(&output.stderr));
    let help = text(&output.stdout);
    page.push_str(&format!("$ counterpart {}\n{help}\n", [path, &["--help"]].concat().join(" ")));
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in commands.take_while(|line| !line.is_empty()) {
        // A name stands after two spaces; what says more about it stands further in.
        let Some(name) = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) else { continue };
        let name = name.split_whitespace().next().expect("a name");
        if name != "help" {
            help_of(&[path, &[name]].concat(), page);
        }
    }
}

fn compare(file: &str, got: &str) {
    counterpart_golden::check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(file), got);
}

#[test]
fn every_verb_teaches() {
    let mut page = String::new();
    help_of(&[], &mut page);
    // Width and blank ends of lines are not what is reviewed.
    let page: String = page.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    compare("help.txt", &page);
}

#[test]
fn errors_have_cause_hint_and_exit_code() {
    let cases: &[&[&str]] = &[
        &["call", "token", "transfer"],
        &["call", "0x00", "transfer"],
        &["query", "dev:alice", "owner"],
        &["deploy", "missing.wasm"],
        &["build", "nowhere"],
        &["test", "--path", "nowhere"],
        &["verify"],
        &["verify", "--record", "missing.json"],
        &["new", "Upper"],
        &["new", "token", "--sdk", "nowhere"],
        &["new", "test"],
        &["faucet", "dev:alice", "-5"],
        &["storage", "dev:alice"],
        &["events", "nobody"],
        &["upgrade", "dev:alice", "missing.wasm"],
        &["bindings", "missing.wasm"],
        &["scenario", "run", "missing.yaml"],
        &["keys", "show", "nobody"],
        &["tx", "show", "12"],
        &["replay", "--data-dir", "missing"],
        &["frobnicate"],
    ];
    let mut page = String::new();
    for arguments in cases {
        for json in [false, true] {
            let words = if json { [*arguments, &["--json"]].concat() } else { arguments.to_vec() };
            let output = counterpart(&words);
            assert!(output.stdout.is_empty(), "{words:?} fails without a result: {}", text(&output.stdout));
            let code = output.status.code().expect("an exit code");
            page.push_str(&format!("$ counterpart {}\n{}exit code {code}\n\n", words.join(" "), text(&output.stderr)));
        }
    }
    compare("errors.txt", &page);
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = counterpart(&["completions", shell]);
        assert!(output.status.success() && text(&output.stdout).contains("scenario"), "{shell}");
    }
}

#[test]
fn the_doctor_looks_at_this_machine() {
    let output = counterpart(&["doctor", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let names: Vec<&str> =
        document["checks"].as_array().expect("checks").iter().filter_map(|check| check["what"].as_str()).collect();
    assert_eq!(names, ["rustc", "cargo", "wasm target", "cc", "home", "node"]);
    assert_eq!(output.status.success(), document["good"] == true);
}

#[test]
fn flags_go_before_the_environment_before_the_project_before_the_user() {
    let folder = tempfile::tempdir().expect("a folder");
    let (home, project) = (folder.path().join("home"), folder.path().join("project/inside"));
    std::fs::create_dir_all(&home).expect("made");
    std::fs::create_dir_all(&project).expect("made");
    // The node that cannot be reached is named in the error.
    let asked = |environment: Option<&str>, flag: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart"));
        command.current_dir(&project).env("COUNTERPART_HOME", &home).env_remove("COUNTERPART_RPC");
        command.envs(environment.map(|url| ("COUNTERPART_RPC", url)));
        command.args(["abi", "dev:alice"]).args(flag.iter().flat_map(|url| ["--rpc", url]));
        text(&command.output().expect("the command starts").stderr)
    };
    assert!(asked(None, None).contains("127.0.0.1:7545"));
    std::fs::write(home.join("config.toml"), "rpc = \"http://127.0.0.1:2\"\n").expect("written");
    assert!(asked(None, None).contains("127.0.0.1:2 "));
    let file = project.parent().expect("a folder").join("counterpart.toml");
    std::fs::write(&file, "rpc = \"http://127.0.0.1:3\"\ntimeout = 5\n").expect("written");
    assert!(asked(None, None).contains("127.0.0.1:3 "));
    assert!(asked(Some("http://127.0.0.1:4"), None).contains("127.0.0.1:4 "));
    assert!(asked(Some("http://127.0.0.1:4"), Some("http://127.0.0.1:5")).contains("127.0.0.1:5 "));
    for (content, said) in
        [("rpc = ", "counterpart.toml"), ("color = \"red\"", "`color` is no default"), ("rpc = [1]", "not array")]
    {
        std::fs::write(&file, content).expect("written");
        let error = asked(None, None);
        assert!(error.contains(said) && error.starts_with("error: "), "{error}");
    }
}
