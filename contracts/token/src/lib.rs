//! A fungible token: balances, allowances, an owner who mints; the template for contracts.
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
    /// The spender may spend too little.
    InsufficientAllowance {
        /// Units allowed.
        have: u128,
        /// Units to spend.
        want: u128,
    },
    /// There would be more units than can be counted.
    Overflow,
}

/// Units moved; from the zero address when minted.
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

/// A holder set what somebody may spend.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Approved {
    /// The holder.
    #[topic]
    pub holder: Address,
    /// Who may spend.
    #[topic]
    pub spender: Address,
    /// How many units.
    pub units: u128,
}

/// What the token keeps.
#[storage]
pub struct Token {
    name: Item<String>,
    symbol: Item<String>,
    decimals: Item<u8>,
    owner: Item<Address>,
    total: Item<u128>,
    balances: Map<Address, u128>,
    allowances: Map<(Address, Address), u128>,
}

#[contract(events(Transferred, Approved))]
impl Token {
    /// Makes a token without units; whoever deploys it is the owner.
    pub fn new(name: String, symbol: String, decimals: u8) -> Self {
        let mut token = Self::default();
        token.name.set(&name);
        token.symbol.set(&symbol);
        token.decimals.set(&decimals);
        token.owner.set(&env::caller());
        token
    }

    /// The name.
    pub fn name(&self) -> String {
        self.name.get_or_default()
    }

    /// The symbol.
    pub fn symbol(&self) -> String {
        self.symbol.get_or_default()
    }

    /// How many digits of an amount stand behind the point.
    pub fn decimals(&self) -> u8 {
        self.decimals.get_or_default()
    }

    /// Who may mint.
    pub fn owner(&self) -> Address {
        self.owner.get_or_default()
    }

    /// All units.
    pub fn total_supply(&self) -> u128 {
        self.total.get_or_default()
    }

    /// Units of a holder.
    pub fn balance_of(&self, holder: Address) -> u128 {
        self.balances.get_or_default(&holder)
    }

    /// Units of a holder that somebody may spend.
    pub fn allowance(&self, holder: Address, spender: Address) -> u128 {
        self.allowances.get_or_default(&(holder, spender))
    }

    /// Whether a transfer would be accepted.
    pub fn can_transfer(&self, from: Address, _to: Address, units: u128) -> bool {
        self.balance_of(from) >= units
    }

    /// Moves units; the holder has to authorise it.
    pub fn transfer(&mut self, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&from);
        self.move_units(from, to, units)
    }

    /// Sets what somebody may spend; the holder has to authorise it.
    pub fn approve(&mut self, holder: Address, spender: Address, units: u128) {
        env::require_auth(&holder);
        self.allowances.set(&(holder, spender), &units);
        Approved { holder, spender, units }.emit();
    }

    /// Moves units of a holder who approved it; whoever spends (`by`) has to authorise it.
    pub fn transfer_from(&mut self, by: Address, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&by);
        let have = self.allowance(from, by);
        let left = have.checked_sub(units).ok_or(TokenError::InsufficientAllowance { have, want: units })?;
        self.allowances.set(&(from, by), &left);
        self.move_units(from, to, units)
    }

    /// Makes units; only the owner.
    pub fn mint(&mut self, to: Address, units: u128) -> Result<(), TokenError> {
        env::require_auth(&self.owner());
        let total = self.total_supply().checked_add(units).ok_or(TokenError::Overflow)?;
        self.total.set(&total);
        // No balance exceeds the total.
        self.balances.set(&to, &(self.balance_of(to) + units));
        Transferred { from: Address::ZERO, to, units }.emit();
        Ok(())
    }

    fn move_units(&mut self, from: Address, to: Address, units: u128) -> Result<(), TokenError> {
        let have = self.balance_of(from);
        let left = have.checked_sub(units).ok_or(TokenError::InsufficientBalance { have, want: units })?;
        self.balances.set(&from, &left);
        self.balances.set(&to, &(self.balance_of(to) + units));
        Transferred { from, to, units }.emit();
        Ok(())
    }
}
