//! What a payment holds to, and what comes back of it.

use crate::setting::{BAKERY, BOOKSHOP, DISPUTE_MS, PLENTY, RESOLVE_MS, Setting, error};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, contract_test};
use merchants::{Intent, MerchantError, Standing};
use trading::AssetError;

#[contract_test]
fn the_buyer_gives_what_merchant_and_operator_get(chain: &mut Chain) {
    let setting = Setting::new(chain, 0);
    assert_eq!(setting.pay(chain, setting.bread(3, 1)), Ok(0));
    // Two percent of 1350 are 27.
    assert_eq!(setting.held(chain, &setting.alice), PLENTY - 1_350);
    assert_eq!((setting.held(chain, &setting.baker), setting.held(chain, &setting.operator)), (1_323, 27));
    assert_eq!((setting.in_contract(chain), setting.stock(chain)), (0, Some(7)));
    let receipt = chain.query(setting.merchants.payment(0)).expect("answered").expect("paid");
    assert_eq!((receipt.amount, receipt.fee, receipt.version, receipt.quantity), (1_350, 27, 1, 3));
    let paid_ms = chain.time_ms() - 1_000;
    assert_eq!((receipt.payer, receipt.standing, receipt.at_ms), (setting.alice.address, Standing::Paid, paid_ms));
    // A fee is rounded up: never more to the merchant than was given.
    setting.offer(chain, BAKERY, "roll", 51, None).expect("offered");
    setting.pay(chain, Intent { sku: "roll".into(), ..setting.bread(1, 2) }).expect("paid");
    assert_eq!((setting.held(chain, &setting.baker), setting.held(chain, &setting.operator)), (1_323 + 49, 27 + 2));
}

#[contract_test]
fn a_price_that_changed_between_view_and_payment_is_not_paid(chain: &mut Chain) {
    let setting = Setting::new(chain, 0);
    assert_eq!(setting.offer(chain, BAKERY, "bread", 500, Some(10)), Ok(2));
    assert_eq!(error(setting.pay(chain, setting.bread(1, 1))), MerchantError::Changed { version: 2 });
    let seen = Intent { version: 2, max_amount: 1_499, ..setting.bread(3, 1) };
    assert_eq!(error(setting.pay(chain, seen.clone())), MerchantError::TooMuch { amount: 1_500 });
    assert_eq!(setting.pay(chain, Intent { max_amount: 1_500, ..seen }), Ok(0));
    // Counting the shelf anew changes nothing that a payer sees.
    assert_eq!(setting.offer(chain, BAKERY, "bread", 500, Some(1)), Ok(2));
    let stock = setting.merchants.set_stock(BAKERY, "bread".into(), Some(2));
    chain.call(&setting.baker, stock).expect("the owner counts");
    let many = Intent { version: 2, ..setting.bread(3, 2) };
    assert_eq!(error(setting.pay(chain, many)), MerchantError::OutOfStock { left: 2 });
    let huge =
        Intent { version: 1, merchant: BOOKSHOP, sku: "atlas".into(), quantity: u64::MAX, ..setting.bread(1, 2) };
    assert!(matches!(error(setting.pay(chain, huge)), MerchantError::TooMuch { .. }));
    setting.offer(chain, BOOKSHOP, "moon", u128::MAX, None).expect("offered");
    let moon = Intent { merchant: BOOKSHOP, sku: "moon".into(), max_amount: u128::MAX, ..setting.bread(2, 2) };
    assert_eq!(error(setting.pay(chain, moon)), MerchantError::TooMuch { amount: u128::MAX });
    let none = Intent { version: 2, ..setting.bread(0, 2) };
    assert_eq!(error(setting.pay(chain, none)), MerchantError::NoProduct);
    assert_eq!(
        error(setting.pay(chain, Intent { sku: "cake".into(), ..setting.bread(1, 2) })),
        MerchantError::NoProduct
    );
    let late = Intent { version: 2, deadline_ms: 5, ..setting.bread(1, 2) };
    assert_eq!(error(setting.pay(chain, late)), MerchantError::Late);
    let poor = Intent { version: 1, merchant: BOOKSHOP, sku: "atlas".into(), quantity: 300, ..setting.bread(1, 2) };
    let poor = Intent { max_amount: u128::MAX, ..poor };
    assert!(matches!(error(setting.pay(chain, poor)), MerchantError::Asset { error: AssetError::Refused { .. } }));
}

