//! `cargo xtask bench`: benchmarks stay outside of the tests; each prints ratios of one run.
//!
//! The benchmark `NAME` is the crate `counterpart-bench-NAME`, wherever it lies in the workspace: its binary takes
//! `--json` and whatever follows `--`. What it needs stands in its manifest:
//!
//! ```toml
//! [package.metadata.bench]
//! features = ["long"]
//! contracts = true # it runs contracts of the suite
//! builds = ["counterpart-cli"] # it runs their programs, which lie beside its own
//! ```

use crate::{cargo, contracts};
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
    let Some(benchmark) = benchmarks.iter().find(|found| found.package[PREFIX.len()..] == arguments.name) else {
        let names: Vec<&str> = benchmarks.iter().map(|found| &found.package[PREFIX.len()..]).collect();
        bail!("there is no benchmark {}; there are: {}", arguments.name, names.join(", "));
    };
    let Benchmark { package, features, contracts, builds } = benchmark;
    if *contracts {
        contracts::build_all(true)?;
    }
    for other in builds {
        let built = cargo().args(["build", "--release", "--quiet", "--locked", "--package", other]).status()?;
        if !built.success() {
            bail!("{other} does not compile");
        }
    }
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

/// A benchmark crate of the workspace.
struct Benchmark {
    package: String,
    /// Separated by commas.
    features: String,
    /// Whether the contracts have to be built.
    contracts: bool,
    /// Packages whose programs it runs.
    builds: Vec<String>,
}

fn benchmarks() -> anyhow::Result<Vec<Benchmark>> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1", "--locked"])
        .output()
        .context("cargo does not start")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let document: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
    let packages = document["packages"].as_array().context("cargo metadata names no packages")?;
    let mut found: Vec<Benchmark> = packages
        .iter()
        .filter_map(|package| {
            let name = package["name"].as_str().filter(|name| name.starts_with(PREFIX))?;
            let features = package["metadata"]["bench"]["features"].as_array();
            let features: Vec<&str> = features.into_iter().flatten().filter_map(Value::as_str).collect();
            let contracts = package["metadata"]["bench"]["contracts"].as_bool().unwrap_or(false);
            let builds = package["metadata"]["bench"]["builds"].as_array().into_iter().flatten();
            let builds = builds.filter_map(Value::as_str).map(str::to_owned).collect();
            Some(Benchmark { package: name.to_owned(), features: features.join(","), contracts, builds })
        })
        .collect();
    found.sort_by(|one, other| one.package.cmp(&other.package));
    Ok(found)
}
