//! Delivery or refund, never both, never neither, whoever carries proofs and whenever they stop.

use crate::chains::{Chains, RESCUE_MS};
use counterpart_testing::{Failure, Mode};
use light_client::ClientError;
use remote_desk::{DeskError, Fulfilment, RemoteOrder};
use remote_order::OrderError;

const MODES: [Mode; 2] = [Mode::Native, Mode::Wasm];

fn error<T: std::fmt::Debug, E: std::fmt::Debug>(result: Result<T, Failure<E>>) -> E {
    match result {
        Err(Failure::Error(error)) => error,
        other => panic!("not refused with an error of the contract: {other:?}"),
    }
}

#[test]
fn an_exchange_over_two_chains() {
    for mode in MODES {
        let mut chains = Chains::new(mode);
        assert_eq!(chains.lock(chains.order()), Ok(0));
        assert_eq!(chains.held(), [700, 1_000, 1_000, 1_000]);
        let ask = |chains: &Chains| {
            let (a, orders) = (&chains.a.chain, chains.orders);
            let entries = [a.query(orders.lock_entry(0)), a.query(orders.fulfilment_entry(0))];
            let order = a.query(orders.order(0)).expect("answered").map(|order| order.units);
            (a.query(orders.count()), order, entries)
        };
        let key = |key: Vec<u8>| Ok(key[32..].to_vec());
        let entries = [
            key(remote_desk::locked_key(&chains.id(0))),
            key(remote_desk::fulfilled_key(&chains.desk.address, &chains.id(0))),
        ];
        assert_eq!(ask(&chains), (Ok(1), Some(300), entries));
        let proof = chains.locked(0);
        let solver = chains.solver.address;
        assert_eq!(chains.fulfil(0, proof.clone()), Ok(Fulfilment { payee: solver, bought: 200 }));
        let twice = error(chains.fulfil(0, proof));
        assert_eq!(twice, DeskError::Fulfilled { fulfilment: Fulfilment { payee: solver, bought: 200 } });
        let (proof, anybody) = (chains.fulfilled(0), chains.maker.clone());
        let refund = chains.a.chain.call(&anybody, chains.orders.refund(0, proof.clone()));
        assert_eq!(error(refund), OrderError::Fulfilled);
        chains.a.chain.call(&anybody, chains.orders.release(0, proof.clone())).expect("released");
        assert_eq!(chains.held(), [700, 1_300, 1_200, 800]);
        let again = chains.a.chain.call(&anybody, chains.orders.release(0, proof));
        assert_eq!(error(again), OrderError::NoOrder { order: 0 });
    }
}

#[test]
fn an_order_that_nobody_fulfils_comes_back_after_its_deadline() {
    for mode in MODES {
        let mut chains = Chains::new(mode);
        chains.lock(chains.order()).expect("locked");
        let (maker, deadline_ms) = (chains.maker.clone(), chains.order().deadline_ms);
        let early = chains.fulfilled(0);
        let refused = chains.a.chain.call(&maker, chains.orders.refund(0, early.clone()));
        assert!(matches!(error(refused), OrderError::TooEarly { .. }));
        let refused = chains.a.chain.call(&maker, chains.orders.release(0, early));
        assert_eq!(error(refused), OrderError::NotFulfilled);
        let deadline_ms = chains
            .a
            .chain
            .query(chains.orders.order(0))
            .expect("answered")
            .map_or(deadline_ms, |order| order.deadline_ms);
        chains.b.chain.advance_ms(deadline_ms - chains.b.chain.time_ms());
        let late = error(chains.fulfil(0, chains.locked(0)));
        assert_eq!(late, DeskError::Late { deadline_ms });
        let proof = chains.fulfilled(0);
        chains.a.chain.call(&maker, chains.orders.refund(0, proof.clone())).expect("past the deadline");
        assert_eq!(chains.held(), [1_000, 1_000, 1_000, 1_000]);
        let again = chains.a.chain.call(&maker, chains.orders.refund(0, proof));
        assert_eq!(error(again), OrderError::NoOrder { order: 0 });
        // It is locked no more: nobody can be led to fulfil it.
        let gone = error(chains.fulfil(0, chains.locked(0)));
        assert_eq!(gone, DeskError::NotProved);
    }
}

