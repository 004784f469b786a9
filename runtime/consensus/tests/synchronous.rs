//! The synchronous rule against every schedule of two honest replicas and any number of liars, in ticks of a small clock.
//!
//! An observer receives the certificate of a block at tick 0, forwards it, and waits. Each honest replica may skip the view or
//! vote for another block at any tick before the certificate reaches it; the core decides whether it still may after that.
//! Messages between honest parties take at most Delta. Liars need `R - F` honest replicas to certify another block, or to skip.

use counterpart_consensus::{Core, Effect, Event, Observer, Proposed, Sight};
use counterpart_ledger::{Hash, Phase, SecretKey, ValidatorSet};

const DELTA: i64 = 4;
const N: u16 = 4;
const R: u16 = 3;

/// What an honest replica does that helps another certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    Nothing,
    Skip,
    VoteOtherwise,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mutation {
    None,
    WaitsTooShort,
    DoesNotForward,
    IgnoresSkips,
    IgnoresVotes,
}

/// One honest replica's schedule, and what comes of it: what it did against the block, and when the observer hears of it.
fn play(turn: Turn, at: i64, forwarded: Option<i64>, message: i64) -> (Turn, i64) {
    let mut core: Core<u8, ()> = Core::new(N, Some(0), 0);
    let certified = Event::Certified { view: 1, block: 1, proof: () };
    // In the same tick the worse order counts: it signs first.
    let early = forwarded.is_some_and(|arrives| arrives < at);
    if early {
        core.step(certified);
    }
    let event = match turn {
        Turn::Nothing => return (Turn::Nothing, 0),
        Turn::Skip => Event::TimedOut { view: 1 },
        Turn::VoteOtherwise => Event::Proposed(Proposed { view: 1, block: 2, parent_view: 0, parent: 0 }),
    };
    let signs = core.step(event).iter().any(|effect| {
        matches!(effect, Effect::Sign { phase: Phase::Skip, .. })
            || matches!(effect, Effect::Sign { phase: Phase::Vote, .. })
    });
    if signs { (turn, at + message) } else { (Turn::Nothing, 0) }
}

/// Plays every schedule with F liars; answers how many approvals there were, and how many of them could be undone.
fn explore(liars: u16, mutation: Mutation) -> (u64, u64) {
    let keys = (0..N as u8).map(|index| SecretKey::from_seed([index; 32]).public_key());
    let set = ValidatorSet { epoch: 0, members: keys.collect(), quorum: R };
    let wait = if mutation == Mutation::WaitsTooShort { 2 * DELTA - 1 } else { 2 * DELTA };
    let mut schedules = vec![(Turn::Nothing, 0)];
    for turn in [Turn::Skip, Turn::VoteOtherwise] {
        for at in -2 * DELTA..=2 * DELTA {
            for forward in 0..=DELTA {
                for message in 0..=DELTA {
                    let forwarded = (mutation != Mutation::DoesNotForward).then_some(forward);
                    schedules.push(play(turn, at, forwarded, message));
                }
            }
        }
    }
    schedules.sort_unstable_by_key(|(turn, heard)| (*turn as u8, *heard));
    schedules.dedup();
    let (mut approvals, mut unsafe_ones) = (0, 0);
    for one in &schedules {
        for other in &schedules {
            let heard =
                |kind: Turn| [one, other].iter().filter(|(turn, heard)| *turn == kind && *heard <= wait).count() as u16;
            let skippers = if mutation == Mutation::IgnoresSkips { 0 } else { heard(Turn::Skip) };
            let others = if mutation == Mutation::IgnoresVotes { 0 } else { heard(Turn::VoteOtherwise) };
            let mut observer = Observer::default();
            observer.forwarded(1, Hash::ZERO, 0);
            let sight = observer.sight(1, &Hash::ZERO, wait as u64, (skippers, others)).expect("forwarded");
            // A mutant that waits too short believes that it waited long enough.
            let sight = Sight { elapsed_ms: 2 * DELTA as u64, ..sight };
            if sight.tolerated(&set, DELTA as u64).is_none_or(|tolerated| tolerated < liars) {
                continue;
            }
            approvals += 1;
            let did = |kind: Turn| [one, other].iter().filter(|(turn, _)| *turn == kind).count() as u16;
            unsafe_ones += u64::from(liars + did(Turn::Skip) >= R || liars + did(Turn::VoteOtherwise) >= R);
        }
    }
    (approvals, unsafe_ones)
}

#[test]
fn no_schedule_undoes_what_an_observer_approved() {
    for liars in 0..R {
        let (approvals, unsafe_ones) = explore(liars, Mutation::None);
        assert!(approvals > 0 && unsafe_ones == 0, "F {liars}: {unsafe_ones} of {approvals}");
    }
}

#[test]
fn each_broken_rule_is_found() {
    for mutation in [Mutation::WaitsTooShort, Mutation::DoesNotForward, Mutation::IgnoresSkips, Mutation::IgnoresVotes]
    {
        let found = (0..R).any(|liars| explore(liars, mutation).1 > 0);
        assert!(found, "{mutation:?} is not found");
    }
}

#[test]
fn the_wait_ends_at_twice_delta_and_not_a_millisecond_before() {
    let keys = (0..N as u8).map(|index| SecretKey::from_seed([index; 32]).public_key());
    let set = ValidatorSet { epoch: 0, members: keys.collect(), quorum: R };
    let sight = |elapsed_ms, skippers, others| Sight { elapsed_ms, skippers, others }.tolerated(&set, 100);
    assert_eq!(sight(199, 0, 0), None);
    assert_eq!(sight(200, 0, 0), Some(2));
    assert_eq!(sight(200, 1, 0), Some(1));
    assert_eq!(sight(200, 1, 2), Some(0));
    assert_eq!(sight(200, 3, 0), None);
}
