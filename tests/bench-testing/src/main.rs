//! What a call costs a contract author: the token on the chain that tests use, natively and as Wasm.

use clap::Parser;
use counterpart_testing::{Account, Chain, Mode, Subject};
use serde_json::json;
use std::time::{Duration, Instant};
use token::{TokenRef, native_token};

/// Measures calls of the token on the chain of tests.
#[derive(Parser)]
struct Arguments {
    /// Calls of each kind.
    #[arg(long, default_value_t = 5_000)]
    calls: u32,
    /// Fewer calls, to see that it works.
    #[arg(long)]
    quick: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn chain(mode: Mode) -> (Chain, TokenRef, Account, Account) {
    let mut chain = Chain::new(mode);
    let (owner, alice) = (chain.account("owner"), chain.account("alice"));
    let constructor = TokenRef::new("Acorn".into(), "ACN".into(), 2);
    let address = chain.deploy(&owner, &Subject::new("token", native_token()), constructor).expect("deployed");
    let token = TokenRef::at(address);
    chain.call(&owner, token.mint(owner.address, 1_000_000_000)).expect("minted");
    (chain, token, owner, alice)
}

/// The median of so many runs, in us.
fn median(runs: u32, mut work: impl FnMut()) -> f64 {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}

fn main() {
    let mut arguments = Arguments::parse();
    if arguments.quick {
        arguments.calls = 100;
    }
    let mut report = serde_json::Map::new();
    for (name, mode) in [("native", Mode::Native), ("wasm", Mode::Wasm)] {
        let (mut chain, token, owner, alice) = chain(mode);
        let call = median(arguments.calls, || {
            chain.call(&owner, token.transfer(owner.address, alice.address, 1)).expect("moved");
        });
        let with_consent = median(arguments.calls / 4, || {
            let message = token.transfer(alice.address, owner.address, 1);
            chain.call_with(&owner, &[&alice], message).expect("moved");
        });
        let query = median(arguments.calls, || {
            chain.query(token.balance_of(owner.address)).expect("answered");
        });
        report.insert(
            name.into(),
            json!({ "transfer_us": call, "transfer_with_a_signature_us": with_consent, "query_us": query, "target_us": 10.0 }),
        );
    }
    if arguments.json {
        println!("{:#}", serde_json::Value::Object(report));
        return;
    }
    for (name, row) in &report {
        println!(
            "{name:7} transfer {:>6.1} us (at most 10)  with another's signature {:>6.1} us  query {:>6.1} us",
            row["transfer_us"].as_f64().unwrap_or(0.0),
            row["transfer_with_a_signature_us"].as_f64().unwrap_or(0.0),
            row["query_us"].as_f64().unwrap_or(0.0)
        );
    }
}
