//! Records of real meters, taken apart.

use plant::ocmf::{RecordError, take_apart};

/// A record of a BAUER BSM-WS36A, as its documentation (bsm-python) prints it.
const RECORD: &str = "OCMF|{\"FV\":\"1.0\",\"PG\":\"T4276\"}|{\"SA\":\"ECDSA-secp256r1-SHA256\",\
    \"SD\":\"3046022100b63d4125929dc1ab354171570c37de579f961c4ddf1b301db1cfa035b3a96d16022100b6cb9fb98164a400181dc240ff7333e94cfd0742aa634e47e7a4c1fd62c695b5\"}";

#[test]
fn what_was_signed_and_the_signature_come_out() {
    let (signed, signature) = take_apart(RECORD).expect("a record");
    assert_eq!(signed, "{\"FV\":\"1.0\",\"PG\":\"T4276\"}");
    assert_eq!(hex::encode(&signature[..32]), "b63d4125929dc1ab354171570c37de579f961c4ddf1b301db1cfa035b3a96d16");
    // The printed s is in the upper half: the order of the curve less it is the same signature.
    assert_eq!(hex::encode(&signature[32..]), "493460457e9b5c00e7e23dbf008ccc166fe9f36afcb4503d0c1508c5999c8f9c");
}

#[test]
fn what_is_no_record_is_told_why() {
    for broken in ["", "OCMF|", "{}|{}", "OCMF|{}"] {
        assert_eq!(take_apart(broken), Err(RecordError::Parts), "{broken}");
    }
    let other = RECORD.replace("secp256r1", "brainpool256r1");
    assert_eq!(take_apart(&other), Err(RecordError::Algorithm));
    for broken in ["\"SD\":\"zz\"", "\"SD\":\"3046\"", "\"SD\":12", "\"XX\":\"00\""] {
        let (before, _) = RECORD.split_once("\"SD\"").expect("a signature");
        assert_eq!(take_apart(&format!("{before}{broken}}}")), Err(RecordError::Signature), "{broken}");
    }
}
