//! The second factor of a payment: a vector at a secret distance from a random one, in whole numbers.
//!
//! The service sends a random vector, the terminal answers with one whose squared distance from it is the secret of payer and
//! merchant. The secret is cut into two random parts, each written as a sum of four squares (Lagrange), with random signs and order:
//! exact, without floats or tolerance. Whoever sees both vectors learns the secret, so both travel sealed and the secret is changed
//! from time to time; it never stands alone for a payer's signature.

use sha2::{Digest, Sha256};

/// Coordinates of a vector.
pub const LEN: usize = 8;
/// Secrets are below this.
pub const MAX_SECRET: u64 = 1 << 48;
/// Coordinates of a challenge are below this, either way.
const MAX_COORDINATE: i64 = 1 << 40;

/// A vector.
pub type Vector = [i64; LEN];

/// Random choices that all come of one seed: SHA-256 of the seed and a counter.
pub struct Choices {
    seed: [u8; 32],
    counter: u64,
}

impl Choices {
    /// Choices of a seed of 32 random bytes.
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }

    /// A number below another one. What is left of 2^64 makes small ones likelier by less than one in 2^15.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let hash = Sha256::new().chain_update(self.seed).chain_update(self.counter.to_le_bytes()).finalize();
        self.counter += 1;
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash[..8]);
        u64::from_le_bytes(bytes) % bound.max(1)
    }
}

/// A random vector to answer.
pub fn challenge(choices: &mut Choices) -> Vector {
    [(); LEN].map(|()| choices.below(2 * MAX_COORDINATE as u64) as i64 - MAX_COORDINATE)
}

/// A vector at the squared distance from a challenge.
pub fn answer(challenge: &Vector, secret: u64, choices: &mut Choices) -> Vector {
    let secret = secret % MAX_SECRET;
    let part = choices.below(secret + 1);
    let (one, two) = (four_squares(part, choices), four_squares(secret - part, choices));
    let mut offsets = [one, two].concat();
    for index in (1..LEN).rev() {
        offsets.swap(index, choices.below(index as u64 + 1) as usize);
    }
    let mut answer = *challenge;
    for (coordinate, offset) in answer.iter_mut().zip(offsets) {
        let sign = if choices.below(2) == 0 { 1 } else { -1 };
        *coordinate += sign * offset as i64;
    }
    answer
}

/// Whether an answer is at the squared distance.
pub fn holds(challenge: &Vector, answer: &Vector, secret: u64) -> bool {
    let square = |(one, two): (&i64, &i64)| {
        let apart = u128::from(one.abs_diff(*two));
        // Beyond any secret: no sum of such squares can overflow.
        if apart > u128::from(u32::MAX) { None } else { Some(apart * apart) }
    };
    let sum: Option<u128> = challenge.iter().zip(answer).map(square).sum();
    sum == Some(u128::from(secret))
}

/// Four numbers whose squares sum to a number: two at random, the other two of what is left, where that is a sum of two squares that
/// is easily found.
fn four_squares(number: u64, choices: &mut Choices) -> Vec<u64> {
    if number < 1_024 {
        return few_squares(number);
    }
    // Two squares leave no number of the form 4k + 1 of a multiple of four, whose squares are twice those of a quarter of it.
    if number.is_multiple_of(4) {
        return four_squares(number / 4, choices).into_iter().map(|root| 2 * root).collect();
    }
    loop {
        let one = choices.below(number.isqrt() + 1);
        let rest = number - one * one;
        let two = choices.below(rest.isqrt() + 1);
        if let Some((three, four)) = two_squares(rest - two * two) {
            return vec![one, two, three, four];
        }
    }
}

/// The same for small numbers, by trying.
fn few_squares(number: u64) -> Vec<u64> {
    for one in (0..=number.isqrt()).rev() {
        let rest = number - one * one;
        for two in (0..=rest.isqrt()).rev() {
            let rest = rest - two * two;
            for three in (0..=rest.isqrt()).rev() {
                let last = rest - three * three;
                if last.isqrt().pow(2) == last {
                    return vec![one, two, three, last.isqrt()];
                }
            }
        }
    }
    // Lagrange: every number is found above.
    vec![0; 4]
}

/// Two squares of a number that is 0, 1, 2, or a prime of the form 4k + 1: by a root of minus one and Euclid's algorithm (Cornacchia).
fn two_squares(number: u64) -> Option<(u64, u64)> {
    match number {
        0 => return Some((0, 0)),
        1 => return Some((1, 0)),
        2 => return Some((1, 1)),
        _ if number % 4 != 1 || !is_prime(number) => return None,
        _ => {}
    }
    let base = (2..).find(|base| power(*base, (number - 1) / 2, number) == number - 1)?;
    let (mut larger, mut smaller) = (number, power(base, (number - 1) / 4, number));
    while smaller > number.isqrt() {
        (larger, smaller) = (smaller, larger % smaller);
    }
    let other = (number - smaller * smaller).isqrt();
    (smaller * smaller + other * other == number).then_some((smaller, other))
}

fn power(base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let times = |one: u64, two: u64| (u128::from(one) * u128::from(two) % u128::from(modulus)) as u64;
    let (mut result, mut square) = (1, base % modulus);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, square);
        }
        square = times(square, square);
        exponent >>= 1;
    }
    result
}

/// Miller and Rabin's test with the bases that decide every number below 2^64 (Jim Sinclair's seven are enough; these are the first
/// twelve primes, which are known to be enough up to 3.3 * 10^24).
fn is_prime(number: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if number < 2 || BASES.iter().any(|base| number.is_multiple_of(*base)) {
        return BASES.contains(&number);
    }
    let twos = (number - 1).trailing_zeros();
    BASES.iter().all(|base| {
        let mut value = power(*base, (number - 1) >> twos, number);
        if value == 1 || value == number - 1 {
            return true;
        }
        (1..twos).any(|_| {
            value = power(value, 2, number);
            value == number - 1
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_at_the_distance_and_no_two_are_alike() {
        let mut choices = Choices::new([1; 32]);
        let mut secrets: Vec<u64> = (0..600).collect();
        secrets.extend((0..200).map(|_| choices.below(MAX_SECRET)));
        secrets.extend([MAX_SECRET - 1, 7 << 44, 28, 112, 1_023, 1_024, 1_025]);
        for secret in secrets {
            let asked = challenge(&mut choices);
            let given = answer(&asked, secret, &mut choices);
            assert!(holds(&asked, &given, secret), "{secret}");
            assert!(!holds(&asked, &given, secret + 1) && (secret == 0 || !holds(&asked, &given, secret - 1)));
            assert!(secret < 100_000 || answer(&asked, secret, &mut choices) != given, "{secret}");
        }
    }

    #[test]
    fn vectors_that_are_far_apart_hold_nothing() {
        let zero = [0; LEN];
        assert!(!holds(&[i64::MIN; LEN], &[i64::MAX; LEN], 5));
        assert!(holds(&zero, &zero, 0) && !holds(&zero, &zero, 1));
        let mut far = zero;
        far[7] = i64::from(u32::MAX) + 1;
        assert!(!holds(&zero, &far, 0));
    }

    #[test]
    fn primes_are_told_from_what_looks_like_them() {
        let primes = (0..2_000).filter(|number| is_prime(*number)).count();
        assert_eq!(primes, 303);
        // Carmichael numbers, and a strong pseudoprime to the bases 2, 3, 5 and 7.
        for composite in [561, 41_041, 825_265, 3_215_031_751] {
            assert!(!is_prime(composite), "{composite}");
        }
        assert!(is_prime(18_446_744_073_709_551_557), "the largest below 2^64");
    }
}
