//! The books: what each account has, settled before it is looked at or moved.

use crate::error::Reason;
use crate::event::Recovered;
use crate::policies::PolicyBook;
use crate::terms::{Class, Terms};
use crate::{CurrencyError, refuse};
use counterpart_contracts::recovery::{Checkpoint, Held, Holding, Moved, Policies};
use counterpart_sdk::prelude::*;

/// An account.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its class.
    pub class: Class,
    /// Its group, by which schedules tell amounts.
    pub group: u16,
    /// Who it belongs to, where a gate says so.
    pub identity: Option<Hash>,
    /// When it was registered, in ms since 1970.
    pub registered_ms: u64,
    /// Whether it takes part no more.
    pub closed: bool,
    /// Who it paid last, so that paying each other back and forth is no activity.
    pub last_partner: Address,
    /// What it has.
    pub holding: Holding,
}

/// What an account has in a pool.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// The class by whose policies it is charged.
    pub class: Class,
    /// What it has.
    pub holding: Holding,
}

/// Sums over everything, in units. After every message, issued is the sum of depository, circulating, leaving and
/// redeemed.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Ever issued.
    pub issued: u128,
    /// To be granted.
    pub depository: u128,
    /// In accounts and pools, each with the unit that has begun to be recovered.
    pub circulating: u128,
    /// Taken out, to leave or to come back.
    pub leaving: u128,
    /// That left.
    pub redeemed: u128,
    /// Ever granted.
    pub granted: u128,
    /// Ever recovered.
    pub recovered: u128,
}

/// Where units are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pot {
    /// To be granted.
    Depository,
    /// In accounts and pools.
    Circulating,
    /// Taken out.
    Leaving,
    /// Out of the currency.
    Redeemed,
}

impl Totals {
    fn pot(&mut self, pot: Pot) -> &mut u128 {
        match pot {
            Pot::Depository => &mut self.depository,
            Pot::Circulating => &mut self.circulating,
            Pot::Leaving => &mut self.leaving,
            Pot::Redeemed => &mut self.redeemed,
        }
    }

    /// Moves units from one pot to another.
    #[inline(never)]
    pub fn shift(&mut self, from: Pot, to: Pot, units: u128) {
        *self.pot(from) -= units;
        *self.pot(to) += units;
    }
}

/// What a settlement took: a line of a statement. An account's own lines and those of its positions say all that was ever
/// recovered of it.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// The pool in which the units lay, if in one.
    pub pool: Option<Address>,
    /// The first epoch that was charged.
    pub from_epoch: u64,
    /// The first epoch that was not.
    pub to_epoch: u64,
    /// The checkpoint of the class that applied at first.
    pub checkpoint: u32,
    /// What there was.
    pub before: Held,
    /// What was left.
    pub after: Held,
    /// What went to the depository, in units.
    pub recovered: u128,
}

/// An account as it is when it is settled, before that is written.
pub struct Looked {
    /// It.
    pub account: Account,
    /// What was written.
    start: Holding,
    /// Whether one settlement goes so far.
    pub settled: bool,
}

/// How time is counted, and what counts as activity: read in every message.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pace {
    /// When epoch 0 began, in ms since 1970.
    pub start_ms: u64,
    /// How long an epoch lasts, in ms.
    pub epoch_ms: u64,
    /// Units that have to be spent at once to count as activity.
    pub min_activity: u128,
}

impl Pace {
    /// The epoch of a time.
    pub fn epoch_at(&self, time_ms: u64) -> u64 {
        time_ms.saturating_sub(self.start_ms) / self.epoch_ms.max(1)
    }
}

/// The books.
#[storage]
pub struct Book {
    terms: Item<Terms>,
    pace: Item<Pace>,
    totals: Item<Totals>,
    accounts: OrdMap<Address, Account>,
    positions: OrdMap<(Address, Address), Position>,
    lines: Map<(Address, u32), Line>,
    line_counts: Map<Address, u32>,
    pub(crate) identities: Map<Hash, Address>,
    pub(crate) policies: PolicyBook,
}

