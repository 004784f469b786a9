//! Tasks: several compute the same, and those that agree are paid.

use crate::setting::{PLENTY, Setting, error};
use compute_pool::{Payout, PoolError, TaskOrder};
use counterpart_sdk::Hash;
use counterpart_sdk::codec::Encode;
use counterpart_testing::{Chain, Failure, contract_test};
use sha2::{Digest, Sha256};

const MINUTE_MS: u64 = 60_000;

fn setting(chain: &mut Chain) -> Setting {
    Setting::new(chain, Payout::PerShare { units: 1 })
}

fn order(chain: &Chain) -> TaskOrder {
    let now = chain.time_ms();
    TaskOrder {
        input: Hash([1; 32]),
        pay: 100,
        replicas: 3,
        quorum: 2,
        commit_ms: now + 10 * MINUTE_MS,
        show_ms: now + 20 * MINUTE_MS,
    }
}

fn post(setting: &Setting, chain: &mut Chain, order: TaskOrder) -> Result<u64, Failure<PoolError>> {
    chain.call_consenting(&setting.payer, setting.pool.post_task(setting.payer.address, order))
}

fn commit(setting: &Setting, chain: &mut Chain, task: u64, unit: u64, result: &[u8]) -> Result<(), Failure<PoolError>> {
    let text = (unit, result.to_vec(), [unit as u8; 32]).encode();
    let commitment = Hash(Sha256::digest(text).into());
    let owner = &setting.owners[unit as usize];
    chain.call(owner, setting.pool.commit_result(task, unit, commitment))
}

fn show(setting: &Setting, chain: &mut Chain, task: u64, unit: u64, result: &[u8]) -> Result<(), Failure<PoolError>> {
    let show = setting.pool.show_result(task, unit, result.to_vec(), [unit as u8; 32]);
    chain.call(&setting.payer, show)
}

#[contract_test]
fn those_that_agree_are_paid_and_the_rest_goes_back(chain: &mut Chain) {
    let setting = setting(chain);
    let order = order(chain);
    assert_eq!(post(&setting, chain, order), Ok(0));
    assert_eq!(setting.held(chain, setting.pool.address), 300);
    for (unit, result) in [(0, b"right".as_slice()), (1, b"wrong"), (2, b"right")] {
        if unit < 2 {
            assert_eq!(error(show(&setting, chain, 0, unit, result)), PoolError::NoTask, "nobody copies");
        }
        commit(&setting, chain, 0, unit, result).expect("committed");
    }
    assert_eq!(error(commit(&setting, chain, 0, 0, b"other")), PoolError::Answered);
    assert_eq!(error(show(&setting, chain, 0, 0, b"other")), PoolError::WrongResult);
    show(&setting, chain, 0, 0, b"right").expect("shown");
    show(&setting, chain, 0, 1, b"wrong").expect("shown");
    assert_eq!(error(chain.call(&setting.payer, setting.pool.settle_task(0))), PoolError::NoTask, "one is missing");
    show(&setting, chain, 0, 2, b"right").expect("shown");
    assert_eq!(chain.call(&setting.payer, setting.pool.settle_task(0)), Ok(2));
    let claims: Vec<u128> = setting.owners.iter().map(|owner| setting.claim_of(chain, owner)).collect();
    assert_eq!((claims, setting.claim_of(chain, &setting.payer)), (vec![100, 0, 100], 100));
    assert_eq!(error(chain.call(&setting.payer, setting.pool.settle_task(0))), PoolError::NoTask);
    let found = chain.query(setting.pool.task(0)).expect("answered").expect("there");
    assert_eq!(found.result, Some(b"right".to_vec()));
    chain.call(&setting.payer, setting.pool.claim(setting.payer.address)).expect("back");
    assert_eq!(setting.held(chain, setting.payer.address), PLENTY - 200);
}

#[contract_test]
fn too_few_that_agree_are_nobody(chain: &mut Chain) {
    let setting = setting(chain);
    let order = order(chain);
    post(&setting, chain, order).expect("posted");
    for (unit, result) in [(0, b"one".as_slice()), (1, b"two")] {
        commit(&setting, chain, 0, unit, result).expect("committed");
    }
    let now = chain.time_ms();
    chain.advance_ms(order.commit_ms - now);
    assert_eq!(error(commit(&setting, chain, 0, 2, b"one")), PoolError::NoTask, "too late");
    for (unit, result) in [(0, b"one".as_slice()), (1, b"two")] {
        show(&setting, chain, 0, unit, result).expect("shown");
    }
    assert_eq!(error(chain.call(&setting.payer, setting.pool.settle_task(0))), PoolError::NoTask, "not yet");
    let now = chain.time_ms();
    chain.advance_ms(order.show_ms - now);
    assert_eq!(error(show(&setting, chain, 0, 0, b"one")), PoolError::NoTask, "too late");
    assert_eq!(chain.call(&setting.payer, setting.pool.settle_task(0)), Ok(0));
    assert_eq!(setting.claim_of(chain, &setting.payer), 300);
}

#[contract_test]
fn orders_that_make_no_sense_are_refused(chain: &mut Chain) {
    let setting = setting(chain);
    let good = order(chain);
    for wrong in [
        TaskOrder { replicas: 0, quorum: 0, ..good },
        TaskOrder { replicas: 17, quorum: 9, ..good },
        TaskOrder { quorum: 4, ..good },
        TaskOrder { quorum: 1, ..good },
        TaskOrder { pay: 0, ..good },
        TaskOrder { pay: u128::MAX, ..good },
        TaskOrder { commit_ms: 0, ..good },
        TaskOrder { show_ms: good.commit_ms, ..good },
    ] {
        let posted = chain.call(&setting.payer, setting.pool.post_task(setting.payer.address, wrong));
        assert_eq!(error(posted), PoolError::BadTerms, "{wrong:?}");
    }
    assert!(chain.call(&setting.owners[0], setting.pool.post_task(setting.payer.address, good)).is_err());
    post(&setting, chain, good).expect("posted");
    let foreign = setting.pool.commit_result(0, 0, Hash::ZERO);
    assert!(chain.call(&setting.owners[1], foreign).is_err(), "a unit's owner alone");
    let unknown = setting.pool.commit_result(0, 9, Hash::ZERO);
    assert_eq!(error(chain.call(&setting.owners[1], unknown)), PoolError::NoUnit);
    assert_eq!(error(commit(&setting, chain, 9, 0, b"x")), PoolError::NoTask);
    for unit in 0..3 {
        commit(&setting, chain, 0, unit, &[7; 65]).expect("committed");
    }
    assert_eq!(error(show(&setting, chain, 0, 0, &[7; 65])), PoolError::NoTask, "too long");
}
