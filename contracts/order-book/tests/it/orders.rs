//! What becomes of an order, by its force and by what rests.

use crate::setting::{LOT, Setting, TICK, error, limit};
use counterpart_testing::{Chain, contract_test};
use order_book::{BookError, Force, Level, NewOrder, SelfTrade, Side};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

/// Alice sells 5 lots at 100 and 5 at 101; Carol sells 5 at 100 after her.
fn stocked(chain: &mut Chain) -> Setting {
    let setting = Setting::new(chain, 100);
    for (person, price) in [(ALICE, 100), (ALICE, 101), (CAROL, 100)] {
        setting.place(chain, person, limit(Side::Sell, price, 5)).expect("rests");
    }
    setting
}

fn with(order: NewOrder, force: Force) -> NewOrder {
    NewOrder { force, ..order }
}

#[contract_test]
fn the_best_price_is_filled_first_and_the_older_of_equal_ones(chain: &mut Chain) {
    let setting = stocked(chain);
    let book = &setting.book;
    let placed = setting.place(chain, BOB, limit(Side::Buy, 101, 12)).expect("filled");
    let amount = (5 * 100 + 5 * 100 + 2 * 101) * TICK;
    // A thousandth, rounded up fill by fill: 1500 -> 2, 1500 -> 2, 606 -> 1.
    assert_eq!((placed.filled, placed.amount, placed.fee, placed.order), (12, amount, 5, None));
    let left = chain.query(book.depth(Side::Sell, 10)).expect("answered");
    assert_eq!(left, vec![Level { price: 101, lots: 3, orders: 1 }]);
    let seat = |person: usize| chain.query(book.seat(setting.people[person].address)).expect("answered");
    let bob = seat(BOB);
    assert_eq!((bob.base_free, bob.quote_free), (500_000 + 12 * LOT, 500_000 - amount - 5));
    // Makers get four parts in ten thousand, rounded down: nothing of 1500 and 606.
    assert_eq!(seat(CAROL).quote_free, 500_000 + 5 * 100 * TICK);
    assert_eq!(seat(ALICE).quote_free, 500_000 + (5 * 100 + 2 * 101) * TICK);
    assert_eq!(seat(ALICE).base_locked, 3 * LOT);
    assert_eq!(chain.query(book.fees()), Ok(5));
    let owner = setting.owner.clone();
    assert_eq!(chain.call(&owner, book.collect_fees(owner.address)), Ok(5));
    assert_eq!(chain.query(setting.silver.balance_of(owner.address)), Ok(5));
}

#[contract_test]
fn what_is_not_filled_rests_lapses_or_is_refused(chain: &mut Chain) {
    let setting = stocked(chain);
    let book = setting.book;
    let whole = with(limit(Side::Buy, 100, 11), Force::FillOrKill);
    assert_eq!(error(setting.place(chain, BOB, whole)), BookError::NotFilled { lots: 10 });
    let post = with(limit(Side::Buy, 100, 1), Force::PostOnly);
    assert_eq!(error(setting.place(chain, BOB, post)), BookError::WouldTake { price: 100 });
    let placed = setting.place(chain, BOB, with(limit(Side::Buy, 99, 4), Force::PostOnly)).expect("rests");
    assert_eq!((placed.filled, placed.resting), (0, 4));
    let placed = setting.place(chain, BOB, with(limit(Side::Buy, 100, 11), Force::ImmediateOrCancel)).expect("filled");
    assert_eq!((placed.filled, placed.resting, placed.order), (10, 0, None));
    let placed = setting.place(chain, BOB, limit(Side::Buy, 101, 11)).expect("filled and rests");
    assert_eq!((placed.filled, placed.resting), (5, 6));
    assert_eq!(chain.query(book.best()), Ok((Some(101), None)));
    let market = NewOrder { price: None, force: Force::ImmediateOrCancel, ..limit(Side::Sell, 0, 7) };
    let placed = setting.place(chain, CAROL, market).expect("any price");
    assert_eq!((placed.filled, placed.amount), (7, (6 * 101 + 99) * TICK));
    assert_eq!(
        error(setting.place(chain, CAROL, NewOrder { price: None, ..limit(Side::Sell, 0, 7) })),
        BookError::BadOrder
    );
    assert_eq!(error(setting.place(chain, CAROL, limit(Side::Sell, 0, 7))), BookError::BadOrder);
    assert_eq!(error(setting.place(chain, CAROL, limit(Side::Sell, 7, 0))), BookError::BadOrder);
    assert_eq!(error(setting.place(chain, CAROL, limit(Side::Buy, u64::MAX, u64::MAX))), BookError::BadOrder);
}

