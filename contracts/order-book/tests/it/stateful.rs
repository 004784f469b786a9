//! Random orders to the contract and to the reference: both do the same, and after each what must hold holds (T2, T5, T6, T7,
//! T10, T11 of the suite). `COUNTERPART_STEPS` sets how many; `COUNTERPART_SEED` which.

use crate::reference::{Book, Refusal, Seat};
use crate::setting::{PLENTY, Setting, market};
use counterpart_testing::{Chain, Failure, Random, contract_test, from_environment};
use order_book::{BookError, Force, NewOrder, Place, SelfTrade, Side};

const PEOPLE: usize = 4;
const MAX_RESTING: u32 = 12;

fn order(random: &mut Random, now: u64) -> NewOrder {
    let side = *random.pick(&[Side::Buy, Side::Sell]);
    let force = *random.pick(&[
        Force::Rest,
        Force::Rest,
        Force::Rest,
        Force::PostOnly,
        Force::ImmediateOrCancel,
        Force::FillOrKill,
    ]);
    let rests = matches!(force, Force::Rest | Force::PostOnly);
    NewOrder {
        side,
        price: (rests || !random.one_in(4)).then(|| 95 + random.below(11)),
        lots: random.below(20),
        budget: random.one_in(4).then(|| u128::from(random.below(9_000))),
        force,
        self_trade: *random.pick(&[SelfTrade::CancelResting, SelfTrade::CancelTaking, SelfTrade::DecrementBoth]),
        expires_ms: random.one_in(5).then(|| now + random.below(30_000)),
    }
}

fn refusal(error: &BookError) -> Refusal {
    match error {
        BookError::BadOrder => Refusal::BadOrder,
        BookError::Expired => Refusal::Expired,
        BookError::WouldTake { .. } => Refusal::WouldTake,
        BookError::NotFilled { .. } => Refusal::NotFilled,
        BookError::BookFull => Refusal::BookFull,
        BookError::TooLittle { .. } => Refusal::TooLittle,
        other => panic!("{other:?}"),
    }
}

/// What the contract keeps is what the reference keeps.
fn agree(chain: &Chain, setting: &Setting, reference: &Book) {
    let (mut base, mut quote) = (0, 0);
    let (mut bids, mut asks) = (0, 0);
    for (person, seat) in setting.people.iter().zip(&reference.seats) {
        let kept = chain.query(setting.book.seat(person.address)).expect("answered");
        let kept = Seat {
            base_free: kept.base_free,
            base_locked: kept.base_locked,
            quote_free: kept.quote_free,
            quote_locked: kept.quote_locked,
        };
        assert_eq!(kept, *seat, "{}", person.name);
        base += kept.base_free + kept.base_locked;
        quote += kept.quote_free + kept.quote_locked;
        let orders = chain.query(setting.book.orders_of(person.address, None, 50)).expect("answered");
        // Locked is what rests.
        let locked = |side| orders.iter().filter(move |place: &&Place| place.side == side);
        let lots: u128 = locked(Side::Sell).map(|place| u128::from(place.resting.lots)).sum();
        assert_eq!(lots * crate::setting::LOT, kept.base_locked);
        let value = |place: &Place| u128::from(place.resting.lots) * u128::from(place.price) * crate::setting::TICK;
        assert_eq!(locked(Side::Buy).map(value).sum::<u128>(), kept.quote_locked);
        bids += locked(Side::Buy).count();
        asks += locked(Side::Sell).count();
    }
    assert_eq!((bids, asks), (reference.bids.len(), reference.asks.len()));
    let fees = chain.query(setting.book.fees()).expect("answered");
    assert_eq!(fees, reference.fees);
    let held = |token: &token::TokenRef| chain.query(token.balance_of(setting.book.address)).expect("answered");
    assert_eq!((held(&setting.grain), held(&setting.silver)), (base, quote + fees), "nothing comes from nowhere");
    if let (Some(bid), Some(ask)) = chain.query(setting.book.best()).expect("answered") {
        assert!(bid < ask, "crossed at rest: {bid} {ask}");
    }
}

#[contract_test]
fn the_book_does_what_a_textbook_says(chain: &mut Chain) {
    let setting = Setting::new(chain, MAX_RESTING);
    let market = market(setting.grain.address, setting.silver.address, MAX_RESTING);
    let mut reference = Book::new(market, PEOPLE);
    reference.seats.fill(Seat { base_free: PLENTY / 2, quote_free: PLENTY / 2, ..Seat::default() });
    let mut random = Random::from_environment();
    let mut filled = 0;
    for step in 0..from_environment("COUNTERPART_STEPS").unwrap_or(300) {
        let person = random.below(PEOPLE as u64) as usize;
        let address = setting.people[person].address;
        if random.one_in(5) {
            let orders = chain.query(setting.book.orders_of(address, None, 50)).expect("answered");
            if !orders.is_empty() {
                let place = *random.pick(&orders);
                let lots = if random.one_in(2) { place.resting.lots } else { 1 };
                let reduce = setting.book.reduce(address, place.order, lots);
                assert_eq!(chain.call(&setting.people[person], reduce), Ok(place.resting.lots - lots));
                reference.leave(place.side, place.price, place.order, lots);
            }
        } else {
            let now = chain.time_ms();
            let order = order(&mut random, now);
            let expected = reference.place(person, order, now);
            let done = match setting.place(chain, person, order) {
                Ok(placed) => {
                    filled += placed.filled;
                    Ok(crate::reference::Placed {
                        order: placed.order,
                        filled: placed.filled,
                        amount: placed.amount,
                        fee: placed.fee,
                        resting: placed.resting,
                        decremented: placed.decremented,
                        bounded: placed.bounded,
                    })
                }
                Err(Failure::Error(error)) => Err(refusal(&error)),
                Err(failure) => panic!("step {step}: {failure:?}"),
            };
            assert_eq!(done, expected, "step {step}: {order:?}");
        }
        agree(chain, &setting, &reference);
    }
    assert!(filled > 100, "the run traded: {filled}");
}
