//! Units against currency: both or neither.

#[allow(dead_code, reason = "the currency's tests use the rest")]
#[path = "../../currency/tests/it/town/mod.rs"]
mod town;

use counterpart_testing::{Chain, Failure, Mode, Subject, contract_test};
use sale_desk::{DeskError, SaleDeskRef, native_saledesk};
use security_token::{Reason, SecurityTokenRef, TokenError, native_securitytoken};
use town::Town;

/// A token that says yes and moves nothing: native code in the place of another contract.
mod liar {
    use counterpart_sdk::prelude::*;
    use security_token::TokenError;

    #[storage]
    pub struct Liar {
        nothing: Item<bool>,
    }

    #[contract(events())]
    impl Liar {
        /// Nothing.
        pub fn new() -> Self {
            Self::default()
        }

        /// None.
        pub fn balance_of(&self, _holder: Address) -> u128 {
            u128::from(self.nothing.get_or_default())
        }

        /// Not at all.
        pub fn transfer(&mut self, _from: Address, _to: Address, _units: u128) -> Result<(), TokenError> {
            Ok(())
        }
    }
}

#[contract_test]
fn units_and_price_change_hands_together_or_not_at_all(chain: &mut Chain) {
    let (issuer, buyer, frozen) = (chain.account("issuer"), chain.account("buyer"), chain.account("frozen"));
    let token = Subject::new("security-token", native_securitytoken());
    let desk = Subject::new("sale-desk", native_saledesk());
    let constructor = SecurityTokenRef::new("Harbour Fund".into(), "HRB".into(), 0);
    let token = SecurityTokenRef::at(chain.deploy(&issuer, &token, constructor).expect("deployed"));
    let desk = SaleDeskRef::at(chain.deploy(&issuer, &desk, SaleDeskRef::new()).expect("deployed"));
    chain.call(&issuer, token.issue(issuer.address, 10)).expect("issued");
    chain.call(&issuer, token.set_frozen(frozen.address, true)).expect("frozen");

    // The desk moves the seller's units, so the seller signs for that call too.
    let unsigned = chain.call(&issuer, desk.offer(issuer.address, token.address, 4, 500));
    assert_eq!(unsigned, Err(Failure::Error(DeskError::NotAToken)));
    let offered = chain.call_with(&issuer, &[&issuer], desk.offer(issuer.address, token.address, 4, 500));
    assert_eq!(offered, Ok(0));
    assert_eq!(chain.query(token.balance_of(desk.address)), Ok(4));

    let cheap = chain.call(&buyer, desk.buy(0).with_value(499));
    assert_eq!(cheap, Err(Failure::Error(DeskError::WrongPrice { sent: 499, price: 500 })));
    let before = chain.balance(&frozen.address);
    let refused = chain.call(&frozen, desk.buy(0).with_value(500));
    let error = TokenError::TransferRefused { reasons: vec![Reason::ReceiverFrozen] };
    assert_eq!(refused, Err(Failure::Error(DeskError::Refused { error })));
    assert_eq!(chain.balance(&frozen.address), before);

    let before = chain.balance(&issuer.address);
    assert_eq!(chain.call(&buyer, desk.buy(0).with_value(500)), Ok(()));
    assert_eq!(chain.balance(&issuer.address), before + 500);
    assert_eq!(chain.query(token.balance_of(buyer.address)), Ok(4));
    assert_eq!(chain.call(&buyer, desk.buy(0).with_value(500)), Err(Failure::Error(DeskError::NoOffer { offer: 0 })));
    let gift = chain.call(&buyer, token.transfer(buyer.address, issuer.address, 1).with_value(5));
    assert!(matches!(gift, Err(Failure::Reverted { code: 0xFFFF_0003, .. })), "{gift:?}");
}

#[contract_test]
fn units_of_a_currency_pay_as_well(chain: &mut Chain) {
    let town = Town::new(chain);
    let (seller, buyer, money) = (town.shop.clone(), town.alice.clone(), &town.currency);
    town.grant(chain, 1, &buyer, 1_000);
    let token = Subject::new("security-token", native_securitytoken());
    let constructor = SecurityTokenRef::new("Harbour Fund".into(), "HRB".into(), 0);
    let token = SecurityTokenRef::at(chain.deploy(&seller, &token, constructor).expect("deployed"));
    let desk = Subject::new("sale-desk", native_saledesk());
    let desk = SaleDeskRef::at(chain.deploy(&seller, &desk, SaleDeskRef::new()).expect("deployed"));
    chain.call(&seller, token.issue(seller.address, 10)).expect("issued");
    for price in [400, 601] {
        let offer = desk.offer_for(seller.address, token.address, 2, money.address, price);
        chain.call_with(&seller, &[&seller], offer).expect("offered");
    }
    // The buyer has to let the price go, and native currency is not it.
    assert_eq!(chain.call(&buyer, desk.buy(0)), Err(Failure::Error(DeskError::NotPaid)));
    let native = chain.call(&buyer, desk.buy(0).with_value(400));
    assert_eq!(native, Err(Failure::Error(DeskError::WrongPrice { sent: 400, price: 0 })));
    assert_eq!(chain.call_with(&buyer, &[&buyer], desk.buy(0)), Ok(()));
    assert_eq!((town.balance(chain, &seller), town.balance(chain, &buyer)), (400, 600));
    assert_eq!(chain.query(token.balance_of(buyer.address)), Ok(2));
    // One unit of currency short: the units stay where they are.
    assert_eq!(chain.call_with(&buyer, &[&buyer], desk.buy(1)), Err(Failure::Error(DeskError::NotPaid)));
    assert_eq!(chain.query(token.balance_of(desk.address)), Ok(2));
    assert_eq!(chain.call(&seller, desk.withdraw(1)), Ok(()));
    assert_eq!(chain.query(token.balance_of(seller.address)), Ok(8));
    // What is no token, and what is no currency.
    let nothing = desk.offer_for(seller.address, money.address, 1, money.address, 1);
    assert_eq!(chain.call(&seller, nothing), Err(Failure::Error(DeskError::NotAToken)));
    let offer = desk.offer_for(seller.address, token.address, 1, token.address, 1);
    assert_eq!(chain.call_with(&seller, &[&seller], offer), Ok(2));
    assert_eq!(chain.call(&buyer, desk.buy(2)), Err(Failure::Error(DeskError::NotPaid)));
}

#[test]
fn the_word_of_a_token_is_not_enough() {
    let mut chain = Chain::new(Mode::Native);
    let seller = chain.account("seller");
    let desk = Subject::new("sale-desk", native_saledesk());
    let desk = SaleDeskRef::at(chain.deploy(&seller, &desk, SaleDeskRef::new()).expect("deployed"));
    let liar = Subject::new("empty", liar::native_liar());
    let liar = chain.deploy(&seller, &liar, liar::LiarRef::new()).expect("deployed");
    let offered = chain.call(&seller, desk.offer(seller.address, liar, 4, 500));
    assert_eq!(offered, Err(Failure::Error(DeskError::NotDelivered)));
}
