//! Units of any kind of contract, and moving them without believing anybody.

use counterpart_sdk::prelude::*;
use security_token::Reason;

/// What is traded: the contract and how it is spoken to.
#[derive(Abi, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Asset {
    /// A token: `transfer(from, to, units)`.
    Token(Address),
    /// A security: its rules are asked before units are promised to anybody.
    Security(Address),
    /// A currency whose units may decay: accounts are settled before balances are compared.
    Currency(Address),
}

/// Why units do not move.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub enum AssetError {
    /// The contract does not answer as one of its kind.
    NotAnAsset {
        /// Its address.
        contract: Address,
    },
    /// The contract refuses, with this code of its own.
    Refused {
        /// Its address.
        contract: Address,
        /// Its code.
        code: u32,
    },
    /// The rules of a security forbid it.
    Forbidden {
        /// Why: all reasons.
        reasons: Vec<Reason>,
    },
    /// The contract says that the units moved, and others arrived.
    WrongDelivery {
        /// Units that should have arrived.
        want: u128,
        /// Units that did.
        have: u128,
    },
}

/// What a token and a security share.
#[interface]
trait Units {
    /// Units of a holder.
    fn balance_of(&self, holder: Address) -> u128;

    /// Moves units; the holder has to authorise it.
    fn transfer(&mut self, from: Address, to: Address, units: u128);

    /// Moves units that somebody else may spend; who spends has to authorise it.
    fn transfer_from(&mut self, spender: Address, from: Address, to: Address, units: u128);
}

/// What a security adds.
#[interface]
trait Ruled {
    /// Why a transfer would be refused.
    fn can_transfer(&self, from: Address, to: Address, units: u128) -> Vec<Reason>;
}

/// What a currency has in the place of that.
#[interface]
trait Money {
    /// Moves units; the holder has to authorise it.
    fn transfer(&mut self, from: Address, to: Address, units: u128, memo: Vec<u8>);

    /// Moves units that somebody else may spend; who spends has to authorise it.
    fn transfer_from(&mut self, spender: Address, from: Address, to: Address, units: u128, memo: Vec<u8>);

    /// Settles an account.
    fn settle(&mut self, account: Address) -> bool;
}

impl Asset {
    /// The contract's address.
    pub const fn contract(&self) -> Address {
        match self {
            Self::Token(contract) | Self::Security(contract) | Self::Currency(contract) => *contract,
        }
    }

    /// Units of a holder now.
    ///
    /// # Errors
    /// [`AssetError::NotAnAsset`].
    pub fn balance_of(&self, holder: Address) -> Result<u128, AssetError> {
        let contract = self.contract();
        let answer = UnitsRef::at(contract).balance_of(holder).try_call();
        answer.ok().and_then(Result::ok).ok_or(AssetError::NotAnAsset { contract })
    }

    /// Refuses what the rules of a security forbid; other assets have none. Whether `from` has the units is not asked: they may be on
    /// their way, and the transfer itself looks.
    ///
    /// # Errors
    /// [`AssetError::Forbidden`], [`AssetError::NotAnAsset`].
    pub fn require_permitted(&self, from: Address, to: Address, units: u128) -> Result<(), AssetError> {
        let Self::Security(contract) = *self else { return Ok(()) };
        let answer = RuledRef::at(contract).can_transfer(from, to, units).try_call();
        let mut reasons = answer.ok().and_then(Result::ok).ok_or(AssetError::NotAnAsset { contract })?;
        reasons.retain(|reason| !matches!(reason, Reason::InsufficientBalance { .. }));
        if reasons.is_empty() { Ok(()) } else { Err(AssetError::Forbidden { reasons }) }
    }

    /// Moves units of somebody who authorised it, or of this contract itself.
    ///
    /// # Errors
    /// [`AssetError`]; nothing has moved then.
    pub fn transfer(&self, from: Address, to: Address, units: u128) -> Result<(), AssetError> {
        self.watched(to, units, || match self {
            Self::Currency(contract) => {
                done(*contract, MoneyRef::at(*contract).transfer(from, to, units, Vec::new()).try_call())
            }
            _ => done(self.contract(), UnitsRef::at(self.contract()).transfer(from, to, units).try_call()),
        })
    }

    /// Moves units of somebody who lets this contract spend them.
    ///
    /// # Errors
    /// [`AssetError`]; nothing has moved then.
    pub fn spend(&self, from: Address, to: Address, units: u128) -> Result<(), AssetError> {
        let by = env::self_address();
        self.watched(to, units, || match self {
            Self::Currency(contract) => {
                done(*contract, MoneyRef::at(*contract).transfer_from(by, from, to, units, Vec::new()).try_call())
            }
            _ => done(self.contract(), UnitsRef::at(self.contract()).transfer_from(by, from, to, units).try_call()),
        })
    }

    /// Consents, for this contract, to one transfer of its units below the next call.
    pub fn authorize_transfer(&self, to: Address, units: u128) {
        let from = env::self_address();
        let input = match self {
            Self::Currency(contract) => MoneyRef::at(*contract).transfer(from, to, units, Vec::new()).input,
            _ => UnitsRef::at(self.contract()).transfer(from, to, units).input,
        };
        env::authorize_call(&self.contract(), &input);
    }

    /// Brings what an account holds up to date: a currency that decays does so only when it is looked at.
    pub fn settle(&self, account: Address) {
        if let Self::Currency(contract) = self {
            // Whoever has no account there has no units: nothing is to be settled.
            let _ = MoneyRef::at(*contract).settle(account).try_call();
        }
    }

    fn watched(
        &self,
        to: Address,
        units: u128,
        transfer: impl FnOnce() -> Result<(), AssetError>,
    ) -> Result<(), AssetError> {
        if units == 0 {
            return Ok(());
        }
        self.settle(to);
        let before = self.balance_of(to)?;
        transfer()?;
        let have = self.balance_of(to)?.saturating_sub(before);
        if have == units { Ok(()) } else { Err(AssetError::WrongDelivery { want: units, have }) }
    }
}

fn done<E>(contract: Address, answer: Result<Result<(), E>, CallFailure>) -> Result<(), AssetError> {
    match answer {
        Ok(Ok(())) => Ok(()),
        Err(CallFailure::Reverted(code)) => Err(AssetError::Refused { contract, code }),
        _ => Err(AssetError::NotAnAsset { contract }),
    }
}
