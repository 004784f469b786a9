//! Published vectors, and what is bound to what.

use counterpart_sealing::committee::Committee;
use counterpart_sealing::tender::{Opening, Place, Ranked, open_parameter, seal_parameter, select};
use counterpart_sealing::{Sealed, SealingError, SecretKey, seal};

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).expect("hex").try_into().expect("so many bytes")
}

#[test]
fn the_published_vector_of_base_mode_comes_out() {
    // RFC 9180, appendix A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, base, sequence number 0.
    let info = hex::decode("4f6465206f6e2061204772656369616e2055726e").expect("hex");
    let receiver = SecretKey::from_seed(&bytes("1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df"));
    assert_eq!(receiver.public_key(), bytes("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"));
    let sender = bytes("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b");
    let (text, aad) = (b"Beauty is truth, truth beauty", b"Count-0");
    let sealed = seal(&receiver.public_key(), &info, aad, text, &sender).expect("a key");
    let published = Sealed {
        enc: bytes("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"),
        ciphertext: hex::decode(
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
        )
        .expect("hex"),
    };
    assert_eq!(sealed, published);
    assert_eq!(receiver.open(&info, aad, &published).expect("it opens"), text);
}

#[test]
fn what_was_changed_or_meant_for_others_does_not_open() {
    let key = SecretKey::from_seed(&[1; 32]);
    let good = seal(&key.public_key(), b"info", b"aad", b"text", &[2; 32]).expect("a key");
    assert_eq!(key.open(b"info", b"aad", &good).expect("it opens"), b"text");
    let refused = |key: &SecretKey, info: &[u8], aad: &[u8], sealed: &Sealed| {
        assert_eq!(key.open(info, aad, sealed), Err(SealingError::DoesNotOpen));
    };
    refused(&SecretKey::from_seed(&[3; 32]), b"info", b"aad", &good);
    refused(&key, b"other", b"aad", &good);
    refused(&key, b"info", b"other", &good);
    for index in 0..good.ciphertext.len() {
        let mut changed = good.clone();
        changed.ciphertext[index] ^= 1;
        refused(&key, b"info", b"aad", &changed);
    }
    for index in 0..32 {
        let mut changed = good.clone();
        changed.enc[index] ^= 1;
        refused(&key, b"info", b"aad", &changed);
    }
    refused(&key, b"info", b"aad", &Sealed { ciphertext: Vec::new(), ..good.clone() });
    // Keys of small order seal for everybody: refused (RFC 9180, section 7.1.4; Wycheproof's x25519 vectors name them).
    let mut one = [0; 32];
    for small in [[0; 32], {
        one[0] = 1;
        one
    }] {
        assert_eq!(seal(&small, b"info", b"aad", b"text", &[2; 32]), Err(SealingError::Key));
        refused(&key, b"info", b"aad", &Sealed { enc: small, ..good.clone() });
    }
    assert!(!format!("{key:?}").contains("01"));
}

fn place() -> Place {
    Place { chain: 7, contract: [1; 32], tender: 3, responder: [2; 32], partial: 500 }
}

#[test]
fn a_parameter_is_bound_to_its_place() {
    let (key, opening) = (SecretKey::from_seed(&[1; 32]), Opening { parameter: 45_000, salt: [8; 16] });
    let sealed = seal_parameter(&key.public_key(), &place(), &opening, &[5; 32]).expect("a key");
    assert_eq!(open_parameter(&key, &place(), &sealed), Ok(opening));
    for other in [
        Place { chain: 8, ..place() },
        Place { contract: [9; 32], ..place() },
        Place { tender: 4, ..place() },
        Place { responder: [9; 32], ..place() },
        Place { partial: 501, ..place() },
    ] {
        assert_eq!(open_parameter(&key, &other, &sealed), Err(SealingError::DoesNotOpen), "{other:?}");
    }
    let mut lied = sealed.clone();
    lied.commitment[0] ^= 1;
    assert_eq!(open_parameter(&key, &place(), &lied), Err(SealingError::NotCommitted));
    let text =
        seal(&key.public_key(), b"counterpart/tender/1", &place().aad(), b"no parameter", &[5; 32]).expect("a key");
    lied.sealed = text;
    assert_eq!(open_parameter(&key, &place(), &lied), Err(SealingError::NoParameter));
}

