//! Random devices, gaps, revocations, items and rewards: R4, R6, R8 and R9 of the suite.

use crate::setting::{PLENTY, Setting};
use counterpart_sdk::Hash;
use counterpart_testing::{Chain, Random, contract_test, from_environment};
use recycling::{Reading, Stage};
use std::collections::BTreeMap;

const DEVICES: u64 = 4;

#[contract_test]
fn nothing_counts_twice(chain: &mut Chain) {
    let setting = Setting::new(chain);
    let mut random = Random::from_environment();
    chain.call_consenting(&setting.admin, setting.register.fund(setting.admin.address, 2_000)).expect("funded");
    let mut next: BTreeMap<u64, u64> = (0..DEVICES).map(|device| (setting.device(chain, device), 0)).collect();
    let mut revoked = Vec::new();
    let mut events = 0;
    let mut items: Vec<Hash> = Vec::new();
    for step in 0..from_environment("COUNTERPART_STEPS").unwrap_or(200) {
        let device = random.below(DEVICES);
        match random.below(10) {
            0..=4 => {
                // Mostly the next number; one that was there, or one too far, now and then.
                let off = if random.one_in(3) { random.below(3) } else { 1 };
                let counter = (next[&device] + off).saturating_sub(1);
                let depositor = random.one_in(2).then_some(setting.depositor.address);
                let reading = Reading { grams: random.below(40), depositor, ..setting.reading(chain, device, counter) };
                let outcome = setting.submit(chain, vec![setting.signed(chain, reading)]);
                let accepted = counter == next[&device] && !revoked.contains(&device);
                assert_eq!(outcome.is_ok(), accepted, "R4, R9: {counter} where {} is next", next[&device]);
                if accepted {
                    assert_eq!(outcome, Ok(events));
                    events += 1;
                    next.insert(device, counter + 1);
                }
            }
            5 => {
                let until = next[&device] + random.below(4);
                let accepted = until > next[&device] && !revoked.contains(&device);
                assert_eq!(setting.gap(chain, device, until).is_ok(), accepted, "R4");
                if accepted {
                    next.insert(device, until);
                }
            }
            6 if random.one_in(12) => {
                let revoke = setting.register.revoke_device(setting.owner.address, device);
                chain.call(&setting.owner, revoke).expect("revoked");
                revoked.push(device);
            }
            7 => {
                let mut id = [0x70; 32];
                id[..8].copy_from_slice(&step.to_le_bytes());
                let register = setting.register.register_item(setting.recycler.address, Hash(id), 1 + random.below(99));
                chain.call(&setting.recycler, register).expect("registered");
                items.push(Hash(id));
            }
            8 if !items.is_empty() => {
                let item = *random.pick(&items);
                let stage = *random.pick(&[Stage::Deposited, Stage::Collected, Stage::Sorted, Stage::Processed]);
                let before = chain.query(setting.register.item(item)).expect("answered").expect("there").stage;
                let forward = setting.register.move_item(item, stage, setting.recycler.address);
                let moved = chain.call(&setting.recycler, forward).is_ok();
                let allowed = stage != Stage::Processed && stage as u8 == before as u8 + 1;
                assert_eq!(moved, allowed, "R6: {before:?} to {stage:?}");
            }
            9 if !items.is_empty() => step_of(chain, &setting, &mut random, &mut items, step),
            _ => chain.advance_ms(random.below(30_000)),
        }
        assert_eq!(chain.query(setting.register.count()), Ok(events));
        let budget = chain.query(setting.register.budget()).expect("answered");
        let owed = chain.query(setting.register.reward_of(setting.depositor.address)).expect("answered");
        assert_eq!(budget + owed, 2_000, "R7 of rewards: nothing is owed that is not there");
        for gone in &revoked {
            let sold = (0..events).find(|event| {
                let found = chain.query(setting.register.event(*event)).expect("answered").expect("there");
                found.reading.device == *gone && chain.query(setting.register.seller(*event)) != Ok(None)
            });
            assert_eq!(sold, None, "R9");
        }
    }
    let held = chain.query(setting.money.balance_of(setting.register.address)).expect("answered");
    assert_eq!((held, chain.query(setting.money.total_supply())), (2_000, Ok(PLENTY)));
    assert!(events > 10, "enough happened: {events}");
}

/// One step of a recycler: what of it is flagged is what weighs more than it may.
fn step_of(chain: &mut Chain, setting: &Setting, random: &mut Random, items: &mut Vec<Hash>, step: u64) {
    let inputs: Vec<_> = (0..1 + random.below(3)).map(|_| *random.pick(items)).collect();
    let before: Vec<_> =
        inputs.iter().map(|id| chain.query(setting.register.item(*id)).expect("answered").expect("there")).collect();
    let grams_in: u64 = before.iter().map(|item| item.grams).sum();
    let grams_out = 1 + random.below(2 * grams_in);
    let mut id = [0x90; 32];
    id[..8].copy_from_slice(&step.to_le_bytes());
    let process = setting.register.process(setting.recycler.address, inputs.clone(), vec![(Hash(id), grams_out)]);
    let outcome = chain.call(&setting.recycler, process);
    let distinct = (1..inputs.len()).all(|index| !inputs[..index].contains(&inputs[index]));
    let ready = distinct && before.iter().all(|item| item.stage == Stage::Sorted);
    assert_eq!(outcome.is_ok(), ready, "R6");
    if let Ok(flagged) = outcome {
        let inherited = before.iter().any(|item| item.flagged);
        assert_eq!(flagged, inherited || grams_out * 100 > grams_in * 102, "R8: {grams_in} in, {grams_out} out");
        items.push(Hash(id));
    }
}
