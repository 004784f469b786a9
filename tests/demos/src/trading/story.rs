//! What happens: exchanges are filled, a trade is split over them, and a batch is solved.

use crate::stage::{Contract, Stage, hex, number};
use counterpart_cli::output::{Exit, Failure};
use counterpart_client::Signer;
use counterpart_ledger::{Action, Address, Hash};
use counterpart_node::{FAUCET, dev_account};
use order_handler::Signed;
use parity_scale_codec::Encode;
use serde_json::{Value, json};
use signed_orders::SignedOrder;
use trading::Asset;

/// Native atomic units for everyone's gas.
const FUNDS: u128 = 50_000_000_000;
/// Units of each token that everybody begins with.
const PLENTY: u64 = 10_000_000;
/// A trade of a hundred, by exchange, in thousandths.
pub const SHARES: [u64; 3] = [37_000, 45_000, 18_000];
/// What the trader asks for at least.
pub const MIN_BUY: u64 = 185_000;
const COLLECT_MS: u64 = 600_000;

/// What the story ends with.
pub struct Ending {
    pub sold: u64,
    pub bought: u64,
    pub as_quoted: bool,
    pub left: u64,
    pub price: (u64, u64),
    pub conserved: bool,
}

struct Market {
    maker: Signer,
    trader: Signer,
    other: Signer,
    grain: Contract,
    silver: Contract,
    pool: Contract,
    book: Contract,
    orders: Contract,
    auction: Contract,
    handlers: [Contract; 3],
    proxy: Contract,
    router: Contract,
}

/// Plays it.
pub fn play(stage: &mut Stage<'_>) -> anyhow::Result<Ending> {
    let market = open(stage)?;
    stock(stage, &market)?;
    let (sold, bought, as_quoted) = trade(stage, &market)?;
    let router = market.router.address.to_string();
    let left = market.held(stage, &market.grain, &router)? + market.held(stage, &market.silver, &router)?;
    let price = batch(stage, &market)?;
    let conserved = market.conserved(stage)?;
    Ok(Ending { sold, bought, as_quoted, left, price, conserved })
}

fn open(stage: &mut Stage<'_>) -> anyhow::Result<Market> {
    let faucet = Signer::new(dev_account(FAUCET));
    let [maker, trader, other] = ["maker", "trader", "other trader"].map(|name| Signer::new(dev_account(name)));
    let fund = |signer: &Signer| Action::Transfer { to: signer.address(), amount: FUNDS };
    stage.act("Give everyone native currency for gas", &[(&faucet, [&maker, &trader, &other].map(fund).to_vec())])?;
    let mut token = |name: &str, symbol: &str, salt: u8| {
        let arguments = json!({ "name": name, "symbol": symbol, "decimals": 0 });
        stage.deploy_salted(&format!("Deploy {name}"), &maker, "token", ("new", arguments), Hash([salt; 32]))
    };
    let (grain, silver) = (token("grain", "GRN", 1)?, token("silver", "SLV", 2)?);
    let (base, quote) = (asset(&grain), asset(&silver));
    let terms = json!({ "one": base, "other": quote, "fee_ppm": 3_000 });
    let pool = stage.deploy("Deploy a pool", &maker, "liquidity-pool", "new", json!({ "terms": terms }))?;
    let terms = json!({
        "base": base, "quote": quote, "lot": 10, "tick": 1, "taker_ppm": 500, "maker_ppm": 100, "max_resting": 1_000,
        "admin_delay_ms": 0,
    });
    let book = stage.deploy("Deploy an order book", &maker, "order-book", "new", json!({ "market": terms }))?;
    let orders = stage.deploy("Deploy signed orders", &maker, "signed-orders", "new", json!({}))?;
    let terms = json!({
        "base": base, "quote": quote, "collect_ms": COLLECT_MS, "solve_ms": COLLECT_MS, "admin_delay_ms": 0,
    });
    let auction = stage.deploy("Deploy a batch auction", &maker, "batch-auction", "new", json!({ "terms": terms }))?;
    let mut handler = |name: &'static str| stage.deploy(&format!("Deploy the {name}"), &maker, name, "new", json!({}));
    let handlers = [handler("pool-handler")?, handler("book-handler")?, handler("order-handler")?];
    let proxy = stage.deploy("Deploy the proxy", &maker, "transfer-proxy", "new", json!({ "delay_ms": 0 }))?;
    let arguments = json!({ "proxy": proxy.address.to_string(), "delay_ms": 0 });
    let router = stage.deploy("Deploy the router", &maker, "swap-router", "new", arguments)?;
    let mut admit = vec![
        proxy.call("propose_router", json!({ "router": router.address.to_string() }))?,
        proxy.call("change_router", json!({}))?,
    ];
    for handler in &handlers {
        let arguments = json!({ "handler": handler.address.to_string(), "allowed": true });
        admit.push(router.call("set_handler", arguments)?);
    }
    stage.act("Let the router spend, and admit a handler for each exchange", &[(&maker, admit)])?;
    let mut mints = Vec::new();
    for token in [&grain, &silver] {
        for who in [&maker, &trader, &other] {
            mints.push(token.call("mint", json!({ "to": who.address().to_string(), "units": PLENTY }))?);
        }
    }
    stage.act("Mint grain and silver for all", &[(&maker, mints)])?;
    Ok(Market { maker, trader, other, grain, silver, pool, book, orders, auction, handlers, proxy, router })
}

