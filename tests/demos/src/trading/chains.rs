//! An exchange over two chains: locked on one, fulfilled on the other through an exchange there, paid by the proof of it; and one that
//! nobody fulfils comes back by the proof of that.

use super::fallback;
use super::relay::Relay;
use crate::stage::{Contract, Stage, hex, now_ms, number};
use counterpart_cli::chain::client_failure;
use counterpart_cli::output::{Exit, Failure};
use counterpart_client::{Client, Signer};
use counterpart_ledger::{Action, Address, ChainProof, Hash, LightClient, encode};
use counterpart_node::{FAUCET, dev_account};
use remote_desk::{OrderId, fulfilled_key, locked_key};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 50_000_000_000;
const PLENTY: u64 = 1_000_000;
const UNITS: u64 = 3_000;
const MIN_BUY: u64 = 2_000;
const DEADLINE_MS: u64 = 600_000;

/// What the exchange ends with.
pub struct Ending {
    /// Units that the receiver got on the second chain.
    pub delivered: u64,
    /// Units that the solver was paid on the first.
    pub paid: u64,
    /// Units that the solver was paid for the order whose relay was killed half-way.
    pub resumed: u64,
    /// How the escrows under one hash ended.
    pub fallback: fallback::Ending,
    /// Units that came back of the order that nobody fulfilled.
    pub refunded: u64,
    /// Whether the other way was refused: a refund of what was fulfilled.
    pub never_both: bool,
    /// Whether all that was minted of what is exchanged is somebody's on its chain: people's, or in a contract.
    pub conserved: bool,
}

/// A chain of the two.
struct Side<'a, 'b> {
    stage: &'a mut Stage<'b>,
    client: &'a Client,
    /// What is exchanged there.
    token: Contract,
    light: Contract,
}

