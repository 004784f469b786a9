//! What a signed order allows, and what it does not.

use counterpart_testing::{Account, Chain, Failure, Subject, contract_test};
use signed_orders::{OrderError, SignedOrder, SignedOrdersRef, State, native_signedorders};
use token::{TokenRef, native_token};
use trading::{Asset, AssetError, Kind, Quote};

const PLENTY: u128 = 1_000_000;

struct Setting {
    orders: SignedOrdersRef,
    apples: TokenRef,
    pears: TokenRef,
    maker: Account,
    taker: Account,
    other: Account,
}

impl Setting {
    fn new(chain: &mut Chain) -> Self {
        let [maker, taker, other] = ["maker", "taker", "other"].map(|name| chain.account(name));
        let mut token = |name: &str| {
            let subject = Subject::new("token", native_token());
            let constructor = TokenRef::new(name.into(), name.into(), 0);
            let token = TokenRef::at(chain.deploy(&maker, &subject, constructor).expect("deployed"));
            for account in [&maker, &taker, &other] {
                chain.call(&maker, token.mint(account.address, PLENTY)).expect("minted");
            }
            token
        };
        let (apples, pears) = (token("APL"), token("PER"));
        let subject = Subject::new("signed-orders", native_signedorders());
        let orders = chain.deploy(&maker, &subject, SignedOrdersRef::new()).expect("deployed");
        let orders = SignedOrdersRef::at(orders);
        chain.call(&maker, apples.approve(maker.address, orders.address, PLENTY)).expect("allowed");
        Self { orders, apples, pears, maker, taker, other }
    }

    /// A thousand apples for two thousand pears.
    fn order(&self, salt: u64) -> SignedOrder {
        let [apples, pears] = [&self.apples, &self.pears].map(|token| Asset::Token(token.address));
        SignedOrder::at_price(self.maker.public_key(), (apples, 1_000), (pears, 2_000), salt)
    }

    fn sign(&self, chain: &Chain, order: SignedOrder) -> [u8; 64] {
        signed(chain, &self.orders, order, &self.maker)
    }

    fn fill(&self, chain: &mut Chain, order: SignedOrder, kind: Kind) -> Result<Quote, Failure<OrderError>> {
        let signature = self.sign(chain, order);
        self.fill_as(chain, &self.taker.clone(), order, signature, kind)
    }

    fn fill_as(
        &self,
        chain: &mut Chain,
        who: &Account,
        order: SignedOrder,
        signature: [u8; 64],
        kind: Kind,
    ) -> Result<Quote, Failure<OrderError>> {
        let fill = self.orders.fill(order, signature, kind, who.address);
        chain.call_consenting(who, fill)
    }
}

fn signed(chain: &Chain, orders: &SignedOrdersRef, order: SignedOrder, signer: &Account) -> [u8; 64] {
    signer.sign(&chain.query(orders.digest(order)).expect("answered").0)
}

fn buy(buy: u128) -> Kind {
    Kind::ExactOut { buy, max_spend: u128::MAX }
}

fn error<T: std::fmt::Debug>(result: Result<T, Failure<OrderError>>) -> OrderError {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}

#[contract_test]
fn an_order_is_filled_in_parts_and_never_beyond(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let order = setting.order(1);
    assert_eq!(setting.fill(chain, order, buy(333)), Ok(Quote { spent: 666, bought: 333 }));
    // What can be had for 101 pears are 50 apples, for 100: the rest is not spent.
    let spend = Kind::ExactIn { spend: 101, min_buy: 50 };
    assert_eq!(setting.fill(chain, order, spend), Ok(Quote { spent: 100, bought: 50 }));
    assert_eq!(error(setting.fill(chain, order, buy(618))), OrderError::Filled { left: 617 });
    let all = Kind::ExactIn { spend: 5_000, min_buy: 0 };
    assert_eq!(setting.fill(chain, order, all), Ok(Quote { spent: 1_234, bought: 617 }));
    assert_eq!(error(setting.fill(chain, order, buy(1))), OrderError::Filled { left: 0 });
    let pears = chain.query(setting.pears.balance_of(setting.maker.address));
    let apples = chain.query(setting.apples.balance_of(setting.taker.address));
    assert_eq!((pears, apples), (Ok(PLENTY + 2_000), Ok(PLENTY + 1_000)));
}

