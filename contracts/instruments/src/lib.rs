//! What payment instruments are to whoever charges them: holds, failures with a class, and the metadata of another app.
#![cfg_attr(target_arch = "wasm32", no_std)]

mod holds;

use counterpart_sdk::prelude::*;
pub use holds::{HoldChanged, Holds, Kept};
use trading::{Asset, AssetError};

/// What an instrument is, for rules about which go together.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum InstrumentKind {
    /// Units of a wallet on the chain.
    Wallet,
    /// A card or voucher that was paid before.
    Prepaid,
    /// A card of a provider outside of the chain.
    Card,
    /// Shares whose worth is stable.
    Share,
}

impl InstrumentKind {
    /// The kind's bit in a set of kinds.
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Units that a provider shall keep for a payment.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hold {
    /// Its id: whoever charges has its own for each.
    pub id: Hash,
    /// Whose instrument it is.
    pub payer: Address,
    /// Which: a token's identifier, which says nothing about the instrument behind it.
    pub token: Hash,
    /// Units of the provider's asset.
    pub units: u128,
    /// After when the provider may let go of them, in ms since 1970.
    pub expires_ms: u64,
}

/// Why a provider does not hold.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// There is too little.
    Insufficient,
    /// Beyond what the instrument gives at a time.
    Limit,
    /// The provider does not work now.
    Unavailable,
    /// It did not answer in time.
    TimedOut,
    /// The instrument is over or was blocked.
    Closed,
    /// The instrument is somebody else's, or does not exist.
    Unknown,
    /// The provider thinks that somebody cheats.
    Fraud,
}

/// What follows from a failure.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Another instrument may be tried.
    Soft,
    /// Nothing may be tried: whoever asks again with another instrument gets round a refusal.
    Hard,
    /// It is not known whether anything is held: another instrument may be tried once the hold is taken back.
    Timeout,
}

impl Failure {
    /// What follows from it.
    pub const fn class(self) -> Class {
        match self {
            Self::Insufficient | Self::Limit | Self::Unavailable => Class::Soft,
            Self::TimedOut => Class::Timeout,
            Self::Closed | Self::Unknown | Self::Fraud => Class::Hard,
        }
    }
}

/// Where a hold stands.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub enum HoldStatus {
    /// The provider knows none of this id.
    None,
    /// The provider will say later.
    Pending,
    /// The units are kept.
    Held,
    /// They are not, and will not be.
    Failed(Failure),
    /// They were paid out.
    Captured,
    /// They were let go, or will be as soon as the provider says that it has them.
    Voided,
}

/// Why a provider refuses.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum ProviderError {
    /// Not for this caller.
    Stranger,
    /// There is a hold with this id, or none, or it stands elsewhere.
    WrongHold {
        /// Where it stands.
        status: HoldStatus,
    },
    /// More than was captured, or than the provider's float holds.
    TooMuch {
        /// Units that are left.
        left: u128,
    },
    /// Nothing, or what cannot be.
    BadRequest,
    /// Units do not move.
    Asset {
        /// Why.
        error: AssetError,
    },
}

impl From<AssetError> for ProviderError {
    fn from(error: AssetError) -> Self {
        Self::Asset { error }
    }
}

/// What whoever charges asks of a provider. Only the contract that the provider was made for may change anything.
#[interface]
pub trait Provider {
    /// In what it holds and pays.
    fn asset(&self) -> Asset;

    /// Units of an instrument of a payer that could be held now; as far as is known.
    fn available(&self, payer: Address, token: Hash) -> u128;

    /// Where a hold stands.
    fn status(&self, id: Hash) -> HoldStatus;

    /// Holds units. Answers `Held`, `Pending` or `Failed`.
    fn authorize(&mut self, hold: Hold) -> Result<HoldStatus, ProviderError>;

    /// Pays all units of a hold to the caller.
    fn capture(&mut self, id: Hash) -> Result<(), ProviderError>;

    /// Lets go of a hold; one that is not yet answered is let go as soon as it is. Again and again without harm.
    fn void(&mut self, id: Hash) -> Result<(), ProviderError>;

    /// Takes units of the caller, which consents, back to the instrument that they came from.
    fn refund(&mut self, id: Hash, units: u128) -> Result<(), ProviderError>;
}

/// An instrument, as the metadata of an app tells it.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenRecord {
    /// The provider's contract.
    pub provider: Address,
    /// The token's identifier there.
    pub token: Hash,
    /// What it is.
    pub kind: InstrumentKind,
    /// Smaller numbers are charged first.
    pub priority: u32,
    /// After when it is not charged, in ms since 1970.
    pub expires_ms: u64,
}

/// What an app tells about instruments that it keeps for a payer, to contracts to which the payer has consented.
#[interface]
pub trait TokenApp {
    /// The payer's instruments, at most eight.
    fn retrieve(&self, payer: Address, for_contract: Address) -> Vec<TokenRecord>;
}
