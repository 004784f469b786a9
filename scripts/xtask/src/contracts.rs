//! `cargo xtask contracts`: every contract of the suite as Wasm, where tests, demos and people find it.

use crate::{cargo, root};
use anyhow::{Context, bail};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

/// How to build.
#[derive(clap::Args)]
pub struct Arguments {
    /// Say nothing but errors.
    #[arg(long)]
    quiet: bool,
}

/// Builds all contracts.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    build_all(arguments.quiet)
}

/// Builds every contract with `counterpart-build` into `target/contracts`.
pub fn build_all(quiet: bool) -> anyhow::Result<()> {
    let contracts = contract_packages()?;
    if contracts.is_empty() {
        return Ok(());
    }
    let out = root().join("target/contracts");
    let mut command = cargo();
    command.args(["run", "--quiet", "--locked", "--package", "counterpart-build", "--", "--out-dir"]).arg(&out);
    if quiet {
        command.arg("--quiet");
    }
    let status = command.args(&contracts).status().context("cargo does not start")?;
    if !status.success() {
        bail!("a contract does not build");
    }
    Ok(())
}

/// Names of the packages below `contracts/` that are built as a `cdylib`.
fn contract_packages() -> anyhow::Result<Vec<String>> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1", "--locked"])
        .stderr(Stdio::inherit())
        .output()
        .context("cargo does not start")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
    let packages = metadata["packages"].as_array().context("cargo metadata has packages")?;
    let folder = root().join("contracts");
    let is_contract = |package: &&Value| {
        let below = package["manifest_path"].as_str().is_some_and(|path| Path::new(path).starts_with(&folder));
        let targets = package["targets"].as_array().into_iter().flatten();
        let cdylib = targets
            .flat_map(|target| target["crate_types"].as_array().into_iter().flatten())
            .any(|kind| kind == "cdylib");
        below && cdylib
    };
    Ok(packages.iter().filter(is_contract).filter_map(|package| Some(package["name"].as_str()?.to_owned())).collect())
}