/// About two silver for a grain at each exchange.
fn stock(stage: &mut Stage<'_>, market: &Market) -> anyhow::Result<()> {
    let me = market.maker.address().to_string();
    let add = json!({
        "account": me, "max_one": 1_000_000, "max_other": 2_000_000, "min_shares": 1, "deadline_ms": u64::MAX.to_string(),
    });
    let fill = vec![market.pool.call("add", add)?];
    stage.act("The maker fills the pool", &[(&market.maker, fill)])?;
    let deposit = json!({ "account": me, "asset": asset(&market.silver), "units": 1_000_000 });
    let mut bids = vec![market.book.call("deposit", deposit)?];
    for (price, lots) in [(20, 3_000), (19, 9_000)] {
        let order = json!({
            "side": "Buy", "price": price, "lots": lots, "budget": null, "force": "Rest",
            "self_trade": "CancelTaking", "expires_ms": null,
        });
        bids.push(market.book.call("place", json!({ "account": me, "order": order }))?);
    }
    stage.act("The maker bids in the book", &[(&market.maker, bids)])?;
    let spender = market.orders.address.to_string();
    let allow = market.silver.call("approve", json!({ "holder": me, "spender": spender, "units": PLENTY }))?;
    stage.act("The maker lets its signed orders spend silver", &[(&market.maker, vec![allow])])?;
    let trader = market.trader.address().to_string();
    let spender = market.proxy.address.to_string();
    let allow = market.grain.call("approve", json!({ "holder": trader, "spender": spender, "units": PLENTY }))?;
    stage.act("The trader lets the proxy spend grain", &[(&market.trader, vec![allow])])
}

/// One trade over three exchanges; answers what was sold and bought, and whether that was the quote.
fn trade(stage: &mut Stage<'_>, market: &Market) -> anyhow::Result<(u64, u64, bool)> {
    let signed = market.signed(stage)?;
    let data = [market.pool.address.0.to_vec(), market.book.address.0.to_vec(), signed.encode()];
    let buy = asset(&market.silver);
    let routes: Vec<Value> = (0..3)
        .map(|index| {
            let hop = json!({
                "handler": market.handlers[index].address.to_string(), "buy": buy, "data": hex(&data[index]),
            });
            json!({ "units": SHARES[index], "optional": false, "hops": [hop] })
        })
        .collect();
    let whole: u64 = SHARES.iter().sum();
    let trader = market.trader.address().to_string();
    let collection = json!({
        "account": trader, "receiver": trader, "deadline_ms": u64::MAX.to_string(), "partner": null, "max_fee_ppm": 0,
        "trades": [{
            "sell": asset(&market.grain), "buy": buy, "kind": { "ExactIn": { "spend": whole, "min_buy": MIN_BUY } },
            "partial": false, "even_ppm": null, "routes": routes,
        }],
    });
    let collection = json!({ "collection": collection });
    let quote = stage.ask(&market.router, "quote", collection.clone())?;
    stage.note(&format!("    quoted: {}", quote[0]["quote"]));
    let before = market.both(stage, &trader)?;
    let swap = market.router.call("swap_collection", collection)?;
    stage.act(
        "One trade of a hundred: 37 to the pool, 45 to the book, 18 to a signed order",
        &[(&market.trader, vec![swap])],
    )?;
    let after = market.both(stage, &trader)?;
    let (sold, bought) = (before.0 - after.0, after.1 - before.1);
    let quoted = (number(&quote[0]["quote"]["spent"])?, number(&quote[0]["quote"]["bought"])?);
    Ok((sold, bought, quoted == (sold, bought)))
}

