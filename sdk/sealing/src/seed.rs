//! A seed in the place of chance: what is sealed with it can be sealed again, by whoever is shown it.

use core::convert::Infallible;
use hpke::rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

/// Gives the bytes of a seed, once; then zeros, which nothing asks for.
pub struct Seed {
    bytes: Zeroizing<[u8; 32]>,
    given: usize,
}

impl Seed {
    pub fn new(seed: &[u8; 32]) -> Self {
        Self { bytes: Zeroizing::new(*seed), given: 0 }
    }
}

impl TryRng for Seed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for byte in out {
            *byte = self.bytes.get(self.given).copied().unwrap_or(0);
            self.given += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Seed {}
