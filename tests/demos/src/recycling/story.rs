//! What happens: bins measure, a buyer reads, a wrong key is proved, an item is followed.

use super::bins::{self, BINS, Bins, READINGS, WEIGHT, drained};
use crate::stage::{Contract, Stage, hex, now_ms, number};
use counterpart_cli::output::{Exit, Failure, OrFail};
use counterpart_client::Signer;
use counterpart_consensus::CommitRule;
use counterpart_ledger::Action;
use counterpart_node::{FAUCET, dev_account};
use counterpart_sdk::{Address, Hash};
use counterpart_sealing::SecretKey;
use counterpart_service::Client;
use sensor_gateway::epcis::Event;
use sensor_gateway::{Buyer, Device, Launch, Ledger, Node, Vault, Verdict};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 100_000_000_000;
const HOUR_MS: u64 = 3_600_000;
/// Units that are made, a hundred to a whole one, and who has them at first.
const BUYERS: u64 = 10_000;
const BOND: u64 = 6_000;
const BUDGET: u64 = 1_000;
const MADE: u64 = BUYERS + BOND + BUDGET;
/// Units for a key, and what a wrong one costs the gateway.
const PRICE: u64 = 200;
const PENALTY: u64 = 2_000;
const BOUGHT: u64 = 40;
/// Which of them gets a wrong key.
const WRONG: usize = 17;

/// What the story ends with; units.
pub struct Ending {
    pub recorded: u64,
    pub before_the_kill: u64,
    pub forged: String,
    pub replayed: String,
    pub deducted: u64,
    pub good: usize,
    pub wrong: usize,
    pub refunded: u64,
    pub slashed: u64,
    pub shares: [u64; 3],
    pub left: u64,
    pub rewarded: u64,
    pub budget: u64,
    pub wished: u64,
    pub flagged: bool,
    pub recomputed: usize,
    pub conserved: bool,
}

