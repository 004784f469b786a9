//! `cargo xtask bench`: benchmarks stay outside of the tests; each prints ratios of one run.

use crate::cargo;
use anyhow::{Context, bail};

/// Which benchmark.
#[derive(clap::Args)]
pub struct Arguments {
    /// The benchmark's name, such as `vm` or `ledger`.
    name: String,
    /// Print the figures as one JSON document on stdout.
    #[arg(long)]
    json: bool,
    /// Arguments for the benchmark itself, after `--`.
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Builds the benchmarks in release and runs one.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--locked", "--package", "counterpart-bench", "--"]);
    command.arg(&arguments.name);
    if arguments.json {
        command.arg("--json");
    }
    let status = command.args(&arguments.rest).status().context("cargo does not start")?;
    if !status.success() {
        bail!("the benchmark {} failed", arguments.name);
    }
    Ok(())
}
