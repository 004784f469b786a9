//! SHA3-256 of many messages at once, as wide as the processor allows.
//!
//! The digests are those of FIPS 202 whatever the width: wide instructions change how long they take and nothing else.
#![no_std]

extern crate alloc;
#[cfg(any(target_arch = "x86_64", test))]
#[macro_use]
extern crate std;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod constants;

#[cfg(target_arch = "x86_64")]
use alloc::vec;
use alloc::vec::Vec;
use sha3::{Digest, Sha3_256};

/// A digest of SHA3-256.
pub type Digest256 = [u8; 32];

/// Bytes that one permutation absorbs: 1 088 bits.
#[cfg(target_arch = "x86_64")]
const RATE: usize = 136;

/// How many messages go through one permutation together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Width {
    /// One, with the `sha3` crate.
    One,
    #[cfg(target_arch = "x86_64")]
    /// Four, with AVX2.
    Four,
    #[cfg(target_arch = "x86_64")]
    /// Eight, with AVX-512.
    Eight,
}

impl Width {
    /// What this processor has, the narrowest first.
    #[cfg(target_arch = "x86_64")]
    fn available() -> Vec<Self> {
        let mut widths = vec![Self::One];
        if is_x86_feature_detected!("avx2") {
            widths.push(Self::Four);
        }
        if is_x86_feature_detected!("avx512f") {
            widths.push(Self::Eight);
        }
        widths
    }

    /// What this processor has.
    #[cfg(all(not(target_arch = "x86_64"), test))]
    fn available() -> Vec<Self> {
        vec![Self::One]
    }
}

/// The digest of one message.
pub fn digest(message: &[u8]) -> Digest256 {
    Sha3_256::digest(message).into()
}

/// The digests of messages, in their order.
pub fn digest_all<M: AsRef<[u8]>>(messages: &[M]) -> Vec<Digest256> {
    digest_all_with(widest(), messages)
}

#[cfg(target_arch = "x86_64")]
fn widest() -> Width {
    use std::sync::OnceLock;
    static WIDEST: OnceLock<Width> = OnceLock::new();
    *WIDEST.get_or_init(|| Width::available().pop().unwrap_or(Width::One))
}

#[cfg(not(target_arch = "x86_64"))]
fn widest() -> Width {
    Width::One
}

fn digest_all_with<M: AsRef<[u8]>>(width: Width, messages: &[M]) -> Vec<Digest256> {
    match width {
        Width::One => messages.iter().map(|message| digest(message.as_ref())).collect(),
        #[cfg(target_arch = "x86_64")]
        Width::Four => in_lanes(messages, |states: &mut [[u64; 4]; 25]| {
            #[allow(unsafe_code, reason = "wide instructions can only be called so")]
            // SAFETY: this width is chosen only where the processor says that it has AVX2.
            unsafe {
                avx2::permute(states)
            }
        }),
        #[cfg(target_arch = "x86_64")]
        Width::Eight => in_lanes(messages, |states: &mut [[u64; 8]; 25]| {
            #[allow(unsafe_code, reason = "wide instructions can only be called so")]
            // SAFETY: this width is chosen only where the processor says that it has AVX-512F.
            unsafe {
                avx512::permute(states)
            }
        }),
    }
}

/// Fills lanes with messages that fit one permutation; the others go one by one, and so does the last if it is alone.
#[cfg(target_arch = "x86_64")]
fn in_lanes<M: AsRef<[u8]>, const LANES: usize>(
    messages: &[M],
    permute: impl Fn(&mut [[u64; LANES]; 25]),
) -> Vec<Digest256> {
    let mut digests = vec![[0; 32]; messages.len()];
    let mut waiting = [0usize; LANES];
    let mut count = 0;
    for (index, message) in messages.iter().enumerate() {
        if message.as_ref().len() >= RATE {
            digests[index] = digest(message.as_ref());
        } else {
            waiting[count] = index;
            count += 1;
        }
        if count == LANES || count > 1 && index + 1 == messages.len() {
            let mut states = [[0; LANES]; 25];
            for (lane, index) in waiting[..count].iter().enumerate() {
                absorb(&mut states, lane, messages[*index].as_ref());
            }
            permute(&mut states);
            for (lane, index) in waiting[..count].iter().enumerate() {
                for word in 0..4 {
                    digests[*index][8 * word..8 * word + 8].copy_from_slice(&states[word][lane].to_le_bytes());
                }
            }
            count = 0;
        }
    }
    for index in &waiting[..count] {
        digests[*index] = digest(messages[*index].as_ref());
    }
    digests
}

/// Puts a padded message (FIPS 202, sections 5.1 and 6.1) into one lane of an empty state.
#[cfg(target_arch = "x86_64")]
fn absorb<const LANES: usize>(states: &mut [[u64; LANES]; 25], lane: usize, message: &[u8]) {
    let (words, rest) = message.as_chunks::<8>();
    for (word, bytes) in words.iter().enumerate() {
        states[word][lane] = u64::from_le_bytes(*bytes);
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x06;
    states[words.len()][lane] = u64::from_le_bytes(last);
    states[RATE / 8 - 1][lane] |= 1 << 63;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_length_around_the_rate_has_the_digest_of_the_crate_at_every_width() {
        let messages: Vec<Vec<u8>> =
            (0..300).map(|length| (0..length).map(|byte| (byte * 7) as u8).collect()).collect();
        let expected: Vec<Digest256> = messages.iter().map(|message| digest(message)).collect();
        for width in Width::available() {
            assert_eq!(digest_all_with(width, &messages), expected, "{width:?}");
        }
    }

    proptest! {
        #[test]
        fn any_messages_have_the_digests_of_the_crate_at_every_width(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..140), 0..40),
        ) {
            let expected: Vec<Digest256> = messages.iter().map(|message| digest(message)).collect();
            for width in Width::available() {
                prop_assert_eq!(digest_all_with(width, &messages), expected.clone(), "{:?}", width);
            }
        }
    }
}
