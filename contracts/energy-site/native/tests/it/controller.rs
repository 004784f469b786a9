//! G8 of the suite, and decisions that replay.

use counterpart_testing::{Random, from_environment};
use plant::controller::CENTRES;
use plant::plant::{BTU_PER_SCF, RULES};
use plant::{Log, Plant, Rules, Setpoints};

#[test]
fn demand_is_never_more_than_there_is_and_replays() {
    let mut random = Random::from_environment();
    for _ in 0..from_environment("COUNTERPART_STEPS").unwrap_or(300) {
        let rules = Rules {
            unit_w: 1 + random.below(5_000),
            units: [random.below(60) as u32, random.below(60) as u32],
            ramp: random.below(10) as u32,
            reserve_ppm: random.below(200_000),
            least_w: random.below(100_000),
            rest: random.below(8) as u32,
        };
        let mut log = Log::new(rules, Setpoints::default());
        for _ in 0..200 {
            let some = [0, random.below(1_000), random.below(400_000), u64::MAX];
            let available = *random.pick(&some);
            let before = log.last();
            let set = log.step(available);
            assert!(set.demand_w(&rules) <= available, "G8: {set:?} of {available}");
            assert!((0..CENTRES).all(|at| set.running[at] <= rules.units[at]));
            let runs = set.demand_w(&rules);
            assert!(runs == 0 || runs >= rules.least_w, "below the least load");
            // Nothing starts faster than it may, but for the first step from nothing.
            let least = rules.least_w.div_ceil(rules.unit_w) as u32;
            let ramp = if before.all() == 0 { rules.ramp.max(least) } else { rules.ramp };
            assert!(set.all() <= before.all() + ramp);
            // The second centre is shed before the first.
            assert!(set.running[0] >= before.running[0] || set.running[1] == 0);
        }
        assert!(log.replays());
        let at = random.below(200) as usize;
        let mut bent = log.clone();
        bent.entries[at].available_w ^= 1;
        assert!(!bent.replays(), "another input is another log");
        let mut bent = log.clone();
        bent.entries[at].set.running[0] ^= 1;
        assert!(!bent.replays(), "another decision is another log");
    }
}

#[test]
fn the_load_does_not_swing() {
    let mut log = Log::new(RULES, Setpoints::default());
    let mut starts = 0;
    for minute in 0..600_u64 {
        let before = log.last().all();
        // The flow goes up and down by a tenth every minute.
        let now = log.step(if minute % 2 == 0 { 200_000 } else { 180_000 }).all();
        starts += u32::from(now > before && minute > 30);
    }
    assert!(starts <= 100, "{starts} starts in ten hours");
    assert!(log.last().all() > 40, "and it runs");
}

#[test]
fn a_month_of_the_plant_adds_up_and_is_the_same_again() {
    let month = |seed| {
        let mut plant = Plant::new(seed);
        let mut stopped = 0;
        for _ in 0..30 * 24 * 60 {
            let minute = plant.minute();
            assert!(minute.demand_w <= minute.available_w, "G8");
            stopped += u32::from(minute.demand_w == 0);
        }
        assert!(plant.log.replays());
        (plant.gas(), plant.generated_wh(), plant.used_wh(0) + plant.used_wh(1), stopped, plant.log.hash)
    };
    let (gas, generated, used, stopped, hash) = month(7);
    assert_eq!(month(7), (gas, generated, used, stopped, hash));
    assert_ne!(month(8).4, hash);
    // Between full load and none a kilowatt hour takes 9 000 to 11 500 Btu; the transformer keeps a part.
    let btu = u128::from(gas) * u128::from(BTU_PER_SCF) / 1_000;
    let rate = btu * 1_000 / u128::from(generated);
    assert!((9_000..11_500).contains(&rate), "{rate} Btu for a kWh");
    assert!(used < generated && used * 1_000 > generated * 980, "{used} of {generated}");
    assert!(used > 30_000_000, "{used} Wh in a month");
}
