//! Random rounds with a solver that tries prices: every order is inside its limit, all at one price (T8), no order is filled beyond
//! its size (T7), nothing comes from nowhere (T2).

use crate::setting::Setting;
use batch_auction::{AuctionError, BatchOrder, Price};
use counterpart_testing::{Chain, Random, contract_test, from_environment};

/// What a seller of the base has to give so that buyers get what they pay for, and the other way round: fills both sides as far as
/// they go at a price, oldest first.
fn filling(orders: &[(u64, BatchOrder)], price: Price) -> Vec<(u64, u128)> {
    let accepts = |order: &&(u64, BatchOrder)| match order.1.sells_base {
        true => price.quote * order.1.units >= order.1.min_buy * price.base,
        false => price.base * order.1.units >= order.1.min_buy * price.quote,
    };
    let side = |sells_base| orders.iter().filter(move |order| order.1.sells_base == sells_base).filter(accepts);
    let total = |sells_base| side(sells_base).filter(|order| order.1.partial).map(|order| order.1.left).sum::<u128>();
    // Whole multiples of the price's units, so that nothing is left over but dust.
    let steps = (total(true) / price.base).min(total(false) / price.quote);
    let (mut base, mut quote) = (steps * price.base, steps * price.quote);
    let mut fills = Vec::new();
    for (number, order) in orders.iter().filter(accepts).filter(|order| order.1.partial) {
        let left = if order.sells_base { &mut base } else { &mut quote };
        let units = order.left.min(*left);
        *left -= units;
        if units > 0 {
            fills.push((*number, units));
        }
    }
    fills
}

#[contract_test]
fn every_round_is_fair(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let mut random = Random::from_environment();
    let mut filled = 0;
    for round in 0..from_environment("COUNTERPART_STEPS").unwrap_or(12) {
        for _ in 0..random.below(8) + 1 {
            let (who, sells_base) = (random.below(4) as usize, random.one_in(2));
            let units = u128::from(random.below(5_000) + 1);
            // About two for one, mostly with room below it.
            let fair = if sells_base { units * 2 } else { units / 2 };
            let min_buy = (fair * u128::from(60 + random.below(45)) / 100).max(1);
            let _ = setting.submit(chain, who, sells_base, units, min_buy, !random.one_in(5));
        }
        setting.close(chain);
        let orders = chain.query(setting.auction.orders()).expect("answered");
        let mut best = None;
        for _ in 0..6 {
            let price = Price { quote: u128::from(170 + random.below(60)), base: 100 };
            let fills = filling(&orders, price);
            match setting.solve(chain, (price.quote, price.base), &fills) {
                Ok(surplus) => {
                    assert!(best.is_none_or(|(other, _)| surplus > other));
                    best = Some((surplus, price));
                }
                Err(AuctionError::NotBetter { surplus, best: known }) => {
                    assert!(best.is_some_and(|(other, _)| other == known && surplus <= known));
                }
                Err(AuctionError::BadSolution) => assert!(fills.is_empty()),
                // Rounding down may take the last unit of a limit.
                Err(AuctionError::BelowLimit { .. }) => {}
                Err(error) => panic!("round {round}: {error:?}"),
            }
            setting.balances(chain);
        }
        let leading = chain.query(setting.auction.leading()).expect("answered");
        assert_eq!(leading.as_ref().map(|leading| (leading.surplus, leading.solution.price)), best);
        let claims = |chain: &Chain| {
            let of = |person: &counterpart_testing::Account| {
                chain.query(setting.auction.claim_of(person.address)).expect("answered")
            };
            setting.people.iter().map(of).collect::<Vec<_>>()
        };
        let before = claims(chain);
        setting.settle(chain);
        setting.balances(chain);
        let after = claims(chain);
        let Some(leading) = leading else { continue };
        let price = leading.solution.price;
        let mut owed = before.clone();
        for fill in &leading.solution.fills {
            let (_, order) = orders.iter().find(|(number, _)| *number == fill.order).expect("it waited");
            assert!(fill.units <= order.left);
            let bought = match order.sells_base {
                true => fill.units * price.quote / price.base,
                false => fill.units * price.base / price.quote,
            };
            assert!(bought * order.units >= order.min_buy * fill.units, "inside its limit");
            let owner = setting.people.iter().position(|person| person.address == order.owner).expect("known");
            *if order.sells_base { &mut owed[owner].quote } else { &mut owed[owner].base } += bought;
            filled += 1;
        }
        assert_eq!(after, owed, "everybody at one price");
    }
    assert!(filled > 10, "the run traded: {filled}");
}