#[contract_test]
fn rounding_is_for_the_maker(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let order = SignedOrder { sell_units: 3, buy_at_start: 10, buy_at_end: 10, ..setting.order(1) };
    // Ten for three: one costs four, and so do the next and the last.
    for left in [2, 1, 0] {
        assert_eq!(setting.fill(chain, order, buy(1)), Ok(Quote { spent: 4, bought: 1 }), "{left} left");
    }
}

#[contract_test]
fn the_price_falls_evenly_between_its_times(chain: &mut Chain) {
    // The figures of a linear decay as public suites of Dutch orders have them: start, middle, three quarters, end, beyond.
    let setting = Setting::new(chain);
    let now = chain.time_ms();
    let order = SignedOrder {
        buy_at_start: 2_000,
        buy_at_end: 1_000,
        start_ms: now + 100_000,
        end_ms: now + 200_000,
        ..setting.order(1)
    };
    let taker = setting.taker.address;
    let at = |chain: &mut Chain, after_ms: u64| {
        chain.advance_ms(now + after_ms - chain.time_ms());
        chain.query(setting.orders.quote(order, taker, buy(1_000))).expect("quoted").spent
    };
    let times = [0, 99_999, 100_000, 100_099, 100_100, 150_000, 175_000, 199_999, 200_000, 900_000];
    let prices = times.map(|after_ms| at(chain, after_ms));
    assert_eq!(prices, [2_000, 2_000, 2_000, 2_000, 1_999, 1_500, 1_250, 1_001, 1_000, 1_000]);
    let rising = SignedOrder { buy_at_end: 2_001, ..order };
    assert_eq!(error(chain.query(setting.orders.quote(rising, taker, buy(1)))), OrderError::BadOrder);
}

#[contract_test]
fn whoever_it_is_meant_for_comes_first(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let until_ms = chain.time_ms() + 50_000;
    let meant = SignedOrder { taker: Some(setting.other.address), exclusive_until_ms: until_ms, ..setting.order(1) };
    let signature = setting.sign(chain, meant);
    assert_eq!(error(setting.fill(chain, meant, buy(10))), OrderError::Exclusive { until_ms });
    let other = setting.other.clone();
    assert_eq!(setting.fill_as(chain, &other, meant, signature, buy(10)), Ok(Quote { spent: 20, bought: 10 }));
    // With an override others pay a tenth more, rounded up.
    let open = SignedOrder { override_ppm: Some(100_000), salt: 2, ..meant };
    assert_eq!(setting.fill(chain, open, buy(10)), Ok(Quote { spent: 22, bought: 10 }));
    chain.advance_ms(until_ms - chain.time_ms());
    assert_eq!(setting.fill(chain, meant, buy(10)), Ok(Quote { spent: 20, bought: 10 }));
}

