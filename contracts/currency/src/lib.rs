//! A currency that is granted from a depository, circulates, and is recovered into it.
//!
//! - `terms`: what the currency is founded on,
//! - `book`: what each account has, settled before it is looked at or moved,
//! - `policies`: what is recovered, in which epochs, and what waits to apply,
//! - `registry`, `grants`, `transfers`, `redemption`: what can be done,
//! - `error`, `event`: what is refused and reported.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod book;
mod error;
mod event;
mod grants;
mod policies;
mod redemption;
mod registry;
mod terms;
mod transfers;

pub use book::{Account, Line, Pace, Position, Totals};
pub use counterpart_contracts::allowance::{Allowance, AllowanceError};
pub use counterpart_contracts::pause::Paused;
pub use counterpart_contracts::recovery::{
    Checkpoint, Expiry, Held, Holding, Idle, Lot, Policies, PolicyError, Tier, TiersError,
};
pub use counterpart_contracts::roles::{AdminChanged, AdminProposed, RoleChanged, RoleError};
pub use error::{CurrencyError, GrantOutcome, Reason};
pub use event::{
    Approved, Closed, Deposited, Funded, Granted, Left, PolicyApplied, PolicyCancelled, PolicyProposed, PutBack,
    Recovered, Registered, Released, TakenOut, Transferred,
};
pub use grants::{Grant, MAX_GRANTS};
pub use policies::Proposal;
pub use registry::{MAX_REGISTRATIONS, Registration};
pub use terms::{Class, IdentityGateRef, Role, Scope, Term, Terms};

use book::Book;
use counterpart_contracts::allowance::Allowances;
use counterpart_contracts::pause::Pause;
use counterpart_contracts::requests::Requests;
use counterpart_contracts::roles::Roles;
use counterpart_sdk::prelude::*;
use transfers::MAX_MEMO;

/// Entries of an answer, and accounts of a settlement, at most.
pub const MAX_PAGE: u32 = 50;

/// What an account has at a time.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Projection {
    /// The epoch of the time.
    pub epoch: u64,
    /// Units that could be spent, by the policies that apply until then.
    pub units: u128,
    /// The same if what is proposed is carried out.
    pub with_proposal: u128,
}

/// What the currency keeps.
#[storage]
pub struct Currency {
    name: Item<String>,
    symbol: Item<String>,
    decimals: Item<u8>,
    book: Book,
    requests: Requests,
    roles: Roles,
    pause: Pause,
    allowances: Allowances,
}

#[contract(events(
    Funded,
    Registered,
    Granted,
    Transferred,
    Approved,
    Recovered,
    Deposited,
    Released,
    PolicyProposed,
    PolicyCancelled,
    PolicyApplied,
    TakenOut,
    Left,
    PutBack,
    Closed,
    Paused,
    RoleChanged,
    AdminProposed,
    AdminChanged
))]
impl Currency {
    /// Founds a currency without units. Whoever deploys it is the admin, who hands out roles and has none.
    pub fn new(name: String, symbol: String, decimals: u8, terms: Terms) -> Result<Self, CurrencyError> {
        let mut currency = Self::default();
        currency.name.set(&name);
        currency.symbol.set(&symbol);
        currency.decimals.set(&decimals);
        currency.roles.begin(&env::caller(), terms.admin_delay_ms);
        currency.book.begin(terms);
        Ok(currency)
    }

    /// The name.
    pub fn name(&self) -> String {
        self.name.get_or_default()
    }

    /// The symbol.
    pub fn symbol(&self) -> String {
        self.symbol.get_or_default()
    }

    /// Digits of a unit after the point, for display.
    pub fn decimals(&self) -> u8 {
        self.decimals.get_or_default()
    }

    /// The terms.
    pub fn terms(&self) -> Terms {
        self.book.terms()
    }

    /// How time is counted in epochs.
    pub fn pace(&self) -> Pace {
        self.book.pace()
    }

    /// All sums. Issued is the sum of depository, circulating, leaving and redeemed.
    pub fn totals(&self) -> Totals {
        self.book.totals()
    }

    /// An account as it was written last; `balance_of` says what it has now.
    pub fn account(&self, account: Address) -> Option<Account> {
        self.book.account(&account)
    }

    /// Accounts, at most 50, as they were written last.
    pub fn accounts_of(&self, accounts: Vec<Address>) -> Result<Vec<Option<Account>>, CurrencyError> {
        check_size(accounts.len(), MAX_PAGE);
        Ok(accounts.iter().map(|account| self.book.account(account)).collect())
    }

