//! Double-entry accounts and two-phase transfers, after TigerBeetle's accounting model.
//!
//! - `account`: the four columns of an account, and what they allow,
//! - `transfer`: what moves an amount,
//! - `outcome`: what becomes of each event,
//! - `batch`: events one after the other, with linked ones all or none,
//! - `phases`: the second phase of a pending transfer, and repeated events.

mod account;
mod batch;
mod outcome;
mod phases;
mod transfer;

pub use account::{Account, NewAccount, account_flags};
pub use batch::MAX_EVENTS;
pub use outcome::{CreateAccountResult, CreateTransferResult};
pub use transfer::{Phase, Recorded, Transfer, transfer_flags};

use core::ops::Bound;
use counterpart_sdk::prelude::*;

/// An id that stands for none.
pub const NO_ID: Hash = Hash([0; 32]);
/// An id that is reserved.
pub const MAX_ID: Hash = Hash([0xFF; 32]);

/// Accounts, transfers, and what is due.
#[storage]
pub struct DoubleEntry {
    accounts: Map<Hash, Account>,
    transfers: Map<Hash, Recorded>,
    /// Ids of transfers that failed for a reason that could pass: they stay burnt, so that a repeated message cannot
    /// succeed where the first was told that it had failed.
    burnt: Map<Hash, bool>,
    /// Pending transfers by the time at which they expire, in ms since 1970.
    due: OrdMap<(u64, Hash), ()>,
}

impl DoubleEntry {
    /// An account.
    pub fn account(&self, id: &Hash) -> Option<Account> {
        self.accounts.get(id)
    }

    /// A transfer, with what became of it.
    pub fn transfer(&self, id: &Hash) -> Option<Recorded> {
        self.transfers.get(id)
    }

    /// Creates accounts; a result for each event, in their order.
    pub fn create_accounts(&mut self, events: &[NewAccount]) -> Vec<CreateAccountResult> {
        batch::create_accounts(self, events)
    }

    /// Carries transfers out; a result for each event, in their order. Those that were carried out are reported, with the
    /// amount that moved or is reserved. A pending transfer whose time is over resolves no more, but holds its amount until
    /// it is expired: call [`Self::expire`] before.
    pub fn create_transfers(
        &mut self,
        events: &[Transfer],
        report: impl FnMut(&Transfer),
    ) -> Vec<CreateTransferResult> {
        batch::create_transfers(self, events, report)
    }

    /// Gives back what pending transfers hold whose time is over; answers their ids, at most `limit`.
    pub fn expire(&mut self, limit: u32) -> Vec<Hash> {
        let later = (env::block_time_ms().saturating_add(1), NO_ID);
        let over = self.due.range(Bound::Unbounded, Bound::Excluded(&later), limit);
        over.into_iter()
            .map(|(key, ())| {
                phases::expire(self, &key.1);
                self.due.remove(&key);
                key.1
            })
            .collect()
    }
}
