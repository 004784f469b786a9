//! The `counterpart` command: build, test, deploy, call, replay and run contracts.

mod commands;
mod keystore;
mod output;

use clap::{Parser, Subcommand};
use output::Output;
use std::path::PathBuf;
use std::process::ExitCode;

/// Contracts executed in counterparts: build them, run them on a chain, replay what the chain did.
///
/// Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 the answer is no (reverted, failed,
/// diverged), 2 usage or input, 3 network, 4 a bug.
#[derive(Parser)]
#[command(name = "counterpart", version, max_term_width = 120)]
struct Arguments {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
    /// Where keys and names are kept.
    #[arg(long, global = true, env = "COUNTERPART_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the contract in this folder to finished Wasm.
    Build(commands::build::Arguments),
    /// Look at, run or meter a Wasm module without a chain.
    #[command(subcommand)]
    Module(commands::module::Command),
    /// Make and list keys; they are kept encrypted.
    #[command(subcommand)]
    Keys(commands::keys::Command),
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What every command gets.
pub struct Context {
    /// Where results go.
    pub output: Output,
    /// Where keys and names are kept.
    pub home: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output { json: arguments.json };
    let home = arguments.home.unwrap_or_else(default_home);
    let context = Context { output, home };
    match run(&context, arguments.command) {
        Ok(code) => code,
        Err(error) => output.fail(&error),
    }
}

fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Build(arguments) => commands::build::run(context, arguments),
        Command::Module(command) => commands::module::run(context, command),
        Command::Keys(command) => commands::keys::run(context, command),
        Command::Completions { shell } => {
            let mut command = <Arguments as clap::CommandFactory>::command();
            clap_complete::generate(shell, &mut command, "counterpart", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn default_home() -> PathBuf {
    std::env::var_os("HOME").map_or_else(|| PathBuf::from(".counterpart"), |home| PathBuf::from(home).join(".counterpart"))
}
