//! Every message once, as its README prices it: `COUNTERPART_GAS=DIR cargo test -p grant-desk prices` writes the gas of
//! each call, in this order.

use crate::town::Town;
use counterpart_sdk::Address;
use counterpart_testing::{Chain, Subject, contract_test};
use currency::{Class, Registration, Role};
use grant_desk::{GrantDeskRef, GroupAmount, Payment, Schedule, native_grantdesk};

#[contract_test]
fn every_message_once(chain: &mut Chain) {
    let town = Town::new(chain);
    let (mayor, alice) = (&town.mayor, town.alice.address);
    let people: Vec<Address> = (0..50).map(|number| chain.account(&format!("person {number}")).address).collect();
    let registrations = people.iter().map(|account| Registration { account: *account, class: Class::Grant, group: 0 });
    chain.call(mayor, town.currency.register_accounts(registrations.collect())).expect("registered");
    let constructor = GrantDeskRef::new(town.currency.address, 0);
    let desk = chain.deploy(mayor, &Subject::new("grant-desk", native_grantdesk()), constructor);
    let desk = GrantDeskRef::at(desk.expect("deployed"));
    chain.call(mayor, town.currency.set_role(Role::Granter, desk.address, true)).expect("appointed");
    let (start_ms, amounts) = (chain.time_ms(), vec![GroupAmount { group: 0, units: 100 }]);
    let schedule = Schedule {
        start_ms,
        cliff_ms: 0,
        period_ms: 1_000_000,
        end_ms: start_ms + 9_000_000,
        backlog: 1,
        claimed: false,
        amounts,
    };
    chain.call(mayor, desk.set_schedule(schedule)).expect("set");
    assert_eq!(chain.call(&town.alice, desk.claim(alice, 0, 0)), Ok(100));
    assert_eq!(chain.call(mayor, desk.push(0, 0, vec![town.bob.address])), Ok(vec![Payment::Paid { units: 100 }]));
    assert_eq!(chain.call(mayor, desk.push(0, 0, people)), Ok(vec![Payment::Paid { units: 100 }; 50]));
    chain.call(mayor, desk.end_schedule(0)).expect("ended");
    chain.call(mayor, desk.propose_admin(Some(alice))).expect("proposed");
    chain.call(&town.alice, desk.accept_admin()).expect("accepted");
}
