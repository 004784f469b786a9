//! A second seal that nobody opens alone: so many members of a committee have to show their keys first.
//!
//! The key of the second seal is shared over the members (Shamir's scheme over GF(2^8), each byte for itself), and each share
//! sealed for its member. Members make a key of their own for each occasion and show its seed when the time has come.

use crate::{Sealed, SealingError, SecretKey, seal};
use alloc::vec::Vec;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Members of a committee, at most: who seals again to settle a dispute does it for each of them.
pub const MAX_MEMBERS: usize = 7;
/// The `info` of second seals and of shares.
const INFO: &[u8] = b"counterpart/committee/1";
/// Bytes of a sealed share: the encapsulated key, the share, and the 16 that sealing adds.
const SHARE: usize = 32 + 32 + 16;
/// What sealing adds to a text: an encapsulated key and 16 bytes.
const ADDED: usize = 32 + 16;

/// Who has to come together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Committee {
    members: Vec<[u8; 32]>,
    threshold: usize,
}

impl Committee {
    /// Members by their public keys, of whom so many are enough. None if there are no members, too many, too few for the threshold,
    /// or one twice.
    pub fn new(members: &[[u8; 32]], threshold: usize) -> Option<Self> {
        let counted = (1..=members.len()).contains(&threshold) && members.len() <= MAX_MEMBERS;
        let twice = (1..members.len()).any(|index| members[..index].contains(&members[index]));
        (counted && !twice).then(|| Self { members: members.to_vec(), threshold })
    }

    /// Bytes that [`Committee::seal`] makes of a ciphertext of so many.
    pub const fn sealed_len(members: usize, ciphertext: usize) -> usize {
        ciphertext + ADDED + members * SHARE
    }

    /// Seals once more what was sealed for somebody. Everything comes of the seed, 32 random bytes, so that whoever is shown it can do
    /// it again.
    ///
    /// # Errors
    /// [`SealingError::Key`] when a member's key is none.
    pub fn seal(&self, aad: &[u8], inner: &Sealed, seed: &[u8; 32]) -> Result<Sealed, SealingError> {
        let key = derived(seed, 0);
        let outer = SecretKey::from_seed(&key).public_key();
        let Sealed { enc, ciphertext } = seal(&outer, INFO, aad, &inner.ciphertext, &derived(seed, 1))?;
        let mut bytes = [&enc[..], &ciphertext].concat();
        let higher: Vec<_> = (1..self.threshold).map(|power| derived(seed, 32 + power as u8)).collect();
        for (number, member) in (1_u8..).zip(&self.members) {
            let share = share(&key, &higher, number);
            let Sealed { enc, ciphertext } =
                seal(member, INFO, &bound(aad, number), &*share, &derived(seed, 64 + number))?;
            bytes.extend_from_slice(&enc);
            bytes.extend_from_slice(&ciphertext);
        }
        Ok(Sealed { enc: inner.enc, ciphertext: bytes })
    }

    /// Takes the second seal off with the keys of members, by their index; those beyond the threshold are not needed.
    ///
    /// # Errors
    /// [`SealingError::DoesNotOpen`]: too few keys, or it was sealed otherwise.
    pub fn open(&self, aad: &[u8], sealed: &Sealed, keys: &[(usize, SecretKey)]) -> Result<Sealed, SealingError> {
        let shares_at = sealed.ciphertext.len().checked_sub(self.members.len() * SHARE);
        let (outer, shares) = shares_at.map_or((&[][..], &[][..]), |at| sealed.ciphertext.split_at(at));
        let (enc, ciphertext) = outer.split_first_chunk::<32>().ok_or(SealingError::DoesNotOpen)?;
        let mut known = Vec::new();
        for (index, key) in keys.iter().take(self.threshold) {
            let found = shares.get(index * SHARE..).and_then(|rest| rest.get(..SHARE));
            let (enc, ciphertext) = found.and_then(<[u8]>::split_first_chunk).ok_or(SealingError::DoesNotOpen)?;
            let number = u8::try_from(index + 1).map_err(|_| SealingError::DoesNotOpen)?;
            let share = Sealed { enc: *enc, ciphertext: ciphertext.to_vec() };
            let share = Zeroizing::new(key.open(INFO, &bound(aad, number), &share)?);
            let share: [u8; 32] = share.as_slice().try_into().map_err(|_| SealingError::DoesNotOpen)?;
            known.push((number, Zeroizing::new(share)));
        }
        if known.len() < self.threshold {
            return Err(SealingError::DoesNotOpen);
        }
        let key = combined(&known).ok_or(SealingError::DoesNotOpen)?;
        let outer = Sealed { enc: *enc, ciphertext: ciphertext.to_vec() };
        let inner = SecretKey::from_seed(&key).open(INFO, aad, &outer)?;
        Ok(Sealed { enc: sealed.enc, ciphertext: inner })
    }
}

