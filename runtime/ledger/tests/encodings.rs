//! The bytes of everything that is hashed, signed or stored, held in golden files.

use counterpart_golden::{check, hex};
use counterpart_ledger::*;
use std::path::Path;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

fn transaction() -> SignedTransaction {
    let contract = Address([0xC0; 32]);
    let authorization = Authorization::sign(&key(2), ChainId(7), contract, Hash([0xAA; 32]), 5, Height(90));
    let transaction = Transaction {
        chain: ChainId(7),
        sender: key(1).public_key(),
        nonce: 3,
        gas_limit: Gas(1_000_000),
        gas_price: 2,
        expires_at: Height(100),
        actions: vec![
            Action::Upload { code: vec![0, 0x61, 0x73, 0x6d] },
            Action::Deploy { code_hash: Hash([1; 32]), salt: Hash([2; 32]), input: vec![9], value: 4 },
            Action::Call { contract, input: vec![1, 2, 3, 4], value: 0 },
            Action::Transfer { to: Address([0xB0; 32]), amount: u128::MAX },
        ],
        authorizations: vec![authorization],
    };
    transaction.sign(&key(1))
}

fn receipt() -> Receipt {
    Receipt {
        transaction: transaction().hash(),
        outcome: Outcome::Revert { action: 2, contract: Address([0xC0; 32]), code: 17, data: vec![1, 2] },
        gas_used: Gas(12_345),
        fee: 24_690,
        outputs: vec![vec![], vec![7]],
        events: vec![Event { contract: Address([0xC0; 32]), topics: vec![Hash([3; 32])], data: vec![4, 5] }],
        evidence: Hash([0xEE; 32]),
    }
}

fn validators() -> ValidatorSet {
    ValidatorSet { epoch: 0, members: (10..14).map(|seed| key(seed).public_key()).collect(), quorum: 3 }
}

fn block() -> Block {
    let transactions = vec![transaction()];
    let header = Header {
        chain: ChainId(7),
        height: Height(42),
        view: 50,
        parent: Hash([0x11; 32]),
        time_ms: 1_700_000_000_000,
        proposer: 2,
        profile: Hash([0x22; 32]),
        validator_set: validators().hash(),
        transactions_root: Block::transactions_root(&transactions),
        parent_state_root: Hash([0x33; 32]),
        parent_receipts_root: Receipt::root(&[receipt()]),
        parent_events_root: BlockEvent::root(&[receipt()]),
    };
    Block { header, transactions }
}

fn statement(phase: Phase) -> Statement {
    Statement { chain: ChainId(7), epoch: 0, phase, view: 50, block: block().hash() }
}

fn certificate() -> Certificate {
    let statement = statement(Phase::Vote);
    let signatures = [0u16, 1, 3].map(|signer| statement.sign(signer, &key(10 + signer as u8)));
    Certificate { statement, signatures: signatures.to_vec() }
}

