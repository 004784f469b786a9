//! Every message once, as its README prices it: `COUNTERPART_GAS=DIR cargo test -p redemption-desk prices` writes the gas
//! of each call, in this order.

use crate::town::Town;
use counterpart_testing::{Chain, Subject, contract_test};
use currency::Role;
use redemption_desk::{Outcome, RedemptionDeskRef, Terms, native_redemptiondesk};

#[contract_test]
fn every_message_once(chain: &mut Chain) {
    let town = Town::new(chain);
    let (mayor, shop) = (&town.mayor, town.shop.address);
    let terms =
        Terms { price: 1_000_000_000, reserve_rate: 0, fee_rate: 1_000_000, minimum: 1, for_grant_accounts: false };
    let constructor = RedemptionDeskRef::new(town.currency.address, terms, 0);
    let desk = chain.deploy(mayor, &Subject::new("redemption-desk", native_redemptiondesk()), constructor);
    let desk = RedemptionDeskRef::at(desk.expect("deployed"));
    for role in [Role::Issuer, Role::Redeemer] {
        chain.call(mayor, town.currency.set_role(role, desk.address, true)).expect("appointed");
    }
    town.grant(chain, 1, &town.alice, 10_000);
    town.pay(chain, &town.alice, &town.shop, 10_000).expect("paid");
    let redeem = |units| desk.redeem(shop, units);
    chain.call(mayor, desk.issue(1)).expect("issued");
    chain.call(mayor, desk.fund_reserve().with_value(100)).expect("funded");
    assert_eq!(chain.call_with(&town.shop, &[&town.shop], redeem(100)), Ok(Outcome::Paid { amount: 99 }));
    for number in 0..51 {
        assert_eq!(chain.call_with(&town.shop, &[&town.shop], redeem(50)), Ok(Outcome::Queued { number }));
    }
    chain.call(&town.shop, desk.cancel(0)).expect("cancelled");
    chain.call(mayor, desk.fund_reserve().with_value(10_000)).expect("funded");
    assert_eq!(chain.call(mayor, desk.pay_queue(1)), Ok(1));
    assert_eq!(chain.call(mayor, desk.pay_queue(50)), Ok(49));
    assert_eq!(chain.call(mayor, desk.collect(shop)), Ok(50 * 49));
    chain.call(mayor, desk.propose_admin(Some(shop))).expect("proposed");
    chain.call(&town.shop, desk.accept_admin()).expect("accepted");
    town.check_books(chain);
}
