//! `counterpart test`.

use crate::Context;
use crate::commands::build::build_failure;
use crate::coverage::Coverage;
use crate::gas::{GasReport, GasSnapshot};
use crate::output::{Exit, Failure, OrFail};
use counterpart_build::{Build, build, build_covering};
use serde_json::{Value, json};
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Build the contract in this folder and run its tests, natively and as Wasm.
///
/// Every `#[contract_test]` runs twice and has to leave equal receipts. With --gas the exact gas of every test is compared
/// with `gas.snapshot`, which is written if it is missing; --update-gas writes it anew. Exit code 1: a test failed, or gas
/// changed.
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of the contract or of its workspace.
    #[arg(long, default_value = ".", value_name = "DIR")]
    path: PathBuf,
    /// The package, when the folder is a workspace.
    #[arg(short, long)]
    package: Option<String>,
    /// Only tests whose names contain this.
    filter: Option<String>,
    /// Compare the gas of every test with gas.snapshot, and show what each method used.
    #[arg(long)]
    gas: bool,
    /// Write gas.snapshot anew.
    #[arg(long)]
    update_gas: bool,
    /// Say which lines of the contract the tests reached as Wasm, and write target/coverage/lcov.info.
    #[arg(long, conflicts_with_all = ["gas", "update_gas"])]
    coverage: bool,
    /// Do not change Cargo.lock.
    #[arg(long)]
    locked: bool,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let contracts = arguments.path.join("target/contracts");
    let request = Build {
        folder: arguments.path.clone(),
        package: arguments.package.clone(),
        out_dir: contracts.clone(),
        locked: arguments.locked,
        quiet: true,
    };
    let built = build(&request).map_err(build_failure)?;
    if arguments.coverage {
        return cover(context, &arguments, &request);
    }
    let with_gas = arguments.gas || arguments.update_gas;
    let notes = if with_gas { Some(("COUNTERPART_GAS", fresh(&arguments.path.join("target/gas"))?)) } else { None };
    let ran = cargo_test(context, &arguments, &built.package, &contracts, notes.as_ref())?;
    let mut document = ran.to_json(&built.package);
    let mut text = ran.to_string();
    let mut good = ran.success;
    if let Some((_, folder)) = &notes {
        let wasm = std::fs::read(&built.wasm).or_fail(Exit::Input, "read", built.wasm.display())?;
        let report = GasReport::read(folder, &wasm).or_fail(Exit::Input, "gas", folder.display())?;
        let path = arguments.path.join("gas.snapshot");
        let changed = compare(&path, &report.snapshot, &arguments)?;
        text = format!("{}{text}", report.to_table());
        for line in &changed {
            text.push_str(&format!("\ngas changed: {line}"));
        }
        document["gas"] = json!({ "methods": report.to_json(), "changed": changed });
        good &= changed.is_empty();
    }
    context.output.result(&document, &text);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}

/// Builds once more so that code tells what is reached, and runs the tests on that.
fn cover(context: &Context, arguments: &Arguments, request: &Build) -> anyhow::Result<ExitCode> {
    let folder = fresh(&arguments.path.join("target/coverage"))?;
    // Tests may use other contracts too, as they are.
    for entry in std::fs::read_dir(&request.out_dir).into_iter().flatten().flatten() {
        let from = entry.path();
        if from.extension().is_some_and(|extension| extension == "wasm") {
            let to = folder.join(entry.file_name());
            std::fs::copy(&from, &to).or_fail(Exit::Input, "write", to.display())?;
        }
    }
    let request = Build { out_dir: folder.clone(), ..request.clone() };
    let built = build_covering(&request).map_err(build_failure)?;
    let notes = ("COUNTERPART_COVERAGE", fresh(&folder.join("reached"))?);
    let ran = cargo_test(context, arguments, &built.package, &folder, Some(&notes))?;
    let lines = folder.join(format!("{}.lines.json", built.package));
    let coverage = Coverage::read(&lines, &notes.1, &hex::encode(built.hash));
    let coverage = coverage.or_fail(Exit::Bug, "coverage", "what the tests noted cannot be read")?;
    let lcov = folder.join("lcov.info");
    let top = arguments.path.canonicalize().unwrap_or_else(|_| arguments.path.clone());
    std::fs::write(&lcov, coverage.to_lcov(&top)).or_fail(Exit::Input, "write", lcov.display())?;
    let (reached, all) = coverage.total();
    let mut document = ran.to_json(&built.package);
    document["coverage"] = json!({ "reached": reached, "lines": all, "files": coverage.to_json(), "lcov": lcov });
    let percent = reached as f64 * 100.0 / (all as f64).max(1.0);
    let text = format!("{}{reached} of {all} lines reached, {percent:.1} %\n{ran}", coverage.to_table());
    context.output.result(&document, &text);
    Ok(if ran.success { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}

/// An empty folder.
fn fresh(folder: &Path) -> anyhow::Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).or_fail(Exit::Input, "write", folder.display())?;
    }
    std::fs::create_dir_all(folder).or_fail(Exit::Input, "write", folder.display())?;
    Ok(folder.to_path_buf())
}

