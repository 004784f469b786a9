//! What the miner finds is what the contract takes; what it computes is what others compute.

use compute_pool::{Job, Share};
use counterpart_sdk::{Address, Hash};
use plant::miner::{commitment, hash_chain, header, mine};
use sha2::{Digest, Sha256};

fn job() -> Job {
    Job {
        version: 2,
        before: Hash([7; 32]),
        head: b"head".to_vec(),
        tail: b"tail".to_vec(),
        branch: vec![Hash([1; 32])],
        from_s: 5,
        until_s: 9,
        bits: 0x1d00_ffff,
        live: true,
    }
}

#[test]
fn a_share_is_below_its_target_and_bound_to_its_owner() {
    let share = Share { job: 0, unit: 3, difficulty: 2, extra: 9, time_s: 6, nonce: 0 };
    let (ann, bob) = (Address([1; 32]), Address([2; 32]));
    let found = mine(&job(), &ann, share).expect("found");
    let hash = |owner: &Address| {
        let bytes = [&header(&job(), owner, &found)[..], &found.nonce.to_le_bytes()].concat();
        assert_eq!(bytes.len(), 80);
        let once = Sha256::digest(bytes);
        Sha256::digest(once)
    };
    let zeros = hash(&ann).iter().rev().take_while(|byte| **byte == 0).count();
    assert!(zeros >= 2, "17 zero bits at least");
    assert!(hash(&bob)[30..] != [0, 0], "another's header is another");
    assert_eq!(mine(&job(), &ann, found), Some(found), "the same again");
    assert_eq!(mine(&job(), &ann, Share { difficulty: 0, ..share }), None);
}

#[test]
fn chains_of_hashes_are_what_they_are() {
    let input = Hash([3; 32]);
    assert_eq!(hash_chain(&input, 0), input.0);
    assert_eq!(hash_chain(&input, 2), Sha256::digest(Sha256::digest(input.0)).to_vec());
    assert_ne!(commitment(1, b"x", [0; 32]), commitment(2, b"x", [0; 32]));
}
