//! What an order costs with up to a hundred thousand that rest, through full execution and in plain Rust.

mod chain;
#[allow(dead_code, reason = "the contract's tests use the rest")]
#[path = "../../../contracts/order-book/tests/it/reference.rs"]
mod reference;

use anyhow::Context;
use chain::Chain;
use clap::Parser;
use counterpart_ledger::{Action, SignedTransaction};
use counterpart_testing::Random;
use order_book::{Force, Market, NewOrder, OrderBookRef, SelfTrade, Side};
use reference::{Book, Seat};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use token::TokenRef;
use trading::Asset;

const ACCOUNTS: u8 = 64;
/// Orders in a block.
const BLOCK: usize = 256;
/// Blocks of each kind that are measured; the median counts.
const BLOCKS: usize = 8;
/// Bids lie below this price and asks above it.
const MIDDLE: u64 = 50_000;
const UNITS: u128 = 1 << 100;
/// Order messages a second, at least.
const TARGET: f64 = 20_000.0;

/// Measures an order book.
#[derive(Parser)]
struct Arguments {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Without the largest book.
    #[arg(long)]
    quick: bool,
}

/// The same book twice: on a chain and in plain Rust.
struct Both {
    chain: Chain,
    book: OrderBookRef,
    plain: Book,
    random: Random,
    /// Orders that rest, by account: number, side and price.
    resting: Vec<(usize, u64, Side, u64)>,
    next: u64,
}

/// CPU time of a message in us: on the chain and in plain Rust.
#[derive(Clone, Copy)]
struct Cost {
    chain_us: f64,
    plain_us: f64,
}

fn order(side: Side, price: u64, lots: u64, force: Force) -> NewOrder {
    let self_trade = SelfTrade::CancelResting;
    NewOrder { side, price: Some(price), lots, budget: None, force, self_trade, expires_ms: None }
}

fn median(mut times: Vec<Duration>, messages: usize) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6 / messages as f64
}

impl Both {
    fn new() -> anyhow::Result<Self> {
        let mut chain = Chain::new(ACCOUNTS)?;
        let mut token = |salt: u8| {
            let input = TokenRef::new("Grain".into(), "GRN".into(), 0).input;
            chain.deploy("token", salt, input).map(TokenRef::at)
        };
        let (base, quote) = (token(1)?, token(2)?);
        let market = Market {
            base: Asset::Token(base.address),
            quote: Asset::Token(quote.address),
            lot: 10,
            tick: 1,
            taker_ppm: 500,
            maker_ppm: 100,
            max_resting: 1_000_000,
            admin_delay_ms: 0,
        };
        let book = OrderBookRef::at(chain.deploy("order-book", 0, OrderBookRef::new(market).input)?);
        let mut plain = Book::new(market, ACCOUNTS.into());
        plain.seats.fill(Seat { base_free: UNITS, quote_free: UNITS, ..Seat::default() });
        let mut both = Self { chain, book, plain, random: Random::new(1), resting: Vec::new(), next: 0 };
        for account in 0..usize::from(ACCOUNTS) {
            both.fund(account, &base, market.base)?;
            both.fund(account, &quote, market.quote)?;
        }
        Ok(both)
    }

    /// Mints, lets the book take it, and brings it in.
    fn fund(&mut self, account: usize, token: &TokenRef, asset: Asset) -> anyhow::Result<()> {
        let (address, book) = (self.chain.address(account), self.book.address);
        self.chain.call(0, token.address, token.mint(address, UNITS).input)?;
        let transfer = token.transfer(address, book, UNITS).input;
        let deposit = Action::Call { contract: book, input: self.book.deposit(address, asset, UNITS).input, value: 0 };
        let signed = self.chain.sign_with_consent(account, deposit, token.address, &transfer);
        self.chain.execute(&[signed]).map(|_| ())
    }

    fn signed(&mut self, account: usize, input: Vec<u8>) -> SignedTransaction {
        self.chain.sign(account, Action::Call { contract: self.book.address, input, value: 0 })
    }

    fn account(&mut self) -> usize {
        self.random.below(ACCOUNTS.into()) as usize
    }

    /// A block of orders that rest.
    fn place(&mut self, count: usize) -> anyhow::Result<(Duration, Duration)> {
        let mut orders = Vec::with_capacity(count);
        for _ in 0..count {
            let side = *self.random.pick(&[Side::Buy, Side::Sell]);
            let away = 1 + self.random.below(MIDDLE - 1);
            let price = if side == Side::Buy { MIDDLE - away } else { MIDDLE + away };
            orders.push((self.account(), order(side, price, 1 + self.random.below(9), Force::PostOnly)));
        }
        let took = self.orders(&orders)?;
        for (account, NewOrder { side, price, .. }) in orders {
            self.resting.push((account, self.next, side, price.unwrap_or_default()));
            self.next += 1;
        }
        Ok(took)
    }

