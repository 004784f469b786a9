//! J4: keys of readings are asked for and paid in one transaction: a wallet refuses, a voucher gives what it has, and a currency that has
//! decayed in the meantime is exchanged for the rest.

use super::kit::{self, HOUR_MS, Told, account, currency_adds_up};
use super::vouchers::Vouchers;
use crate::stage::{Contract, Stage, hex, now_ms, number, unhex};
use counterpart_cli::output::{Exit, Failure, OrFail};
use counterpart_client::Signer;
use counterpart_node::dev_account;
use counterpart_sdk::{Address, Hash};
use counterpart_sealing::{Sealed, SecretKey};
use data_market::{KEY_INFO, commitment_text, key_aad};
use parity_scale_codec::Encode;
use sensor_gateway::Vault;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sha3::Sha3_256;
use trading::Asset;

pub const CONTRACTS: [&str; 10] = [
    "token",
    "currency",
    "liquidity-pool",
    "pool-handler",
    "payments",
    "prepaid-provider",
    "wallet-provider",
    "recycling",
    "sealing-referee",
    "data-market",
];
/// Units of money that are made; what a key costs, and how many are asked for.
const MADE: u64 = 100_000;
const PRICE: u64 = 200;
const KEYS: u64 = 3;
const ON_VOUCHER: u64 = 400;
/// What the reader has in a wallet that nobody may spend.
const UNSPENDABLE: u64 = 100;
const GRANTED: u64 = 1_000;
const IN_POOL: u64 = 50_000;
const BOND: u64 = 1_000;

struct Cast {
    operator: Signer,
    reader: Signer,
    gateway: Signer,
    money: Contract,
    currency: Contract,
    vouchers: Vouchers,
    wallet: Contract,
    purse: Contract,
    pool: Contract,
    handler: Contract,
    register: Contract,
    market: Contract,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>) -> anyhow::Result<Told> {
    let cast = begin(stage)?;
    cast.instruments(stage)?;
    let (vault, hashes) = cast.measure(stage)?;
    stage.advance_ms(10 * HOUR_MS)?;
    stage.note("Ten hours pass: the reader's currency decays");
    let seed: [u8; 32] = Sha256::digest(b"a key of one request").into();
    let key = SecretKey::from_seed(&seed);
    let who = account(&cast.reader);
    let top_up = json!({ "buyer": who, "units": PRICE * KEYS });
    let events: Vec<u64> = (0..KEYS).collect();
    let ask = json!({
        "buyer": who, "events": events, "key": hex(&key.public_key()), "version": 1, "max_units": PRICE * KEYS,
    });
    let exchange = cast.exchange(stage)?;
    let all = vec![
        cast.vouchers.pay_with(&cast.reader, (1, PRICE * KEYS), &[exchange])?,
        cast.market.call("top_up", top_up)?,
        cast.market.call("ask", ask)?,
    ];
    stage.act("Pay 6.00 with what there is, and ask for three keys, in one transaction", &[(&cast.reader, all)])?;
    let payment = stage.ask(&cast.vouchers.payments, "payment", json!({ "payment": 0 }))?;
    let legs = payment["legs"].as_array().cloned().unwrap_or_default();
    let told: Vec<Value> = legs.iter().map(|leg| json!({ "units": leg["units"], "status": leg["status"] })).collect();
    let in_currency = legs.last().map_or(0, |leg| number(&leg["source"]).unwrap_or_default());
    cast.deliver(stage, (&vault, &hashes), &key.public_key())?;
    let opened = cast.opened(stage, &hashes, &key)?;
    let confirm = cast.market.call("confirm", json!({ "request": 0 }))?;
    stage.act("The reader is content", &[(&cast.reader, vec![confirm])])?;
    let people = [&cast.gateway, &cast.operator];
    let claims = people.map(|signer| {
        let claim = cast.market.call("claim", json!({ "account": account(signer) }))?;
        anyhow::Ok((signer, vec![claim]))
    });
    let claims = claims.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    stage.act("Gateway and owner take what they earned", &claims)?;
    let (totals, currency_adds_up) = currency_adds_up(stage, &cast.currency)?;
    let mut contracts = cast.vouchers.contracts();
    contracts.extend([&cast.wallet, &cast.purse, &cast.pool, &cast.handler, &cast.register, &cast.market]);
    let all = kit::sum(stage, &cast.money, &[&cast.operator, &cast.reader, &cast.gateway], &contracts)?;
    let gateway = kit::held(stage, &cast.money, &account(&cast.gateway))?;
    let nothing_between = [&cast.handler, &cast.vouchers.payments].iter().all(|contract| {
        let held = kit::held_of_currency(stage, &cast.currency, &contract.address.to_string());
        held.is_ok_and(|units| units == 0)
    });
    let facts = vec![
        ("legs", json!(told)),
        ("in currency", json!(in_currency)),
        ("recovered", totals["recovered"].clone()),
        ("keys opened", json!(opened)),
        ("gateway earned", json!(gateway)),
    ];
    let statuses: Vec<&Value> = legs.iter().map(|leg| &leg["status"]).collect();
    let held_back = statuses.first().is_some_and(|status| status["Failed"].is_string());
    let rest = statuses.iter().skip(1).all(|status| **status == "Captured");
    let captured: u64 = legs.iter().skip(1).filter_map(|leg| number(&leg["units"]).ok()).sum();
    let as_expected = held_back
        && rest
        && captured == PRICE * KEYS
        && opened == KEYS as usize
        && gateway == PRICE * KEYS * 3 / 10
        && number(&totals["recovered"])? > 0
        && nothing_between;
    Ok(Told { facts, conserved: all == MADE && currency_adds_up, as_expected })
}

fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let [operator, reader, gateway] = kit::people(stage, ["operator", "reader", "gateway"])?;
    let money = kit::token(stage, &operator, "MNY")?;
    let asset = kit::asset(&money);
    let mints = [
        kit::mint(&money, &operator, MADE - UNSPENDABLE - BOND)?,
        kit::mint(&money, &reader, UNSPENDABLE)?,
        kit::mint(&money, &gateway, BOND)?,
    ];
    stage.act("Make money", &[(&operator, mints.to_vec())])?;
    let currency = kit::currency(stage, &operator)?;
    let in_currency = json!({ "Currency": currency.address.to_string() });
    let vouchers = Vouchers::open(stage, &operator, &asset, &dev_account("rates").public_key().0)?;
    let charger = vouchers.payments.address.to_string();
    let wallet = json!({ "charger": charger, "asset": asset });
    let wallet = stage.deploy("Deploy a provider for wallets", &operator, "wallet-provider", "new", wallet)?;
    let purse = json!({ "charger": charger, "asset": in_currency });
    let purse = stage.deploy_salted(
        "Deploy one for wallets of currency",
        &operator,
        "wallet-provider",
        ("new", purse),
        counterpart_ledger::Hash([1; 32]),
    )?;
    let terms = json!({ "one": in_currency, "other": asset, "fee_ppm": 3_000 });
    let pool = stage.deploy("Deploy a pool of both", &operator, "liquidity-pool", "new", json!({ "terms": terms }))?;
    let handler = stage.deploy("Deploy its handler", &operator, "pool-handler", "new", json!({}))?;
    let terms = json!({
        "skew_ms": HOUR_MS, "tolerance_ppm": 20_000, "asset": asset, "reward_per_gram": 1, "admin_delay_ms": 0,
    });
    let register = stage.deploy("Deploy the register", &operator, "recycling", "new", json!({ "terms": terms }))?;
    let referee = stage.deploy("Deploy the referee of seals", &operator, "sealing-referee", "new", json!({}))?;
    let terms = json!({
        "register": register.address.to_string(), "referee": referee.address.to_string(), "asset": asset,
        "deliver_ms": HOUR_MS, "dispute_ms": HOUR_MS, "gateway_ppm": 300_000, "fund_ppm": 100_000,
        "fund": account(&operator), "penalty": BOND, "admin_delay_ms": 0,
    });
    let market = stage.deploy("Deploy the market", &operator, "data-market", "new", json!({ "terms": terms }))?;
    let cast =
        Cast { operator, reader, gateway, money, currency, vouchers, wallet, purse, pool, handler, register, market };
    let price = json!({ "fresh": PRICE, "old": PRICE, "fresh_ms": HOUR_MS, "many": 50, "less_ppm": 0 });
    let device = json!({
        "owner": account(&cast.operator), "key": hex(&dev_account("bin").public_key().0), "cell": 1,
        "calibration": hex(&[0; 32]),
    });
    let begun = vec![
        cast.register.call("set_gateway", json!({ "gateway": account(&cast.gateway), "admitted": true }))?,
        cast.register.call("register_device", device)?,
        cast.market.call("set_price", json!({ "class": 1, "price": price }))?,
    ];
    let bond = cast.market.call("put_bond", json!({ "gateway": account(&cast.gateway), "units": BOND }))?;
    stage.act("Set up what is sold", &[(&cast.operator, begun), (&cast.gateway, vec![bond])])?;
    Ok(cast)
}