#[contract_test]
fn a_budget_is_spent_to_the_lot_and_never_exceeded(chain: &mut Chain) {
    let setting = stocked(chain);
    // Five lots cost 1500 and 2, and nine more units buy nothing: the next lot costs 300 and 1.
    for (budget, lots) in [(1_510, 5), (301, 1), (300, 0), (1_511, 5)] {
        let any = NewOrder { price: None, force: Force::ImmediateOrCancel, ..limit(Side::Buy, 0, 99) };
        let placed = setting.place(chain, BOB, NewOrder { budget: Some(budget), ..any }).expect("filled");
        assert_eq!(placed.filled, lots, "budget {budget}");
        assert!(placed.amount + placed.fee <= budget);
    }
}

#[contract_test]
fn nobody_trades_with_itself(chain: &mut Chain) {
    let setting = stocked(chain);
    let book = setting.book;
    let buy = |self_trade, lots| NewOrder { self_trade, ..limit(Side::Buy, 100, lots) };
    // Alice's own is the oldest: she stops there, and does not rest against herself.
    let placed = setting.place(chain, ALICE, buy(SelfTrade::CancelTaking, 8)).expect("stopped");
    assert_eq!((placed.filled, placed.resting), (0, 0));
    let placed = setting.place(chain, ALICE, buy(SelfTrade::DecrementBoth, 2)).expect("both smaller");
    assert_eq!((placed.filled, placed.decremented, placed.resting), (0, 2, 0));
    assert_eq!(chain.query(book.order(0)).expect("answered").expect("rests").resting.lots, 3);
    let placed = setting.place(chain, ALICE, buy(SelfTrade::CancelResting, 8)).expect("the resting one goes");
    assert_eq!((placed.filled, placed.resting), (5, 3));
    assert_eq!(chain.query(book.order(0)), Ok(None));
    let seat = chain.query(book.seat(setting.people[ALICE].address)).expect("answered");
    assert_eq!((seat.base_locked, seat.quote_locked), (5 * LOT, 3 * 100 * TICK));
}

#[contract_test]
fn orders_lapse_at_their_ms(chain: &mut Chain) {
    let setting = Setting::new(chain, 100);
    let now = chain.time_ms();
    let lapsing = |expires_ms| NewOrder { expires_ms: Some(expires_ms), ..limit(Side::Sell, 100, 5) };
    assert_eq!(error(setting.place(chain, ALICE, lapsing(now))), BookError::Expired);
    setting.place(chain, ALICE, lapsing(now + 100_000)).expect("rests");
    setting.place(chain, CAROL, limit(Side::Sell, 100, 5)).expect("rests");
    chain.advance_ms(now + 99_000 - chain.time_ms());
    let placed = setting.place(chain, BOB, limit(Side::Buy, 100, 1)).expect("filled");
    assert_eq!(chain.query(setting.book.order(0)).expect("answered").expect("rests").resting.lots, 4);
    assert_eq!(placed.filled, 1);
    assert_eq!(chain.time_ms(), now + 100_000);
    let placed = setting.place(chain, BOB, limit(Side::Buy, 100, 7)).expect("filled");
    assert_eq!((placed.filled, placed.resting), (5, 2));
    let seat = chain.query(setting.book.seat(setting.people[ALICE].address)).expect("answered");
    assert_eq!((seat.base_free, seat.base_locked), (500_000 - LOT, 0));
}

#[contract_test]
fn a_full_side_keeps_the_best(chain: &mut Chain) {
    let setting = Setting::new(chain, 3);
    for price in [100, 101, 102] {
        setting.place(chain, ALICE, limit(Side::Sell, price, 1)).expect("rests");
    }
    assert_eq!(error(setting.place(chain, BOB, limit(Side::Sell, 102, 1))), BookError::BookFull);
    setting.place(chain, BOB, limit(Side::Sell, 101, 1)).expect("better than the worst");
    let depth = chain.query(setting.book.depth(Side::Sell, 10)).expect("answered");
    assert_eq!(depth.iter().map(|level| (level.price, level.orders)).collect::<Vec<_>>(), vec![(100, 1), (101, 2)]);
    let seat = chain.query(setting.book.seat(setting.people[ALICE].address)).expect("answered");
    assert_eq!(seat.base_locked, 2 * LOT, "what left is free again");
}