    /// Accounts by address, after one or from the beginning; at most 50 at a time.
    pub fn accounts(&self, after: Option<Address>, limit: u32) -> Vec<(Address, Account)> {
        self.book.accounts(after.as_ref(), limit.min(MAX_PAGE))
    }

    /// What accounts have in pools, by pool and account, after one or from the beginning; at most 50 at a time.
    pub fn positions(&self, after: Option<(Address, Address)>, limit: u32) -> Vec<((Address, Address), Position)> {
        self.book.positions(after.as_ref(), limit.min(MAX_PAGE))
    }

    /// Units that an account can spend now.
    pub fn balance_of(&self, account: Address) -> u128 {
        let found = self.book.account(&account);
        found.map_or(0, |found| self.book.project(found.holding, found.class, self.book.epoch(), false))
    }

    /// Units that an account has in a pool now.
    pub fn position_of(&self, pool: Address, account: Address) -> u128 {
        let found = self.book.position(&pool, &account);
        found.map_or(0, |found| self.book.project(found.holding, found.class, self.book.epoch(), false))
    }

    /// Units that an account could spend at a time, in ms since 1970, if nothing happens to it until then; with and without
    /// the policies that wait.
    pub fn projection(&self, account: Address, time_ms: u64) -> Projection {
        let epoch = self.book.pace().epoch_at(time_ms.max(env::block_time_ms()));
        let Some(Account { class, holding, .. }) = self.book.account(&account) else {
            return Projection { epoch, units: 0, with_proposal: 0 };
        };
        let with_proposal = self.book.project(holding.clone(), class, epoch, true);
        Projection { epoch, units: self.book.project(holding, class, epoch, false), with_proposal }
    }

    /// What was recovered of an account, line by line, from one on; at most 50 at a time.
    pub fn statement(&self, account: Address, from: u32, limit: u32) -> Vec<Line> {
        self.book.lines(&account, from, limit.min(MAX_PAGE))
    }

    /// The policies of a class that apply in an epoch.
    pub fn policy(&self, class: Class, epoch: u64) -> Checkpoint {
        let policies = &self.book.policies;
        policies.checkpoint(class, policies.number_in(class, epoch)).unwrap_or_default()
    }

    /// The policies of a class that wait.
    pub fn proposal(&self, class: Class) -> Option<Proposal> {
        self.book.policies.proposal(class)
    }

    /// Whether a granter's grant with an id was paid.
    pub fn is_granted(&self, granter: Address, id: Hash) -> bool {
        self.requests.contains(&granter, &id)
    }

    /// Why a transfer would be refused: all reasons at once, none if it would be accepted.
    pub fn can_transfer(&self, from: Address, to: Address, units: u128, memo: Vec<u8>) -> Vec<Reason> {
        let (sender, receiver) = (self.book.look_at(&from), self.book.look_at(&to));
        self.refusals((&from, &to), (sender.as_ref(), receiver.as_ref()), units, &memo)
    }

    /// What somebody may spend of an account's units now.
    pub fn allowance(&self, owner: Address, spender: Address) -> Allowance {
        self.allowances.get(&owner, &spender)
    }

    /// Who hands out roles.
    pub fn admin(&self) -> Address {
        self.roles.admin()
    }

    /// Whether an account has a role.
    pub fn has_role(&self, role: Role, account: Address) -> bool {
        self.roles.has(role as u8, &account)
    }

    /// Whether messages of a kind are paused.
    pub fn is_paused(&self, scope: Scope) -> bool {
        self.pause.is_paused(scope as u8)
    }

    /// Issues units to the depository; the issuer.
    pub fn fund_depository(&mut self, units: u128) -> Result<(), CurrencyError> {
        self.require(Role::Issuer);
        self.require_running(Scope::Administration);
        let (max_supply, mut totals) = (self.book.terms().max_supply, self.book.totals());
        if units > max_supply.saturating_sub(totals.issued) {
            refuse(CurrencyError::SupplyExceeded { max_supply });
        }
        totals.issued += units;
        totals.depository += units;
        self.book.set_totals(&totals);
        Funded { units }.emit();
        Ok(())
    }

    /// Registers at most 50 accounts; the registrar. Those that are registered already stay as they are. Answers how many
    /// were new.
    pub fn register_accounts(&mut self, accounts: Vec<Registration>) -> Result<u32, CurrencyError> {
        self.require(Role::Registrar);
        self.require_running(Scope::Administration);
        check_size(accounts.len(), MAX_REGISTRATIONS);
        let mut new = 0;
        for account in accounts {
            new += u32::from(self.register(account));
        }
        Ok(new)
    }

