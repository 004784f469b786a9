//! Trades over one and many exchanges.

use crate::market::{DELAY_MS, Market, apples, error, pears, route, trade};
use counterpart_sdk::Address;
use counterpart_testing::{Chain, contract_test};
use swap_router::{Collection, RouterError, Trade};
use trading::{Asset, HandlerError, Kind, Quote};

fn give(spend: u128, min_buy: u128) -> Kind {
    Kind::ExactIn { spend, min_buy }
}

#[contract_test]
fn one_trade_is_split_over_three_exchanges(chain: &mut Chain) {
    let market = Market::new(chain);
    let (one, other) = (apples(&market), pears(&market));
    let signed = market.signed(chain, (other, 100_000), (one, 50_000), 1);
    let before = market.held(chain, &market.alice);
    let routes = vec![
        route(3_700, vec![market.by_pool(other)]),
        route(4_500, vec![market.by_book(other)]),
        route(1_800, vec![market.by_order(other, &signed)]),
    ];
    let done = market.swap(chain, market.collection(vec![trade(one, other, give(10_000, 19_000), routes)]));
    // The pool: 3700 * 0.997 * 2000000 / 1003688.9; the book: 300 lots at 20 and 150 at 19, less a two-thousandth of each.
    let bought = 7_350 + (6_000 - 3) + (2_850 - 2) + 3_600;
    let quote = Quote { spent: 10_000, bought };
    assert_eq!(done.map(|outcomes| outcomes[0].quote), Ok(quote));
    let after = market.held(chain, &market.alice);
    assert_eq!((before[0] - after[0], after[1] - before[1]), (10_000, bought));
}

#[contract_test]
fn what_is_wanted_exactly_is_bought_for_no_more_than_needed(chain: &mut Chain) {
    let market = Market::new(chain);
    let (one, other) = (apples(&market), pears(&market));
    let wanted = Kind::ExactOut { buy: 3_000, max_spend: 7_000 };
    let routes = vec![route(1_000, vec![market.by_pool(one)]), route(2_000, vec![market.by_book(one)])];
    let done = market.swap(chain, market.collection(vec![trade(other, one, wanted, routes.clone())]));
    let Quote { spent, bought } = done.expect("traded")[0].quote;
    // 2000 * 1000 / (999000 * 0.997), rounded up with one: 2009; 200 lots at 21 and 2 of fees and 1.
    assert_eq!((spent, bought), (2_009 + 4_200 + 3, 3_000));
    let dear = Kind::ExactOut { buy: 3_000, max_spend: 6_000 };
    let refused = market.swap(chain, market.collection(vec![trade(other, one, dear, routes)]));
    assert!(matches!(error(refused), RouterError::Limit { trade: 0, quote: Quote { bought: 3_000, .. } }));
}

#[contract_test]
fn a_route_of_many_hops_leaves_nothing_behind(chain: &mut Chain) {
    let market = Market::new(chain);
    let (one, other, plums) = (apples(&market), pears(&market), Asset::Token(market.fruit[2].address));
    let signed = market.signed(chain, (plums, 10_000), (one, 5_000), 1);
    // Pears to apples in the book, whose lots are of ten; apples to plums by a signed order.
    let hops = vec![market.by_book(one), market.by_order(plums, &signed)];
    let before = market.held(chain, &market.alice);
    let kind = give(1_000, 900);
    let done = market.swap(
        chain,
        market.collection(vec![Trade { partial: true, ..trade(other, plums, kind, vec![route(1_000, hops)]) }]),
    );
    // 47 lots at 21 are 987 and 1; 470 apples are 940 plums.
    assert_eq!(done.expect("traded")[0].quote, Quote { spent: 988, bought: 940 });
    let after = market.held(chain, &market.alice);
    assert_eq!((before[1] - after[1], after[2] - before[2], after[0]), (988, 940, before[0]));
    // So many plums: the apples for them are counted backwards.
    let hops = vec![market.by_pool(one), market.by_order(plums, &signed)];
    let kind = Kind::ExactOut { buy: 1_000, max_spend: 2_000 };
    let done = market.swap(chain, market.collection(vec![trade(other, plums, kind, vec![route(1_000, hops)])]));
    assert_eq!(done.expect("traded")[0].quote.bought, 1_000);
}

