//! Somebody who knows the validators, and trusts nobody else, accepts what is certified and nothing beside it.

use counterpart_ledger::*;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

fn event(data: u8) -> Event {
    Event { contract: Address([5; 32]), topics: vec![Hash([data; 32])], data: vec![data] }
}

fn receipt(number: u8) -> Receipt {
    Receipt {
        transaction: Hash([number; 32]),
        outcome: Outcome::Success,
        gas_used: Gas(100 + u64::from(number)),
        fee: 7,
        outputs: vec![vec![number]],
        events: (0..number).map(event).collect(),
        evidence: Hash([9; 32]),
    }
}

struct Case {
    verifier: Verifier,
    receipts: Vec<Receipt>,
    trie: StateTrie,
    header: Header,
    votes: Certificate,
}

fn vote(header: &Header, signers: &[u8]) -> Certificate {
    let (chain, view, block) = (header.chain, header.view, header.hash());
    let statement = Statement { chain, epoch: 0, phase: Phase::Vote, view, block };
    let signatures = signers.iter().map(|signer| statement.sign(u16::from(*signer), &key(10 + signer))).collect();
    Certificate { statement, signatures }
}

fn case() -> Case {
    let validators =
        ValidatorSet { epoch: 0, members: (10..14).map(|seed| key(seed).public_key()).collect(), quorum: 3 };
    let receipts: Vec<Receipt> = (0..4).map(receipt).collect();
    let trie = StateTrie::from_entries((0u8..50).map(|number| ([number; 40], [number; 3])));
    let header = Header {
        chain: ChainId(7),
        height: Height(12),
        view: 15,
        parent: Hash([1; 32]),
        time_ms: 5,
        proposer: 0,
        profile: Hash([2; 32]),
        validator_set: validators.hash(),
        transactions_root: Block::transactions_root(&[]),
        parent_state_root: trie.root(),
        parent_receipts_root: Receipt::root(&receipts),
        parent_events_root: BlockEvent::root(&receipts),
    };
    let votes = vote(&header, &[0, 1, 3]);
    Case { verifier: Verifier { chain: ChainId(7), validators }, receipts, trie, header, votes }
}

#[test]
fn receipts_events_and_entries_under_a_certified_header_are_proved() {
    let case = case();
    let certified = case.verifier.header(&case.header, &case.votes).expect("the votes hold");
    let leaves: Vec<Hash> = case.receipts.iter().map(Receipt::hash).collect();
    for (index, receipt) in case.receipts.iter().enumerate() {
        let path = merkle_proof(&leaves, index);
        assert_eq!(certified.receipt(receipt, &path), Ok(()));
        let altered = Receipt { fee: 8, ..receipt.clone() };
        assert_eq!(certified.receipt(&altered, &path), Err(VerifierError::Path));
    }
    let leaves = BlockEvent::leaves(&case.receipts);
    assert_eq!(leaves.len(), 1 + 2 + 3);
    let events = case.receipts.iter().zip(0..).flat_map(|(receipt, transaction)| {
        receipt.events.iter().zip(0..).map(move |(event, index)| BlockEvent {
            transaction,
            index,
            event: event.clone(),
        })
    });
    for (position, event) in events.enumerate() {
        let path = merkle_proof(&leaves, position);
        assert_eq!(certified.event(&event, &path), Ok(()));
        let elsewhere = BlockEvent { transaction: event.transaction + 1, ..event };
        assert_eq!(certified.event(&elsewhere, &path), Err(VerifierError::Path));
    }
    let (there, absent) = ([3; 40], [77; 40]);
    assert_eq!(certified.state(&there, Some(&[3; 3]), &case.trie.prove(&there)), Ok(()));
    assert_eq!(certified.state(&absent, None, &case.trie.prove(&absent)), Ok(()));
    let refused = certified.state(&there, Some(&[4; 3]), &case.trie.prove(&there));
    assert_eq!(refused, Err(VerifierError::State(ProofError::Value)));
}

#[test]
fn a_header_without_its_own_quorum_is_refused() {
    let case = case();
    let refused = |header: &Header, votes: &Certificate| case.verifier.header(header, votes).expect_err("refused");
    let other = Header { chain: ChainId(8), ..case.header.clone() };
    assert_eq!(refused(&other, &vote(&other, &[0, 1, 2])), VerifierError::Chain { found: 8, expected: 7 });
    let other = Header { validator_set: Hash([3; 32]), ..case.header.clone() };
    let expected = VerifierError::Validators { found: Hash([3; 32]), expected: case.header.validator_set };
    assert_eq!(refused(&other, &vote(&other, &[0, 1, 2])), expected);
    let other = Header { parent_events_root: Hash([3; 32]), ..case.header.clone() };
    let expected = VerifierError::Block { found: case.header.hash(), expected: other.hash() };
    assert_eq!(refused(&other, &case.votes), expected);
    let few = vote(&case.header, &[0, 1]);
    assert_eq!(refused(&case.header, &few), VerifierError::Votes(CertificateError::TooFew { have: 2, need: 3 }));
}
