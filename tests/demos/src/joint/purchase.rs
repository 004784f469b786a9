//! J5: what two vouchers pay is spent at a shop in the same transaction, whole or not at all, and a certificate proves the receipt.

use super::kit::{self, HOUR_MS, MINUTE_MS, Told, account};
use super::vouchers::{Vouchers, token_of};
use crate::merchant::story::prove;
use crate::stage::{Contract, Stage, hex, now_ms, number};
use counterpart_client::{Client, Signer};
use counterpart_ledger::Action;
use serde_json::{Value, json};

pub const CONTRACTS: [&str; 4] = ["token", "payments", "prepaid-provider", "merchants"];
/// What is made, what each voucher holds, and what a purchase costs.
const MADE: u64 = 10_000;
const ON_VOUCHERS: [u64; 2] = [600, 500];
const PRICE: u64 = 900;
const BACK: u64 = 200;

struct Cast {
    operator: Signer,
    shopper: Signer,
    shopkeeper: Signer,
    money: Contract,
    vouchers: Vouchers,
    merchants: Contract,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>, client: &Client) -> anyhow::Result<Told> {
    let cast = begin(stage)?;
    let both = vec![cast.vouchers.pay(&cast.shopper, 1, PRICE)?, cast.buy(1)?];
    stage.act("Two vouchers pay, and the shop is paid, in one transaction", &[(&cast.shopper, both)])?;
    let found = stage.ask(&cast.vouchers.payments, "payment", json!({ "payment": 0 }))?;
    let legs: Vec<Value> = found["legs"].as_array().into_iter().flatten().map(|leg| leg["units"].clone()).collect();
    let left = cast.vouchers.left(stage)?;
    stage.note("The same again: 2.00 are left on vouchers, so that nothing is paid and nothing bought");
    let again = vec![cast.vouchers.pay(&cast.shopper, 2, PRICE)?, cast.buy(2)?];
    let refused = stage.quietly_all(&cast.shopper, again).is_err();
    let untouched =
        cast.vouchers.left(stage)? == left && number(&stage.ask(&cast.merchants, "count", json!({}))?)? == 1;
    let (receipt, signers) = prove(client, &cast.merchants.address, 0)?;
    let proved = receipt.payer == cast.shopper.address() && receipt.amount == u128::from(PRICE);
    stage.note(&format!("The receipt is proved against the state root that {signers} replicas signed"));
    let refund = json!({ "by": account(&cast.shopkeeper), "payment": 0, "units": BACK, "restock": 0 });
    let refund = cast.merchants.call("refund", refund)?;
    stage.act("The shop gives 2.00 back while the payment can be disputed", &[(&cast.shopkeeper, vec![refund])])?;
    stage.advance_ms(2 * MINUTE_MS)?;
    let release = cast.merchants.call("release", json!({ "payment": 0 }))?;
    stage.act("Nobody disputes: the rest is the shop's", &[(&cast.shopkeeper, vec![release])])?;
    let of = |who: &Signer| kit::held(stage, &cast.money, &account(who));
    let (shop, shopper) = (of(&cast.shopkeeper)?, of(&cast.shopper)?);
    let people = [&cast.operator, &cast.shopper, &cast.shopkeeper];
    let mut contracts = cast.vouchers.contracts();
    contracts.push(&cast.merchants);
    let all = kit::sum(stage, &cast.money, &people, &contracts)?;
    let backed = kit::held(stage, &cast.money, &cast.vouchers.provider.address.to_string())? == left;
    let facts = vec![
        ("paid by vouchers", json!(legs)),
        ("left on vouchers", json!(left)),
        ("refused as a whole", json!(refused)),
        ("receipt proved", json!(proved)),
        ("signed by replicas", json!(signers)),
        ("the shop has", json!(shop)),
        ("the shopper has back", json!(shopper)),
    ];
    let as_expected = legs == [json!(600), json!(300)]
        && refused
        && untouched
        && proved
        && signers >= 3
        && (shop, shopper) == (PRICE - BACK, BACK);
    Ok(Told { facts, conserved: all == MADE && backed, as_expected })
}

fn begin(stage: &mut Stage<'_>) -> anyhow::Result<Cast> {
    let [operator, shopper, shopkeeper] = kit::people(stage, ["operator", "shopper", "shopkeeper"])?;
    let money = kit::token(stage, &operator, "MNY")?;
    stage.act("Make money", &[(&operator, vec![kit::mint(&money, &operator, MADE)?])])?;
    let vouchers = Vouchers::open(stage, &operator, &kit::asset(&money), &[0; 32])?;
    vouchers.load(stage, (&operator, &shopper), &ON_VOUCHERS)?;
    let me = account(&operator);
    let terms = json!({
        "fee_ppm": 0, "fee_to": me, "arbiter": me, "dispute_ms": MINUTE_MS, "resolve_ms": MINUTE_MS,
        "recovery_ms": MINUTE_MS, "admin_delay_ms": 0,
    });
    let merchants = stage.deploy("Deploy the shops", &operator, "merchants", "new", json!({ "terms": terms }))?;
    let owner = account(&shopkeeper);
    let shop = json!({ "owner": owner, "payout": owner, "cell": 1, "beacon": hex(&[0; 32]) });
    let product = json!({
        "name": "A lamp", "image": hex(&[0; 32]), "asset": kit::asset(&money), "price": PRICE, "stock": 5, "listed": true,
    });
    let register = merchants.call("register", shop)?;
    let product = merchants.call("set_product", json!({ "merchant": 0, "sku": "lamp", "product": product }))?;
    stage.act("Register a shop", &[(&operator, vec![register])])?;
    stage.act("It offers a lamp for 9.00", &[(&shopkeeper, vec![product])])?;
    Ok(Cast { operator, shopper, shopkeeper, money, vouchers, merchants })
}

impl Cast {
    fn buy(&self, nonce: u64) -> anyhow::Result<Action> {
        let intent = json!({
            "payer": account(&self.shopper), "merchant": 0, "sku": "lamp", "quantity": 1, "version": 1,
            "max_amount": PRICE, "deadline_ms": now_ms() + HOUR_MS, "nonce": nonce, "invoice": hex(&token_of(nonce as u8)),
        });
        self.merchants.call("pay", json!({ "intent": intent }))
    }
}
