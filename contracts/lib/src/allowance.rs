//! What somebody may spend of somebody else's, until a time.

use counterpart_sdk::prelude::*;

/// How much may be spent, and until when.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Allowance {
    /// How much, in units.
    pub units: u128,
    /// From when nothing may be spent any more, in ms since 1970.
    pub expires_ms: u64,
}

/// Why an allowance is not set or spent.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum AllowanceError {
    /// It is not what it was expected to be.
    Changed {
        /// What may be spent now, in units.
        have: u128,
    },
    /// It would be over already.
    Expired,
    /// It is less than what is to be spent.
    Insufficient {
        /// What may be spent, in units.
        have: u128,
        /// What is to be spent, in units.
        want: u128,
    },
}

/// Allowances, by who gave them to whom.
#[storage]
pub struct Allowances {
    given: Map<(Address, Address), Allowance>,
}

impl Allowances {
    /// What may be spent now: nothing of an allowance that has expired.
    pub fn get(&self, owner: &Address, spender: &Address) -> Allowance {
        let given = self.given.get_or_default(&(*owner, *spender));
        if env::block_time_ms() < given.expires_ms { given } else { Allowance::default() }
    }

    /// Sets an allowance, if it is what its owner expects: a change that crosses a spending is refused.
    ///
    /// # Errors
    /// [`AllowanceError::Changed`], [`AllowanceError::Expired`].
    pub fn set(
        &mut self,
        owner: &Address,
        spender: &Address,
        expected: u128,
        allowance: Allowance,
    ) -> Result<(), AllowanceError> {
        let have = self.get(owner, spender).units;
        if have != expected {
            return Err(AllowanceError::Changed { have });
        }
        if allowance.units == 0 {
            self.given.remove(&(*owner, *spender));
            return Ok(());
        }
        if allowance.expires_ms <= env::block_time_ms() {
            return Err(AllowanceError::Expired);
        }
        self.given.set(&(*owner, *spender), &allowance);
        Ok(())
    }

    /// Spends of an allowance.
    ///
    /// # Errors
    /// [`AllowanceError::Insufficient`].
    pub fn spend(&mut self, owner: &Address, spender: &Address, units: u128) -> Result<(), AllowanceError> {
        let given = self.get(owner, spender);
        let left = given.units.checked_sub(units);
        let left = left.ok_or(AllowanceError::Insufficient { have: given.units, want: units })?;
        self.given.set(&(*owner, *spender), &Allowance { units: left, ..given });
        Ok(())
    }
}
