//! `counterpart bundle`.

use crate::Context;
use crate::chain::{self, ChainArguments};
use crate::commands::profile;
use crate::ledger::{
    EngineName, Ledger, LedgerArguments, engine, executor, method_name, sources, transaction_hash, write,
};
use crate::output::{Exit, Failure, OrFail};
use counterpart_abi::ContractAbi;
use counterpart_audit::{Bundle, BundleError, Executed, ExtractError, Names, Profiler, SourceMap, extract};
use counterpart_execution::{Executor, code_hash};
use counterpart_ledger::{Address, Hash, Height};
use counterpart_module::Profile;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Files from which a block executes again anywhere.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Make the bundle of a block from a ledger on disk.
    Make {
        /// Which ledger.
        #[command(flatten)]
        ledger: LedgerArguments,
        /// The block's height, or the hash of a transaction in it.
        block: String,
        /// Where the bundle goes.
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
        /// Put the source lines of its code in, where they are known.
        #[arg(long)]
        with_source: bool,
    },
    /// Fetch the bundle of a block from a node.
    Fetch {
        /// Which chain.
        #[command(flatten)]
        chain: ChainArguments,
        /// The block's height, or the hash of a transaction in it.
        block: String,
        /// Where the bundle goes.
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
        /// Put source lines of its code in (NAME.source.json, or a folder with such).
        #[arg(long, value_name = "PATH")]
        source: Vec<PathBuf>,
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
    /// Where the gas of a bundle's block went, as `counterpart profile` tells it; the bundle is verified first.
    Profile {
        /// The bundle.
        file: PathBuf,
        /// Hash of the genesis document: the one thing that has to be known.
        #[arg(long, value_name = "HASH")]
        genesis: String,
        /// The engine.
        #[arg(long, value_enum, default_value = "wasmi")]
        engine: EngineName,
        /// Source lines beside those in the bundle.
        #[arg(long, value_name = "PATH")]
        source: Vec<PathBuf>,
        /// How many of the dearest lines are printed.
        #[arg(long, default_value_t = 20, value_name = "NUMBER")]
        lines: usize,
        /// Write a flame graph.
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
    },
}

/// Runs the verb.
pub fn run(context: &Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Make { ledger, block, out, with_source } => make(context, &ledger, &block, &out, with_source),
        Command::Fetch { chain, block, out, source } => fetch(context, &chain, &block, &out, &source),
        Command::Verify { file, genesis, engine } => verify(context, &file, &genesis, engine),
        Command::Profile { file, genesis, engine, source, lines, svg } => {
            let (bundle, anchor) = read(&file, &genesis)?;
            let known = sources(&source)?.into_values().map(Ok);
            let brought = bundle.sources.iter().map(|text| SourceMap::from_json(text));
            let maps = known.chain(brought).collect::<Result<Vec<SourceMap>, _>>();
            let maps = maps.or_fail(Exit::No, "bad_source", "a source map in the bundle cannot be read")?;
            let executor = executor(engine)?;
            let (executed, profiler) = bundle.observe(&executor, &anchor, Profiler::new(None)).map_err(failure)?;
            let sources = maps.into_iter().map(|map| (map.code_hash, map)).collect();
            let words = Words { bundle: &bundle, executed: &executed, executor: &executor, sources };
            let told = profiler.finish(&executed.result.receipts, &words);
            if told.unattributed != 0 {
                let text = format!("{} of {} gas cannot be told apart", told.unattributed, told.total);
                return Err(Failure::new(Exit::Bug, "unattributed", text).into());
            }
            if let Some(file) = svg {
                write(&file, told.flame.to_svg().as_bytes())?;
            }
            let (height, by_line) = (bundle.block.header.height, told.lines(&words));
            let text = profile::table(&told, height, &by_line, lines);
            context.output.result(&profile::document(&told, height, &by_line), &text);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Words for a bundle's contracts.
struct Words<'a> {
    bundle: &'a Bundle,
    executed: &'a Executed,
    executor: &'a Executor,
    sources: BTreeMap<Hash, SourceMap>,
}

impl Names for Words<'_> {
    fn method(&self, contract: &Address, deploy: bool, selector: &[u8]) -> Option<String> {
        let hash = self.bundle.code_hash(self.executed, contract)?;
        let module = self.executor.prepare(self.bundle.code(self.executed, &hash)?).ok()?;
        let abi = ContractAbi::from_section(module.metadata.as_deref()?).ok()?;
        method_name(&abi, deploy, selector)
    }

    fn source(&self, code: &Hash) -> Option<&SourceMap> {
        self.sources.get(code)
    }
}

