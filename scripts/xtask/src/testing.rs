//! `cargo xtask test`: every test, and one line that counts them.

use crate::{cargo, contracts};
use anyhow::{Context, bail};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

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
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    contracts::build_all(true)?;
    let mut command = cargo();
    command.args(["test", "--locked", "--no-fail-fast"]);
    if arguments.packages.is_empty() {
        command.arg("--workspace");
    }
    arguments.packages.iter().for_each(|package| {
        command.args(["--package", package]);
    });
    let mut child = command.stdout(Stdio::piped()).spawn().context("cargo does not start")?;
    let mut count = Count::default();
    for line in BufReader::new(child.stdout.take().context("the output is piped")?).lines() {
        let line = line.context("the output of cargo cannot be read")?;
        println!("{line}");
        add_result_line(&line, &mut count);
    }
    let status = child.wait().context("cargo does not end")?;
    println!("{} passed, {} failed, {} skipped", count.passed, count.failed, count.ignored);
    if !status.success() || count.failed > 0 {
        bail!("tests failed");
    }
    if count.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
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
