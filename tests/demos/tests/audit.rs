//! The ledger of every demonstration, audited: replayed on three engines to the same roots, and its gas told to the unit.

use counterpart_audit::{Names, Profiler, SourceMap, join, plan, replay, replay_spans};
use counterpart_execution::{BlockContext, Engine, Executor};
use counterpart_ledger::{Address, Hash, Height};
use counterpart_module::Profile;
use counterpart_referee::WasmiEngine;
use counterpart_storage::Store;
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two folders below the top").to_path_buf()
}

fn demonstrations() -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_counterpart-demo")).arg("--list").output().expect("it starts");
    let names: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    assert!(!names.is_empty());
    names
}

fn engines() -> [Executor; 3] {
    let wasmtime = |compiler| {
        let engine = WasmtimeEngine::new(Options { compiler, ..Options::default() }).expect("an engine");
        Executor::new(Arc::new(engine) as Arc<dyn Engine>, Profile::v1())
    };
    let wasmi = Executor::new(Arc::new(WasmiEngine::new()), Profile::v1());
    [wasmi, wasmtime(Compiler::Cranelift), wasmtime(Compiler::Winch)]
}

/// Source lines of the contracts, by their code.
struct Sources(BTreeMap<Hash, SourceMap>);

impl Sources {
    fn read() -> Self {
        let entries = std::fs::read_dir(top().join("target/contracts")).expect("run `cargo xtask contracts`");
        let paths = entries.flatten().map(|entry| entry.path());
        let maps = paths.filter(|path| path.to_string_lossy().ends_with(".source.json")).map(|path| {
            let text = std::fs::read_to_string(&path).expect("readable");
            SourceMap::from_json(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        });
        Self(maps.map(|map| (map.code_hash, map)).collect())
    }
}

impl Names for Sources {
    fn method(&self, _: &Address, _: bool, _: &[u8]) -> Option<String> {
        None
    }

    fn source(&self, code: &Hash) -> Option<&SourceMap> {
        self.0.get(code)
    }
}

/// Every transaction's gas, by instruction and by line.
fn profiles(store: &Store, executor: &Executor, sources: &Sources) -> usize {
    let (probed, mut told) = (executor.with_probes(), 0);
    for height in (1..=store.head().height.0).map(Height) {
        let block = store.block(height).expect("readable").expect("there");
        let genesis = store.genesis();
        let context = BlockContext::new(genesis, &block.header);
        let state = store.state_at(Height(height.0 - 1)).expect("kept");
        for index in 0..block.transactions.len() {
            let profiler = Profiler::new(Some(index));
            let observed = probed.observe_block(&context, &block.transactions, state.clone(), store.codes(), profiler);
            let (result, profiler) = observed.expect("it executes");
            assert_eq!(Some(&result.receipts), store.receipts(height).expect("readable").as_ref());
            let profile = profiler.finish(&result.receipts, sources);
            let gas = result.receipts[index].gas_used.0;
            let host: u64 = profile.hosts.values().map(|host| host.gas).sum();
            let instructions = profile.instructions() as u64;
            assert_eq!(profile.unattributed, 0);
            assert_eq!(instructions + host + profile.instances.gas + profile.outside, gas);
            let lines = profile.lines(sources);
            assert_eq!(lines.values().map(|line| line.gas).sum::<u64>(), instructions, "by line, block {height}");
            assert_eq!(lines.values().map(|line| line.host).sum::<u64>(), host, "by line, block {height}");
            assert_eq!(profile.flame.gas, gas);
            told += 1;
        }
    }
    told
}

#[test]
fn every_demonstration_replays_on_three_engines_and_its_gas_is_told_to_the_unit() {
    let sources = Sources::read();
    for name in demonstrations() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("network");
        let mut command = Command::new(env!("CARGO_BIN_EXE_counterpart-demo"));
        command.current_dir(top()).args(name.split(' '));
        command.args(["--json", "--contracts", "target/contracts", "--data-dir"]).arg(&data);
        // A small town: every instruction of its transactions is told.
        if name == "currency" {
            command.args(["--accounts", "20", "--epochs", "8", "--payments", "10"]);
        }
        if name == "energy" {
            command.args(["--days", "6"]);
        }
        let output = command.output().expect("it starts");
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "{name}: {told:?}");
        let store = Store::open(&data.join("replica-0/ledger")).expect("the ledger opens");
        let head = store.head();
        for executor in engines() {
            let report = replay(&store, &executor, &mut |_| {}).expect("it can be replayed");
            assert_eq!(report.divergence, None, "{name} on {}", report.engine);
            assert_eq!((report.blocks, report.state_root), (head.height.0, head.state_root));
            let spans = plan(&store, 4).expect("a plan");
            let parts =
                replay_spans(&store, &executor, &spans, 2, &mut |_| {}, &mut |_| {}).expect("they can be replayed");
            assert_eq!(join(&parts), Some(report), "{name}: spans say the same");
        }
        let told = profiles(&store, &engines()[0], &sources);
        assert!(told > 0, "{name} has transactions");
    }
}
