//! `counterpart doctor`.

use crate::Context;
use crate::chain::ChainArguments;
use crate::output::Exit;
use counterpart_client::Client;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, ExitCode};

/// Say what this machine has and lacks for building, deploying and running contracts.
///
/// Exit code 1: something that contracts need is missing. A node that does not answer is told, and is no failure.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    chain: ChainArguments,
}

/// One thing that was looked at.
struct Check {
    what: &'static str,
    good: bool,
    /// Whether contracts can be built and tested without it.
    optional: bool,
    found: String,
    hint: &'static str,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let checks = [
        tool("rustc", "--version", "install Rust with rustup: https://rustup.rs"),
        tool("cargo", "--version", "install Rust with rustup: https://rustup.rs"),
        wasm_target(),
        tool("cc", "--version", "install gcc or clang: crates that nodes use need a linker"),
        home(&context.home),
        node(&arguments.chain.rpc),
    ];
    let good = checks.iter().all(|check| check.good || check.optional);
    let text: String = checks
        .iter()
        .map(|check| {
            let mark = match (check.good, check.optional) {
                (true, _) => "ok     ",
                (false, true) => "absent ",
                (false, false) => "missing",
            };
            let hint = if check.good { String::new() } else { format!("\n          hint: {}", check.hint) };
            format!("{mark}  {:12} {}{hint}\n", check.what, check.found)
        })
        .collect();
    let list: Vec<Value> = checks
        .iter()
        .map(
            |check| json!({ "what": check.what, "good": check.good, "optional": check.optional, "found": check.found }),
        )
        .collect();
    context.output.result(&json!({ "good": good, "checks": list }), &text);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}

/// The first line of what a tool says about itself.
fn tool(what: &'static str, flag: &str, hint: &'static str) -> Check {
    let output = Command::new(what).arg(flag).output().ok().filter(|output| output.status.success());
    let line = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned();
    let found = output.map(|output| line(&output.stdout));
    Check { what, good: found.is_some(), optional: false, found: found.unwrap_or_else(|| "not found".into()), hint }
}

fn wasm_target() -> Check {
    let target = counterpart_build::TARGET;
    let output = Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    let folder = output.ok().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let good = folder.is_some_and(|folder| Path::new(&folder).is_dir());
    let found = if good { target.to_owned() } else { format!("{target} is not installed") };
    Check { what: "wasm target", good, optional: false, found, hint: "rustup target add wasm32-unknown-unknown" }
}

fn home(home: &Path) -> Check {
    let readable = std::fs::read_dir(home);
    let good = readable.is_ok() || !home.exists();
    let found = match (home.exists(), good) {
        (false, _) => format!("{} (made with the first key or name)", home.display()),
        (true, true) => home.display().to_string(),
        (true, false) => format!("{} cannot be read", home.display()),
    };
    Check { what: "home", good, optional: false, found, hint: "COUNTERPART_HOME or --home names another folder" }
}

fn node(url: &str) -> Check {
    let head = Client::connect(url).and_then(|client| client.head());
    let good = head.is_ok();
    let found = match head {
        Ok(head) => format!("{url}: chain {}, block {}", head.chain.0, head.height),
        Err(error) => error.to_string(),
    };
    Check {
        what: "node",
        good,
        optional: true,
        found,
        hint: "start one with `counterpart devnet`, or name it with --rpc",
    }
}
