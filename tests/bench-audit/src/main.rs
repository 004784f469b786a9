//! What audits cost.

use anyhow::{Context, bail};
use clap::Parser;
use counterpart_abi::ContractAbi;
use counterpart_audit::{Bundle, extract, plan, replay, replay_spans};
use counterpart_audit_tests::{Maker, address, wasmi, wasmtime};
use counterpart_execution::{Step, code_hash, evidence_of};
use counterpart_ledger::{Action, Address, Hash, Height, contract_address};
use counterpart_module::Profile;
use counterpart_vm::Compiler;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Measures audits on a ledger of token transfers.
#[derive(Parser)]
struct Arguments {
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Blocks of transfers.
    #[arg(long, default_value_t = 60)]
    blocks: u64,
    /// Transfers in each.
    #[arg(long, default_value_t = 500)]
    transfers: u64,
    /// How often everything is measured; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The token's Wasm.
    #[arg(long, default_value = "target/contracts/token.wasm")]
    token: PathBuf,
}

/// Senders of transfers, so that no account does all.
const SENDERS: [&str; 8] = ["ada", "barbara", "edsger", "frances", "grace", "john", "margaret", "tony"];

fn median(times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// The token and who has some of it.
struct Token {
    abi: ContractAbi,
    contract: Address,
}

impl Token {
    fn deploy(maker: &mut Maker, code: Vec<u8>) -> anyhow::Result<Self> {
        let module = counterpart_module::prepare(&code, &Profile::v1()).context("the token is a module")?;
        let abi = ContractAbi::from_section(&module.metadata.context("the token has an interface")?)?;
        let hash = code_hash(&code);
        let input = encode(&abi, "new", &json!({ "name": "Acorn", "symbol": "ACN", "decimals": 2 }))?;
        let deploy = Action::Deploy { code_hash: hash, salt: Hash::ZERO, input, value: 0 };
        let made = maker.signed("ada", 60_000_000, vec![Action::Upload { code }, deploy]);
        maker.block(vec![made]);
        let contract = contract_address(&address("ada"), &hash, &Hash::ZERO);
        let token = Self { abi, contract };
        let mut mints = Vec::new();
        for name in SENDERS {
            let arguments = json!({ "to": address(name).to_string(), "units": "1000000000" });
            let input = encode(&token.abi, "mint", &arguments)?;
            mints.push(maker.signed("ada", 3_000_000, vec![Action::Call { contract, input, value: 0 }]));
        }
        maker.block(mints);
        Ok(token)
    }

    fn transfers(&self, maker: &mut Maker, count: u64) -> anyhow::Result<Height> {
        let mut transactions = Vec::new();
        for number in 0..count {
            let sender = SENDERS[number as usize % SENDERS.len()];
            let to = Address([(number % 200) as u8 + 1; 32]);
            let arguments = json!({ "from": address(sender).to_string(), "to": to.to_string(), "units": "3" });
            let input = encode(&self.abi, "transfer", &arguments)?;
            let call = Action::Call { contract: self.contract, input, value: 0 };
            transactions.push(maker.signed(sender, 3_000_000, vec![call]));
        }
        Ok(maker.block(transactions))
    }
}

fn encode(abi: &ContractAbi, method: &str, arguments: &Value) -> anyhow::Result<Vec<u8>> {
    let method = abi.method(method).with_context(|| format!("the token has {method}"))?;
    Ok(abi.encode_call(method, arguments.as_object().context("an object")?)?)
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let code = std::fs::read(&arguments.token)
        .with_context(|| format!("{}: build the contracts first", arguments.token.display()))?;
    let folder = tempfile::tempdir().context("a folder")?;
    let mut maker = Maker::new(&folder.path().join("ledger"), wasmtime(Compiler::Cranelift), &SENDERS);
    let token = Token::deploy(&mut maker, code)?;
    for _ in 0..arguments.blocks {
        token.transfers(&mut maker, arguments.transfers)?;
    }
    let thousand = token.transfers(&mut maker, 1_000)?;
    maker.block(Vec::new());
    let document = json!({
        "blocks": arguments.blocks,
        "transfers": arguments.blocks * arguments.transfers,
        "replay": replays(&maker, arguments.rounds)?,
        "bundle": bundles(&maker, thousand, arguments.rounds)?,
        "evidence": evidence(&maker, thousand, arguments.rounds)?,
    });
    if arguments.json {
        println!("{document}");
    } else {
        println!("{document:#}");
    }
    Ok(())
}

/// A replay beside what the maker's replica did live with the same blocks.
fn replays(maker: &Maker, rounds: usize) -> anyhow::Result<Value> {
    let store = &maker.store;
    let spans = plan(store, 2)?;
    let (mut one, mut alone, mut two) = (Vec::new(), Vec::new(), Vec::new());
    let (mut live, mut executed) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let executor = wasmtime(Compiler::Cranelift);
        let (again, without) = maker.live_again(&executor);
        live.push(again.as_secs_f64());
        executed.push(without.as_secs_f64());
        let executor = wasmtime(Compiler::Cranelift);
        let (report, time) = timed(|| replay(store, &executor, &mut |_| {}));
        if report?.divergence.is_some() {
            bail!("the ledger does not replay");
        }
        one.push(time.as_secs_f64());
        let run = |threads| replay_spans(store, &executor, &spans, threads, &mut |_| {}, &mut |_| {});
        let (reports, time) = timed(|| run(1));
        reports?;
        alone.push(time.as_secs_f64());
        let (reports, time) = timed(|| run(2));
        reports?;
        two.push(time.as_secs_f64());
    }
    let (live, executed, one) = (median(&mut live), median(&mut executed), median(&mut one));
    let (alone, two) = (median(&mut alone), median(&mut two));
    Ok(json!({
        "live_s": live,
        "live_without_disk_s": executed,
        "replay_s": one,
        "speed_beside_live": live / one,
        "speed_beside_live_without_disk": executed / one,
        "two_spans_one_thread_s": alone,
        "two_spans_two_threads_s": two,
        "two_threads": alone / two,
    }))
}