    fn orders(&mut self, orders: &[(usize, NewOrder)]) -> anyhow::Result<(Duration, Duration)> {
        let block: Vec<_> = orders
            .iter()
            .map(|(account, order)| {
                let address = self.chain.address(*account);
                let input = self.book.place(address, *order).input;
                self.signed(*account, input)
            })
            .collect();
        let (chain, _) = self.chain.execute(&block)?;
        let started = Instant::now();
        for (account, order) in orders {
            let placed = self.plain.try_place(*account, *order, 0);
            placed.map_err(|refusal| anyhow::anyhow!("the plain book refuses: {refusal:?}"))?;
        }
        Ok((chain, started.elapsed()))
    }

    /// A block of orders of one lot that take the best.
    fn take(&mut self) -> anyhow::Result<(Duration, Duration)> {
        let mut orders = Vec::with_capacity(BLOCK);
        for _ in 0..BLOCK {
            let side = *self.random.pick(&[Side::Buy, Side::Sell]);
            let worst = if side == Side::Buy { 2 * MIDDLE } else { 1 };
            orders.push((self.account(), order(side, worst, 1, Force::ImmediateOrCancel)));
        }
        self.orders(&orders)
    }

    /// A block of cancels, of orders that no taker has reached.
    fn cancel(&mut self) -> anyhow::Result<(Duration, Duration)> {
        let (mut block, mut gone) = (Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
        while block.len() < BLOCK {
            let index = self.random.below(self.resting.len() as u64) as usize;
            let (account, number, side, price) = self.resting.swap_remove(index);
            let found = match side {
                Side::Buy => self.plain.bids.get(&(price, std::cmp::Reverse(number))),
                Side::Sell => self.plain.asks.get(&(price, number)),
            };
            let Some(lots) = found.map(|resting| resting.lots) else { continue };
            let input = self.book.cancel(self.chain.address(account), number).input;
            block.push(self.signed(account, input));
            gone.push((side, price, number, lots));
        }
        let (chain, _) = self.chain.execute(&block)?;
        let started = Instant::now();
        gone.into_iter().for_each(|(side, price, number, lots)| self.plain.leave(side, price, number, lots));
        Ok((chain, started.elapsed()))
    }

    fn fill(&mut self, orders: usize) -> anyhow::Result<()> {
        while self.resting.len() < orders {
            self.place(BLOCK.min(orders - self.resting.len()))?;
        }
        Ok(())
    }

    fn measure(&mut self, what: fn(&mut Self) -> anyhow::Result<(Duration, Duration)>) -> anyhow::Result<Cost> {
        let (mut chain, mut plain) = (Vec::new(), Vec::new());
        for _ in 0..BLOCKS {
            let took = what(self)?;
            chain.push(took.0);
            plain.push(took.1);
        }
        Ok(Cost { chain_us: median(chain, BLOCK), plain_us: median(plain, BLOCK) })
    }
}

fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

fn measured(quick: bool) -> anyhow::Result<Value> {
    let mut both = Both::new()?;
    let sizes: &[usize] = if quick { &[1_000, 10_000] } else { &[1_000, 10_000, 100_000] };
    let mut report = serde_json::Map::new();
    let mut costs: Vec<[Cost; 3]> = Vec::new();
    for size in sizes {
        eprintln!("{size} resting orders");
        both.fill(*size)?;
        let row = [both.measure(|both| both.place(BLOCK))?, both.measure(Both::take)?, both.measure(Both::cancel)?];
        costs.push(row);
        let mean_us = row.iter().map(|cost| cost.chain_us).sum::<f64>() / 3.0;
        let each = ["place", "match", "cancel"].into_iter().zip(row).map(|(name, cost)| {
            let figures = json!({
                "us": round(cost.chain_us),
                "plain_rust_us": round(cost.plain_us),
                "over_plain_rust": round(cost.chain_us / cost.plain_us),
            });
            (name.to_owned(), figures)
        });
        let mut entry: serde_json::Map<String, Value> = each.collect();
        let per_second = 1e6 / mean_us;
        entry.insert(
            "messages_per_s".into(),
            json!({ "value": round(per_second), "at_least": TARGET, "met": per_second >= TARGET }),
        );
        report.insert(format!("{size} resting"), Value::Object(entry));
    }
    let (first, last) = (costs[0], costs[costs.len() - 1]);
    let logarithms = (sizes[sizes.len() - 1] as f64).ln() / (sizes[0] as f64).ln();
    for (name, (small, large)) in ["place", "match", "cancel"].into_iter().zip(first.into_iter().zip(last)) {
        let growth = large.chain_us / small.chain_us;
        report.insert(
            format!("growth of {name}"),
            json!({ "value": round(growth), "at_most": round(logarithms), "met": growth <= logarithms }),
        );
    }
    Ok(Value::Object(report))
}

fn main() -> anyhow::Result<()> {
    let Arguments { json, quick } = Arguments::parse();
    let report = measured(quick).context("the benchmark did not come to its end")?;
    if json {
        println!("{report:#}");
        return Ok(());
    }
    for (name, row) in report.as_object().into_iter().flatten() {
        println!("{name:20} {row}");
    }
    Ok(())
}
