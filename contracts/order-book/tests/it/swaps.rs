//! Exchanges at once, as handlers make them: what is quoted is what is done.

use crate::setting::{LOT, Setting, TICK, error, limit, market, token};
use counterpart_sdk::Address;
use counterpart_testing::{Account, Chain, Subject, contract_test};
use order_book::{BookError, OrderBookRef, Side, native_orderbook};
use security_token::{SecurityTokenRef, native_securitytoken};
use trading::{Asset, AssetError, Kind, Quote};

const ALICE: usize = 0;
const BOB: usize = 1;

fn stocked(chain: &mut Chain) -> Setting {
    let setting = Setting::new(chain, 100);
    for (side, price) in [(Side::Sell, 101), (Side::Sell, 103), (Side::Buy, 99), (Side::Buy, 97)] {
        setting.place(chain, ALICE, limit(side, price, 10)).expect("rests");
    }
    setting
}

/// Swaps and checks that it came to what was quoted.
fn swapped(chain: &mut Chain, setting: &Setting, who: &Account, sell: Asset, kind: Kind) -> Quote {
    let quote = chain.query(setting.book.quote(who.address, sell, kind)).expect("quoted");
    let held = |chain: &Chain| {
        let of = |token: &token::TokenRef| chain.query(token.balance_of(who.address)).expect("answered");
        (of(&setting.grain), of(&setting.silver))
    };
    let before = held(chain);
    let signers: &[&Account] = if quote.spent > 0 { &[who] } else { &[] };
    let done = chain.call_with(who, signers, setting.book.swap(sell, kind, who.address)).expect("swapped");
    assert_eq!(done, quote, "a quote is what is done");
    let after = held(chain);
    let (sold, got) = if sell == setting.base() {
        (before.0 - after.0, after.1 - before.1)
    } else {
        (before.1 - after.1, after.0 - before.0)
    };
    assert_eq!((sold, got), (done.spent, done.bought));
    done
}

#[contract_test]
fn an_exact_amount_is_spent_or_bought(chain: &mut Chain) {
    let setting = stocked(chain);
    let bob = setting.people[BOB].clone();
    let sold = swapped(chain, &setting, &bob, setting.base(), Kind::ExactIn { spend: 5 * LOT + 7, min_buy: 1 });
    // What is no whole lot stays with its owner: 5 lots at 99 less a thousandth of 1485.
    assert_eq!(sold, Quote { spent: 5 * LOT, bought: 5 * 99 * TICK - 2 });
    let bought = swapped(chain, &setting, &bob, setting.quote(), Kind::ExactOut { buy: 12 * LOT, max_spend: 100_000 });
    assert_eq!(bought, Quote { spent: (10 * 101 + 2 * 103) * TICK + 4 + 1, bought: 12 * LOT });
    let spent = swapped(chain, &setting, &bob, setting.quote(), Kind::ExactIn { spend: 1_000, min_buy: 1 });
    assert_eq!(spent, Quote { spent: 3 * 103 * TICK + 1, bought: 3 * LOT });
    let enough = swapped(chain, &setting, &bob, setting.base(), Kind::ExactOut { buy: 600, max_spend: 100 * LOT });
    // Two lots at 99 bring 594 less 1: a third is needed.
    assert_eq!(enough, Quote { spent: 3 * LOT, bought: 3 * 99 * TICK - 1 });
}