impl Book {
    /// Opens empty books.
    pub fn begin(&mut self, terms: Terms) {
        terms.check();
        let start_ms = env::block_time_ms();
        self.pace.set(&Pace { start_ms, epoch_ms: terms.epoch_ms, min_activity: terms.min_activity });
        self.terms.set(&terms);
        self.policies.begin(Class::Grant, terms.grant_policies, terms.rate_cap);
        self.policies.begin(Class::NonGrant, terms.non_grant_policies, terms.rate_cap);
        self.policies.begin(Class::Exempt, Policies::default(), terms.rate_cap);
    }

    /// The terms.
    pub fn terms(&self) -> Terms {
        self.terms.get().expect("set when the contract was made")
    }

    /// How time is counted.
    pub fn pace(&self) -> Pace {
        self.pace.get_or_default()
    }

    /// The epoch that runs.
    pub fn epoch(&self) -> u64 {
        self.pace().epoch_at(env::block_time_ms())
    }

    /// All sums.
    pub fn totals(&self) -> Totals {
        self.totals.get_or_default()
    }

    /// Writes sums.
    pub fn set_totals(&mut self, totals: &Totals) {
        self.totals.set(totals);
    }

    /// Moves units from one pot to another.
    pub fn shift(&mut self, from: Pot, to: Pot, units: u128) {
        let mut totals = self.totals();
        totals.shift(from, to, units);
        self.totals.set(&totals);
    }

    /// An account as it was written last.
    pub fn account(&self, address: &Address) -> Option<Account> {
        self.accounts.get(address)
    }

    /// Writes an account.
    pub fn set_account(&mut self, address: &Address, account: &Account) {
        self.accounts.set(address, account);
    }

    /// Accounts by address, after one or from the beginning.
    pub fn accounts(&self, after: Option<&Address>, limit: u32) -> Vec<(Address, Account)> {
        self.accounts.page(after, limit)
    }

    /// What an account has in a pool, as it was written last.
    pub fn position(&self, pool: &Address, account: &Address) -> Option<Position> {
        self.positions.get(&(*pool, *account))
    }

    /// Writes what an account has in a pool; when that is nothing, the position is gone.
    pub fn set_position(&mut self, pool: &Address, account: &Address, position: &Position) {
        let key = (*pool, *account);
        if position.holding.held.parts == 0 {
            self.positions.remove(&key);
        } else {
            self.positions.set(&key, position);
        }
    }

    /// What accounts have in pools, by pool and account, after one or from the beginning.
    pub fn positions(&self, after: Option<&(Address, Address)>, limit: u32) -> Vec<((Address, Address), Position)> {
        self.positions.page(after, limit)
    }

    /// The lines of an account's statement, from one on.
    pub fn lines(&self, account: &Address, from: u32, limit: u32) -> Vec<Line> {
        let end = self.line_counts.get_or_default(account).min(from.saturating_add(limit));
        (from..end).filter_map(|number| self.lines.get(&(*account, number))).collect()
    }

    /// An open account as it is when it is settled, without anything written; `None` if there is none.
    pub fn look_at(&self, address: &Address) -> Option<Looked> {
        let mut account = self.account(address).filter(|account| !account.closed)?;
        let start = account.holding.clone();
        let settled = self.look_ahead(&mut account.holding, account.class, self.epoch());
        Some(Looked { account, start, settled })
    }

    /// Enters what was recovered of an account that was looked at.
    pub fn enter(&mut self, address: &Address, looked: Looked) -> Account {
        self.enter_recovery(address, None, &looked.start, &looked.account.holding);
        looked.account
    }

    /// An open account, settled and with what was recovered entered: it has to be written, and not to be opened again before
    /// that. Refused if there is none, or if one settlement does not go so far.
    pub fn open(&mut self, address: &Address) -> Account {
        let looked = self.look_at(address).unwrap_or_else(|| refuse(CurrencyError::NoAccount { account: *address }));
        if !looked.settled {
            refuse(CurrencyError::SettleFirst { account: *address });
        }
        self.enter(address, looked)
    }

    /// What an account has in a pool, if anything, settled by the class that the account had at the last time, and charged by
    /// the class that it has now from here on. Refused if one settlement does not go so far.
    pub fn open_position(&mut self, pool: &Address, account: &Address) -> Option<Position> {
        let mut position = self.position(pool, account)?;
        if !self.settle(account, Some(*pool), position.class, &mut position.holding) {
            refuse(CurrencyError::SettleFirst { account: *account });
        }
        let class = self.account(account).map_or(position.class, |account| account.class);
        if class != position.class {
            position.class = class;
            self.change_class(&mut position.holding, class);
        }
        Some(position)
    }

