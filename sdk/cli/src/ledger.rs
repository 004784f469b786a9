//! What verbs that work on a ledger's folder share: the folder, the engine, names, source lines.

use crate::Context;
use crate::output::{Exit, Failure, OrFail};
use counterpart_abi::ContractAbi;
use counterpart_audit::{Inputs, Line, Names, SourceMap};
use counterpart_execution::{BlockContext, Engine, Executor, contract};
use counterpart_ledger::{Address, Block, Hash, Height, StateRead};
use counterpart_module::Profile;
use counterpart_referee::WasmiEngine;
use counterpart_storage::{Store, StoreError};
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Engines by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum EngineName {
    /// wasmi, an interpreter.
    Wasmi,
    /// wasmtime with its optimising compiler.
    Cranelift,
    /// wasmtime with its single-pass compiler.
    Winch,
}

/// Makes an engine.
pub fn engine(name: EngineName) -> anyhow::Result<Arc<dyn Engine>> {
    let wasmtime = |compiler| {
        let engine = WasmtimeEngine::new(Options { compiler, ..Options::default() });
        engine.or_fail(Exit::Bug, "engine", "the engine cannot be set up")
    };
    Ok(match name {
        EngineName::Wasmi => Arc::new(WasmiEngine::new()),
        EngineName::Cranelift => Arc::new(wasmtime(Compiler::Cranelift)?),
        EngineName::Winch => Arc::new(wasmtime(Compiler::Winch)?),
    })
}

/// An executor on an engine.
pub fn executor(name: EngineName) -> anyhow::Result<Executor> {
    Ok(Executor::new(engine(name)?, Profile::v1()))
}

/// A ledger on disk, and what it is executed with.
#[derive(clap::Args, Clone, Debug)]
pub struct LedgerArguments {
    /// A replica's folder, or the ledger in it; the node must not run.
    #[arg(long, env = "COUNTERPART_DATA_DIR", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// The engine.
    #[arg(long, value_enum, default_value = "wasmi")]
    pub engine: EngineName,
    /// Source lines that `counterpart build` wrote (NAME.source.json), or a folder with such; can be given several times.
    #[arg(long, default_value = "target/contracts", value_name = "PATH")]
    pub source: Vec<PathBuf>,
}

fn folder(named: &Path) -> PathBuf {
    let inner = named.join("ledger");
    if inner.is_dir() { inner } else { named.to_path_buf() }
}

fn store_failure(error: StoreError) -> anyhow::Error {
    let failure = Failure::new(Exit::Input, error.name(), &error);
    match error {
        StoreError::Locked(_) => failure.hint("stop the node first, or work on a copy"),
        StoreError::Missing(_) => failure.hint("name a replica's folder, such as devnet/replica-0"),
        StoreError::Pruned { .. } => {
            failure.hint("work on an archive, on later blocks, or on single blocks from their bundles")
        }
        _ => failure,
    }
    .into()
}

/// Opens the ledger in a replica's folder.
pub fn open(named: &Path) -> anyhow::Result<Store> {
    Store::open(&folder(named)).map_err(store_failure)
}

/// As [`open`], for a ledger whose state may not be what its blocks lead to.
pub fn open_unverified(named: &Path) -> anyhow::Result<Store> {
    Store::open_unverified(&folder(named)).map_err(store_failure)
}

/// Turns what an audit says into a failure.
pub fn audit_failure(error: counterpart_audit::AuditError) -> anyhow::Error {
    match error {
        counterpart_audit::AuditError::Store(error) => store_failure(error),
        error @ counterpart_audit::AuditError::NoBlocks(..) => Failure::new(Exit::Input, "no_blocks", error)
            .hint("`counterpart node db` says what the ledger holds")
            .into(),
        error @ counterpart_audit::AuditError::Execution(_) => {
            Failure::new(Exit::Bug, "replay", format!("the replay cannot go on: {error}")).into()
        }
    }
}

/// An opened ledger with words for what it holds.
pub struct Ledger {
    /// The ledger.
    pub store: Store,
    /// What it is executed with.
    pub executor: Executor,
    sources: BTreeMap<Hash, SourceMap>,
}

/// A block of a ledger with the state before it.
pub struct At {
    /// The block.
    pub block: Block,
    /// What contracts see of it.
    pub context: BlockContext,
    /// The state before it.
    pub state: Arc<dyn StateRead>,
}

impl Ledger {
    /// Opens one.
    pub fn open(arguments: &LedgerArguments) -> anyhow::Result<Self> {
        let store = open(&arguments.data_dir)?;
        Ok(Self { store, executor: executor(arguments.engine)?, sources: sources(&arguments.source)? })
    }

    /// Source lines of all code that was found.
    pub fn sources(&self) -> &BTreeMap<Hash, SourceMap> {
        &self.sources
    }

    /// A block and the state before it.
    pub fn at(&self, height: Height) -> anyhow::Result<At> {
        let found = self.store.block(height).map_err(store_failure)?;
        let missing = || Failure::new(Exit::Input, "no_block", format!("there is no block {height}"));
        let block = found.filter(|_| height.0 > 0).ok_or_else(missing)?;
        let genesis = self.store.genesis();
        let context = BlockContext::new(genesis, &block.header);
        let state = self.store.state_at(Height(height.0 - 1)).map_err(store_failure)?;
        Ok(At { block, context, state })
    }

