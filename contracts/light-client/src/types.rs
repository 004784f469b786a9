//! What the light client answers, reports and refuses.

use counterpart_ledger::{LightError, ProvedError};
use counterpart_sdk::prelude::*;

/// Where and when a thing is proved to have been so.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The other chain's number.
    pub chain: u64,
    /// The block.
    pub height: u64,
    /// Its time, in ms since 1970.
    pub time_ms: u64,
}

/// An event that the other chain's contracts reported.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Reported {
    /// Where and when.
    pub at: Moment,
    /// Index of the transaction in its block.
    pub transaction: u32,
    /// Index of the event in its transaction.
    pub index: u32,
    /// Who reported.
    pub contract: Address,
    /// Topics; the first names the type.
    pub topics: Vec<Hash>,
    /// Encoded fields.
    pub data: Vec<u8>,
}

/// An entry of the other chain's state, or that there is none, after a block.
#[derive(Abi, Clone, PartialEq, Eq, Debug)]
pub struct Stood {
    /// After which block.
    pub at: Moment,
    /// The whole key.
    pub key: Vec<u8>,
    /// The value; none where nothing stands.
    pub value: Option<Vec<u8>>,
}

/// What stands out of a set of validators.
#[derive(Abi, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overview {
    /// The other chain's number.
    pub chain: u64,
    /// Number of the epoch that goes on.
    pub epoch: u64,
    /// Validators.
    pub members: u16,
    /// Finals that are asked for.
    pub need: u16,
    /// The highest block that was taken for final.
    pub newest: Moment,
    /// Whether two blocks of one height were shown with enough finals each: nothing is proved any more.
    pub is_frozen: bool,
}

/// Why something is refused.
#[derive(ContractError, Clone, PartialEq, Eq, Debug)]
pub enum ClientError {
    /// The bytes are not what was asked for.
    Malformed,
    /// More finals are asked for than there are validators.
    Need {
        /// Asked for.
        need: u16,
        /// Validators.
        members: u16,
    },
    /// The chain spoke with two tongues.
    Frozen,
    /// No known validators sign such headers, or too long ago.
    UnknownValidators {
        /// Hash of the set in the header.
        set: Hash,
    },
    /// It is of another chain, epoch or height than it has to be.
    Elsewhere,
    /// Too few of those who have to signed, or not this.
    Finals,
    /// What is claimed does not follow from the header.
    NotProved,
    /// The two headers do not contradict each other.
    NoFork,
}

impl From<LightError> for ClientError {
    fn from(error: LightError) -> Self {
        match error {
            LightError::Finals(_) | LightError::Block(_) => Self::Finals,
            LightError::State(_) => Self::NotProved,
            LightError::Elsewhere { .. } | LightError::Epoch { .. } | LightError::Height(_) => Self::Elsewhere,
        }
    }
}

impl From<ProvedError> for ClientError {
    fn from(error: ProvedError) -> Self {
        match error {
            ProvedError::Block | ProvedError::Event | ProvedError::Entry(_) => Self::NotProved,
        }
    }
}

/// The other chain has other validators.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Followed {
    /// Number of their epoch.
    pub epoch: u64,
    /// Hash of their set.
    pub set: Hash,
}

/// A higher block was taken for final.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// Which.
    pub at: Moment,
    /// Its hash.
    pub block: Hash,
}

/// Two blocks of one height have enough finals each.
#[derive(Event, Clone, PartialEq, Eq, Debug)]
pub struct Frozen {
    /// The height.
    pub height: u64,
    /// One.
    pub one: Hash,
    /// The other.
    pub other: Hash,
}
