//! Whatever clients send, they get an error of their own, nothing but nonce and fee changes, and the network goes on.

use counterpart_client::{ClientError, Signer};
use counterpart_end_to_end::{FUNDS, Net, code, input};
use counterpart_ledger::{Action, Address, Gas, Height, SignedTransaction};
use counterpart_node::dev_account;
use serde_json::json;

fn name_of(refused: Result<impl std::fmt::Debug, ClientError>) -> String {
    refused.expect_err("it has to be refused").name().to_owned()
}

/// Sends, expects an outcome that is not success, and that only the sender's nonce and fee have changed.
fn fails(net: &Net, sender: &Signer, action: Action, gas: u64) -> String {
    let (nonce, balance) = net.client.account(&sender.address()).expect("answered");
    let confirmed = net.wait(&net.signed(sender, vec![action], gas));
    let (next, left) = net.client.account(&sender.address()).expect("answered");
    let receipt = &confirmed.receipt;
    assert_eq!((next, left), (nonce + 1, balance - receipt.fee), "nonce and fee, and nothing else");
    assert!(receipt.fee > 0 && receipt.gas_used.0 <= gas && receipt.events.is_empty());
    let outcome = &confirmed.json["outcome"];
    let error = outcome["error"].as_str().map(str::to_owned).or_else(|| Some(format!("code {}", outcome["code"])));
    format!("{} {}", outcome["status"].as_str().expect("a status"), error.unwrap_or_default())
}

#[test]
fn transactions_that_cannot_stand_in_a_block_are_refused_each_with_its_name() {
    let net = Net::start();
    let (alice, poor) = (net.account("alice"), Signer::new(dev_account("poor")));
    let gift = || vec![Action::Transfer { to: Address([7; 32]), amount: 1 }];
    let resign = |mut signed: SignedTransaction, change: &dyn Fn(&mut SignedTransaction)| {
        change(&mut signed);
        signed.transaction.clone().sign(&alice.key)
    };
    let good = net.signed(&alice, gift(), 1_000_000);

    let mut forged = good.clone();
    forged.signature.0[3] ^= 1;
    assert_eq!(name_of(net.client.send(&forged)), "bad_signature");
    let foreign = resign(good.clone(), &|signed| signed.transaction.chain.0 += 1);
    assert_eq!(name_of(net.client.send(&foreign)), "wrong_chain");
    let expired = resign(good.clone(), &|signed| signed.transaction.expires_at = Height(0));
    assert_eq!(name_of(net.client.send(&expired)), "expired");
    let distant = resign(good.clone(), &|signed| signed.transaction.nonce += 100_000);
    assert_eq!(name_of(net.client.send(&distant)), "wrong_nonce");
    let starved = resign(good.clone(), &|signed| signed.transaction.gas_limit = Gas(1));
    assert_eq!(name_of(net.client.send(&starved)), "gas_limit");
    let empty = resign(good.clone(), &|signed| signed.transaction.actions.clear());
    assert_eq!(name_of(net.client.send(&empty)), "size");
    assert_eq!(name_of(net.client.send(&net.signed(&poor, gift(), 1_000_000))), "insufficient_balance");

    // The state has not moved, and the same transaction is taken once and only once.
    assert_eq!(net.client.account(&alice.address()).expect("answered"), (0, FUNDS));
    net.wait(&good);
    assert_eq!(name_of(net.client.send(&good)), "already_known");
    let replayed = resign(good, &|signed| signed.transaction.expires_at.0 += 1);
    assert_eq!(name_of(net.client.send(&replayed)), "wrong_nonce");
}

#[test]
fn actions_that_fail_cost_their_gas_and_change_nothing() {
    let net = Net::start();
    let alice = net.account("alice");
    let wasm = code("sale-desk");
    let section = counterpart_end_to_end::interface(&wasm);
    let desk = net.deploy(&alice, wasm, input(&section, "new", &json!({})));
    let call = |contract: Address, input: Vec<u8>| Action::Call { contract, input, value: 0 };
    let offer = input(&section, "withdraw", &json!({ "offer": 3 }));

    let malformed = Action::Upload { code: b"\0asm\x01\0\0\0 not a module".to_vec() };
    let malformed = fails(&net, &alice, malformed, 50_000_000);
    assert!(malformed.starts_with("bad_module code "), "{malformed}");
    let banned = wat::parse_str("(module (func (result f64) (f64.const 1)))").expect("well-formed text");
    let banned = fails(&net, &alice, Action::Upload { code: banned }, 50_000_000);
    assert!(banned.starts_with("bad_module code ") && banned != malformed, "{banned}");

    assert_eq!(fails(&net, &alice, call(Address([9; 32]), offer.clone()), 50_000_000), "no_contract code null");
    assert_eq!(fails(&net, &alice, call(desk, vec![1, 2, 3, 4]), 50_000_000), "revert unknown_method");
    let mut cut = offer.clone();
    cut.pop();
    assert_eq!(fails(&net, &alice, call(desk, cut), 50_000_000), "revert bad_arguments");
    let mut long = offer.clone();
    long.push(0);
    assert_eq!(fails(&net, &alice, call(desk, long), 50_000_000), "revert bad_arguments");
    let paid = Action::Call { contract: desk, input: offer.clone(), value: 5 };
    assert_eq!(fails(&net, &alice, paid, 50_000_000), "revert not_payable");
    let too_much = Action::Transfer { to: desk, amount: FUNDS };
    assert_eq!(fails(&net, &alice, too_much, 50_000_000), "insufficient_balance code null");

    let trap = r#"(module (memory (export "memory") 1) (func (export "deploy")) (func (export "call") unreachable))"#;
    let trap = net.deploy(&alice, wat::parse_str(trap).expect("well-formed text"), Vec::new());
    let trapped = fails(&net, &alice, call(trap, Vec::new()), 50_000_000);
    assert!(trapped.starts_with("trap "), "{trapped}");
    let endless = r#"(module (memory (export "memory") 1) (func (export "deploy"))
        (func (export "call") (loop (br 0))))"#;
    let endless = net.deploy(&alice, wat::parse_str(endless).expect("well-formed text"), Vec::new());
    assert_eq!(fails(&net, &alice, call(endless, Vec::new()), 50_000_000), "out_of_gas code null");

    let gift = Action::Transfer { to: Address([7; 32]), amount: 1 };
    assert_eq!(net.send(&alice, vec![gift]).json["outcome"]["status"], "success", "the network goes on");
}
