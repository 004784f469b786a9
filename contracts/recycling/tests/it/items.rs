//! Items go one way, end once, and what is made of them weighs no more than they did.

use crate::setting::{Setting, refused};
use counterpart_sdk::Hash;
use counterpart_sdk::codec::Encode;
use counterpart_testing::{Chain, contract_test};
use recycling::{MAX_ITEMS, RecyclingError, Stage};

const BOTTLE: Hash = Hash([0xB0; 32]);

/// An item that was sorted and is with the recycler.
fn sorted(chain: &mut Chain, setting: &Setting, item: Hash, grams: u64) {
    let recycler = &setting.recycler;
    chain.call(recycler, setting.register.register_item(recycler.address, item, grams)).expect("registered");
    for stage in [Stage::Deposited, Stage::Collected, Stage::Sorted] {
        chain.call(recycler, setting.register.move_item(item, stage, recycler.address)).expect("moved");
    }
}

#[contract_test]
fn an_item_is_deposited_once(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let (recycler, owner) = (&setting.recycler, &setting.owner);
    let register = |item, grams| setting.register.register_item(recycler.address, item, grams);
    chain.call(recycler, register(BOTTLE, 30)).expect("registered");
    let again = Err(refused(RecyclingError::NoItem { item: BOTTLE }));
    assert_eq!(chain.call(recycler, register(BOTTLE, 30)), again, "an id is used once");
    assert!(chain.call(recycler, register(Hash([1; 32]), 0)).is_err(), "it weighs something");
    let forward = setting.register.move_item(BOTTLE, Stage::Deposited, owner.address);
    chain.call(recycler, forward).expect("deposited");
    let twice = setting.register.move_item(BOTTLE, Stage::Deposited, owner.address);
    let wrong = RecyclingError::WrongStage { item: BOTTLE, stage: Stage::Deposited };
    assert_eq!(chain.call(owner, twice), Err(refused(wrong.clone())), "the same bottle twice");
    for skipped in [Stage::Registered, Stage::Sorted, Stage::Processed] {
        let skip = setting.register.move_item(BOTTLE, skipped, owner.address);
        assert_eq!(chain.call(owner, skip), Err(refused(wrong.clone())));
    }
    let stranger = setting.register.move_item(BOTTLE, Stage::Collected, recycler.address);
    assert!(chain.call(recycler, stranger).is_err(), "it is in somebody else's hands");
    let found = chain.query(setting.register.item(BOTTLE)).expect("answered").expect("there");
    assert_eq!((found.stage, found.custodian, found.grams), (Stage::Deposited, owner.address, 30));
}

#[contract_test]
fn what_was_made_of_items_names_them(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let ids = [Hash([1; 32]), Hash([2; 32])];
    sorted(chain, &setting, ids[0], 600);
    sorted(chain, &setting, ids[1], 400);
    let product = Hash([3; 32]);
    let recycler = setting.recycler.address;
    let process = setting.register.process(recycler, ids.to_vec(), vec![(product, 1_020)]);
    assert_eq!(chain.call(&setting.recycler, process), Ok(false), "two in a hundred is what scales are off");
    let made = chain.query(setting.register.item(product)).expect("answered").expect("there");
    assert_eq!((made.parents, made.grams, made.stage), (ids.to_vec(), 1_020, Stage::Registered));
    for item in ids {
        let wrong = RecyclingError::WrongStage { item, stage: Stage::Processed };
        let again = setting.register.process(recycler, vec![item], vec![]);
        assert_eq!(chain.call(&setting.recycler, again), Err(refused(wrong.clone())), "its end");
        let back = setting.register.move_item(item, Stage::Deposited, recycler);
        assert_eq!(chain.call(&setting.recycler, back), Err(refused(wrong)));
    }
}

#[contract_test]
fn more_out_than_in_is_flagged_and_stays_so(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let [input, product, part] = [1, 2, 3].map(|id| Hash([id; 32]));
    sorted(chain, &setting, input, 1_000);
    let recycler = setting.recycler.address;
    let process = setting.register.process(recycler, vec![input], vec![(product, 1_021)]);
    assert_eq!(chain.call(&setting.recycler, process), Ok(true));
    let grams = (1_000_u64, 1_021_u64).encode();
    assert!(chain.events().iter().any(|event| event.data.ends_with(&grams)), "the event tells what was weighed");
    for stage in [Stage::Deposited, Stage::Collected, Stage::Sorted] {
        chain.call(&setting.recycler, setting.register.move_item(product, stage, recycler)).expect("moved");
    }
    let honest = setting.register.process(recycler, vec![product], vec![(part, 900)]);
    assert_eq!(chain.call(&setting.recycler, honest), Ok(true), "what a flagged item became is flagged");
}

#[contract_test]
fn steps_are_recyclers_own_and_bounded(chain: &mut Chain) {
    let setting = Setting::new(chain);
    sorted(chain, &setting, BOTTLE, 10);
    let (recycler, owner) = (setting.recycler.address, &setting.owner);
    let step = |by, inputs, outputs| setting.register.process(by, inputs, outputs);
    let stranger = step(owner.address, vec![BOTTLE], vec![]);
    assert_eq!(chain.call(owner, stranger), Err(refused(RecyclingError::Stranger)));
    chain.call(&setting.admin, setting.register.set_recycler(owner.address, true)).expect("admitted");
    let others = step(owner.address, vec![BOTTLE], vec![]);
    assert_eq!(chain.call(owner, others), Err(refused(RecyclingError::Stranger)), "it has not got the item");
    let many = RecyclingError::TooMany { limit: MAX_ITEMS as u32 };
    assert_eq!(chain.call(&setting.recycler, step(recycler, vec![], vec![])), Err(refused(many.clone())));
    let inputs = step(recycler, vec![BOTTLE; MAX_ITEMS + 1], vec![]);
    assert_eq!(chain.call(&setting.recycler, inputs), Err(refused(many.clone())));
    let outputs = step(recycler, vec![BOTTLE], vec![(Hash([8; 32]), 1); MAX_ITEMS + 1]);
    assert_eq!(chain.call(&setting.recycler, outputs), Err(refused(many)));
    let twice = step(recycler, vec![BOTTLE, BOTTLE], vec![]);
    let ended = RecyclingError::WrongStage { item: BOTTLE, stage: Stage::Processed };
    assert_eq!(chain.call(&setting.recycler, twice), Err(refused(ended)));
    let same = step(recycler, vec![BOTTLE], vec![(Hash([8; 32]), 1), (Hash([8; 32]), 1)]);
    assert_eq!(chain.call(&setting.recycler, same), Err(refused(RecyclingError::NoItem { item: Hash([8; 32]) })));
}
