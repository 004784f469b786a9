//! JSON-RPC as clients meet it: pages, subscriptions, proofs, limits and what is for development only.

use counterpart_end_to_end::{Net, code, input, interface};
use counterpart_ledger::{
    Action, Address, Block, BlockEvent, Certificate, ChainProof, LightClient, MerkleProof, Phase, Receipt, Verifier,
    VerifierError, decode,
};
use counterpart_node::rpc::{Limits, RpcServer, ServerOptions};
use counterpart_node::{Devnet, DevnetConfig};
use jsonrpsee_core::client::{ClientT, Error, Subscription, SubscriptionClientT};
use jsonrpsee_core::params::{BatchRequestBuilder, ObjectParams};
use jsonrpsee_ws_client::{WsClient, WsClientBuilder};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn params(object: Value) -> ObjectParams {
    let mut params = ObjectParams::new();
    for (name, value) in object.as_object().expect("an object") {
        params.insert(name, value).expect("JSON");
    }
    params
}

async fn connect(url: &str) -> WsClient {
    WsClientBuilder::default().build(url.replace("http", "ws")).await.expect("the node takes WebSockets")
}

async fn next(subscription: &mut Subscription<Value>) -> Value {
    let waited = tokio::time::timeout(Duration::from_secs(20), subscription.next()).await;
    waited.expect("something comes").expect("the subscription goes on").expect("JSON")
}

fn name_of(error: &Error) -> String {
    let Error::Call(error) = error else { panic!("{error}") };
    let data: Value = serde_json::from_str(error.data().expect("errors carry data").get()).expect("JSON");
    data["name"].as_str().expect("a name").to_owned()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("hex").trim_start_matches("0x")).expect("hex")
}

/// A network on which a token with transfers stands.
fn with_token() -> (Net, Address, counterpart_client::Signer) {
    let net = Net::start();
    let alice = net.account("alice");
    let wasm = code("token");
    let abi = interface(&wasm);
    let arguments = json!({ "name": "Acme", "symbol": "ACM", "decimals": 2 });
    let token = net.deploy(&alice, wasm, input(&abi, "new", &arguments));
    let mint = json!({ "to": alice.address().to_string(), "units": "1000" });
    let minted = net.send(&alice, vec![Action::Call { contract: token, input: input(&abi, "mint", &mint), value: 0 }]);
    assert_eq!(minted.json["outcome"]["status"], "success", "{}", minted.json);
    for amount in 1..=5 {
        let to = Address([amount; 32]).to_string();
        let arguments = json!({ "from": alice.address().to_string(), "to": to, "units": amount.to_string() });
        let action = Action::Call { contract: token, input: input(&abi, "transfer", &arguments), value: 0 };
        let sent = net.send(&alice, vec![action]);
        assert_eq!(sent.json["outcome"]["status"], "success", "{}", sent.json);
    }
    (net, token, alice)
}