/// What a share is bound to: the place, and whose it is.
fn bound(aad: &[u8], number: u8) -> Vec<u8> {
    [aad, &[number]].concat()
}

fn derived(seed: &[u8; 32], number: u8) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(Sha256::new().chain_update(INFO).chain_update(seed).chain_update([number]).finalize().into())
}

/// The value of the polynomial at a member's number.
fn share(key: &[u8; 32], higher: &[Zeroizing<[u8; 32]>], number: u8) -> Zeroizing<[u8; 32]> {
    let mut share = Zeroizing::new([0; 32]);
    for (index, byte) in share.iter_mut().enumerate() {
        let highest_first = higher.iter().rev().map(|coefficient| coefficient[index]).chain([key[index]]);
        *byte = highest_first.fold(0, |value, coefficient| times(value, number) ^ coefficient);
    }
    share
}

/// The value at zero of the polynomial through the shares; none if two are of one member.
fn combined(shares: &[(u8, Zeroizing<[u8; 32]>)]) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    for (one, share) in shares {
        let mut weight = 1;
        for (other, _) in shares.iter().filter(|(other, _)| other != one) {
            weight = times(weight, times(*other, inverse(other ^ one)));
        }
        if shares.iter().filter(|(other, _)| other == one).count() > 1 {
            return None;
        }
        key.iter_mut().zip(share.iter()).for_each(|(byte, share)| *byte ^= times(*share, weight));
    }
    Some(key)
}

/// Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, in the same time for all operands.
const fn times(one: u8, other: u8) -> u8 {
    let (mut one, mut product, mut bit) = (one, 0, 0);
    while bit < 8 {
        product ^= one & 0_u8.wrapping_sub(other >> bit & 1);
        one = one << 1 ^ 0x1b & 0_u8.wrapping_sub(one >> 7);
        bit += 1;
    }
    product
}

/// The inverse: the power of 254.
const fn inverse(one: u8) -> u8 {
    let (mut power, mut square, mut bit) = (1, one, 1);
    while bit < 8 {
        square = times(square, square);
        power = times(power, square);
        bit += 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_fips_197() {
        // FIPS 197, section 4.2: {57} times {83}, {57} times {13}, and xtime on the way.
        assert_eq!((times(0x57, 0x83), times(0x57, 0x13)), (0xc1, 0xfe));
        assert_eq!([0x02, 0x04, 0x08, 0x10].map(|power| times(0x57, power)), [0xae, 0x47, 0x8e, 0x07]);
        for one in 1..=255 {
            assert_eq!(times(one, inverse(one)), 1);
        }
    }

    #[test]
    fn any_so_many_shares_and_no_fewer_give_the_key() {
        let key = [7; 32];
        let higher = [Zeroizing::new([9; 32]), Zeroizing::new([200; 32])];
        let shares: Vec<_> = (1..=5).map(|number| (number, share(&key, &higher, number))).collect();
        for one in 0..5 {
            for two in one + 1..5 {
                for three in two + 1..5 {
                    let some = [one, two, three].map(|index| shares[index].clone());
                    assert_eq!(*combined(&some).expect("three members"), key);
                }
                // Two shares fit every key: with a third share of any value there is a polynomial through them.
                let two = [shares[one].clone(), shares[two].clone()];
                assert_ne!(*combined(&two).expect("two members"), key);
            }
        }
        assert!(combined(&[shares[0].clone(), shares[0].clone(), shares[1].clone()]).is_none());
    }
}
