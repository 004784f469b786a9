//! Instruments of another app, and of another asset.

use crate::setting::{CARD, Setting, VOUCHER, error};
use counterpart_sdk::{Hash, codec::Encode};
use counterpart_testing::{Account, Chain, Subject, contract_test};
use instrument_app::{AppError, InstrumentAppRef, native_instrumentapp};
use instruments::{InstrumentKind, TokenRecord};
use liquidity_pool::{LiquidityPoolRef, Terms as PoolTerms, native_liquiditypool};
use payments::{Exchange, LegStatus, PaymentError, PaymentStatus, Rate, Reason, Request};
use pool_handler::{PoolHandlerRef, native_poolhandler};
use token::{TokenRef, native_token};
use trading::Asset;
use wallet_provider::{WalletProviderRef, native_walletprovider};

#[contract_test]
fn another_apps_instrument_pays_where_the_payer_has_consented(chain: &mut Chain) {
    let setting = Setting::new(chain, 1_000, 0);
    let subject = Subject::new("instrument-app", native_instrumentapp());
    let app = InstrumentAppRef::at(chain.deploy(&setting.issuer, &subject, InstrumentAppRef::new()).expect("deployed"));
    let (provider, kind) = (setting.prepaid.address, InstrumentKind::Prepaid);
    let record = TokenRecord { provider, token: VOUCHER, kind, priority: 1, expires_ms: u64::MAX };
    let (payer, charger) = (setting.payer.address, setting.payments.address);
    assert!(chain.call(&setting.payer, app.keep(payer, record)).is_err(), "the app's operator alone");
    chain.call(&setting.issuer, app.keep(payer, record)).expect("kept");
    let over = TokenRecord { token: CARD, expires_ms: 5, ..record };
    chain.call(&setting.issuer, app.keep(payer, over)).expect("kept");
    let pays = |chain: &mut Chain, id| {
        let request = Request { apps: vec![app.address], ..setting.request(chain, id, 600) };
        let number = setting.pay(chain, request).expect("begun");
        (number, setting.status(chain, number))
    };
    let nothing = PaymentStatus::Failed(Reason::NoCoverage);
    assert_eq!(pays(chain, 1).1, nothing, "nothing is told without consent");
    assert!(chain.query(app.retrieve(payer, charger)).expect("answered").is_empty());
    assert!(chain.call(&setting.issuer, app.consent(payer, charger, u64::MAX)).is_err(), "the payer alone");
    chain.call(&setting.payer, app.consent(payer, charger, u64::MAX)).expect("consented");
    assert_eq!(chain.query(app.retrieve(payer, charger)), Ok(vec![record]));
    assert!(chain.query(app.retrieve(payer, setting.card.address)).expect("answered").is_empty(), "to nobody else");
    let (number, status) = pays(chain, 2);
    assert_eq!(status, PaymentStatus::Succeeded);
    let leg = setting.found(chain, number).legs[0];
    assert_eq!((leg.provider, leg.instrument, leg.units), (provider, None, 600));
    assert_eq!(pays(chain, 3).1, nothing, "400 are left");
    let early = chain.call(&setting.payer, app.consent(payer, charger, 5));
    assert_eq!(early, Err(counterpart_testing::Failure::Error(AppError::Expired)));
    chain.call(&setting.payer, app.consent(payer, charger, 0)).expect("taken back");
    let request = Request { apps: vec![app.address], ..setting.request(chain, 4, 100) };
    let number = setting.pay(chain, request).expect("begun");
    assert_eq!(setting.status(chain, number), nothing);
    chain.call(&setting.payer, app.forget(payer, VOUCHER)).expect("the payer");
    for number in 0..8 {
        let record = TokenRecord { token: Hash([number; 32]), ..record };
        let kept = chain.call(&setting.issuer, app.keep(payer, record));
        assert_eq!(kept.is_ok(), number < 7, "eight at most, with the one that is over");
    }
}

struct Foreign {
    provider: WalletProviderRef,
    silver: TokenRef,
    exchange: Exchange,
}

