//! What a light client of seven validators needs and how long it takes, natively and as Wasm.

use crate::table::{at_most, round};
use anyhow::{Context, ensure};
use counterpart_bench_consensus::{Proof, holds};
use counterpart_ledger::{
    Certificate, ChainId, Gas, Hash, Header, Height, LightClient, Outcome, Phase, Receipt, SecretKey, Statement,
    ValidatorSet, encode, merkle_proof, merkle_root,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use wasmtime::{Engine, Instance, Linker, Module, Store};

const CHAIN: ChainId = ChainId(7);
/// Transactions in the receipt's block.
const RECEIPTS: u64 = 100;

fn made() -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let keys: Vec<SecretKey> = (1..=7).map(|seed| SecretKey::from_seed([seed; 32])).collect();
    let members = keys.iter().map(SecretKey::public_key).collect();
    let set = ValidatorSet { epoch: 0, members, quorum: 5 };
    let receipt = |index: u64| Receipt {
        transaction: Hash([index as u8; 32]),
        outcome: Outcome::Success,
        gas_used: Gas(100_000 + index),
        fee: 100_000,
        outputs: vec![Vec::new()],
        events: Vec::new(),
        evidence: Hash([3; 32]),
    };
    let receipts: Vec<Receipt> = (0..RECEIPTS).map(receipt).collect();
    let leaves: Vec<Hash> = receipts.iter().map(Receipt::hash).collect();
    let header = Header {
        chain: CHAIN,
        height: Height(42),
        view: 50,
        parent: Hash([1; 32]),
        time_ms: 1_700_000_000_000,
        proposer: 1,
        profile: Hash([2; 32]),
        validator_set: set.hash(),
        transactions_root: Hash([4; 32]),
        parent_state_root: Hash([5; 32]),
        parent_receipts_root: merkle_root(leaves.iter().copied()),
        parent_events_root: Hash([6; 32]),
    };
    let statement = Statement { chain: CHAIN, epoch: 0, phase: Phase::Final, view: 50, block: header.hash() };
    let signatures = (0..5u16).map(|index| statement.sign(index, &keys[usize::from(index)])).collect();
    let approval = Certificate { statement, signatures };
    let path = merkle_proof(&leaves, 17);
    let proof = Proof { header, approval, receipt: receipts[17].clone(), path };
    Ok((LightClient::trusting(CHAIN, set).to_bytes(), encode(&proof)))
}

/// The library of this benchmark as Wasm.
fn module() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--locked", "--lib", "--package", env!("CARGO_PKG_NAME")])
        .args(["--target", "wasm32-unknown-unknown", "--profile", "contract"])
        .status()?;
    ensure!(built.success(), "the check does not compile to Wasm");
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("wasm32-unknown-unknown/contract/counterpart_bench_consensus.wasm"))
}

fn median(runs: usize, mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}

fn wasm<T>(result: wasmtime::Result<T>) -> anyhow::Result<T> {
    result.map_err(|error| anyhow::anyhow!("{error:?}"))
}

/// An instance whose imports, glue of wasm-bindgen that this check does not need, trap.
fn instance(store: &mut Store<()>) -> anyhow::Result<Instance> {
    let module = wasm(Module::from_binary(store.engine(), &std::fs::read(module()?)?))?;
    let mut linker = Linker::new(store.engine());
    wasm(linker.define_unknown_imports_as_traps(&module))?;
    wasm(linker.instantiate(&mut *store, &module))
}

/// Sizes and times.
pub fn measure(quick: bool) -> anyhow::Result<Value> {
    let runs = if quick { 20 } else { 500 };
    let (light, proof) = made()?;
    let mut wrong = proof.clone();
    *wrong.last_mut().context("a proof has bytes")? ^= 1;
    let native = median(runs, || {
        ensure!(holds(&light, &proof), "the proof holds");
        Ok(())
    })?;
    ensure!(!holds(&light, &wrong), "another proof does not hold");

    let mut store = Store::new(&Engine::default(), ());
    let instance = instance(&mut store)?;
    let memory = instance.get_memory(&mut store, "memory").context("a memory")?;
    let allocate = wasm(instance.get_typed_func::<(u32, u32), u32>(&mut store, "__wbindgen_malloc"))?;
    // Before the glue is made its name has a hash at the end.
    let name =
        instance.exports(&mut store).map(|export| export.name().to_owned()).find(|name| name.starts_with("holds"));
    let name = name.context("the check is exported")?;
    let check = wasm(instance.get_typed_func::<(u32, u32, u32, u32), u32>(&mut store, &name))?;
    let mut call = |proof: &[u8]| -> anyhow::Result<bool> {
        let mut place = |bytes: &[u8]| -> anyhow::Result<u32> {
            let at = wasm(allocate.call(&mut store, (bytes.len() as u32, 1)))?;
            memory.write(&mut store, at as usize, bytes)?;
            Ok(at)
        };
        let (one, two) = (place(&light)?, place(proof)?);
        Ok(wasm(check.call(&mut store, (one, light.len() as u32, two, proof.len() as u32)))? == 1)
    };
    let wasm = median(runs, || {
        ensure!(call(&proof)?, "the proof holds as Wasm");
        Ok(())
    })?;
    ensure!(!call(&wrong)?, "another proof does not hold as Wasm");
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    Ok(json!({
        "validators": 7,
        "bytes": at_most(proof.len() as f64, 2_048.0),
        "light_client_bytes": light.len(),
        "native_ms": at_most(ms(native), 1.0),
        "wasm_ms": at_most(ms(wasm), 5.0),
        "wasm_over_native": round(ms(wasm) / ms(native)),
    }))
}
