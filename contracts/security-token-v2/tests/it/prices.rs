//! The way from parent to child, as the READMEs price it: `COUNTERPART_GAS=DIR cargo test -p security-token-v2 prices` writes
//! the gas of each call, in this order.

use counterpart_testing::{Account, Chain, Subject, contract_test};
use security_token::{Ratio, SecurityTokenRef, native_securitytoken};
use security_token_v2::{SecurityTokenV2Ref, native_securitytokenv2};

#[contract_test]
fn the_way_from_parent_to_child(chain: &mut Chain) {
    let issuer = chain.account("issuer");
    let holders: Vec<_> = (0..52).map(|number| chain.account(&format!("holder {number}"))).collect();
    let subject = Subject::new("security-token", native_securitytoken());
    let constructor = SecurityTokenRef::new("Acme".into(), "ACME".into(), 0);
    let parent = SecurityTokenRef::at(chain.deploy(&issuer, &subject, constructor).expect("deployed"));
    for holder in &holders {
        chain.call(&issuer, parent.issue(holder.address, 100)).expect("issued");
    }
    let subject = Subject::new("security-token-v2", native_securitytokenv2());
    let child = chain.deploy(&issuer, &subject, SecurityTokenV2Ref::successor(parent.address)).expect("deployed");
    let child = SecurityTokenV2Ref::at(child);
    chain.call(&issuer, parent.propose_upgrade(child.address)).expect("proposed");
    chain.call(&issuer, parent.cancel_upgrade()).expect("taken back");
    chain.call(&issuer, parent.set_upgraded_address(child.address)).expect("named");
    chain.call(&holders[0], parent.upgrade(holders[0].address)).expect("moved over");
    assert_eq!(
        chain.call(&issuer, parent.upgrade_page(holders[1..51].iter().map(|holder| holder.address).collect())),
        Ok(50)
    );
    let transfer = child.transfer(holders[0].address, holders[1].address, 1);
    chain.call(&holders[0], transfer).expect("moved in the child");
    chain.call(&issuer, parent.upgrade_for(holders[51].address)).expect("moved over by an agent");
    chain.call(&issuer, child.open_partition("preferred".into())).expect("opened");
    chain.call(&issuer, child.convert(holders[1].address, 0, 1, 50)).expect("converted");
    let transfer = child.transfer_in(1, holders[1].address, holders[2].address, 1);
    chain.call(&holders[1], transfer).expect("moved in a partition");
    chain.call(&issuer, child.issue(holders[0].address, 1, 2)).expect("issued");
    chain.call(&holders[0], child.redeem(holders[0].address, 1, 2)).expect("given back");
    chain.call(&issuer, child.begin_split(Ratio { new: 3, old: 2 })).expect("begun");
    let page = |from: &[Account]| child.split_page(from.iter().map(|holder| holder.address).collect());
    assert_eq!(chain.call(&issuer, page(&holders[..50])), Ok(200));
    assert_eq!(chain.call(&issuer, page(&holders[50..])), Ok(0));
    assert_eq!(chain.query(child.holder_count()), Ok(52));
}