#[contract_test]
fn a_number_and_an_invoice_pay_once(chain: &mut Chain) {
    let setting = Setting::new(chain, 0);
    let invoice = Some(Hash([9; 32]));
    assert_eq!(setting.pay(chain, Intent { invoice, ..setting.bread(1, 1) }), Ok(0));
    assert_eq!(error(setting.pay(chain, setting.bread(1, 1))), MerchantError::NonceUsed { nonce: 1 });
    let again = Intent { invoice, payer: setting.bob.address, ..setting.bread(1, 1) };
    assert_eq!(error(setting.pay(chain, again)), MerchantError::InvoicePaid { payment: 0 });
    // Another merchant's invoice of the same hash is another one.
    let other = Intent { invoice, merchant: BOOKSHOP, sku: "atlas".into(), ..setting.bread(1, 2) };
    assert_eq!(setting.pay(chain, other), Ok(1));
    assert_eq!(chain.query(setting.merchants.invoice(BAKERY, Hash([9; 32]))), Ok(Some(0)));
    assert_eq!(chain.query(setting.merchants.invoice(BAKERY, Hash([8; 32]))), Ok(None));
}

#[contract_test]
fn what_was_signed_without_a_network_is_paid_by_whoever_brings_it(chain: &mut Chain) {
    let setting = Setting::new(chain, 0);
    let (alice, merchants) = (setting.alice.clone(), setting.merchants);
    let intent = setting.bread(2, 5);
    let signature = alice.sign(&chain.query(merchants.digest(intent.clone())).expect("answered").0);
    let bring = |chain: &mut Chain, intent: Intent| {
        chain.call(&setting.baker, merchants.pay_signed(intent, alice.public_key(), signature))
    };
    assert!(matches!(error(bring(chain, intent.clone())), MerchantError::Asset { .. }), "no allowance");
    chain.call(&alice, setting.money.approve(alice.address, merchants.address, 5_000)).expect("allowed");
    for other in [
        Intent { quantity: 3, ..intent.clone() },
        Intent { merchant: BOOKSHOP, ..intent.clone() },
        Intent { nonce: 6, ..intent.clone() },
        Intent { payer: setting.bob.address, ..intent.clone() },
        Intent { max_amount: 900, ..intent.clone() },
    ] {
        assert_eq!(error(bring(chain, other)), MerchantError::BadSignature);
    }
    // Whoever signs for another's account signs for nobody.
    let own = setting.bob.sign(&chain.query(merchants.digest(intent.clone())).expect("answered").0);
    let stolen = chain.call(&setting.baker, merchants.pay_signed(intent.clone(), setting.bob.public_key(), own));
    assert_eq!(error(stolen), MerchantError::BadSignature);
    assert_eq!(bring(chain, intent.clone()), Ok(0));
    assert_eq!(error(bring(chain, intent)), MerchantError::NonceUsed { nonce: 5 });
    assert_eq!(setting.held(chain, &alice), PLENTY - 900);
}

#[contract_test]
fn units_that_are_held_come_back_without_the_merchants_wallet(chain: &mut Chain) {
    let setting = Setting::new(chain, DISPUTE_MS);
    setting.pay(chain, setting.bread(4, 1)).expect("paid");
    // 1800, of which 36 are the operator's.
    assert_eq!((setting.in_contract(chain), setting.held(chain, &setting.baker)), (1_764, 0));
    let (merchants, baker) = (setting.merchants, &setting.baker);
    assert_eq!(error(chain.call(baker, merchants.release(0))), waits(&setting, chain, Standing::Held));
    let refund = |by, units, restock| merchants.refund(by, 0, units, restock);
    chain.call(baker, refund(baker.address, 450, 1)).expect("a loaf comes back");
    assert_eq!((setting.held(chain, &setting.alice), setting.stock(chain)), (PLENTY - 1_350, Some(7)));
    let more = error(chain.call(baker, refund(baker.address, 1_315, 0)));
    assert_eq!(more, MerchantError::RefundTooLarge { left: 1_314 });
    assert_eq!(error(chain.call(baker, refund(baker.address, 1, 4))), MerchantError::TooManyRestocked);
    let nothing = error(chain.call(baker, refund(baker.address, 0, 0)));
    assert_eq!(nothing, MerchantError::RefundTooLarge { left: 1_314 });
    assert!(chain.call(&setting.bob, refund(baker.address, 1, 0)).is_err(), "somebody else's word");
    assert_eq!(error(chain.call(&setting.bob, refund(setting.bob.address, 1, 0))), MerchantError::Stranger);
    chain.advance_ms(DISPUTE_MS);
    chain.call(&setting.bob, merchants.release(0)).expect("anybody, in time");
    assert_eq!((setting.in_contract(chain), setting.held(chain, baker)), (0, 1_314));
    // Afterwards it comes from where the units went, and that has to be allowed.
    assert!(matches!(error(chain.call(baker, refund(baker.address, 100, 0))), MerchantError::Asset { .. }));
    chain.call(baker, setting.money.approve(baker.address, merchants.address, 10_000)).expect("allowed");
    chain.call(baker, refund(baker.address, 100, 0)).expect("refunded");
    let more = error(chain.call(baker, refund(baker.address, 1_251, 0)));
    assert_eq!(more, MerchantError::RefundTooLarge { left: 1_250 }, "never more than was paid");
    assert_eq!(setting.held(chain, &setting.alice), PLENTY - 1_250);
}

