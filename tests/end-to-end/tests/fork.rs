//! Tests that begin where a network is: a chain of tests forked from a replica's ledger.

use counterpart_client::{Client, RemoteState};
use counterpart_end_to_end::{Net, code, input, interface};
use counterpart_ledger::{Action, Address, Outcome, StateRead};
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

    // Behind the RPC first, while the network goes on: what it does after the fork is not seen.
    let remote = RemoteState::newest(Client::connect(net.client.url()).expect("reached")).expect("answered");
    let mut chain = Chain::fork(Mode::Wasm, remote.clone(), remote.clone(), remote.height(), remote.time_ms());
    net.wait(&net.signed(&alice, vec![call("later")], 50_000_000));
    let text = |chain: &Chain| chain.ask(note, input(&section, "text", &json!({}))).output;
    assert!(text(&chain).ends_with(b"on the network"));
    let carol = chain.account("carol");
    let refused = chain.send(&carol, vec![call("by a stranger")], Vec::new());
    assert!(matches!(refused.outcome, Outcome::Revert { code: 0xFFFF_0005, .. }), "{:?}", refused.outcome);
    walks_are_the_same(&net, &*remote, note);
    let (_folder, path) = net.into_ledger();

    let store = Store::open(&path).expect("the ledger opens");
    let head = store.head();
    let asked = |chain: &Chain, method: &str| chain.ask(note, input(&section, method, &json!({}))).output;
    let mut chain = Chain::fork(Mode::Native, store.state(), store.codes(), head.height, head.time_ms);
    assert_eq!(chain.height().0, head.height.0 + 1);
    assert!(asked(&chain, "text").ends_with(b"later"));
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

/// Every entry of a contract, walked in both directions behind the RPC, against the pages of `state_range`.
fn walks_are_the_same(net: &Net, state: &dyn StateRead, contract: Address) {
    let parameters = json!({ "contract": contract.to_string(), "limit": 100 });
    let pages = net.client.call("state_range", parameters).expect("answered");
    let keys: Vec<String> =
        pages["entries"].as_array().expect("entries").iter().map(|entry| entry["key"].to_string()).collect();
    assert!(keys.len() >= 3, "author, text and revision: {keys:?}");
    for descending in [false, true] {
        let (mut start, mut end) = (contract.0.to_vec(), [&contract.0[..], &[0xFF; 40]].concat());
        let mut walked = Vec::new();
        while let Some((key, _)) = state.next(&start, &end, descending).expect("answered") {
            walked.push(format!("\"0x{}\"", hex::encode(&key[32..])));
            if descending {
                end = key;
            } else {
                start = [&key[..], &[0]].concat();
            }
        }
        if descending {
            walked.reverse();
        }
        assert_eq!(walked, keys);
    }
}
