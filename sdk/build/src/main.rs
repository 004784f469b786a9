//! Builds contract packages of a workspace.

use anyhow::Context;
use clap::Parser;
use counterpart_build::{Build, build};
use std::path::PathBuf;

/// Build contracts to finished Wasm files.
#[derive(Parser)]
struct Arguments {
    /// Where the files go.
    #[arg(long)]
    out_dir: PathBuf,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
    /// The packages.
    #[arg(required = true)]
    packages: Vec<String>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let folder = std::env::current_dir().context("there is no current folder")?;
    for package in arguments.packages {
        let request = Build {
            folder: folder.clone(),
            package: Some(package),
            out_dir: arguments.out_dir.clone(),
            locked: true,
            quiet: arguments.quiet,
        };
        let built = build(&request)?;
        if !arguments.quiet {
            println!("{} {} bytes", built.wasm.display(), built.size);
        }
    }
    Ok(())
}