    /// What executes a block.
    pub fn inputs<'a>(&self, at: &'a At) -> Inputs<'a> {
        let (context, transactions) = (at.context.clone(), &at.block.transactions[..]);
        Inputs { context, transactions, state: at.state.clone(), codes: self.store.codes() }
    }

    /// Where a transaction stands.
    pub fn locate(&self, hash: &str) -> anyhow::Result<(Hash, Height, usize)> {
        let hash = transaction_hash(hash)?;
        let found = self.store.locate(&hash).map_err(store_failure)?;
        let missing = || {
            let failure = Failure::new(Exit::Input, "no_transaction", format!("this ledger has no transaction {hash}"));
            failure.hint("is it the ledger of the right chain?")
        };
        let (height, index) = found.ok_or_else(missing)?;
        Ok((hash, height, index as usize))
    }

    /// The interface of a contract, as it stands in a state or in the newest.
    pub fn abi(&self, address: &Address, state: &dyn StateRead) -> Option<ContractAbi> {
        let record = contract(state, address).ok().flatten();
        let record = record.or_else(|| contract(&*self.store.state(), address).ok().flatten())?;
        let code = self.store.codes().code(&record.code_hash).ok()??;
        let module = self.executor.prepare(&code).ok()?;
        ContractAbi::from_section(&module.metadata.clone()?).ok()
    }

    /// An entry of the state in the words of its contract's interface.
    pub fn entry(&self, key: &[u8], value: Option<&[u8]>, state: &dyn StateRead) -> String {
        let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
        let (address, own) = key.split_at(key.len().min(32));
        let plain = || match value {
            None => format!("{} removed", hex(key)),
            Some(value) => format!("{} = {}", hex(key), hex(value)),
        };
        let Ok(address) = <[u8; 32]>::try_from(address).map(Address) else { return plain() };
        if address == Address::ZERO {
            let text =
                own.iter().take_while(|byte| byte.is_ascii_lowercase()).map(|byte| *byte as char).collect::<String>();
            let rest = own.get(text.len() + 1..).unwrap_or_default();
            let value = value.map_or_else(|| "removed".to_owned(), hex);
            return format!("system {text} {} = {value}", hex(rest));
        }
        let known = self.abi(&address, state).and_then(|abi| abi.decode_stored(own, value));
        let Some(known) = known else { return plain() };
        let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let field = match &known.key {
            Value::Null => known.field.clone(),
            key => format!("{}[{}]", known.field, word(key)),
        };
        let contract = address.to_string();
        let value = if value.is_none() { "removed".to_owned() } else { word(&known.value) };
        format!("{}.{field} = {value}", contract.get(..10).unwrap_or(&contract))
    }
}

/// A method as people write it.
pub fn method_name(abi: &ContractAbi, deploy: bool, selector: &[u8]) -> Option<String> {
    match abi.method_of(selector) {
        Some(method) => Some(format!("{}.{}", abi.name, method.name)),
        None if deploy => Some(format!("{}.new", abi.name)),
        None => None,
    }
}

/// Words for profiles of one block.
pub struct Words<'a> {
    /// The ledger.
    pub ledger: &'a Ledger,
    /// The state before the block.
    pub state: &'a dyn StateRead,
}

impl Names for Words<'_> {
    fn method(&self, contract: &Address, deploy: bool, selector: &[u8]) -> Option<String> {
        method_name(&self.ledger.abi(contract, self.state)?, deploy, selector)
    }

    fn source(&self, code: &Hash) -> Option<&SourceMap> {
        self.ledger.sources.get(code)
    }
}

/// Reads source maps from files and folders.
pub fn sources(paths: &[PathBuf]) -> anyhow::Result<BTreeMap<Hash, SourceMap>> {
    let mut files = Vec::new();
    for path in paths {
        match std::fs::read_dir(path) {
            Ok(entries) => {
                let entries = entries.flatten().map(|entry| entry.path());
                files.extend(entries.filter(|path| path.to_string_lossy().ends_with(".source.json")));
            }
            // The default folder need not be there.
            Err(_) if !path.exists() && path == Path::new("target/contracts") => {}
            Err(_) => files.push(path.clone()),
        }
    }
    let mut found = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file);
        let text = text.or_fail(Exit::Input, "file", format!("{} cannot be read", file.display()))?;
        let map = SourceMap::from_json(&text).or_fail(Exit::Input, "bad_source", file.display())?;
        found.insert(map.code_hash, map);
    }
    Ok(found)
}

/// A transaction's hash from the command line.
pub fn transaction_hash(text: &str) -> anyhow::Result<Hash> {
    let hash = Hash::from_hex(text);
    Ok(hash.ok_or_else(|| Failure::new(Exit::Input, "bad_hash", "a transaction's hash is 64 hex digits"))?)
}

/// A line as people write it.
pub fn line_words(line: &Line) -> String {
    format!("{}:{}", line.file, line.line)
}

/// Writes a file that was asked for.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).or_fail(Exit::Input, "file", format!("{} cannot be written", path.display()))
}

/// A contract by its address or its name.
pub fn address(context: &Context, word: &str) -> anyhow::Result<Address> {
    crate::chain::address(context, word)
}
