//! Upgrades by lineage: a contract is never replaced, it names one successor, which names it as its parent.
//!
//! ```
//! use counterpart_sdk::prelude::*;
//!
//! #[storage]
//! pub struct Register {
//!     lineage: Lineage,
//!     owner: Item<Address>,
//! }
//!
//! #[contract]
//! impl Register {
//!     /// Takes over from a parent, or begins anew.
//!     pub fn new(parent: Option<Address>) -> Self {
//!         let mut this = Self::default();
//!         this.lineage.begin(parent);
//!         this.owner.set(&env::caller());
//!         this
//!     }
//!
//!     /// The contract that this one takes over from.
//!     pub fn parent(&self) -> Option<Address> {
//!         self.lineage.parent()
//!     }
//!
//!     /// The contract that takes over.
//!     pub fn upgraded_address(&self) -> Option<Address> {
//!         self.lineage.child()
//!     }
//!
//!     /// Names the contract that takes over; only the owner, once.
//!     pub fn set_upgraded_address(&mut self, child: Address) -> Result<(), LineageError> {
//!         env::require_auth(&self.owner.get_or_default());
//!         self.lineage.hand_over(child)
//!     }
//! }
//! ```
//!
//! `counterpart upgrade` deploys a child and makes both know each other, for every contract with these three methods.

use crate::env;
use crate::storage::Item;
use crate::{Address, ContractError, Event, interface, storage};

/// Why a contract does not take or give over.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum LineageError {
    /// A child was named before; that is final.
    AlreadyUpgraded {
        /// It.
        child: Address,
    },
    /// The contract at the address does not name this one as its parent.
    NotAcknowledged {
        /// The address.
        child: Address,
    },
    /// Nothing took over yet.
    NotUpgraded,
    /// Only the parent may do this.
    NotParent,
}

/// A contract named the one that takes over from it.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct HandedOver {
    /// The contract that takes over.
    #[topic]
    pub child: Address,
}

/// What a child answers for its parent.
#[interface]
pub trait Child {
    /// The contract that it takes over from.
    fn parent(&self) -> Option<Address>;
}

/// Where a contract stands among its versions.
#[storage]
pub struct Lineage {
    parent: Item<Address>,
    child: Item<Address>,
}

impl Lineage {
    /// Names the parent in the constructor.
    pub fn begin(&mut self, parent: Option<Address>) {
        if let Some(parent) = parent {
            self.parent.set(&parent);
        }
    }

    /// The contract that this one takes over from.
    pub fn parent(&self) -> Option<Address> {
        self.parent.get()
    }

    /// The contract that takes over from this one.
    pub fn child(&self) -> Option<Address> {
        self.child.get()
    }

    /// The contract that takes over, or an error.
    ///
    /// # Errors
    /// [`LineageError::NotUpgraded`] when there is none.
    pub fn require_child(&self) -> Result<Address, LineageError> {
        self.child().ok_or(LineageError::NotUpgraded)
    }

    /// Goes on only when the parent calls.
    ///
    /// # Errors
    /// [`LineageError::NotParent`] otherwise.
    pub fn require_parent(&self) -> Result<(), LineageError> {
        if self.parent() == Some(env::caller()) { Ok(()) } else { Err(LineageError::NotParent) }
    }

    /// Names the child, once, if it names this contract as its parent. Who may do so is the contract's to check.
    ///
    /// # Errors
    /// [`LineageError::AlreadyUpgraded`] or [`LineageError::NotAcknowledged`].
    pub fn hand_over(&mut self, child: Address) -> Result<(), LineageError> {
        if let Some(child) = self.child() {
            return Err(LineageError::AlreadyUpgraded { child });
        }
        if ChildRef::at(child).parent().try_call() != Ok(Ok(Some(env::self_address()))) {
            return Err(LineageError::NotAcknowledged { child });
        }
        self.child.set(&child);
        HandedOver { child }.emit();
        Ok(())
    }
}
