//! Random modules: every engine gives the same result, and metering changes nothing but the counters.
//!
//! `DIFFERENTIAL_MODULES` sets how many modules are tried, `DIFFERENTIAL_SEED` where to begin; both are printed.
//! `cargo xtask fuzz` is the long campaign.

use counterpart_differential::{GAS, Observation, hold};
use counterpart_golden::hex;
use std::path::Path;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn random_modules_agree_on_every_engine_with_and_without_metering() {
    let (first, count) = (number("DIFFERENTIAL_SEED", 1), number("DIFFERENTIAL_MODULES", 40));
    println!("DIFFERENTIAL_SEED={first} DIFFERENTIAL_MODULES={count}");
    let mut tried = 0;
    for seed in first..first + count {
        let result = std::panic::catch_unwind(|| hold(seed).is_some());
        tried += u64::from(
            result.unwrap_or_else(|_| panic!("seed {seed} (DIFFERENTIAL_SEED={seed} DIFFERENTIAL_MODULES=1)")),
        );
    }
    println!("{tried} of {count} modules were accepted and run");
    assert!(tried * 4 >= count * 3, "only {tried} of {count} modules were accepted");
}

/// One line of the corpus.
fn line(seed: u64, seen: &[Observation; 2]) -> String {
    let frame = |seen: &Observation| {
        let memory = seen.memory.map_or_else(|| "none".to_owned(), |hash| hex(&hash.0[..8]).trim().to_owned());
        format!("{:?} gas {} stack {} memory {memory} calls {}", seen.end, GAS - seen.gas, seen.stack, seen.calls.len())
    };
    format!("{seed} | {} | {}\n", frame(&seen[0]), frame(&seen[1]))
}

#[test]
fn the_corpus_ends_as_it_always_did() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/modules.txt");
    let text = std::fs::read_to_string(&path).expect("the corpus is there");
    let seeds = text.lines().filter_map(|line| line.split(' ').next()?.parse::<u64>().ok());
    // One that is refused now is missing then, which differs too.
    let lines: Vec<String> = seeds.filter_map(|seed| Some(line(seed, &hold(seed)?))).collect();
    assert!(lines.len() >= 20, "the corpus has {} modules", lines.len());
    counterpart_golden::check(&path, &lines.concat());
}
