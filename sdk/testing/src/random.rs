//! Random numbers of tests.

/// A sequence of numbers that is the same for the same seed on every machine (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// The sequence of the seed that `COUNTERPART_SEED` names; without it, of 1.
    pub fn from_environment() -> Self {
        Self::new(from_environment("COUNTERPART_SEED").unwrap_or(1))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound that is not zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// A number up to a bound, of any number of digits.
    pub fn sized(&mut self, bound: u128) -> u128 {
        let wide = (u128::from(self.number()) << 64) | u128::from(self.number());
        let some = wide >> self.below(127);
        bound.checked_add(1).map_or(some, |above| some % above)
    }

    /// Whether something happens that does so once in so many times.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of some values.
    pub fn pick<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len() as u64) as usize]
    }
}

/// A number that the environment names, if it does.
pub fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}