struct Cast {
    operator: Signer,
    gateway: Signer,
    owner: Signer,
    buyer: Signer,
    neighbour: Signer,
    recycler: Signer,
    money: Contract,
    register: Contract,
    market: Contract,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>) -> anyhow::Result<Ending> {
    let cast = begin(stage)?;
    let store = tempfile::tempdir().or_fail(Exit::Bug, "demo", "there is no place for the gateway")?;
    let launch = Launch {
        store: store.path().join("gateway"),
        rpc: stage.url().to_owned(),
        register: Address(cast.register.address.0),
        market: Address(cast.market.address.0),
        from: "dev:gateway".into(),
    };
    let folder = launch.store.clone();
    let mut gateway = bins::start(&launch)?;
    let client = Client::new(gateway.url());
    let mut measured = Bins::new(stage.chain(), Address(cast.register.address.0), account(&cast.neighbour));
    stage.note("Five bins sign readings and send them to a gateway, a process of its own");
    measured.send(&client, READINGS / 2, now_ms)?;
    let kill = "demo: the gateway cannot be ended";
    gateway.kill().or_fail(Exit::Bug, "demo", kill)?;
    let before_the_kill = cast.count(stage)?;
    stage.note(&format!("The gateway is killed: {before_the_kill} of 250 are on the ledger; another one goes on"));
    gateway.restart().or_fail(Exit::Bug, "demo", "the gateway does not start again")?;
    measured.send(&client, READINGS / 2, now_ms)?;
    let [forged, replayed] = measured.cheat(&client, now_ms())?;
    drained(&client)?;
    let recorded = cast.count(stage)?;

    // The gateway ends, and whoever runs it delivers by hand: one key is not the event's.
    gateway.kill().or_fail(Exit::Bug, "demo", kill)?;
    let seed: [u8; 32] = Sha256::digest(b"a key of one request").into();
    let key = SecretKey::from_seed(&seed).public_key();
    let events: Vec<u64> = (0..BOUGHT).map(|at| at * 7).collect();
    let ask = json!({
        "buyer": cast.buyer.address().to_string(), "events": events, "key": hex(&key), "version": 1, "max_units": BUYERS,
    });
    let title = "The buyer asks for the keys of 40 readings: 80.00 are deducted";
    stage.act(title, &[(&cast.buyer, vec![cast.market.call("ask", ask)?])])?;
    let deducted = number(&cast.account(stage)?["locked"])?;
    let available = number(&cast.account(stage)?["available"])?;
    let node = cast.node(stage)?;
    cast.deliver(stage, &node, &folder, &key)?;
    gateway.restart().or_fail(Exit::Bug, "demo", "the gateway does not start again")?;
    let buyer = Buyer::new(client, stage.chain(), Address(cast.market.address.0));
    let verdicts = buyer.open(&node, 0, &seed).or_fail(Exit::Bug, "demo", "nothing can be opened")?;
    let good = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Good { .. })).count();
    let wrong: Vec<u64> =
        verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::WrongKey).map(|(event, _)| *event).collect();
    let mut disputes = Vec::new();
    for event in &wrong {
        let proof = json!({ "request": 0, "event": event, "seed": hex(&seed), "body": null });
        disputes.push(cast.market.call("dispute", proof)?);
    }
    stage.act("The buyer proves that one key is wrong", &[(&cast.buyer, disputes)])?;
    let refunded = number(&cast.account(stage)?["available"])? - available;
    let confirm = cast.market.call("confirm", json!({ "request": 0 }))?;
    stage.act("The buyer is content with the rest", &[(&cast.buyer, vec![confirm])])?;
    let left = number(&cast.account(stage)?["available"])?;
    let slashed = cast.claim_of(stage, &cast.buyer)?;
    let shares = [&cast.gateway, &cast.operator, &cast.owner];
    let shares = shares.map(|who| cast.claim_of(stage, who)).into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let shares = <[u64; 3]>::try_from(shares).map_err(|_| Failure::new(Exit::Bug, "demo", "three shares"))?;
    let who = |signer: &Signer| json!({ "account": signer.address().to_string() });
    let claim = |signer: &Signer| cast.market.call("claim", who(signer));
    let reward = |signer: &Signer| cast.register.call("claim_reward", who(signer));
    let rewarded = number(&stage.ask(&cast.register, "reward_of", who(&cast.neighbour))?)?;
    let taken = [
        (&cast.gateway, vec![claim(&cast.gateway)?]),
        (&cast.operator, vec![claim(&cast.operator)?]),
        (&cast.owner, vec![claim(&cast.owner)?]),
        (&cast.neighbour, vec![reward(&cast.neighbour)?]),
    ];
    stage.act("Gateway, fund and owner take what they earned, the neighbour its rewards", &taken)?;
    let flagged = cast.follow(stage)?;
    let recomputed = cast.recompute(stage, &measured.documents)?;
    let deposits = BINS * READINGS / 10;
    Ok(Ending {
        recorded,
        before_the_kill,
        forged,
        replayed,
        deducted,
        good,
        wrong: wrong.len(),
        refunded,
        slashed,
        shares,
        left,
        rewarded,
        budget: BUDGET,
        wished: deposits * bins::DEPOSIT_GRAMS,
        flagged,
        recomputed,
        conserved: cast.conserved(stage)?,
    })
}

fn account(signer: &Signer) -> Address {
    Address(signer.address().0)
}

fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let faucet = Signer::new(dev_account(FAUCET));
    let people = ["operator", "gateway", "owner", "buyer", "neighbour", "recycler"];
    let [operator, gateway, owner, buyer, neighbour, recycler] = people.map(|name| Signer::new(dev_account(name)));
    let fund = |signer: &Signer| Action::Transfer { to: signer.address(), amount: FUNDS };
    let all = [&operator, &gateway, &owner, &buyer, &neighbour, &recycler];
    stage.act("Give everyone native currency", &[(&faucet, all.map(fund).to_vec())])?;
    let arguments = json!({ "name": "Data", "symbol": "DAT", "decimals": 2 });
    let money = stage.deploy("Deploy what keys are paid in", &operator, "token", "new", arguments)?;
    let asset = json!({ "Token": money.address.to_string() });
    let terms = json!({
        "skew_ms": HOUR_MS, "tolerance_ppm": 20_000, "asset": asset, "reward_per_gram": 1, "admin_delay_ms": 0,
    });
    let register = stage.deploy("Deploy the register", &operator, "recycling", "new", json!({ "terms": terms }))?;
    let referee = stage.deploy("Deploy the referee of seals", &operator, "sealing-referee", "new", json!({}))?;
    let me = operator.address().to_string();
    let terms = json!({
        "register": register.address.to_string(), "referee": referee.address.to_string(), "asset": asset,
        "deliver_ms": HOUR_MS, "dispute_ms": HOUR_MS, "gateway_ppm": 300_000, "fund_ppm": 100_000, "fund": me,
        "penalty": PENALTY, "admin_delay_ms": 0,
    });
    let market = stage.deploy("Deploy the market", &operator, "data-market", "new", json!({ "terms": terms }))?;
    let to =
        |signer: &Signer, units: u64| money.call("mint", json!({ "to": signer.address().to_string(), "units": units }));
    let price = json!({ "fresh": PRICE, "old": PRICE / 2, "fresh_ms": 24 * HOUR_MS, "many": 50, "less_ppm": 0 });
    let admit = |method: &str, role: &str, signer: &Signer| {
        register.call(method, json!({ role: signer.address().to_string(), "admitted": true }))
    };
    let open = vec![
        to(&operator, BUDGET)?,
        to(&gateway, BOND)?,
        to(&buyer, BUYERS)?,
        admit("set_gateway", "gateway", &gateway)?,
        admit("set_recycler", "recycler", &recycler)?,
        market.call("set_price", json!({ "class": WEIGHT, "price": price }))?,
        register.call("fund", json!({ "from": me, "units": BUDGET }))?,
    ];
    let mut bins = Vec::new();
    for number in 0..BINS {
        let key = hex(&Device::public_key(bins::seed(number)));
        let made = json!({
            "owner": owner.address().to_string(), "key": key, "cell": number, "calibration": hex(&[0; 32]),
        });
        bins.push(register.call("register_device", made)?);
    }
    let bond = market.call("put_bond", json!({ "gateway": gateway.address().to_string(), "units": BOND }))?;
    let pay_in = market.call("top_up", json!({ "buyer": buyer.address().to_string(), "units": BUYERS }))?;
    stage.act("Admit gateway and recycler, set a price, fund rewards", &[(&operator, open)])?;
    let begun = [(&owner, bins), (&gateway, vec![bond]), (&buyer, vec![pay_in])];
    stage.act("The owner registers five bins, the gateway brings its bond, the buyer pays 100.00 in", &begun)?;
    Ok(Cast { operator, gateway, owner, buyer, neighbour, recycler, money, register, market })
}

impl Cast {
    fn count(&self, stage: &Stage<'_>) -> anyhow::Result<u64> {
        number(&stage.ask(&self.register, "count", json!({}))?)
    }

    fn account(&self, stage: &Stage<'_>) -> anyhow::Result<Value> {
        stage.ask(&self.market, "account", json!({ "buyer": self.buyer.address().to_string() }))
    }

    fn claim_of(&self, stage: &Stage<'_>, who: &Signer) -> anyhow::Result<u64> {
        number(&stage.ask(&self.market, "claim_of", json!({ "account": who.address().to_string() }))?)
    }

    /// The ledger as buyers and auditors see it.
    fn node(&self, stage: &Stage<'_>) -> anyhow::Result<Node> {
        let rule: CommitRule = "quorum:0.67".parse().map_err(|error| Failure::new(Exit::Bug, "rule", error))?;
        let (register, market) = (Address(self.register.address.0), Address(self.market.address.0));
        let node = Node::connect(stage.url(), Signer::new(dev_account("gateway")), register, market, rule);
        node.or_fail(Exit::Network, "demo", "the node does not answer")
    }