#[contract_test]
fn an_optional_route_is_left_out_when_it_fails(chain: &mut Chain) {
    let market = Market::new(chain);
    let (one, other) = (apples(&market), pears(&market));
    let signed = market.signed(chain, (other, 1_000), (one, 500), 1);
    let maker = market.maker.clone();
    chain.call(&maker, market.orders.cancel(maker.address, 1)).expect("cancelled");
    let mut last = route(500, vec![market.by_order(other, &signed)]);
    let routes = |last| vec![route(500, vec![market.by_pool(other)]), last];
    let all =
        |routes, partial| market.collection(vec![Trade { partial, ..trade(one, other, give(1_000, 1_900), routes) }]);
    let failed = error(market.swap(chain, all(routes(last.clone()), true)));
    assert!(
        matches!(failed, RouterError::Route { trade: 0, route: 1, error: HandlerError::Exchange { .. } }),
        "{failed:?}"
    );
    last.optional = true;
    let whole = error(market.swap(chain, all(routes(last.clone()), false)));
    assert!(matches!(whole, RouterError::Limit { trade: 0, quote: Quote { spent: 500, .. } }), "{whole:?}");
    let done = market.swap(chain, all(routes(last), true)).expect("the rest at the same rate");
    assert_eq!((done[0].quote.spent, done[0].failed), (500, 0b10));
}

#[contract_test]
fn partners_get_what_the_account_allows(chain: &mut Chain) {
    let market = Market::new(chain);
    let (one, other) = (apples(&market), pears(&market));
    let (owner, partner) = (market.owner.clone(), market.partner.clone());
    let plain =
        market.collection(vec![trade(one, other, give(10_000, 1), vec![route(9_900, vec![market.by_pool(other)])])]);
    let with = Collection { partner: Some(partner.address), max_fee_ppm: 10_000, ..plain };
    assert_eq!(error(market.swap(chain, with.clone())), RouterError::Fee { ppm: 0 });
    let much = chain.call(&partner, market.router.register_partner(partner.address, 20_001));
    assert_eq!(error(much), RouterError::Fee { ppm: 20_001 });
    chain.call(&partner, market.router.register_partner(partner.address, 10_000)).expect("registered");
    let greedy = Collection { max_fee_ppm: 9_999, ..with.clone() };
    assert_eq!(error(market.swap(chain, greedy)), RouterError::Fee { ppm: 10_000 });
    let done = market.swap(chain, with.clone()).expect("traded")[0];
    let whole = done.quote.bought + done.fee;
    assert_eq!((done.fee, done.fee_of_sold), (whole / 100, false));
    assert_eq!(market.held(chain, &partner), [0, done.fee, 0]);
    // A base asset that is sold pays for it: 99 of 9900, so that 9999 are spent in all.
    chain.call(&owner, market.router.set_base_asset(one.contract(), true)).expect("the admin");
    let done = market.swap(chain, with.clone()).expect("traded")[0];
    assert_eq!((done.fee, done.fee_of_sold, done.quote.spent), (99, true, 9_999));
    assert_eq!(market.held(chain, &partner)[0], 99);
    let mut full = with;
    full.trades[0].routes[0].units = 10_000;
    assert!(matches!(error(market.swap(chain, full)), RouterError::Limit { quote: Quote { spent: 10_100, .. }, .. }));
}

#[contract_test]
fn a_split_that_leaves_a_better_price_unused_is_refused(chain: &mut Chain) {
    let market = Market::new(chain);
    let (one, other) = (apples(&market), pears(&market));
    let split = |by_pool, by_book| {
        let routes = vec![route(by_pool, vec![market.by_pool(other)]), route(by_book, vec![market.by_book(other)])];
        let kind = give(100_000, 1);
        market.collection(vec![Trade { even_ppm: Some(20_000), ..trade(one, other, kind, routes) }])
    };
    // All but a little into the pool: a tenth worse there than in the book.
    let uneven = error(market.swap(chain, split(97_000, 3_000)));
    assert!(matches!(uneven, RouterError::Uneven { trade: 0, best, worst } if best > worst), "{uneven:?}");
    // The pool pays 1.9 at its end where the book does: 2000000000000 / 1.9 is the square of 1025978 apples.
    market.swap(chain, split(25_000, 5_000)).expect("even");
}

