//! Securities whose rules forbid, currencies that decay, tokens that deliver less, and a router that is replaced.

#[allow(dead_code, reason = "the currency's tests use the rest")]
#[path = "../../../currency/tests/it/town/mod.rs"]
mod town;

use crate::market::{DELAY_MS, Market, apples, deploy, error, pears, route, trade};
use counterpart_testing::{Chain, Failure, Mode, contract_test};
use currency::{Class, Registration};
use liquidity_pool::{LiquidityPoolRef, PoolError, Terms, native_liquiditypool};
use security_token::{Reason, SecurityTokenRef, native_securitytoken};
use swap_router::{Hop, RouterError, SwapRouterRef};
use town::{EPOCH_MS, Town};
use trading::{Asset, AssetError, HandlerError, Kind, Quote};
use transfer_proxy::ProxyError;

/// A token that keeps a tenth of what it moves: native code in the place of another contract.
mod greedy {
    use counterpart_sdk::prelude::*;

    #[storage]
    pub struct Greedy {
        balances: Map<Address, u128>,
    }

    #[contract(events())]
    impl Greedy {
        /// Everything is the maker's.
        pub fn new(holder: Address, units: u128) -> Self {
            let mut this = Self::default();
            this.balances.set(&holder, &units);
            this
        }

        /// Units of a holder.
        pub fn balance_of(&self, holder: Address) -> u128 {
            self.balances.get_or_default(&holder)
        }

        /// Moves nine tenths.
        pub fn transfer(&mut self, from: Address, to: Address, units: u128) {
            let have = self.balance_of(from);
            self.balances.set(&from, &have.saturating_sub(units));
            let held = self.balance_of(to);
            self.balances.set(&to, &(held + units - units / 10));
        }
    }
}

#[contract_test]
fn a_currency_that_decays_is_settled_before_it_is_counted(chain: &mut Chain) {
    let market = Market::new(chain);
    let town = Town::new(chain);
    let money = Asset::Currency(town.currency.address);
    town.grant(chain, 1, &town.alice, 5_000);
    town.pay(chain, &town.alice, &town.shop, 3_000).expect("paid");
    let terms = Terms { one: money, other: apples(&market), fee_ppm: 0 };
    let pool = deploy(chain, &market.owner, "liquidity-pool", native_liquiditypool(), LiquidityPoolRef::new(terms));
    let pool = LiquidityPoolRef::at(pool);
    let registered = [pool.address, market.router.address, market.handlers[0]].map(|account| Registration {
        account,
        class: Class::NonGrant,
        group: 0,
    });
    chain.call(&town.mayor, town.currency.register_accounts(registered.to_vec())).expect("registered");
    // Apples for the shop, which fills the pool.
    let shop = town.shop.clone();
    chain.call(&market.maker, market.fruit[0].transfer(market.maker.address, shop.address, 2_000)).expect("given");
    let add = pool.add(shop.address, 2_000, 2_000, 1, u64::MAX);
    chain.call_with(&shop, &[&shop], add).expect("filled");
    let until = u64::MAX;
    chain
        .call(&town.alice, town.currency.approve(town.alice.address, market.proxy.address, 0, 1_000_000, until))
        .expect("allowed");
    // An epoch takes a tenth of what alice has left, and nothing has been written of it yet.
    chain.advance_ms(EPOCH_MS);
    let have = chain.query(town.currency.balance_of(town.alice.address)).expect("answered");
    assert!((1_790..=1_800).contains(&have), "a tenth less: {have}");
    let collection = |spend| {
        let hop = Hop { handler: market.handlers[0], buy: apples(&market), data: pool.address.0.to_vec() };
        let kind = Kind::ExactIn { spend, min_buy: 1 };
        let mut all = market.collection(vec![trade(money, apples(&market), kind, vec![route(spend, vec![hop])])]);
        (all.account, all.receiver) = (town.alice.address, town.alice.address);
        all
    };
    let much = chain.call(&town.alice, market.router.swap_collection(collection(have + 1)));
    assert!(matches!(error(much), RouterError::Asset { error: AssetError::Refused { .. } }));
    let quote = chain.query(market.router.quote(collection(have))).expect("quoted");
    let done = chain.call(&town.alice, market.router.swap_collection(collection(have))).expect("traded");
    assert_eq!((done.clone(), done[0].quote), (quote, Quote { spent: have, bought: have * 2_000 / (2_000 + have) }));
    let left = [town.alice.address, market.router.address, market.handlers[0]]
        .map(|account| chain.query(town.currency.balance_of(account)).expect("answered"));
    assert_eq!(left, [0; 3]);
}

