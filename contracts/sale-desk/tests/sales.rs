//! Units against currency: both or neither.

use counterpart_testing::{Chain, Failure, Subject, contract_test};
use sale_desk::{DeskError, SaleDeskRef, native_saledesk};
use security_token::{Reason, SecurityTokenRef, TokenError, native_securitytoken};

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
