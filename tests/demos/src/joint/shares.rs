//! J2: silver becomes grain by way of shares under rules. A route whose middle may not hold shares is refused as a whole; where the
//! registry knows who is in the middle, it is traded; and shares themselves go to nobody whom it does not know.

use super::kit::{self, Told, account};
use crate::stage::{Contract, Stage, hex, outcome_error};
use counterpart_client::Signer;
use counterpart_ledger::{Action, Hash};
use serde_json::{Value, json};

pub const CONTRACTS: [&str; 8] = [
    "token",
    "identity-registry",
    "compliance",
    "security-token",
    "liquidity-pool",
    "pool-handler",
    "transfer-proxy",
    "swap-router",
];
const MADE: u64 = 1_000_000;
const IN_POOLS: u64 = 100_000;
/// What the trader sells, and asks for at least.
const SELLS: u64 = 1_000;
const AT_LEAST: u64 = 900;

struct Cast {
    issuer: Signer,
    trader: Signer,
    stranger: Signer,
    registry: Contract,
    shares: Contract,
    silver: Contract,
    grain: Contract,
    /// Silver for shares, and shares for grain.
    pools: [Contract; 2],
    handler: Contract,
    proxy: Contract,
    router: Contract,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>) -> anyhow::Result<Told> {
    let cast = begin(stage)?;
    let before = cast.of_trader(stage)?;
    let route = cast.route(&cast.trader, &[&cast.shares, &cast.grain])?;
    let title = "The trader sells silver for grain by way of shares: the router may not hold them";
    let mid_route = refusal(&stage.act_in_vain(title, &cast.trader, route)?);
    let untouched = cast.of_trader(stage)? == before;
    cast.admit(stage, "Register handler and router as custodians", &[&cast.handler, &cast.router])?;
    let route = cast.route(&cast.trader, &[&cast.shares, &cast.grain])?;
    stage.act("The same trade is carried out", &[(&cast.trader, vec![route])])?;
    let after = cast.of_trader(stage)?;
    let bought = after.1 - before.1;
    let route = cast.route(&cast.stranger, &[&cast.shares])?;
    let title = "The trader buys shares for somebody whom nobody knows";
    let to_stranger = refusal(&stage.act_in_vain(title, &cast.trader, route)?);
    let people = [&cast.issuer, &cast.trader, &cast.stranger];
    let contracts: Vec<&Contract> = cast.pools.iter().chain([&cast.handler, &cast.proxy, &cast.router]).collect();
    let mut conserved = true;
    for token in [&cast.shares, &cast.silver, &cast.grain] {
        conserved &= kit::sum(stage, token, &people, &contracts)? == MADE;
        for between in [&cast.handler, &cast.proxy, &cast.router] {
            conserved &= kit::held(stage, token, &between.address.to_string())? == 0;
        }
    }
    let facts = vec![
        ("in the middle refused", json!(mid_route)),
        ("nothing moved", json!(untouched)),
        ("silver sold", json!(before.0 - after.0)),
        ("grain bought", json!(bought)),
        ("to a stranger refused", json!(to_stranger)),
    ];
    let refused = [&mid_route, &to_stranger].iter().all(|word| *word == "ReceiverUnknown");
    let as_expected = refused && untouched && bought >= AT_LEAST && before.0 - after.0 == SELLS;
    Ok(Told { facts, conserved, as_expected })
}

fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let [issuer, trader, stranger] = kit::people(stage, ["issuer", "trader", "stranger"])?;
    let registry = json!({ "admin_delay_ms": 0 });
    let registry = stage.deploy("Deploy the registry of investors", &issuer, "identity-registry", "new", registry)?;
    let rules = json!({ "registry": registry.address.to_string(), "admin_delay_ms": 0 });
    let compliance = stage.deploy("Deploy the contract of rules", &issuer, "compliance", "new", rules)?;
    let shares = json!({ "name": "Harbour Fund", "symbol": "HRB", "upgrade_delay_ms": kit::HOUR_MS });
    let shares = stage.deploy("Deploy the shares, version 1", &issuer, "security-token", "new", shares)?;
    let (silver, grain) = (kit::token(stage, &issuer, "SLV")?, kit::token(stage, &issuer, "GRN")?);
    let security = security(&shares);
    let mut pool = |one: &Value, other: &Value, salt: u8| {
        let terms = json!({ "terms": { "one": one, "other": other, "fee_ppm": 3_000 } });
        stage.deploy_salted("Deploy a pool with shares", &issuer, "liquidity-pool", ("new", terms), Hash([salt; 32]))
    };
    let pools = [pool(&kit::asset(&silver), &security, 1)?, pool(&security, &kit::asset(&grain), 2)?];
    let handler = stage.deploy("Deploy the pools' handler", &issuer, "pool-handler", "new", json!({}))?;
    let proxy = stage.deploy("Deploy the proxy", &issuer, "transfer-proxy", "new", json!({ "delay_ms": 0 }))?;
    let arguments = json!({ "proxy": proxy.address.to_string(), "delay_ms": 0 });
    let router = stage.deploy("Deploy the router", &issuer, "swap-router", "new", arguments)?;
    let rules = json!({
        "countries": { "only": false, "named": [] }, "accredited_only": false, "contracts": true, "max_units": "0",
        "max_supply": "0", "max_holders": 10, "max_unaccredited": 0, "lot": "1", "pace": null,
    });
    let me = account(&issuer);
    let appoint = vec![
        registry.call("set_registrar", json!({ "account": me, "is": true }))?,
        compliance.call("set_officer", json!({ "account": me, "is": true }))?,
        compliance.call("set_token", json!({ "token": shares.address.to_string(), "is": true }))?,
        shares.call("set_compliance", json!({ "compliance": compliance.address.to_string() }))?,
        compliance.call("set_rules", json!({ "rules": rules }))?,
        proxy.call("propose_router", json!({ "router": router.address.to_string() }))?,
        proxy.call("change_router", json!({}))?,
        router.call("set_handler", json!({ "handler": handler.address.to_string(), "allowed": true }))?,
    ];
    stage.act("Choose rules, and let the router spend", &[(&issuer, appoint)])?;
    let cast = Cast { issuer, trader, stranger, registry, shares, silver, grain, pools, handler, proxy, router };
    let people = [entry(&account(&cast.issuer), "Investor"), entry(&account(&cast.trader), "Investor")];
    let register = cast.registry.call("register", json!({ "entries": people }))?;
    stage.act("Register issuer and trader as investors", &[(&cast.issuer, vec![register])])?;
    cast.admit(stage, "Register both pools as custodians", &[&cast.pools[0], &cast.pools[1]])?;
    let fill = |pool: &Contract| {
        let add = json!({
            "account": me, "max_one": IN_POOLS, "max_other": IN_POOLS, "min_shares": 1,
            "deadline_ms": u64::MAX.to_string(),
        });
        pool.call("add", add)
    };
    let begun = vec![
        cast.shares.call("issue", json!({ "to": me, "units": MADE }))?,
        kit::mint(&cast.silver, &cast.issuer, MADE - 10 * SELLS)?,
        kit::mint(&cast.silver, &cast.trader, 10 * SELLS)?,
        kit::mint(&cast.grain, &cast.issuer, MADE)?,
        fill(&cast.pools[0])?,
        fill(&cast.pools[1])?,
    ];
    stage.act("Issue shares, make silver and grain, and fill the pools", &[(&cast.issuer, begun)])?;
    let (holder, spender) = (account(&cast.trader), cast.proxy.address.to_string());
    let allow = json!({ "holder": holder, "spender": spender, "units": 10 * SELLS });
    let allow = cast.silver.call("approve", allow)?;
    stage.act("The trader lets the proxy spend silver", &[(&cast.trader, vec![allow])])?;
    Ok(cast)
}

/// The innermost word of an error: contracts wrap what they were refused with.
fn refusal(outcome: &Value) -> String {
    fn innermost(value: &Value) -> Option<String> {
        match value {
            Value::String(word) => Some(word.clone()),
            Value::Array(values) => values.iter().find_map(innermost),
            Value::Object(fields) => fields.values().find_map(innermost),
            _ => None,
        }
    }
    outcome_error(outcome).and_then(|_| innermost(&outcome["error"])).unwrap_or_default()
}

fn security(shares: &Contract) -> Value {
    json!({ "Security": shares.address.to_string() })
}

fn entry(who: &str, kind: &str) -> Value {
    json!({
        "account": who, "identity": who, "country": 392, "accredited": false, "kind": kind, "custodian": null,
        "valid_until_ms": u64::MAX.to_string(),
    })
}

impl Cast {
    fn admit(&self, stage: &mut Stage<'_>, title: &str, contracts: &[&Contract]) -> anyhow::Result<()> {
        let entries: Vec<Value> =
            contracts.iter().map(|contract| entry(&contract.address.to_string(), "Custodian")).collect();
        let register = self.registry.call("register", json!({ "entries": entries }))?;
        stage.act(title, &[(&self.issuer, vec![register])])
    }

    /// Silver and grain of the trader.
    fn of_trader(&self, stage: &Stage<'_>) -> anyhow::Result<(u64, u64)> {
        let who = account(&self.trader);
        Ok((kit::held(stage, &self.silver, &who)?, kit::held(stage, &self.grain, &who)?))
    }

    /// The trader's silver through one pool or both, for a receiver.
    fn route(&self, receiver: &Signer, through: &[&Contract]) -> anyhow::Result<Action> {
        let asset = |token: &Contract| {
            if token.address == self.shares.address { security(token) } else { kit::asset(token) }
        };
        let hop = |(token, pool): (&&Contract, &Contract)| json!({ "handler": self.handler.address.to_string(), "buy": asset(token), "data": hex(&pool.address.0) });
        let hops: Vec<Value> = through.iter().zip(&self.pools).map(hop).collect();
        let buy = hops.last().map_or(Value::Null, |hop| hop["buy"].clone());
        let collection = json!({
            "account": account(&self.trader), "receiver": account(receiver), "deadline_ms": u64::MAX.to_string(),
            "partner": null, "max_fee_ppm": 0,
            "trades": [{
                "sell": kit::asset(&self.silver), "buy": buy,
                "kind": { "ExactIn": { "spend": SELLS, "min_buy": AT_LEAST } }, "partial": false, "even_ppm": null,
                "routes": [{ "units": SELLS, "optional": false, "hops": hops }],
            }],
        });
        self.router.call("swap_collection", json!({ "collection": collection }))
    }
}