fn fetch(
    context: &Context,
    chain: &ChainArguments,
    block: &str,
    out: &PathBuf,
    source: &[PathBuf],
) -> anyhow::Result<ExitCode> {
    let client = chain::connect(chain)?;
    let height = match block.parse::<u64>() {
        Ok(height) => height,
        Err(_) => {
            let hash = transaction_hash(block)?.to_string();
            let answer = client.call("tx_receipt", json!({ "hash": hash })).map_err(chain::client_failure)?;
            answer["height"].as_u64().ok_or_else(|| Failure::new(Exit::Network, "bad_answer", "no height"))?
        }
    };
    let answer = client.call("audit_bundle", json!({ "height": height })).map_err(chain::client_failure)?;
    let digits = answer["bundle"].as_str().unwrap_or_default().trim_start_matches("0x");
    let bytes = hex::decode(digits).or_fail(Exit::Network, "bad_answer", "the node's bundle is not hex")?;
    let bundle = Bundle::from_bytes(&bytes).map_err(failure)?;
    save(context, bundle, &sources(source)?, out)
}

/// Makes a bundle of a ledger's block.
fn make(
    context: &Context,
    arguments: &LedgerArguments,
    block: &str,
    out: &PathBuf,
    with_source: bool,
) -> anyhow::Result<ExitCode> {
    let ledger = Ledger::open(arguments)?;
    let height = match block.parse() {
        Ok(height) => Height(height),
        Err(_) => ledger.locate(block)?.1,
    };
    let bundle = extract(&ledger.store, &ledger.executor, height).map_err(|error| {
        let exit = if matches!(error, ExtractError::Diverged(_)) { Exit::No } else { Exit::Input };
        Failure::new(exit, "no_bundle", error)
    })?;
    let none = BTreeMap::new();
    save(context, bundle, if with_source { ledger.sources() } else { &none }, out)
}

/// Writes a bundle with the source maps of its code that are known.
fn save(
    context: &Context,
    mut bundle: Bundle,
    known: &BTreeMap<Hash, SourceMap>,
    out: &PathBuf,
) -> anyhow::Result<ExitCode> {
    let found = bundle.codes.iter().filter_map(|code| known.get(&code_hash(code)));
    let found: Vec<String> = found.map(SourceMap::to_json).collect();
    if !found.is_empty() {
        bundle = bundle.with_sources(found);
    }
    let (bytes, height) = (bundle.to_bytes(), bundle.block.header.height.0);
    write(out, &bytes)?;
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

/// A bundle, and the genesis that it is held against.
fn read(file: &PathBuf, genesis: &str) -> anyhow::Result<(Bundle, Hash)> {
    let anchor = Hash::from_hex(genesis).ok_or_else(|| {
        Failure::new(Exit::Input, "bad_hash", "--genesis is 64 hex digits").hint("chain_genesis answers it")
    })?;
    let bytes = std::fs::read(file).or_fail(Exit::Input, "file", format!("{} cannot be read", file.display()))?;
    Ok((Bundle::from_bytes(&bytes).map_err(failure)?, anchor))
}

fn verify(context: &Context, file: &PathBuf, genesis: &str, name: EngineName) -> anyhow::Result<ExitCode> {
    let (bundle, anchor) = read(file, genesis)?;
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
