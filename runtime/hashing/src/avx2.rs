//! Four states at once, with AVX2.

use crate::constants::permutation;
use std::arch::x86_64::*;

macro_rules! xor {
    ($one:expr, $two:expr) => {
        _mm256_xor_si256($one, $two)
    };
}

macro_rules! xor3 {
    ($one:expr, $two:expr, $three:expr) => {
        _mm256_xor_si256(_mm256_xor_si256($one, $two), $three)
    };
}

macro_rules! rotate {
    ($by:expr, $word:expr) => {{
        let word = $word;
        _mm256_or_si256(_mm256_slli_epi64::<{ $by }>(word), _mm256_srli_epi64::<{ 64 - $by }>(word))
    }};
}

macro_rules! chi {
    ($one:expr, $two:expr, $three:expr) => {
        _mm256_xor_si256($one, _mm256_andnot_si256($two, $three))
    };
}

macro_rules! broadcast {
    ($constant:expr) => {
        _mm256_set1_epi64x($constant as i64)
    };
}

/// Permutes four states; of the results only the first four lanes, which are the digests, are put back.
#[target_feature(enable = "avx2")]
pub fn permute(states: &mut [[u64; 4]; 25]) {
    let mut state = states.map(|[a, b, c, d]| _mm256_set_epi64x(d as i64, c as i64, b as i64, a as i64));
    permutation!(state, xor: xor, xor3: xor3, rotate: rotate, chi: chi, broadcast: broadcast);
    for (words, wide) in states.iter_mut().zip(state).take(4) {
        *words = [
            _mm256_extract_epi64::<0>(wide) as u64,
            _mm256_extract_epi64::<1>(wide) as u64,
            _mm256_extract_epi64::<2>(wide) as u64,
            _mm256_extract_epi64::<3>(wide) as u64,
        ];
    }
}
