//! A light client follows a change of validators from one approval, and nothing less.

use counterpart_ledger::{
    Certificate, ChainId, Genesis, Handover, Hash, Header, Height, LightClient, LightError, NamedValidators, Phase,
    SecretKey, StateTrie, Statement, ValidatorSet, encode, validators_key,
};

const CHAIN: ChainId = ChainId(7);

fn keys(first: u8, count: u8) -> Vec<SecretKey> {
    (first..first + count).map(|seed| SecretKey::from_seed([seed; 32])).collect()
}

fn set(epoch: u64, keys: &[SecretKey], quorum: u16) -> ValidatorSet {
    ValidatorSet { epoch, members: keys.iter().map(SecretKey::public_key).collect(), quorum }
}

fn genesis(validators: ValidatorSet) -> Genesis {
    Genesis {
        chain: CHAIN,
        time_ms: 1,
        profile: Hash::ZERO,
        validators,
        fee_collector: counterpart_ledger::Address::ZERO,
        min_gas_price: 1,
        accounts: Vec::new(),
    }
}

fn header(set: &ValidatorSet, height: u64, state: Hash) -> Header {
    Header {
        chain: CHAIN,
        height: Height(height),
        view: 3,
        parent: Hash([1; 32]),
        time_ms: 2,
        proposer: 0,
        profile: Hash::ZERO,
        validator_set: set.hash(),
        transactions_root: Hash::ZERO,
        parent_state_root: state,
        parent_receipts_root: Hash::ZERO,
        parent_events_root: Hash::ZERO,
    }
}

fn finals(set: &ValidatorSet, keys: &[SecretKey], header: &Header, view: u64, count: usize) -> Certificate {
    let statement = Statement { chain: CHAIN, epoch: set.epoch, phase: Phase::Final, view, block: header.hash() };
    let signatures = (0..).zip(&keys[..count]).map(|(index, key)| statement.sign(index, key)).collect();
    Certificate { statement, signatures }
}

/// The first handover of a chain, and the keys of both sets.
fn handover() -> (LightClient, Handover, Vec<SecretKey>, Vec<SecretKey>) {
    let (old, new) = (keys(1, 4), keys(11, 5));
    let (present, next) = (set(0, &old, 3), set(1, &new, 4));
    let named = NamedValidators { set: next.clone(), named_at: Height(9) };
    let key = validators_key(1);
    let entries = [(key.clone(), encode(&named)), (b"another entry".to_vec(), vec![1])];
    let trie = StateTrie::from_entries(entries);
    let header = header(&present, 10, trie.root());
    // The last block of an epoch may be approved in a later view than its own.
    let approval = finals(&present, &old, &header, 5, 3);
    let handover = Handover { header, approval, next, named_at: Height(9), proof: trie.prove(&key) };
    (LightClient::new(&genesis(present)), handover, old, new)
}

#[test]
fn an_approval_and_a_proof_lead_to_the_next_validators() {
    let (mut client, handover, _, new) = handover();
    client.hand_over(&handover).expect("it holds");
    assert_eq!((client.validators(), client.newest()), (&handover.next, (Height(10), handover.header.hash())));
    let kept = LightClient::from_bytes(&client.to_bytes()).expect("its own bytes");
    assert_eq!(kept, client);
    let later = header(&handover.next, 11, Hash::ZERO);
    client.take(&later, &finals(&handover.next, &new, &later, 3, 4), 0).expect("four of five are the quorum");
    assert_eq!(client.newest().0, Height(11));
    let again = client.hand_over(&handover);
    assert_eq!(again, Err(LightError::Epoch { found: 1, expected: 2 }));
}

#[test]
fn nothing_less_will_do() {
    let (client, good, old, new) = handover();
    let present = client.validators().clone();
    let check = |wrong: &dyn Fn(&mut Handover), name: &str| {
        let (mut client, mut handover) = (client.clone(), good.clone());
        wrong(&mut handover);
        let error = client.hand_over(&handover).expect_err(name);
        assert_eq!(client.validators(), &present, "{name}: nothing has changed");
        error
    };
    let few = check(&|handover| handover.approval = finals(&present, &old, &good.header, 5, 2), "two finals of four");
    assert!(matches!(few, LightError::Finals(_)));
    let voted = |handover: &mut Handover| handover.approval.statement.phase = Phase::Vote;
    assert!(matches!(check(&voted, "votes are no finals"), LightError::Finals(_)));
    let others = |handover: &mut Handover| handover.approval = finals(&present, &new, &good.header, 5, 3);
    assert!(matches!(check(&others, "keys of others"), LightError::Finals(_)));
    let other_set = |handover: &mut Handover| handover.next.quorum = 3;
    assert!(matches!(check(&other_set, "a set that the state does not name"), LightError::State(_)));
    let early = |handover: &mut Handover| handover.named_at = Height(8);
    assert_eq!(check(&early, "a block that does not end the epoch"), LightError::Height(Height(10)));
    let elsewhere = |handover: &mut Handover| handover.header.chain = ChainId(8);
    assert_eq!(check(&elsewhere, "a header of another chain"), LightError::Elsewhere { epoch: 0 });
    let block = |handover: &mut Handover| handover.header.time_ms += 1;
    assert!(matches!(check(&block, "finals for another block"), LightError::Block(_)));
    let far = |handover: &mut Handover| handover.next.epoch = 2;
    assert_eq!(check(&far, "an epoch that is left out"), LightError::Epoch { found: 2, expected: 1 });
}
