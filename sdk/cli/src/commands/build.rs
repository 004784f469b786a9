//! `counterpart build`.

use crate::Context;
use crate::output::{Exit, Failure};
use counterpart_build::{Build, BuildError, build};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Build the contract in this folder to finished Wasm.
///
/// Runs plain cargo for wasm32-unknown-unknown, then writes NAME.wasm (interface included), NAME.abi.json (interface
/// with documentation), NAME.build.json (what `counterpart verify` needs to build it again) and NAME.source.json (source
/// lines of its instructions, for `profile` and `debug`).
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of the contract or of its workspace.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The package, when the folder is a workspace.
    #[arg(short, long)]
    package: Option<String>,
    /// Where the files go.
    #[arg(short, long, default_value = "target/contracts", value_name = "DIR")]
    out_dir: PathBuf,
    /// Do not change Cargo.lock.
    #[arg(long)]
    locked: bool,
}

/// Builds and prints where the files are.
pub fn run(context: &Context, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let request = Build {
        // Not `./target`, for people who read it.
        out_dir: if arguments.path == Path::new(".") {
            arguments.out_dir
        } else {
            arguments.path.join(&arguments.out_dir)
        },
        folder: arguments.path,
        package: arguments.package,
        locked: arguments.locked,
        quiet: context.output.json,
    };
    let built = build(&request).map_err(build_failure)?;
    let document = json!({
        "package": built.package, "wasm": built.wasm, "abi": built.abi, "record": built.record, "source": built.source, "bytes": built.size,
        "code_hash": format!("0x{}", hex::encode(built.hash)),
    });
    let text = format!("{}  {} bytes  code hash 0x{}", built.wasm.display(), built.size, hex::encode(built.hash));
    context.output.result(&document, &text);
    Ok(ExitCode::SUCCESS)
}

/// Turns an error of a build into a failure with a hint.
pub fn build_failure(error: BuildError) -> Failure {
    let failure = Failure::new(Exit::Input, "build", &error);
    match error {
        BuildError::Cargo { .. } => failure.hint("the compiler's messages above say where"),
        BuildError::NoCargo(_) => failure.hint("install Rust with rustup"),
        _ => failure,
    }
}
