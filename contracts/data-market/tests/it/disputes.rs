//! A wrong key is shown by opening it before everybody: its units go back, and the gateway pays.

use crate::setting::{DISPUTE_MS, Kept, PENALTY, PLENTY, Setting, refused};
use counterpart_testing::{Chain, contract_test};
use data_market::{MarketError, RequestStatus, Wrapped};

const SEED: [u8; 32] = [0x5E; 32];

fn delivered(chain: &mut Chain, setting: &Setting, spoil: impl Fn(&mut Vec<[u8; 32]>)) -> Vec<Kept> {
    let kept = setting.record_some(chain, 2);
    let mut keys: Vec<_> = kept.iter().map(|kept| kept.key).collect();
    spoil(&mut keys);
    setting.ask(chain, vec![0, 1], SEED).expect("asked");
    setting.deliver(chain, 0, &keys).expect("delivered");
    kept
}

#[contract_test]
fn a_wrong_key_costs_the_gateway(chain: &mut Chain) {
    let setting = Setting::new(chain);
    delivered(chain, &setting, |keys| keys[1] = [0xBA; 32]);
    let dispute = |event| setting.market.dispute(0, event, SEED, None);
    assert!(chain.call(&setting.owner, dispute(1)).is_err(), "not the buyer");
    assert_eq!(chain.call(&setting.buyer, dispute(1)), Ok(()));
    let account = setting.account(chain);
    assert_eq!((account.available, account.locked), (PLENTY / 2 - 100, 100), "its units are back");
    assert_eq!(setting.claim_of(chain, setting.buyer.address), PENALTY);
    assert_eq!(chain.query(setting.market.bond(setting.gateway.address)), Ok(9 * PENALTY));
    let once = MarketError::NoDeduction { event: 1 };
    assert_eq!(chain.call(&setting.buyer, dispute(1)), refused(once), "refunded once");
    chain.call(&setting.buyer, setting.market.confirm(0)).expect("the other one is right");
    assert_eq!(setting.account(chain).spent, 100);
    let parts = [&setting.gateway, &setting.fund, &setting.owner].map(|who| setting.claim_of(chain, who.address));
    assert_eq!(parts.iter().sum::<u128>(), 100, "nobody is paid for the wrong one");
}

#[contract_test]
fn a_right_key_is_not_disputed(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let kept = delivered(chain, &setting, |_| ());
    let without = setting.market.dispute(0, 0, SEED, None);
    assert_eq!(chain.call(&setting.buyer, without), refused(MarketError::NothingWrong));
    let with = setting.market.dispute(0, 0, SEED, Some(kept[0].body.clone()));
    assert_eq!(chain.call(&setting.buyer, with), refused(MarketError::NothingWrong));
    let mut changed = kept[0].body.clone();
    changed.ciphertext[0] ^= 1;
    let forged = setting.market.dispute(0, 0, SEED, Some(changed));
    assert_eq!(chain.call(&setting.buyer, forged), refused(MarketError::WrongBody));
    let other = setting.market.dispute(0, 0, SEED, Some(kept[1].body.clone()));
    assert_eq!(chain.call(&setting.buyer, other), refused(MarketError::WrongBody));
    let lied = setting.market.dispute(0, 0, [1; 32], None);
    assert_eq!(chain.call(&setting.buyer, lied), refused(MarketError::WrongSeed), "another seed opens nothing");
    let foreign = setting.market.dispute(0, 5, SEED, None);
    assert_eq!(chain.call(&setting.buyer, foreign), refused(MarketError::NoDeduction { event: 5 }));
}

#[contract_test]
fn rubbish_instead_of_a_sealed_key_is_a_wrong_key(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.record_some(chain, 1);
    setting.ask(chain, vec![0], SEED).expect("asked");
    let rubbish = Wrapped { enc: [9; 32], ciphertext: vec![7; 48] };
    chain.call(&setting.gateway, setting.market.deliver(0, vec![rubbish])).expect("delivered");
    assert_eq!(chain.call(&setting.buyer, setting.market.dispute(0, 0, SEED, None)), Ok(()));
    assert_eq!(setting.account(chain).locked, 0);
}

#[contract_test]
fn a_key_for_another_body_is_wrong_too(chain: &mut Chain) {
    let setting = Setting::new(chain);
    // The gateway commits to a key when it takes the event in, and seals the body for another one.
    let (event, kept) = setting.record(chain, 1, Some([0x44; 32]));
    setting.ask(chain, vec![event], SEED).expect("asked");
    setting.deliver(chain, 0, &[kept.key]).expect("delivered");
    let dispute = setting.market.dispute(0, event, SEED, Some(kept.body));
    assert_eq!(chain.call(&setting.buyer, dispute), Ok(()));
    assert_eq!(setting.claim_of(chain, setting.buyer.address), PENALTY);
}

#[contract_test]
fn disputes_have_their_time(chain: &mut Chain) {
    let setting = Setting::new(chain);
    setting.record_some(chain, 1);
    setting.ask(chain, vec![0], SEED).expect("asked");
    let dispute = || setting.market.dispute(0, 0, SEED, None);
    assert!(chain.call(&setting.buyer, dispute()).is_err(), "nothing was delivered");
    setting.deliver(chain, 0, &[[0xBA; 32]]).expect("delivered");
    chain.advance_ms(DISPUTE_MS);
    assert!(chain.call(&setting.buyer, dispute()).is_err(), "too late");
    chain.call(&setting.fund, setting.market.settle(0)).expect("settled");
    assert_eq!(setting.status(chain, 0), RequestStatus::Settled);
}
