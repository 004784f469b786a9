//! Eight states at once, with AVX-512.

use crate::constants::permutation;
use std::arch::x86_64::*;

macro_rules! xor {
    ($one:expr, $two:expr) => {
        _mm512_xor_si512($one, $two)
    };
}

macro_rules! xor3 {
    ($one:expr, $two:expr, $three:expr) => {
        // The truth table of one xor two xor three.
        _mm512_ternarylogic_epi64::<0x96>($one, $two, $three)
    };
}

macro_rules! rotate {
    ($by:expr, $word:expr) => {
        _mm512_rol_epi64::<{ $by }>($word)
    };
}

macro_rules! chi {
    ($one:expr, $two:expr, $three:expr) => {
        // The truth table of one xor (not two and three).
        _mm512_ternarylogic_epi64::<0xD2>($one, $two, $three)
    };
}

macro_rules! broadcast {
    ($constant:expr) => {
        _mm512_set1_epi64($constant as i64)
    };
}

/// Permutes eight states; of the results only the first four lanes, which are the digests, are put back.
#[target_feature(enable = "avx512f")]
pub fn permute(states: &mut [[u64; 8]; 25]) {
    let mut state = states.map(|[a, b, c, d, e, f, g, h]| {
        _mm512_set_epi64(h as i64, g as i64, f as i64, e as i64, d as i64, c as i64, b as i64, a as i64)
    });
    permutation!(state, xor: xor, xor3: xor3, rotate: rotate, chi: chi, broadcast: broadcast);
    for (words, wide) in states.iter_mut().zip(state).take(4) {
        let (low, high) = (_mm512_extracti64x4_epi64::<0>(wide), _mm512_extracti64x4_epi64::<1>(wide));
        *words = [
            _mm256_extract_epi64::<0>(low) as u64,
            _mm256_extract_epi64::<1>(low) as u64,
            _mm256_extract_epi64::<2>(low) as u64,
            _mm256_extract_epi64::<3>(low) as u64,
            _mm256_extract_epi64::<0>(high) as u64,
            _mm256_extract_epi64::<1>(high) as u64,
            _mm256_extract_epi64::<2>(high) as u64,
            _mm256_extract_epi64::<3>(high) as u64,
        ];
    }
}
