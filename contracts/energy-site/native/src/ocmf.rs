//! Records in the Open Charge Metering Format, taken apart for the ledger: what was signed, and the signature as 64 bytes.

use p256::ecdsa::Signature;

/// Why a record is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    /// It does not have three parts with bars between them.
    #[error("a record is OCMF, what was signed and the signature, with bars between them")]
    Parts,
    /// It is signed in a way that the ledger does not know.
    #[error("the ledger verifies ECDSA over P-256 with SHA-256; this is signed otherwise")]
    Algorithm,
    /// The signature is none.
    #[error("the signature is no DER in hex")]
    Signature,
}

/// What was signed, and the signature with a small s.
///
/// # Errors
/// [`RecordError`].
pub fn take_apart(record: &str) -> Result<(&str, [u8; 64]), RecordError> {
    let rest = record.trim().strip_prefix("OCMF|").ok_or(RecordError::Parts)?;
    let (signed, signature) = rest.rsplit_once('|').ok_or(RecordError::Parts)?;
    let field = |name: &str| {
        let after = signature.split_once(&format!("\"{name}\""))?.1.trim_start().strip_prefix(':')?.trim_start();
        after.strip_prefix('"')?.split_once('"').map(|(value, _)| value)
    };
    // Without a word about it this is how records are signed.
    if field("SA").is_some_and(|algorithm| algorithm != "ECDSA-secp256r1-SHA256") {
        return Err(RecordError::Algorithm);
    }
    let digits = field("SD").ok_or(RecordError::Signature)?;
    let pairs = digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let der: Vec<u8> = pairs.collect::<Option<_>>().ok_or(RecordError::Signature)?;
    let signature = Signature::from_der(&der).map_err(|_| RecordError::Signature)?;
    Ok((signed, signature.normalize_s().to_bytes().into()))
}
