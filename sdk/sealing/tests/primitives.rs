//! The primitives under HPKE do what Wycheproof's vectors say, in the versions that are built here.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use wycheproof::TestResult;
use wycheproof::{aead, hkdf as kdf, xdh};
use x25519_dalek::{PublicKey, StaticSecret};

#[test]
fn chacha20_poly1305() {
    let set = aead::TestSet::load(aead::TestName::ChaCha20Poly1305).expect("the vectors");
    let mut count = 0;
    for group in set.test_groups {
        for test in group.tests {
            let key = ChaCha20Poly1305::new_from_slice(&test.key).expect("32 bytes");
            // A nonce of another length is not even one.
            let nonce = <[u8; 12]>::try_from(test.nonce.as_slice()).map(Nonce::from);
            let sealed = [test.ct.as_slice(), test.tag.as_slice()].concat();
            let opened = nonce.ok().and_then(|nonce| {
                let payload = Payload { msg: &sealed, aad: &test.aad };
                key.decrypt(&nonce, payload).ok()
            });
            match test.result {
                TestResult::Invalid => assert_eq!(opened, None, "{}", test.tc_id),
                _ => {
                    assert_eq!(opened.as_deref(), Some(test.pt.as_slice()), "{}", test.tc_id);
                    let payload = Payload { msg: &test.pt, aad: &test.aad };
                    let again = nonce.ok().and_then(|nonce| key.encrypt(&nonce, payload).ok());
                    assert_eq!(again.as_deref(), Some(sealed.as_slice()), "{}", test.tc_id);
                }
            }
            count += 1;
        }
    }
    assert!(count > 300, "{count}");
}

#[test]
fn hkdf_sha256() {
    let set = kdf::TestSet::load(kdf::TestName::HkdfSha256).expect("the vectors");
    let mut count = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let mut okm = vec![0; test.size];
        let made = Hkdf::<Sha256>::new(Some(&test.salt), &test.ikm).expand(&test.info, &mut okm);
        match test.result {
            TestResult::Invalid => assert!(made.is_err(), "{}", test.tc_id),
            _ => assert_eq!((made.is_ok(), okm.as_slice()), (true, test.okm.as_slice()), "{}", test.tc_id),
        }
        count += 1;
    }
    assert!(count > 80, "{count}");
}

#[test]
fn x25519() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).expect("the vectors");
    let (mut count, mut small) = (0, 0);
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let bytes = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).expect("32 bytes");
        let secret = StaticSecret::from(bytes(&test.private_key));
        let shared = secret.diffie_hellman(&PublicKey::from(bytes(&test.public_key)));
        assert_eq!(shared.as_bytes(), test.shared_secret.as_slice(), "{}", test.tc_id);
        // Nothing but zeros is shared with a key of small order: HPKE refuses it by that.
        small += usize::from(!shared.was_contributory());
        assert_eq!(shared.was_contributory(), shared.as_bytes() != &[0; 32], "{}", test.tc_id);
        count += 1;
    }
    assert!(count > 500 && small > 0, "{count}, {small} of them with keys of small order");
}
