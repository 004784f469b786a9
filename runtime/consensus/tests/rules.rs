//! The published table of strengths, rules as text, and the guard against contradictions.

use counterpart_consensus::{CommitRule, Decision, Evidence, EvidenceError, Refusal, Tally, Voter, leader, strength};
use counterpart_ledger::{ChainId, Hash, Header, Height, Phase, SecretKey, Statement, ValidatorSet};
use proptest::prelude::*;

const CHAIN: ChainId = ChainId(7);

fn keys(count: u8) -> Vec<SecretKey> {
    (0..count).map(|index| SecretKey::from_seed([index + 1; 32])).collect()
}

fn set(count: u8, quorum: u16) -> ValidatorSet {
    ValidatorSet { epoch: 0, members: keys(count).iter().map(SecretKey::public_key).collect(), quorum }
}

fn header(view: u64, mark: u8) -> Header {
    Header {
        chain: CHAIN,
        height: Height(view),
        view,
        parent: Hash([mark; 32]),
        time_ms: 1,
        proposer: 0,
        profile: Hash::ZERO,
        validator_set: Hash::ZERO,
        transactions_root: Hash::ZERO,
        parent_state_root: Hash::ZERO,
        parent_receipts_root: Hash::ZERO,
        parent_events_root: Hash::ZERO,
    }
}

/// The rows of the protocol's table: N, R, c, tolerated under the quorum rule, silent allowed, under the synchronous rule.
#[test]
fn strengths_are_those_of_the_table() {
    let rows = [
        (4, 3, 3, 1, 1, 2),
        (4, 3, 4, 2, 0, 2),
        (5, 3, 3, 0, 2, 2),
        (5, 3, 4, 1, 1, 2),
        (5, 3, 5, 2, 0, 2),
        (7, 5, 5, 2, 2, 4),
        (7, 5, 6, 3, 1, 4),
        (7, 5, 7, 4, 0, 4),
        (10, 7, 7, 3, 3, 6),
        (10, 7, 10, 6, 0, 6),
    ];
    for (n, r, c, tolerated, silent, synchronous) in rows {
        let strength = strength(&set(n, r), c).expect("at least R");
        assert_eq!(
            (strength.tolerated, strength.silent, strength.tolerated_synchronous),
            (tolerated, silent, synchronous)
        );
    }
    assert_eq!(strength(&set(4, 3), 2), None);
    assert_eq!(strength(&set(4, 3), 5), None);
}

#[test]
fn rules_are_read_and_written() {
    for text in ["quorum:0.8", "quorum:1", "quorum:0.666667", "synchronous:0.67,500ms"] {
        assert_eq!(text.parse::<CommitRule>().expect("a rule").to_string(), text);
    }
    for text in [
        "",
        "quorum",
        "quorum:",
        "quorum:0",
        "quorum:1.1",
        "quorum:0.8.1",
        "quorum:-1",
        "quorum:0.1234567",
        "synchronous:0.67",
        "synchronous:0.67,500",
        "synchronous:0.67,ms",
        "other:1",
        "quorum:1e-1",
        "quorum:٣",
    ] {
        assert!(text.parse::<CommitRule>().is_err(), "{text}");
    }
}

#[test]
fn clients_decide_by_their_own_rule() {
    let set = set(5, 3);
    let quorum: CommitRule = "quorum:0.8".parse().expect("a rule");
    assert_eq!(quorum.decide(&set, 3, 0, false), Decision::Waiting { have: 3, need: 4 });
    assert_eq!(quorum.decide(&set, 4, 0, true), Decision::Final);
    let synchronous: CommitRule = "synchronous:0.5,100ms".parse().expect("a rule");
    assert_eq!(synchronous.decide(&set, 2, 500, false), Decision::Waiting { have: 2, need: 3 });
    assert_eq!(synchronous.decide(&set, 3, 199, false), Decision::Undisturbed { wait_ms: 1 });
    assert_eq!(synchronous.decide(&set, 3, 200, false), Decision::Final);
    assert_eq!(synchronous.decide(&set, 3, 200, true), Decision::Disturbed);
}

