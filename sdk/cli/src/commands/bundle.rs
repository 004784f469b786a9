//! `counterpart bundle`.

use crate::Context;
use crate::chain::{self, ChainArguments};
use crate::ledger::{EngineName, engine};
use crate::output::{Exit, Failure, OrFail};
use counterpart_audit::{Bundle, BundleError};
use counterpart_execution::Executor;
use counterpart_ledger::Hash;
use counterpart_module::Profile;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Files from which a block executes again anywhere.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Fetch the bundle of a block from a node.
    Fetch {
        /// Which chain.
        #[command(flatten)]
        chain: ChainArguments,
        /// The block's height.
        height: u64,
        /// Where the bundle goes.
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
    },
    /// Check certificates and proofs of a bundle, execute it, and compare receipts and state root with the certified ones.
    ///
    /// Nothing is asked of any node. Exits with 1 when anything does not hold.
    Verify {
        /// The bundle.
        file: PathBuf,
        /// Hash of the genesis document: the one thing that has to be known.
        #[arg(long, value_name = "HASH")]
        genesis: String,
        /// The engine.
        #[arg(long, value_enum, default_value = "wasmi")]
        engine: EngineName,
    },
}

/// Runs the verb.
pub fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Fetch { chain, height, out } => fetch(context, &chain, height, &out),
        Command::Verify { file, genesis, engine } => verify(context, &file, &genesis, engine),
    }
}

fn fetch(context: &Context, chain: &ChainArguments, height: u64, out: &PathBuf) -> anyhow::Result<ExitCode> {
    let client = chain::connect(chain)?;
    let answer = client.call("audit_bundle", json!({ "height": height })).map_err(chain::client_failure)?;
    let digits = answer["bundle"].as_str().unwrap_or_default().trim_start_matches("0x");
    let bytes = hex::decode(digits).or_fail(Exit::Network, "bad_answer", "the node's bundle is not hex")?;
    let bundle = Bundle::from_bytes(&bytes).map_err(failure)?;
    std::fs::write(out, &bytes).or_fail(Exit::Input, "file", format!("{} cannot be written", out.display()))?;
    let genesis = bundle.genesis.hash().to_string();
    let document = json!({ "height": height, "bytes": bytes.len(), "file": out, "genesis": genesis });
    let text = format!(
        "block {height}, {} bytes in {}\nit claims the chain that begins with {genesis}",
        bytes.len(),
        out.display()
    );
    context.output.result(&document, &text);
    Ok(ExitCode::SUCCESS)
}

fn verify(context: &Context, file: &PathBuf, genesis: &str, name: EngineName) -> anyhow::Result<ExitCode> {
    let anchor = Hash::from_hex(genesis).ok_or_else(|| {
        Failure::new(Exit::Input, "bad_hash", "--genesis is 64 hex digits").hint("chain_genesis answers it")
    })?;
    let bytes = std::fs::read(file).or_fail(Exit::Input, "file", format!("{} cannot be read", file.display()))?;
    let bundle = Bundle::from_bytes(&bytes).map_err(failure)?;
    let executor = Executor::new(engine(name)?, Profile::v1());
    let executed = bundle.execute(&executor, &anchor).map_err(failure)?;
    let gas: u64 = executed.result.receipts.iter().map(|receipt| receipt.gas_used.0).sum();
    let height = bundle.block.header.height.0;
    let document = json!({
        "holds": true, "height": height, "hash": bundle.block.hash().to_string(), "engine": executor.engine_name(),
        "transactions": executed.result.receipts.len(), "gas": gas, "state_root": executed.state_root.to_string(),
        "receipts_root": executed.receipts_root.to_string(),
    });
    let text = format!(
        "block {height} holds: {} transactions, {gas} gas on {}; state root {}",
        executed.result.receipts.len(),
        executor.engine_name(),
        executed.state_root
    );
    context.output.result(&document, &text);
    Ok(ExitCode::SUCCESS)
}

fn failure(error: BundleError) -> anyhow::Error {
    let hint = "this bundle proves nothing: do not act on it, and take it from another node";
    Failure::new(Exit::No, error.name(), &error).hint(hint).into()
}
