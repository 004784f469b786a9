//! Leaving the currency: units are taken out of an account, wait, and leave or come back. What is paid for them is the
//! business of whoever has the role.

use crate::book::Pot;
use crate::event::{Left, PutBack, TakenOut};
use crate::{Currency, CurrencyError, refuse};
use counterpart_sdk::prelude::*;

impl Currency {
    /// Takes units out of an account.
    pub(crate) fn take_units_out(&mut self, account: Address, units: u128) {
        let mut owner = self.book.open(&account);
        self.book.take(&mut owner.holding, owner.class, units);
        self.book.set_account(&account, &owner);
        self.book.shift(Pot::Circulating, Pot::Leaving, units);
        TakenOut { account, units }.emit();
    }

    /// Lets units that were taken out leave, but for a fee that the depository keeps.
    pub(crate) fn let_units_leave(&mut self, account: Address, units: u128, fee: u128) {
        self.check_leaving(units);
        let redeemed = units.checked_sub(fee).unwrap_or_else(|| refuse(CurrencyError::FeeTooHigh));
        self.book.shift(Pot::Leaving, Pot::Depository, fee);
        self.book.shift(Pot::Leaving, Pot::Redeemed, redeemed);
        Left { account, units: redeemed, fee }.emit();
    }

    /// Gives units that were taken out back.
    pub(crate) fn put_units_back(&mut self, account: Address, units: u128) {
        self.check_leaving(units);
        let mut owner = self.book.open(&account);
        self.book.shift(Pot::Leaving, Pot::Circulating, units);
        self.book.add_units(&mut owner.holding, owner.class, units);
        self.book.set_account(&account, &owner);
        PutBack { account, units }.emit();
    }

    fn check_leaving(&self, units: u128) {
        let have = self.book.totals().leaving;
        if have < units {
            refuse(CurrencyError::NotTakenOut { have, want: units });
        }
    }
}
