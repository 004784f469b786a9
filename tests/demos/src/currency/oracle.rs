//! The balances in another way: with rationals, epoch by epoch.

use num_bigint::BigInt;
use num_rational::BigRational;

/// Rationals are cut to so many bits after the point once an epoch, or they would grow without end.
const BITS: usize = 128;

/// A bound in units, and the part of 10^9 that is taken of what is above it, up to the next.
pub type Tiers = Vec<(u128, u32)>;

/// What everyone has.
pub struct Oracle {
    balances: Vec<BigRational>,
}

fn whole(units: u128) -> BigRational {
    BigRational::from_integer(BigInt::from(units))
}

impl Oracle {
    /// So many accounts without anything.
    pub fn new(accounts: usize) -> Self {
        Self { balances: vec![whole(0); accounts] }
    }

    /// Gives units to an account.
    pub fn give(&mut self, account: usize, units: u128) {
        self.balances[account] += whole(units);
    }

    /// Takes units of an account.
    pub fn take(&mut self, account: usize, units: u128) {
        self.balances[account] -= whole(units);
    }

    /// Units that an account can certainly spend.
    pub fn spendable(&self, account: usize) -> u128 {
        let sure = &self.balances[account] - BigRational::new(1.into(), 1_000.into());
        sure.floor().to_integer().try_into().unwrap_or(0)
    }

    /// Ends an epoch of an account.
    pub fn end_epoch(&mut self, account: usize, tiers: &Tiers) {
        let balance = &self.balances[account];
        let mut taken = whole(0);
        for (index, (above, rate)) in tiers.iter().enumerate() {
            let top = tiers.get(index + 1).map_or(balance.clone(), |next| whole(next.0).min(balance.clone()));
            if top > whole(*above) {
                taken += (top - whole(*above)) * BigRational::new((*rate).into(), 1_000_000_000.into());
            }
        }
        let scale = BigInt::from(1) << BITS;
        let left = ((balance - taken) * &scale).floor().to_integer();
        self.balances[account] = BigRational::new(left, scale);
    }

    /// How far an amount in 2^-32 units is from an account's, in millionths of a unit.
    pub fn apart(&self, account: usize, parts: u128) -> u64 {
        let told = BigRational::new(parts.into(), (BigInt::from(1) << 32_usize).clone());
        let apart = (told - &self.balances[account]) * whole(1_000_000);
        let apart = if apart < whole(0) { -apart } else { apart };
        apart.ceil().to_integer().try_into().unwrap_or(u64::MAX)
    }
}