#[test]
fn pages_join_to_the_whole_list() {
    let (net, token, _) = with_token();
    let contract = token.to_string();
    let whole = net.client.call("events_list", json!({ "contract": contract })).expect("answered");
    let events = whole["events"].as_array().expect("a list");
    assert!(events.len() >= 5 && whole["next"].is_null(), "{whole}");
    let (mut joined, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut ask = json!({ "contract": contract, "limit": 2 });
        if !cursor.is_null() {
            ask["cursor"] = cursor;
        }
        let page = net.client.call("events_list", ask).expect("answered");
        joined.extend(page["events"].as_array().expect("a list").clone());
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(&joined, events);
    let topic = events.last().expect("one")["topics"][0].clone();
    let filtered = net.client.call("events_list", json!({ "contract": contract, "topic": topic })).expect("answered");
    let filtered = filtered["events"].as_array().expect("a list");
    assert!(!filtered.is_empty() && filtered.iter().all(|event| event["name"] == events.last().expect("one")["name"]));

    let whole = net.client.call("state_range", json!({ "contract": contract })).expect("answered");
    let (mut joined, mut start, height) = (Vec::new(), json!("0x"), whole["height"].clone());
    while !start.is_null() {
        let ask = json!({ "contract": contract, "limit": 3, "start": start, "height": height });
        let page = net.client.call("state_range", ask).expect("answered");
        joined.extend(page["entries"].as_array().expect("a list").clone());
        start = page["next"].clone();
    }
    assert!(joined.len() > 3 && Value::Array(joined) == whole["entries"], "{whole}");

    let up = net.client.call("chain_blocks", json!({ "limit": 4 })).expect("answered");
    assert_eq!((up["blocks"][0]["block"]["height"].clone(), up["next"].clone()), (json!(1), json!(5)));
    let head = net.client.call("chain_head", json!({})).expect("answered")["height"].clone();
    let down = net.client.call("chain_blocks", json!({ "limit": 1, "descending": true })).expect("answered");
    assert_eq!(down["blocks"][0]["block"]["height"], head);
}

#[test]
fn a_receipt_is_proved_by_the_next_block_alone() {
    let (net, ..) = with_token();
    let head = net.client.call("chain_blocks", json!({ "descending": true })).expect("answered");
    let with = |answer: &Value| answer["block"]["transactions"].get(0).cloned();
    let hash = head["blocks"].as_array().expect("a list").iter().find_map(with).expect("a transaction");
    // The newest block's results are certified by the next one, which may not be there yet.
    let deadline = Instant::now() + Duration::from_secs(30);
    let proved = loop {
        assert!(Instant::now() < deadline, "the newest block stays without a successor");
        match net.client.call("tx_proof", json!({ "hash": hash })) {
            Ok(proved) => break proved,
            Err(error) => assert!(error.to_string().contains("no block follows"), "{error}"),
        }
    };
    let receipt: Receipt = decode("receipt", &bytes(&proved["receipt"])).expect("a receipt");
    let proof: MerkleProof = decode("proof", &bytes(&proved["proof"])).expect("a proof");
    let block: Block = decode("block", &bytes(&proved["next_block"])).expect("a block");
    let votes: Certificate = decode("certificate", &bytes(&proved["certificate"])).expect("a certificate");
    assert_eq!(json!(receipt.transaction.to_string()), hash);
    let set = net.client.validators();
    votes.verify(set, block.header.chain, Phase::Vote, usize::from(set.quorum)).expect("the votes hold");
    assert_eq!(votes.statement.block, block.hash());
    assert!(proof.verify(&block.header.parent_receipts_root, receipt.hash()));
    let mut altered = receipt;
    altered.gas_used.0 += 1;
    assert!(!proof.verify(&block.header.parent_receipts_root, altered.hash()), "an altered receipt is not proved");

    let shown = net.client.call("tx_get", json!({ "hash": hash })).expect("answered");
    assert_eq!(shown["actions"][0]["method"], "transfer");
    let place = json!({ "height": shown["height"], "transaction": shown["index"], "index": 0 });
    let proved = net.client.call("events_proof", place).expect("answered");
    let event: BlockEvent = decode("event", &bytes(&proved["event"])).expect("an event");
    let path: MerkleProof = decode("proof", &bytes(&proved["proof"])).expect("a proof");
    let verifier = Verifier { chain: block.header.chain, validators: set.clone() };
    let certified = verifier.header(&block.header, &votes).expect("the votes hold");
    assert_eq!((event.transaction, &event.event), (0, &altered.events[0]));
    certified.event(&event, &path).expect("the event is proved");
    let moved = BlockEvent { index: 1, ..event };
    assert_eq!(certified.event(&moved, &path), Err(VerifierError::Path), "the place is part of what is proved");
    let refused = net.client.call("events_proof", json!({ "height": shown["height"], "transaction": 9, "index": 0 }));
    assert!(refused.expect_err("there is none").to_string().contains("no event"));
    let changes = net.client.call("state_changes", json!({ "height": shown["height"] })).expect("answered");
    assert!(changes["count"].as_u64().expect("a number") > 2, "{changes}");
}

#[test]
fn entries_are_proved_to_whoever_knows_the_validators() {
    let (net, token, _) = with_token();
    let set = net.client.validators();
    let prove = |key: &[u8]| {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            match net.client.prove_entry(&token, key) {
                Ok(ChainProof::Entry(proof)) => break proof,
                Ok(other) => panic!("{other:?} is no entry"),
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
        }
    };
    // The name of the token: the field's name after its length, and a zero.
    let there = prove(&[&[4][..], b"name", &[0]].concat());
    let absent = prove(b"nothing");
    assert_eq!(absent.value, None);
    let value = there.value.clone().expect("the token has a name");
    assert!(value.len() > 1, "{value:?}");
    for proof in [&there, &absent] {
        let mut light = LightClient::trusting(proof.block.chain, set.clone());
        light.take(&proof.finality.header, &proof.finality.approval, 0).expect("it is final");
        proof.verify_inclusion().expect("the entry is proved");
    }
    let mut other = there;
    other.value = None;
    other.verify_inclusion().expect_err("there is one");
}

#[test]
fn subscriptions_begin_in_the_past_and_go_on() {
    let (net, token, alice) = with_token();
    let gift = vec![Action::Transfer { to: Address([7; 32]), amount: 1 }];
    let hash = net.client.send(&net.signed(&alice, gift, 1_000_000)).expect("taken");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let client = connect(net.client.url()).await;
        let mut blocks: Subscription<Value> = client
            .subscribe("chain_subscribe", params(json!({ "from": 1 })), "chain_unsubscribe")
            .await
            .expect("taken");
        for height in 1..=3 {
            assert_eq!(next(&mut blocks).await["height"], height);
        }
        let ask = params(json!({ "contract": token.to_string(), "from": 1 }));
        let mut events: Subscription<Value> =
            client.subscribe("events_subscribe", ask, "events_unsubscribe").await.expect("taken");
        let first = next(&mut events).await;
        assert_eq!(first["contract"], token.to_string());

        let ask = params(json!({ "hash": hash.to_string() }));
        let mut progress: Subscription<Value> =
            client.subscribe("tx_subscribe", ask, "tx_unsubscribe").await.expect("taken");
        let last = loop {
            let now = next(&mut progress).await;
            if now["result_certified"] == true {
                break now;
            }
        };
        assert_eq!(last["receipt"]["outcome"]["status"], "success");
        let refused: Result<Subscription<Value>, _> =
            client.subscribe("tx_subscribe", params(json!({ "hash": "zz" })), "tx_unsubscribe").await;
        assert_eq!(name_of(&refused.expect_err("refused")), "bad_parameters");
    });
}

