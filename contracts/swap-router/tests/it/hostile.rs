//! Handlers that drain, lie, fail and come back: native code in the place of another contract.

use crate::market::{DELAY_MS, Market, apples, deploy, error, pears, route, trade};
use counterpart_sdk::codec::Encode;
use counterpart_testing::{Chain, Mode};
use swap_router::{Hop, RouterError, Trade};
use trading::{HandlerError, Kind};
use villain::{Crime, VillainRef, native_villain};

mod villain {
    use counterpart_sdk::prelude::*;
    use trading::{Asset, HandlerError, Order, Quote};

    #[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
    pub enum Crime {
        /// Says that it traded.
        Lie,
        /// Takes what it may, and brings nothing.
        Keep,
        /// Takes twice what it may.
        TakeTwice,
        /// Takes of the router's other asset.
        TakeOther,
        /// Takes of the account, by the proxy.
        Pull,
        /// Calls the router from within.
        ComeBack,
        /// Fails.
        Fail,
        /// Burns all gas.
        Spin,
        /// Brings less than it said it would.
        BringLess,
    }

    #[storage]
    pub struct Villain {
        victim: Item<Address>,
        proxy: Item<Address>,
    }

    #[contract(events())]
    impl Villain {
        /// Knows whom to rob.
        pub fn new(victim: Address, proxy: Address) -> Self {
            let mut this = Self::default();
            this.victim.set(&victim);
            this.proxy.set(&proxy);
            this
        }

        /// One for one.
        pub fn quote(&self, order: Order) -> Result<Quote, HandlerError> {
            Ok(Quote { spent: order.kind.budget(), bought: order.kind.budget() })
        }

        /// Anything but that.
        pub fn swap(&mut self, order: Order, receiver: Address) -> Result<Quote, HandlerError> {
            let budget = order.kind.budget();
            let said = Quote { spent: budget, bought: budget };
            let (here, router) = (env::self_address(), env::caller());
            let take =
                |asset: Asset| asset.transfer(router, here, budget).map_err(|error| HandlerError::Asset { error });
            let crime = Crime::decode(&mut order.data.as_slice()).unwrap_or(Crime::Fail);
            match crime {
                Crime::Lie => {}
                Crime::Keep => take(order.sell)?,
                Crime::TakeTwice => {
                    take(order.sell)?;
                    take(order.sell)?;
                }
                Crime::TakeOther => take(order.buy)?,
                Crime::Pull => {
                    let proxy = transfer_proxy::TransferProxyRef::at(self.proxy.get_or_default());
                    let victim = self.victim.get_or_default();
                    let pulled = proxy.pull(order.sell, victim, here, budget).try_call();
                    if !matches!(pulled, Ok(Ok(()))) {
                        return Err(HandlerError::Exchange { code: Some(77) });
                    }
                }
                Crime::ComeBack => {
                    let router = swap_router::SwapRouterRef::at(router);
                    if router.set_paused(true).try_call().is_err() {
                        return Err(HandlerError::Exchange { code: Some(78) });
                    }
                }
                Crime::Fail => env::revert(5, &[]),
                Crime::Spin => loop {
                    env::sha3_256(&[0; 1_024]);
                },
                Crime::BringLess => {
                    take(order.sell)?;
                    let brought = order.buy.transfer(here, receiver, budget - 1);
                    brought.map_err(|error| HandlerError::Asset { error })?;
                }
            }
            Ok(said)
        }
    }
}

/// A trade through the villain, optional or not.
fn commit(chain: &mut Chain, market: &Market, handler: counterpart_sdk::Address, crime: Crime) -> RouterError {
    let (one, other) = (apples(market), pears(market));
    let hop = Hop { handler, buy: other, data: crime.encode() };
    let kind = Kind::ExactIn { spend: 1_000, min_buy: 1 };
    let collection = market.collection(vec![trade(one, other, kind, vec![route(1_000, vec![hop])])]);
    let before = market.held(chain, &market.alice);
    let refused = chain.call(&market.alice, market.router.swap_collection(collection));
    assert_eq!(market.held(chain, &market.alice), before, "{crime:?}: nothing was taken");
    market.empty(chain);
    error(refused)
}

fn with_villain(chain: &mut Chain) -> (Market, counterpart_sdk::Address) {
    let market = Market::new(chain);
    let owner = market.owner.clone();
    let constructor = VillainRef::new(market.alice.address, market.proxy.address);
    let villain = deploy(chain, &owner, "empty", native_villain(), constructor);
    chain.call(&owner, market.router.set_handler(villain, true)).expect("admitted by mistake");
    chain.advance_ms(DELAY_MS);
    // It has some pears, and a few of everything lies at the router by mistake.
    let maker = market.maker.clone();
    chain.call(&maker, market.fruit[1].transfer(maker.address, villain, 5_000)).expect("given");
    (market, villain)
}

#[test]
fn a_hostile_handler_gets_nothing() {
    let chain = &mut Chain::new(Mode::Native);
    let (market, villain) = with_villain(chain);
    let lied = |error: &RouterError| matches!(error, RouterError::HandlerLied { handler, .. } if *handler == villain);
    for crime in [Crime::Lie, Crime::Keep, Crime::BringLess] {
        let refused = commit(chain, &market, villain, crime);
        assert!(lied(&refused), "{crime:?}: {refused:?}");
    }
    for (crime, code) in [(Crime::Pull, Some(77)), (Crime::ComeBack, Some(78)), (Crime::Fail, Some(5))] {
        let refused = commit(chain, &market, villain, crime);
        let failed = RouterError::Route { trade: 0, route: 0, error: HandlerError::Exchange { code } };
        assert_eq!(refused, failed, "{crime:?}");
    }
    for crime in [Crime::TakeTwice, Crime::TakeOther] {
        let refused = commit(chain, &market, villain, crime);
        let RouterError::Route { error: HandlerError::Asset { .. }, .. } = refused else {
            panic!("{crime:?}: {refused:?}")
        };
    }
}

#[test]
fn an_optional_route_through_a_hostile_handler_costs_nothing_but_gas() {
    let chain = &mut Chain::new(Mode::Native);
    let (market, villain) = with_villain(chain);
    let (one, other) = (apples(&market), pears(&market));
    for crime in [Crime::Fail, Crime::Pull, Crime::ComeBack, Crime::TakeTwice] {
        let mut bad = route(500, vec![Hop { handler: villain, buy: other, data: crime.encode() }]);
        bad.optional = true;
        let routes = vec![route(500, vec![market.by_pool(other)]), bad];
        let kind = Kind::ExactIn { spend: 1_000, min_buy: 1 };
        let trade = Trade { partial: true, ..trade(one, other, kind, routes) };
        let before = market.held(chain, &market.alice);
        let done = chain.call(&market.alice, market.router.swap_collection(market.collection(vec![trade])));
        let done = done.unwrap_or_else(|failure| panic!("{crime:?}: {failure:?}"))[0];
        let after = market.held(chain, &market.alice);
        assert_eq!((done.quote.spent, done.failed, before[0] - after[0]), (500, 0b10, 500), "{crime:?}");
        market.empty(chain);
    }
    let spun = {
        let hop = Hop { handler: villain, buy: other, data: Crime::Spin.encode() };
        let kind = Kind::ExactIn { spend: 1_000, min_buy: 1 };
        let collection = market.collection(vec![trade(one, other, kind, vec![route(1_000, vec![hop])])]);
        chain.call(&market.alice, market.router.swap_collection(collection))
    };
    assert!(spun.is_err());
    market.empty(chain);
}
