//! `counterpart verify`.

use crate::Context;
use crate::chain::{self, ChainArguments};
use crate::commands::build::build_failure;
use crate::output::{Exit, Failure, OrFail};
use counterpart_build::{Build, BuildRecord, build};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Build a contract again and compare it with what a chain holds, or with a build record.
///
/// Whoever has the source, the lock file and the toolchain that the record names gets the same bytes. The build goes to a
/// folder of its own; nothing that was built before is touched. Exit code 1: it is other code.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The contract on the chain: an address, or the name that it was deployed under.
    #[arg(required_unless_present = "record")]
    contract: Option<String>,
    /// A build record (NAME.build.json) to compare with; without a contract, no chain is asked.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The folder of the source.
    #[arg(long, default_value = ".", value_name = "DIR")]
    path: PathBuf,
    /// The package, when the folder is a workspace.
    #[arg(short, long)]
    package: Option<String>,
}

/// Runs the verb.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let recorded = match &arguments.record {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path).or_fail(Exit::Input, "read", path.display())?;
            let record = BuildRecord::from_json(&text);
            Some(record.ok_or_else(|| Failure::new(Exit::Input, "bad_record", format!("{}", path.display())))?)
        }
    };
    let held = match &arguments.contract {
        None => None,
        Some(word) => {
            let address = chain::address(context, word)?;
            let client = chain::connect(&arguments.chain)?;
            let parameters = json!({ "contract": address.to_string() });
            let answer = client.call("contract_code", parameters).map_err(chain::client_failure)?;
            Some(answer["code_hash"].as_str().unwrap_or_default().trim_start_matches("0x").to_owned())
        }
    };
    let request = Build {
        out_dir: arguments.path.join("target/verify"),
        folder: arguments.path,
        package: arguments.package,
        locked: true,
        quiet: context.output.json,
    };
    let built = build(&request).map_err(build_failure)?;
    let now = hex::encode(built.hash);
    let mut differences: Vec<Value> = Vec::new();
    if let Some(record) = &recorded {
        let found = counterpart_build::compare(&request, record, &built).map_err(build_failure)?;
        differences.extend(
            found.into_iter().map(|(part, recorded, now)| json!({ "part": part, "expected": recorded, "built": now })),
        );
    }
    if let Some(held) = held.as_ref().filter(|held| **held != now) {
        differences.push(json!({ "part": "code on the chain", "expected": held, "built": now }));
    }
    let equal = differences.is_empty();
    let document = json!({
        "verified": equal, "package": built.package, "code_hash": format!("0x{now}"), "differences": differences,
    });
    let mut text = match (equal, &arguments.contract) {
        (true, Some(contract)) => format!("verified: {} builds to the code of {contract}, 0x{now}", built.package),
        (true, None) => format!("verified: {} builds to what the record says, 0x{now}", built.package),
        (false, _) => format!("not verified: {} builds to other code\n", built.package),
    };
    for difference in &differences {
        text.push_str(&format!(
            "  {}: expected {}, built {}\n",
            difference["part"].as_str().unwrap_or_default(),
            difference["expected"].as_str().unwrap_or_default(),
            difference["built"].as_str().unwrap_or_default()
        ));
    }
    context.output.result(&document, &text);
    if !equal {
        context
            .output
            .note("hint: the same source, Cargo.lock and toolchain are needed; `rustc --version` tells the latter");
    }
    Ok(if equal { ExitCode::SUCCESS } else { ExitCode::from(Exit::No as u8) })
}
