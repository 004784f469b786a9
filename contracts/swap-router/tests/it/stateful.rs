//! Random collections: the router keeps nothing (T1), nothing comes from nowhere (T2), bounds hold (T3), quotes are what is done
//! (T11); [`Market::swap`] looks at all but the bounds.

use crate::market::{Market, apples, pears, trade};
use counterpart_testing::{Chain, Failure, Random, contract_test, from_environment};
use swap_router::{Collection, Route, RouterError, Trade};
use trading::Kind;

#[contract_test]
fn whatever_is_traded_the_router_keeps_nothing(chain: &mut Chain) {
    let market = Market::new(chain);
    let partner = market.partner.clone();
    chain.call(&partner, market.router.register_partner(partner.address, 2_500)).expect("registered");
    let mut random = Random::from_environment();
    let mut done = 0;
    for step in 0..from_environment("COUNTERPART_STEPS").unwrap_or(60) {
        let (sell, buy) =
            if random.one_in(2) { (apples(&market), pears(&market)) } else { (pears(&market), apples(&market)) };
        let units = |random: &mut Random| u128::from(random.below(2_000) + 1);
        let signed = market.signed(chain, (buy, 10_000), (sell, units(&mut random) * 5 + 3_000), step);
        let hops = [market.by_pool(buy), market.by_book(buy), market.by_order(buy, &signed)];
        let mut routes: Vec<Route> = Vec::new();
        for hop in hops {
            if random.one_in(2) {
                routes.push(Route { units: units(&mut random), optional: random.one_in(2), hops: vec![hop] });
            }
        }
        let shares: u128 = routes.iter().map(|route| route.units).sum();
        let bound = units(&mut random) * 3;
        let kind = match random.one_in(2) {
            true => Kind::ExactIn { spend: shares + bound / 10, min_buy: bound },
            false => Kind::ExactOut { buy: shares, max_spend: bound + 2_000 },
        };
        let trade = Trade { partial: random.one_in(2), ..trade(sell, buy, kind, routes) };
        let partner = random.one_in(2).then_some(partner.address);
        let collection = Collection { partner, max_fee_ppm: 5_000, ..market.collection(vec![trade]) };
        let before = market.held(chain, &market.alice);
        match market.swap(chain, collection) {
            Ok(outcomes) => {
                let after = market.held(chain, &market.alice);
                let (sold, got) = if sell == apples(&market) { (0, 1) } else { (1, 0) };
                let (spent, bought) = (before[sold] - after[sold], after[got] - before[got]);
                match kind {
                    Kind::ExactIn { spend, min_buy } => assert!(spent <= spend && bought * spend >= min_buy * spent),
                    Kind::ExactOut { buy, max_spend } => assert!(bought >= buy && spent <= max_spend),
                }
                assert_eq!((outcomes[0].quote.spent, outcomes[0].quote.bought), (spent, bought));
                done += 1;
            }
            Err(Failure::Error(RouterError::HandlerLied { .. })) => {
                panic!("step {step}: the suite's handlers do not lie")
            }
            Err(Failure::Error(_)) => {}
            Err(failure) => panic!("step {step}: {failure:?}"),
        }
    }
    assert!(done > 10, "the run traded: {done}");
}
