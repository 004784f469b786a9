//! The bytes of what replicas write down and send each other, held in golden files; and bytes of nobody.

use counterpart_consensus::{Message, Proposal, Record};
use counterpart_golden::{check, hex};
use counterpart_ledger::*;
use proptest::prelude::*;
use std::path::Path;

fn proposal() -> Proposal {
    let header = Header {
        chain: ChainId(7),
        height: Height(42),
        view: 50,
        parent: Hash([0x11; 32]),
        time_ms: 1_700_000_000_000,
        proposer: 2,
        profile: Hash([0x22; 32]),
        validator_set: Hash([0x23; 32]),
        transactions_root: Block::transactions_root(&[]),
        parent_state_root: Hash([0x33; 32]),
        parent_receipts_root: Hash([0x34; 32]),
        parent_events_root: Hash([0x35; 32]),
    };
    let block = Block { header, transactions: Vec::new() };
    let statement = Statement { chain: ChainId(7), epoch: 1, phase: Phase::Propose, view: 50, block: block.hash() };
    let skip = Statement { phase: Phase::Skip, view: 49, block: Hash::ZERO, ..statement };
    let votes = Statement { phase: Phase::Vote, view: 48, block: Hash([0x11; 32]), ..statement };
    let signed = |statement: Statement| {
        let signatures = [0u16, 1].map(|signer| statement.sign(signer, &SecretKey::from_seed([10 + signer as u8; 32])));
        Certificate { statement, signatures: signatures.to_vec() }
    };
    let by_leader = statement.sign(2, &SecretKey::from_seed([12; 32]));
    Proposal {
        statement,
        signed: by_leader,
        block,
        parent_view: 48,
        certificate: Some(signed(votes)),
        skips: vec![signed(skip)],
    }
}

fn golden(name: &str, bytes: &[u8]) {
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt")), &hex(bytes));
}

#[test]
fn encodings_are_those_of_the_golden_files() {
    golden("record", &encode(&Record { epoch: 1, view: 50, phase: Phase::Final, block: Hash([0x44; 32]) }));
    golden("proposal", &Message::Proposal(Box::new(proposal())).encode());
    let kinds = [
        Message::Signed(proposal().statement, proposal().signed),
        Message::Status { height: Height(41) },
        Message::WantBlocks { from: Height(42) },
        Message::WantSkips { views: vec![47, 49] },
        Message::WantBlock { hash: Hash([0x55; 32]) },
        Message::Blocks { blocks: Vec::new(), approval: None },
        Message::WantQuiet { view: 50, block: Hash([0x66; 32]) },
    ];
    golden("messages", &kinds.iter().flat_map(Message::encode).collect::<Vec<u8>>());
}

proptest! {
    #[test]
    fn bytes_of_nobody_are_refused_or_read_canonically(noise in proptest::collection::vec(any::<u8>(), 0..64), place in any::<usize>(), value in any::<u8>()) {
        let mut bytes = Message::Proposal(Box::new(proposal())).encode();
        let place = place % bytes.len();
        bytes[place] = value;
        for bytes in [noise, bytes.clone(), bytes[..place].to_vec()] {
            if let Ok(message) = Message::decode(&bytes) {
                prop_assert_eq!(message.encode(), bytes);
            }
        }
    }
}
