//! `cargo xtask mutants`: changes contracts one place at a time and counts how many of the changes their tests notice.

use crate::{cargo, contracts, root};
use anyhow::{Context, bail};
use serde_json::{Value, json};

/// Which contracts, and how many of their mutants.
#[derive(clap::Args)]
pub struct Arguments {
    /// The packages to change.
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<String>,
    /// Packages whose tests look at them too, where a library has none of its own.
    #[arg(long, value_name = "PACKAGE", value_delimiter = ',')]
    tested_by: Vec<String>,
    /// One mutant of so many, `K/N`: a sample in less time.
    #[arg(long, default_value = "0/1", value_name = "K/N")]
    shard: String,
    /// Print the counts as one JSON document on stdout.
    #[arg(long)]
    json: bool,
}

/// Runs them. Tests see native code alone: beside the Wasm, which is of the unchanged contract, every mutant would be noticed.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    contracts::build_all(true)?;
    let out = root().join("target/mutants");
    let mut command = cargo();
    command.args(["mutants", "--in-place", "--baseline", "skip", "--timeout", "120", "--shard", &arguments.shard]);
    command.arg("--output").arg(&out).env("COUNTERPART_NATIVE", "1");
    for package in &arguments.packages {
        command.args(["--package", package]);
    }
    if !arguments.tested_by.is_empty() {
        command.args(["--test-package", &arguments.tested_by.join(",")]);
    }
    let status = command.stdout(std::io::stderr()).status().context("cargo does not start")?;
    let text = std::fs::read_to_string(out.join("mutants.out/outcomes.json"));
    let text =
        text.with_context(|| format!("{status}; `cargo install cargo-mutants --locked` installs the command"))?;
    let found: Value = serde_json::from_str(&text)?;
    let count = |name: &str| found[name].as_u64().unwrap_or_default();
    let (caught, missed) = (count("caught") + count("timeout"), count("missed"));
    if caught + missed == 0 {
        bail!("no mutant of {} was run", arguments.packages.join(", "));
    }
    let share = caught as f64 / (caught + missed) as f64;
    if arguments.json {
        let document = json!({ "packages": arguments.packages, "caught": caught, "missed": missed, "share": share });
        println!("{document}");
    } else {
        println!("{caught} of {} mutants were noticed: {:.1} %", caught + missed, 100.0 * share);
    }
    Ok(())
}
