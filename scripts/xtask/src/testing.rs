//! `cargo xtask test`: every test, and one line that counts them.

use crate::{cargo, contracts};
use anyhow::{Context, bail};
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Test binaries that run at the same time.
const AT_ONCE: usize = 2;

/// What to test.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only these packages; all when none is named.
    packages: Vec<String>,
}

/// Numbers summed over all test binaries.
#[derive(Default)]
struct Count {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// Builds the contracts, runs the tests, prints the count; fails when a test fails or none ran.
///
/// `cargo test` runs one binary after the other; here two run at a time, because some have one long test each.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    contracts::build_all(true)?;
    let of_packages = |command: &mut Command| {
        if arguments.packages.is_empty() {
            command.arg("--workspace");
        }
        arguments.packages.iter().for_each(|package| {
            command.args(["--package", package]);
        });
    };
    let mut build = cargo();
    build.args(["test", "--locked", "--no-run", "--message-format=json-render-diagnostics"]);
    of_packages(&mut build);
    let built = build.stdout(Stdio::piped()).spawn().context("cargo does not start")?.wait_with_output()?;
    if !built.status.success() {
        bail!("the tests do not compile");
    }
    let queue = Mutex::new(String::from_utf8_lossy(&built.stdout).lines().filter_map(binary).collect::<VecDeque<_>>());
    let total = Mutex::new(Count::default());
    let failed = Mutex::new(Vec::new());
    let work = || -> anyhow::Result<()> {
        while let Some(binary) = lock(&queue).pop_front() {
            let started = Instant::now();
            let output = Command::new(&binary.path).current_dir(&binary.folder).envs(binary.environment()).output();
            let output = output.with_context(|| format!("{} does not start", binary.path.display()))?;
            let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let mut total = lock(&total);
            println!(
                "     Running {} ({}), {} s\n{text}",
                binary.name,
                binary.folder.display(),
                started.elapsed().as_secs()
            );
            if !output.status.success() {
                // What ends by a signal has no result line: out of memory, for one.
                eprintln!("{errors}\n{}: {}", binary.name, output.status);
                lock(&failed).push(format!("{} ({})", binary.name, output.status));
            }
            text.lines().for_each(|line| add_result_line(line, &mut total));
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let mut documentation = cargo();
    documentation.args(["test", "--locked", "--no-fail-fast", "--doc"]);
    of_packages(&mut documentation);
    let mut total = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    // A package without a library has no documentation to test, and cargo takes that for an error where it is named alone.
    if arguments.packages.is_empty() {
        let output = documentation.stderr(Stdio::inherit()).output().context("cargo does not start")?;
        let text = String::from_utf8_lossy(&output.stdout);
        println!("{text}");
        text.lines().for_each(|line| add_result_line(line, &mut total));
        if !output.status.success() {
            failed.push("documentation".to_owned());
        }
    }
    println!("{} passed, {} failed, {} skipped", total.passed, total.failed, total.ignored);
    if !failed.is_empty() || total.failed > 0 {
        bail!("tests failed: {}", failed.join(", "));
    }
    if total.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

/// A compiled test.
struct Binary {
    package: String,
    name: String,
    path: PathBuf,
    folder: PathBuf,
}

impl Binary {
    /// What cargo sets when it runs a test.
    fn environment(&self) -> [(&'static str, &OsStr); 2] {
        [("CARGO_MANIFEST_DIR", self.folder.as_os_str()), ("CARGO_PKG_NAME", OsStr::new(&self.package))]
    }
}

/// The test that a message of cargo is about.
fn binary(line: &str) -> Option<Binary> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_test = message["reason"] == "compiler-artifact" && message["profile"]["test"] == true;
    let path = message["executable"].as_str().filter(|_| is_test)?;
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_path_buf();
    let name = format!("{} of {}", message["target"]["name"].as_str()?, folder.file_name()?.to_string_lossy());
    // `path+file:///folder#name@version`, or `#version` where the folder has the package's name.
    let described = message["package_id"].as_str()?.rsplit('#').next()?;
    let package = match described.split_once('@') {
        Some((package, _)) => package.to_owned(),
        None => folder.file_name()?.to_string_lossy().into_owned(),
    };
    Some(Binary { package, name, path: PathBuf::from(path), folder })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds a line of the form `test result: ok. 3 passed; 0 failed; 0 ignored; ...`.
fn add_result_line(line: &str, count: &mut Count) {
    let Some(rest) = line.trim_start().strip_prefix("test result: ") else { return };
    for part in rest.split([';', '.']) {
        let mut words = part.split_whitespace();
        let (Some(number), Some(what)) = (words.next(), words.next()) else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match what {
            "passed" => count.passed += number,
            "failed" => count.failed += number,
            "ignored" => count.ignored += number,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_summed_and_other_lines_are_not() {
        let mut count = Count::default();
        for line in [
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test a::b ... ok",
            "test result: FAILED. 2 passed; 5 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ] {
            add_result_line(line, &mut count);
        }
        assert_eq!((count.passed, count.failed, count.ignored), (5, 5, 1));
    }
}