    /// Puts an account into another class or group, from the epoch that runs; the registrar.
    pub fn set_class(&mut self, account: Address, class: Class, group: u16) -> Result<(), CurrencyError> {
        self.require(Role::Registrar);
        self.require_running(Scope::Administration);
        self.change_class(account, class, group);
        Ok(())
    }

    /// Closes an account; itself, or the registrar. What is left goes to the depository; answers how many units.
    pub fn close_account(&mut self, account: Address) -> Result<u128, CurrencyError> {
        if !env::is_authorized(&account) {
            self.require(Role::Registrar);
        }
        Ok(self.close(account))
    }

    /// Closes a grant account whose identity holds no more; anybody. Answers how many units went to the depository.
    pub fn revoke(&mut self, account: Address) -> Result<u128, CurrencyError> {
        let found = self.book.account(&account).unwrap_or_else(|| refuse(CurrencyError::NoAccount { account }));
        match self.identity_holds(&account, &found) {
            None => refuse(CurrencyError::GateFailed),
            Some(true) => refuse(CurrencyError::IdentityHolds),
            Some(false) => Ok(self.close(account)),
        }
    }

    /// Pays at most 50 grants; the granter. What became of each, in their order: an id that was paid is not paid again.
    pub fn grant(&mut self, grants: Vec<Grant>, memo: Vec<u8>) -> Result<Vec<GrantOutcome>, CurrencyError> {
        self.require(Role::Granter);
        self.require_running(Scope::Grants);
        check_size(grants.len(), MAX_GRANTS);
        check_size(memo.len(), MAX_MEMO as u32);
        Ok(grants.iter().map(|grant| self.pay_grant(grant, &memo)).collect())
    }

    /// Moves units; the sender has to authorise it. Anybody may bring what the sender signed.
    pub fn transfer(&mut self, from: Address, to: Address, units: u128, memo: Vec<u8>) -> Result<(), CurrencyError> {
        env::require_auth(&from);
        self.move_units(from, to, units, memo, None);
        Ok(())
    }

    /// Lets somebody spend units until a time, if so many may be spent now as is expected; the owner has to authorise it.
    pub fn approve(
        &mut self,
        owner: Address,
        spender: Address,
        expected: u128,
        units: u128,
        expires_ms: u64,
    ) -> Result<(), CurrencyError> {
        env::require_auth(&owner);
        if let Err(error) = self.allowances.set(&owner, &spender, expected, Allowance { units, expires_ms }) {
            refuse(CurrencyError::Allowance { error });
        }
        Approved { owner, spender, units, expires_ms }.emit();
        Ok(())
    }

    /// Moves units that somebody else may spend; the spender has to authorise it.
    pub fn transfer_from(
        &mut self,
        spender: Address,
        from: Address,
        to: Address,
        units: u128,
        memo: Vec<u8>,
    ) -> Result<(), CurrencyError> {
        env::require_auth(&spender);
        if let Err(error) = self.allowances.spend(&from, &spender, units) {
            refuse(CurrencyError::Allowance { error });
        }
        self.move_units(from, to, units, memo, Some(spender));
        Ok(())
    }

    /// Moves units into an exempt account, where they stay the owner's and are charged as before; the owner has to authorise
    /// it.
    pub fn deposit(&mut self, account: Address, pool: Address, units: u128) -> Result<(), CurrencyError> {
        env::require_auth(&account);
        self.require_running(Scope::Transfers);
        self.move_into_pool(account, pool, units);
        Ok(())
    }

    /// Moves an account's units out of an exempt account, to anybody; the exempt account has to authorise it.
    pub fn release(&mut self, pool: Address, account: Address, to: Address, units: u128) -> Result<(), CurrencyError> {
        env::require_auth(&pool);
        self.move_out_of_pool(pool, account, to, units);
        Ok(())
    }

    /// Settles an account as far as one settlement goes; anybody. Whether it is settled.
    pub fn settle(&mut self, account: Address) -> Result<bool, CurrencyError> {
        let looked = self.book.look_at(&account).unwrap_or_else(|| refuse(CurrencyError::NoAccount { account }));
        let settled = looked.settled;
        let entered = self.book.enter(&account, looked);
        self.book.set_account(&account, &entered);
        Ok(settled)
    }

    /// Settles accounts by address, after one or from the beginning, at most 50; anybody. Answers the last of them, from which
    /// to go on: none when there are no more.
    pub fn settle_page(&mut self, after: Option<Address>, limit: u32) -> Option<Address> {
        let mut last = None;
        for (address, mut account) in self.book.accounts(after.as_ref(), limit.min(MAX_PAGE)) {
            self.book.settle(&address, None, account.class, &mut account.holding);
            self.book.set_account(&address, &account);
            last = Some(address);
        }
        last
    }

