//! `counterpart debug`.

mod native;
mod walk;

use crate::Context;
use crate::ledger::{Ledger, LedgerArguments};
use crate::output::{Exit, Failure};
pub use native::record;
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use walk::Walk;

/// Go through a transaction of a ledger, forward and back: by host calls, source lines, gas, or changes of an entry.
///
/// The transaction is executed again once, and everything that happens is kept; going back costs nothing. Commands are read
/// from stdin, one to a line; `help` lists them. With --native, one frame runs as native code under gdb or lldb instead, on
/// the host calls that it made on the chain.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    ledger: LedgerArguments,
    /// The transaction's hash.
    transaction: String,
    /// A command to carry out; can be given several times. Nothing is read from stdin then.
    #[arg(short = 'x', long = "command", value_name = "COMMAND")]
    commands: Vec<String>,
    /// Run a frame of the contract in this folder as native code, under a debugger.
    #[arg(long, value_name = "DIR")]
    native: Option<PathBuf>,
    /// Which frame runs as native code: its number in the order of the frames' beginnings.
    #[arg(long, value_name = "NUMBER", requires = "native")]
    frame: Option<usize>,
    /// The debugger: gdb, lldb, or none to run the frame without one.
    #[arg(long, value_enum, default_value = "gdb", requires = "native")]
    debugger: Debugger,
}

/// Debuggers of native code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Debugger {
    /// rust-gdb, which comes with Rust and knows its types.
    Gdb,
    /// rust-lldb, which comes with Rust and knows its types.
    Lldb,
    /// None: run, and say whether every host call was as recorded.
    None,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(&arguments.ledger)?;
    let (_, height, index) = ledger.locate(&arguments.transaction)?;
    let at = ledger.at(height)?;
    if let Some(folder) = &arguments.native {
        return native::run(
            context,
            &ledger,
            &at,
            index,
            folder,
            arguments.frame,
            arguments.debugger,
            &arguments.commands,
        );
    }
    let mut walk = Walk::new(&ledger, &at, index)?;
    if !arguments.commands.is_empty() {
        let mut answers = Vec::new();
        for command in &arguments.commands {
            let answer = walk.command(command);
            let answer = answer
                .map_err(|error| Failure::new(Exit::Input, "bad_command", error).hint("`help` lists commands"))?;
            answers.push(json!({ "command": command, "answer": answer.text, "position": walk.position() }));
        }
        let text: Vec<&str> = answers.iter().filter_map(|answer| answer["answer"].as_str()).collect();
        context.output.result(&answers.iter().cloned().collect::<Value>(), &text.join("\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let terminal = std::io::stdin().is_terminal();
    println!("{}", walk.command("where").map_err(|error| Failure::new(Exit::Bug, "debug", error))?.text);
    let prompt = || {
        if terminal {
            print!("(counterpart) ");
            let _ = std::io::stdout().flush();
        }
    };
    prompt();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        match walk.command(&line) {
            Ok(answer) if answer.ends => break,
            Ok(answer) => println!("{}", answer.text),
            Err(error) => eprintln!("error: {error}"),
        }
        prompt();
    }
    Ok(ExitCode::SUCCESS)
}