#[contract_test]
fn only_its_account_cancels_and_makes_an_order_smaller(chain: &mut Chain) {
    let setting = stocked(chain);
    let (book, alice, bob) = (setting.book, setting.people[ALICE].clone(), setting.people[BOB].clone());
    assert_eq!(error(chain.call(&bob, book.cancel(bob.address, 0))), BookError::NoOrder { order: 0 });
    assert_eq!(chain.query(book.ahead_of(2)), Ok(Some(5)));
    assert_eq!(chain.call(&alice, book.reduce(alice.address, 0, 3)), Ok(2));
    assert_eq!(chain.query(book.ahead_of(2)), Ok(Some(2)));
    assert_eq!(chain.call(&alice, book.reduce(alice.address, 0, 9)), Ok(0));
    assert_eq!(error(chain.call(&alice, book.reduce(alice.address, 0, 1))), BookError::NoOrder { order: 0 });
    assert_eq!(chain.query(book.orders_of(alice.address, None, 10)).expect("answered").len(), 1);
    assert_eq!(chain.call(&alice, book.cancel_all(alice.address, Some(Side::Buy))), Ok(0));
    assert_eq!(chain.call(&alice, book.cancel_all(alice.address, None)), Ok(1));
    let seat = chain.query(book.seat(alice.address)).expect("answered");
    assert_eq!((seat.base_free, seat.base_locked), (500_000, 0));
}

#[contract_test]
fn one_message_meets_no_more_than_it_can_pay_for(chain: &mut Chain) {
    let setting = Setting::new(chain, 100);
    for _ in 0..70 {
        setting.place(chain, ALICE, limit(Side::Sell, 100, 1)).expect("rests");
    }
    let placed = setting.place(chain, BOB, limit(Side::Buy, 100, 70)).expect("filled in part");
    assert_eq!((placed.filled, placed.resting, placed.bounded), (order_book::MAX_STEPS as u64, 0, true));
    let whole = with(limit(Side::Buy, 100, 6), Force::FillOrKill);
    assert_eq!(setting.place(chain, BOB, whole).expect("the rest").filled, 6);
}

#[contract_test]
fn pausing_keeps_nobody_from_taking_out(chain: &mut Chain) {
    let setting = stocked(chain);
    let (book, alice, owner) = (setting.book, setting.people[ALICE].clone(), setting.owner.clone());
    chain.call(&owner, book.set_paused(true)).expect("paused");
    assert_eq!(error(setting.place(chain, BOB, limit(Side::Buy, 101, 1))), BookError::Paused);
    assert_eq!(chain.call(&alice, book.cancel(alice.address, 0)), Ok(5));
    assert_eq!(chain.call(&alice, book.withdraw(alice.address, setting.base(), 499_950)), Ok(()));
    let more = error(chain.call(&alice, book.withdraw(alice.address, setting.base(), 1)));
    assert_eq!(more, BookError::TooLittle { have: 0, want: 1 });
    assert!(matches!(error(chain.call(&alice, book.set_paused(false))), BookError::Role { .. }));
    assert!(matches!(error(chain.call(&alice, book.collect_fees(alice.address))), BookError::Role { .. }));
}

#[contract_test]
fn the_admin_hands_over_after_the_delay_and_the_market_stays_as_it_is(chain: &mut Chain) {
    let setting = stocked(chain);
    let (book, alice, owner) = (setting.book, setting.people[ALICE].clone(), setting.owner.clone());
    let market = chain.query(book.market()).expect("answered").expect("open");
    assert_eq!((market.lot, market.tick, market.base), (LOT, crate::setting::TICK, setting.base()));
    assert_eq!(chain.query(book.admin()), Ok(owner.address));
    chain.call(&owner, book.propose_admin(Some(alice.address))).expect("proposed");
    assert!(matches!(error(chain.call(&alice, book.accept_admin())), BookError::Role { .. }), "the delay is not over");
    chain.advance_ms(market.admin_delay_ms);
    chain.call(&alice, book.accept_admin()).expect("after the delay");
    assert_eq!(chain.query(book.admin()), Ok(alice.address));
    chain.call(&alice, book.set_paused(true)).expect("the new admin");
    assert!(matches!(error(chain.call(&owner, book.set_paused(false))), BookError::Role { .. }));
}

#[contract_test]
fn what_is_sold_for_so_much_is_as_little_as_brings_it(chain: &mut Chain) {
    let setting = Setting::new(chain, 100);
    setting.place(chain, ALICE, limit(Side::Buy, 100, 50)).expect("rests");
    // A lot of ten brings 300 less the fee of one: 4 lots bring 1196.
    let taker = setting.people[BOB].address;
    let asked = |buy, lots: u128| trading::Kind::ExactOut { buy, max_spend: lots * LOT };
    let quote = |kind| chain.query(setting.book.quote(taker, setting.base(), kind)).expect("answered");
    assert_eq!(quote(asked(1_196, 4)), trading::Quote { spent: 40, bought: 1_198 });
    assert_eq!(quote(asked(1_199, 4)).spent, 40, "no more lots than may be given");
    assert_eq!(quote(asked(1_199, 9)).spent, 50);
}
