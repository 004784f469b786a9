//! `cargo xtask fuzz`: random modules on every engine, for as long as one likes.

use crate::cargo;
use anyhow::{Context, bail};

/// How long, and from where.
#[derive(clap::Args)]
pub struct Arguments {
    /// Minutes to go on for.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// The first seed; from the clock if it is not given. It is printed.
    #[arg(long)]
    seed: Option<u64>,
}

/// Builds the campaign in release and runs it; fails when a module differs.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--locked", "--package", "counterpart-differential"]);
    command.args(["--bin", "fuzz", "--", &arguments.minutes.to_string()]);
    command.args(arguments.seed.map(|seed| seed.to_string()));
    if !command.status().context("cargo does not start")?.success() {
        bail!("a module differs; the seed is above");
    }
    Ok(())
}
