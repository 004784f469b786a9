//! A token that hands its holders over to a next version: the template for contracts that live long.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;

/// What the token refuses with.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum TokenError {
    /// The holder has too little.
    InsufficientBalance {
        /// Units held.
        have: u128,
        /// Units to move.
        want: u128,
    },
    /// There would be more units than can be counted.
    Overflow,
    /// The token was handed over: nothing is minted any more.
    HandedOver,
    /// The holder has nothing to take along.
    NothingToMove,
    /// Parent and child do not agree.
    Lineage {
        /// On what.
        reason: LineageError,
    },
}

impl From<LineageError> for TokenError {
    fn from(reason: LineageError) -> Self {
        Self::Lineage { reason }
    }
}

/// Units moved; from the zero address when made, to it when they went over to the next version.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Transferred {
    /// Who had them.
    #[topic]
    pub from: Address,
    /// Who has them.
    #[topic]
    pub to: Address,
    /// How many.
    pub units: u128,
}

/// What the next version answers.
#[interface]
pub trait Successor {
    /// Enters a holder.
    fn on_upgrade_from_parent(&mut self, holder: Address, units: u128) -> Result<(), TokenError>;
}

/// What the token keeps.
#[storage]
pub struct Token {
    lineage: Lineage,
    symbol: Item<String>,
    owner: Item<Address>,
    total: Item<u128>,
    balances: Map<Address, u128>,
}

#[contract(events(Transferred, HandedOver))]
impl Token {
    /// Makes a token without units; whoever deploys it is the owner. With a parent, its holders can come over.
    pub fn new(symbol: String, parent: Option<Address>) -> Self {
        let mut token = Self::default();
        token.lineage.begin(parent);
        token.symbol.set(&symbol);
        token.owner.set(&env::caller());
        token
    }

    /// The symbol.
    pub fn symbol(&self) -> String {
        self.symbol.get_or_default()
    }

    /// Who may mint and hand over.
    pub fn owner(&self) -> Address {
        self.owner.get_or_default()
    }

    /// All units of this version.
    pub fn total_supply(&self) -> u128 {
        self.total.get_or_default()
    }

    /// Units of a holder in this version.
    pub fn balance_of(&self, holder: Address) -> u128 {
        self.balances.get_or_default(&holder)
    }

    /// The version that this one takes over from.
    pub fn parent(&self) -> Option<Address> {
        self.lineage.parent()
    }

    /// The version that takes over.
    pub fn upgraded_address(&self) -> Option<Address> {
        self.lineage.child()
    }

    /// Moves units; the holder has to authorise it.
    pub fn transfer(&mut self, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&from);
        self.take(&from, units)?;
        self.give(&to, units)?;
        Transferred { from, to, units }.emit();
        Ok(())
    }

    /// Makes units; only the owner, and only until the token is handed over.
    pub fn mint(&mut self, to: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&self.owner());
        if self.lineage.child().is_some() {
            return Err(TokenError::HandedOver);
        }
        self.enter(to, units)
    }

    /// Names the version that takes over; only the owner, once, and only one that names this as its parent.
    pub fn set_upgraded_address(&mut self, child: Address) -> Result<(), TokenError> {
        env::require_auth(&self.owner());
        Ok(self.lineage.hand_over(child)?)
    }

    /// Takes a holder's units over to the next version; the holder has to authorise it. Answers how many.
    pub fn upgrade(&mut self, holder: Address) -> Result<u128, TokenError> {
        env::require_auth(&holder);
        let child = self.lineage.require_child()?;
        let units = self.balance_of(holder);
        if units == 0 {
            return Err(TokenError::NothingToMove);
        }
        self.take(&holder, units)?;
        self.total.set(&(self.total_supply() - units));
        Transferred { from: holder, to: Address::ZERO, units }.emit();
        // A failure of the child is a failure here: nothing has moved then.
        SuccessorRef::at(child).on_upgrade_from_parent(holder, units).call();
        Ok(units)
    }

    /// Enters a holder that the parent hands over.
    pub fn on_upgrade_from_parent(&mut self, holder: Address, units: u128) -> Result<(), TokenError> {
        self.lineage.require_parent()?;
        self.enter(holder, units)
    }

    fn enter(&mut self, to: Address, units: u128) -> Result<(), TokenError> {
        let total = self.total_supply().checked_add(units).ok_or(TokenError::Overflow)?;
        self.total.set(&total);
        self.give(&to, units)?;
        Transferred { from: Address::ZERO, to, units }.emit();
        Ok(())
    }

    fn take(&mut self, from: &Address, units: u128) -> Result<(), TokenError> {
        let have = self.balances.get_or_default(from);
        let left = have.checked_sub(units).ok_or(TokenError::InsufficientBalance { have, want: units })?;
        self.balances.set(from, &left);
        Ok(())
    }

    fn give(&mut self, to: &Address, units: u128) -> Result<(), TokenError> {
        let sum = self.balances.get_or_default(to).checked_add(units).ok_or(TokenError::Overflow)?;
        self.balances.set(to, &sum);
        Ok(())
    }
}
