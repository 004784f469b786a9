//! The project's automation: tests with a count, benchmarks by name, contract builds, generated pages, the JavaScript package.

mod bench;
mod contracts;
mod fuzz;
mod generate;
mod js;
mod mutants;
mod network;
mod testing;
mod web;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Automation of the Counterpart workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every test and end with a line that counts them.
    Test(testing::Arguments),
    /// Run a benchmark by name and print its figures.
    Bench(bench::Arguments),
    /// Run random modules on every engine until the time is over or one differs.
    Fuzz(fuzz::Arguments),
    /// Change contracts place by place and count the changes that their tests notice.
    Mutants(mutants::Arguments),
    /// Build every contract to Wasm under target/contracts.
    Contracts(contracts::Arguments),
    /// Build the JavaScript package for browser, Node and bundlers.
    Js(js::Arguments),
    /// Test the JavaScript package in Node and the auditor's page in a headless browser.
    Web(web::Arguments),
    /// Run a network of replicas as separate processes on loopback until Ctrl-C.
    Network(network::Arguments),
    /// Write the pages that are made from code; with --check, only say whether they are up to date.
    Generate(generate::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Test(arguments) => testing::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
        Command::Mutants(arguments) => mutants::run(&arguments),
        Command::Contracts(arguments) => contracts::run(&arguments),
        Command::Js(arguments) => js::run(&arguments),
        Command::Web(arguments) => web::run(&arguments),
        Command::Network(arguments) => network::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
    }
}

/// The workspace's top folder.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("xtask lies two folders below the top")
        .to_path_buf()
}

/// A cargo command in the workspace's top folder.
fn cargo() -> std::process::Command {
    let mut command = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}
