//! Random shopping against books kept beside: P1 to P5 of the suite.

use crate::setting::{BAKERY, BOOKSHOP, DISPUTE_MS, RESOLVE_MS, Setting};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Random, contract_test, from_environment};
use merchants::{Intent, Payment, Standing};
use std::collections::BTreeSet;

struct Books {
    /// What payers gave, less what came back.
    spent: u128,
    fees: u128,
    stock: u64,
    versions: [u32; 2],
    prices: [u128; 2],
    nonces: BTreeSet<u64>,
    invoices: BTreeSet<(u64, u8)>,
}

#[contract_test]
fn payments_refunds_and_disputes_leave_nothing_over(chain: &mut Chain) {
    let setting = Setting::new(chain, DISPUTE_MS);
    let mut random = Random::from_environment();
    let (merchants, money) = (setting.merchants, setting.money);
    for owner in [&setting.baker, &setting.bookseller] {
        chain.call(owner, money.approve(owner.address, merchants.address, u128::MAX)).expect("allowed");
    }
    let mut books = Books {
        spent: 0,
        fees: 0,
        stock: 10,
        versions: [1, 1],
        prices: [450, 3_999],
        nonces: BTreeSet::new(),
        invoices: BTreeSet::new(),
    };
    let mut count = 0;
    for step in 0..from_environment("COUNTERPART_STEPS").unwrap_or(120) {
        let merchant = random.below(2);
        let index = merchant as usize;
        let owner = setting.owner(merchant).clone();
        match random.below(8) {
            0 => {
                books.prices[index] = u128::from(random.below(500) + 1);
                let (sku, stock) = if merchant == BAKERY { ("bread", Some(random.below(12))) } else { ("atlas", None) };
                let version = setting.offer(chain, merchant, sku, books.prices[index], stock).expect("offered");
                assert!(version == books.versions[index] || version == books.versions[index] + 1);
                books.versions[index] = version;
                books.stock = stock.unwrap_or(books.stock);
            }
            1..=4 => {
                let quantity = random.below(4);
                let invoice = random.one_in(3).then(|| random.below(20) as u8);
                let version = books.versions[index] - u32::from(random.one_in(8) && books.versions[index] > 1);
                let intent = Intent {
                    payer: if random.one_in(2) { setting.alice.address } else { setting.bob.address },
                    merchant,
                    sku: if merchant == BAKERY { "bread" } else { "atlas" }.into(),
                    quantity,
                    version,
                    max_amount: u128::from(random.below(3_000)),
                    // One number for both payers: they do not get in each other's way here.
                    nonce: if random.one_in(6) { random.below(5) } else { 1_000 + step },
                    deadline_ms: u64::MAX,
                    invoice: invoice.map(|byte| Hash([byte; 32])),
                };
                let amount = books.prices[index] * u128::from(quantity);
                let payer_nonce = intent.nonce * 2 + u64::from(intent.payer == setting.bob.address);
                let fits = quantity > 0
                    && version == books.versions[index]
                    && amount <= intent.max_amount
                    && (merchant == BOOKSHOP || quantity <= books.stock)
                    && !books.nonces.contains(&payer_nonce)
                    && invoice.is_none_or(|byte| !books.invoices.contains(&(merchant, byte)));
                let rich = chain.query(money.balance_of(intent.payer)).expect("answered") >= amount;
                let paid = setting.pay(chain, intent);
                assert_eq!(paid.is_ok(), fits && rich, "{paid:?}");
                if paid.is_ok() {
                    books.spent += amount;
                    books.fees += (amount * 20_000).div_ceil(1_000_000);
                    books.stock -= if merchant == BAKERY { quantity } else { 0 };
                    books.nonces.insert(payer_nonce);
                    books.invoices.extend(invoice.map(|byte| (merchant, byte)));
                    count += 1;
                }
            }
            5 if count > 0 => {
                let payment = random.below(count);
                let before = found(chain, &setting, payment);
                let (units, restock) = (u128::from(random.below(600)), random.below(2));
                let by = setting.owner(before.merchant).clone();
                if chain.call(&by, merchants.refund(by.address, payment, units, restock)).is_ok() {
                    books.spent -= units;
                    books.stock += if before.merchant == BAKERY { restock } else { 0 };
                }
            }
            6 if count > 0 => {
                let payment = random.below(count);
                let payer = if found(chain, &setting, payment).payer == setting.bob.address {
                    setting.bob.clone()
                } else {
                    setting.alice.clone()
                };
                let _ = chain.call(&payer, merchants.dispute(payment, Hash([3; 32])));
                let units = u128::from(random.below(300));
                if random.one_in(2) && chain.call(&setting.arbiter, merchants.resolve(payment, units)).is_ok() {
                    books.spent -= units;
                }
            }
            7 if count > 0 => {
                if random.one_in(4) {
                    chain.advance_ms(random.below(DISPUTE_MS + RESOLVE_MS));
                }
                let _ = chain.call(&owner, merchants.release(random.below(count)));
            }
            _ => {}
        }
        agree(chain, &setting, &books, count);
    }
    assert!(count > 10, "the run paid: {count}");
}

fn found(chain: &Chain, setting: &Setting, payment: u64) -> Payment {
    chain.query(setting.merchants.payment(payment)).expect("answered").expect("paid")
}

fn agree(chain: &Chain, setting: &Setting, books: &Books, count: u64) {
    let mut held = 0;
    for number in 0..count {
        let payment = found(chain, setting, number);
        assert!(payment.refunded <= payment.amount, "P4");
        assert!(payment.restocked <= payment.quantity);
        if matches!(payment.standing, Standing::Held | Standing::Disputed) {
            held += payment.amount - payment.fee - payment.refunded;
        }
    }
    assert_eq!(setting.in_contract(chain), held, "what waits is there");
    let sellers = setting.held(chain, &setting.baker) + setting.held(chain, &setting.bookseller);
    assert_eq!(setting.held(chain, &setting.operator), books.fees, "P1: the operator's part");
    assert_eq!(sellers + held + books.fees, books.spent, "P1: nothing is lost or made");
    assert_eq!(setting.stock(chain), Some(books.stock), "P3");
}
