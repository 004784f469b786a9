//! What people and devices sign for contracts, and what commitments hide, byte for byte: wallets and meters that are built elsewhere
//! make the same.

use counterpart_golden::{check, hex};
use counterpart_sdk::{Address, Hash};
use held_records::{Items, Opening, Verb};
use parity_scale_codec::Encode;
use std::path::Path;

const CHAIN: u64 = 1337;

#[test]
fn signed_texts_keep_their_bytes() {
    let contract = Address([0xC0; 32]);
    let record = Hash([1; 32]);
    let items = Items {
        subject: Hash([2; 32]),
        class: 3,
        amount: 4,
        destination: Hash([5; 32]),
        payload: Hash([6; 32]),
        after: Some(Hash([7; 32])),
    };
    let opening = Opening { items, salt: [8; 32] };
    let batch = energy_site::Batch { device: 1, from: 2, count: 3, root: Hash([4; 32]), at_ms: 5, totaliser: 6 };
    let reading = recycling::Reading {
        device: 1,
        counter: 2,
        at_ms: 3,
        class: 4,
        hash: Hash([5; 32]),
        grams: 6,
        depositor: Some(Address([7; 32])),
    };
    let intent = merchants::Intent {
        payer: Address([1; 32]),
        merchant: 2,
        sku: "tea".into(),
        quantity: 3,
        version: 4,
        max_amount: 5,
        deadline_ms: 6,
        nonce: 7,
        invoice: Some(Hash([8; 32])),
    };
    let signal = |verb| held_records::signal_text(CHAIN, &contract, &record, &verb, 9);
    let texts = [
        ("record, commitment", held_records::commitment_text(CHAIN, &contract, &opening)),
        ("record, instruct", signal(Verb::Instruct)),
        ("record, cancel", signal(Verb::Cancel)),
        ("record, supersede", signal(Verb::Supersede { by: Hash([10; 32]) })),
        ("record, extend", signal(Verb::Extend { until_ms: 11 })),
        ("record, expedite", signal(Verb::Expedite)),
        ("meter, batch", energy_site::batch_text(CHAIN, &contract, &batch)),
        ("meter, gap", energy_site::gap_text(CHAIN, &contract, 1, 2, 3)),
        ("device, reading", recycling::reading_text(CHAIN, &contract, &reading)),
        ("device, gap", recycling::gap_text(CHAIN, &contract, 1, 2, 3)),
        ("data, key commitment", data_market::commitment_text(&[1; 32], &[2; 32])),
        ("data, additional data of a key", data_market::key_aad(CHAIN, &contract, 1, 2)),
        ("merchant, intent", intent.encode()),
    ];
    let text: String = texts.iter().map(|(name, bytes)| format!("{name}\n{}\n", hex(bytes))).collect();
    check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/signed_texts.txt"), &text);
}