#[test]
fn development_moves_clock_and_funds() {
    let net = Net::start();
    let before = net.client.call("chain_head", json!({})).expect("answered")["time_ms"].as_u64().expect("a time");
    let day = 24 * 3_600_000;
    net.client.call("dev_advance_time", json!({ "by_ms": day })).expect("taken");
    let poor = Address([3; 32]);
    for _ in 0..3 {
        net.client.call("dev_fund", json!({ "address": poor.to_string(), "amount": "10" })).expect("taken");
    }
    net.client.call("dev_make_blocks", json!({ "count": 5 })).expect("taken");
    let grown = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        let head = net.client.call("chain_head", json!({})).expect("answered");
        head["height"].as_u64() >= Some(5)
            && head["time_ms"].as_u64() >= Some(before.max(day) + day - 1)
            && net.client.account(&poor).expect("answered").1 == 30
    });
    let (head, (_, funds)) = (net.client.call("chain_head", json!({})), net.client.account(&poor).expect("answered"));
    assert!(grown, "{before} {head:?} {funds}: five blocks follow, a day later, with the funds");
    let refused = net.client.call("dev_make_blocks", json!({ "count": 0 })).expect_err("refused");
    assert_eq!(refused.name(), "bad_parameters");
}

#[test]
fn parameters_that_are_wrong_are_named() {
    let net = Net::start();
    let refuse = |method: &str, ask: Value, part: &str| {
        let refused = net.client.call(method, ask.clone()).expect_err("refused");
        assert_eq!(refused.name(), "bad_parameters", "{method} {ask}");
        assert!(refused.to_string().contains(part), "{method} {ask}: {refused}");
    };
    refuse("account_get", json!({}), "address");
    refuse("account_get", json!({ "address": "0x12" }), "64 hex digits");
    refuse("account_get", json!({ "address": Address::ZERO.to_string(), "addres": 1 }), "addres");
    refuse("chain_block", json!({ "height": -1 }), "height");
    refuse("chain_block", json!({ "height": "newest" }), "latest");
    refuse("events_list", json!({ "contract": Address::ZERO.to_string(), "limit": 101 }), "limit");
    refuse("events_list", json!({ "contract": Address::ZERO.to_string(), "cursor": "1.2" }), "cursor");
    refuse("tx_send", json!({ "transaction": "0x00" }), "transaction");
    let unknown = net.client.call("chain_block", json!({ "height": 1_000_000 })).expect_err("refused");
    assert_eq!(unknown.name(), "height_above_head");
}

#[test]
fn a_server_takes_so_much_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let devnet = Arc::new(Devnet::start(&DevnetConfig::new(folder.path())).expect("a devnet starts"));
    let limits = Limits { requests_per_second: 10, batch: 5, request_bytes: 10_000, ..Limits::default() };
    let options = ServerOptions { limits, ..ServerOptions::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))) };
    let server = RpcServer::start_with(devnet, options).expect("loopback can be served");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        // What is refused before it is read ends the connection.
        let client = connect(&server.url()).await;
        let mut batch = BatchRequestBuilder::new();
        (0..6).for_each(|_| batch.insert("chain_head", ObjectParams::new()).expect("JSON"));
        assert!(client.batch_request::<Value>(batch).await.is_err(), "a batch of six is one too many");
        let client = connect(&server.url()).await;
        let mut refused = None;
        for _ in 0..40 {
            if let Err(error) = client.request::<Value, _>("chain_head", ObjectParams::new()).await {
                refused = Some(name_of(&error));
                break;
            }
        }
        assert_eq!(refused.as_deref(), Some("too_many_requests"));
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        client.request::<Value, _>("chain_head", ObjectParams::new()).await.expect("it answers again");
        let long = params(json!({ "transaction": "00".repeat(10_000) }));
        let too_long = client.request::<Value, _>("tx_send", long).await.expect_err("over size");
        assert!(!matches!(too_long, Error::Call(ref error) if error.code() == -32602), "{too_long}");
    });
}
