//! What shares have earned: by what was paid in all, so that nobody has to be paid for others to be.

use crate::Loans;
use crate::types::{Loan, LoanError, Share};
use counterpart_sdk::prelude::*;
use counterpart_sdk::rounding;
use trading::Asset;

impl Loans {
    /// What units of a line have earned since the loan began: of returned principal and of interest.
    fn earned(&self, found: &Loan, loan: u64, line: u32, units: u128, mode: u32) -> Result<(u128, u128), LoanError> {
        let rate = self.lines.get(&(loan, line)).map_or(0, |line| line.rate_ppm);
        let part = |of: u128, units: u128, whole: u128| match whole {
            0 => Ok(0),
            _ => env::mul_div(of, units, whole, mode).ok_or(LoanError::Overflow),
        };
        let weight = units.checked_mul(rate.into()).ok_or(LoanError::Overflow)?;
        Ok((part(found.returned, units, found.principal)?, part(found.interest, weight, found.weight)?))
    }

    /// Credits what shares have earned and were not credited for, rounded down; answers the units.
    pub(crate) fn settle(&mut self, found: &Loan, loan: u64, line: u32, holder: Address) -> Result<u128, LoanError> {
        let share = self.share(loan, line, holder);
        if share.units == 0 {
            return Ok(0);
        }
        let (principal, interest) = self.earned(found, loan, line, share.units, rounding::FLOOR)?;
        let fresh =
            principal.saturating_sub(share.credited_principal) + interest.saturating_sub(share.credited_interest);
        let credited = Share {
            units: share.units,
            credited_principal: principal.max(share.credited_principal),
            credited_interest: interest.max(share.credited_interest),
        };
        self.shares.set(&(loan, line, holder), &credited);
        self.credit(holder, found.asset, fresh);
        Ok(fresh)
    }

    /// Sets the units of a holder that was settled. What they count as credited is rounded up: two halves never earn more than
    /// the whole would have.
    pub(crate) fn set_share(
        &mut self,
        found: &Loan,
        loan: u64,
        line: u32,
        holder: Address,
        units: u128,
    ) -> Result<(), LoanError> {
        let (credited_principal, credited_interest) = self.earned(found, loan, line, units, rounding::CEIL)?;
        if units == 0 {
            self.shares.remove(&(loan, line, holder));
        } else {
            self.shares.set(&(loan, line, holder), &Share { units, credited_principal, credited_interest });
        }
        Ok(())
    }

    pub(crate) fn credit(&mut self, account: Address, asset: Asset, units: u128) {
        if units > 0 {
            let key = (account, asset);
            self.claims.set(&key, &(self.claims.get_or_default(&key) + units));
        }
    }
}