#[test]
fn the_best_are_selected_whole_and_ties_by_number() {
    let ranked = |response, partial, parameter| Ranked { response, partial, parameter };
    // 200 at 4.0, 300 at 4.5, 400 at 5.0 and none beyond a thousand.
    let responses =
        [ranked(0, 400, 50), ranked(1, 300, 45), ranked(2, 200, 40), ranked(3, 200, 55), ranked(4, 100, 60)];
    assert_eq!(select(&responses, 1_000, true), (vec![2, 1, 0, 4], 1_000));
    assert_eq!(select(&responses, 1_000, false), (vec![4, 3, 0, 1], 1_000));
    assert_eq!(select(&[ranked(5, 60, 1), ranked(2, 60, 1)], 100, true), (vec![2], 60));
    assert_eq!(select(&[ranked(0, u128::MAX, 1), ranked(1, 9, 2)], u128::MAX, true), (vec![0], u128::MAX));
    assert_eq!(select(&[], 100, true), (vec![], 0));
}

#[test]
fn a_committee_opens_together_what_none_of_it_opens_alone() {
    let seeds: Vec<[u8; 32]> = (1..=5).map(|byte| [byte; 32]).collect();
    let keys = |members: &[usize]| {
        members.iter().map(|member| (*member, SecretKey::from_seed(&seeds[*member]))).collect::<Vec<_>>()
    };
    let members: Vec<[u8; 32]> = seeds.iter().map(|seed| SecretKey::from_seed(seed).public_key()).collect();
    let committee = Committee::new(&members, 3).expect("three of five");
    let receiver = SecretKey::from_seed(&[42; 32]);
    let inner = seal(&receiver.public_key(), b"info", b"place", b"text", &[8; 32]).expect("a key");
    let sealed = committee.seal(b"place", &inner, &[9; 32]).expect("keys");
    assert_eq!(sealed.ciphertext.len(), Committee::sealed_len(5, inner.ciphertext.len()));
    assert_eq!(committee.seal(b"place", &inner, &[9; 32]).expect("keys"), sealed, "the same seed, the same bytes");
    assert_ne!(committee.seal(b"place", &inner, &[10; 32]).expect("keys"), sealed);
    assert_eq!(receiver.open(b"info", b"place", &sealed), Err(SealingError::DoesNotOpen), "no early look");
    for some in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
        assert_eq!(committee.open(b"place", &sealed, &keys(&some)), Ok(inner.clone()), "{some:?}");
    }
    assert_eq!(committee.open(b"place", &sealed, &keys(&[0, 1, 2, 3, 4])), Ok(inner), "more than enough");
    let refused = |place: &[u8], sealed: &Sealed, keys: &[(usize, SecretKey)]| {
        assert_eq!(committee.open(place, sealed, keys), Err(SealingError::DoesNotOpen));
    };
    refused(b"place", &sealed, &keys(&[0, 1]));
    refused(b"other", &sealed, &keys(&[0, 1, 2]));
    refused(b"place", &sealed, &keys(&[0, 1, 1]));
    let mut mixed = keys(&[0, 1, 2]);
    mixed[0].0 = 3;
    refused(b"place", &sealed, &mixed);
    let mut changed = sealed.clone();
    for index in 0..sealed.ciphertext.len() {
        changed.ciphertext[index] ^= 1;
        let share = index.checked_sub(sealed.ciphertext.len() - 5 * 80).map(|at| at / 80);
        if share.is_none_or(|member| member < 3) {
            refused(b"place", &changed, &keys(&[0, 1, 2]));
        }
        changed.ciphertext[index] ^= 1;
    }
    refused(b"place", &Sealed { ciphertext: sealed.ciphertext[..400].to_vec(), ..sealed.clone() }, &keys(&[0, 1, 2]));
    refused(b"place", &Sealed { ciphertext: Vec::new(), ..sealed }, &keys(&[0, 1, 2]));
    assert!(Committee::new(&members, 0).is_none() && Committee::new(&members, 6).is_none());
    assert!(Committee::new(&[members[0], members[0]], 1).is_none() && Committee::new(&[], 0).is_none());
}
