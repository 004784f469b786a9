//! Random anchors, withdrawals, successors, times and attempts against a model: D1 to D6 and D8 of the suite.

use crate::setting::{MINUTE_MS, Setting, TERMS, opening, rules};
use counterpart_sdk::Hash;
use counterpart_testing::{Account, Chain, Random, contract_test, from_environment};
use held_records::{Opening, Status, Verb};

struct Kept {
    opening: Opening,
    commitment: Hash,
    at_ms: u64,
    until_ms: u64,
    status: Status,
}

impl Kept {
    fn delay_ms(&self) -> u64 {
        let minutes = match self.opening.items.amount {
            0..=100 => 5,
            101..=10_000 => 60,
            _ => 24 * 60,
        };
        minutes * MINUTE_MS
    }
}

#[contract_test]
fn nothing_is_recorded_that_was_not_held_or_was_withdrawn(chain: &mut Chain) {
    let setting = Setting::new(chain, rules());
    let mut random = Random::from_environment();
    let mut kept: Vec<Kept> = Vec::new();
    let people: [&Account; 5] = [&setting.ida, &setting.ben, &setting.vera, &setting.ed, &setting.eve];
    let mut recorded = 0;
    for step in 0..from_environment("COUNTERPART_STEPS").unwrap_or(260) {
        match random.below(10) {
            0..=2 => {
                let amount = *random.pick(&[0, 100, 101, 10_000, 10_001]);
                let mut made = opening(step as u8, amount);
                made.salt[..8].copy_from_slice(&step.to_le_bytes());
                let (commitment, at_ms) = setting.anchor(chain, made);
                kept.push(Kept { opening: made, commitment, at_ms, until_ms: 0, status: Status::Held });
            }
            3 => {
                let minutes = *random.pick(&[1, 4, 5, 30, 60, 700]);
                chain.advance_ms(minutes * MINUTE_MS - random.below(2));
            }
            4 if !kept.is_empty() => {
                let at = random.below(kept.len() as u64) as usize;
                let who = *random.pick(&people);
                let commitment = kept[at].commitment;
                let signed = setting.sign(chain, who, commitment, Verb::Cancel, step);
                let done = chain.call(&setting.eve, setting.records.cancel(commitment, signed)).is_ok();
                let may = kept[at].status == Status::Held && std::ptr::eq(who, &setting.vera);
                assert_eq!(done, may);
                if done {
                    kept[at].status = Status::Cancelled;
                }
            }
            5 if kept.len() > 1 => {
                let [of, by] = [0; 2].map(|_| random.below(kept.len() as u64) as usize);
                let who = *random.pick(&people);
                let (record, next) = (kept[of].commitment, kept[by].commitment);
                let signed = setting.sign(chain, who, record, Verb::Supersede { by: next }, step);
                if chain.call(&setting.eve, setting.records.supersede(record, next, signed)).is_ok() {
                    assert!(
                        kept[of].status == Status::Held && of < by,
                        "D4: a younger one in the place of an older one"
                    );
                    kept[of].status = Status::Superseded(next);
                }
            }
            6 if !kept.is_empty() => {
                let at = random.below(kept.len() as u64) as usize;
                let commitment = kept[at].commitment;
                let until_ms = chain.time_ms() + random.below(120) * MINUTE_MS;
                let signed = setting.sign(chain, &setting.vera, commitment, Verb::Extend { until_ms }, step);
                let done = chain.call(&setting.eve, setting.records.extend(commitment, until_ms, signed)).is_ok();
                assert_eq!(done, kept[at].status == Status::Held && until_ms > kept[at].until_ms);
                if done {
                    kept[at].until_ms = until_ms;
                }
            }
            _ if !kept.is_empty() => {
                let held = |one: &Kept| one.status == Status::Held;
                let some: Vec<usize> = (0..kept.len()).filter(|at| random.one_in(9) || held(&kept[*at])).collect();
                let Some(at) = some.first().map(|_| *random.pick(&some)) else { continue };
                let sooner: &[&Account] = if random.one_in(3) { &[&setting.ben, &setting.ed] } else { &[] };
                let wanted: Vec<&Account> = match random.one_in(2) {
                    true => vec![&setting.ida, &setting.ben],
                    false => people.iter().copied().filter(|_| random.one_in(2)).collect(),
                };
                let before = chain.time_ms();
                let done = setting.take(chain, kept[at].opening, &wanted, sooner).is_ok();
                let one = &kept[at];
                let delay_ms = if sooner.is_empty() { one.delay_ms() } else { 2 * MINUTE_MS };
                let ready_ms = (one.at_ms + delay_ms).max(one.until_ms);
                let quorum = if one.opening.items.amount > 10_000 { 2 } else { 1 };
                let instructors =
                    wanted.iter().all(|who| std::ptr::eq(*who, &setting.ida) || std::ptr::eq(*who, &setting.ben));
                let may = one.status == Status::Held
                    && instructors
                    && wanted.len() >= quorum
                    && (ready_ms..=ready_ms + TERMS.grace_ms).contains(&before);
                assert_eq!(done, may, "D1, D2, D3, D5, D6: ready at {ready_ms}, now {before}, {:?}", one.status);
                if done {
                    kept[at].status = Status::Recorded;
                    recorded += 1;
                }
            }
            _ => {}
        }
    }
    for one in &kept {
        let found = chain.query(setting.records.commitment(one.commitment)).expect("answered").expect("there");
        assert_eq!(found.status, one.status);
        let record = chain.query(setting.records.record_of(one.commitment)).expect("answered");
        assert_eq!(record.is_some(), one.status == Status::Recorded, "D8");
        // Whoever has a successor is named by it, and by nobody else (D4).
        if let Status::Superseded(by) = one.status {
            let next = chain.query(setting.records.commitment(by)).expect("answered").expect("there");
            assert_eq!(next.before, Some(one.commitment), "D4");
        }
    }
    assert!(recorded > 5, "{recorded} records");
}
