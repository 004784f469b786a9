//! Tests that begin where a network is: a chain of tests forked from a replica's ledger.

use counterpart_end_to_end::{Net, code, input, interface};
use counterpart_ledger::{Action, Outcome};
use counterpart_storage::Store;
use counterpart_testing::{Chain, Mode};
use serde_json::json;

#[test]
fn a_chain_of_tests_goes_on_from_a_ledger_and_leaves_it_alone() {
    let net = Net::start();
    let alice = net.account("alice");
    let wasm = code("empty");
    let section = interface(&wasm);
    let note = net.deploy(&alice, wasm, input(&section, "new", &json!({})));
    let call = |text: &str| {
        let input = input(&section, "write", &json!({ "text": text }));
        Action::Call { contract: note, input, value: 0 }
    };
    let written = net.wait(&net.signed(&alice, vec![call("on the network")], 50_000_000));
    assert_eq!(written.receipt.outcome, Outcome::Success);
    let (_folder, path) = net.into_ledger();

    let store = Store::open(&path).expect("the ledger opens");
    let head = store.head();
    let asked = |chain: &Chain, method: &str| chain.ask(note, input(&section, method, &json!({}))).output;
    let mut chain = Chain::fork(Mode::Native, store.state(), store.codes(), head.height, head.time_ms);
    assert_eq!(chain.height().0, head.height.0 + 1);
    assert!(asked(&chain, "text").ends_with(b"on the network"));
    // The author signs on the network alone; here a stranger is refused as there.
    let bob = chain.account("bob");
    let receipt = chain.send(&bob, vec![call("by a stranger")], Vec::new());
    assert!(matches!(receipt.outcome, Outcome::Revert { code: 0xFFFF_0005, .. }), "{:?}", receipt.outcome);
    // New contracts stand beside those of the network.
    let own = Action::Deploy {
        code_hash: counterpart_module::prepare(&code("empty"), &counterpart_module::Profile::v1())
            .expect("a module")
            .original_hash,
        salt: counterpart_ledger::Hash([9; 32]),
        input: input(&section, "new", &json!({})),
        value: 0,
    };
    let receipt = chain.send(&bob, vec![own], Vec::new());
    assert_eq!(receipt.outcome, Outcome::Success, "the code is that of the network");
    assert!(!chain.state().is_empty());
    assert_eq!(store.head(), head, "nothing was written to the ledger");
}
