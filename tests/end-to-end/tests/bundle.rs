//! Bundles: a block executes again anywhere, with equal gas and roots, and no byte of it can be changed.

use counterpart_audit::{Bundle, Flame, explain};
use counterpart_end_to_end::{Net, code, input, interface};
use counterpart_execution::{Engine, Executor};
use counterpart_ledger::{Action, Address, Hash, Receipt, SignedTransaction, decode};
use counterpart_module::Profile;
use counterpart_referee::WasmiEngine;
use counterpart_vm::{Compiler, Options, WasmtimeEngine};
use serde_json::{Value, json};
use std::sync::Arc;

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("hex").trim_start_matches("0x")).expect("hex")
}

fn genesis(net: &Net) -> Hash {
    let answer = net.client.call("chain_genesis", json!({})).expect("answered");
    Hash::from_hex(answer["hash"].as_str().expect("a hash")).expect("a hash")
}

/// Sends many transfers at once; answers heights and bundles of the blocks that took them.
fn with_transfers(net: &Net, count: u64) -> Vec<(u64, Vec<u8>)> {
    let alice = net.account("alice");
    let wasm = code("token");
    let abi = interface(&wasm);
    let arguments = json!({ "name": "Acme", "symbol": "ACM", "decimals": 2 });
    let token = net.deploy(&alice, wasm, input(&abi, "new", &arguments));
    let mint = json!({ "to": alice.address().to_string(), "units": "100000" });
    net.send(&alice, vec![Action::Call { contract: token, input: input(&abi, "mint", &mint), value: 0 }]);
    let first = net.client.account(&alice.address()).expect("answered").0;
    let mut last: Option<SignedTransaction> = None;
    for number in 0..count {
        let to = Address([(number % 40) as u8; 32]).to_string();
        let ask = json!({ "from": alice.address().to_string(), "to": to, "units": "3" });
        let call = Action::Call { contract: token, input: input(&abi, "transfer", &ask), value: 0 };
        let mut transaction = net.signed(&alice, vec![call], 3_000_000).transaction;
        transaction.nonce = first + number;
        let signed = transaction.sign(&alice.key);
        net.client.send(&signed).expect("taken");
        last = Some(signed);
    }
    let last = last.expect("one at least").hash();
    let rule = "quorum:1".parse().expect("a rule");
    net.client.wait(&last, &rule, std::time::Duration::from_secs(120)).expect("certified");
    net.client.call("dev_make_blocks", json!({ "count": 1 })).expect("taken");
    let mut bundles = Vec::new();
    let head = net.client.head().expect("answered").height.0;
    for height in 1..head {
        let answer = net.client.call("audit_bundle", json!({ "height": height })).expect("answered");
        bundles.push((height, bytes(&answer["bundle"])));
    }
    bundles
}

fn engines() -> Vec<Arc<dyn Engine>> {
    let wasmtime = |compiler| -> Arc<dyn Engine> {
        Arc::new(WasmtimeEngine::new(Options { compiler, ..Options::default() }).expect("an engine"))
    };
    vec![Arc::new(WasmiEngine::new()), wasmtime(Compiler::Cranelift), wasmtime(Compiler::Winch)]
}

#[test]
fn every_block_executes_again_from_its_bundle_on_every_engine() {
    let net = Net::start();
    let bundles = with_transfers(&net, 60);
    let anchor = genesis(&net);
    for engine in engines() {
        let executor = Executor::new(engine, Profile::v1());
        for (height, bytes) in &bundles {
            let bundle = Bundle::from_bytes(bytes).expect("a bundle");
            let traced = bundle.trace(&executor, &anchor);
            let (executed, traces) = traced.unwrap_or_else(|error| panic!("{height}: {error}"));
            assert_eq!(executed.result.receipts.len(), bundle.block.transactions.len());
            for (trace, receipt) in traces.iter().zip(&executed.result.receipts) {
                let abis = |_: &Address| None;
                let calls: Vec<_> = trace.calls.iter().map(|call| explain(call, &abis)).collect();
                let flame = Flame::of_transaction(&trace.transaction.to_string(), trace.gas_used.0, &calls);
                let sum: u64 = flame
                    .folded()
                    .lines()
                    .map(|line| line.rsplit(' ').next().expect("gas"))
                    .map(|gas| gas.parse::<u64>().expect("a number"))
                    .sum();
                assert_eq!(sum, receipt.gas_used.0, "the parts sum to the charged gas");
            }
        }
    }
    // A replay in a browser runs the same code as this.
    let (_, largest) = bundles.iter().max_by_key(|(_, bytes)| bytes.len()).expect("one at least");
    let answer = counterpart_js_replay::replay(largest, &anchor.to_string()).expect("it holds");
    assert_eq!(answer["engine"], "wasmi");
    let shown = answer["transactions"].as_array().expect("a list");
    assert!(
        !shown.is_empty()
            && shown.iter().all(|one| one["calls"][0]["status"] == "success" || one["calls"] == json!([]))
    );
    for one in shown {
        let told = net.client.call("tx_receipt", json!({ "hash": one["hash"] })).expect("answered");
        let receipt: Receipt = decode("receipt", &bytes(&told["receipt"]["raw"])).expect("a receipt");
        assert_eq!(receipt.gas_used.0, one["gas_used"].as_u64().expect("gas"), "equal gas in the second opinion");
        let traced = net.client.call("audit_trace", json!({ "hash": one["hash"] })).expect("answered");
        assert_eq!(traced["flame"], one["flame"]);
    }
}

#[test]
fn a_bundle_with_any_byte_changed_is_refused() {
    let net = Net::start();
    let bundles = with_transfers(&net, 3);
    let anchor = genesis(&net);
    let transfers = |bytes: &Vec<u8>| {
        let bundle = Bundle::from_bytes(bytes).expect("a bundle");
        bundle.block.transactions.len()
    };
    // The smallest with transfers: code makes up most of it, and every stretch has to be met.
    let (_, whole) =
        bundles.iter().filter(|(_, bytes)| transfers(bytes) > 0).min_by_key(|(_, bytes)| bytes.len()).expect("one");
    let executor = Executor::new(Arc::new(WasmiEngine::new()), Profile::v1());
    let holds = |bytes: &[u8]| Bundle::from_bytes(bytes).and_then(|bundle| bundle.execute(&executor, &anchor));
    holds(whole).expect("it holds as it is");
    let step = (whole.len() / 700).max(1);
    let mut kinds = std::collections::BTreeSet::new();
    for at in (0..whole.len()).step_by(step).chain(0..8).chain(whole.len() - 8..whole.len()) {
        let mut altered = whole.clone();
        altered[at] ^= 1 << (at % 8);
        match holds(&altered) {
            Ok(_) => panic!("byte {at} of {} can be changed", whole.len()),
            Err(error) => kinds.insert(error.name()),
        };
    }
    for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
        assert!(holds(&whole[..cut]).is_err(), "cut at {cut}");
    }
    assert!(holds(&[whole.as_slice(), &[0]].concat()).is_err(), "with a byte more");
    let other = Bundle::from_bytes(whole).expect("a bundle").execute(&executor, &Hash([7; 32])).expect_err("refused");
    assert_eq!(other.name(), "other_chain");
    assert!(kinds.len() >= 5, "refused for reasons that tell what is wrong: {kinds:?}");
}