#[test]
fn a_replica_certifies_what_it_voted_for_and_remembers_it() {
    let (set, keys) = (set(4, 3), keys(4));
    let voter =
        |index: u16, records: &[_]| Voter::new(CHAIN, set.clone(), index, keys[usize::from(index)].clone(), records);
    let (block, other) = (header(5, 1), header(5, 2));
    assert_eq!(leader(&set, 5), 1);
    assert_eq!(voter(0, &[]).propose(&block), Err(Refusal::NotTheLeader { view: 5, leader: 1 }));
    let mut proposer = voter(1, &[]);
    let (proposed, proposal) = proposer.propose(&block).expect("it leads");
    assert!(matches!(proposer.propose(&other), Err(Refusal::Contradiction { .. })));
    assert!(matches!(voter(1, &[proposed]).propose(&other), Err(Refusal::Contradiction { .. })));

    let mut tally = Tally::new(voter(0, &[]).statement(Phase::Vote, 5, block.hash()));
    let mut voters: Vec<Voter> = (0..4).map(|index| voter(index, &[])).collect();
    let mut records = Vec::new();
    for voter in &mut voters[..3] {
        let (record, signed) = voter.vote(&block, &proposal).expect("a valid proposal");
        records.push(record);
        tally.add(&set, signed).expect("a valid signature");
    }
    let certificate = tally.certificate();
    for voter in &mut voters {
        let (record, _) = voter.finalize(&certificate).expect("certified");
        assert!(matches!(voter.skip(5), Err(Refusal::Contradiction { .. })));
        records.push(record);
    }
    let mut restarted = voter(0, &[records[0]]);
    assert_eq!(restarted.finalize(&certificate), voter(0, &[]).finalize(&certificate));
    let elsewhere = Voter::new(ChainId(8), set.clone(), 0, keys[0].clone(), &[]).finalize(&certificate);
    assert!(matches!(elsewhere, Err(Refusal::Certificate(_))));
    let mut skipper = voter(3, &[]);
    skipper.skip(5).expect("nothing was certified");
    assert!(matches!(skipper.finalize(&certificate), Err(Refusal::Contradiction { .. })));
    assert!(matches!(voters[0].vote(&header(4, 1), &proposal), Err(Refusal::NotTheLeader { view: 4, leader: 0 })));
}

proptest! {
    #[test]
    fn evidence_names_liars_and_never_the_honest(seed in any::<u64>()) {
        let (set, keys) = (set(4, 3), keys(4));
        let (key, phases) = (&keys[(seed % 4) as usize], [Phase::Propose, Phase::Vote, Phase::Final, Phase::Skip]);
        let signer = (seed % 4) as u16;
        let statement = |bits: u64| {
            let phase = phases[(bits % 4) as usize];
            let block = if phase == Phase::Skip { Hash::ZERO } else { Hash([(bits >> 2) as u8 % 2 + 1; 32]) };
            Statement { chain: CHAIN, epoch: 0, phase, view: 1 + (bits >> 3) % 2, block }
        };
        let (one, other) = (statement(seed >> 8), statement(seed >> 24));
        let evidence = Evidence { first: (one, one.sign(signer, key)), second: (other, other.sign(signer, key)) };
        let differ = one.block != other.block;
        let liar = one.view == other.view && match (one.phase, other.phase) {
            (Phase::Final, Phase::Skip) | (Phase::Skip, Phase::Final) => true,
            (Phase::Vote, Phase::Final) | (Phase::Final, Phase::Vote) => differ,
            (a, b) => a == b && differ,
        };
        prop_assert_eq!(evidence.verify(&set, CHAIN).is_ok(), liar);
        let framed = Evidence { second: (other, one.sign(signer, key)), ..evidence };
        prop_assert!(one == other || framed.verify(&set, CHAIN) != Ok(signer));
        let unrelated = Evidence { second: (other, other.sign((signer + 1) % 4, key)), ..evidence };
        prop_assert_eq!(unrelated.verify(&set, CHAIN), Err(EvidenceError::Unrelated));
    }
}