#[contract_test]
fn orders_are_void_when_their_maker_says_so_or_their_time_is_over(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (maker, taker) = (setting.maker.clone(), setting.taker.clone());
    let (first, second) = (setting.order(1), SignedOrder { epoch: 4, ..setting.order(2) });
    assert!(chain.call(&taker, setting.orders.cancel(maker.address, 1)).is_err(), "somebody else's");
    setting.fill(chain, first, buy(10)).expect("filled");
    chain.call(&maker, setting.orders.cancel(maker.address, 1)).expect("cancelled");
    assert_eq!(error(setting.fill(chain, first, buy(10))), OrderError::Cancelled);
    let State { sold, cancelled, .. } = chain.query(setting.orders.state(maker.address, 1)).expect("answered");
    assert_eq!((sold, cancelled), (10, true));
    chain.call(&maker, setting.orders.raise_epoch(maker.address, 5)).expect("raised");
    chain.call(&maker, setting.orders.raise_epoch(maker.address, 3)).expect("not lowered");
    assert_eq!(chain.query(setting.orders.epoch(maker.address)), Ok(5));
    assert_eq!(error(setting.fill(chain, second, buy(10))), OrderError::Cancelled);
    let third = SignedOrder { epoch: 5, expires_ms: chain.time_ms() + 10_000, ..setting.order(3) };
    setting.fill(chain, third, buy(10)).expect("filled");
    chain.advance_ms(third.expires_ms - chain.time_ms());
    setting.fill(chain, third, buy(10)).expect("the last ms counts");
    chain.advance_ms(1);
    assert_eq!(error(setting.fill(chain, third, buy(10))), OrderError::Expired);
}

#[contract_test]
fn nobody_else_s_word_counts_and_no_salt_twice(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let order = setting.order(1);
    let taker = setting.taker.clone();
    let forged = signed(chain, &setting.orders, order, &taker);
    assert_eq!(error(setting.fill_as(chain, &taker, order, forged, buy(1))), OrderError::BadSignature);
    let signature = setting.sign(chain, order);
    let changed = SignedOrder { buy_at_start: 1, buy_at_end: 1, ..order };
    assert_eq!(error(setting.fill_as(chain, &taker, changed, signature, buy(1))), OrderError::BadSignature);
    // The same order at another contract is another order.
    let subject = Subject::new("signed-orders", native_signedorders());
    let elsewhere = chain.deploy(&taker, &subject, SignedOrdersRef::new()).expect("deployed");
    let elsewhere = SignedOrdersRef::at(elsewhere);
    let replayed = chain.call(&taker, elsewhere.fill(order, signature, buy(1), taker.address));
    assert_eq!(error(replayed), OrderError::BadSignature);
    setting.fill(chain, order, buy(1)).expect("filled");
    let again = SignedOrder { sell_units: 2_000, ..order };
    assert_eq!(error(setting.fill(chain, again, buy(1))), OrderError::SaltReused);
    let whole = SignedOrder { partial: false, ..setting.order(2) };
    assert_eq!(error(setting.fill(chain, whole, buy(999))), OrderError::WholeOnly);
    assert_eq!(setting.fill(chain, whole, buy(1_000)), Ok(Quote { spent: 2_000, bought: 1_000 }));
    let cheap = Kind::ExactOut { buy: 10, max_spend: 19 };
    assert_eq!(error(setting.fill(chain, order, cheap)), OrderError::Limit { spent: 20, bought: 10 });
}

#[contract_test]
fn a_maker_who_has_nothing_or_allows_nothing_sells_nothing(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let maker = setting.maker.clone();
    chain.call(&maker, setting.apples.approve(maker.address, setting.orders.address, 5)).expect("allowed");
    let before = chain.query(setting.pears.balance_of(maker.address));
    let refused = error(setting.fill(chain, setting.order(1), buy(6)));
    assert!(matches!(refused, OrderError::Asset { error: AssetError::Refused { .. } }), "{refused:?}");
    assert_eq!(chain.query(setting.pears.balance_of(maker.address)), before, "nothing was paid");
    for wrong in [
        SignedOrder { sell_units: 0, ..setting.order(1) },
        SignedOrder { buy_at_start: 0, buy_at_end: 0, ..setting.order(1) },
        SignedOrder { start_ms: 5, end_ms: 4, ..setting.order(1) },
        SignedOrder { buy: setting.order(1).sell, ..setting.order(1) },
    ] {
        assert_eq!(error(setting.fill(chain, wrong, buy(1))), OrderError::BadOrder);
    }
}
