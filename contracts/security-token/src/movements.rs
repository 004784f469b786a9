//! How units move: issued, transferred, redeemed, forced, recovered.

use crate::book::HolderBook;
use crate::events::{Forced, Issued, Recovered, Redeemed, Transferred};
use crate::holding::{Holding, Part};
use crate::lineage::ParentRef;
use crate::register::Register;
use crate::types::{Reason, Role, Scope, TokenError, refuse};
use compliance::{Kind, Movement, Party};
use counterpart_sdk::prelude::*;

/// Units of a partition that go from one account to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passage {
    /// From this account.
    pub from: Address,
    /// To this one.
    pub to: Address,
    /// In this partition; 0 is the common one.
    pub partition: u32,
    /// How many.
    pub units: u128,
}

impl Register {
    /// A movement as rules are asked and told.
    fn movement(&self, kind: Kind, from: Option<&Address>, to: Option<&Address>, units: u128) -> Movement {
        let party = |account: &Address| Party { account: *account, units: self.units_everywhere(account) };
        Movement { kind, from: from.map(party), to: to.map(party), units }
    }

    /// Units of an account here and in the versions before, as rules count them.
    fn units_everywhere(&self, account: &Address) -> u128 {
        let here = self.book.balance(account);
        let counts = self.book.compliance().is_some() && !self.lineage.have_all_come();
        let Some(parent) = self.lineage.parent().filter(|_| counts) else { return here };
        let before = ParentRef::at(parent).standing(*account).call().pieces;
        self.as_here(before).into_iter().fold(here, u128::saturating_add)
    }

    /// Why the register would refuse a transfer, whatever the rules say.
    fn own_reasons(&self, passage: &Passage, from: &Holding, to: &Holding) -> Vec<Reason> {
        let mut reasons = HolderBook::refusals(from, to, passage.partition, passage.units);
        if passage.from == passage.to {
            reasons.push(Reason::SameHolder);
        }
        if self.is_paused(Scope::Transfers) {
            reasons.push(Reason::Paused);
        }
        if self.is_deactivated() {
            reasons.push(Reason::Deactivated);
        }
        if self.splits.go_on() {
            reasons.push(Reason::Splitting);
        }
        if let Some(child) = self.lineage.child() {
            reasons.push(Reason::Upgraded { child });
        }
        reasons
    }

    /// Why a transfer would be refused: all reasons at once, none if it would be accepted.
    pub fn can_transfer(&self, passage: Passage) -> Vec<Reason> {
        let Passage { from, to, units, .. } = &passage;
        let mut reasons = self.own_reasons(&passage, &self.holding(from), &self.holding(to));
        reasons.extend(self.book.broken_rules(self.movement(Kind::Transfer, Some(from), Some(to), *units)));
        reasons
    }

    /// Moves units, whoever asks.
    pub fn transfer(&mut self, passage: Passage) {
        let Passage { from, to, partition, units } = passage;
        let (sender, receiver) = (self.meet(&from), self.meet(&to));
        if !self.own_reasons(&passage, &sender, &receiver).is_empty() {
            refuse(TokenError::TransferRefused { reasons: self.can_transfer(passage) });
        }
        self.book.tell_rules(self.movement(Kind::Transfer, Some(&from), Some(&to), units));
        self.book.move_units(&from, &to, partition, units);
        Transferred { from, to, partition, units }.emit();
    }

    /// Moves units that somebody else may spend. Who is frozen spends nothing, however much they were allowed.
    pub fn transfer_from(&mut self, spender: Address, passage: Passage) {
        if self.meet(&spender).frozen {
            let mut reasons = self.can_transfer(passage);
            reasons.push(Reason::SpenderFrozen);
            refuse_for(reasons);
        }
        self.spend(&passage.from, &spender, passage.units);
        self.transfer(passage);
    }

    /// Issues units to a holder; the issuer.
    pub fn issue(&mut self, to: Address, partition: u32, units: u128) {
        self.require(Role::Issuer);
        if self.is_paused(Scope::Issuance) {
            refuse(TokenError::Paused { scope: Scope::Issuance });
        }
        if self.is_issuance_finished() || self.lineage.child().is_some() {
            refuse(TokenError::IssuanceFinished);
        }
        self.require_newest();
        self.lineage.require_named();
        self.meet(&to);
        self.book.tell_rules(self.movement(Kind::Issue, None, Some(&to), units));
        self.book.credit(&to, partition, units);
        self.book.add_to_total(units);
        Issued { to, partition, units }.emit();
    }

    /// Takes units out of the register.
    pub fn redeem(&mut self, holder: Address, partition: u32, units: u128) {
        self.require_alive();
        self.require_newest();
        refuse_for(HolderBook::sender_refusals(&self.meet(&holder), partition, units));
        self.book.tell_rules(self.movement(Kind::Redeem, Some(&holder), None, units));
        self.book.debit(&holder, partition, units);
        Redeemed { holder, partition, units }.emit();
    }

    /// Moves units whatever their holder says; an agent. Frozen units are moved last, and are fewer then; those of the common
    /// partition first.
    pub fn forced_transfer(&mut self, from: Address, to: Address, units: u128) {
        self.require_agent(&from);
        self.meet(&to);
        let holding = self.book.holding(&from);
        let mut reasons = Vec::new();
        if units == 0 {
            reasons.push(Reason::NoUnits);
        }
        if from == to {
            reasons.push(Reason::SameHolder);
        }
        if holding.units < units {
            reasons.push(Reason::InsufficientBalance { have: holding.units, want: units });
        }
        refuse_for(reasons);
        self.book.tell_rules(self.movement(Kind::Forced, Some(&from), Some(&to), units));
        for Part { partition, units } in holding.pieces(units) {
            self.book.move_units(&from, &to, partition, units);
            Transferred { from, to, partition, units }.emit();
        }
        let thawed = self.book.thaw(&from);
        Forced { from, to, units, thawed }.emit();
    }

    /// Moves all that is known of a holder to another account of theirs; an agent. A frozen account takes nothing over. Answers how
    /// many units.
    pub fn recover(&mut self, lost: Address, new: Address) -> u128 {
        self.require_agent(&lost);
        let mut reasons = Vec::new();
        if lost == new {
            reasons.push(Reason::SameHolder);
        }
        if self.meet(&new).frozen {
            reasons.push(Reason::ReceiverFrozen);
        }
        refuse_for(reasons);
        let units = self.book.balance(&lost);
        self.book.tell_rules(self.movement(Kind::Recovery, Some(&lost), Some(&new), units));
        self.book.hand_over(&lost, &new);
        Recovered { lost, new, units }.emit();
        units
    }
}

fn refuse_for(reasons: Vec<Reason>) {
    if !reasons.is_empty() {
        refuse(TokenError::TransferRefused { reasons });
    }
}
