//! Which errors each host function may answer.

use crate::{HostError, HostFunction};

impl HostFunction {
    /// The errors that its description names; a status of `call` and `deploy` is none of them.
    pub const fn errors(self) -> &'static [HostError] {
        use HostError::{Arithmetic, End, InsufficientBalance, InvalidSignature, NotFound, OutOfBounds, Unauthorized};
        match self {
            Self::storage_get | Self::storage_length | Self::transient_get | Self::code_hash => &[NotFound],
            Self::storage_next => &[End],
            Self::storage_add => &[OutOfBounds],
            Self::transfer => &[InsufficientBalance],
            Self::require_auth => &[Unauthorized],
            Self::secp256k1_recover => &[InvalidSignature],
            Self::mul_div | Self::u256_add | Self::u256_sub | Self::u256_mul | Self::u256_mul_div => &[Arithmetic],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use crate::{HostError, HostFunction};
    use std::string::ToString;

    #[test]
    fn errors_are_those_of_the_descriptions() {
        for function in HostFunction::ALL {
            for error in HostError::ALL {
                // What a description takes over from another with "As `name`".
                let number = error.number().to_string();
                let doc = function.doc();
                let inherited = doc.strip_prefix("As `storage_get`").map(|_| HostFunction::storage_get.doc());
                let named = [Some(doc), inherited].into_iter().flatten().any(|doc| names(doc, &number));
                assert_eq!(named, function.errors().contains(error), "{} and {number}: {doc}", function.name());
            }
        }
    }

    /// Whether a number stands in a text, not as a part of another.
    fn names(text: &str, number: &str) -> bool {
        text.split(|character: char| !character.is_ascii_digit() && character != '-').any(|word| word == number)
    }
}
