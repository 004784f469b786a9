//! Every message once, as its README prices it: `COUNTERPART_GAS=DIR cargo test -p currency prices` writes the gas of each
//! call, in this order.

use crate::town::{Town, id};
use counterpart_testing::{Chain, contract_test};
use currency::{Class, Grant, GrantOutcome, Policies, Registration, Role, Scope};

#[contract_test]
fn every_message_once(chain: &mut Chain) {
    let town = Town::new(chain);
    let (money, mayor, alice) = (&town.currency, &town.mayor, town.alice.address);
    let (bob, shop, pool) = (town.bob.address, town.shop.address, town.pool.address);
    let people: Vec<_> = (0..50).map(|number| chain.account(&format!("person {number}"))).collect();
    let registration = |account| Registration { account, class: Class::Grant, group: 0 };
    let first = chain.receipts().len();
    chain.call(mayor, money.fund_depository(1_000_000)).expect("funded");
    chain.call(mayor, money.register_accounts(vec![registration(people[0].address)])).expect("one");
    let fifty = people.iter().map(|person| registration(person.address)).collect();
    assert_eq!(chain.call(mayor, money.register_accounts(fifty)), Ok(49));
    let grant = |number, to, units| Grant { id: id(number), to, units };
    let granted = chain.call(mayor, money.grant(vec![grant(1, alice, 10_000)], vec![]));
    assert_eq!(granted, Ok(vec![GrantOutcome::Granted]));
    let fifty = people.iter().zip(100..).map(|(person, number)| grant(number, person.address, 1_000)).collect();
    chain.call(mayor, money.grant(fifty, vec![])).expect("fifty");
    chain.call(&town.alice, money.transfer(alice, shop, 10, vec![])).expect("a transfer of what is settled");
    town.advance_to_epoch(chain, 1, 0);
    chain.call(&town.alice, money.transfer(alice, shop, 10, vec![])).expect("a transfer that settles one side");
    chain.call(&town.alice, money.approve(alice, shop, 0, 100, u64::MAX)).expect("approved");
    chain.call(&town.shop, money.transfer_from(shop, alice, bob, 50, vec![])).expect("spent");
    chain.call(&town.alice, money.deposit(alice, pool, 500)).expect("deposited");
    chain.call(&town.pool, money.release(pool, alice, bob, 100)).expect("released");
    town.advance_to_epoch(chain, 2, 0);
    chain.call(&town.bob, money.settle(alice)).expect("settled");
    chain.call(&town.bob, money.settle_page(None, 50)).expect("fifty of them");
    chain.call(&town.bob, money.settle_position(pool, alice)).expect("settled");
    chain.call(mayor, money.set_class(bob, Class::NonGrant, 1)).expect("changed");
    chain.call(mayor, money.propose_policy(Class::Grant, Policies::proportional(1), 9)).expect("proposed");
    chain.call(mayor, money.cancel_policy(Class::Grant)).expect("cancelled");
    chain.call(mayor, money.propose_policy(Class::Grant, Policies::proportional(1), 9)).expect("proposed");
    chain.advance_ms(100_000);
    chain.call(mayor, money.apply_policy(Class::Grant)).expect("applied");
    chain.call_with(mayor, &[&town.alice], money.take_out(alice, 100)).expect("taken out");
    chain.call(mayor, money.leave(alice, 50, 1)).expect("left");
    chain.call(mayor, money.put_back(alice, 50)).expect("put back");
    chain.call(&town.alice, money.close_account(alice)).expect("closed");
    chain.call(mayor, money.set_paused(Scope::Grants, true)).expect("paused");
    chain.call(mayor, money.set_role(Role::Issuer, alice, true)).expect("appointed");
    chain.call(mayor, money.propose_admin(Some(alice))).expect("proposed");
    chain.advance_ms(200_000);
    chain.call(&town.alice, money.accept_admin()).expect("accepted");
    assert_eq!(chain.receipts().len() - first, 27);
    town.check_books(chain);
}