    /// Delivers by hand with the gateway's secret; one key is another's.
    fn deliver(
        &self,
        stage: &mut Stage<'_>,
        node: &Node,
        store: &std::path::Path,
        key: &[u8; 32],
    ) -> anyhow::Result<()> {
        let vault = Vault::open(&store.join("secret.key")).or_fail(Exit::Bug, "demo", "the gateway has no secret")?;
        let found = node.request(0).or_fail(Exit::Bug, "demo", "the ledger does not answer")?;
        let found = found.ok_or_else(|| Failure::new(Exit::Bug, "demo", "there is no request"))?;
        let mut keys = Vec::new();
        for (at, deduction) in found.deductions.iter().enumerate() {
            let recorded = node.event(deduction.event).or_fail(Exit::Bug, "demo", "the ledger does not answer")?;
            let hash = recorded.map(|recorded| recorded.reading.hash).filter(|_| at != WRONG).unwrap_or(Hash::ZERO);
            let market = Address(self.market.address.0);
            let wrapped = vault.wrap(&hash, key, (stage.chain(), &market), (0, deduction.event));
            let wrapped = wrapped.or_fail(Exit::Bug, "demo", "a key cannot be sealed")?;
            keys.push(json!({ "enc": hex(&wrapped.enc), "ciphertext": hex(&wrapped.ciphertext) }));
        }
        let deliver = self.market.call("deliver", json!({ "request": 0, "keys": keys }))?;
        stage.act("The gateway delivers 40 keys, one of them wrong", &[(&self.gateway, vec![deliver])])
    }

    /// A batch on its way from deposit to product: more comes out than went in.
    fn follow(&self, stage: &mut Stage<'_>) -> anyhow::Result<bool> {
        let (recycler, batch) = (self.recycler.address().to_string(), hex(&Sha256::digest(b"a batch of bottles")));
        let mut steps =
            vec![self.register.call("register_item", json!({ "recycler": recycler, "item": batch, "grams": 1_500 }))?];
        for stage in ["Deposited", "Collected", "Sorted"] {
            let step = json!({ "item": batch, "stage": stage, "custodian": recycler });
            steps.push(self.register.call("move_item", step)?);
        }
        stage.act("A batch of 1500 g is registered, deposited, collected and sorted", &[(&self.recycler, steps)])?;
        let flakes = hex(&Sha256::digest(b"a bag of flakes"));
        let process = json!({ "recycler": recycler, "inputs": [batch], "outputs": [[flakes, 1_600]] });
        let process = self.register.call("process", process)?;
        let title = "1600 g of flakes come out of it: more than went in, and flagged";
        stage.act(title, &[(&self.recycler, vec![process])])?;
        Ok(stage.ask(&self.register, "item", json!({ "item": flakes }))?["flagged"] == true)
    }

    /// What an auditor does with the bins' own logs: recomputes every hash and holds it against the ledger.
    fn recompute(&self, stage: &Stage<'_>, documents: &[Vec<Value>]) -> anyhow::Result<usize> {
        let (mut from, mut equal) = (0, 0);
        loop {
            let page = stage.ask(&self.register, "page", json!({ "from": from, "limit": 100 }))?;
            let Some(page) = page.as_array().filter(|page| !page.is_empty()) else { return Ok(equal) };
            for recorded in page {
                let reading = &recorded["reading"];
                let (bin, at) = (number(&reading["device"])? as usize, number(&reading["counter"])? as usize);
                let hash = documents.get(bin).and_then(|documents| documents.get(at));
                let hash = hash.and_then(|document| Event::of(document).and_then(|event| event.hash()).ok());
                equal += usize::from(hash.is_some_and(|hash| reading["hash"] == hex(&hash)));
            }
            from += page.len();
        }
    }

    fn conserved(&self, stage: &Stage<'_>) -> anyhow::Result<bool> {
        let people = [&self.operator, &self.gateway, &self.owner, &self.buyer, &self.neighbour, &self.recycler];
        let people = people.map(|signer| signer.address().to_string());
        let contracts = [&self.register, &self.market].map(|contract| contract.address.to_string());
        let held = |who: &String| number(&stage.ask(&self.money, "balance_of", json!({ "holder": who }))?);
        Ok(people.iter().chain(&contracts).map(held).sum::<anyhow::Result<u64>>()? == MADE)
    }
}