#[contract_test]
fn bounds_hold_and_nothing_moves_beyond_them(chain: &mut Chain) {
    let setting = stocked(chain);
    let bob = setting.people[BOB].clone();
    let mut swap = |sell, kind| error(chain.call(&bob, setting.book.swap(sell, kind, bob.address)));
    let half = Kind::ExactOut { buy: 12 * LOT + 5, max_spend: 100_000 };
    assert_eq!(swap(setting.quote(), half), BookError::NotWholeLots { lot: LOT });
    let dear = Kind::ExactOut { buy: 12 * LOT, max_spend: 3_652 };
    assert!(matches!(swap(setting.quote(), dear), BookError::Limit { .. }));
    let much = Kind::ExactOut { buy: 21 * LOT, max_spend: 1_000_000 };
    assert!(matches!(swap(setting.quote(), much), BookError::Limit { bought: 200, .. }));
    let cheap = Kind::ExactIn { spend: 5 * LOT, min_buy: 1_484 };
    assert!(matches!(swap(setting.base(), cheap), BookError::Limit { spent: 50, bought: 1_483 }));
    let dust = Kind::ExactIn { spend: LOT - 1, min_buy: 0 };
    assert_eq!(swap(setting.base(), dust), BookError::Limit { spent: 0, bought: 0 });
    let other = Asset::Token(Address([9; 32]));
    assert_eq!(swap(other, dust), BookError::WrongAsset);
    assert_eq!(swap(Asset::Currency(setting.grain.address), dust), BookError::WrongAsset);
    // Whoever sends is asked for its units: without its consent there is no trade.
    let fair = Kind::ExactIn { spend: 5 * LOT, min_buy: 1 };
    assert!(matches!(swap(setting.base(), fair), BookError::Asset { error: AssetError::Refused { .. } }));
}

#[contract_test]
fn a_market_that_makes_no_sense_is_not_opened(chain: &mut Chain) {
    let owner = chain.account("owner");
    let grain = token(chain, &owner, "GRN", &[]);
    let subject = Subject::new("order-book", native_orderbook());
    let good = market(grain.address, Address([8; 32]), 10);
    let wrong = [
        order_book::Market { quote: good.base, ..good },
        order_book::Market { lot: 0, ..good },
        order_book::Market { tick: 0, ..good },
        order_book::Market { max_resting: 0, ..good },
        order_book::Market { maker_ppm: 1_001, ..good },
        order_book::Market { taker_ppm: 100_001, ..good },
    ];
    for market in wrong {
        chain.deploy(&owner, &subject, OrderBookRef::new(market)).expect_err("not opened");
    }
}

#[contract_test]
fn whoever_may_not_have_a_security_neither_takes_nor_is_filled(chain: &mut Chain) {
    let (owner, bob, carol) = (chain.account("owner"), chain.account("bob"), chain.account("carol"));
    let security = SecurityTokenRef::new("Harbour Fund".into(), "HRB".into(), 0);
    let subject = Subject::new("security-token", native_securitytoken());
    let security = SecurityTokenRef::at(chain.deploy(&owner, &subject, security).expect("deployed"));
    chain.call(&owner, security.issue(carol.address, 1_000)).expect("issued");
    let silver = token(chain, &owner, "SLV", &[bob.clone(), carol.clone()]);
    let market =
        order_book::Market { base: Asset::Security(security.address), ..market(Address([8; 32]), silver.address, 10) };
    let subject = Subject::new("order-book", native_orderbook());
    let book = OrderBookRef::at(chain.deploy(&owner, &subject, OrderBookRef::new(market)).expect("deployed"));
    for (who, asset, units) in
        [(&bob, market.quote, 500_000), (&carol, market.base, 1_000), (&carol, market.quote, 500_000)]
    {
        chain.call_with(who, &[who], book.deposit(who.address, asset, units)).expect("brought");
    }
    chain.call(&bob, book.place(bob.address, limit(Side::Buy, 100, 5))).expect("rests");
    chain.call(&carol, book.place(carol.address, limit(Side::Sell, 110, 5))).expect("rests");
    chain.call(&owner, security.set_frozen(bob.address, true)).expect("frozen");
    // Bob's bid is the best, and leaves: the seller gets nothing for it.
    let placed = chain.call(&carol, book.place(carol.address, limit(Side::Sell, 100, 5))).expect("rests");
    assert_eq!((placed.filled, placed.resting), (0, 5));
    assert_eq!(chain.query(book.seat(bob.address)).map(|seat| (seat.quote_free, seat.quote_locked)), Ok((500_000, 0)));
    let taken = error(chain.call(&bob, book.place(bob.address, limit(Side::Buy, 120, 1))));
    assert!(matches!(taken, BookError::Asset { error: AssetError::Forbidden { .. } }), "{taken:?}");
}
