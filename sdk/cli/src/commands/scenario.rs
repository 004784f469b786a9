//! `counterpart scenario`: contract behaviour as data.

use crate::Context;
use crate::chain::{self, ChainArguments};
use crate::output::{Exit, Failure, OrFail};
use crate::remote::Remote;
use counterpart_client::Client;
use counterpart_consensus::CommitRule;
use counterpart_scenario::{Report, Scenario, Status};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Contract behaviour as data.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Run scenario files, each on a chain of its own in this process, and say what came back otherwise.
    ///
    /// Contracts are found by the name of their package among finished Wasm files. With --rpc they run on a network of
    /// development instead (`counterpart devnet`): actors are its accounts dev:NAME, the height and time that it has stay.
    Run {
        /// YAML files, or folders of them.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Where finished contracts are: `NAME.wasm` for the package NAME.
        #[arg(long, default_value = "target/contracts", value_name = "DIR")]
        contracts: PathBuf,
        /// Run on the network behind this JSON-RPC.
        #[arg(long, value_name = "URL")]
        rpc: Option<String>,
        /// On a network: when a result counts, as for `counterpart call`.
        #[arg(long, default_value = "quorum:0.67", value_name = "RULE")]
        rule: CommitRule,
    },
}

/// Runs the verb.
pub fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    let Command::Run { files, contracts, rpc, rule } = command;
    let client: Option<Client> = rpc.map(|rpc| chain::connect(&ChainArguments { rpc })).transpose()?;
    let find = |package: &str| {
        if !package.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            return Err(format!("`{package}` is no name of a package"));
        }
        let path = contracts.join(format!("{package}.wasm"));
        std::fs::read(&path).map_err(|error| format!("{}: {error}; build it with `counterpart build`", path.display()))
    };
    let files = all_files(&files)?;
    let bar = context.output.bar(files.len() as u64, "scenarios");
    let mut reports = Vec::with_capacity(files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).or_fail(Exit::Input, "read", file.display())?;
        let scenario = Scenario::parse(&text).map_err(|error| {
            Failure::new(Exit::Input, "bad_scenario", format!("{}: {error}", file.display()))
                .hint("sdk/scenario/README.md shows the format")
        })?;
        let report = match &client {
            None => counterpart_scenario::run(&scenario, &find),
            Some(client) => counterpart_scenario::run_on(&mut Remote::new(client, rule)?, &scenario, &find),
        };
        reports.push((file, report));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let count = |status| reports.iter().filter(|(_, report)| report.status == status).count();
    let (passed, failed, deviates) = (count(Status::Passed), count(Status::Failed), count(Status::Deviates));
    let unmapped: usize = reports.iter().map(|(_, report)| report.unmapped).sum();
    let document = json!({
        "passed": passed, "failed": failed, "deviates": deviates, "unmapped": unmapped,
        "scenarios": reports.iter().map(|(file, report)| document(file, report)).collect::<Vec<_>>(),
    });
    let mut text: String = reports.iter().map(|(file, report)| lines(file, report)).collect();
    text.push_str(&format!("{passed} passed, {failed} failed, {deviates} deviate; {unmapped} steps unmapped"));
    context.output.result(&document, &text);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}

/// The files, with those of folders in order.
fn all_files(given: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in given {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).or_fail(Exit::Input, "read", path.display())?;
        let is_yaml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yaml");
        let mut inside: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        inside.sort();
        let (folders, plain): (Vec<PathBuf>, Vec<PathBuf>) = inside.into_iter().partition(|path| path.is_dir());
        files.extend(plain.into_iter().filter(is_yaml));
        files.extend(all_files(&folders)?);
    }
    Ok(files)
}

fn document(file: &Path, report: &Report) -> Value {
    let failure = report.failure.as_ref().map(|failure| {
        json!({ "step": failure.step, "what": failure.what, "expected": failure.expected, "got": failure.got })
    });
    json!({
        "file": file, "name": report.name, "status": report.status.name(), "steps": report.steps,
        "unmapped": report.unmapped, "deviates": report.deviates, "failure": failure,
    })
}

fn lines(file: &Path, report: &Report) -> String {
    let mut text = format!("{:<9} {}\n", report.status.name(), report.name);
    if let (Status::Deviates, Some(reason)) = (report.status, &report.deviates) {
        text.push_str(&format!("          because {reason}\n"));
    }
    if let Some(failure) = &report.failure {
        let at = if failure.step == 0 { "after the last step".into() } else { format!("step {}", failure.step) };
        text.push_str(&format!(
            "          {}, {at}: {}\n          expected {}\n          got      {}\n",
            file.display(),
            failure.what,
            failure.expected,
            failure.got
        ));
    }
    text
}