/// A bundle of a thousand transactions.
fn bundles(maker: &Maker, height: Height, rounds: usize) -> anyhow::Result<Value> {
    let bytes = extract(&maker.store, &wasmtime(Compiler::Cranelift), height)?.to_bytes();
    let genesis = maker.genesis();
    let mut figures = serde_json::Map::new();
    for name in ["cranelift", "winch", "wasmi"] {
        let engine = || match name {
            "cranelift" => wasmtime(Compiler::Cranelift),
            "winch" => wasmtime(Compiler::Winch),
            _ => wasmi(),
        };
        let (mut first, mut again, mut verified) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let executor = engine();
            let run = || -> anyhow::Result<()> {
                Bundle::from_bytes(&bytes)?.execute(&executor, &genesis)?;
                Ok(())
            };
            let (result, time) = timed(run);
            result?;
            first.push(time.as_secs_f64() * 1_000.0);
            let (result, time) = timed(run);
            result?;
            again.push(time.as_secs_f64() * 1_000.0);
            let (result, time) = timed(|| Bundle::from_bytes(&bytes).and_then(|bundle| bundle.verify(&genesis)));
            result?;
            verified.push(time.as_secs_f64() * 1_000.0);
        }
        let figure = json!({
            "first_ms": median(&mut first), "again_ms": median(&mut again), "proofs_alone_ms": median(&mut verified),
        });
        figures.insert(name.into(), figure);
    }
    figures.insert("bytes".into(), json!(bytes.len()));
    figures.insert("bytes_per_transaction".into(), json!(bytes.len() as f64 / 1_000.0));
    Ok(Value::Object(figures))
}

/// The share of execution that folding the host calls takes.
fn evidence(maker: &Maker, height: Height, rounds: usize) -> anyhow::Result<Value> {
    let executor = wasmtime(Compiler::Cranelift);
    let traces = counterpart_audit::trace(&maker.store, &executor, height)?;
    let mut calls = Vec::new();
    for trace in &traces {
        let mut transaction = Vec::new();
        for frame in &trace.calls {
            for step in &frame.steps {
                let Step::Host { function, arguments, answer, gas, gas_before, .. } = step else { continue };
                transaction.push((*function, arguments.clone(), *answer, gas_before - *gas as i64));
            }
        }
        calls.push(transaction);
    }
    let receipts = maker.store.receipts(height)?.context("the receipts")?;
    let (mut shares, mut of_frames, mut folds) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds * 5 {
        let (hashes, fold) = timed(|| calls.iter().map(|calls| evidence_of(calls)).collect::<Vec<Hash>>());
        if hashes.iter().zip(&receipts).any(|(hash, receipt)| *hash != receipt.evidence) {
            bail!("the fold is not the receipts'");
        }
        let (execution, frames) = maker.execution_alone(&executor, height);
        shares.push(fold.as_secs_f64() / execution.as_secs_f64());
        of_frames.push(fold.as_secs_f64() / frames.as_secs_f64());
        folds.push(fold.as_secs_f64() * 1e9 / 1_000.0);
    }
    Ok(json!({
        "share_of_execution": median(&mut shares),
        "share_without_signatures": median(&mut of_frames),
        "ns_per_transaction": median(&mut folds),
    }))
}