/// Two traders meet at one price; answers the price.
fn batch(stage: &mut Stage<'_>, market: &Market) -> anyhow::Result<(u64, u64)> {
    let submit = |who: &Signer, sells_base: bool, units: u64, min_buy: u64| {
        let arguments = json!({
            "owner": who.address().to_string(), "sells_base": sells_base, "units": units, "min_buy": min_buy,
            "partial": true, "expires_ms": u64::MAX.to_string(),
        });
        market.auction.call("submit", arguments)
    };
    stage.act(
        "One orders to sell grain in the batch",
        &[(&market.trader, vec![submit(&market.trader, true, 1_000, 1_900)?])],
    )?;
    stage.act("Another orders to buy some", &[(&market.other, vec![submit(&market.other, false, 2_100, 1_000)?])])?;
    stage.advance_ms(COLLECT_MS)?;
    for (title, quote) in [("A solver finds a filling", 195), ("Another finds a better one", 200)] {
        let fills = json!([{ "order": 0, "units": 1_000 }, { "order": 1, "units": quote * 10 }]);
        let solution = json!({ "price": { "quote": quote, "base": 100 }, "fills": fills });
        let me = market.maker.address().to_string();
        let solve = market.auction.call("solve", json!({ "solver": me, "solution": solution }))?;
        stage.act(title, &[(&market.maker, vec![solve])])?;
    }
    let leading = stage.ask(&market.auction, "leading", json!({}))?;
    stage.advance_ms(COLLECT_MS)?;
    stage.act("The best filling is settled", &[(&market.other, vec![market.auction.call("settle", json!({}))?])])?;
    for who in [&market.trader, &market.other] {
        let withdraw = market.auction.call("withdraw", json!({ "account": who.address().to_string() }))?;
        stage.act("What the batch brought is taken out", &[(who, vec![withdraw])])?;
    }
    let price = &leading["solution"]["price"];
    Ok((number(&price["quote"])?, number(&price["base"])?))
}

impl Market {
    /// The maker gives two silver for a grain, to whoever brings this.
    fn signed(&self, stage: &Stage<'_>) -> anyhow::Result<Signed> {
        let key = dev_account("maker");
        let [silver, grain] = [&self.silver, &self.grain].map(|token| Asset::Token(token.address));
        let order = SignedOrder::at_price(key.public_key().0, (silver, 100_000), (grain, 50_000), 1);
        let document = json!({
            "maker": hex(&order.maker), "sell": asset(&self.silver), "sell_units": 100_000, "buy": asset(&self.grain),
            "buy_at_start": 50_000, "buy_at_end": 50_000, "start_ms": 0, "end_ms": 0,
            "expires_ms": u64::MAX.to_string(), "taker": null, "exclusive_until_ms": 0, "override_ppm": null,
            "partial": true, "epoch": 0, "salt": 1,
        });
        let digest = stage.ask(&self.orders, "digest", json!({ "order": document }))?;
        let digest = digest.as_str().and_then(Hash::from_hex);
        let digest = digest.ok_or_else(|| Failure::new(Exit::Bug, "demo", "a digest is a hash"))?;
        Ok(Signed { contract: self.orders.address, order, signature: key.sign(&digest.0).0 })
    }

    fn held(&self, stage: &Stage<'_>, token: &Contract, who: &str) -> anyhow::Result<u64> {
        number(&stage.ask(token, "balance_of", json!({ "holder": who }))?)
    }

    fn both(&self, stage: &Stage<'_>, who: &str) -> anyhow::Result<(u64, u64)> {
        Ok((self.held(stage, &self.grain, who)?, self.held(stage, &self.silver, who)?))
    }

    /// Whether all that was minted is somebody's: people's, or at an exchange.
    fn conserved(&self, stage: &Stage<'_>) -> anyhow::Result<bool> {
        let people = [&self.maker, &self.trader, &self.other].map(Signer::address);
        let venues = [&self.pool, &self.book, &self.orders, &self.auction].map(|contract| contract.address);
        let mut sums = (0, 0);
        for who in people.iter().chain(&venues).map(Address::to_string) {
            let (grain, silver) = self.both(stage, &who)?;
            sums = (sums.0 + grain, sums.1 + silver);
        }
        Ok(sums == (3 * PLENTY, 3 * PLENTY))
    }
}

fn asset(token: &Contract) -> Value {
    json!({ "Token": token.address.to_string() })
}
