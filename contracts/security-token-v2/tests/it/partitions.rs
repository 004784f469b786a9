//! Partitions: units that are told apart, and still one holding.

use crate::setting::{Setting, error, refused};
use counterpart_testing::{Chain, contract_test};
use security_token::{Part, Reason, Role, TokenError};
use security_token_v2::MAX_PARTITIONS;

#[contract_test]
fn units_move_within_their_partition(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let [alice, bob] = [&setting.alice, &setting.bob].map(|key| key.address);
    setting.issue(chain, &setting.alice, 100).expect("issued");
    let child = setting.child(chain);
    chain.call(&setting.alice, setting.parent.upgrade(alice)).expect("moved over");
    let missing = TokenError::MissingRole { role: Role::Issuer };
    assert_eq!(error(chain.call(&setting.alice, child.open_partition("own".into()))), missing);
    assert_eq!(error(chain.call(&setting.alice, child.convert(alice, 0, 0, 1))), missing);
    for (number, name) in [(1, "preferred"), (2, "restricted")] {
        assert_eq!(chain.call(&setting.issuer, child.open_partition(name.into())), Ok(number));
    }
    let unknown = TokenError::NoPartition { partition: 3 };
    assert_eq!(error(chain.call(&setting.issuer, child.issue(bob, 3, 1))), unknown);
    assert_eq!(error(chain.call(&setting.issuer, child.convert(alice, 0, 3, 1))), unknown);
    chain.call(&setting.issuer, child.issue(bob, 2, 30)).expect("issued in a partition");
    chain.call(&setting.issuer, child.convert(alice, 0, 1, 60)).expect("converted");
    let too_many = refused(chain.call(&setting.issuer, child.convert(alice, 0, 2, 41)));
    assert_eq!(too_many, [Reason::InsufficientBalance { have: 40, want: 41 }]);
    assert_eq!(chain.query(child.balance_of(alice)), Ok(100));
    let parts = [0, 1, 2, 3].map(|partition| chain.query(child.balance_in(alice, partition)).expect("answered"));
    assert_eq!(parts, [40, 60, 0, 0]);
    // Of one partition only what is in it, though there is more.
    let wants = [Reason::InsufficientBalance { have: 40, want: 41 }];
    assert_eq!(refused(chain.call(&setting.alice, child.transfer(alice, bob, 41))), wants);
    assert_eq!(chain.query(child.can_transfer(alice, bob, 41)), Ok(wants.to_vec()));
    let wants = [Reason::InsufficientBalance { have: 60, want: 61 }];
    assert_eq!(refused(chain.call(&setting.alice, child.transfer_in(1, alice, bob, 61))), wants);
    assert_eq!(chain.query(child.can_transfer_in(1, alice, bob, 61)), Ok(wants.to_vec()));
    chain.call(&setting.alice, child.transfer_in(1, alice, bob, 60)).expect("all of it");
    let holding = chain.query(child.holding(bob)).expect("answered");
    let both = [Part { partition: 1, units: 60 }, Part { partition: 2, units: 30 }];
    assert_eq!((holding.units, holding.parts), (90, both.to_vec()));
    assert_eq!(chain.query(child.holding(alice)).expect("answered").parts, []);
    assert_eq!(chain.call(&setting.bob, child.redeem(bob, 2, 30)), Ok(()));
    let nothing = [Reason::InsufficientBalance { have: 0, want: 1 }];
    assert_eq!(refused(chain.call(&setting.bob, child.redeem(bob, 2, 1))), nothing);
    // A force takes the common units first, then the others by their numbers.
    chain.call(&setting.alice, child.transfer(alice, bob, 5)).expect("moved");
    chain.call(&setting.issuer, child.forced_transfer(bob, alice, 15)).expect("forced");
    let parts = [0, 1].map(|partition| chain.query(child.balance_in(alice, partition)).expect("answered"));
    assert_eq!(parts, [40, 10]);
    assert_eq!(chain.query(child.balance_in(bob, 1)), Ok(50));
}

#[contract_test]
fn partitions_go_on_in_the_next_version(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let alice = setting.alice.address;
    setting.issue(chain, &setting.alice, 100).expect("issued");
    let second = setting.child(chain);
    chain.call(&setting.issuer, setting.parent.upgrade_for(alice)).expect("moved over by an agent");
    for number in 1..=MAX_PARTITIONS {
        assert_eq!(chain.call(&setting.issuer, second.open_partition("class".into())), Ok(number));
    }
    let most = TokenError::TooMany { most: MAX_PARTITIONS };
    assert_eq!(error(chain.call(&setting.issuer, second.open_partition("one more".into()))), most);
    for number in 1..=MAX_PARTITIONS {
        chain.call(&setting.issuer, second.convert(alice, 0, number, 6)).expect("converted");
    }
    let before = chain.query(second.holding(alice)).expect("answered");
    assert_eq!((before.parts.len(), before.in_partition(0)), (16, 4));
    let third = setting.next(chain, &second);
    assert_eq!(chain.query(third.partitions()), Ok(MAX_PARTITIONS));
    assert_eq!(chain.call(&setting.alice, second.upgrade(alice)), Ok(100));
    assert_eq!(chain.query(third.holding(alice)), Ok(before));
    let closed = TokenError::AlreadyUpgraded { child: third.address };
    assert_eq!(error(chain.call(&setting.issuer, second.convert(alice, 0, 1, 1))), closed);
}