fn waits(setting: &Setting, chain: &Chain, standing: Standing) -> MerchantError {
    let found = chain.query(setting.merchants.payment(0)).expect("answered").expect("paid");
    MerchantError::WrongStanding { standing, until_ms: found.until_ms }
}

#[contract_test]
fn a_cashier_refunds_within_its_cap(chain: &mut Chain) {
    let setting = Setting::new(chain, DISPUTE_MS);
    let (merchants, baker, cashier) = (setting.merchants, &setting.baker, &setting.cashier);
    setting.pay(chain, setting.bread(2, 1)).expect("paid");
    assert_eq!(error(chain.call(cashier, merchants.refund(cashier.address, 0, 1, 0))), MerchantError::Stranger);
    let set = |who: Option<counterpart_sdk::Address>| merchants.set_cashier(BAKERY, who, 300);
    assert!(chain.call(cashier, set(Some(cashier.address))).is_err(), "not the owner");
    chain.call(baker, set(Some(cashier.address))).expect("the owner");
    chain.call(cashier, merchants.refund(cashier.address, 0, 200, 0)).expect("within the cap");
    let more = error(chain.call(cashier, merchants.refund(cashier.address, 0, 101, 0)));
    assert_eq!(more, MerchantError::RefundTooLarge { left: 100 });
    chain.call(baker, merchants.refund(baker.address, 0, 150, 0)).expect("the owner's do not count");
    chain.call(cashier, merchants.refund(cashier.address, 0, 100, 1)).expect("up to it");
    assert_eq!(setting.held(chain, &setting.alice), PLENTY - 900 + 450);
}

#[contract_test]
fn a_dispute_is_decided_in_time_or_the_merchants_word_stands(chain: &mut Chain) {
    let setting = Setting::new(chain, DISPUTE_MS);
    let (merchants, alice, arbiter) = (setting.merchants, &setting.alice, &setting.arbiter);
    for nonce in 0..3 {
        setting.pay(chain, setting.bread(1, nonce)).expect("paid");
    }
    let reason = Hash([4; 32]);
    assert!(chain.call(&setting.bob, merchants.dispute(0, reason)).is_err(), "not the payer");
    chain.call(alice, merchants.dispute(0, reason)).expect("in time");
    let again = error(chain.call(alice, merchants.dispute(0, reason)));
    assert_eq!(again, waits(&setting, chain, Standing::Disputed));
    assert!(chain.call(alice, merchants.resolve(0, 1)).is_err(), "not the arbiter");
    let most = error(chain.call(arbiter, merchants.resolve(0, 442)));
    assert_eq!(most, MerchantError::RefundTooLarge { left: 441 });
    chain.call(arbiter, merchants.resolve(0, 400)).expect("decided");
    assert_eq!((setting.held(chain, alice), setting.held(chain, &setting.baker)), (PLENTY - 950, 41));
    let refund = merchants.refund(setting.baker.address, 0, 1, 0);
    assert!(matches!(error(chain.call(&setting.baker, refund)), MerchantError::WrongStanding { .. }));
    // The second: nobody decides.
    chain.call(alice, merchants.dispute(1, reason)).expect("in time");
    let found = chain.query(merchants.payment(1)).expect("answered").expect("paid");
    chain.advance_ms(RESOLVE_MS);
    let late = error(chain.call(arbiter, merchants.resolve(1, 1)));
    assert_eq!(late, MerchantError::WrongStanding { standing: Standing::Disputed, until_ms: found.until_ms });
    chain.call(&setting.bob, merchants.release(1)).expect("anybody");
    // The third: too late to dispute.
    assert!(matches!(error(chain.call(alice, merchants.dispute(2, reason))), MerchantError::WrongStanding { .. }));
    chain.call(&setting.bob, merchants.release(2)).expect("anybody");
    assert_eq!((setting.in_contract(chain), setting.held(chain, &setting.baker)), (0, 41 + 2 * 441));
    assert_eq!(error(chain.call(arbiter, merchants.resolve(9, 1))), MerchantError::NoPayment { payment: 9 });
}
