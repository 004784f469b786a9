//! Moving units: between accounts, into pools and out of them.

use crate::book::{Account, Looked, Position};
use crate::error::Reason;
use crate::event::{Deposited, Released, Transferred};
use crate::terms::{Class, Scope};
use crate::{Currency, CurrencyError, refuse};
use counterpart_contracts::recovery::Holding;
use counterpart_sdk::prelude::*;

/// Bytes of a memo, at most.
pub(crate) const MAX_MEMO: usize = 128;

impl Currency {
    /// Why a transfer would be refused: all reasons.
    pub(crate) fn refusals(
        &self,
        (from, to): (&Address, &Address),
        (sender, receiver): (Option<&Looked>, Option<&Looked>),
        units: u128,
        memo: &[u8],
    ) -> Vec<Reason> {
        let have = sender.map_or(0, |sender| sender.account.holding.held.units());
        let mut reasons = Vec::new();
        let mut check = |applies: bool, reason: Reason| note(&mut reasons, applies, &reason);
        check(self.pause.is_paused(Scope::Transfers as u8), Reason::Paused);
        check(units == 0, Reason::NoUnits);
        check(from == to, Reason::SameAccount);
        check(sender.is_none(), Reason::NoSender);
        check(receiver.is_none(), Reason::NoReceiver);
        check(receiver.is_some_and(|receiver| receiver.account.class == Class::Exempt), Reason::ReceiverExempt);
        check(sender.is_some_and(|sender| !sender.settled), Reason::SettleSender);
        check(receiver.is_some_and(|receiver| !receiver.settled), Reason::SettleReceiver);
        check(sender.is_some() && have < units, Reason::InsufficientBalance { have, want: units });
        check(memo.len() > MAX_MEMO, Reason::MemoTooLong);
        reasons
    }

    /// Moves units between accounts, whoever asks.
    pub(crate) fn move_units(
        &mut self,
        from: Address,
        to: Address,
        units: u128,
        memo: Vec<u8>,
        spender: Option<Address>,
    ) {
        let looked = (self.book.look_at(&from), self.book.look_at(&to));
        let reasons = self.refusals((&from, &to), (looked.0.as_ref(), looked.1.as_ref()), units, &memo);
        let (Some(sender), Some(receiver), true) = (looked.0, looked.1, reasons.is_empty()) else {
            refuse(CurrencyError::TransferRefused { reasons });
        };
        let (mut sender, mut receiver) = (self.book.enter(&from, sender), self.book.enter(&to, receiver));
        self.shift((&mut sender.holding, sender.class), (&mut receiver.holding, receiver.class), units);
        self.note_spending(&mut sender, &to, receiver.class, units);
        self.book.set_account(&from, &sender);
        self.book.set_account(&to, &receiver);
        Transferred { from, to, spender, units, memo }.emit();
    }

    /// Moves an account's units into a pool, where they stay its own.
    pub(crate) fn move_into_pool(&mut self, account: Address, pool: Address, units: u128) {
        let mut owner = self.book.open(&account);
        if self.book.open(&pool).class != Class::Exempt {
            refuse(CurrencyError::NotExempt);
        }
        let found = self.book.open_position(&pool, &account);
        let mut position = found.unwrap_or_else(|| {
            let holding = Holding::begin(owner.holding.epoch, owner.holding.checkpoint);
            Position { class: owner.class, holding }
        });
        self.shift((&mut owner.holding, owner.class), (&mut position.holding, position.class), units);
        self.book.set_account(&account, &owner);
        self.book.set_position(&pool, &account, &position);
        Deposited { pool, account, units }.emit();
    }

    /// Moves an account's units out of a pool, to itself or to somebody else.
    pub(crate) fn move_out_of_pool(&mut self, pool: Address, account: Address, to: Address, units: u128) {
        let found = self.book.open_position(&pool, &account);
        let mut position = found.unwrap_or_else(|| refuse(CurrencyError::NoPosition));
        let mut receiver = self.book.open(&to);
        if receiver.class == Class::Exempt && to != pool {
            refuse(CurrencyError::TransferRefused { reasons: vec![Reason::ReceiverExempt] });
        }
        self.shift((&mut position.holding, position.class), (&mut receiver.holding, receiver.class), units);
        self.book.set_position(&pool, &account, &position);
        self.book.set_account(&to, &receiver);
        Released { pool, account, to, units }.emit();
    }

    /// Moves units between settled holdings.
    fn shift(&self, (from, from_class): (&mut Holding, Class), (to, to_class): (&mut Holding, Class), units: u128) {
        let moved = self.book.take(from, from_class, units);
        self.book.add(to, to_class, moved);
    }

    /// Spending is activity when it is worth something, goes to somebody who is granted nothing, and not to the same as last
    /// time.
    fn note_spending(&self, sender: &mut Account, to: &Address, class: Class, units: u128) {
        if class == Class::NonGrant && units >= self.book.pace().min_activity && sender.last_partner != *to {
            sender.last_partner = *to;
            sender.holding.spent();
        }
    }
}

#[inline(never)]
fn note(reasons: &mut Vec<Reason>, applies: bool, reason: &Reason) {
    if applies {
        reasons.push(*reason);
    }
}