impl Cast {
    /// Grants the currency, fills the pool, and links what the reader pays with.
    fn instruments(&self, stage: &mut Stage<'_>) -> anyhow::Result<()> {
        let others = [&self.vouchers.payments, &self.purse, &self.pool, &self.handler];
        let others = others.map(|contract| contract.address.to_string());
        let grant = |number: u8, to: &Signer, units: u64| json!({ "id": hex(&[number; 32]), "to": account(to), "units": units });
        let grants = [grant(1, &self.operator, IN_POOL), grant(2, &self.reader, GRANTED)];
        let add = json!({
            "account": account(&self.operator), "max_one": IN_POOL, "max_other": IN_POOL, "min_shares": 1,
            "deadline_ms": u64::MAX.to_string(),
        });
        let found = vec![
            kit::register(&self.currency, &[&self.operator, &self.reader], &others)?,
            self.currency.call("fund_depository", json!({ "units": 100_000 }))?,
            self.currency.call("grant", json!({ "grants": grants, "memo": "0x" }))?,
            self.pool.call("add", add)?,
            self.vouchers.admit(&self.wallet)?,
            self.vouchers.admit(&self.purse)?,
        ];
        stage.act("Grant the currency and fill a pool of it", &[(&self.operator, found)])?;
        let wallet = self.vouchers.link(&self.reader, &self.wallet, (0, "Wallet"))?;
        stage.act("The reader links a wallet, and forgets to let it be spent", &[(&self.reader, vec![wallet])])?;
        self.vouchers.load(stage, (&self.operator, &self.reader), &[ON_VOUCHER])?;
        let allow = json!({
            "owner": account(&self.reader), "spender": self.purse.address.to_string(), "expected": 0, "units": GRANTED,
            "expires_ms": u64::MAX.to_string(),
        });
        let linked =
            vec![self.currency.call("approve", allow)?, self.vouchers.link(&self.reader, &self.purse, (9, "Wallet"))?];
        stage.act("The reader links its currency too", &[(&self.reader, linked)])
    }

    /// One unit of currency for one of money, signed by whose rates count.
    fn exchange(&self, stage: &Stage<'_>) -> anyhow::Result<Value> {
        let expires_ms = u64::MAX;
        let sides = (Asset::Currency(sdk(&self.currency)), Asset::Token(sdk(&self.money)));
        // The fields of a rate, in their order.
        let rate = (sides.0, sides.1, 1_u128, 1_u128, expires_ms);
        let signed = (*b"counterpart/payment-rate/1", stage.chain(), sdk(&self.vouchers.payments), rate);
        let digest = Sha3_256::digest(signed.encode());
        let rate = json!({
            "from": { "Currency": self.currency.address.to_string() }, "to": kit::asset(&self.money), "give": 1, "get": 1,
            "expires_ms": expires_ms.to_string(),
        });
        Ok(json!({
            "rate": rate, "signature": hex(&dev_account("rates").sign(&digest).0),
            "handler": self.handler.address.to_string(), "data": hex(&self.pool.address.0),
        }))
    }

