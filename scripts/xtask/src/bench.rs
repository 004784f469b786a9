//! `cargo xtask bench`: benchmarks stay outside of the tests; each prints ratios of one run.
//!
//! The benchmark `NAME` is the crate `counterpart-bench-NAME`, wherever it lies in the workspace: its binary takes
//! `--json` and whatever follows `--`. Features that it is to be built with stand in its manifest:
//!
//! ```toml
//! [package.metadata.bench]
//! features = ["metered"]
//! ```

use crate::cargo;
use anyhow::{Context, bail};
use serde_json::Value;

/// What the names of benchmark crates begin with.
const PREFIX: &str = "counterpart-bench-";

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

/// Builds one benchmark in release and runs it.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let benchmarks = benchmarks()?;
    let Some((package, features)) = benchmarks.iter().find(|(package, _)| package[PREFIX.len()..] == arguments.name)
    else {
        let names: Vec<&str> = benchmarks.iter().map(|(package, _)| &package[PREFIX.len()..]).collect();
        bail!("there is no benchmark {}; there are: {}", arguments.name, names.join(", "));
    };
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--locked", "--package", package, "--features", features, "--"]);
    if arguments.json {
        command.arg("--json");
    }
    let status = command.args(&arguments.rest).status().context("cargo does not start")?;
    if !status.success() {
        bail!("the benchmark {} failed", arguments.name);
    }
    Ok(())
}

/// The benchmark crates of the workspace with their features, separated by commas.
fn benchmarks() -> anyhow::Result<Vec<(String, String)>> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1", "--locked"])
        .output()
        .context("cargo does not start")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let document: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
    let packages = document["packages"].as_array().context("cargo metadata names no packages")?;
    let mut found: Vec<(String, String)> = packages
        .iter()
        .filter_map(|package| {
            let name = package["name"].as_str().filter(|name| name.starts_with(PREFIX))?;
            let features = package["metadata"]["bench"]["features"].as_array();
            let features: Vec<&str> = features.into_iter().flatten().filter_map(Value::as_str).collect();
            Some((name.to_owned(), features.join(",")))
        })
        .collect();
    found.sort();
    Ok(found)
}