/// Writes the hash and the encoding, and checks that only this encoding decodes.
fn golden<T>(name: &'static str, value: &T, hash: Option<Hash>)
where
    T: borsh::BorshSerialize + borsh::BorshDeserialize + PartialEq + std::fmt::Debug,
{
    let bytes = encode(value);
    assert_eq!(&decode::<T>(name, &bytes).expect("its own encoding decodes"), value);
    assert!(decode::<T>(name, &bytes[..bytes.len() - 1]).is_err(), "a truncated {name} decodes");
    assert!(decode::<T>(name, &[&bytes[..], &[0]].concat()).is_err(), "a {name} with a byte too many decodes");
    let hash = hash.map_or(String::new(), |hash| format!("hash {hash}\n"));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt"));
    check(&file, &format!("{hash}{}", hex(&bytes)));
}

#[test]
fn encodings_and_hashes_are_those_of_the_golden_files() {
    golden("transaction", &transaction(), Some(transaction().hash()));
    golden("block", &block(), Some(block().hash()));
    golden("receipt", &receipt(), Some(receipt().hash()));
    let event = BlockEvent { transaction: 3, index: 1, event: receipt().events[0].clone() };
    golden("event", &event, Some(event.hash()));
    golden("vote", &statement(Phase::Vote).sign(1, &key(11)), Some(Hash(statement(Phase::Vote).message())));
    golden("certificate", &certificate(), None);
    golden("validator_set", &validators(), Some(validators().hash()));
    let genesis = Genesis {
        chain: ChainId(7),
        time_ms: 1,
        profile: Hash([0x22; 32]),
        validators: validators(),
        fee_collector: Address([0xFE; 32]),
        min_gas_price: 1,
        accounts: vec![GenesisAccount { address: account_address(&key(1).public_key()), balance: 1_000 }],
    };
    golden("genesis", &genesis, Some(genesis.hash()));
}

#[test]
fn what_concerns_validators_is_encoded_as_in_the_golden_files() {
    let next = ValidatorSet { epoch: 1, ..validators() };
    let consents = [0, 2, 3].map(|signer| ValidatorChange::consent(ChainId(7), &next, signer, &key(10 + signer as u8)));
    let change = ValidatorChange { current: validators(), next: next.clone(), consents: consents.to_vec() };
    golden("validator_change", &change, Some(Hash(ValidatorChange::message(ChainId(7), &next))));
    let (one, other) = (statement(Phase::Final), Statement { block: Hash::ZERO, ..statement(Phase::Skip) });
    let evidence = Evidence { first: (one, one.sign(1, &key(11))), second: (other, other.sign(1, &key(11))) };
    assert_eq!(evidence.verify(&validators(), ChainId(7)), Ok(1));
    golden("evidence", &evidence, None);
    golden("named_validators", &NamedValidators { set: next.clone(), named_at: Height(41) }, None);
    let actions = vec![
        Action::ChangeValidators { change: Box::new(change) },
        Action::Accuse { set: validators(), evidence: Box::new(evidence) },
    ];
    golden("actions_of_validators", &actions, None);
    golden("refused", &Outcome::Refused { action: 1, code: SystemRefusal::Accused.code() }, None);
    let quiet =
        Quiet { chain: ChainId(7), epoch: 0, view: 50, block: block().hash(), elapsed_ms: 900, skippers: 1, others: 0 };
    golden("quiet", &quiet, Some(Hash(quiet.message())));
    let (block, rule) = (block().hash(), "quorum:0.8".to_owned());
    let approval = ClientApproval::sign(&key(1), ChainId(7), Height(42), block, rule);
    assert_eq!((approval.verify(ChainId(7)), approval.verify(ChainId(8))), (Ok(()), Err(SignatureError)));
    golden("client_approval", &approval, None);
}

#[test]
fn addresses_are_those_of_the_golden_file() {
    let account = account_address(&key(1).public_key());
    let contract = contract_address(&account, &Hash([1; 32]), &Hash([2; 32]));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/addresses.txt");
    check(&file, &format!("account {account}\ncontract {contract}\n"));
}

#[test]
fn a_signature_holds_for_its_chain_sender_and_content_only() {
    let signed = transaction();
    assert_eq!(signed.verify(), Ok(()));
    let mut other = signed.clone();
    other.transaction.nonce += 1;
    assert_eq!(other.verify(), Err(SignatureError));
    let mut other = signed.clone();
    other.transaction.chain = ChainId(8);
    assert_eq!(other.verify(), Err(SignatureError));
    let mut other = signed.transaction;
    other.authorizations[0].nonce += 1;
    assert_eq!(other.sign(&key(1)).verify(), Err(SignatureError), "the authorisation is no longer what was signed");
}

#[test]
fn a_certificate_needs_distinct_members_in_order_and_its_own_chain_and_phase() {
    let (set, good) = (validators(), certificate());
    let check = |certificate: &Certificate, need| certificate.verify(&set, ChainId(7), Phase::Vote, need);
    assert_eq!(check(&good, 3), Ok(()));
    assert_eq!(check(&good, 4), Err(CertificateError::TooFew { have: 3, need: 4 }));
    assert_eq!(good.verify(&set, ChainId(8), Phase::Vote, 3), Err(CertificateError::Statement));
    assert_eq!(good.verify(&set, ChainId(7), Phase::Final, 3), Err(CertificateError::Statement));
    let later = ValidatorSet { epoch: 1, ..set.clone() };
    assert_eq!(good.verify(&later, ChainId(7), Phase::Vote, 3), Err(CertificateError::Statement));

    let mut twice = good.clone();
    twice.signatures[1] = twice.signatures[0];
    assert_eq!(check(&twice, 3), Err(CertificateError::Signer { signer: 0, members: 4 }));
    let mut stranger = good.clone();
    stranger.signatures[2].signer = 4;
    assert_eq!(check(&stranger, 3), Err(CertificateError::Signer { signer: 4, members: 4 }));
    let mut forged = good;
    forged.signatures[2].signature = forged.signatures[1].signature;
    assert_eq!(check(&forged, 3), Err(CertificateError::Signature { signer: 3 }));
}

#[test]
fn changed_bytes_never_panic_and_never_decode_to_a_second_encoding() {
    let bytes = encode(&block());
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    for _ in 0..20_000 {
        // xorshift64: which byte, and to what.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let mut changed = bytes.clone();
        let index = (state as usize >> 8) % changed.len();
        changed[index] = state as u8;
        if let Ok(decoded) = decode::<Block>("block", &changed) {
            assert_eq!(encode(&decoded), changed);
        }
    }
}

#[test]
fn a_witness_is_written_from_the_root_downward() {
    let entries: Vec<(Vec<u8>, Vec<u8>)> = (0u8..6).map(|number| (vec![number], vec![number; 3])).collect();
    let trie = StateTrie::from_entries(entries.iter().map(|(key, value)| (key, value)));
    let witness = Witness::new(&trie, [&[1u8][..], &[9u8][..]]);
    let bytes = encode(&witness);
    assert_eq!(decode::<Witness>("witness", &bytes).expect("it reads what it wrote"), witness);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/witness.txt");
    check(&file, &hex(&bytes));
}

/// Each kind of proof that one chain shows another.
fn proofs() -> [(&'static str, ChainProof); 4] {
    let finality = || Finality { header: block().header, approval: certificate() };
    let trie = StateTrie::from_entries([(b"key".to_vec(), b"value".to_vec()), (b"other".to_vec(), vec![1])]);
    let receipt = receipt();
    let event = BlockEvent { transaction: 0, index: 0, event: receipt.events[0].clone() };
    let path = merkle_proof(&BlockEvent::leaves(&[receipt]), 0);
    let handover = Handover {
        header: block().header,
        approval: certificate(),
        next: validators(),
        named_at: Height(9),
        proof: trie.prove(b"key"),
    };
    let entry = EntryProof {
        finality: finality(),
        block: block().header,
        key: b"key".to_vec(),
        value: Some(b"value".to_vec()),
        proof: trie.prove(b"key"),
    };
    [
        ("proof_of_finality", ChainProof::Finality(finality())),
        ("proof_of_handover", ChainProof::Handover(handover)),
        ("proof_of_event", ChainProof::Event(EventProof { finality: finality(), block: block().header, event, path })),
        ("proof_of_entry", ChainProof::Entry(entry)),
    ]
}

#[test]
fn proofs_for_other_chains_are_encoded_as_in_the_golden_files() {
    proofs().iter().for_each(|(name, proof)| golden(name, proof, None));
}

#[test]
fn changed_proofs_never_panic_and_never_decode_to_a_second_encoding() {
    for (_, proof) in proofs() {
        let bytes = encode(&proof);
        for index in 0..bytes.len() {
            for change in [1, 0x80, 0xFF] {
                let mut changed = bytes.clone();
                changed[index] ^= change;
                if let Ok(other) = decode::<ChainProof>("proof", &changed) {
                    assert_eq!(encode(&other), changed);
                }
                assert!(decode_any::<ChainProof>("proof", &bytes[..index]).is_err(), "{index} bytes are too few");
            }
        }
    }
}
