//! Units for whoever knows a secret in time, else back: the same on two chains is an exchange without anybody between.
#![cfg_attr(target_arch = "wasm32", no_std)]

use counterpart_sdk::prelude::*;
use trading::{Asset, AssetError};

/// What is locked, for whom, and until when.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Who gets it back.
    pub depositor: Address,
    /// Who gets it for the secret.
    pub receiver: Address,
    /// What.
    pub asset: Asset,
    /// Units of it.
    pub units: u128,
    /// Native currency for whoever ends the escrow in another's place; sent with the call.
    pub reward: u128,
    /// SHA-256 of the secret's 32 bytes.
    pub hash: Hash,
    /// From when anybody may bring the secret, in ms since 1970; the receiver alone before.
    pub public_ms: u64,
    /// From when nobody may, and the depositor may take it back, in ms since 1970.
    pub cancel_ms: u64,
    /// From when anybody may send it back, in ms since 1970.
    pub public_cancel_ms: u64,
}

/// Why an escrow is refused, or does not end.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum EscrowError {
    /// Nothing is locked, or times are out of order, or the reward is not what was sent.
    BadTerms,
    /// There is no such escrow any more.
    NoEscrow {
        /// Its number.
        escrow: u64,
    },
    /// This is not the secret.
    WrongSecret,
    /// Not by this caller yet, or not any more.
    WrongTime {
        /// When the next part begins, in ms since 1970.
        next_ms: u64,
    },
    /// The reward cannot be paid.
    NotPaid,
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

impl From<AssetError> for EscrowError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

/// Units were locked.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Locked {
    /// The escrow's number.
    #[topic]
    pub escrow: u64,
    /// The hash, by which both chains' escrows are found.
    #[topic]
    pub hash: Hash,
}

/// The secret came, for all to see.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Withdrawn {
    /// The escrow's number.
    #[topic]
    pub escrow: u64,
    /// The secret.
    pub secret: [u8; 32],
    /// Who brought it.
    pub by: Address,
}

/// The units went back.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Cancelled {
    /// The escrow's number.
    #[topic]
    pub escrow: u64,
    /// Who sent them.
    pub by: Address,
}

/// What the contract keeps: an escrow until it ends.
#[storage]
pub struct HashEscrow {
    escrows: Map<u64, Terms>,
    next: Item<u64>,
}

#[contract(events(Locked, Withdrawn, Cancelled))]
impl HashEscrow {
    /// Makes a contract without escrows.
    pub fn new() -> Self {
        Self::default()
    }

    /// An escrow that has not ended.
    pub fn escrow(&self, escrow: u64) -> Option<Terms> {
        self.escrows.get(&escrow)
    }

    /// Locks units; the depositor authorises their transfer, and sends the reward. Answers the escrow's number.
    #[payable]
    pub fn lock(&mut self, terms: Terms) -> Result<u64, EscrowError> {
        env::require_auth(&terms.depositor);
        let ordered = env::block_time_ms() < terms.public_ms
            && terms.public_ms < terms.cancel_ms
            && terms.cancel_ms < terms.public_cancel_ms;
        if terms.units == 0 || !ordered || env::value() != terms.reward {
            return Err(EscrowError::BadTerms);
        }
        terms.asset.transfer(terms.depositor, env::self_address(), terms.units)?;
        let escrow = self.next.get_or_default();
        self.next.set(&(escrow + 1));
        self.escrows.set(&escrow, &terms);
        Locked { escrow, hash: terms.hash }.emit();
        Ok(escrow)
    }

    /// Gives the units to the receiver for the secret, before `cancel_ms`; the receiver, and from `public_ms` on anybody. Who
    /// brings it gets the reward.
    pub fn withdraw(&mut self, escrow: u64, secret: [u8; 32]) -> Result<(), EscrowError> {
        let terms = self.found(escrow)?;
        if env::sha2_256(&secret) != terms.hash {
            return Err(EscrowError::WrongSecret);
        }
        let (now, by) = (env::block_time_ms(), env::caller());
        if now >= terms.cancel_ms {
            return Err(EscrowError::WrongTime { next_ms: terms.public_cancel_ms });
        }
        if now < terms.public_ms && by != terms.receiver {
            return Err(EscrowError::WrongTime { next_ms: terms.public_ms });
        }
        Withdrawn { escrow, secret, by }.emit();
        self.end(escrow, &terms, terms.receiver, by)
    }

    /// Gives the units back, from `cancel_ms` on; the depositor, and from `public_cancel_ms` on anybody. Who does it gets the reward.
    pub fn cancel(&mut self, escrow: u64) -> Result<(), EscrowError> {
        let terms = self.found(escrow)?;
        let (now, by) = (env::block_time_ms(), env::caller());
        if now < terms.cancel_ms {
            return Err(EscrowError::WrongTime { next_ms: terms.cancel_ms });
        }
        if now < terms.public_cancel_ms && by != terms.depositor {
            return Err(EscrowError::WrongTime { next_ms: terms.public_cancel_ms });
        }
        Cancelled { escrow, by }.emit();
        self.end(escrow, &terms, terms.depositor, by)
    }

    fn found(&self, escrow: u64) -> Result<Terms, EscrowError> {
        self.escrows.get(&escrow).ok_or(EscrowError::NoEscrow { escrow })
    }

    fn end(&mut self, escrow: u64, terms: &Terms, to: Address, by: Address) -> Result<(), EscrowError> {
        self.escrows.remove(&escrow);
        if terms.reward > 0 {
            env::transfer(&by, terms.reward).map_err(|_| EscrowError::NotPaid)?;
        }
        Ok(terms.asset.transfer(env::self_address(), to, terms.units)?)
    }
}
