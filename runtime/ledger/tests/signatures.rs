//! A batch of signatures is accepted exactly when each of them is, under ZIP-215.

use counterpart_ledger::{PublicKey, SecretKey, Signature, verify_batch};

/// Encodings of points of small order, canonical and not: eight points, some with more than one encoding (RFC 8032 decoding
/// with the checks of canonicity left out, as ZIP-215 asks).
const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

fn point(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).expect("hex");
    }
    bytes
}

#[test]
fn points_of_small_order_are_accepted_alone_and_together() {
    let mut items = Vec::new();
    for key in SMALL_ORDER.map(point) {
        for commitment in SMALL_ORDER.map(point) {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&commitment);
            items.push((PublicKey(key), &b"Zcash"[..], Signature(signature)));
        }
    }
    assert_eq!(items.len(), 196);
    for (key, message, signature) in &items {
        assert!(key.verify(message, signature).is_ok(), "{key} {signature:?}");
    }
    assert!(verify_batch(&items).is_ok());
    // One that is wrong among them.
    items[77].2.0[32] = 1;
    assert!(items[77].0.verify(items[77].1, &items[77].2).is_err());
    assert!(verify_batch(&items).is_err());
}

#[test]
fn a_batch_holds_exactly_when_each_of_its_signatures_does() {
    let messages: Vec<Vec<u8>> = (0..40u8).map(|number| vec![number; usize::from(number)]).collect();
    let keys: Vec<SecretKey> = (0..40).map(|number| SecretKey::from_seed([number / 3; 32])).collect();
    let items: Vec<_> =
        keys.iter().zip(&messages).map(|(key, message)| (key.public_key(), &message[..], key.sign(message))).collect();
    assert!(verify_batch(&[]).is_ok());
    for length in 1..=items.len() {
        assert!(verify_batch(&items[..length]).is_ok(), "{length}");
    }
    for wrong in 0..items.len() {
        for byte in [0, 31, 32, 63] {
            let mut altered = items.clone();
            altered[wrong].2.0[byte] ^= 0x10;
            assert!(verify_batch(&altered).is_err(), "signature {wrong}, byte {byte}");
        }
        let mut altered = items.clone();
        altered[wrong].1 = b"another message";
        assert!(verify_batch(&altered).is_err(), "message {wrong}");
        // Two signatures that are changed for each other do not cancel out.
        let other = (wrong + 1) % items.len();
        let mut altered = items.clone();
        (altered[wrong].2, altered[other].2) = (altered[other].2, altered[wrong].2);
        assert!(verify_batch(&altered).is_err(), "signatures {wrong} and {other}");
    }
}
