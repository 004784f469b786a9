//! What is recovered of the accounts of a class, and from when.

use super::tiers::{RATE_ONE, Tier, Tiers, TiersError, and_then};
use alloc::vec;
use alloc::vec::Vec;
use counterpart_sdk::ContractError;
use counterpart_sdk::prelude::Abi;

/// Epochs after which value may expire, at most. It bounds the lots of a holding.
pub const MAX_LIFETIME: u32 = 64;

/// What is taken of everything in accounts that nothing was spent from lately.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Idle {
    /// From which idle epoch on; the epoch of the last spending is not idle.
    pub after_epochs: u32,
    /// Which part, in parts of 10^9, of what the tiers leave.
    pub rate: u32,
}

/// How long value lives. What is oldest is spent first.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expiry {
    /// Epochs after the one in which it was received; at most 64.
    pub after_epochs: u32,
    /// Whether value keeps its age when it moves to another account.
    pub keep_age: bool,
}

/// Policies that apply together. By default nothing is recovered.
#[derive(Abi, Clone, PartialEq, Eq, Debug, Default)]
pub struct Policies {
    /// What is taken each epoch of the part of an amount in each tier. One tier above 0 takes a part of everything, one
    /// above an allowance spares that.
    pub tiers: Vec<Tier>,
    /// What is taken besides of idle accounts.
    pub idle: Option<Idle>,
    /// When value is over.
    pub expiry: Option<Expiry>,
    /// Whether everything is taken, once, when these policies begin.
    pub sweep: bool,
}

/// Why policies are refused.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum PolicyError {
    /// The tiers are none.
    Tiers {
        /// Why.
        error: TiersError,
    },
    /// One epoch would take more of an amount than the currency allows.
    RateAboveCap {
        /// The highest rate.
        cap: u32,
    },
    /// No epochs, or more than value may live.
    Epochs,
}

/// Policies of a class, and the epoch from which they apply.
#[derive(Abi, Clone, PartialEq, Eq, Debug, Default)]
pub struct Checkpoint {
    /// The first epoch that is charged by them.
    pub from_epoch: u64,
    /// They.
    pub policies: Policies,
}

impl Policies {
    /// The same part of everything, each epoch.
    pub fn proportional(rate: u32) -> Self {
        Self::above(0, rate)
    }

    /// A part of what is above an allowance, each epoch.
    pub fn above(allowance: u128, rate: u32) -> Self {
        Self { tiers: vec![Tier { above: allowance, rate }], ..Self::default() }
    }

    /// Checks policies, with the highest rate that one epoch may take.
    ///
    /// # Errors
    /// [`PolicyError`], the first that applies.
    pub fn check(&self, rate_cap: u32) -> Result<(), PolicyError> {
        if let Err(error) = Tiers::new(&self.tiers) {
            return Err(PolicyError::Tiers { error });
        }
        let idle = self.idle.unwrap_or(Idle { after_epochs: 1, rate: 0 });
        let top = |tiers: &[Tier]| tiers.last().map_or(0, |tier| tier.rate);
        if idle.rate > RATE_ONE || top(&and_then(&self.tiers, idle.rate)) > rate_cap {
            return Err(PolicyError::RateAboveCap { cap: rate_cap });
        }
        let lifetime = self.expiry.map_or(1, |expiry| expiry.after_epochs);
        if idle.after_epochs == 0 || lifetime == 0 || lifetime > MAX_LIFETIME {
            return Err(PolicyError::Epochs);
        }
        Ok(())
    }
}
