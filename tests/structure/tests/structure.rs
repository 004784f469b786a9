//! The rules of the code base that a machine can check.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders below the top").to_path_buf()
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    metadata["packages"].as_array().expect("a list").clone()
}

fn short(name: &str) -> &str {
    name.strip_prefix("counterpart-").unwrap_or(name)
}

/// The edges that ARCHITECTURE.md allows.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page is there");
    let list = page.split("```edges\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an edges block");
    let edge = |line: &str| {
        let (name, targets) = line.split_once(':').expect("name: targets");
        (name.to_owned(), targets.split_whitespace().map(str::to_owned).collect())
    };
    list.lines().map(edge).collect()
}

#[test]
fn dependencies_follow_the_edges_of_the_architecture_page() {
    let allowed = allowed();
    let mut wrong = Vec::new();
    for package in packages() {
        let name = short(package["name"].as_str().expect("a name")).to_owned();
        let manifest = Path::new(package["manifest_path"].as_str().expect("a path")).to_path_buf();
        let top = manifest.strip_prefix(root()).expect("inside").components().next().expect("a folder");
        let top = top.as_os_str().to_string_lossy().into_owned();
        if !matches!(top.as_str(), "host-functions" | "runtime" | "sdk" | "contracts") {
            continue;
        }
        let dependencies = package["dependencies"].as_array().expect("a list").iter();
        for dependency in dependencies.filter(|dependency| dependency["kind"].is_null()) {
            let target = dependency["name"].as_str().expect("a name");
            let path = dependency["path"].as_str();
            if target == "wasmtime" && name != "vm" {
                wrong.push(format!("{name} names wasmtime"));
            }
            let Some(path) = path else { continue };
            let contract_to_contract = top == "contracts" && Path::new(path).starts_with(root().join("contracts"));
            let contract_to_sdk = top == "contracts" && target == "counterpart-sdk";
            let native_service = top == "contracts" && manifest.to_string_lossy().contains("/native/");
            let listed = allowed.get(&name).is_some_and(|targets| targets.contains(short(target)));
            if !(listed || contract_to_contract || contract_to_sdk || native_service) {
                wrong.push(format!("{name} -> {}", short(target)));
            }
        }
        if top != "contracts" && !allowed.contains_key(&name) {
            wrong.push(format!("{name} is not in ARCHITECTURE.md"));
        }
    }
    assert!(wrong.is_empty(), "edges that ARCHITECTURE.md does not allow: {wrong:#?}");
}

fn source_files() -> Vec<PathBuf> {
    let output = Command::new("git").args(["ls-files"]).current_dir(root()).output().expect("git starts");
    let listing = String::from_utf8(output.stdout).expect("paths are UTF-8");
    listing.lines().map(|line| root().join(line)).filter(|path| path.is_file()).collect()
}

#[test]
fn source_files_stay_below_600_lines() {
    let too_long = |path: &PathBuf| {
        let lines = std::fs::read_to_string(path).expect("readable").lines().count();
        (lines > 600).then(|| format!("{} has {lines} lines", path.display()))
    };
    let rust = source_files().into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let wrong: Vec<String> = rust.filter_map(|path| too_long(&path)).collect();
    assert!(wrong.is_empty(), "split where a seam is: {wrong:#?}");
}

#[test]
fn nothing_unfinished_is_left_in_the_sources() {
    // Written apart, so that this file does not find itself.
    let marks = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[ign", "ore"), concat!("FIX", "ME")];
    let mut wrong = Vec::new();
    for path in source_files() {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let code = path.extension().is_some_and(|extension| ["rs", "toml", "ts", "js"].iter().any(|e| extension == *e));
        wrong.extend(
            marks
                .iter()
                .filter(|mark| code && text.contains(**mark))
                .map(|mark| format!("{mark} in {}", path.display())),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_package_inherits_the_workspace_lints() {
    for package in packages() {
        let manifest = package["manifest_path"].as_str().expect("a path");
        let text = std::fs::read_to_string(manifest).expect("readable");
        assert!(text.contains("[lints"), "{manifest} has no [lints]");
    }
}

#[test]
fn every_package_has_a_readme_that_begins_with_its_first_doc_line() {
    let mut wrong = Vec::new();
    for package in packages() {
        let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
        let folder = manifest.parent().expect("a manifest lies in a folder");
        let roots = ["src/lib.rs", "src/main.rs"].map(|file| std::fs::read_to_string(folder.join(file)).ok());
        let Some(source) = roots.into_iter().flatten().next() else { continue };
        let first = source.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or_default();
        let first = first.replace("[`", "`").replace("`]", "`");
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        let sentence = readme.split("\n\n").nth(1).unwrap_or_default().replace('\n', " ");
        if first.is_empty() || !sentence.trim_start().starts_with(first.trim_end()) {
            wrong.push(format!("{}: expected a README.md that begins with `{first}`", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The text of a target: of its root file and of every module it declares in a file of its own.
fn text_of_target(file: &Path, folder: &Path) -> String {
    let mut text = std::fs::read_to_string(file).expect("readable");
    let declared = |line: &str| {
        let line = line.trim_start().strip_suffix(';')?;
        let (before, name) = line.rsplit_once("mod ")?;
        (before.is_empty() || before.starts_with("pub")).then(|| name.to_owned())
    };
    for name in text.clone().lines().filter_map(declared) {
        let inner = folder.join(&name);
        let places = [folder.join(format!("{name}.rs")), inner.join("mod.rs")];
        places.iter().filter(|place| place.is_file()).for_each(|place| text += &text_of_target(place, &inner));
    }
    text
}

#[test]
fn targets_are_compiled_for_tests_when_they_hold_some() {
    let mut wrong = Vec::new();
    for package in packages() {
        for target in package["targets"].as_array().expect("a list") {
            let kinds = target["kind"].as_array().expect("a list");
            if !kinds.iter().any(|kind| ["lib", "rlib", "bin", "proc-macro"].iter().any(|known| kind == known)) {
                continue;
            }
            let file = Path::new(target["src_path"].as_str().expect("a path"));
            let text = text_of_target(file, file.parent().expect("a file lies in a folder"));
            let documented = text.lines().any(|line| {
                let line = line.trim_start();
                ["/// ```", "//! ```"].iter().any(|mark| line.starts_with(mark))
            });
            let library = !kinds.iter().any(|kind| kind == "bin");
            let holds = [("test", text.contains("#[test]")), ("doctest", library && documented)];
            for (setting, held) in holds {
                if target[setting] != held {
                    wrong.push(format!("{}: `{setting}` has to be {held} for {}", package["name"], target["name"]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "an empty test binary costs its linking, a test in none never runs: {wrong:#?}");
}