/// Plays it on two networks; neither knows of the other but by what is carried between them.
pub fn play(
    (first, here): (&mut Stage<'_>, &Client),
    (second, there): (&mut Stage<'_>, &Client),
) -> anyhow::Result<Ending> {
    let [maker, solver] = ["maker", "solver"].map(|name| Signer::new(dev_account(name)));
    let a = side(first, here, there, [&maker, &solver])?;
    let mut b = side(second, there, here, [&maker, &solver])?;
    let arguments = json!({ "client": a.light.address.to_string(), "rescue_ms": DEADLINE_MS });
    let orders = a.stage.deploy("Chain A: deploy orders for chain B", &maker, "remote-order", "new", arguments)?;
    let arguments = json!({ "client": b.light.address.to_string() });
    let desk = b.stage.deploy("Chain B: deploy the desk that fulfils them", &maker, "remote-desk", "new", arguments)?;
    let (tin, pool, handler) = exchange(&mut b, &maker, &solver)?;
    let me = maker.address().to_string();
    let id = |order: u64| OrderId { chain: chain_of(here), contract: orders.address, order };
    let lock = |stage: &mut Stage<'_>, title: &str, asset: &Contract, wanted: &Contract, min_buy: u64| {
        let order = json!({
            "maker": me, "sell": token(asset), "units": UNITS, "desk_chain": chain_of(there),
            "desk": desk.address.to_string(), "buy": token(wanted), "min_buy": min_buy, "receiver": me,
            "deadline_ms": now_ms() + DEADLINE_MS,
        });
        stage.act(title, &[(&maker, vec![orders.call("lock", json!({ "order": order }))?])])
    };
    lock(a.stage, "Chain A: lock grain for copper on chain B", &a.token, &b.token, MIN_BUY)?;
    // More than any solver has: the relay that fulfils orders by itself is refused by the desk, and goes on to the next.
    lock(a.stage, "Chain A: lock more, for a price that nobody can pay", &a.token, &b.token, 10 * PLENTY)?;

    // Anybody carries the proof that it is locked.
    let proof = carried(a.client, &orders, &locked_key(&id(0)), |proof| proof.value.is_some())?;
    let through = json!({
        "handler": handler.address.to_string(), "sell": token(&tin), "spend": 2_500, "data": hex(&pool.address.0),
    });
    let fulfil = json!({
        "solver": solver.address().to_string(), "id": document(&id(0)), "proof": proof,
        "payee": solver.address().to_string(), "through": through,
    });
    let before = held(b.stage, &b.token, &maker)?;
    let fulfil = desk.call("fulfil", fulfil)?;
    b.stage.act("Chain B: a solver fulfils it through a pool", &[(&solver, vec![fulfil])])?;
    let delivered = held(b.stage, &b.token, &maker)? - before;

    // That it was fulfilled is proved to chain A: the proof gives nothing back.
    let proof = carried(b.client, &desk, &fulfilled_key(&desk.address, &id(0)), |proof| proof.value.is_some())?;
    let refund = orders.call("refund", json!({ "order": 0, "proof": proof }))?;
    let refused = a.stage.act_in_vain("Chain A: the maker asks for its grain back all the same", &maker, refund)?;
    let before = held(a.stage, &a.token, &solver)?;
    let relay = Relay { here, there, orders: &orders, desk: &desk };
    let running = relay.start(false)?;
    a.stage.note("A relay, a process of its own, carries the proof that pays the solver");
    relay.until_ended(a.stage, 0)?;
    running.kill()?;
    let paid = held(a.stage, &a.token, &solver)? - before;

    // The next relay fulfils by itself; it is killed with whatever it has done by then, and another goes on from there.
    lock(a.stage, "Chain A: lock once more", &a.token, &b.token, MIN_BUY)?;
    let running = relay.start(true)?;
    relay.until_fulfilled(b.stage, &id(2))?;
    running.kill()?;
    b.stage.note("A relay fulfilled the third order on chain B and was killed; another goes on");
    let running = relay.start(false)?;
    relay.until_ended(a.stage, 2)?;
    let resumed = held(a.stage, &a.token, &solver)? - before - paid;

    // Nobody fulfils the second one; after the deadline its units go back.
    let before = held(a.stage, &a.token, &maker)?;
    b.stage.advance_ms(2 * DEADLINE_MS)?;
    let nothing = Action::Transfer { to: maker.address(), amount: 1 };
    b.stage.act("Chain B: time goes on past the deadline", &[(&solver, vec![nothing])])?;
    relay.until_ended(a.stage, 1)?;
    running.kill()?;
    a.stage.note("The relay carried the proof that nobody fulfilled the second order: its units are back");
    let refunded = held(a.stage, &a.token, &maker)? - before;
    let fallback = fallback::play((a.stage, &a.token), (b.stage, &b.token), [&maker, &solver])?;
    let [escrow_a, escrow_b] = fallback.escrows;
    let people = [maker.address(), solver.address()];
    let conserved = sum(a.stage, &a.token, people.into_iter().chain([orders.address, escrow_a]))? == 2 * PLENTY
        && sum(b.stage, &b.token, people.into_iter().chain([desk.address, pool.address, escrow_b]))? == 2 * PLENTY;
    let never_both = refused["error"] == "Fulfilled";
    Ok(Ending { delivered, paid, resumed, refunded, fallback, never_both, conserved })
}

/// Funds people, deploys what is exchanged, and a light client of the other chain.
fn side<'a, 'b>(
    stage: &'a mut Stage<'b>,
    client: &'a Client,
    other: &Client,
    people: [&Signer; 2],
) -> anyhow::Result<Side<'a, 'b>> {
    let faucet = Signer::new(dev_account(FAUCET));
    let fund = |signer: &Signer| Action::Transfer { to: signer.address(), amount: FUNDS };
    stage.act("Give maker and solver native currency", &[(&faucet, people.map(fund).to_vec())])?;
    let arguments = json!({ "name": "metal", "symbol": "MTL", "decimals": 0 });
    let token =
        stage.deploy_salted("Deploy what is exchanged", people[0], "token", ("new", arguments), Hash([9; 32]))?;
    mint(stage, &token, people)?;
    let trusted = LightClient::trusting(counterpart_ledger::ChainId(chain_of(other)), other.validators().clone());
    let arguments = json!({ "light": hex(&trusted.to_bytes()), "need": 0, "past_ms": DEADLINE_MS });
    let light =
        stage.deploy("Deploy a light client of the other chain", people[0], "light-client", "new", arguments)?;
    Ok(Side { stage, client, token, light })
}

/// A pool of the token and another on the second chain, with its handler.
fn exchange(
    side: &mut Side<'_, '_>,
    maker: &Signer,
    solver: &Signer,
) -> anyhow::Result<(Contract, Contract, Contract)> {
    let arguments = json!({ "name": "tin", "symbol": "TIN", "decimals": 0 });
    let tin = side.stage.deploy("Chain B: deploy tin", maker, "token", "new", arguments)?;
    mint(side.stage, &tin, [maker, solver])?;
    let terms = json!({ "one": token(&tin), "other": token(&side.token), "fee_ppm": 3_000 });
    let pool =
        side.stage.deploy("Chain B: deploy a pool", maker, "liquidity-pool", "new", json!({ "terms": terms }))?;
    let add = json!({
        "account": maker.address().to_string(), "max_one": 500_000, "max_other": 500_000, "min_shares": 1,
        "deadline_ms": u64::MAX.to_string(),
    });
    side.stage.act("Chain B: fill it", &[(maker, vec![pool.call("add", add)?])])?;
    let handler = side.stage.deploy("Chain B: deploy its handler", maker, "pool-handler", "new", json!({}))?;
    Ok((tin, pool, handler))
}

fn mint(stage: &mut Stage<'_>, token: &Contract, people: [&Signer; 2]) -> anyhow::Result<()> {
    let mut mints = Vec::new();
    for who in people {
        mints.push(token.call("mint", json!({ "to": who.address().to_string(), "units": PLENTY }))?);
    }
    stage.act("Mint for maker and solver", &[(people[0], mints)])
}

/// What a relayer does: asks one chain's node for a proof until it says what it should, and has it as text for the other.
fn carried(
    from: &Client,
    contract: &Contract,
    key: &[u8],
    says: impl Fn(&counterpart_ledger::EntryProof) -> bool,
) -> anyhow::Result<String> {
    let started = Instant::now();
    loop {
        match from.prove_entry(&contract.address, &key[32..]) {
            Ok(ChainProof::Entry(proof)) if says(&proof) => return Ok(hex(&encode(&ChainProof::Entry(proof)))),
            Ok(_) if started.elapsed() < Duration::from_secs(30) => std::thread::sleep(Duration::from_millis(100)),
            Ok(_) => return Err(Failure::new(Exit::Bug, "demo", "the state does not become what it should").into()),
            Err(_) if started.elapsed() < Duration::from_secs(30) => std::thread::sleep(Duration::from_millis(100)),
            Err(error) => return Err(client_failure(error)),
        }
    }
}

fn chain_of(client: &Client) -> u64 {
    client.chain().0
}

/// As it stands in documents.
pub fn document(id: &OrderId) -> Value {
    json!({ "chain": id.chain, "contract": id.contract.to_string(), "order": id.order })
}

/// A token as an asset.
pub fn token(contract: &Contract) -> Value {
    json!({ "Token": contract.address.to_string() })
}

fn sum(stage: &Stage<'_>, token: &Contract, all: impl Iterator<Item = Address>) -> anyhow::Result<u64> {
    all.map(|who| number(&stage.ask(token, "balance_of", json!({ "holder": who.to_string() }))?)).sum()
}

/// Units that somebody holds.
pub fn held(stage: &Stage<'_>, token: &Contract, who: &Signer) -> anyhow::Result<u64> {
    number(&stage.ask(token, "balance_of", json!({ "holder": who.address().to_string() }))?)
}