/// Compares with the file, or writes it when it is missing or that was asked for.
fn compare(path: &Path, now: &GasSnapshot, arguments: &Arguments) -> anyhow::Result<Vec<String>> {
    if arguments.update_gas || !path.exists() {
        std::fs::write(path, now.to_text()).or_fail(Exit::Input, "write", path.display())?;
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(path).or_fail(Exit::Input, "read", path.display())?;
    let then = GasSnapshot::parse(&text).or_fail(Exit::Input, "gas", path.display())?;
    Ok(then.differences(now, arguments.filter.is_some()))
}

/// What cargo's tests said.
struct Ran {
    success: bool,
    passed: u64,
    ignored: u64,
    failed: Vec<String>,
}

impl Ran {
    fn to_json(&self, package: &str) -> Value {
        json!({
            "package": package, "passed": self.passed, "failed": self.failed.len(), "ignored": self.ignored,
            "failures": self.failed,
        })
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} ignored", self.passed, self.failed.len(), self.ignored)
    }
}

/// Runs the tests on the contracts of a folder; `notes` is a variable and the folder that tests write to.
fn cargo_test(
    context: &Context,
    arguments: &Arguments,
    package: &str,
    contracts: &Path,
    notes: Option<&(&str, PathBuf)>,
) -> anyhow::Result<Ran> {
    let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&arguments.path).args(["test", "--package", package, "--no-fail-fast"]);
    command.args(["--quiet"].iter().filter(|_| context.output.json));
    command.args(["--locked"].iter().filter(|_| arguments.locked));
    command.arg("--").arg("--format=pretty").args(&arguments.filter);
    command.env("COUNTERPART_CONTRACTS", absolute(contracts)).stdout(Stdio::piped());
    command.env_remove("COUNTERPART_GAS").env_remove("COUNTERPART_COVERAGE");
    if let Some((variable, folder)) = notes {
        command.env(variable, absolute(folder));
    }
    let mut child = command.spawn().map_err(|error| {
        Failure::new(Exit::Input, "build", format!("cargo does not start: {error}")).hint("install Rust with rustup")
    })?;
    let mut ran = Ran { success: false, passed: 0, ignored: 0, failed: Vec::new() };
    for line in child.stdout.take().into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
        let line = line.or_fail(Exit::Bug, "test", "the output of cargo cannot be read")?;
        if let Some((name, outcome)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... ")) {
            match outcome {
                "ok" => ran.passed += 1,
                "FAILED" => ran.failed.push(name.to_owned()),
                _ => ran.ignored += 1,
            }
        }
        context.output.note(line);
    }
    let status = child.wait().or_fail(Exit::Bug, "test", "cargo")?;
    ran.success = status.success();
    // Cargo fails without a failed test when the tests do not compile.
    if !ran.success && ran.failed.is_empty() {
        let failure = Failure::new(Exit::Input, "build", "the tests did not run to their end");
        return Err(failure.hint("the compiler's messages above say where").into());
    }
    Ok(ran)
}

impl GasReport {
    fn to_json(&self) -> Value {
        let methods = self.methods.iter();
        let one = |(name, used): (&String, &crate::gas::Used)| {
            (name.clone(), json!({ "calls": used.calls, "least": used.least, "mean": used.mean(), "most": used.most }))
        };
        Value::Object(methods.map(one).collect())
    }
}
