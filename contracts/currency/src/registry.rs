//! Who takes part, as what.

use crate::book::{Account, Pot};
use crate::event::{Closed, Registered};
use crate::terms::{Class, IdentityGateRef};
use crate::{Currency, CurrencyError, refuse};
use counterpart_contracts::recovery::Holding;
use counterpart_sdk::prelude::*;

/// Accounts registered by one message, at most.
pub const MAX_REGISTRATIONS: u32 = 50;

/// An account to be registered.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Registration {
    /// Which.
    pub account: Address,
    /// Its class.
    pub class: Class,
    /// Its group, by which schedules tell amounts.
    pub group: u16,
}

impl Currency {
    /// Registers an account, or one that was closed anew. Whoever is registered already stays as they are: whether it was new.
    pub(crate) fn register(&mut self, registration: Registration) -> bool {
        let Registration { account: address, class, group } = registration;
        if self.book.account(&address).is_some_and(|account| !account.closed) {
            return false;
        }
        let identity = self.take_identity(&address, class);
        let epoch = self.book.epoch();
        let account = Account {
            class,
            group,
            identity,
            registered_ms: env::block_time_ms(),
            closed: false,
            last_partner: Address::ZERO,
            holding: Holding::begin(epoch, self.book.policies.number_in(class, epoch)),
        };
        self.book.set_account(&address, &account);
        Registered { account: address, class, group }.emit();
        true
    }

    /// Puts an open account into another class or group, from this epoch on.
    pub(crate) fn change_class(&mut self, address: Address, class: Class, group: u16) {
        let mut account = self.book.open(&address);
        if class != account.class {
            self.give_identity_back(&account);
            account.identity = self.take_identity(&address, class);
            account.class = class;
            self.book.change_class(&mut account.holding, class);
        }
        account.group = group;
        self.book.set_account(&address, &account);
        Registered { account: address, class, group }.emit();
    }

    /// Closes an account; what is left goes to the depository.
    pub(crate) fn close(&mut self, address: Address) -> u128 {
        let mut account = self.book.open(&address);
        let residue = account.holding.held.units_begun();
        self.give_identity_back(&account);
        account.closed = true;
        account.identity = None;
        account.holding = Holding::begin(account.holding.epoch, account.holding.checkpoint);
        self.book.set_account(&address, &account);
        self.book.shift(Pot::Circulating, Pot::Depository, residue);
        Closed { account: address, residue }.emit();
        residue
    }

    /// Whether the identity behind a grant account is still the one that it was registered with. Without a gate it is.
    /// `None` when the gate does not answer.
    pub(crate) fn identity_holds(&self, address: &Address, account: &Account) -> Option<bool> {
        if account.class != Class::Grant {
            return Some(true);
        }
        Some(account.identity == self.ask_gate(address)?)
    }

    /// Who an account belongs to; `None` when the gate does not answer.
    fn ask_gate(&self, address: &Address) -> Option<Option<Hash>> {
        let Some(gate) = self.book.terms().identity_gate else { return Some(None) };
        // A gate that fails tells nothing: nobody gets a grant from it, and nobody is closed by it.
        let answer = IdentityGateRef::at(gate).identity(*address).try_call();
        answer.ok().and_then(Result::ok)
    }

    fn take_identity(&mut self, address: &Address, class: Class) -> Option<Hash> {
        if class != Class::Grant || self.book.terms().identity_gate.is_none() {
            return None;
        }
        let identity = self.ask_gate(address).unwrap_or_else(|| refuse(CurrencyError::GateFailed));
        let identity = identity.unwrap_or_else(|| refuse(CurrencyError::NoIdentity));
        if let Some(account) = self.book.identities.get(&identity) {
            refuse(CurrencyError::IdentityTaken { account });
        }
        self.book.identities.set(&identity, address);
        Some(identity)
    }

    fn give_identity_back(&mut self, account: &Account) {
        if let Some(identity) = account.identity {
            self.book.identities.remove(&identity);
        }
    }
}
