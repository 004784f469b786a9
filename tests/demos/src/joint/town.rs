//! J7: a currency is granted to a public office, paid as a reward for what is returned, spent at a shop, and what nobody spends comes
//! back to the depository.

use super::kit::{self, HOUR_MS, MINUTE_MS, Told, account, currency_adds_up};
use crate::stage::{Contract, Stage, hex, now_ms, number, unhex};
use counterpart_client::Signer;
use counterpart_node::dev_account;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What is issued, granted, returned in grams, and asked for at the shop.
const ISSUED: u64 = 100_000;
const GRANTED: u64 = 1_000;
const GRAMS: u64 = 600;
const PRICE: u64 = 250;

struct Cast {
    mayor: Signer,
    office: Signer,
    ann: Signer,
    shopkeeper: Signer,
    gateway: Signer,
    currency: Contract,
    register: Contract,
    merchants: Contract,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>) -> anyhow::Result<Told> {
    let cast = begin(stage)?;
    cast.returned(stage)?;
    let who = json!({ "account": account(&cast.ann) });
    let claim = cast.register.call("claim_reward", who)?;
    stage.act("Ann takes her reward, in the currency", &[(&cast.ann, vec![claim])])?;
    let rewarded = kit::held_of_currency(stage, &cast.currency, &account(&cast.ann))?;
    let intent = json!({
        "payer": account(&cast.ann), "merchant": 0, "sku": "bread", "quantity": 1, "version": 1, "max_amount": PRICE,
        "deadline_ms": now_ms() + HOUR_MS, "nonce": 1, "invoice": null,
    });
    let pay = cast.merchants.call("pay", json!({ "intent": intent }))?;
    stage.act("She spends some of it at a shop", &[(&cast.ann, vec![pay])])?;
    let (_, spent_adds_up) = cast.sums(stage)?;
    stage.advance_ms(2 * MINUTE_MS)?;
    let release = cast.merchants.call("release", json!({ "payment": 0 }))?;
    stage.act("Nobody disputes: the shop has it", &[(&cast.shopkeeper, vec![release])])?;
    let shop = kit::held_of_currency(stage, &cast.currency, &account(&cast.shopkeeper))?;
    let before = number(&stage.ask(&cast.currency, "totals", json!({}))?["depository"])?;
    stage.advance_ms(10 * HOUR_MS)?;
    let settle = cast.currency.call("settle_page", json!({ "after": null, "limit": 50 }))?;
    stage.act("Ten hours later, what people kept has come back in part", &[(&cast.office, vec![settle])])?;
    let (totals, adds_up) = cast.sums(stage)?;
    let recovered = number(&totals["depository"])? - before;
    let again = cast.grant(2, recovered)?;
    stage.act("The mayor grants it once more", &[(&cast.mayor, vec![again])])?;
    let (_, granted_adds_up) = cast.sums(stage)?;
    let shop_after = kit::held_of_currency(stage, &cast.currency, &account(&cast.shopkeeper))?;
    let facts = vec![
        ("granted", json!(GRANTED)),
        ("rewarded", json!(rewarded)),
        ("spent", json!(shop)),
        ("recovered", json!(recovered)),
        ("in the depository", totals["depository"].clone()),
        ("circulating", totals["circulating"].clone()),
    ];
    let conserved = spent_adds_up && adds_up && granted_adds_up;
    // Shops and contracts keep what they have; people do not.
    let as_expected = rewarded == GRAMS && shop == PRICE && shop_after == shop && recovered > 0;
    Ok(Told { facts, conserved, as_expected })
}

fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let [mayor, office, ann, shopkeeper, gateway] =
        kit::people(stage, ["mayor", "office", "ann", "shopkeeper", "gateway"])?;
    let currency = kit::currency(stage, &mayor)?;
    let asset = json!({ "Currency": currency.address.to_string() });
    let terms = json!({
        "skew_ms": HOUR_MS, "tolerance_ppm": 20_000, "asset": asset, "reward_per_gram": 1, "admin_delay_ms": 0,
    });
    let register = stage.deploy(
        "Deploy the register of what is returned",
        &mayor,
        "recycling",
        "new",
        json!({ "terms": terms }),
    )?;
    let me = account(&mayor);
    let terms = json!({
        "fee_ppm": 0, "fee_to": me, "arbiter": me, "dispute_ms": MINUTE_MS, "resolve_ms": MINUTE_MS,
        "recovery_ms": MINUTE_MS, "admin_delay_ms": 0,
    });
    let merchants =
        stage.deploy("Deploy the register of shops", &mayor, "merchants", "new", json!({ "terms": terms }))?;
    let cast = Cast { mayor, office, ann, shopkeeper, gateway, currency, register, merchants };
    let others = [
        account(&cast.shopkeeper),
        account(&cast.mayor),
        cast.register.address.to_string(),
        cast.merchants.address.to_string(),
    ];
    let begun = vec![
        kit::register(&cast.currency, &[&cast.office, &cast.ann], &others)?,
        cast.currency.call("fund_depository", json!({ "units": ISSUED }))?,
        cast.grant(1, GRANTED)?,
        cast.register.call("set_gateway", json!({ "gateway": account(&cast.gateway), "admitted": true }))?,
        cast.merchants.call(
            "register",
            json!({
                "owner": account(&cast.shopkeeper), "payout": account(&cast.shopkeeper), "cell": 1,
                "beacon": hex(&[0; 32]),
            }),
        )?,
    ];
    stage.act("The mayor registers all, fills the depository and grants to an office", &[(&cast.mayor, begun)])?;
    let fund = cast.register.call("fund", json!({ "from": account(&cast.office), "units": GRANTED }))?;
    let device = json!({
        "owner": account(&cast.office), "key": hex(&dev_account("bin").public_key().0), "cell": 1,
        "calibration": hex(&[0; 32]),
    });
    let device = cast.register.call("register_device", device)?;
    let product = json!({
        "name": "Bread", "image": hex(&[0; 32]), "asset": asset, "price": PRICE, "stock": 5, "listed": true,
    });
    let product = json!({ "merchant": 0, "sku": "bread", "product": product });
    let product = cast.merchants.call("set_product", product)?;
    stage.act(
        "The office funds rewards with its grant and sets up a bin; a shop offers bread",
        &[(&cast.office, vec![fund, device]), (&cast.shopkeeper, vec![product])],
    )?;
    Ok(cast)
}

impl Cast {
    fn grant(&self, number: u8, units: u64) -> anyhow::Result<counterpart_ledger::Action> {
        let grant = json!({ "id": hex(&[number; 32]), "to": account(&self.office), "units": units });
        self.currency.call("grant", json!({ "grants": [grant], "memo": "0x" }))
    }

    /// A bin measures what Ann returns, signs it, and a gateway brings it.
    fn returned(&self, stage: &mut Stage<'_>) -> anyhow::Result<()> {
        let reading = json!({
            "device": 0, "counter": 0, "at_ms": now_ms(), "class": 1, "hash": hex(&Sha256::digest(b"600 g of bottles")),
            "grams": GRAMS, "depositor": account(&self.ann),
        });
        let digest = stage.ask(&self.register, "digest", json!({ "reading": reading }))?;
        let signature = dev_account("bin").sign(&unhex(&digest)?);
        let submission = json!({
            "reading": reading, "signature": hex(&signature.0), "body": hex(&[0; 32]), "key_commitment": hex(&[0; 32]),
        });
        let submit = json!({ "gateway": account(&self.gateway), "readings": [submission] });
        let submit = self.register.call("submit", submit)?;
        stage.act("Ann returns 600 g; the bin signs, a gateway brings it", &[(&self.gateway, vec![submit])])
    }

    /// The currency's sums, and whether all of them add up: accounts, and what contracts owe.
    fn sums(&self, stage: &Stage<'_>) -> anyhow::Result<(Value, bool)> {
        let (totals, adds_up) = currency_adds_up(stage, &self.currency)?;
        let held = |contract: &Contract| kit::held_of_currency(stage, &self.currency, &contract.address.to_string());
        let budget = number(&stage.ask(&self.register, "budget", json!({}))?)?;
        let owed = number(&stage.ask(&self.register, "reward_of", json!({ "account": account(&self.ann) }))?)?;
        let payment = stage.ask(&self.merchants, "payment", json!({ "payment": 0 }))?;
        let waiting = if payment["standing"] == "Held" { PRICE } else { 0 };
        let backed = held(&self.register)? == budget + owed && held(&self.merchants)? == waiting;
        Ok((totals, adds_up && backed))
    }
}