#[contract_test]
fn collections_that_make_no_sense_are_refused(chain: &mut Chain) {
    let market = Market::new(chain);
    let (one, other) = (apples(&market), pears(&market));
    let good = trade(one, other, give(1_000, 1), vec![route(1_000, vec![market.by_pool(other)])]);
    let swap = |chain: &mut Chain, trades: Vec<Trade>| error(market.swap(chain, market.collection(trades)));
    assert_eq!(swap(chain, vec![]), RouterError::BadCollection);
    assert_eq!(swap(chain, vec![good.clone(); 9]), RouterError::BadCollection);
    assert_eq!(swap(chain, vec![Trade { routes: vec![], ..good.clone() }]), RouterError::BadCollection);
    assert_eq!(swap(chain, vec![Trade { buy: one, ..good.clone() }]), RouterError::BadCollection);
    assert_eq!(swap(chain, vec![Trade { kind: give(999, 1), ..good.clone() }]), RouterError::BadCollection);
    let short = Kind::ExactOut { buy: 1_001, max_spend: 9_000 };
    assert_eq!(swap(chain, vec![Trade { kind: short, ..good.clone() }]), RouterError::BadCollection);
    let nowhere = route(1_000, vec![market.by_pool(one)]);
    assert_eq!(swap(chain, vec![Trade { routes: vec![nowhere], ..good.clone() }]), RouterError::BadCollection);
    let mut far = route(1_000, vec![market.by_pool(other), market.by_book(other)]);
    far.optional = true;
    assert_eq!(swap(chain, vec![Trade { routes: vec![far], ..good.clone() }]), RouterError::BadCollection);
    let twice =
        Trade { kind: give(2_000, 1), routes: vec![good.routes[0].clone(), good.routes[0].clone()], ..good.clone() };
    assert_eq!(swap(chain, vec![twice]), RouterError::SameMarket { handler: market.handlers[0] });
    let mut unknown = good.clone();
    unknown.routes[0].hops[0].handler = Address([5; 32]);
    assert_eq!(swap(chain, vec![unknown]), RouterError::UnknownHandler { handler: Address([5; 32]) });
    let mut nothing = good.clone();
    nothing.routes[0].hops[0].data.pop();
    let no_market = RouterError::Route { trade: 0, route: 0, error: HandlerError::NoMarket };
    assert_eq!(swap(chain, vec![nothing]), no_market);
    let late = Collection { deadline_ms: chain.time_ms() - 1, ..market.collection(vec![good.clone()]) };
    assert_eq!(error(market.swap(chain, late)), RouterError::Late);
    let others = Collection { account: market.maker.address, ..market.collection(vec![good]) };
    assert!(chain.call(&market.alice, market.router.swap_collection(others)).is_err(), "somebody else's units");
}

#[contract_test]
fn handlers_wait_and_go_at_once(chain: &mut Chain) {
    let market = Market::new(chain);
    let (owner, handler) = (market.owner.clone(), market.handlers[0]);
    let (one, other) = (apples(&market), pears(&market));
    let good =
        market.collection(vec![trade(one, other, give(1_000, 1), vec![route(1_000, vec![market.by_pool(other)])])]);
    chain.call(&owner, market.router.set_handler(handler, false)).expect("the admin");
    assert_eq!(error(market.swap(chain, good.clone())), RouterError::UnknownHandler { handler });
    let from_ms = chain.time_ms() + DELAY_MS;
    chain.call(&owner, market.router.set_handler(handler, true)).expect("the admin");
    assert_eq!(error(market.swap(chain, good.clone())), RouterError::NotYet { from_ms });
    chain.advance_ms(from_ms - chain.time_ms());
    market.swap(chain, good.clone()).expect("the delay is over");
    chain.call(&owner, market.router.set_paused(true)).expect("the admin");
    assert_eq!(error(market.swap(chain, good)), RouterError::Paused);
    for refused in [
        error(chain.call(&market.alice, market.router.set_handler(handler, true))),
        error(chain.call(&market.alice, market.router.set_paused(false))),
        error(chain.call(&market.alice, market.router.set_base_asset(handler, true))),
        error(chain.call(&market.alice, market.router.sweep(one, handler))),
    ] {
        assert!(matches!(refused, RouterError::Role { .. }));
    }
    // Who sends units here by mistake is helped.
    chain.call(&market.alice, market.fruit[0].transfer(market.alice.address, market.router.address, 5)).expect("sent");
    assert_eq!(chain.call(&owner, market.router.sweep(one, market.alice.address)), Ok(5));
}

#[contract_test]
fn who_administers_admits_and_registers_can_be_asked(chain: &mut Chain) {
    let market = Market::new(chain);
    let (router, owner, alice, partner) = (market.router, &market.owner, &market.alice, &market.partner);
    assert_eq!(chain.query(router.admin()), Ok(owner.address));
    chain.call(owner, router.propose_admin(Some(alice.address))).expect("proposed");
    assert!(matches!(error(chain.call(alice, router.accept_admin())), RouterError::Role { .. }));
    chain.advance_ms(DELAY_MS);
    chain.call(alice, router.accept_admin()).expect("after the delay");
    assert_eq!(chain.query(router.admin()), Ok(alice.address));
    chain.call(alice, router.set_handler(market.handlers[0], false)).expect("the new admin");
    assert_eq!(chain.query(router.handler_from(market.handlers[0])), Ok(None));
    chain.call(alice, router.set_handler(market.handlers[0], true)).expect("the new admin");
    let from_ms = chain.query(router.handler_from(market.handlers[0])).expect("answered").expect("admitted");
    assert!((DELAY_MS - 10_000..=DELAY_MS).contains(&(from_ms - chain.time_ms())), "{from_ms}");
    assert_eq!(chain.query(router.partner_fee(partner.address)), Ok(None));
    let most = swap_router::MAX_FEE_PPM;
    let refused = chain.call(partner, router.register_partner(partner.address, most + 1));
    assert_eq!(error(refused), RouterError::Fee { ppm: most + 1 });
    chain.call(partner, router.register_partner(partner.address, most)).expect("as much as may be");
    assert_eq!(chain.query(router.partner_fee(partner.address)), Ok(Some(most)));
}
