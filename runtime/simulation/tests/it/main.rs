//! What the protocol promises, over many seeds.
//!
//! `COUNTERPART_HEIGHTS` sets how many heights are played in all: 100 000 without it.

mod machine;

use counterpart_simulation::{Outcome, Plan, run};

/// N, R, faults that this quorum survives whatever a client's rule is, and how many heights of a thousand it gets.
const WITHIN: [(u16, u16, &str, u64); 18] = [
    (4, 3, "none", 40),
    (4, 3, "loss:50,duplicates:50", 60),
    (4, 3, "partitions", 80),
    (4, 3, "crashes,skew:500", 80),
    (4, 3, "partitions,crashes,loss:20,skew:500", 100),
    (4, 3, "silent:1,loss:10", 60),
    (4, 3, "equivocate:1,jitter:8", 60),
    (4, 3, "withhold:1", 40),
    (4, 3, "forge:1,loss:10", 40),
    (4, 3, "corrupt:1", 60),
    (4, 3, "epochs,corrupt:1,loss:10,jitter:5", 60),
    (4, 3, "epochs,crashes,partitions", 60),
    (4, 3, "corrupt:1,partitions,crashes,loss:10", 100),
    (5, 4, "corrupt:1,crashes,jitter:20", 30),
    (5, 3, "silent:2", 40),
    (7, 5, "corrupt:1,equivocate:1", 40),
    (7, 5, "withhold:1,forge:1,crashes", 20),
    (10, 7, "corrupt:1,equivocate:1,forge:1,loss:10", 30),
];

fn plan(seed: u64, replicas: u16, quorum: u16, heights: u64, faults: &str) -> Plan {
    let faults = faults.parse().expect("faults");
    Plan { faults, transactions: 20, ..Plan::new(seed, replicas, quorum, heights) }
}

fn heights() -> u64 {
    std::env::var("COUNTERPART_HEIGHTS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000)
}

/// Runs seeds until so many heights are played; every promise is kept, and every run comes to its end.
fn kept(replicas: u16, quorum: u16, faults: &str, heights: u64) {
    const EACH: u64 = 100;
    let started = std::time::Instant::now();
    let mut played = 0;
    for seed in 0.. {
        if played >= heights {
            break;
        }
        let outcome = run(&plan(seed, replicas, quorum, EACH, faults));
        played += outcome.height;
        assert_eq!(outcome.violations, [], "N {replicas} R {quorum} {faults}: {outcome:#?}");
        assert!(outcome.height >= EACH, "N {replicas} R {quorum} {faults}: {outcome:#?}");
    }
    eprintln!("N {replicas} R {quorum} {faults}: {heights} heights in {:?}", started.elapsed());
}

#[test]
fn equal_seeds_give_equal_traces() {
    for (replicas, quorum, faults, _) in WITHIN {
        let plan = plan(1, replicas, quorum, 20, faults);
        let one = run(&plan);
        assert_eq!(one, run(&plan), "{faults}");
        assert_ne!(one.trace, run(&Plan { seed: 2, ..plan }).trace, "{faults}");
    }
}

#[test]
fn promises_are_kept_within_the_tolerance_first_half() {
    WITHIN
        .iter()
        .step_by(2)
        .for_each(|(replicas, quorum, faults, share)| kept(*replicas, *quorum, faults, heights() * share / 1_000));
}

#[test]
fn promises_are_kept_within_the_tolerance_second_half() {
    let second = WITHIN.iter().skip(1).step_by(2);
    second.for_each(|(replicas, quorum, faults, share)| kept(*replicas, *quorum, faults, heights() * share / 1_000));
}

/// Runs seeds with as many liars as break the quorum: approvals conflict, or the harness could not see it if they did.
fn broken(replicas: u16, quorum: u16, faults: &str, seeds: u64) -> Vec<Outcome> {
    let outcomes: Vec<Outcome> = (0..seeds).map(|seed| run(&plan(seed, replicas, quorum, 60, faults))).collect();
    outcomes.into_iter().filter(|outcome| outcome.conflicts > 0).collect()
}

#[test]
fn beyond_the_tolerance_approvals_conflict_and_evidence_names_the_excess() {
    for (replicas, quorum, faults) in
        [(4, 3, "corrupt:2"), (5, 3, "corrupt:1"), (5, 4, "corrupt:3"), (7, 5, "corrupt:3")]
    {
        let outcomes = broken(replicas, quorum, faults, 20);
        assert!(!outcomes.is_empty(), "N {replicas} R {quorum} {faults}: no conflict in any run");
        // Clients that decide by time survive these liars too: the network is timely.
        for outcome in &outcomes {
            assert_eq!(outcome.violations, [], "N {replicas} R {quorum} {faults}: {outcome:#?}");
            assert!(
                outcome.named.len() >= usize::from(outcome.promised),
                "N {replicas} R {quorum} {faults}: {outcome:#?}"
            );
        }
        eprintln!("N {replicas} R {quorum} {faults}: {} of 20 runs with conflicts", outcomes.len());
    }
}
