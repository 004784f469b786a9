//! Who decides what about merchants and their goods.

use crate::setting::{BAKERY, RECOVERY_MS, Setting, error};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Failure, contract_test};
use merchants::{Intent, MerchantError, MerchantsRef, Status, Terms};

#[contract_test]
fn the_operator_registers_and_suspends_and_the_owner_closes(chain: &mut Chain) {
    let setting = Setting::new(chain, 0);
    let (merchants, baker, operator) = (setting.merchants, &setting.baker, &setting.operator);
    assert_eq!(chain.query(merchants.count()), Ok(2));
    assert_eq!(chain.query(merchants.admin()), Ok(operator.address));
    let register = merchants.register(baker.address, baker.address, 1, Hash::ZERO);
    assert!(matches!(error(chain.call(baker, register)), MerchantError::Role { .. }));
    let status = |status| merchants.set_status(BAKERY, status);
    assert!(matches!(error(chain.call(baker, status(Status::Suspended))), MerchantError::Role { .. }));
    chain.call(operator, status(Status::Suspended)).expect("the operator");
    assert_eq!(error(setting.pay(chain, setting.bread(1, 1))), MerchantError::NotOpen { status: Status::Suspended });
    chain.call(operator, status(Status::Open)).expect("the operator");
    assert!(chain.call(operator, status(Status::Closed)).is_err(), "the owner alone closes");
    chain.call(baker, status(Status::Closed)).expect("the owner");
    assert_eq!(error(chain.call(operator, status(Status::Open))), MerchantError::NotOpen { status: Status::Closed });
    assert_eq!(error(setting.pay(chain, setting.bread(1, 1))), MerchantError::NotOpen { status: Status::Closed });
    let nobody = merchants.set_status(9, Status::Open);
    assert_eq!(error(chain.call(operator, nobody)), MerchantError::NoMerchant { merchant: 9 });
}

#[contract_test]
fn a_merchant_that_lost_its_key_is_handed_over_unless_it_objects(chain: &mut Chain) {
    let setting = Setting::new(chain, 0);
    let (merchants, baker, operator, bob) = (setting.merchants, &setting.baker, &setting.operator, &setting.bob);
    let propose = merchants.propose_owner(BAKERY, bob.address);
    assert!(matches!(error(chain.call(bob, propose.clone())), MerchantError::Role { .. }));
    chain.call(operator, propose.clone()).expect("the operator");
    assert_eq!(error(chain.call(bob, merchants.accept_owner(BAKERY))), MerchantError::NoRecovery, "not yet");
    chain.call(baker, merchants.set_owner(BAKERY, baker.address)).expect("the owner has its key after all");
    chain.advance_ms(RECOVERY_MS);
    assert_eq!(error(chain.call(bob, merchants.accept_owner(BAKERY))), MerchantError::NoRecovery, "refused");
    chain.call(operator, propose).expect("once more");
    chain.advance_ms(RECOVERY_MS);
    assert!(chain.call(baker, merchants.accept_owner(BAKERY)).is_err(), "not who was proposed");
    chain.call(bob, merchants.accept_owner(BAKERY)).expect("after the time");
    assert!(chain.call(baker, merchants.set_payout(BAKERY, baker.address)).is_err(), "no more");
    chain.call(bob, merchants.set_payout(BAKERY, bob.address)).expect("the new owner");
    chain.call(bob, merchants.rotate_beacon(BAKERY, Hash([7; 32]), 8)).expect("the new owner");
    let found = chain.query(merchants.merchant(BAKERY)).expect("answered").expect("there");
    assert_eq!((found.owner, found.payout, found.beacon, found.cell), (bob.address, bob.address, Hash([7; 32]), 8));
    setting.pay(chain, setting.bread(1, 1)).expect("paid");
    assert_eq!(setting.held(chain, bob), crate::setting::PLENTY + 441);
}

#[contract_test]
fn goods_are_listed_by_sku_and_page(chain: &mut Chain) {
    let setting = Setting::new(chain, 0);
    let (merchants, baker) = (setting.merchants, &setting.baker);
    for sku in ["apple tart", "roll", "cake"] {
        setting.offer(chain, BAKERY, sku, 5, None).expect("offered");
    }
    let skus = |after: Option<&str>, limit| {
        let page = chain.query(merchants.products(BAKERY, after.map(Into::into), limit)).expect("answered");
        page.into_iter().map(|(sku, _)| sku).collect::<Vec<_>>()
    };
    assert_eq!(skus(None, 50), ["apple tart", "bread", "cake", "roll"]);
    assert_eq!(skus(None, 2), ["apple tart", "bread"]);
    assert_eq!(skus(Some("bread"), 9), ["cake", "roll"]);
    for (sku, product) in [
        (String::new(), setting.product(1, None)),
        ("x".repeat(65), setting.product(1, None)),
        ("x".into(), setting.product(0, None)),
        ("x".into(), merchants::Product { name: String::new(), ..setting.product(1, None) }),
    ] {
        assert_eq!(error(chain.call(baker, merchants.set_product(BAKERY, sku, product))), MerchantError::BadProduct);
    }
    assert_eq!(chain.call(baker, merchants.set_product(BAKERY, "x".repeat(64), setting.product(1, None))), Ok(1));
    let hidden = merchants::Product { listed: false, ..setting.product(450, Some(3)) };
    chain.call(baker, merchants.set_product(BAKERY, "bread".into(), hidden)).expect("not sold now");
    assert_eq!(error(setting.pay(chain, setting.bread(1, 1))), MerchantError::NoProduct);
    let unknown = merchants.set_stock(BAKERY, "pie".into(), None);
    assert_eq!(error(chain.call(baker, unknown)), MerchantError::NoProduct);
    let bob = setting.bob.clone();
    assert!(chain.call(&bob, merchants.set_product(BAKERY, "x".into(), setting.product(1, None))).is_err());
    let foreign = Intent { merchant: 5, ..setting.bread(1, 1) };
    assert_eq!(error(setting.pay(chain, foreign)), MerchantError::NoMerchant { merchant: 5 });
}

#[contract_test]
fn terms_make_sense_and_the_operator_hands_over(chain: &mut Chain) {
    let setting = Setting::new(chain, 0);
    let (merchants, operator, bob) = (setting.merchants, &setting.operator, &setting.bob);
    let terms = chain.query(merchants.terms()).expect("answered").expect("made");
    let subject = counterpart_testing::Subject::new("merchants", merchants::native_merchants());
    for wrong in [Terms { fee_ppm: 100_001, ..terms }, Terms { resolve_ms: 0, ..terms }] {
        assert!(chain.deploy(operator, &subject, MerchantsRef::new(wrong)).is_err(), "{wrong:?}");
    }
    assert!(chain.deploy(operator, &subject, MerchantsRef::new(Terms { fee_ppm: 100_000, ..terms })).is_ok());
    chain.call(operator, merchants.propose_admin(Some(bob.address))).expect("proposed");
    chain.call(bob, merchants.accept_admin()).expect("taken over");
    assert_eq!(chain.query(merchants.admin()), Ok(bob.address));
    let old = chain.call(operator, merchants.set_status(BAKERY, Status::Suspended));
    assert!(matches!(old, Err(Failure::Error(MerchantError::Role { .. }))));
}