    /// Settles what an account has in a pool; anybody. What a closed account has there goes to the depository.
    pub fn settle_position(&mut self, pool: Address, account: Address) -> Result<(), CurrencyError> {
        let found = self.book.open_position(&pool, &account);
        let mut position = found.unwrap_or_else(|| refuse(CurrencyError::NoPosition));
        if self.book.account(&account).is_none_or(|account| account.closed) {
            self.book.recover_all(&account, pool, &mut position.holding);
        }
        self.book.set_position(&pool, &account, &position);
        Ok(())
    }

    /// Proposes other policies for a class; the policy maker. They wait, and can be looked at by `projection` and cancelled.
    pub fn propose_policy(&mut self, class: Class, policies: Policies, from_epoch: u64) -> Result<(), CurrencyError> {
        self.require(Role::PolicyMaker);
        let (epoch, terms) = (self.book.epoch(), self.book.terms());
        self.book.policies.propose(class, policies, from_epoch, epoch, &terms);
        Ok(())
    }

    /// Takes proposed policies back; the policy maker or the admin.
    pub fn cancel_policy(&mut self, class: Class) -> Result<(), CurrencyError> {
        if self.roles.require_admin().is_err() {
            self.require(Role::PolicyMaker);
        }
        self.book.policies.cancel(class);
        Ok(())
    }

    /// Carries proposed policies out when they have waited; anybody.
    pub fn apply_policy(&mut self, class: Class) -> Result<(), CurrencyError> {
        self.require_running(Scope::Policies);
        let epoch = self.book.epoch();
        self.book.policies.apply(class, epoch);
        Ok(())
    }

    /// Takes units out of an account, to leave the currency; the redeemer, and the account has to authorise it.
    pub fn take_out(&mut self, account: Address, units: u128) -> Result<(), CurrencyError> {
        env::require_auth(&account);
        self.require(Role::Redeemer);
        self.take_units_out(account, units);
        Ok(())
    }

    /// Lets units of an account that were taken out leave, but for a fee that the depository keeps; the redeemer.
    pub fn leave(&mut self, account: Address, units: u128, fee: u128) -> Result<(), CurrencyError> {
        self.require(Role::Redeemer);
        self.let_units_leave(account, units, fee);
        Ok(())
    }

    /// Gives units that were taken out back to an account; the redeemer.
    pub fn put_back(&mut self, account: Address, units: u128) -> Result<(), CurrencyError> {
        self.require(Role::Redeemer);
        self.put_units_back(account, units);
        Ok(())
    }

    /// Pauses messages of a kind, or lets them go on; the pauser.
    pub fn set_paused(&mut self, scope: Scope, paused: bool) -> Result<(), CurrencyError> {
        self.require(Role::Pauser);
        self.pause.set(scope as u8, paused);
        Ok(())
    }

    /// Gives a role or takes it; the admin, and everybody of their own roles what is taken.
    pub fn set_role(&mut self, role: Role, account: Address, has: bool) -> Result<(), CurrencyError> {
        if has || env::caller() != account {
            admin_answer(self.roles.require_admin());
        }
        self.roles.set(role as u8, &account, has);
        Ok(())
    }

    /// Proposes another admin, or nobody any more; the admin.
    pub fn propose_admin(&mut self, admin: Option<Address>) -> Result<(), CurrencyError> {
        admin_answer(self.roles.propose_admin(admin));
        Ok(())
    }

    /// Becomes admin; who was proposed, when the delay is over.
    pub fn accept_admin(&mut self) -> Result<(), CurrencyError> {
        admin_answer(self.roles.accept_admin());
        Ok(())
    }

    fn require(&self, role: Role) {
        if !self.roles.has(role as u8, &env::caller()) {
            refuse(CurrencyError::MissingRole { role });
        }
    }

    fn require_running(&self, scope: Scope) {
        if self.pause.is_paused(scope as u8) {
            refuse(CurrencyError::Paused { scope });
        }
    }
}

fn check_size(entries: usize, limit: u32) {
    if entries > limit as usize {
        refuse(CurrencyError::TooMany { limit });
    }
}

fn admin_answer(result: Result<(), RoleError>) {
    if let Err(error) = result {
        refuse(CurrencyError::Admin { error });
    }
}

/// Ends the call: nothing of it happened. Results that are handed from function to function would make the contract too large.
#[inline(never)]
fn refuse(error: CurrencyError) -> ! {
    counterpart_sdk::revert(&error)
}
