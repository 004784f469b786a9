//! Method selectors: the first bytes of call data.

use sha3::{Digest, Sha3_256};

/// Bytes of a selector at the start of call data, before the SCALE arguments.
pub const SELECTOR_LENGTH: usize = 4;

/// The selector of a method: the first four bytes of the SHA3-256 of its name.
#[must_use]
pub fn selector(method: &str) -> [u8; SELECTOR_LENGTH] {
    let digest = Sha3_256::digest(method.as_bytes());
    [digest[0], digest[1], digest[2], digest[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digests' first bytes are those of the SHA3-256 examples published with FIPS 202.
    #[test]
    fn selectors_are_prefixes_of_the_published_digests() {
        assert_eq!(selector(""), [0xa7, 0xff, 0xc6, 0xf8]);
        assert_eq!(selector("abc"), [0x3a, 0x98, 0x5d, 0xa7]);
    }
}