#[test]
fn the_relayer_may_die_at_any_step() {
    // After how many steps nobody carries anything any more, until after the deadline somebody else does.
    for mode in MODES {
        for steps in 0..=2 {
            let mut chains = Chains::new(mode);
            let order = chains.order();
            chains.lock(order.clone()).expect("locked");
            if steps >= 1 {
                chains.fulfil(0, chains.locked(0)).expect("fulfilled");
            }
            let (somebody, orders) = (chains.solver.clone(), chains.orders);
            if steps >= 2 {
                let proof = chains.fulfilled(0);
                chains.a.chain.call(&somebody, orders.release(0, proof)).expect("released");
            }
            chains.b.chain.advance_ms(order.deadline_ms + 5_000_000 - chains.b.chain.time_ms());
            chains.a.chain.advance_ms(9_000_000);
            let proof = chains.fulfilled(0);
            let refunded = chains.a.chain.call(&somebody, orders.refund(0, proof.clone())).is_ok();
            let released = chains.a.chain.call(&somebody, orders.release(0, proof)).is_ok();
            assert_eq!((refunded, released), [(true, false), (false, true), (false, false)][steps]);
            let delivered = [700, 1_300, 1_200, 800];
            assert_eq!(chains.held(), if steps == 0 { [1_000; 4] } else { delivered }, "{steps} steps");
        }
    }
}

#[test]
fn proofs_of_something_else_prove_nothing() {
    let mut chains = Chains::new(Mode::Native);
    let order = chains.order();
    chains.lock(order.clone()).expect("locked");
    chains.lock(RemoteOrder { min_buy: 1, ..order.clone() }).expect("locked");
    // The proof of one order does not fulfil another, nor does an entry of another contract.
    let other = chains.locked(1);
    assert_eq!(error(chains.fulfil(0, other)), DeskError::NotProved);
    let absent = chains.locked(7);
    assert_eq!(error(chains.fulfil(7, absent)), DeskError::NotProved);
    let foreign = chains.a.prove(&chains.a.token.address.0);
    assert_eq!(error(chains.fulfil(0, foreign)), DeskError::NotProved);
    // A chain's own state is not the other's: its validators are others.
    let own = chains.b.prove(&remote_desk::locked_key(&chains.id(0)));
    assert!(matches!(error(chains.fulfil(0, own)), DeskError::Client { error: ClientError::UnknownValidators { .. } }));
    let elsewhere = RemoteOrder { desk: chains.b.token.address, ..order.clone() };
    chains.lock(elsewhere).expect("locked");
    assert_eq!(error(chains.fulfil(2, chains.locked(2))), DeskError::Elsewhere);
    let (maker, orders) = (chains.maker.clone(), chains.orders);
    chains.fulfil(1, chains.locked(1)).expect("fulfilled");
    let of_other = chains.fulfilled(1);
    assert_eq!(error(chains.a.chain.call(&maker, orders.release(0, of_other))), OrderError::NotProved);
    for wrong in [
        RemoteOrder { units: 0, ..order.clone() },
        RemoteOrder { min_buy: 0, ..order.clone() },
        RemoteOrder { desk_chain: 21, ..order.clone() },
    ] {
        assert_eq!(error(chains.lock(wrong)), OrderError::BadOrder);
    }
    let poor = RemoteOrder { units: 5_000, ..order };
    assert!(matches!(error(chains.lock(poor)), OrderError::Asset { .. }));
}

#[test]
fn where_nothing_can_be_proved_any_more_units_come_back_late() {
    let mut chains = Chains::new(Mode::Native);
    let order = chains.order();
    chains.lock(order.clone()).expect("locked");
    let (maker, orders, client) = (chains.maker.clone(), chains.orders, chains.a.client);
    assert_eq!(error(chains.a.chain.call(&maker, orders.rescue(0))), OrderError::NotFrozen);
    let (one, other) = (chains.b.finality(1), chains.b.finality(2));
    chains.a.chain.call(&maker, client.report_fork(one, other)).expect("two blocks of one height");
    let proof = chains.fulfilled(0);
    let frozen = OrderError::Client { error: ClientError::Frozen };
    assert_eq!(error(chains.a.chain.call(&maker, orders.refund(0, proof))), frozen);
    let deadline_ms = order.deadline_ms + RESCUE_MS;
    assert_eq!(error(chains.a.chain.call(&maker, orders.rescue(0))), OrderError::TooEarly { deadline_ms });
    chains.a.chain.advance_ms(deadline_ms - chains.a.chain.time_ms());
    chains.a.chain.call(&maker, orders.rescue(0)).expect("late enough");
    assert_eq!(chains.held()[0], 1_000);
}