#[contract_test]
fn the_rules_of_a_security_are_asked_before_any_exchange(chain: &mut Chain) {
    let market = Market::new(chain);
    let (owner, maker, alice) = (market.owner.clone(), market.maker.clone(), market.alice.clone());
    let security = SecurityTokenRef::new("Harbour Fund".into(), "HRB".into(), 0);
    let security = SecurityTokenRef::at(deploy(chain, &owner, "security-token", native_securitytoken(), security));
    chain.call(&owner, security.issue(maker.address, 100_000)).expect("issued");
    let units = Asset::Security(security.address);
    let terms = Terms { one: apples(&market), other: units, fee_ppm: 3_000 };
    let pool = deploy(chain, &owner, "liquidity-pool", native_liquiditypool(), LiquidityPoolRef::new(terms));
    let add = LiquidityPoolRef::at(pool).add(maker.address, 100_000, 100_000, 1, u64::MAX);
    chain.call_with(&maker, &[&maker], add).expect("filled");
    let hop = Hop { handler: market.handlers[0], buy: units, data: pool.0.to_vec() };
    let kind = Kind::ExactIn { spend: 1_000, min_buy: 1 };
    let collection = market.collection(vec![trade(apples(&market), units, kind, vec![route(1_000, vec![hop])])]);
    chain.call(&owner, security.set_frozen(alice.address, true)).expect("frozen");
    let forbidden = RouterError::Asset { error: AssetError::Forbidden { reasons: vec![Reason::ReceiverFrozen] } };
    assert_eq!(error(chain.query(market.router.quote(collection.clone()))), forbidden);
    assert_eq!(error(chain.call(&alice, market.router.swap_collection(collection.clone()))), forbidden);
    chain.call(&owner, security.set_frozen(alice.address, false)).expect("free again");
    let done = chain.call(&alice, market.router.swap_collection(collection)).expect("traded");
    assert_eq!(chain.query(security.balance_of(alice.address)), Ok(done[0].quote.bought));
}

#[test]
fn a_token_that_delivers_less_than_it_was_told_is_refused() {
    let chain = &mut Chain::new(Mode::Native);
    let market = Market::new(chain);
    let maker = market.maker.clone();
    let constructor = greedy::GreedyRef::new(maker.address, 1_000_000);
    let greedy = deploy(chain, &market.owner, "empty", greedy::native_greedy(), constructor);
    let terms = Terms { one: Asset::Token(greedy), other: pears(&market), fee_ppm: 3_000 };
    let pool = deploy(chain, &market.owner, "liquidity-pool", native_liquiditypool(), LiquidityPoolRef::new(terms));
    let add = LiquidityPoolRef::at(pool).add(maker.address, 10_000, 10_000, 1, u64::MAX);
    let refused = chain.call(&maker, add);
    let short = AssetError::WrongDelivery { want: 10_000, have: 9_000 };
    assert_eq!(refused, Err(Failure::Error(PoolError::Asset { error: short })));
    let hop = Hop { handler: market.handlers[0], buy: pears(&market), data: pool.0.to_vec() };
    let kind = Kind::ExactIn { spend: 1_000, min_buy: 1 };
    let collection =
        market.collection(vec![trade(Asset::Token(greedy), pears(&market), kind, vec![route(1_000, vec![hop])])]);
    let refused = error(chain.call(&market.alice, market.router.swap_collection(collection)));
    assert!(matches!(refused, RouterError::Route { error: HandlerError::Exchange { .. }, .. }), "{refused:?}");
}

#[contract_test]
fn another_router_takes_over_after_the_delay_and_allowances_stay(chain: &mut Chain) {
    let market = Market::new(chain);
    let (owner, alice) = (market.owner.clone(), market.alice.clone());
    let router = SwapRouterRef::new(market.proxy.address, 0);
    let subject = counterpart_testing::Subject::new("swap-router", swap_router::native_swaprouter());
    let next = SwapRouterRef::at(chain.deploy(&alice, &subject, router).expect("deployed"));
    let refused = |result: Result<_, Failure<ProxyError>>| match result {
        Err(Failure::Error(error)) => error,
        other => panic!("{:?}", other.map(|_: counterpart_sdk::Address| ())),
    };
    let own = chain.call(&alice, market.proxy.propose_router(Some(next.address)));
    assert!(matches!(own, Err(Failure::Error(ProxyError::Role { .. }))));
    assert_eq!(refused(chain.call(&alice, market.proxy.change_router())), ProxyError::NotProposed);
    let pull = market.proxy.pull(apples(&market), alice.address, owner.address, 5);
    assert_eq!(chain.call(&owner, pull), Err(Failure::Error(ProxyError::NotRouter)));
    let from_ms = chain.time_ms() + DELAY_MS;
    chain.call(&owner, market.proxy.propose_router(Some(next.address))).expect("the admin");
    assert_eq!(refused(chain.call(&alice, market.proxy.change_router())), ProxyError::TooEarly { from_ms });
    chain.advance_ms(from_ms - chain.time_ms());
    assert_eq!(chain.call(&alice, market.proxy.change_router()), Ok(next.address));
    chain.call(&alice, next.set_handler(market.handlers[0], true)).expect("its admin");
    let kind = Kind::ExactIn { spend: 1_000, min_buy: 1 };
    let routes = vec![route(1_000, vec![market.by_pool(pears(&market))])];
    let collection = market.collection(vec![trade(apples(&market), pears(&market), kind, routes)]);
    let old = error(chain.call(&alice, market.router.swap_collection(collection.clone())));
    assert!(matches!(old, RouterError::Proxy { .. }), "{old:?}");
    chain.call(&alice, next.swap_collection(collection)).expect("with the allowance that was there");
}