    /// A bin signs three readings; the gateway encrypts their bodies and brings them. Answers its vault and their hashes.
    fn measure(&self, stage: &mut Stage<'_>) -> anyhow::Result<(Vault, Vec<Hash>)> {
        let vault = Vault::new(Sha256::digest(b"a gateway's secret").into());
        let (mut submissions, mut hashes) = (Vec::new(), Vec::new());
        for counter in 0..KEYS {
            let hash = Hash(Sha256::digest(format!("reading {counter}")).into());
            let sealed = vault.seal(&hash, b"a body").or_fail(Exit::Bug, "demo", "a body cannot be sealed")?;
            let reading = json!({
                "device": 0, "counter": counter, "at_ms": now_ms() + counter, "class": 1, "hash": hex(&hash.0), "grams": 0,
                "depositor": null,
            });
            let digest = stage.ask(&self.register, "digest", json!({ "reading": reading }))?;
            submissions.push(json!({
                "reading": reading, "signature": hex(&dev_account("bin").sign(&unhex(&digest)?).0),
                "body": hex(&sealed.body.0), "key_commitment": hex(&sealed.key_commitment.0),
            }));
            hashes.push(hash);
        }
        let submit = json!({ "gateway": account(&self.gateway), "readings": submissions });
        let submit = self.register.call("submit", submit)?;
        stage.act("A bin signs three readings, and a gateway brings them", &[(&self.gateway, vec![submit])])?;
        Ok((vault, hashes))
    }

    fn deliver(&self, stage: &mut Stage<'_>, (vault, hashes): (&Vault, &[Hash]), key: &[u8; 32]) -> anyhow::Result<()> {
        let mut keys = Vec::new();
        for (event, hash) in (0..).zip(hashes) {
            let wrapped = vault.wrap(hash, key, (stage.chain(), &sdk(&self.market)), (0, event));
            let wrapped = wrapped.or_fail(Exit::Bug, "demo", "a key cannot be sealed")?;
            keys.push(json!({ "enc": hex(&wrapped.enc), "ciphertext": hex(&wrapped.ciphertext) }));
        }
        let deliver = self.market.call("deliver", json!({ "request": 0, "keys": keys }))?;
        stage.act("The gateway delivers three keys", &[(&self.gateway, vec![deliver])])
    }

    /// Keys that open, from the ledger alone, and are those that the gateway committed to.
    fn opened(&self, stage: &Stage<'_>, hashes: &[Hash], key: &SecretKey) -> anyhow::Result<usize> {
        let found = stage.ask(&self.market, "request", json!({ "request": 0 }))?;
        let mut opened = 0;
        for (event, (wrapped, hash)) in (0..).zip(found["deductions"].as_array().into_iter().flatten().zip(hashes)) {
            let wrapped = &wrapped["wrapped"];
            let enc: [u8; 32] =
                unhex(&wrapped["enc"])?.try_into().map_err(|_| bug("an encapsulated key has 32 bytes"))?;
            let sealed = Sealed { enc, ciphertext: unhex(&wrapped["ciphertext"])? };
            let aad = key_aad(stage.chain(), &sdk(&self.market), 0, event);
            let Ok(body_key) = key.open(KEY_INFO, &aad, &sealed) else { continue };
            let body_key: [u8; 32] = body_key.try_into().map_err(|_| bug("a key has 32 bytes"))?;
            let recorded = stage.ask(&self.register, "event", json!({ "event": event }))?;
            let commitment = Sha256::digest(commitment_text(&body_key, &hash.0));
            opened += usize::from(recorded["key_commitment"] == hex(&commitment));
        }
        Ok(opened)
    }
}

fn sdk(contract: &Contract) -> Address {
    Address(contract.address.0)
}

fn bug(text: &str) -> Failure {
    Failure::new(Exit::Bug, "demo", text)
}