    /// Charges a settled holding by another class's policies from now on.
    pub fn change_class(&self, holding: &mut Holding, class: Class) {
        holding.checkpoint = self.policies.number_in(class, holding.epoch);
        holding.join(&self.policies.policies(class, holding.checkpoint));
    }

    /// Settles a holding as far as one settlement goes, and enters what was recovered; whether it is settled.
    pub fn settle(&mut self, account: &Address, pool: Option<Address>, class: Class, holding: &mut Holding) -> bool {
        let start = holding.clone();
        let settled = self.look_ahead(holding, class, self.epoch());
        self.enter_recovery(account, pool, &start, holding);
        settled
    }

    /// Recovers everything that an account has in a pool.
    pub fn recover_all(&mut self, account: &Address, pool: Address, holding: &mut Holding) {
        let start = core::mem::replace(holding, Holding::begin(holding.epoch, holding.checkpoint));
        self.enter_recovery(account, Some(pool), &start, holding);
    }

    fn enter_recovery(&mut self, account: &Address, pool: Option<Address>, start: &Holding, end: &Holding) {
        if start.held == end.held {
            return;
        }
        let recovered = start.held.units_begun() - end.held.units_begun();
        let (from_epoch, to_epoch, checkpoint) = (start.epoch, end.epoch, start.checkpoint);
        let number = self.line_counts.get_or_default(account);
        let line = Line { pool, from_epoch, to_epoch, checkpoint, before: start.held, after: end.held, recovered };
        self.lines.set(&(*account, number), &line);
        self.line_counts.set(account, &(number + 1));
        if recovered > 0 {
            let mut totals = self.totals();
            totals.shift(Pot::Circulating, Pot::Depository, recovered);
            totals.recovered += recovered;
            self.set_totals(&totals);
            Recovered { account: *account, pool, units: recovered, from_epoch, to_epoch }.emit();
        }
    }

    /// Settles a holding up to an epoch without writing anything; whether it went so far.
    pub fn look_ahead(&self, holding: &mut Holding, class: Class, epoch: u64) -> bool {
        holding.settle(epoch, &|number| self.policies.checkpoint(class, number))
    }

    /// Units that can be spent of a holding in an epoch, however far that is, with or without what waits to be applied.
    pub fn project(&self, mut holding: Holding, class: Class, epoch: u64, with_proposal: bool) -> u128 {
        let (count, next_epoch) = (self.policies.count(class), self.epoch() + 1);
        holding.project(epoch, &|number| {
            if number < count || !with_proposal {
                return self.policies.checkpoint(class, number);
            }
            let proposal = self.policies.proposal(class).filter(|_| number == count)?;
            let from_epoch = proposal.checkpoint.from_epoch.max(next_epoch);
            Some(Checkpoint { from_epoch, ..proposal.checkpoint })
        });
        holding.held.units()
    }

    /// Takes units out of a settled holding. Refused when there are not so many, or none are asked for.
    pub fn take(&self, holding: &mut Holding, class: Class, units: u128) -> Moved {
        let have = holding.held.units();
        let moved = if units > 0 { holding.take(units, &self.policies_of(holding, class)) } else { None };
        moved.unwrap_or_else(|| {
            let reason = if units == 0 { Reason::NoUnits } else { Reason::InsufficientBalance { have, want: units } };
            refuse(CurrencyError::TransferRefused { reasons: vec![reason] })
        })
    }

    /// Adds to a settled holding.
    pub fn add(&self, holding: &mut Holding, class: Class, moved: Moved) {
        holding.add(moved, &self.policies_of(holding, class));
    }

    /// Adds units without age to a settled holding. They fit: there are never more than 2^94.
    pub fn add_units(&self, holding: &mut Holding, class: Class, units: u128) {
        let held = Held::from_units(units).expect("no more than are issued");
        self.add(holding, class, Moved::new(held));
    }

    fn policies_of(&self, holding: &Holding, class: Class) -> Policies {
        self.policies.policies(class, holding.checkpoint)
    }
}