/// A wallet of silver, of which two are worth one unit of money, and a pool where they are.
fn silver(chain: &mut Chain, setting: &Setting, signer: &Account) -> Foreign {
    let (issuer, payer) = (&setting.issuer, &setting.payer);
    let subject = Subject::new("token", native_token());
    let silver = chain.deploy(issuer, &subject, TokenRef::new("Silver".into(), "SLV".into(), 0)).expect("deployed");
    let silver = TokenRef::at(silver);
    for account in [issuer, payer] {
        chain.call(issuer, silver.mint(account.address, 1_000_000)).expect("minted");
    }
    let (one, other) = (Asset::Token(silver.address), setting.asset());
    let subject = Subject::new("liquidity-pool", native_liquiditypool());
    let terms = PoolTerms { one, other, fee_ppm: 3_000 };
    let pool = chain.deploy(issuer, &subject, LiquidityPoolRef::new(terms)).expect("deployed");
    let pool = LiquidityPoolRef::at(pool);
    chain.call_consenting(issuer, pool.add(issuer.address, 80_000, 40_000, 1, u64::MAX)).expect("filled");
    let subject = Subject::new("pool-handler", native_poolhandler());
    let handler = chain.deploy(issuer, &subject, PoolHandlerRef::new()).expect("deployed");
    let subject = Subject::new("wallet-provider", native_walletprovider());
    let provider = WalletProviderRef::new(setting.payments.address, one);
    let provider = WalletProviderRef::at(chain.deploy(issuer, &subject, provider).expect("deployed"));
    chain.call(&setting.operator, setting.payments.set_provider(provider.address, Some(0))).expect("admitted");
    chain.call(payer, silver.approve(payer.address, provider.address, u128::MAX)).expect("allowed");
    let rate = Rate { from: one, to: other, give: 2, get: 1, expires_ms: u64::MAX };
    let digest = chain_digest(setting, &rate);
    let exchange = Exchange { rate, signature: signer.sign(&digest), handler, data: pool.address.0.to_vec() };
    Foreign { provider, silver, exchange }
}

/// What the key of the terms signs.
fn chain_digest(setting: &Setting, rate: &Rate) -> [u8; 32] {
    use sha3::{Digest, Sha3_256};
    let signed = (*b"counterpart/payment-rate/1", 1_u64, setting.payments.address, rate);
    Sha3_256::digest(signed.encode()).into()
}

#[contract_test]
fn a_leg_of_another_asset_is_exchanged_within_its_signed_rate(chain: &mut Chain) {
    let setting = Setting::new(chain, 1_000, 0);
    let Foreign { provider, silver, exchange } = silver(chain, &setting, &setting.rates.clone());
    let voucher = setting.instrument(setting.prepaid.address, VOUCHER, InstrumentKind::Prepaid, 1);
    setting.link(chain, voucher);
    let wallet = setting.instrument(provider.address, Hash::ZERO, InstrumentKind::Wallet, 2);
    setting.link(chain, wallet);
    let before = chain.query(silver.balance_of(setting.payer.address)).expect("answered");
    let request = Request { exchanges: vec![exchange.clone()], ..setting.request(chain, 1, 1_500) };
    let number = setting.pay(chain, request).expect("begun");
    let found = setting.found(chain, number);
    assert_eq!(found.status, PaymentStatus::Succeeded);
    // 500 cost 1000, and at most two percent more; what the pool did not take is back with the payer.
    assert_eq!((found.legs[1].units, found.legs[1].source, found.legs[1].status), (500, 1_022, LegStatus::Captured));
    let spent = before - chain.query(silver.balance_of(setting.payer.address)).expect("answered");
    assert!((1_000..=1_022).contains(&spent), "{spent}");
    assert_eq!(chain.query(silver.balance_of(setting.payments.address)), Ok(0));
    assert_eq!(setting.held(chain, setting.payments.address), 0);
    // A large one moves the pool too far: nothing is captured.
    let request = Request { exchanges: vec![exchange.clone()], ..setting.request(chain, 2, 5_000) };
    assert!(matches!(error(setting.pay(chain, request)), PaymentError::Exchange { .. }));
    // Without an exchange the silver is no instrument.
    let request = setting.request(chain, 3, 100);
    let number = setting.pay(chain, request).expect("begun");
    assert_eq!(setting.status(chain, number), PaymentStatus::Failed(Reason::NoCoverage));
    // Exchanged units come back as what was paid.
    chain.call_consenting(&setting.merchant, setting.payments.refund(0, 200)).expect("refunded");
    assert_eq!(setting.held(chain, setting.payer.address), 1 + 200);
    let forged = Exchange { rate: Rate { give: 1, ..exchange.rate }, ..exchange };
    let request = Request { exchanges: vec![forged], ..setting.request(chain, 4, 100) };
    assert_eq!(error(setting.pay(chain, request)), PaymentError::BadRate);
}
